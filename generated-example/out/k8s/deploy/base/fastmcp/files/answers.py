"""The result of a tool and the envelope it travels in.

In: what a tool returned, and the budget of its result.
Out: one envelope that is valid against `OUTPUT_SCHEMA`, cut to the budget and saying so.
Must not know: MCP messages, links, or what the data means.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Literal, cast

from typing_extensions import TypeVar

from stacktic_mcp.lib.redaction import Redactor
from stacktic_mcp.lib.refusal import Refusal

TruncatedBy = Literal["rows", "bytes", "cell", "series", "time"]
# The form of an answer's data, which `lib/output_schema.py` publishes.
Data = TypeVar("Data", default=Any)

DEFAULT_BUDGET_BYTES = 32 * 1024
MAX_BUDGET_BYTES = 128 * 1024
DEFAULT_CELL_BYTES = 2 * 1024
MAX_DEPTH = 32
MAX_SAFE_INTEGER = 2**53 - 1

_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)
_LONG_NUMBER = re.compile(rb"[0-9]{16}")
_DEEP = re.compile(rb"[\[{]{8}")

OUTPUT_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "data": {"type": ["object", "array"]},
        "returned": {"type": "integer", "minimum": 0},
        "truncated": {"type": "boolean"},
        "truncated_by": {"enum": ["rows", "bytes", "cell", "series", "time", None]},
        "next_cursor": {"type": ["string", "null"]},
        "elapsed_ms": {"type": "integer", "minimum": 0},
        "link": {"type": "string"},
        "untrusted": {"const": True},
        "redacted": {"type": "boolean"},
    },
    "required": [
        "data",
        "returned",
        "truncated",
        "truncated_by",
        "next_cursor",
        "elapsed_ms",
        "link",
        "untrusted",
        "redacted",
    ],
    "additionalProperties": False,
}


@dataclass
class Answer(Generic[Data]):
    """What a tool function returns; `Answer[list[TableRow]]` says of which form its data is.

    `position_at` tells where the next page starts after n items; with it a list that is cut
    to the byte budget can still be continued. Without it such a cut ends the pages.
    """

    data: Any
    truncated_by: TruncatedBy | None = None
    next_position: Any = None
    returned: int | None = None
    position_at: Callable[[int], Any] | None = None

    @classmethod
    def first(cls, rows: Sequence[Any], limit: int) -> Answer[Data]:
        """Return the first rows of a list, which says so when there are more."""
        return cls(list(rows[:limit]), truncated_by="rows" if len(rows) > limit else None)


@dataclass(frozen=True)
class Budget:
    """How large one result and one string in it may be."""

    result_bytes: int = DEFAULT_BUDGET_BYTES
    cell_bytes: int = DEFAULT_CELL_BYTES

    def __post_init__(self) -> None:
        """No tool may ask for more than the ceiling."""
        if self.result_bytes > MAX_BUDGET_BYTES or self.cell_bytes > MAX_BUDGET_BYTES:
            message = f"a result budget is at most {MAX_BUDGET_BYTES} bytes"
            raise ValueError(message)


@dataclass
class Fitted:
    """An answer that fits its budget, all of it plain JSON."""

    data: Any
    returned: int
    truncated_by: TruncatedBy | None
    next_position: Any
    # The JSON of the data where it is known already.
    text: str | None = None
    # A secret stood in the data, and is masked.
    redacted: bool = False


def fit(answer: Answer, budget: Budget, redact: Callable[[str], str] = str) -> Fitted:
    """Redact and cut strings, then drop whole items, until the data fits; say by what."""
    text = _text(answer.data)
    clean = text is not None and not _touches(redact, text)
    if clean and text is not None and _fits(text, budget):
        returned = answer.returned if answer.returned is not None else _count(answer.data)
        return Fitted(answer.data, returned, answer.truncated_by, answer.next_position, text)
    cells = _Cells(budget.cell_bytes, str if clean else redact)
    data = cells.plain(answer.data, 0)
    if not isinstance(data, (dict, list)):
        data = {"value": data}
    truncated_by = answer.truncated_by or ("cell" if cells.cut else None)
    returned = answer.returned if answer.returned is not None else _count(data)
    if _size(data) <= budget.result_bytes:
        fitted = Fitted(data, returned, truncated_by, answer.next_position)
    else:
        fitted = _cut_items(answer, data, returned, budget.result_bytes)
    fitted.redacted = cells.redacted
    return fitted


def _text(data: Any) -> str | None:
    """Return the JSON of data that is plain JSON already."""
    if not isinstance(data, (dict, list)):
        return None
    try:
        text = encode(data)
        text.encode("utf-8")
    except (TypeError, ValueError, RecursionError):
        return None
    return text


def _touches(redact: Callable[[str], str], text: str) -> bool:
    """Tell whether a string within a JSON text holds a secret."""
    return redact.touches(text) if isinstance(redact, Redactor) else redact(text) != text


def _fits(text: str, budget: Budget) -> bool:
    """Tell whether the JSON of data needs no change at all; in doubt, it does.

    Nearly all results pass here, many times faster than by looking at each string.
    """
    raw = text.encode("utf-8")
    if len(raw) > budget.result_bytes or _LONG_NUMBER.search(raw) or _DEEP.search(raw):
        return False
    if len(raw) <= budget.cell_bytes:
        return True
    # Between two quotes lies a string or what is between strings; an escaped quote blurs that.
    return b'\\"' not in raw and max(map(len, raw.split(b'"'))) <= budget.cell_bytes


def encode_envelope(envelope: Mapping[str, Any], data_text: str | None) -> str:
    """Return an envelope's JSON, with the data's text where it was made before."""
    if data_text is None:
        return encode(envelope)
    rest = {name: value for name, value in envelope.items() if name != "data"}
    return f'{{"data":{data_text},{encode(rest)[1:]}'


def _cut_items(answer: Answer, data: Any, returned: int, budget: int) -> Fitted:
    whole = _count(data)
    longest = _longest_list(data)
    if longest is None:
        raise Refusal("E_LIMIT", "the result is larger than the budget; ask for less")
    spare = budget - (_size(data) - _size(longest))
    dropped = _drop_tail(longest, spare)
    if _size(data) > budget or not longest:
        raise Refusal("E_LIMIT", "a single item is larger than the budget; ask for less")
    kept = len(longest)
    if answer.returned is None:
        returned = _count(data) if isinstance(data, list) else whole
    else:
        returned = max(0, answer.returned - dropped)
    position = answer.position_at(kept) if answer.position_at is not None else None
    return Fitted(data, returned, "bytes", position)


def _drop_tail(items: list[Any], spare: int) -> int:
    """Keep the items whose JSON fits into the spare bytes; return how many were dropped."""
    used = 2
    for index, item in enumerate(items):
        used += _size(item) + 1
        if used - 1 > spare:
            dropped = len(items) - index
            del items[index:]
            return dropped
    return 0


def _longest_list(data: Any) -> list[Any] | None:
    """Return the list that holds most bytes: the data itself, or one two levels down."""
    if isinstance(data, list):
        return cast("list[Any]", data)
    found = _lists_in(data, 2)
    return max(found, key=_size, default=None)


def _lists_in(data: dict[str, Any], depth: int) -> list[list[Any]]:
    found: list[list[Any]] = []
    for value in data.values():
        if isinstance(value, list):
            found.append(cast("list[Any]", value))
        elif isinstance(value, dict) and depth > 1:
            found.extend(_lists_in(cast("dict[str, Any]", value), depth - 1))
    return found


def _count(data: Any) -> int:
    return len(cast("list[Any]", data)) if isinstance(data, list) else 1


def _size(data: Any) -> int:
    return len(encode(data).encode("utf-8"))


def encode(value: Any) -> str:
    """Return compact JSON on one line."""
    return _ENCODER.encode(value)


class _Cells:
    """Turns a value into plain JSON with every string within the cell budget."""

    def __init__(self, limit: int, redact: Callable[[str], str]) -> None:
        self.limit = limit
        self.redact = redact
        self.cut = False
        self.redacted = False

    def plain(self, value: Any, depth: int) -> Any:
        if isinstance(value, str):
            return self._text(value)
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, (int, float)) and self.redact(str(value)) != str(value):
            return self._text(str(value))
        if isinstance(value, int):
            # JavaScript clients lose digits beyond this: a string keeps the value.
            return value if abs(value) <= MAX_SAFE_INTEGER else str(value)
        if isinstance(value, float):
            return value if math.isfinite(value) else str(value)
        if depth > MAX_DEPTH:
            self.cut = True
            return "[nested too deep]"
        return self._container(value, depth)

    def _container(self, value: Any, depth: int) -> Any:
        if isinstance(value, Mapping):
            items = cast("Mapping[Any, Any]", value).items()
            return {self._text(str(key)): self.plain(item, depth + 1) for key, item in items}
        if isinstance(value, (list, tuple, set, frozenset)):
            return [self.plain(item, depth + 1) for item in cast("list[Any]", value)]
        if isinstance(value, (bytes, bytearray)):
            return self._text(value.decode("utf-8", "backslashreplace"))
        return self._text(str(value))

    def _text(self, text: str) -> str:
        whole, text = text, self.redact(text)
        self.redacted = self.redacted or text != whole
        # A character takes at most four bytes, so short texts need no encoding.
        if len(text) * 4 <= self.limit and text.isprintable():
            return text
        raw = text.encode("utf-8", "replace")
        if len(raw) <= self.limit:
            return raw.decode("utf-8")
        self.cut = True
        return raw[: self.limit].decode("utf-8", "ignore")
