"""What the Loki tools answer with: the fields of each answer and their types.

In: nothing.
Out: typed dictionaries that the return annotations of the tools name.
Must not know: how an answer is made.
"""

from typing import NotRequired, TypedDict

Labels = dict[str, str]
# What JSON has no number for, such as NaN, is a word.
Value = float | str | None


class Line(TypedDict):
    """A log line with the labels of its stream."""

    time: str
    line: str
    labels: Labels


class Lines(TypedDict):
    """Log lines, and what Loki says of them."""

    lines: list[Line]
    warnings: list[str]


class Sample(TypedDict):
    """A series at one moment."""

    labels: Labels
    value: Value


class Instant(TypedDict):
    """The result of a metric query at one moment."""

    result_type: str
    series: list[Sample]
    warnings: NotRequired[list[str]]


class Series(TypedDict):
    """A series over time: pairs of time and value."""

    labels: Labels
    points: list[list[Value]]


class OverTime(TypedDict):
    """The result of a metric query over time."""

    series: list[Series]
    warnings: NotRequired[list[str]]


class Stats(TypedDict):
    """How much a selector holds."""

    streams: int | None
    chunks: int | None
    entries: int | None
    bytes: int | None


Found = list[Line] | Lines | OverTime
