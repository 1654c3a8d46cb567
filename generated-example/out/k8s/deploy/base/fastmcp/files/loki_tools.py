"""Loki tools: log lines, metric queries over logs, labels and streams.

In: a link to Loki and arguments that the toolkit has checked.
Out: log lines without control characters, and what was counted over them.
Must not know: any path beside the constant read paths below, nor a tenant other than the link's.
"""

from __future__ import annotations

import time
from http import HTTPStatus
from typing import Any

from stacktic_mcp.core.toolkit import Answer, Link, Refusal, Toolset
from stacktic_mcp.lib.documents import (
    Facts,
    at,
    count,
    ensure_list,
    ensure_object,
    known_number,
    text,
)
from stacktic_mcp.lib.http_client import Http
from stacktic_mcp.lib.text import plain_text
from stacktic_mcp.tools.loki.loki_arguments import (
    Component,
    Direction,
    Label,
    Limit,
    Match,
    Moment,
    Names,
    Query,
    Since,
)
from stacktic_mcp.tools.loki.loki_query import (
    MAX_SPAN_SECONDS,
    TIMES,
    Reach,
    ensure_selector,
    nanoseconds,
    quoted,
    reach_of,
)
from stacktic_mcp.tools.loki.loki_rows import (
    Found,
    Instant,
    Labels,
    Stats,
)
from stacktic_mcp.tools.loki.loki_shapes import (
    entries_of,
    matrix_view,
    plain_labels,
    vector_view,
    warnings_of,
)

MAX_BYTES = 1024**3
MAX_SERIES = 100
RANGE_POINTS = 60
ERROR_LINES = '|~ "(?i)(error|fatal|panic|exception|critical)"'
ERRORS: dict[int, str] = {
    HTTPStatus.BAD_REQUEST: "Loki could not read the query",
    HTTPStatus.UNAUTHORIZED: "Loki knows no tenant of this name",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "Loki would have to read too much for this query",
}


def register(tools: Toolset) -> None:
    """Offer the tools of a Loki link."""
    tools.introduce("Loki", prefix="loki", first="loki_errors")
    _register_queries(tools)
    _register_names(tools)


def _register_queries(tools: Toolset) -> None:
    @tools.read(title="count log lines")
    async def loki_query(link: Link, logql: Query, time: Moment = "now") -> Answer[Instant]:
        """Count log lines in Loki: how many errors logged, number, rate (LogQL metric query).

        Per app or service, in last hour: sum by (app) (count_over_time({namespace="shop"} |=
        "error" [1h])). At most 100 series.
        """
        return await _metric_query(link, logql, time)

    @tools.read(title="search logs")
    async def loki_query_range(
        link: Link,
        logql: Query,
        start: Moment = "now-1h",
        end: Moment = "now",
        limit: Limit = 50,
        direction: Direction = "backward",
    ) -> Answer[Found]:
        """Search, tail, grep or get logs in Loki: log lines of an app, service, worker, pod.

        Text in logs of a namespace, last minutes or half hour: {app="api"} |= "timeout". Up to 24
        hours; 50 lines by default.
        """
        return await _query_range(link, logql, _window(start, end), (limit, direction))

    @tools.read(title="error logs of a component")
    async def loki_errors(
        link: Link, component: Component, since: Since = "1h", limit: Limit = 50
    ) -> Answer[Found]:
        """Errors in logs of a component or service (Loki): it logs something wrong or bad.

        Error, exception, exceptions, stack traces, panics; fails, crashing; latest 50 lines by
        default.
        """
        label = link.data.get("component_label", "component")
        query = f"{{{label}={quoted(component)}}} {ERROR_LINES}"
        return await _query_range(link, query, _since(since), (limit, "backward"))


def _register_names(tools: Toolset) -> None:
    @tools.read
    async def loki_labels(link: Link, since: Since = "6h") -> Answer[list[str]]:
        """Labels of logs in Loki: label names to filter logs by."""
        labels = ensure_list(await _get(link, ("labels",), _bounds(_since(since))))
        return Answer(sorted(map(text, labels)))

    @tools.read
    async def loki_label_values(
        link: Link, label: Label, since: Since = "6h", limit: Names = 100
    ) -> Answer[list[str]]:
        """Values of a log label in Loki: apps, applications, pods, services that write logs.

        Namespaces that send logs; 100 by default.
        """
        found = ensure_list(await _get(link, ("label", label, "values"), _bounds(_since(since))))
        values = [plain_text(value) for value in sorted(map(text, found))]
        return Answer.first(values, limit)

    @tools.read
    async def loki_series(
        link: Link, match: Match, since: Since = "1h", limit: Names = 100
    ) -> Answer[list[Labels]]:
        """Log streams in Loki: streams of logs that exist, each by its label set, no lines.

        100 by default.
        """
        ensure_selector(match)
        params = [("match[]", match), *_bounds(_since(since)).items()]
        streams = ensure_list(await _get(link, ("series",), params))
        shown = [plain_labels(stream) for stream in streams[:limit]]
        return Answer(shown, "series" if len(streams) > limit else None)

    @tools.read(title="volume of logs")
    async def loki_stats(link: Link, match: Match, since: Since = "1h") -> Answer[Stats]:
        """Volume of logs in Loki: log data, size in bytes, entries, chunks.

        Large, noisy logs of a namespace or component.
        """
        ensure_selector(match)
        return Answer(await _stats(link, match, _since(since)))


