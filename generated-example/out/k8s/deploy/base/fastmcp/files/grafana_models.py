"""The panels and variables of a dashboard, whichever schema it was saved in.

In: a dashboard's JSON: rows of panels (up to schema 15), panels in one list with rows among them
(16 and later), or elements beside a layout (schema v2 of Grafana 12).
Out: panels and variables in the words of the schema in the middle.
Must not know: HTTP, MCP, or how a panel is shown.
"""

from __future__ import annotations

from typing import Any

from stacktic_mcp.lib.documents import MAX_NESTING, Facts, at, facts_of, objects, text


def panels_of(dashboard: Facts) -> list[Facts]:
    """Return the panels of a dashboard, those inside rows included, rows not."""
    listed = _panels(dashboard.get("panels"), 0)
    in_rows = [
        panel for row in objects(dashboard.get("rows")) for panel in _panels(row.get("panels"), 0)
    ]
    elements = facts_of(dashboard.get("elements"))
    return listed + in_rows + [_panel_of_element(facts_of(item)) for item in elements.values()]


def _panels(value: Any, depth: int) -> list[Facts]:
    found: list[Facts] = []
    for panel in objects(value):
        if panel.get("type") != "row":
            found.append(panel)
        elif depth < MAX_NESTING:
            found += _panels(panel.get("panels"), depth + 1)
    return found


def _panel_of_element(element: Facts) -> Facts:
    spec = facts_of(element.get("spec"))
    queries = objects(at(spec, "data", "spec", "queries"))
    return {
        "id": spec.get("id"),
        "title": spec.get("title"),
        "type": at(spec, "vizConfig", "group") or at(spec, "vizConfig", "kind"),
        "libraryPanel": spec.get("libraryPanel"),
        "targets": [_target(facts_of(query.get("spec"))) for query in queries],
    }


def _target(spec: Facts) -> Facts:
    """Return a query: its own fields lie one level deeper, below the kind of its data source."""
    query = facts_of(spec.get("query"))
    source = spec.get("datasource") or {
        "type": query.get("group") or query.get("kind"),
        "uid": at(query, "datasource", "name"),
    }
    about = {"refId": spec.get("refId"), "hide": spec.get("hidden"), "datasource": source}
    return {**facts_of(query.get("spec")), **about}


def variables_of(dashboard: Facts) -> list[Facts]:
    """Return the variables of a dashboard."""
    newer = [
        {"type": _variable_type(text(item.get("kind"))), **facts_of(item.get("spec"))}
        for item in objects(dashboard.get("variables"))
    ]
    return [*objects(at(dashboard, "templating", "list")), *newer]


def _variable_type(kind: str) -> str:
    """Return `query` for `QueryVariable`, as the older schema has it."""
    return kind.removesuffix("Variable").lower()
