"""Stubs of Tempo and Jaeger that keep spans and tell of them, each in its own form.

Checked against v2.10.8 of grafana/tempo (docs/sources/tempo/api_docs/_index.md and
pkg/tempopb/tempo.proto: JSON of protobuf, so 64 bits are text, bytes are base64 and what is nought
is absent) and v2.19.0 of jaegertracing/jaeger (http_handler.go and query_parser.go below
cmd/jaeger/internal/extension/jaegerquery/internal, internal/uimodel/model.go).

In: spans that a test keeps, requests of the tools.
Out: answers in the forms of those products.
Must not know: the tools' own fences. Of TraceQL it reads one set with conditions that all hold.
"""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from servers.stub import Reply, Request, Stub, serving

NANO = 10**9
_CONDITION = re.compile(r'([a-z.]+) (=|>) ("(?:[^"\\]|\\.)*"|[0-9a-z]+)')
_DURATION = {"ms": 10**6, "s": NANO, "m": 60 * NANO, "h": 3600 * NANO}


@dataclass(frozen=True)
class Kept:
    """One span of a store."""

    trace_id: str
    span_id: str
    parent_id: str
    service: str
    name: str
    start: int
    duration: int
    error: bool
    attributes: dict[str, str]


@dataclass
class Traces:
    """What was sent."""

    spans: list[Kept] = field(default_factory=list[Kept])

    def keep(
        self,
        trace_id: str,
        span_id: str,
        *,
        parent: str = "",
        service: str = "shop",
        name: str = "GET /",
        ago: float = 60,
        ms: int = 100,
        error: bool = False,
        **attributes: str,
    ) -> None:
        """Keep a span that began some seconds ago."""
        start = int((time.time() - ago) * 10**6) * 1000
        one = (trace_id, span_id, parent, service, name, start, ms * 10**6, error, attributes)
        self.spans.append(Kept(*one))

    def of_trace(self, trace_id: str) -> list[Kept]:
        """Return the spans of a trace."""
        return [span for span in self.spans if span.trace_id == trace_id]

    def root_of(self, trace_id: str) -> Kept:
        """Return the span that nothing is above of."""
        return next(span for span in self.of_trace(trace_id) if not span.parent_id)


@contextmanager
def tempo(traces: Traces) -> Generator[Stub]:
    """Serve what was kept as Tempo does."""
    with serving(lambda request: _tempo(traces, request)) as stub:
        yield stub


@contextmanager
def jaeger(traces: Traces) -> Generator[Stub]:
    """Serve what was kept as Jaeger does."""
    with serving(lambda request: _jaeger(traces, request)) as stub:
        yield stub


def _tempo(traces: Traces, request: Request) -> Reply:
    path = request.path
    if request.method != "GET" or path[:1] != ("api",):
        return Reply(404, "404 page not found")
    if path == ("api", "search"):
        return _tempo_search(traces, request)
    if path[:3] == ("api", "v2", "traces"):
        return _tempo_trace(traces.of_trace(path[3]))
    if path[:4] == ("api", "v2", "search", "tag") and path[5:] == ("values",):
        return _tempo_values(traces, request)
    return Reply(404, "404 page not found")


def _conditions(query: str) -> list[tuple[str, str]] | None:
    if not (query.startswith("{ ") and query.endswith(" }")):
        return None
    inner = query[2:-2]
    parts = list(_CONDITION.finditer(inner))
    if " && ".join(part[0] for part in parts) != inner:
        return None
    return [
        (part[1], json.loads(part[3]) if part[3].startswith('"') else part[3]) for part in parts
    ]


def _nanoseconds(text: str) -> int:
    return sum(int(n) * _DURATION[unit] for n, unit in re.findall(r"(\d+)(ms|s|m|h)", text))


def _matches(span: Kept, conditions: list[tuple[str, str]]) -> bool:
    tests: dict[str, Callable[[str], bool]] = {
        "resource.service.name": lambda value: span.service == value,
        "name": lambda value: span.name == value,
        "duration": lambda value: span.duration > _nanoseconds(value),
        "status": lambda value: span.error and value == "error",
    }
    return all(tests[name](value) for name, value in conditions)


def _selected(traces: Traces, request: Request, scale: int) -> list[Kept]:
    start, end = int(request.first("start")) * scale, int(request.first("end")) * scale
    return [span for span in traces.spans if start <= span.start < end]


def _tempo_search(traces: Traces, request: Request) -> Reply:
    conditions = _conditions(request.first("q"))
    if conditions is None:
        return Reply(400, "invalid TraceQL query: parse error at line 1, col 3: syntax error")
    found = [span for span in _selected(traces, request, NANO) if _matches(span, conditions)]
    ids = list(dict.fromkeys(span.trace_id for span in found))[: int(request.first("limit"))]
    return Reply(200, {"traces": [_tempo_found(traces, one) for one in ids], "metrics": {}})


