"""How answers of Argo CD are shown: states and names, no values of charts, no kinds of secrets.

In: parts of the JSON that Argo CD answers with.
Out: dictionaries and lists of a tool's answer.
Must not know: HTTP, MCP, or which tool shows what.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, cast

MAX_HISTORY = 10
MAX_PATHS = 40
_USERINFO = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*://)[^/?#\s\"'<>]*@")
# Keys at the left margin of a YAML text: no parser is needed to name them.
_TOP_KEY = re.compile(
    r"""^(?:"([^"\n]+)"|'([^'\n]+)'|([^\s#:'"\[\]{}-][^:\n]*?))\s*:(?:\s|$)""", re.MULTILINE
)
# Differences that may be shown with their values; everything else is named by its path alone.
_OPEN_PATHS = re.compile(r"(?:^|\.)(?:image|replicas|minReplicas|maxReplicas|paused|suspend)$")

Facts = Mapping[str, Any]


def plain(text: str) -> str:
    """Return a message without user and password in its addresses."""
    return _USERINFO.sub(r"\1", text)


def is_secret(kind: str) -> bool:
    """Tell kinds that hold or make secrets, those of operators included."""
    return "secret" in kind.lower()


def _at(facts: Any, *path: str) -> Any:
    """Return what stands at a path, nothing when a part of it is absent."""
    found: Any = facts
    for name in path:
        found = found.get(name) if found else None
    return found


def row_view(app: str, facts: Facts) -> dict[str, Any]:
    """Return one line of the list."""
    return {
        "app": app,
        "application": facts["metadata"]["name"],
        "namespace": _at(facts, "spec", "destination", "namespace") or "",
        "sync": _at(facts, "status", "sync", "status") or "Unknown",
        "health": _at(facts, "status", "health", "status") or "Unknown",
        "operation": _at(facts, "status", "operationState", "phase") or "",
    }


def summary_view(app: str, facts: Facts) -> dict[str, Any]:
    """Return the state of an Application."""
    return {
        **row_view(app, facts),
        "project": _at(facts, "spec", "project"),
        "revisions": _revisions(_at(facts, "status", "sync") or {}),
        "health_message": plain(_at(facts, "status", "health", "message") or ""),
        "automated": _at(facts, "spec", "syncPolicy", "automated") is not None,
        "sync_options": _at(facts, "spec", "syncPolicy", "syncOptions") or [],
        "images": _at(facts, "status", "summary", "images") or [],
        "reconciled_at": _at(facts, "status", "reconciledAt") or "",
        "operation": operation_view(_at(facts, "status", "operationState") or {}),
        "conditions": [
            {"type": one.get("type", ""), "message": plain(one.get("message", ""))}
            for one in _at(facts, "status", "conditions") or ()
        ],
    }


def _revisions(facts: Facts) -> list[str]:
    return facts.get("revisions") or ([facts["revision"]] if facts.get("revision") else [])


def operation_view(state: Facts) -> dict[str, Any]:
    """Return how the last operation went."""
    return {
        "phase": state.get("phase", ""),
        "message": plain(state.get("message", "")),
        "started_at": state.get("startedAt", ""),
        "finished_at": state.get("finishedAt", ""),
    }


def history_view(facts: Facts) -> list[dict[str, Any]]:
    """Return the last deployments, newest first."""
    history: list[Facts] = _at(facts, "status", "history") or []
    return [
        {
            "id": one.get("id"),
            "deployed_at": one.get("deployedAt", ""),
            "revisions": _revisions(one),
        }
        for one in reversed(history[-MAX_HISTORY:])
    ]


def source_views(facts: Facts) -> list[dict[str, Any]]:
    """Return where an Application comes from."""
    spec = facts["spec"]
    sources = spec.get("sources") or [spec["source"]]
    return [_source(source) for source in sources]


def _source(source: Facts) -> dict[str, Any]:
    view: dict[str, Any] = {"repository": plain(source.get("repoURL", ""))}
    for name in ("chart", "path", "targetRevision", "ref"):
        if source.get(name):
            view[name] = source[name]
    if source.get("helm"):
        view["helm"] = _helm(source["helm"])
    if source.get("kustomize"):
        view["kustomize"] = {"images": source["kustomize"].get("images", [])}
    if source.get("plugin"):
        view["plugin"] = {"name": source["plugin"].get("name", "")}
    return view


def _helm(helm: Facts) -> dict[str, Any]:
    """Return names and a hash: values may hold passwords."""
    view: dict[str, Any] = {
        "release": helm.get("releaseName", ""),
        "value_files": [plain(name) for name in helm.get("valueFiles") or ()],
        "parameters": sorted(one.get("name", "") for one in helm.get("parameters") or ()),
    }
    if helm.get("values"):
        text = cast("str", helm["values"])
        keys = {"".join(match.groups("")).strip() for match in _TOP_KEY.finditer(text)}
        view["values"] = _hashed(sorted(keys), text)
    if helm.get("valuesObject"):
        values = cast("dict[str, Any]", helm["valuesObject"])
        view["values_object"] = _hashed(sorted(values), json.dumps(values, sort_keys=True))
    return view


def _hashed(keys: list[str], text: str) -> dict[str, Any]:
    return {"keys": keys, "sha256": hashlib.sha256(text.encode()).hexdigest()}


def resource_views(tree: Facts, facts: Facts) -> tuple[list[dict[str, Any]], int]:
    """Return the live resources with their sync state, and how many secret ones are left out."""
    states = {_identity(one): one for one in _at(facts, "status", "resources") or ()}
    nodes = {_identity(one): one for one in tree.get("nodes") or ()}
    rows = [
        _resource(key, nodes.get(key, {}), states.get(key, {})) for key in sorted({*nodes, *states})
    ]
    shown = [row for row in rows if not is_secret(row["kind"])]
    return shown, len(rows) - len(shown)


def _identity(resource: Facts) -> tuple[str, str, str, str]:
    names = ("group", "kind", "namespace", "name")
    return cast("tuple[str, str, str, str]", tuple(resource.get(name) or "" for name in names))


def _resource(key: tuple[str, str, str, str], node: Facts, state: Facts) -> dict[str, Any]:
    group, kind, namespace, name = key
    health: Facts = node.get("health") or state.get("health") or {}
    row: dict[str, Any] = {"kind": kind, "group": group, "namespace": namespace, "name": name}
    row["sync"] = state.get("status", "")
    row["health"] = health.get("status", "")
    if health.get("message"):
        row["message"] = plain(health["message"])
    if node.get("images"):
        row["images"] = node["images"]
    return row


def out_of_sync(facts: Facts) -> list[dict[str, Any]]:
    """Return what a sync would apply; without prune, what is no longer in Git stays."""
    return [
        {
            "kind": one.get("kind", ""),
            "namespace": one.get("namespace", ""),
            "name": one.get("name", ""),
            "effect": "stays, since a sync here never prunes"
            if one.get("requiresPruning")
            else "applied",
        }
        for one in _at(facts, "status", "resources") or ()
        if one.get("status") == "OutOfSync"
        and not one.get("hook")
        and not is_secret(one.get("kind", ""))
    ]


def event_view(event: Facts) -> dict[str, Any]:
    """Return an event of the Application itself."""
    return {
        "time": event.get("lastTimestamp") or event.get("eventTime") or "",
        "type": event.get("type", ""),
        "reason": event.get("reason", ""),
        "message": plain(event.get("message", "")),
        "count": event.get("count", 1),
    }


def diff_views(items: Iterable[Facts]) -> list[dict[str, Any]]:
    """Return which resources differ between Git and the cluster, and at which paths."""
    views: list[dict[str, Any]] = []
    for item in items:
        live, target = (
            _state(item.get("normalizedLiveState")),
            _state(item.get("predictedLiveState")),
        )
        paths = _differences(live, target)
        if paths and not item.get("hook") and not is_secret(item.get("kind", "")):
            change = "missing" if live is None else "not in Git" if target is None else "changed"
            view = {name: item.get(name, "") for name in ("kind", "namespace", "name")}
            views.append({**view, "change": change, "paths": paths if change == "changed" else []})
    return views


def _state(text: str | None) -> Any:
    return json.loads(text) if text else None


def _differences(live: Any, target: Any, path: str = "") -> list[dict[str, Any]]:
    """Return the paths at which two states differ, values only where they cannot be secret."""
    if live == target:
        return []
    parts = _parts(live, target)
    if parts is None:
        return [_difference(path, live, target)]
    found = [
        one
        for name, old, new in parts
        for one in _differences(old, new, f"{path}{name}" if path else name.removeprefix("."))
    ]
    return found[:MAX_PATHS]


def _parts(live: Any, target: Any) -> list[tuple[str, Any, Any]] | None:
    """Return the parts of two states by name, nothing when they have no parts in common."""
    if isinstance(live, dict) and isinstance(target, dict):
        old, new = cast("dict[str, Any]", live), cast("dict[str, Any]", target)
        return [(f".{name}", old.get(name), new.get(name)) for name in sorted({*old, *new})]
    if isinstance(live, list) and isinstance(target, list):
        pairs = list(zip(cast("list[Any]", live), cast("list[Any]", target), strict=False))
        same_length = len(pairs) == len(cast("list[Any]", live)) == len(cast("list[Any]", target))
        return [(f"[{place}]", *pair) for place, pair in enumerate(pairs)] if same_length else None
    return None


def _difference(path: str, live: Any, target: Any) -> dict[str, Any]:
    shown = all(value is None or isinstance(value, (str, int)) for value in (live, target))
    if shown and _OPEN_PATHS.search(path):
        return {"path": path, "live": live, "target": target}
    return {"path": path}
