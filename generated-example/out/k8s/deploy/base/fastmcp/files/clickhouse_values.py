"""Values of ClickHouse as JSON that says what they are.

In: a parsed cell and the type of its column.
Out: plain JSON: exact text where a number would lose digits, a mark where bytes were encoded.
Must not know: lines, HTTP, links.
"""

from __future__ import annotations

import base64
import re
from typing import Any, cast

from stacktic_mcp.tools.clickhouse.clickhouse_lines import MAX_CELL_CHARACTERS, Number

# A server whose profile does not ask for their names writes all three as null.
NOT_FINITE = "NaN or infinite"
_HALF_CHARACTER = re.compile("[\ud800-\udfff]")
_BYTE_ESCAPE = re.compile("[\udc80-\udcff]")
_WHOLE_NUMBER = re.compile(r"(?:Nullable\(|LowCardinality\()*U?Int\d+\)*")
# A column that holds nothing but these: its numbers are floats, and none of them is NULL.
MAX_DEPTH = 40
_ONLY_FLOATS = re.compile(r"^(?!.*(?:Decimal|Dynamic|Variant|JSON|Object)).*Float")
_FLOATS = re.compile(r"(?:Array\()*B?Float\d+\)*")


def shown(value: Any, kind: str) -> Any:
    """Return a cell as it is shown."""
    if isinstance(value, str) and not isinstance(value, Number) and _WHOLE_NUMBER.fullmatch(kind):
        # Servers before 25.8 put large whole numbers in quotes.
        return int(value) if value.lstrip("-").isdigit() else value
    return _plain(value, kind, 0)


def _plain(value: Any, kind: str, depth: int) -> Any:
    if isinstance(value, Number):
        return _number(value, kind)
    if isinstance(value, str):
        return _text(value)
    if value is None:
        return NOT_FINITE if _FLOATS.fullmatch(kind) else None
    if isinstance(value, (list, dict)):
        # What lies deeper is never shown.
        container = cast("list[Any] | dict[str, Any]", value)
        return container if depth > MAX_DEPTH else _container(container, kind, depth)
    # 1.00 is written as 1: within one column a decimal is always a text.
    whole = isinstance(value, int) and not isinstance(value, bool)
    return str(value) if whole and "Decimal" in kind and "Int" not in kind else value


def _container(value: list[Any] | dict[str, Any], kind: str, depth: int) -> Any:
    if isinstance(value, list):
        return [_plain(item, kind, depth + 1) for item in value]
    return {_name(name): _plain(item, kind, depth + 1) for name, item in value.items()}


def _number(text: Number, kind: str) -> float | str:
    """Return a fraction; of a decimal only its text holds every digit."""
    if _ONLY_FLOATS.search(kind):
        return float(text)
    exact = "Decimal" not in kind and repr(float(text)) == text
    return float(text) if exact else str(text)


def _text(value: str) -> Any:
    """Return a text; what is none, as base64 that says so."""
    if not _HALF_CHARACTER.search(value):
        return value[: MAX_CELL_CHARACTERS + 1]
    if _HALF_CHARACTER.sub("", value) != _BYTE_ESCAPE.sub("", value):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    # Of bytes as many are kept as give a text within a cell.
    raw = value.encode("utf-8", "surrogateescape")[: MAX_CELL_CHARACTERS * 3 // 4 + 1]
    return {"encoding": "base64", "value": base64.b64encode(raw).decode("ascii")}


def _name(name: str) -> str:
    return name.encode("utf-8", "backslashreplace").decode("utf-8")
