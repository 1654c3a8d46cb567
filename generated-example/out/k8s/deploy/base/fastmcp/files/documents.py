"""Looks into documents of backends that may be older, newer or odder than the one in mind.

In: decoded JSON.
Out: its parts, with nothing instead of an error where a part is absent or of another kind.
Must not know: any product.

Nothing is not zero: a number that was not told is `None` in a view, and a guard that decides by
it refuses (`known_number`). What is a list as a whole must be one: an answer of another form is
refused, so that it is never read as an empty one.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, cast

from stacktic_mcp.lib.refusal import Refusal

Facts = Mapping[str, Any]

UNKNOWN_FORM = "the backend answered in a form that is not known"
MAX_NESTING = 64


def at(document: Any, *path: str) -> Any:
    """Return what stands at a path, nothing when a part of it is absent."""
    found = document
    for name in path:
        found = cast("Facts", found).get(name) if isinstance(found, Mapping) else None
    return found


def facts_of(value: Any) -> Facts:
    """Return an object as it is, and an empty one for everything else."""
    return cast("Facts", value) if isinstance(value, Mapping) else {}


def objects(value: Any) -> list[Facts]:
    """Return the entries of a list as objects; one of another kind counts, but tells nothing."""
    return [facts_of(item) for item in items(value)]


def texts(value: Any) -> list[str]:
    """Return the entries of a list as texts."""
    return [text(item) for item in items(value)]


def items(value: Any) -> list[Any]:
    """Return a list as it is, and an empty one for everything else."""
    return cast("list[Any]", value) if isinstance(value, list) else []


def pairs(value: Any) -> list[list[Any]]:
    """Return the entries that are lists of two or more, such as a time and a value."""
    return [pair for pair in map(items, items(value)) if len(pair) > 1]


def second(pair: Any) -> Any:
    """Return what stands beside a time, nothing when nothing does."""
    return next(iter(pairs([pair])), [None, None])[1]


def ensure_object(value: Any) -> Facts:
    """Return an answer that has to be an object."""
    if not isinstance(value, Mapping):
        raise Refusal("E_UNAVAILABLE", UNKNOWN_FORM)
    return cast("Facts", value)


def ensure_list(value: Any) -> list[Any]:
    """Return an answer that has to be a list; programs in Go write an empty one as null."""
    if value is not None and not isinstance(value, list):
        raise Refusal("E_UNAVAILABLE", UNKNOWN_FORM)
    return cast("list[Any]", value or [])


def text(value: Any) -> str:
    """Return a text as it is, nothing as an empty one, everything else as its JSON."""
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False, default=str)


def word(value: Any) -> str | None:
    """Return a text as it is; everything else is not known."""
    return value if isinstance(value, str) else None


def flag(value: Any) -> bool | None:
    """Return what is true or false; everything else is not known."""
    return value if isinstance(value, bool) else None


def count(value: Any) -> int | None:
    """Return a whole number that counts something; everything else is not known."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if type(value) is int and value >= 0 else None


def number(value: Any) -> float | None:
    """Return a finite number; everything else is not known."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return value if math.isfinite(value) else None


def known_number(value: Any, what: str) -> int:
    """Return a count that a guard decides by; refuse when it is not known."""
    told = count(value)
    if told is None:
        raise Refusal("E_UNAVAILABLE", f"the backend does not tell {what}, so nothing is done")
    return told


def sample(value: Any) -> float | str | None:
    """Return a sample that came as text; what JSON has no number for stays a word."""
    if not isinstance(value, str):
        return number(value)
    try:
        parsed = float(value)
    except ValueError:
        return value
    return parsed if math.isfinite(parsed) else value


def mean(values: Sequence[float]) -> float | None:
    """Return the mean of finite numbers, also where their sum has no number."""
    if not values:
        return None
    try:
        return math.fsum(values) / len(values)
    except OverflowError:
        return math.fsum(value / len(values) for value in values)
