"""How answers of Argo CD are shown: states and names, no values of charts, no kinds of secrets.

In: parts of the JSON that Argo CD 2 or 3 answers with.
Out: dictionaries and lists of a tool's answer.
Must not know: HTTP, MCP, or which tool shows what.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from typing import Any, cast

from stacktic_mcp.core.toolkit import Refusal
from stacktic_mcp.lib.decoding import decode_json
from stacktic_mcp.lib.documents import MAX_NESTING, Facts, at, count, facts_of, objects, text, texts

MAX_HISTORY = 10
MAX_PATHS = 40
_USERINFO = re.compile(r"([A-Za-z][A-Za-z0-9+.-]{0,30}://)[^/?#\s\"'<>]*@")
# Keys at the left margin of a YAML text: no parser is needed to name them.
_TOP_KEY = re.compile(
    r"""^(?:"([^"\n]+)"|'([^'\n]+)'|([^\s#:'"\[\]{}-][^:\n]*?))\s*:(?:\s|$)""", re.MULTILINE
)
# Differences that may be shown with their values; everything else is named by its path alone.
_OPEN_PATHS = re.compile(r"(?:^|\.)(?:image|replicas|minReplicas|maxReplicas|paused|suspend)$")


def plain(message: Any) -> str:
    """Return a message without user and password in its addresses."""
    told = text(message)
    return _USERINFO.sub(r"\1", told) if "://" in told else told


def is_secret(kind: str) -> bool:
    """Tell kinds that hold or make secrets, those of operators included."""
    return "secret" in kind.lower()


def name_of(facts: Facts) -> str:
    """Return the name of an Application."""
    return text(at(facts, "metadata", "name"))


def row_view(app: str, facts: Facts) -> dict[str, Any]:
    """Return one line of the list; `Unknown` is Argo CD's own word for what it has not seen."""
    return {
        "app": app,
        "application": name_of(facts),
        "namespace": text(at(facts, "spec", "destination", "namespace")),
        "sync": text(at(facts, "status", "sync", "status")) or "Unknown",
        "health": text(at(facts, "status", "health", "status")) or "Unknown",
        "operation": text(at(facts, "status", "operationState", "phase")),
    }


def summary_view(app: str, facts: Facts) -> dict[str, Any]:
    """Return the state of an Application."""
    status, policy = facts_of(facts.get("status")), facts_of(at(facts, "spec", "syncPolicy"))
    return {
        **row_view(app, facts),
        "project": text(at(facts, "spec", "project")),
        "revisions": _revisions(status.get("sync")),
        "health_message": plain(at(status, "health", "message")),
        "automated": _is_automated(policy.get("automated")),
        "sync_options": texts(policy.get("syncOptions")),
        "images": texts(at(status, "summary", "images")),
        "reconciled_at": text(status.get("reconciledAt")),
        "operation": operation_view(status.get("operationState")),
        "conditions": [
            {"type": text(one.get("type")), "message": plain(one.get("message"))}
            for one in objects(status.get("conditions"))
        ],
    }


def _is_automated(automated: Any) -> bool:
    """Its presence switched automation on, until version 3.1 gave it a switch of its own."""
    return automated is not None and at(automated, "enabled") is not False


def _revisions(facts: Any) -> list[str]:
    one = text(at(facts, "revision"))
    return texts(at(facts, "revisions")) or ([one] if one else [])


def operation_view(state: Any) -> dict[str, Any]:
    """Return how the last operation went."""
    return {
        "phase": text(at(state, "phase")),
        "message": plain(at(state, "message")),
        "started_at": text(at(state, "startedAt")),
        "finished_at": text(at(state, "finishedAt")),
    }


def history_view(facts: Facts) -> list[dict[str, Any]]:
    """Return the last deployments, newest first."""
    history = objects(at(facts, "status", "history"))
    return [
        {
            "id": count(one.get("id")),
            "deployed_at": text(one.get("deployedAt")),
            "revisions": _revisions(one),
        }
        for one in reversed(history[-MAX_HISTORY:])
    ]


def source_views(facts: Facts) -> list[dict[str, Any]]:
    """Return where an Application comes from: one source, several, or one that is hydrated."""
    spec = facts_of(facts.get("spec"))
    hydrator = facts_of(spec.get("sourceHydrator"))
    sources = objects(spec.get("sources"))
    if not sources:
        sources = [facts_of(found) for found in (spec.get("source"), hydrator.get("drySource"))]
    views = [_source(source) for source in sources if source]
    if hydrator.get("syncSource"):
        branch = text(at(hydrator, "syncSource", "targetBranch"))
        path = text(at(hydrator, "syncSource", "path"))
        views.append({"hydrated_to": {"branch": branch, "path": path}})
    return views


def _source(source: Facts) -> dict[str, Any]:
    view: dict[str, Any] = {"repository": plain(source.get("repoURL"))}
    for name in ("chart", "path", "targetRevision", "ref"):
        if source.get(name):
            view[name] = text(source[name])
    if source.get("helm"):
        view["helm"] = _helm(facts_of(source["helm"]))
    if source.get("kustomize"):
        view["kustomize"] = {"images": texts(at(source, "kustomize", "images"))}
    if source.get("plugin"):
        view["plugin"] = {"name": text(at(source, "plugin", "name"))}
    return view


