"""Questions to Jaeger: the API behind its web interface.

In: a link, a window of time and what a search wants.
Out: names, found traces and spans.
Must not know: MCP, or any path beside the constant read paths below.
"""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

from stacktic_mcp.core.toolkit import Link
from stacktic_mcp.lib.documents import (
    Facts,
    count,
    ensure_list,
    ensure_object,
    facts_of,
    objects,
    text,
    texts,
)
from stacktic_mcp.lib.http_client import Http
from stacktic_mcp.lib.text import plain_text
from stacktic_mcp.tools.traces.traces_shapes import (
    Span,
    Wanted,
    Window,
    few,
    hex_id,
    in_order,
    length_of,
    milliseconds,
    moment,
)

ERRORS: dict[int, str] = {HTTPStatus.BAD_REQUEST: "Jaeger could not read the question"}
MICRO = 1000
MAX_MICROSECONDS = 2**53


async def services(link: Link, _: Window, limit: int) -> list[str]:
    """Return the names of services; Jaeger tells those of all times that it keeps."""
    names = texts(await _data(link, ("services",)))
    return sorted({plain_text(name) for name in names} - {""})[: limit + 1]


async def operations(link: Link, service: str, _: Window, limit: int) -> list[str]:
    """Return the names of spans of a service."""
    found = objects(await _data(link, ("operations",), {"service": service}))
    return sorted({plain_text(text(one.get("name"))) for one in found} - {""})[: limit + 1]


async def search(link: Link, wanted: Wanted, window: Window, limit: int) -> list[dict[str, Any]]:
    """Return found traces, one more than wanted where there are more."""
    params = {
        "service": wanted.service,
        "operation": wanted.operation,
        "minDuration": wanted.min_duration,
        "tags": json.dumps({"error": "true"}) if wanted.errors_only else None,
        "start": int(window.start * 10**6),
        "end": int(window.end * 10**6),
        "limit": limit + 1,
    }
    return [_found(trace) for trace in objects(await _data(link, ("traces",), params))]


async def spans_of(link: Link, trace_id: str) -> list[Span]:
    """Return the spans of a trace."""
    found = objects(await _data(link, ("traces", trace_id)))
    return [span for trace in found for span in _spans(trace)]


async def _data(link: Link, path: tuple[str, ...], params: Any = ()) -> list[Any]:
    http = Http(link, base_path="/api", error_hint=lambda status, _: ERRORS.get(status))
    return ensure_list(ensure_object(await http.get_json(path, params)).get("data"))


def _found(trace: Facts) -> dict[str, Any]:
    spans = in_order(_spans(trace))
    root = next((span for span in spans if not span.parent_id), spans[0] if spans else None)
    return {
        "trace_id": hex_id(text(trace.get("traceID"))),
        "service": plain_text(root.service) if root else "",
        "name": plain_text(root.name) if root else "",
        "start": moment(spans[0].start_ns) if spans else None,
        "duration_ms": milliseconds(length_of(spans)),
        "span_count": len(spans),
        "error_count": sum(span.error for span in spans),
    }


def _spans(trace: Facts) -> list[Span]:
    processes = facts_of(trace.get("processes"))
    return [_span(span, processes) for span in objects(trace.get("spans"))]


def _span(span: Facts, processes: Facts) -> Span:
    tags = {text(tag.get("key")): text(tag.get("value")) for tag in objects(span.get("tags"))}
    parents = [
        hex_id(text(reference.get("spanID")))
        for reference in objects(span.get("references"))
        if reference.get("refType") == "CHILD_OF"
    ]
    process = facts_of(processes.get(text(span.get("processID"))))
    return Span(
        span_id=hex_id(text(span.get("spanID"))),
        parent_id=parents[0] if parents else "",
        service=text(process.get("serviceName")),
        name=text(span.get("operationName")),
        kind=tags.get("span.kind", ""),
        start_ns=_nanoseconds(span.get("startTime")),
        duration_ns=_nanoseconds(span.get("duration")),
        error=tags.get("error", "") == "true" or tags.get("otel.status_code", "") == "ERROR",
        attributes=few(tags.items()),
    )


def _nanoseconds(value: Any) -> int | None:
    told = count(value)
    return told * MICRO if told is not None and told <= MAX_MICROSECONDS else None
