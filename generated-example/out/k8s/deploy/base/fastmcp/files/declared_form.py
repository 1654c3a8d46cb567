"""Holds an answer to the form that its tool declares, before a client would have to refuse it.

In: the schema of `data`, as `output_schema` writes it; an answer's data, plain JSON.
Out: the first place where the data is of another form, nothing when there is none.
Must not know: any tool, or what is done about it.

Clients compare an answer with the tool's output schema and throw away what differs, with words
that tell a model nothing. A backend may be older, newer or odder than the one in mind, so the
same comparison is made here. It is done by pydantic's compiled validator: reading the schema at
each answer in Python takes fifty times as long as writing the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from pydantic_core import CoreSchema, SchemaValidator, ValidationError, core_schema

Schema = Mapping[str, Any]
# What pydantic writes into a place for a branch of several; it is no part of the data.
_BRANCH = ""
MAX_PLACE_CHARACTERS = 100

_SIMPLE: dict[str, Callable[[], CoreSchema]] = {
    "string": lambda: core_schema.str_schema(strict=True),
    # JSON has one kind of number: 5.0 is whole.
    "integer": lambda: _one_of(
        [core_schema.int_schema(strict=True), core_schema.float_schema(strict=True, multiple_of=1)]
    ),
    "number": lambda: core_schema.float_schema(strict=True),
    "boolean": lambda: core_schema.bool_schema(strict=True),
    "null": core_schema.none_schema,
}


class DeclaredForm:
    """The form of one tool's data."""

    def __init__(self, schema: Schema) -> None:
        """Compile the schema once; calls only run it."""
        self._validator = SchemaValidator(_compiled(schema))

    def first_difference(self, data: Any) -> str | None:
        """Return where the data differs, as `0.rows`, and never what stands there."""
        try:
            self._validator.validate_python(data)
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False, include_input=False)[0]
            place = ".".join(str(part) for part in first["loc"] if part != _BRANCH)
            return place[:MAX_PLACE_CHARACTERS] or "all of it"
        return None


def _compiled(schema: Schema) -> CoreSchema:
    if "enum" in schema or "const" in schema:
        return core_schema.literal_schema(schema.get("enum") or [schema["const"]])
    branches = [_compiled(branch) for branch in schema.get("anyOf", ())]
    kinds = schema.get("type")
    if branches:
        return _one_of(branches)
    if kinds is None:
        return core_schema.any_schema()
    kinds = [kinds] if isinstance(kinds, str) else kinds
    return _one_of([_of_kind(kind, schema) for kind in kinds])


def _one_of(branches: list[CoreSchema]) -> CoreSchema:
    if len(branches) == 1:
        return branches[0]
    return core_schema.union_schema([(branch, _BRANCH) for branch in branches])


def _of_kind(kind: str, schema: Schema) -> CoreSchema:
    if kind == "object":
        return _object(schema)
    if kind == "array":
        items = schema.get("items")
        return core_schema.list_schema(_compiled(items) if items else None, strict=True)
    return _SIMPLE[kind]()


def _object(schema: Schema) -> CoreSchema:
    properties = cast("Mapping[str, Schema] | None", schema.get("properties"))
    others: Any = schema.get("additionalProperties", True)
    if properties is None:
        values = _compiled(cast("Schema", others)) if isinstance(others, Mapping) else None
        return core_schema.dict_schema(core_schema.str_schema(), values, strict=True)
    required = set(schema.get("required", ()))
    fields = {
        name: core_schema.typed_dict_field(_compiled(part), required=name in required)
        for name, part in properties.items()
    }
    behaviour = "forbid" if others is False else "allow"
    return core_schema.typed_dict_schema(fields, extra_behavior=behaviour, strict=True)
