"""Spans of requests for a collector: FastMCP's own, with what was decided, without arguments.

In: what FastMCP and the recorder say of a request.
Out: spans in the form of OTLP over HTTP as JSON, to whoever sends them.
Must not know: any tool. What a caller sends is in no span: attributes are a closed list, texts of
errors are left out.

FastMCP knows the interface of OpenTelemetry alone. Behind it stands what a server needs of an SDK
and no more: the SDK with its exporter are nine packages and generated Protocol Buffers. A span
continues what the `traceparent` in a message's `_meta` began; one that its caller does not sample
is not sampled here.
"""

from __future__ import annotations

import secrets
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from opentelemetry import trace
from opentelemetry.trace import (
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    Tracer,
    TracerProvider,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

    from opentelemetry.context import Context

    from stacktic_mcp.core.calls import Call

# What is kept of all that somebody says of a span.
ATTRIBUTES = frozenset(
    {
        "enduser.id",
        "error.type",
        "gen_ai.operation.name",
        "gen_ai.tool.name",
        "mcp.method.name",
        "mcp.protocol.version",
        "rpc.response.status_code",
        "stacktic.code",
        "stacktic.decision",
        "stacktic.key",
        "stacktic.link",
    }
)
MAX_CHARACTERS = 200
SAMPLED = TraceFlags(TraceFlags.SAMPLED)

type Told = Callable[[dict[str, Any]], None]


def tell(call: Call) -> None:
    """Say in the span of a request what became of it."""
    span = trace.get_current_span()
    if not span.is_recording():
        return
    if call.tool:
        span.update_name(f"{call.method} {call.tool}")
        span.set_attribute("gen_ai.tool.name", call.tool)
    facts = {"key": call.key_name, "link": call.link, "decision": call.decision, "code": call.code}
    span.set_attributes({f"stacktic.{name}": fact for name, fact in facts.items() if fact})
    if call.decision != "allowed":
        span.set_status(StatusCode.ERROR)


class OwnSpan(Span):
    """One span, until it ends and is told."""

    def __init__(self, name: str, kind: SpanKind, parent: SpanContext | None, told: Told) -> None:
        """Begin now, in the trace of the parent or a new one."""
        trace_id = parent.trace_id if parent is not None else secrets.randbits(127) + 1
        self._context = SpanContext(trace_id, secrets.randbits(63) + 1, False, SAMPLED)
        self._parent = parent
        self._name = name[:MAX_CHARACTERS]
        self._kind = kind
        self._told = told
        self._attributes: dict[str, str] = {}
        self._code = StatusCode.UNSET
        self._started = time.time_ns()
        self._ended = False

    def end(self, end_time: int | None = None) -> None:
        """Tell the span, once."""
        if self._ended:
            return
        self._ended = True
        told: dict[str, Any] = {
            "traceId": f"{self._context.trace_id:032x}",
            "spanId": f"{self._context.span_id:016x}",
            "name": self._name,
            # The protocol counts from one, the interface from zero.
            "kind": self._kind.value + 1,
            "startTimeUnixNano": str(self._started),
            "endTimeUnixNano": str(end_time or time.time_ns()),
            "attributes": attributes_of(self._attributes),
            "status": {"code": self._code.value},
        }
        if self._parent is not None:
            told["parentSpanId"] = f"{self._parent.span_id:016x}"
        self._told(told)

    def get_span_context(self) -> SpanContext:
        """Return what names the span."""
        return self._context

    def set_attributes(self, attributes: Mapping[str, Any]) -> None:
        """Keep those of the closed list."""
        for key, value in attributes.items():
            self.set_attribute(key, value)

    def set_attribute(self, key: str, value: Any) -> None:
        """Keep one of the closed list."""
        if key in ATTRIBUTES:
            self._attributes[key] = str(value)[:MAX_CHARACTERS]

    def add_event(
        self,
        name: str,
        attributes: Mapping[str, Any] | None = None,
        timestamp: int | None = None,
    ) -> None:
        """Keep none: its text could be anything."""

    def update_name(self, name: str) -> None:
        """Take another name."""
        self._name = name[:MAX_CHARACTERS]

    def is_recording(self) -> bool:
        """Tell whether anything more is kept."""
        return not self._ended

    def set_status(self, status: Status | StatusCode, description: str | None = None) -> None:
        """Keep the code; a description could quote what was sent."""
        del description
        self._code = status.status_code if isinstance(status, Status) else status

    def record_exception(
        self,
        exception: BaseException,
        attributes: Mapping[str, Any] | None = None,
        timestamp: int | None = None,
        escaped: bool = False,
    ) -> None:
        """Keep nothing: texts of errors quote what was sent."""


class OwnTracer(Tracer):
    """Opens spans that are told to one place."""

    def __init__(self, told: Told) -> None:
        """Tell them there."""
        self._told = told

    def start_span(
        self,
        name: str,
        context: Context | None = None,
        kind: SpanKind = SpanKind.INTERNAL,
        attributes: Mapping[str, Any] | None = None,
        *_: Any,
        **__: Any,
    ) -> Span:
        """Open a span below the current one, or that of the context."""
        parent = trace.get_current_span(context).get_span_context()
        if parent.is_valid and not parent.trace_flags.sampled:
            return NonRecordingSpan(parent)
        span = OwnSpan(name, kind, parent if parent.is_valid else None, self._told)
        span.set_attributes(attributes or {})
        return span

    @contextmanager
    def start_as_current_span(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, name: str, *args: Any, **options: Any
    ) -> Generator[Span]:
        """Open a span that is the current one until the end of the block."""
        span = self.start_span(name, *args, **options)
        with trace.use_span(
            span, end_on_exit=True, record_exception=False, set_status_on_exception=False
        ):
            yield span


class OwnProvider(TracerProvider):
    """The one source of spans in this process."""

    def __init__(self, told: Told) -> None:
        """Tell all spans there."""
        self._tracer = OwnTracer(told)

    def get_tracer(self, instrumenting_module_name: str, *_: Any, **__: Any) -> Tracer:
        """Return the tracer, whoever asks."""
        del instrumenting_module_name
        return self._tracer


def attributes_of(facts: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return facts in the form of the protocol."""
    return [{"key": key, "value": {"stringValue": fact}} for key, fact in facts.items()]
