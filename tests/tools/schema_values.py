"""Values made from a JSON schema: those that fit it, those that nearly do, and any others.

In: a schema as tools publish it, a source of random numbers.
Out: values, and a judge that reads patterns as ECMA-262 does.
Must not know: any tool, or how the server checks arguments.
"""

from __future__ import annotations

import importlib
import random
import re
from collections.abc import Iterator
from typing import Any, cast

from jsonschema import Draft202012Validator, ValidationError

# Neither has types: a pattern is read here with the parser that `re` itself uses.
op: Any = importlib.import_module("re._constants")
regex: Any = importlib.import_module("re._parser")

SIGNS = [
    "a",
    "Z",
    "0",
    "_",
    "-",
    ".",
    " ",
    "/",
    "é",
    "字",
    "😀",
    "\u202e",
    "\n",
    "\t",
    "\x00",
    "\x7f",
]
ODD: list[Any] = [
    None, True, False, 0, 1, -1, 1.0, -0.0, 1.5, 1e3, 2**31, 2**53, -(2**53) - 1, 10**30, 1e17,
    1e308, "", "1", "true", "null", "a", "A b", "é" * 70, "😀", "now", "a\n", "\n", "a\x00",
    "x" * 5000,
    [], [1], [None], ["a", "a"], {}, {"a": None}, {"": 1}, {"a\n": 1}, {"É": "x"}, {"a": [1, [2]]},
]  # fmt: skip


def _ends_like_ecma(pattern: str) -> str:
    """Return a pattern for Python, whose `$` would take a line end behind the text as well."""
    return pattern.replace("$", r"\Z") if pattern.endswith("$") else pattern


def _pattern(_: Any, pattern: str, value: Any, __: Any) -> Iterator[ValidationError]:
    if isinstance(value, str) and not re.search(_ends_like_ecma(pattern), value):
        yield ValidationError("no match")


def _pattern_properties(
    validator: Any, patterns: dict[str, Any], value: Any, _: Any
) -> Iterator[ValidationError]:
    if isinstance(value, dict):
        for pattern, schema in patterns.items():
            for name, item in cast("dict[str, Any]", value).items():
                if re.search(_ends_like_ecma(pattern), name):
                    yield from validator.descend(item, schema)


def _additional(
    validator: Any, allowed: Any, value: Any, schema: dict[str, Any]
) -> Iterator[ValidationError]:
    """Judge the properties that neither a name nor a pattern covers."""
    if not isinstance(value, dict):
        return
    patterns = [_ends_like_ecma(pattern) for pattern in schema.get("patternProperties", {})]
    for name, item in cast("dict[str, Any]", value).items():
        known = name in schema.get("properties", {})
        if not known and not any(re.search(pattern, name) for pattern in patterns):
            yield from validator.descend(item, allowed)


Judge: Any = importlib.import_module("jsonschema.validators").extend(
    Draft202012Validator,
    {
        "pattern": _pattern,
        "patternProperties": _pattern_properties,
        "additionalProperties": _additional,
    },
)


