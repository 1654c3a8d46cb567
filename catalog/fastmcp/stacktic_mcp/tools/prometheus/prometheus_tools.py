"""Prometheus tools: queries, alerts, targets, rules and labels.

In: a link to a Prometheus server and arguments that the toolkit has checked.
Out: plain facts, cut to what was asked for, with no address that carries a password.
Must not know: any path beside the constant read paths below; there is no write, admin,
federate or remote-write path in this file, and the network policy has no edge to another port.
"""

from __future__ import annotations

import time
from http import HTTPStatus
from typing import Any

from stacktic_mcp.core.toolkit import Answer, Link, Refusal, Toolset
from stacktic_mcp.lib.documents import Facts, at, ensure_list, ensure_object, objects, text, texts
from stacktic_mcp.lib.http_client import Http
from stacktic_mcp.tools.prometheus.prometheus_addresses import without_userinfo
from stacktic_mcp.tools.prometheus.prometheus_arguments import (
    About,
    AlertState,
    At,
    Health,
    LabelName,
    Limit,
    Matches,
    MaxSeries,
    Moment,
    Part,
    Points,
    Query,
    RuleType,
    Since,
    Step,
    Top,
    Within,
)
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


def register(tools: Toolset) -> None:
    """Offer the tools of a Prometheus link."""
    _register_queries(tools)
    _register_state(tools)
    _register_names(tools)


def _register_queries(tools: Toolset) -> None:
    @tools.read
    async def prom_query(link: Link, query: Query, time: At = None, limit: Limit = 50) -> Answer:
        """Value of Prometheus metrics now: run a PromQL query at one moment.

        For CPU, memory or disk usage, requests per second, error rate, latency, such as sum by
        (pod) (rate(container_cpu_usage_seconds_total[5m])). Returns one value a series, 50 unless
        told.
        """
        return await _query(link, query, time or "now", limit)

    @tools.read
    async def prom_query_range(
        link: Link,
        query: Query,
        start: Moment,
        end: Moment = "now",
        step: Step = "auto",
        max_points: Points = 60,
        max_series: MaxSeries = 20,
    ) -> Answer:
        """Metrics over time from Prometheus: graph, trend or peak of a PromQL query.

        For how CPU, memory, traffic or error rate changed since yesterday or last week, up to 30
        days. Returns min, max, avg, last and points of each series.
        """
        window = _window(start, end, step, max_points)
        return await _query_range(link, query, window, (max_points, max_series))


def _register_state(tools: Toolset) -> None:
    @tools.read
    async def prom_alerts(
        link: Link,
        state: AlertState = "all",
        component: About = None,
    ) -> Answer:
        """Active alerts of Prometheus: which alert is firing or pending, since when.

        For what is wrong right now. Returns name, state, value, labels such as severity, summary.
        """
        return await _alerts(link, state, component)

    @tools.read
    async def prom_targets(
        link: Link,
        state: Health = "all",
        component: About = None,
    ) -> Answer:
        """Scrape targets of Prometheus: which are up or down, with the last scrape error.

        For what is monitored and why metrics are missing. Returns the targets and, as
        expected_by_link, the state of each linked component.
        """
        return await _targets(link, state, component)

    @tools.read
    async def prom_rules(
        link: Link,
        type: RuleType = "all",  # noqa: A002 -- the API's own word
        name_like: Part = None,
        limit: Limit = 100,
    ) -> Answer:
        """Alerting and recording rules of Prometheus: expression, state, health, last error.

        For which alert rules exist and at which threshold one would fire. Returns 100 unless told.
        """
        return await _rules(link, type, name_like, limit)

    @tools.read
    async def prom_cardinality(link: Link, limit: Top = 10) -> Answer:
        """Cardinality of Prometheus: which metrics and labels have the most time series.

        For why Prometheus itself is big, slow or out of memory.
        """
        return await _cardinality(link, limit)


def _register_names(tools: Toolset) -> None:
    @tools.read
    async def prom_label_values(
        link: Link,
        label: LabelName,
        match: Within = None,
        limit: Limit = 100,
    ) -> Answer:
        """Values of one label in Prometheus: all jobs, pods, namespaces or instances it knows.

        Of the last 24 hours, 100 unless told; to fill in a PromQL selector.
        """
        return await _label_values(link, label, match, limit)

    @tools.read
    async def prom_series(
        link: Link,
        match: Matches,
        since: Since = "1h",
        limit: Limit = 100,
    ) -> Answer:
        """Time series in Prometheus that match a selector, each with all its labels.

        For which labels a metric has. Returns 100 label sets unless told, no values.
        """
        return await _series(link, match, since, limit)

    @tools.read
    async def prom_metrics(link: Link, name_like: Part = None, limit: Limit = 100) -> Answer:
        """Metric names that Prometheus collects, with type, unit and help text.

        For which metric measures something: name_like http finds http_requests_total. 100 unless
        told.
        """
        return await _metrics(link, name_like, limit)


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


async def _query(link: Link, query: str, moment: str, limit: int) -> Answer:
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


def _window(start: str, end: str, step: str, max_points: int) -> tuple[float, float, float]:
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


async def _query_range(
    link: Link, query: str, window: tuple[float, float, float], caps: tuple[int, int]
) -> Answer:
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


async def _alerts(link: Link, state: str, component: str | None) -> Answer:
    data = ensure_object(await _get(link, ("alerts",)))
    chosen = [
        alert_view(alert)
        for alert in objects(ensure_list(data.get("alerts")))
        if state in {"all", text(alert.get("state"))}
        and (component is None or belongs_to(alert.get("labels"), component))
    ]
    return Answer(sorted(chosen, key=lambda alert: (alert["state"], alert["since"])))


async def _targets(link: Link, state: str, component: str | None) -> Answer:
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


async def _rules(link: Link, kind: str, name_like: str | None, limit: int) -> Answer:
    data = await _get(link, ("rules",), {"type": None if kind == "all" else kind})
    rules = [
        rule_view(group, rule)
        for group in objects(ensure_list(ensure_object(data).get("groups")))
        for rule in objects(group.get("rules"))
        if name_like is None or name_like.lower() in text(rule.get("name")).lower()
    ]
    return Answer.first(rules, limit)


async def _label_values(link: Link, label: str, match: str | None, limit: int) -> Answer:
    if match is not None:
        ensure_selector(match)
    start = f"{time.time() - MAX_SINCE_SECONDS:.0f}"
    params = {"start": start, "limit": limit + 1, "match[]": match}
    values = ensure_list(await _get(link, ("label", label, "values"), params))
    shown = [without_userinfo(text(value)) for value in values[:limit]]
    return Answer(shown, "rows" if len(values) > limit else None)


async def _series(link: Link, match: list[str], since: str, limit: int) -> Answer:
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


async def _metrics(link: Link, name_like: str | None, limit: int) -> Answer:
    metadata = ensure_object(await _get(link, ("metadata",), {"limit_per_metric": 1}))
    names = [name for name in sorted(metadata) if name_like is None or name_like in name]
    rows = [metric_view(name, metadata[name]) for name in names[:limit]]
    return Answer(rows, "rows" if len(names) > limit else None)


async def _cardinality(link: Link, limit: int) -> Answer:
    status = await _get(link, ("status", "tsdb"), {"limit": limit})
    return Answer(cardinality_view(ensure_object(status), limit))
