"""How answers of Loki are shown: lines and labels without control characters, points few.

In: parts of the JSON that Loki answers with.
Out: dictionaries and lists of a tool's answer.
Must not know: HTTP, MCP, or which tool shows what. Secrets of links are redacted by the toolkit.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from stacktic_mcp.lib.documents import Facts, facts_of, items, objects, pairs, sample, second, text
from stacktic_mcp.lib.text import plain_text

# Nanoseconds as a signed number of 64 bits.
MAX_DIGITS = 19


def plain_labels(labels: Any) -> dict[str, str]:
    """Return labels with plain values."""
    found = facts_of(labels).items()
    return {plain_text(name): plain_text(text(value)) for name, value in found}


def entries_of(data: Facts, direction: str) -> list[dict[str, Any]]:
    """Return the lines of all streams in one order of time; one without a time comes last."""
    found = [
        (_nanoseconds(entry[0]), entry, plain_labels(stream.get("stream")))
        for stream in objects(data.get("result"))
        for entry in pairs(stream.get("values"))
    ]
    sign = -1 if direction == "backward" else 1
    found.sort(key=lambda entry: (entry[0] is None, sign * (entry[0] or 0)))
    return [_entry(at, entry, labels) for at, entry, labels in found]


def _entry(at: int | None, entry: list[Any], labels: dict[str, str]) -> dict[str, Any]:
    """Return a line; what Loki keeps beside it is the third part, where it is asked to part it."""
    time = text(entry[0]) if at is None else _moment(at)
    view = {"time": time, "line": plain_text(text(entry[1])), "labels": labels}
    for beside in map(facts_of, entry[2:3]):
        for name in ("structuredMetadata", "parsed"):
            view["labels"] = labels | plain_labels(beside.get(name))
            labels = view["labels"]
    return view


def _nanoseconds(value: Any) -> int | None:
    told = text(value)
    return int(told) if told.isascii() and told.isdigit() and len(told) <= MAX_DIGITS else None


def _moment(nanoseconds: int) -> str:
    seconds, rest = divmod(nanoseconds, 10**9)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"


def vector_view(data: Facts) -> list[dict[str, Any]]:
    """Return the result of a metric query at one moment."""
    result = data.get("result")
    if data.get("resultType") == "scalar":
        return [{"labels": {}, "value": sample(second(result))}]
    return [
        {"labels": plain_labels(item.get("metric")), "value": sample(second(item.get("value")))}
        for item in objects(result)
    ]


def matrix_view(data: Facts, max_points: int) -> list[dict[str, Any]]:
    """Return the result of a metric query over time."""
    return [
        {
            "labels": plain_labels(item.get("metric")),
            "points": [
                [sample(pair[0]), sample(pair[1])]
                for pair in pairs(item.get("values"))[-max_points:]
            ],
        }
        for item in objects(data.get("result"))
    ]


def warnings_of(reply: Facts) -> list[str]:
    """Return what Loki says of an answer that it could not give in full."""
    return [plain_text(text(warning)) for warning in items(reply.get("warnings"))]
