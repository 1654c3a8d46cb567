"""What the trace tools answer with: the fields of each answer and their types.

In: nothing.
Out: typed dictionaries that the return annotations of the tools name.
Must not know: how an answer is made.
"""

from typing import TypedDict


class FoundTrace(TypedDict):
    """A trace of a search."""

    trace_id: str
    service: str
    name: str
    start: str | None
    duration_ms: float | None
    span_count: int | None
    error_count: int | None


class SpanRow(TypedDict):
    """A span."""

    span_id: str
    parent_id: str
    service: str
    name: str
    kind: str
    start: str | None
    duration_ms: float | None
    error: bool
    attributes: dict[str, str]


class WholeTrace(TypedDict):
    """A trace with its spans."""

    trace_id: str
    services: list[str]
    span_count: int
    error_count: int
    start: str | None
    duration_ms: float | None
    spans: list[SpanRow]
