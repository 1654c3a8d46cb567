"""Reduces published schemas to the facts a validator needs.

In: a CRD's openAPIV3Schema or a chart's values.schema.json, as parsed JSON.
Out: the same schema without prose (`Reduction`), and several schemas with their
repeated parts moved into one shared map (`share_parts`).
Must not know where a schema comes from, nor anything about files.
"""

import hashlib
import json
from collections import Counter
from dataclasses import dataclass
from typing import Any

Schema = dict[str, Any]

NAMED_SCHEMAS = ("properties", "patternProperties", "definitions", "$defs", "dependencies")
INNER_SCHEMAS = frozenset(
    [
        "items",
        "additionalProperties",
        "not",
        "if",
        "then",
        "else",
        "contains",
        "oneOf",
        "anyOf",
        "allOf",
    ]
)

# What names a field and its type: kept for every licence.
BARE_WORDS = frozenset(
    [
        "$schema",
        "$ref",
        "$defs",
        "definitions",
        "type",
        "properties",
        "items",
        "additionalProperties",
        "nullable",
        "x-kubernetes-preserve-unknown-fields",
        "x-kubernetes-int-or-string",
    ]
)

# What limits a value as well: kept where the licence lets the content be carried.
LIMIT_WORDS = BARE_WORDS | frozenset(
    [
        "required",
        "enum",
        "const",
        "pattern",
        "patternProperties",
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "multipleOf",
        "minLength",
        "maxLength",
        "minItems",
        "maxItems",
        "uniqueItems",
        "minProperties",
        "maxProperties",
        "not",
        "if",
        "then",
        "else",
        "oneOf",
        "anyOf",
        "allOf",
        "contains",
        "dependencies",
        "x-kubernetes-embedded-resource",
        "x-kubernetes-list-type",
        "x-kubernetes-list-map-keys",
        "x-kubernetes-validations",
    ]
)

SHARED_FROM_BYTES = 90


def compact(value: Any) -> str:
    """One line of JSON, sorted, the same on every machine."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


@dataclass(frozen=True)
class Reduction:
    """How much of a schema is kept."""

    bare: bool
    """Names and types alone."""
    defaults_are_filled: bool
    """The reader of the schema fills defaults before it asks for required fields."""

    def reduce(self, schema: Any) -> Any:
        """Return the schema without prose."""
        if isinstance(schema, list):  # `items` as a tuple, `dependencies` as names
            return [self.reduce(part) for part in schema]
        if not isinstance(schema, dict):
            return schema
        words = BARE_WORDS if self.bare else LIMIT_WORDS
        if self.defaults_are_filled and not self.bare:
            words = words | {"default"}
        reduced = {
            word: self._reduce_word(word, value) for word, value in schema.items() if word in words
        }
        if reduced.get("x-kubernetes-list-type") == "atomic":
            del reduced["x-kubernetes-list-type"]
        if schema.get("format") == "int-or-string":
            reduced["x-kubernetes-int-or-string"] = True
        return _without_defaulted(schema, reduced) if self.defaults_are_filled else reduced

    def _reduce_word(self, word: str, value: Any) -> Any:
        if word in NAMED_SCHEMAS:
            return {name: self.reduce(part) for name, part in value.items()}
        if word == "x-kubernetes-validations":
            return [{"rule": one["rule"]} for one in value]
        return self.reduce(value) if word in INNER_SCHEMAS else value


def _without_defaulted(schema: Schema, reduced: Schema) -> Schema:
    properties = schema.get("properties", {})
    if "required" not in reduced:
        return reduced
    required = [name for name in reduced["required"] if "default" not in properties.get(name, {})]
    others = {word: value for word, value in reduced.items() if word != "required"}
    return {**others, "required": sorted(required)} if required else others


def share_parts(schemas: dict[str, Schema]) -> tuple[dict[str, Schema], dict[str, Schema]]:
    """Return the schemas with `$ref`s, and the parts they refer to.

    Only parts in structural position are shared, never those inside anyOf or not:
    a reader closes the former against unknown fields and must leave the latter open.
    A root stays where it is, because its metadata is read in another way than the rest.
    """
    counts: Counter[str] = Counter()
    for schema in schemas.values():
        for child in _children(schema):
            _count(child, counts)
    repeated = {text for text, n in counts.items() if n > 1 and len(text) >= SHARED_FROM_BYTES}
    parts: dict[str, Schema] = {}
    shared = {name: _refer_children(root, repeated, parts) for name, root in schemas.items()}
    return shared, parts


def _children(schema: Schema) -> list[Schema]:
    children = list(schema.get("properties", {}).values())
    children += [schema[word] for word in ("items", "additionalProperties") if word in schema]
    return [child for child in children if isinstance(child, dict)]


def _count(schema: Schema, counts: Counter[str]) -> None:
    text = compact(schema)
    counts[text] += 1
    if counts[text] == 1:
        for child in _children(schema):
            _count(child, counts)


def _refer(schema: Any, repeated: set[str], parts: dict[str, Schema]) -> Any:
    if not isinstance(schema, dict):
        return schema
    text = compact(schema)
    if text not in repeated:
        return _refer_children(schema, repeated, parts)
    name = hashlib.sha256(text.encode()).hexdigest()[:8]
    if name not in parts:
        parts[name] = _refer_children(schema, repeated, parts)
    return {"$ref": f"#/definitions/{name}"}


def _refer_children(schema: Schema, repeated: set[str], parts: dict[str, Schema]) -> Schema:
    referred = dict(schema)
    if "properties" in schema:
        referred["properties"] = {
            name: _refer(part, repeated, parts) for name, part in schema["properties"].items()
        }
    for word in ("items", "additionalProperties"):
        if word in schema:
            referred[word] = _refer(schema[word], repeated, parts)
    return referred
