"""Questions to Tempo: its own API, with TraceQL that is made here of checked parts alone.

In: a link, a window of time and what a search wants.
Out: names, found traces and spans.
Must not know: MCP, or any path beside the constant read paths below.
"""

from __future__ import annotations

import base64
import binascii
import re
from http import HTTPStatus
from typing import Any

from stacktic_mcp.core.toolkit import Link
from stacktic_mcp.lib.documents import (
    Facts,
    at,
    count,
    ensure_list,
    ensure_object,
    facts_of,
    items,
    objects,
    text,
)
from stacktic_mcp.lib.http_client import Http
from stacktic_mcp.lib.text import plain_text
from stacktic_mcp.tools.traces.traces_shapes import (
    MAX_NANOSECONDS,
    Span,
    Wanted,
    Window,
    few,
    hex_id,
    moment,
)

ERRORS: dict[int, str] = {
    HTTPStatus.BAD_REQUEST: "Tempo could not read the question",
    HTTPStatus.UNPROCESSABLE_ENTITY: "Tempo would have to read too much for this question",
}
_WHOLE = re.compile(r"^[0-9]{1,19}$")


async def services(link: Link, window: Window, limit: int) -> list[str]:
    """Return the names of services that sent spans, one more than wanted where there are more."""
    return await _values(link, "resource.service.name", window, limit)


async def operations(link: Link, service: str, window: Window, limit: int) -> list[str]:
    """Return the names of spans of a service."""
    query = traceql(Wanted(service))
    return await _values(link, "name", window, limit, query)


async def search(link: Link, wanted: Wanted, window: Window, limit: int) -> list[dict[str, Any]]:
    """Return found traces, one more than wanted where there are more."""
    params = {"q": traceql(wanted), "limit": limit + 1, "spss": 1, **_bounds(window)}
    reply = ensure_object(await _http(link).get_json(("api", "search"), params))
    return [_found(trace) for trace in objects(ensure_list(reply.get("traces")))]


async def spans_of(link: Link, trace_id: str) -> list[Span]:
    """Return the spans of a trace."""
    reply = ensure_object(await _http(link).get_json(("api", "v2", "traces", trace_id)))
    groups = objects(ensure_list(at(reply, "trace", "resourceSpans")))
    return [
        _span(span, service)
        for group in groups
        for service in [_attributes(at(group, "resource", "attributes")).get("service.name", "")]
        for scope in objects(group.get("scopeSpans"))
        for span in objects(scope.get("spans"))
    ]


def traceql(wanted: Wanted) -> str:
    """Return one set of spans with all that is wanted; nothing of a caller is outside of quotes."""
    conditions = [f"resource.service.name = {quoted(wanted.service)}"]
    if wanted.operation is not None:
        conditions.append(f"name = {quoted(wanted.operation)}")
    if wanted.min_duration is not None:
        conditions.append(f"duration > {wanted.min_duration}")
    if wanted.errors_only:
        conditions.append("status = error")
    return "{ " + " && ".join(conditions) + " }"


def quoted(value: str) -> str:
    """Return a string of TraceQL, which reads them as Go does."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _http(link: Link) -> Http:
    return Http(link, error_hint=lambda status, _: ERRORS.get(status))


def _bounds(window: Window) -> dict[str, int]:
    return {"start": int(window.start), "end": int(window.end) + 1}


async def _values(
    link: Link, tag: str, window: Window, limit: int, query: str | None = None
) -> list[str]:
    params = {"q": query, "limit": limit + 1, **_bounds(window)}
    path = ("api", "v2", "search", "tag", tag, "values")
    reply = ensure_object(await _http(link).get_json(path, params))
    found = objects(ensure_list(reply.get("tagValues")))
    return sorted({plain_text(text(value.get("value"))) for value in found} - {""})


def _found(trace: Facts) -> dict[str, Any]:
    stats = [facts_of(one) for one in facts_of(trace.get("serviceStats")).values()]
    return {
        "trace_id": hex_id(text(trace.get("traceID"))),
        "service": plain_text(text(trace.get("rootServiceName"))),
        "name": plain_text(text(trace.get("rootTraceName"))),
        "start": moment(_whole(trace.get("startTimeUnixNano"))),
        # A number that is nought is left out of such an answer.
        "duration_ms": count(trace.get("durationMs", 0)),
        "span_count": _sum(stats, "spanCount"),
        "error_count": _sum(stats, "errorCount"),
    }


def _sum(stats: list[Facts], name: str) -> int | None:
    counts = [count(one.get(name, 0)) for one in stats]
    known = [one for one in counts if one is not None]
    return sum(known) if stats and len(known) == len(counts) else None


def _span(span: Facts, service: str) -> Span:
    start, end = _whole(span.get("startTimeUnixNano")), _whole(span.get("endTimeUnixNano"))
    status = text(at(span, "status", "code"))
    return Span(
        span_id=_id(span.get("spanId")),
        parent_id=_id(span.get("parentSpanId")),
        service=service,
        name=text(span.get("name")),
        kind=text(span.get("kind")).removeprefix("SPAN_KIND_").lower(),
        start_ns=start,
        duration_ns=end - start if start is not None and end is not None and end >= start else None,
        error=status in {"STATUS_CODE_ERROR", "2"},
        attributes=few(_attributes(span.get("attributes")).items()),
    )


def _attributes(value: Any) -> dict[str, str]:
    """Return attributes as OTLP writes them: a value under the name of its type."""
    found: dict[str, str] = {}
    for attribute in map(facts_of, items(value)):
        inner = list(facts_of(attribute.get("value")).values())
        found[text(attribute.get("key"))] = text(inner[0]) if inner else ""
    return found


def _whole(value: Any) -> int | None:
    """Return a whole number of 64 bits, which JSON of protobuf writes as text."""
    told = text(value)
    number = int(told) if _WHOLE.match(told) else None
    return number if number is not None and number <= MAX_NANOSECONDS else None


def _id(value: Any) -> str:
    """Return an identifier in hexadecimal; JSON of protobuf writes its bytes in base64."""
    told = text(value)
    if len(told) in {16, 32} and hex_id(told):
        return hex_id(told)
    try:
        return base64.b64decode(told.encode(), validate=True).hex()[:32]
    except (binascii.Error, ValueError):
        return ""
