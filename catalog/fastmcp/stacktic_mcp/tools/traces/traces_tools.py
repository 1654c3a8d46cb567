"""Trace tools: which services sent spans, which traces were slow or failed, and what is in one.

In: a link to a store of traces, Tempo or Jaeger, and arguments that the toolkit has checked.
Out: names, found traces, and the spans of a trace.
Must not know: paths and forms of a store; `traces_tempo` and `traces_jaeger` do.
"""

from __future__ import annotations

import time
from typing import Annotated, Any, Protocol

from pydantic import Field

from stacktic_mcp.core.toolkit import Answer, Choice, Link, Refusal, Toolset
from stacktic_mcp.lib.times import MOMENT_HELP, Notation
from stacktic_mcp.tools.traces import traces_jaeger, traces_tempo
from stacktic_mcp.tools.traces.traces_rows import (
    FoundTrace,
    WholeTrace,
)
from stacktic_mcp.tools.traces.traces_shapes import Span, Wanted, Window, trace_view

MAX_SPAN_SECONDS = 24 * 3600
# Durations of Go, which both stores read.
TIMES = Notation("smh")

Service = Annotated[
    str,
    Field(min_length=1, max_length=200, pattern="^[ -~]+$", description="from trace_services"),
]
_OfSpan = Annotated[str, Field(min_length=1, max_length=200, pattern="^[ -~]+$")]
_Lasting = Annotated[str, Field(pattern=f"^{TIMES.duration}$", max_length=16)]
Operation = Annotated[_OfSpan | None, Field(description="name of a span")]
Duration = Annotated[_Lasting | None, Field(description="such as 250ms or 2s")]
Moment = Annotated[str, Field(pattern=TIMES.moment, max_length=40, description=MOMENT_HELP)]
Since = Annotated[
    str,
    Field(pattern=f"^{TIMES.duration}$", max_length=16, description="how far back, at most 24h"),
]
TraceId = Annotated[
    str, Field(pattern="^[0-9a-fA-F]{1,32}$", description="as trace_search tells it")
]
Component = Annotated[str, Choice("components"), Field(description="a linked component")]
Errors = Annotated[bool, Field(description="true: failed traces alone")]
Limit = Annotated[int, Field(ge=1, le=100, description="most traces")]
Names = Annotated[int, Field(ge=1, le=500, description="most names")]
Spans = Annotated[int, Field(ge=1, le=500, description="most spans")]


class Store(Protocol):
    """What each of the two stores answers; lists hold one more where there is more than wanted."""

    async def services(self, link: Link, window: Window, limit: int, /) -> list[str]:
        """Return the names of services that sent spans."""
        ...

    async def operations(
        self, link: Link, service: str, window: Window, limit: int, /
    ) -> list[str]:
        """Return the names of spans of a service."""
        ...

    async def search(
        self, link: Link, wanted: Wanted, window: Window, limit: int, /
    ) -> list[dict[str, Any]]:
        """Return found traces."""
        ...

    async def spans_of(self, link: Link, trace_id: str, /) -> list[Span]:
        """Return the spans of a trace."""
        ...


DIALECTS: dict[str, Store] = {"tempo": traces_tempo, "jaeger": traces_jaeger}


def register(tools: Toolset) -> None:
    """Offer the tools of a link to a store of traces."""
    tools.introduce("Traces", prefix="trace", first="trace_services")
    _register_names(tools)
    _register_traces(tools)


def _register_names(tools: Toolset) -> None:
    @tools.read
    async def trace_services(
        link: Link, since: Since = "1h", limit: Names = 100
    ) -> Answer[list[str]]:
        """List services with traces in Tempo or Jaeger (tracing, OpenTelemetry): traced, report.

        100 by default.
        """
        return Answer.first(await _store(link).services(link, _since(since), limit), limit)

    @tools.read
    async def trace_operations(
        link: Link, service: Service, since: Since = "1h", limit: Names = 100
    ) -> Answer[list[str]]:
        """List operations of a traced service in Tempo or Jaeger: span names it emits.

        Endpoints, routes; 100 by default.
        """
        window = _since(since)
        return Answer.first(await _store(link).operations(link, service, window, limit), limit)


def _register_traces(tools: Toolset) -> None:
    @tools.read(title="search traces")
    async def trace_search(
        link: Link,
        service: Service,
        operation: Operation = None,
        min_duration: Duration = None,
        errors_only: Errors = False,
        start: Moment = "now-1h",
        end: Moment = "now",
        limit: Limit = 20,
    ) -> Answer[list[FoundTrace]]:
        """Search traces in Tempo or Jaeger: slow requests, calls, take longest.

        Slower, longer, slowest traces of a service by operation, duration, latency, errors, over up
        to 24 hours; 20 by default.
        """
        wanted = Wanted(service, operation, min_duration, errors_only)
        return await _found(link, wanted, _window(start, end), limit)

    @tools.read(title="failed requests")
    async def trace_errors(
        link: Link, component: Component, since: Since = "1h", limit: Limit = 20
    ) -> Answer[list[FoundTrace]]:
        """Failed traces in Tempo or Jaeger: failing requests, with an error.

        Latest of a component or service, in last hour; 20 by default.
        """
        return await _found(link, Wanted(component, errors_only=True), _since(since), limit)

    @tools.read(title="steps of one trace")
    async def trace_get(link: Link, trace_id: TraceId, limit: Spans = 100) -> Answer[WholeTrace]:
        """Get one trace by trace id in Tempo or Jaeger: breakdown of a request, its spans.

        Slow span, time spent, step by step; 100 spans by default.
        """
        spans = await _store(link).spans_of(link, trace_id.lower())
        if not spans:
            raise Refusal("E_NOT_FOUND", f"{link.component} keeps no such trace")
        more = "rows" if len(spans) > limit else None
        view = trace_view(trace_id.lower(), spans, limit)
        return Answer(view, more, returned=len(view["spans"]))


async def _found(link: Link, wanted: Wanted, window: Window, limit: int) -> Answer:
    """Return found traces, the latest first."""
    found = await _store(link).search(link, wanted, window, limit)
    found.sort(key=lambda trace: trace["start"] or "", reverse=True)
    return Answer.first(found, limit)


def _store(link: Link) -> Store:
    dialect = link.value("DIALECT", "tempo")
    if dialect not in DIALECTS:
        raise Refusal("E_UNAVAILABLE", f"the setting {link.env}_DIALECT names no known store")
    return DIALECTS[dialect]


def _window(start: str, end: str) -> Window:
    now = time.time()
    first, last = TIMES.time_of(start, now), TIMES.time_of(end, now)
    if not 0 < last - first <= MAX_SPAN_SECONDS:
        raise Refusal("E_ARG", "`end` lies after `start`, and at most 24 hours after it")
    return Window(first, last)


def _since(since: str) -> Window:
    return _window(f"now-{since}", "now")
