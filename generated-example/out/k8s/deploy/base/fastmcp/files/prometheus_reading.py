"""Questions to Prometheus: one function for each tool, over constant read paths.

In: a link to a Prometheus server and arguments that the toolkit has checked.
Out: answers, cut to what was asked for, with no address that carries a password.
Must not know: any path beside the constant read paths below; there is no write, admin,
federate or remote-write path in this file, and the network policy has no edge to another port.
"""

from __future__ import annotations

import time
from http import HTTPStatus
from typing import Any

from stacktic_mcp.core.toolkit import Answer, Link, Refusal
from stacktic_mcp.lib.documents import Facts, at, ensure_list, ensure_object, objects, text, texts
from stacktic_mcp.lib.http_client import Http
from stacktic_mcp.tools.prometheus.prometheus_addresses import without_userinfo
from stacktic_mcp.tools.prometheus.prometheus_query import (
    MAX_RANGE_SECONDS,
    MAX_STEPS,
    TIMES,
    ensure_narrow,
    ensure_selector,
)
from stacktic_mcp.tools.prometheus.prometheus_shapes import (
    alert_view,
    belongs_to,
    cardinality_view,
    expected_by_link,
    metric_view,
    plain_labels,
    rule_view,
    series_of,
    summarised,
    target_view,
)

BACKEND_TIMEOUT = "9s"
MAX_SINCE_SECONDS = 24 * 3600
ERRORS: dict[int, str] = {
    HTTPStatus.BAD_REQUEST: "Prometheus could not read the query",
    HTTPStatus.UNPROCESSABLE_ENTITY: "Prometheus could not evaluate the query",
    HTTPStatus.SERVICE_UNAVAILABLE: "the query took too long or Prometheus is starting",
}


async def _ask(link: Link, path: tuple[str, ...], params: Any = ()) -> Facts:
    """Return the answer of one of the read paths."""
    http = Http(link, base_path="/api/v1", error_hint=lambda status, _: ERRORS.get(status))
    reply = await http.get_json(path, params)
    if at(reply, "status") != "success" or "data" not in reply:
        raise Refusal("E_UNAVAILABLE", f"{link.component} did not answer like Prometheus")
    return reply


async def _get(link: Link, path: tuple[str, ...], params: Any = ()) -> Any:
    """Return the `data` of one of the read paths."""
    return (await _ask(link, path, params))["data"]


def _warnings(reply: Facts) -> dict[str, list[str]]:
    """Return what the server says of an answer that it could not give in full."""
    found = texts(reply.get("warnings")) + texts(reply.get("infos"))
    return {"warnings": [without_userinfo(warning) for warning in found]} if found else {}


async def read_query(link: Link, query: str, moment: str, limit: int) -> Answer:
    """Evaluate a query at one moment."""
    ensure_narrow(query)
    at_time = TIMES.time_of(moment, time.time())
    # One more than asked for tells whether there are more; older servers ignore `limit`.
    params = {
        "query": query,
        "time": f"{at_time:.3f}",
        "limit": limit + 1,
        "timeout": BACKEND_TIMEOUT,
    }
    reply = await _ask(link, ("query",), params)
    data = ensure_object(reply["data"])
    series = series_of(data)
    answer = {
        "result_type": text(data.get("resultType")),
        "time": round(at_time, 3),
        "series": series[:limit],
        **_warnings(reply),
    }
    more = len(series) > limit
    return Answer(answer, "series" if more else None, returned=min(len(series), limit))


def window_of(start: str, end: str, step: str, max_points: int) -> tuple[float, float, float]:
    """Return start, end and step in seconds, refused when they ask for too much."""
    now = time.time()
    first, last = TIMES.time_of(start, now), TIMES.time_of(end, now)
    if not 0 < last - first <= MAX_RANGE_SECONDS:
        raise Refusal("E_ARG", "`end` lies after `start`, and at most 30 days after it")
    seconds = (
        max((last - first) / (max_points - 1), 1) if step == "auto" else TIMES.seconds_of(step)
    )
    if seconds <= 0 or (last - first) / seconds > MAX_STEPS:
        raise Refusal("E_LIMIT", f"more than {MAX_STEPS} steps; make the step longer or use auto")
    return first, last, seconds


