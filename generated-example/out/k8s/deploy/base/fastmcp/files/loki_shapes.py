"""How answers of Loki are shown: lines and labels without control characters, points few.

In: parts of the JSON that Loki answers with.
Out: dictionaries and lists of a tool's answer.
Must not know: HTTP, MCP, or which tool shows what. Secrets of links are redacted by the toolkit.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

# Terminal colors are dropped as a whole, so that their parameters do not stay behind as text.
_ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
# C0, C1, line separators, and characters that turn the direction of text or have no width.
_CONTROL = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f]"
)


def plain_text(text: str) -> str:
    """Return one line that shows as it reads: no control, direction or invisible characters."""
    return _CONTROL.sub(" ", _ESCAPE.sub("", text)).strip()


def plain_labels(labels: Mapping[str, str]) -> dict[str, str]:
    """Return labels with plain values."""
    return {plain_text(name): plain_text(value) for name, value in labels.items()}


def entries_of(data: Mapping[str, Any], direction: str) -> list[dict[str, Any]]:
    """Return the lines of all streams in one order of time."""
    found = [
        (int(entry[0]), entry[1], plain_labels(stream["stream"]))
        for stream in data["result"]
        for entry in stream["values"]
    ]
    found.sort(key=lambda entry: entry[0], reverse=direction == "backward")
    return [
        {"time": _moment(at), "line": plain_text(line), "labels": labels}
        for at, line, labels in found
    ]


def _moment(nanoseconds: int) -> str:
    seconds, rest = divmod(nanoseconds, 10**9)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"


def _number(text: str) -> float | str:
    value = float(text)
    return value if math.isfinite(value) else text


def vector_view(data: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the result of a metric query at one moment."""
    if data["resultType"] == "scalar":
        return [{"labels": {}, "value": _number(data["result"][1])}]
    return [
        {"labels": plain_labels(item["metric"]), "value": _number(item["value"][1])}
        for item in data["result"]
    ]


def matrix_view(data: Mapping[str, Any], max_points: int) -> list[dict[str, Any]]:
    """Return the result of a metric query over time."""
    return [
        {"labels": plain_labels(item["metric"]), "points": _points(item["values"], max_points)}
        for item in data["result"]
    ]


def _points(values: Sequence[Sequence[Any]], most: int) -> list[list[Any]]:
    return [[moment, _number(value)] for moment, value in values[-most:]]
