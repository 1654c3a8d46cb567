"""Values between JSON and BSON: MongoDB's Extended JSON, of which the server's code is no part.

In: a text of a caller, or a document that MongoDB sent.
Out: values that the driver takes; plain JSON with every value exact, large ones told by their size.
Must not know: links, tools, or what an operator does.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

import bson
from bson import json_util
from bson.codec_options import CodecOptions, DatetimeConversion
from bson.datetime_ms import DatetimeMS
from bson.decimal128 import Decimal128
from bson.errors import BSONError
from bson.objectid import ObjectId
from bson.raw_bson import RawBSONDocument

from stacktic_mcp.core.toolkit import Refusal

MAX_BYTES_SHOWN = 1024
MAX_DOCUMENT_BYTES = 256 * 1024
_INT64 = 2**63
# Texts of a document may be any bytes, and times any year.
_CODEC: CodecOptions[dict[str, Any]] = CodecOptions(
    tz_aware=True,
    unicode_decode_error_handler="backslashreplace",
    datetime_conversion=DatetimeConversion.DATETIME_AUTO,
)
# Each stands alone in its object: a value that JSON has no word for.
_VALUES = frozenset(
    {"$oid", "$date", "$numberInt", "$numberLong", "$numberDouble", "$numberDecimal", "$uuid"}
)


def is_value(document: Mapping[str, Any]) -> bool:
    """Tell whether an object of JSON stands for one value, and is no operator."""
    return len(document) == 1 and set(document) <= _VALUES


def parsed(text: str, what: str) -> Any:
    """Return the JSON of an argument, its values as they came."""
    try:
        return json.loads(text, object_pairs_hook=_distinct, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise Refusal("E_ARG", f"{what} is no JSON, or a name stands in it twice") from None


def as_bson(value: Any) -> Any:
    """Return the value that the driver takes for one of JSON."""
    if isinstance(value, list):
        return [as_bson(item) for item in cast("list[Any]", value)]
    if isinstance(value, int) and not -_INT64 <= value < _INT64:
        raise Refusal("E_ARG", "a whole number has 64 bits at most")
    if not isinstance(value, Mapping):
        return value
    document = cast("dict[str, Any]", value)
    if is_value(document):
        return _special(document)
    return {name: as_bson(item) for name, item in document.items()}


def _special(document: dict[str, Any]) -> Any:
    try:
        made: Any = json_util.object_hook(document)
        bson.encode({"value": made})
    except (BSONError, TypeError, ValueError, ArithmeticError, AttributeError):
        raise Refusal("E_ARG", f"{next(iter(document))} has no value that it takes") from None
    return made


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        message = "a name stands twice"
        raise ValueError(message)
    return found


def _no_constant(text: str) -> Any:
    raise ValueError(text)


def shown(document: RawBSONDocument) -> dict[str, Any]:
    """Return a document as JSON; one that is large is never decoded, and told by its size."""
    raw = document.raw
    if len(raw) > MAX_DOCUMENT_BYTES:
        return {"too_large_bytes": len(raw)}
    decode: Any = cast("Any", bson).decode
    return {name: plain(value) for name, value in decode(raw, _CODEC).items()}


def plain(value: Any) -> Any:
    """Return a value as Extended JSON writes it."""
    if isinstance(value, Mapping):
        items = cast("Mapping[str, Any]", value).items()
        return {str(name): plain(item) for name, item in items}
    if isinstance(value, list):
        return [plain(item) for item in cast("list[Any]", value)]
    if value is None or isinstance(value, (str, bool)):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return value
    return _typed(value)


def _typed(value: Any) -> Any:
    if isinstance(value, ObjectId):
        return {"$oid": str(value)}
    if isinstance(value, datetime):
        return {"$date": value.isoformat().replace("+00:00", "Z")}
    if isinstance(value, DatetimeMS):
        return {"$date": {"$numberLong": str(int(value))}}
    if isinstance(value, Decimal128):
        return {"$numberDecimal": str(value)}
    if isinstance(value, bytes):
        text = base64.b64encode(value[:MAX_BYTES_SHOWN]).decode("ascii")
        return {"$binary": text, "bytes": len(value)}
    return {f"${type(value).__name__.lower()}": str(value)}
