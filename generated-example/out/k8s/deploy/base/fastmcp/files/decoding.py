"""JSON and bytes of a backend as values that a caller's JSON can hold.

In: bytes that a backend sent.
Out: plain values: exact text where a number or half a character is none, a mark on encoded bytes.
Must not know: which backend sent them, HTTP, MCP.

A text of few bytes can become many objects, so what a document will weigh is estimated before
any of it is read; one that is too heavy is refused.
"""

from __future__ import annotations

import base64
import json
import re
from decimal import Decimal
from typing import Any, cast

from stacktic_mcp.lib.refusal import Refusal

MAX_WEIGHT_BYTES = 32 * 1024 * 1024
# What one object, one list, one name and one item take in CPython 3.12 at most, beside its text.
CONTAINER_BYTES = 112
NAME_BYTES = 64
ITEM_BYTES = 56
# A float keeps this many digits of any decimal.
SAFE_DIGITS = 15
# Half of a character pair may stand in a JSON text as an escape, but in no text that is sent on.
_HALF = re.compile(rb"\\u[dD][89a-fA-F]")


def decode_json(raw: bytes | str) -> Any:
    """Return the value of a JSON text; a `ValueError` tells that it is none."""
    data = raw.encode("utf-8", "surrogatepass") if isinstance(raw, str) else raw
    if weight(data) > MAX_WEIGHT_BYTES:
        raise Refusal("E_LIMIT", "the backend answered with too much; ask for less")
    try:
        value = json.loads(data, parse_float=exact_number, parse_int=_whole, parse_constant=str)
        return _without_halves(value) if _HALF.search(data) else value
    except RecursionError:
        message = "the JSON is nested too deep"
        raise ValueError(message) from None


def _without_halves(value: Any) -> Any:
    """Write half of a character pair as the escape that it came as."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, list):
        return [_without_halves(item) for item in cast("list[Any]", value)]
    if isinstance(value, dict):
        items = cast("dict[str, Any]", value).items()
        return {_without_halves(name): _without_halves(item) for name, item in items}
    return value


def weight(data: bytes) -> int:
    """Return how much memory the values of a JSON text take, rather too much than too little."""
    containers = data.count(b"{") + data.count(b"[")
    # One character beyond the first 256 of Unicode widens the text that it stands in.
    width = 1 if data.isascii() else 4
    structure = containers * CONTAINER_BYTES + data.count(b":") * NAME_BYTES
    return structure + data.count(b",") * ITEM_BYTES + len(data) * width


def exact_number(text: str) -> float | str:
    """Return a decimal as a float when that keeps its value, else as the text it came as."""
    value = float(text)
    if len(text) <= SAFE_DIGITS and "e" not in text and "E" not in text:
        return value
    if value in {float("inf"), float("-inf")}:
        return text
    # What a float prints is the shortest text that leads back to it.
    return value if Decimal(text) == Decimal(repr(value)) else text


def _whole(text: str) -> int | str:
    # Python refuses integers of more than 4300 digits; they stay the text that they are.
    return int(text) if len(text) <= 1000 else text  # noqa: PLR2004 -- far beyond any number type


def encoded(raw: bytes) -> dict[str, str]:
    """Return bytes as text where they are text, else as base64, and say which."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return {"encoding": "base64", "value": base64.b64encode(raw).decode("ascii")}
    # Control characters take six characters each in JSON, more than base64 does.
    if len(json.dumps(text, ensure_ascii=False)) > 2 + len(text) * 3 // 2:
        return {"encoding": "base64", "value": base64.b64encode(raw).decode("ascii")}
    return {"encoding": "utf-8", "value": text}


def whole_characters(raw: bytes) -> bytes:
    """Drop the start of a character that the end of a slice has cut, if the rest is text."""
    for cut in range(min(4, len(raw))):
        head = raw[: len(raw) - cut]
        try:
            head.decode("utf-8")
        except UnicodeDecodeError:
            continue
        return head
    return raw
