"""A query as Trino lists it, shown in one flat line.

In: one entry of /v1/query (BasicQueryInfo).
Out: what says how far it is and what it takes; no address, session or user.
Must not know: HTTP, links.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from stacktic_mcp.lib.text import plain_text

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_SQL_CHARACTERS = 400
MAX_WORD_CHARACTERS = 64
_WAITING = frozenset({"QUEUED", "WAITING_FOR_RESOURCES", "DISPATCHING"})
_ENDED = frozenset({"FINISHED", "FAILED"})
_STATS = {
    "elapsed": "elapsedTime",
    "queued": "queuedTime",
    "cpu": "totalCpuTime",
    "rows_read": "rawInputPositions",
    "data_read": "rawInputDataSize",
    "memory": "userMemoryReservation",
    "peak_memory": "peakUserMemoryReservation",
    "progress": "progressPercentage",
}


def query_line(info: Mapping[str, Any]) -> dict[str, Any]:
    """Return the line of one query."""
    found = info.get("queryStats")
    stats = cast("dict[str, Any]", found) if isinstance(found, dict) else {}
    state = _word(info.get("state"))
    error = info.get("errorCode")
    name = cast("dict[str, Any]", error).get("name") if isinstance(error, dict) else None
    return {
        "query_id": _word(info.get("queryId")),
        "state": state,
        "group": "queued" if state in _WAITING else "ended" if state in _ENDED else "running",
        "created": _word(stats.get("createTime")),
        **{ours: _number_or_word(stats.get(theirs)) for ours, theirs in _STATS.items()},
        "error": None if name is None else _word(name),
        "sql": plain_text(str(info.get("query", ""))[:MAX_SQL_CHARACTERS]),
    }


def _number_or_word(value: Any) -> Any:
    return value if value is None or isinstance(value, (int, float)) else _word(value)


def _word(value: Any) -> str:
    return plain_text(str(value if value is not None else "")[:MAX_WORD_CHARACTERS])