def _helm(helm: Facts) -> dict[str, Any]:
    """Return names and a hash: values may hold passwords."""
    view: dict[str, Any] = {
        "release": text(helm.get("releaseName")),
        "value_files": list(map(plain, texts(helm.get("valueFiles")))),
        "parameters": sorted(text(one.get("name")) for one in objects(helm.get("parameters"))),
    }
    if helm.get("values"):
        values = text(helm["values"])
        keys = {"".join(match.groups("")).strip() for match in _TOP_KEY.finditer(values)}
        view["values"] = _hashed(sorted(keys), values)
    if helm.get("valuesObject"):
        keys = sorted(facts_of(helm["valuesObject"]))
        view["values_object"] = _hashed(keys, json.dumps(helm["valuesObject"], sort_keys=True))
    return view


def _hashed(keys: list[str], values: str) -> dict[str, Any]:
    return {"keys": keys, "sha256": hashlib.sha256(values.encode()).hexdigest()}


def resource_views(tree: Facts, facts: Facts) -> tuple[list[dict[str, Any]], int]:
    """Return the live resources with their sync state, and how many secret ones are left out."""
    states = {_identity(one): one for one in objects(at(facts, "status", "resources"))}
    nodes = {_identity(one): one for one in objects(tree.get("nodes"))}
    rows = [
        _resource(key, nodes.get(key, {}), states.get(key, {})) for key in sorted({*nodes, *states})
    ]
    shown = [row for row in rows if not is_secret(row["kind"])]
    return shown, len(rows) - len(shown)


def _identity(resource: Facts) -> tuple[str, str, str, str]:
    names = ("group", "kind", "namespace", "name")
    return cast("tuple[str, str, str, str]", tuple(text(resource.get(name)) for name in names))


def _resource(key: tuple[str, str, str, str], node: Facts, state: Facts) -> dict[str, Any]:
    group, kind, namespace, name = key
    # Version 3 keeps the health of a resource in the tree alone.
    health = facts_of(node.get("health") or state.get("health"))
    row: dict[str, Any] = {"kind": kind, "group": group, "namespace": namespace, "name": name}
    row["sync"] = text(state.get("status"))
    row["health"] = text(health.get("status"))
    if health.get("message"):
        row["message"] = plain(health["message"])
    if node.get("images"):
        row["images"] = texts(node["images"])
    return row


def out_of_sync(facts: Facts) -> list[dict[str, Any]]:
    """Return what a sync would apply; without prune, what is no longer in Git stays."""
    return [
        {
            **{name: text(one.get(name)) for name in ("kind", "namespace", "name")},
            "effect": "stays, since a sync here never prunes"
            if one.get("requiresPruning")
            else "applied",
        }
        for one in objects(at(facts, "status", "resources"))
        if one.get("status") == "OutOfSync"
        and not one.get("hook")
        and not is_secret(text(one.get("kind")))
    ]


def event_view(event: Facts) -> dict[str, Any]:
    """Return an event of the Application itself; newer ones count in a series of their own."""
    series = facts_of(event.get("series"))
    times = (series.get("lastObservedTime"), event.get("lastTimestamp"), event.get("eventTime"))
    return {
        "time": next((text(time) for time in times if time), ""),
        "type": text(event.get("type")),
        "reason": text(event.get("reason")),
        "message": plain(event.get("message") or event.get("note")),
        "count": count(event.get("count") or series.get("count")),
    }


def diff_views(items: Iterable[Facts]) -> list[dict[str, Any]]:
    """Return which resources differ between Git and the cluster, and at which paths."""
    views: list[dict[str, Any]] = []
    for item in items:
        view = {name: text(item.get(name)) for name in ("kind", "namespace", "name")}
        if item.get("hook") or is_secret(view["kind"]):
            continue
        change, paths = _change(item)
        if change:
            views.append({**view, "change": change, "paths": paths})
    return views


def _change(item: Facts) -> tuple[str, list[dict[str, Any]]]:
    """Return the kind of a difference, none for equal states, and its paths."""
    try:
        live = _state(item.get("normalizedLiveState"))
        target = _state(item.get("predictedLiveState"))
        if live == target:
            return "", []
    except (ValueError, RecursionError, Refusal):
        # Too large, too deep or no JSON: one resource that cannot be compared hides no other.
        return "unreadable", []
    change = "missing" if live is None else "not in Git" if target is None else "changed"
    return change, _differences(live, target) if change == "changed" else []


def _state(state: Any) -> Any:
    return decode_json(state) if isinstance(state, str) and state else None


def _differences(live: Any, target: Any, path: str = "") -> list[dict[str, Any]]:
    """Return the paths at which two states differ, values only where they cannot be secret."""
    if live == target:
        return []
    too_deep = path.count(".") + path.count("[") > MAX_NESTING
    parts = None if too_deep else _parts(live, target)
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