class Values:
    """A maker of values for one schema."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def fitting(self, schema: dict[str, Any]) -> Any:
        """Return a value that fits."""
        if "anyOf" in schema:
            return self.fitting(self.random.choice(schema["anyOf"]))
        if "enum" in schema:
            return self.random.choice(schema["enum"])
        if "const" in schema:
            return schema["const"]
        kind = schema.get("type")
        if kind is None:
            return self.random.choice(ODD)
        return getattr(self, f"_{kind}")(schema)

    def arguments(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Return arguments: those that are required, and some of the others."""
        required = schema.get("required", [])
        return {
            name: self.fitting(part)
            for name, part in schema["properties"].items()
            if name in required or self.random.random() < 0.5
        }

    def spoiled(self, value: Any) -> Any:
        """Return a value that differs in one place, which may or may not fit still."""
        if isinstance(value, dict) and value and self.random.random() < 0.7:
            facts = cast("dict[str, Any]", value)
            return self._spoiled_object(facts, self.random.choice(sorted(facts)))
        if isinstance(value, list) and value and self.random.random() < 0.7:
            items = cast("list[Any]", value)
            place = self.random.randrange(len(items))
            return [*items[:place], self.spoiled(items[place]), *items[place + 1 :]]
        return self._spoiled_scalar(value)

    def _spoiled_scalar(self, value: Any) -> Any:
        if isinstance(value, str) and self.random.random() < 0.7:
            place = self.random.randint(0, len(value))
            sign = self.random.choice(SIGNS)
            return self.random.choice([value[:place] + sign + value[place:], value * 40, value[1:]])
        if type(value) is int and self.random.random() < 0.7:
            near: list[Any] = [float(value), value + 0.5, value * 1000, -value, str(value)]
            return self.random.choice(near)
        return self.random.choice(ODD)

    def _spoiled_object(self, value: dict[str, Any], name: str) -> dict[str, Any]:
        rest = {key: item for key, item in value.items() if key != name}
        return self.random.choice(
            [
                rest,
                value | {"unknown": 1},
                value | {name: None},
                rest | {f"{name}\n": value[name]},
                value | {name: self.spoiled(value[name])},
                value | {name: self.spoiled(value[name])},
            ]
        )

    def _null(self, _: dict[str, Any]) -> None:
        return None

    def _boolean(self, _: dict[str, Any]) -> bool:
        return self.random.random() < 0.5

    def _integer(self, schema: dict[str, Any]) -> float:
        low, high = schema.get("minimum", -(2**40)), schema.get("maximum", 2**40)
        value = self.random.choice([low, high, self.random.randint(low, high)])
        # JSON has one kind of numbers: a whole one may be written with a point.
        return float(value) if abs(value) < 2**53 and self.random.random() < 0.3 else value

    def _number(self, schema: dict[str, Any]) -> float:
        low, high = schema.get("minimum", -1e9), schema.get("maximum", 1e9)
        return self.random.choice([low, high, self.random.uniform(low, high)])

    def _array(self, schema: dict[str, Any]) -> list[Any]:
        low = schema.get("minItems", 0)
        size = self.random.randint(low, min(schema.get("maxItems", 3), low + 3))
        return [self.fitting(schema.get("items", {})) for _ in range(size)]

    def _object(self, schema: dict[str, Any]) -> dict[str, Any]:
        if "properties" in schema:
            return self.arguments(schema)
        low = schema.get("minProperties", 0)
        size = self.random.randint(low, min(schema.get("maxProperties", 3), low + 3))
        names = schema.get("propertyNames", {"minLength": 1, "maxLength": 5})
        values: Any = schema.get("additionalProperties")
        for pattern, part in schema.get("patternProperties", {}).items():
            names, values = {"pattern": pattern}, part
        values = cast("dict[str, Any]", values) if isinstance(values, dict) else {}
        return {self._string(names): self.fitting(values) for _ in range(size)}

    def _string(self, schema: dict[str, Any]) -> str:
        low, high = schema.get("minLength", 0), schema.get("maxLength", 300)
        if "pattern" not in schema:
            size = self.random.choice([low, min(high, low + 3), min(high, 300)])
            return "".join(self.random.choice(SIGNS) for _ in range(size))
        for _ in range(100):
            made = "".join(self._matching(regex.parse(schema["pattern"])))
            if low <= len(made) <= high:
                return made
        message = f"no text for {schema['pattern']}"
        raise AssertionError(message)

    def _matching(self, parts: Any) -> Iterator[str]:
        """Write a text that a parsed pattern matches."""
        for code, argument in parts:
            if code is op.LITERAL:
                yield chr(argument)
            elif code is op.IN:
                yield self._one_of(argument)
            elif code is op.NOT_LITERAL:
                yield self._one_of([(op.NEGATE, None), (op.LITERAL, argument)])
            elif code is op.MAX_REPEAT:
                low, high, inner = argument
                for _ in range(self.random.randint(low, min(high, low + 3))):
                    yield from self._matching(inner)
            elif code is op.SUBPATTERN:
                yield from self._matching(argument[3])
            elif code is op.BRANCH:
                yield from self._matching(self.random.choice(argument[1]))
            elif code is not op.AT:
                message = f"{code} is not among what all regular expressions have in common"
                raise AssertionError(message)

    def _one_of(self, members: list[tuple[Any, Any]]) -> str:
        spans = [
            (argument, argument) if code is op.LITERAL else argument
            for code, argument in members
            if code in {op.LITERAL, op.RANGE}
        ]
        if members[0][0] is op.NEGATE:
            free = [
                sign for sign in SIGNS if not any(low <= ord(sign) <= high for low, high in spans)
            ]
            return self.random.choice(free)
        return chr(self.random.randint(*self.random.choice(spans)))