Window = tuple[float, float]


def _window(start: str, end: str) -> Window:
    now = time.time()
    first, last = TIMES.time_of(start, now), TIMES.time_of(end, now)
    if not 0 < last - first <= MAX_SPAN_SECONDS:
        raise Refusal("E_ARG", "`end` lies after `start`, and at most 24 hours after it")
    return first, last


def _since(since: str) -> Window:
    return _window(f"now-{since}", "now")


def _bounds(window: Window) -> dict[str, str]:
    return {"start": nanoseconds(window[0]), "end": nanoseconds(window[1])}


def _http(link: Link) -> Http:
    tenant = link.data.get("tenant", "")
    headers = {"X-Scope-OrgID": tenant} if tenant else {}
    return Http(
        link,
        base_path="/loki/api/v1",
        headers=lambda: headers,
        error_hint=lambda status, _: ERRORS.get(status),
    )


async def _ask(link: Link, path: tuple[str, ...], params: Any) -> Facts:
    """Return the answer of one of the read paths."""
    reply = await _http(link).get_json(path, params)
    if at(reply, "status") != "success" or "data" not in reply:
        raise Refusal("E_UNAVAILABLE", f"{link.component} did not answer like Loki")
    return reply


async def _get(link: Link, path: tuple[str, ...], params: Any) -> Any:
    """Return the `data` of one of the read paths."""
    return (await _ask(link, path, params))["data"]


async def _stats(link: Link, selector: str, window: Window) -> dict[str, int | None]:
    """Return what a selector would read; every answer without a number of bytes is refused."""
    params = {"query": selector, **_bounds(window)}
    reply = await _http(link).get_json(("index", "stats"), params)
    counts = {name: count(at(reply, name)) for name in ("streams", "chunks", "entries", "bytes")}
    if counts["bytes"] is None:
        raise Refusal("E_UNAVAILABLE", f"{link.component} gave no statistics")
    return counts


def _bytes_to_read(counts: dict[str, int | None]) -> int:
    """Return the bytes; none beside some lines means that nobody has counted them."""
    uncounted = counts["bytes"] == 0 and any(counts[name] for name in ("chunks", "entries"))
    return known_number(None if uncounted else counts["bytes"], "how much the query would read")


async def _ensure_affordable(link: Link, reach: Reach, window: Window) -> None:
    """Refuse a query before it runs when its streams hold too much, or when nobody can tell."""
    opened = (window[0] - reach.lookback_seconds, window[1])
    total = 0
    for selector in dict.fromkeys(reach.selectors):
        try:
            total += _bytes_to_read(await _stats(link, selector, opened))
        except Refusal as refusal:
            hint = f"the size of the query cannot be had, so it is not run: {refusal.hint}"
            raise Refusal(refusal.code, hint) from None
    if total > MAX_BYTES:
        hint = f"the query would read {total // 1024**2} MiB of 1024; narrow selector or time"
        raise Refusal("E_LIMIT", hint)


def _warned(reply: Facts) -> dict[str, list[str]]:
    found = warnings_of(reply)
    return {"warnings": found} if found else {}


async def _metric_query(link: Link, query: str, time_text: str) -> Answer:
    reach = reach_of(query)
    if not reach.is_metric:
        raise Refusal("E_ARG", "this is no metric query; use loki_query_range for log lines")
    moment = TIMES.time_of(time_text, time.time())
    await _ensure_affordable(link, reach, (moment, moment))
    reply = await _ask(link, ("query",), {"query": query, "time": nanoseconds(moment)})
    data = ensure_object(reply["data"])
    series = vector_view(data)
    answer: dict[str, Any] = {
        "result_type": text(data.get("resultType")),
        "series": series[:MAX_SERIES],
    }
    answer |= _warned(reply)
    more = len(series) > MAX_SERIES
    return Answer(answer, "series" if more else None, returned=len(answer["series"]))


async def _query_range(
    link: Link, query: str, window: Window, cut: tuple[int, Direction | str]
) -> Answer:
    reach = reach_of(query)
    limit, direction = cut
    await _ensure_affordable(link, reach, window)
    params = {
        "query": query,
        **_bounds(window),
        "limit": limit + 1,
        "direction": direction,
        "step": f"{max(1, round((window[1] - window[0]) / RANGE_POINTS))}s",
    }
    reply = await _ask(link, ("query_range",), params)
    data = ensure_object(reply["data"])
    if data.get("resultType") == "matrix":
        series = matrix_view(data, RANGE_POINTS + 1)
        more = len(series) > MAX_SERIES
        shown = series[:MAX_SERIES]
        answer = {"series": shown, **_warned(reply)}
        return Answer(answer, "series" if more else None, returned=len(shown))
    ensure_list(data.get("result"))
    entries = entries_of(data, direction)
    ended_by = "rows" if len(entries) > limit else None
    shown = entries[:limit]
    # Lines alone are a list; what Loki says of them makes it an object.
    warned = _warned(reply)
    return Answer({"lines": shown, **warned} if warned else shown, ended_by, returned=len(shown))