async def read_range(
    link: Link, query: str, window: tuple[float, float, float], caps: tuple[int, int]
) -> Answer:
    """Evaluate a query over a window of time."""
    ensure_narrow(query)
    first, last, step = window
    max_points, max_series = caps
    params = {
        "query": query,
        "start": f"{first:.3f}",
        "end": f"{last:.3f}",
        "step": f"{step:.3f}",
        "limit": max_series + 1,
        "timeout": BACKEND_TIMEOUT,
    }
    reply = await _ask(link, ("query_range",), params)
    found = objects(ensure_list(ensure_object(reply["data"]).get("result")))
    series = [summarised(item, max_points) for item in found[:max_series]]
    answer = {"step_s": round(step, 3), "series": series, **_warnings(reply)}
    more = len(found) > max_series
    return Answer(answer, "series" if more else None, returned=len(series))


async def read_alerts(link: Link, state: str, component: str | None) -> Answer:
    """Return the active alerts."""
    data = ensure_object(await _get(link, ("alerts",)))
    chosen = [
        alert_view(alert)
        for alert in objects(ensure_list(data.get("alerts")))
        if state in {"all", text(alert.get("state"))}
        and (component is None or belongs_to(alert.get("labels"), component))
    ]
    return Answer(sorted(chosen, key=lambda alert: (alert["state"], alert["since"])))


async def read_targets(link: Link, state: str, component: str | None) -> Answer:
    """Return the targets, and what is seen of each linked component."""
    data = ensure_object(await _get(link, ("targets",), {"state": "active"}))
    linked = [component] if component else list(link.enums.get("components", ()))
    targets = objects(ensure_list(data.get("activeTargets")))
    views = [target_view(target, linked) for target in targets]
    chosen = [
        view
        for view in views
        if state in {"all", view["health"]} and (component is None or view["component"])
    ]
    expected = expected_by_link(views, linked)
    return Answer({"targets": chosen, "expected_by_link": expected}, returned=len(chosen))


async def read_rules(link: Link, kind: str, name_like: str | None, limit: int) -> Answer:
    """Return rules by kind and part of the name."""
    data = await _get(link, ("rules",), {"type": None if kind == "all" else kind})
    rules = [
        rule_view(group, rule)
        for group in objects(ensure_list(ensure_object(data).get("groups")))
        for rule in objects(group.get("rules"))
        if name_like is None or name_like.lower() in text(rule.get("name")).lower()
    ]
    return Answer.first(rules, limit)


async def read_label_values(link: Link, label: str, match: str | None, limit: int) -> Answer:
    """Return the values of a label."""
    if match is not None:
        ensure_selector(match)
    start = f"{time.time() - MAX_SINCE_SECONDS:.0f}"
    params = {"start": start, "limit": limit + 1, "match[]": match}
    values = ensure_list(await _get(link, ("label", label, "values"), params))
    shown = [without_userinfo(text(value)) for value in values[:limit]]
    return Answer(shown, "rows" if len(values) > limit else None)


async def read_series(link: Link, match: list[str], since: str, limit: int) -> Answer:
    """Return the label sets that selectors match."""
    for selector in match:
        ensure_selector(selector)
    seconds = TIMES.seconds_of(since)
    if not 0 < seconds <= MAX_SINCE_SECONDS:
        raise Refusal("E_ARG", "`since` is at most 24h")
    params: list[tuple[str, Any]] = [("match[]", selector) for selector in match]
    params += [("start", f"{time.time() - seconds:.0f}"), ("limit", limit + 1)]
    found = ensure_list(await _get(link, ("series",), params))
    shown = [plain_labels(labels) for labels in found[:limit]]
    return Answer(shown, "series" if len(found) > limit else None)


async def read_metrics(link: Link, name_like: str | None, limit: int) -> Answer:
    """Return what metrics are."""
    metadata = ensure_object(await _get(link, ("metadata",), {"limit_per_metric": 1}))
    names = [name for name in sorted(metadata) if name_like is None or name_like in name]
    rows = [metric_view(name, metadata[name]) for name in names[:limit]]
    return Answer(rows, "rows" if len(names) > limit else None)


async def read_cardinality(link: Link, limit: int) -> Answer:
    """Return where the series are."""
    status = await _get(link, ("status", "tsdb"), {"limit": limit})
    return Answer(cardinality_view(ensure_object(status), limit))
