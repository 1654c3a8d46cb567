"""How answers of Grafana are shown: names and queries, never addresses or data source settings.

In: parts of the JSON that Grafana answers with.
Out: dictionaries and lists of a tool's answer.
Must not know: HTTP, MCP, or which tool shows what.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, cast

MAX_OPTIONS = 20
# Settings of data sources, and everything that leads out of a dashboard.
_HIDDEN_KEYS = frozenset(
    {
        "jsondata",
        "securejsondata",
        "securejsonfields",
        "links",
        "snapshot",
        "snapshotdata",
        "password",
        "basicauthpassword",
        "authorization",
        "headers",
    }
)
_ADDRESS = re.compile(r"\b[A-Za-z][A-Za-z0-9+.-]*://[^\s\"'<>)\]]+")
# The names under which data source plugins keep the text of a query.
_QUERY_KEYS = ("expr", "query", "rawSql", "rawQuery", "queryText", "target", "expression")


def plain(value: Any) -> Any:
    """Return a copy without hidden keys and without addresses in texts."""
    if isinstance(value, str):
        return _ADDRESS.sub("[address]", value)
    if isinstance(value, list):
        return [plain(item) for item in cast("list[Any]", value)]
    if isinstance(value, Mapping):
        items = cast("Mapping[str, Any]", value).items()
        return {key: plain(item) for key, item in items if not _is_hidden(key)}
    return value


def _is_hidden(key: str) -> bool:
    name = key.lower()
    return name in _HIDDEN_KEYS or name.endswith("url")


def hit_view(hit: Mapping[str, Any]) -> dict[str, Any]:
    """Return a dashboard or folder of a search."""
    view = {"uid": hit["uid"], "title": hit["title"], "folder": hit.get("folderTitle", "")}
    if hit["type"] == "dash-db":
        return view | {"tags": hit.get("tags", [])}
    return view | {"parent_uid": hit.get("folderUid", "")}


def datasource_view(source: Mapping[str, Any]) -> dict[str, Any]:
    """Return name, type and uid: a closed choice, so that a new field of Grafana cannot slip in."""
    return {
        "name": source["name"],
        "type": source["type"],
        "uid": source["uid"],
        "default": source.get("isDefault", False),
    }


def alert_view(alert: Mapping[str, Any]) -> dict[str, Any]:
    """Return an alert instance."""
    return {
        "name": alert["labels"].get("alertname", ""),
        "state": alert["state"],
        "since": alert.get("activeAt"),
        "labels": plain(alert["labels"]),
        "annotations": plain(alert.get("annotations") or {}),
    }


def summary_view(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a dashboard is about."""
    dashboard, meta = found["dashboard"], found.get("meta", {})
    panels = [panel_view(panel) for panel in panels_of(dashboard)]
    return {
        "uid": dashboard.get("uid", ""),
        "title": dashboard.get("title", ""),
        "description": plain(dashboard.get("description") or ""),
        "folder": meta.get("folderTitle", ""),
        "tags": dashboard.get("tags", []),
        "version": dashboard.get("version"),
        "updated": meta.get("updated", ""),
        "time": plain(dashboard.get("time", {})),
        "refresh": dashboard.get("refresh", ""),
        "variables": [variable.get("name", "") for variable in _variables(dashboard)],
        "panels": [{"id": panel["id"], "title": panel["title"]} for panel in panels],
    }


def panels_of(dashboard: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Return the panels of a dashboard, those inside collapsed rows included, rows not."""
    for panel in dashboard.get("panels") or ():
        if panel.get("type") == "row":
            yield from panel.get("panels") or ()
        else:
            yield panel


def panel_view(panel: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a panel shows, without its options."""
    return {
        "id": panel.get("id"),
        "title": panel.get("title", ""),
        "type": panel.get("type", ""),
        "datasource": _datasource(panel.get("datasource")),
        "queries": len(panel.get("targets") or ()),
    }


def _datasource(reference: Any) -> dict[str, str]:
    """Return a reference; dashboards of old name the data source by a text alone."""
    if isinstance(reference, Mapping):
        found = cast("Mapping[str, Any]", reference)
        return {"type": found.get("type") or "", "uid": found.get("uid") or ""}
    return {"type": "", "uid": str(reference or "")}


def _variables(dashboard: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    templating: Mapping[str, Any] = dashboard.get("templating") or {}
    return templating.get("list") or []


def variable_views(dashboard: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the variables of a dashboard with their current value."""
    return [
        {
            "name": variable.get("name", ""),
            "type": variable.get("type", ""),
            "label": variable.get("label") or "",
            "query": plain(variable.get("query", "")),
            "current": plain(variable.get("current") or {}).get("value"),
            "options": [
                plain(option.get("value"))
                for option in (variable.get("options") or ())[:MAX_OPTIONS]
            ],
        }
        for variable in _variables(dashboard)
    ]


def query_views(panel: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the queries of a panel as text, with the data source they go to."""
    return [
        {
            "ref": target.get("refId", ""),
            "datasource": _datasource(target.get("datasource") or panel.get("datasource")),
            "hidden": target.get("hide", False),
            "legend": plain(target.get("legendFormat", "")),
            "query": plain(_query_text(target)),
        }
        for target in panel.get("targets") or ()
    ]


def _query_text(target: Mapping[str, Any]) -> Any:
    return next((target[key] for key in _QUERY_KEYS if target.get(key)), "")
