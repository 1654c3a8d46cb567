"""How answers of Grafana are shown: names and queries, never addresses or data source settings.

In: parts of the JSON that Grafana answers with.
Out: dictionaries and lists of a tool's answer.
Must not know: HTTP, MCP, or which tool shows what.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, cast

from stacktic_mcp.lib.documents import (
    MAX_NESTING,
    Facts,
    at,
    count,
    facts_of,
    objects,
    text,
    texts,
    word,
)
from stacktic_mcp.tools.grafana.grafana_models import panels_of, variables_of

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
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,30}://[^\s\"'<>)\]]+")
# The names under which data source plugins keep the text of a query.
_QUERY_KEYS = ("expr", "query", "rawSql", "rawQuery", "queryText", "target", "expression")


def plain(value: Any, depth: int = 0) -> Any:
    """Return a copy without hidden keys and without addresses in texts."""
    if isinstance(value, str):
        return _ADDRESS.sub("[address]", value) if "://" in value else value
    if depth > MAX_NESTING:
        return "[nested too deep]"
    if isinstance(value, list):
        return [plain(item, depth + 1) for item in cast("list[Any]", value)]
    if isinstance(value, Mapping):
        items = cast("Mapping[str, Any]", value).items()
        return {key: plain(item, depth + 1) for key, item in items if not _is_hidden(key)}
    return value


def _is_hidden(key: str) -> bool:
    name = key.lower()
    return name in _HIDDEN_KEYS or name.endswith("url")


def hit_view(hit: Facts, kind: str) -> dict[str, Any]:
    """Return what was found: a dashboard, or a folder of the kind `dash-folder`."""
    view = {
        "uid": text(hit.get("uid")),
        "title": text(hit.get("title")),
        "folder": text(hit.get("folderTitle")),
    }
    if kind == "dash-folder":
        return view | {"parent_uid": text(hit.get("folderUid"))}
    return view | {"tags": texts(hit.get("tags"))}


def datasource_view(source: Facts) -> dict[str, Any]:
    """Return name, type and uid: a closed choice, so that a new field of Grafana cannot slip in."""
    names = {name: text(source.get(name)) for name in ("name", "type", "uid")}
    return names | {"default": source.get("isDefault") is True}


def alert_view(alert: Facts) -> dict[str, Any]:
    """Return an alert instance."""
    return {
        "name": text(at(alert, "labels", "alertname")),
        "state": text(alert.get("state")),
        "since": word(alert.get("activeAt")),
        "labels": _texts_of(alert.get("labels")),
        "annotations": _texts_of(alert.get("annotations")),
    }


def _texts_of(value: Any) -> dict[str, str]:
    return {name: text(item) for name, item in plain(facts_of(value)).items()}


def summary_view(found: Facts, dashboard: Facts) -> dict[str, Any]:
    """Return what a dashboard is about."""
    panels = map(panel_view, panels_of(dashboard))
    return {
        "uid": text(dashboard.get("uid")),
        "title": text(dashboard.get("title")),
        "description": plain(text(dashboard.get("description"))),
        "folder": text(at(found, "meta", "folderTitle")),
        "tags": texts(dashboard.get("tags")),
        "version": count(dashboard.get("version")),
        "updated": text(at(found, "meta", "updated")),
        "time": _texts_of(dashboard.get("time")),
        "refresh": text(plain(dashboard.get("refresh") or "")),
        "variables": [text(variable.get("name")) for variable in variables_of(dashboard)],
        "panels": [{"id": panel["id"], "title": panel["title"]} for panel in panels],
    }


def panel_view(panel: Facts) -> dict[str, Any]:
    """Return what a panel shows, without its options."""
    view = {
        "id": count(panel.get("id")),
        "title": text(panel.get("title")) or text(at(panel, "libraryPanel", "name")),
        "type": text(panel.get("type")),
        "datasource": _datasource(panel.get("datasource")),
        "queries": len(objects(panel.get("targets"))),
    }
    library = text(at(panel, "libraryPanel", "name"))
    return view | ({"library_panel": library} if library else {})


def _datasource(reference: Any) -> dict[str, str]:
    """Return a reference; dashboards of old name the data source by a text alone."""
    if isinstance(reference, Mapping):
        found = cast("Facts", reference)
        return {"type": text(found.get("type")), "uid": text(found.get("uid"))}
    return {"type": "", "uid": text(reference)}


def variable_views(dashboard: Facts) -> list[dict[str, Any]]:
    """Return the variables of a dashboard with their current value."""
    return [
        {
            "name": text(variable.get("name")),
            "type": text(variable.get("type")),
            "label": text(variable.get("label")),
            "query": plain(variable.get("query", "")),
            "current": plain(at(variable.get("current"), "value")),
            "options": [
                plain(option.get("value"))
                for option in objects(variable.get("options"))[:MAX_OPTIONS]
            ],
        }
        for variable in variables_of(dashboard)
    ]


def query_views(panel: Facts) -> list[dict[str, Any]]:
    """Return the queries of a panel as text, with the data source they go to."""
    return [
        {
            "ref": text(target.get("refId")),
            "datasource": _datasource(target.get("datasource") or panel.get("datasource")),
            "hidden": target.get("hide") is True,
            "legend": plain(text(target.get("legendFormat"))),
            "query": text(plain(_query_text(target))),
        }
        for target in objects(panel.get("targets"))
    ]


def _query_text(target: Facts) -> Any:
    return next((target[key] for key in _QUERY_KEYS if target.get(key)), "")
