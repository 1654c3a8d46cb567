"""How traces are shown, whichever store tells of them: times as text, spans in order.

In: what the two stores answered, already taken apart.
Out: dictionaries of a tool's answer.
Must not know: HTTP, MCP, or how a store writes a span. The toolkit redacts secrets of links.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from stacktic_mcp.lib.text import plain_text

MAX_ATTRIBUTES = 16
# Nanoseconds as a signed number of 64 bits.
MAX_NANOSECONDS = 2**63 - 1
_HEX = re.compile(r"^[0-9a-f]{1,32}$")


@dataclass(frozen=True)
class Window:
    """Seconds since 1970 between which traces began."""

    start: float
    end: float


@dataclass(frozen=True)
class Wanted:
    """What a search asks for; nothing that is not asked for is empty."""

    service: str
    operation: str | None = None
    min_duration: str | None = None
    errors_only: bool = False


@dataclass(frozen=True)
class Span:
    """One span, with nothing where a store does not tell."""

    span_id: str
    parent_id: str
    service: str
    name: str
    kind: str
    start_ns: int | None
    duration_ns: int | None
    error: bool
    attributes: Mapping[str, str] = field(default_factory=dict[str, str])


def moment(nanoseconds: int | None) -> str | None:
    """Return a time as text, to the microsecond; nothing where none was told."""
    if nanoseconds is None or not 0 <= nanoseconds <= MAX_NANOSECONDS:
        return None
    seconds, rest = divmod(nanoseconds, 10**9)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest // 1000:06d}Z"


def milliseconds(nanoseconds: int | None) -> float | None:
    """Return a duration to the microsecond."""
    return None if nanoseconds is None else round(nanoseconds / 1e6, 3)


def hex_id(text: str) -> str:
    """Return an identifier that a caller may give back, and an empty text for everything else."""
    lower = text.lower()
    return lower if _HEX.match(lower) else ""


def few(attributes: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the first attributes, as they may be shown."""
    plain = ((plain_text(name), plain_text(value)) for name, value in attributes)
    return {name: value for (name, value), _ in zip(plain, range(MAX_ATTRIBUTES), strict=False)}


def span_view(span: Span) -> dict[str, Any]:
    """Return a span as it is shown."""
    return {
        "span_id": span.span_id,
        "parent_id": span.parent_id,
        "service": plain_text(span.service),
        "name": plain_text(span.name),
        "kind": plain_text(span.kind),
        "start": moment(span.start_ns),
        "duration_ms": milliseconds(span.duration_ns),
        "error": span.error,
        "attributes": dict(span.attributes),
    }


def in_order(spans: Iterable[Span]) -> list[Span]:
    """Return spans by their beginning; one without a time comes last."""
    return sorted(spans, key=lambda span: (span.start_ns is None, span.start_ns or 0))


def trace_view(trace_id: str, spans: list[Span], limit: int) -> dict[str, Any]:
    """Return a trace with its first spans, and what is true of all of them."""
    ordered = in_order(spans)
    return {
        "trace_id": trace_id,
        "services": sorted({plain_text(span.service) for span in spans}),
        "span_count": len(spans),
        "error_count": sum(span.error for span in spans),
        "start": moment(ordered[0].start_ns) if ordered else None,
        "duration_ms": milliseconds(length_of(spans)),
        "spans": [span_view(span) for span in ordered[:limit]],
    }


def length_of(spans: Iterable[Span]) -> int | None:
    """Return the time from the first beginning to the last end, of spans that tell both."""
    known = [
        (span.start_ns, span.start_ns + span.duration_ns)
        for span in spans
        if span.start_ns is not None and span.duration_ns is not None
    ]
    if not known:
        return None
    return max(end for _, end in known) - min(start for start, _ in known)