def _tempo_found(traces: Traces, trace_id: str) -> dict[str, Any]:
    spans, root = traces.of_trace(trace_id), traces.root_of(trace_id)
    stats: dict[str, dict[str, int]] = {}
    for span in spans:
        one = stats.setdefault(span.service, {"spanCount": 0})
        one["spanCount"] += 1
        if span.error:
            one["errorCount"] = one.get("errorCount", 0) + 1
    return {
        "traceID": trace_id.lstrip("0"),
        "rootServiceName": root.service,
        "rootTraceName": root.name,
        "startTimeUnixNano": str(root.start),
        "durationMs": root.duration // 10**6,
        "spanSets": [{"spans": [], "matched": 1}],
        "serviceStats": stats,
    }


def _tempo_trace(spans: list[Kept]) -> Reply:
    if not spans:
        return Reply(200, {"trace": {}, "metrics": {}})
    groups: list[dict[str, Any]] = [
        {
            "resource": {"attributes": _otlp({"service.name": span.service})},
            "scopeSpans": [{"scope": {}, "spans": [_tempo_span(span)]}],
        }
        for span in spans
    ]
    return Reply(200, {"trace": {"resourceSpans": groups}, "metrics": {}})


def _tempo_span(span: Kept) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "traceId": _bytes(span.trace_id),
        "spanId": _bytes(span.span_id),
        "name": span.name,
        "kind": "SPAN_KIND_SERVER",
        "startTimeUnixNano": str(span.start),
        "endTimeUnixNano": str(span.start + span.duration),
        "attributes": _otlp(span.attributes),
        "status": {"code": "STATUS_CODE_ERROR"} if span.error else {},
    }
    if span.parent_id:
        shown["parentSpanId"] = _bytes(span.parent_id)
    return shown


def _bytes(hexadecimal: str) -> str:
    return base64.b64encode(bytes.fromhex(hexadecimal)).decode()


def _otlp(attributes: dict[str, str]) -> list[dict[str, Any]]:
    return [{"key": name, "value": {"stringValue": value}} for name, value in attributes.items()]


def _tempo_values(traces: Traces, request: Request) -> Reply:
    conditions = _conditions(request.first("q")) if request.first("q") else []
    spans = [span for span in _selected(traces, request, NANO) if _matches(span, conditions or [])]
    tag = request.path[4]
    values = {span.service if tag == "resource.service.name" else span.name for span in spans}
    shown = [{"type": "string", "value": value} for value in sorted(values)]
    return Reply(200, {"tagValues": shown[: int(request.first("limit"))], "metrics": {}})


def _jaeger(traces: Traces, request: Request) -> Reply:
    path = request.path
    if request.method != "GET" or path[:1] != ("api",):
        return Reply(404, "404 page not found")
    if path[1:] == ("services",):
        return _enveloped(sorted({span.service for span in traces.spans}))
    if path[1:] == ("operations",):
        names = {one.name for one in traces.spans if one.service == request.first("service")}
        return _enveloped([{"name": name, "spanKind": "server"} for name in sorted(names)])
    if path[1:] == ("traces",):
        return _jaeger_search(traces, request)
    spans = traces.of_trace(path[2]) if path[1] == "traces" else []
    if not spans:
        error = [{"code": 404, "msg": "trace not found"}]
        return Reply(404, {"data": None, "total": 0, "errors": error})
    return _enveloped([_jaeger_trace(spans)])


def _enveloped(data: list[Any]) -> Reply:
    return Reply(200, {"data": data, "total": len(data), "limit": 0, "offset": 0, "errors": None})


def _jaeger_search(traces: Traces, request: Request) -> Reply:
    if not request.first("service"):
        return Reply(400, {"data": None, "errors": [{"code": 400, "msg": "service is required"}]})
    tags = json.loads(request.first("tags", "{}"))
    found = [
        span
        for span in _selected(traces, request, 1000)
        if span.service == request.first("service")
        and request.first("operation", span.name) == span.name
        and span.duration >= _nanoseconds(request.first("minDuration"))
        and (tags.get("error") != "true" or span.error)
    ]
    ids = list(dict.fromkeys(span.trace_id for span in found))[: int(request.first("limit"))]
    return _enveloped([_jaeger_trace(traces.of_trace(one)) for one in ids])


def _jaeger_trace(spans: list[Kept]) -> dict[str, Any]:
    services = sorted({span.service for span in spans})
    processes: dict[str, Any] = {
        f"p{services.index(one)}": {"serviceName": one, "tags": []} for one in services
    }
    shown = [
        {
            "traceID": span.trace_id,
            "spanID": span.span_id,
            "operationName": span.name,
            "references": [{"refType": "CHILD_OF", "spanID": span.parent_id}]
            if span.parent_id
            else [],
            "startTime": span.start // 1000,
            "duration": span.duration // 1000,
            "tags": _jaeger_tags(span),
            "logs": [],
            "processID": f"p{services.index(span.service)}",
            "warnings": None,
        }
        for span in spans
    ]
    return {"traceID": spans[0].trace_id, "spans": shown, "processes": processes, "warnings": None}


def _jaeger_tags(span: Kept) -> list[dict[str, Any]]:
    tags = {"span.kind": "server", **span.attributes}
    shown: list[dict[str, Any]] = [
        {"key": name, "type": "string", "value": value} for name, value in tags.items()
    ]
    return [*shown, {"key": "error", "type": "bool", "value": True}] if span.error else shown
