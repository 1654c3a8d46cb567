"""The input schema of a tool as callers see it.

In: the schema that pydantic makes of an argument model.
Out: the same without what only costs tokens, and with what pydantic checks but does not write.
Must not know: any tool, or how arguments are checked.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import Any, cast


def published(schema: dict[str, Any], optional: AbstractSet[str]) -> dict[str, Any]:
    """Return the schema without titles, closed, and with null for what may be left out."""
    result = cast("dict[str, Any]", _plain(schema))
    result.pop("description", None)
    properties = cast("dict[str, Any]", result.setdefault("properties", {}))
    for name in properties:
        properties[name] = _described(properties[name])
    for name in optional & properties.keys():
        properties[name] = _nullable(properties[name])
        if properties[name].get("default", ...) is None:
            # That it may be null says so already.
            del properties[name]["default"]
    return result


def ensure_described(name: str, schema: dict[str, Any]) -> None:
    """Refuse a tool one of whose arguments says nothing: a model has nothing else to go by."""
    properties = cast("dict[str, dict[str, Any]]", schema["properties"])
    silent = [each for each, part in properties.items() if not part.get("description", "").strip()]
    if silent:
        message = f"the argument `{silent[0]}` of the tool `{name}` has no description"
        raise TypeError(message)


def _described(schema: dict[str, Any]) -> dict[str, Any]:
    """Move the one description of several branches to the front, where every client looks."""
    branches = cast("list[dict[str, Any]]", schema.get("anyOf", []))
    texts = [branch["description"] for branch in branches if "description" in branch]
    if "description" in schema or len(texts) != 1:
        return schema
    bare = [{key: part[key] for key in part if key != "description"} for part in branches]
    return {**schema, "anyOf": bare, "description": texts[0]}


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    """Let null stand for the absence of an optional argument."""
    branches = cast("list[dict[str, Any]]", schema.get("anyOf", []))
    if {"type": "null"} in branches:
        return schema
    about = {key: schema[key] for key in ("default", "description") if key in schema}
    form = {key: item for key, item in schema.items() if key not in about}
    choices = branches if form.keys() == {"anyOf"} else [form]
    return {"anyOf": [*choices, {"type": "null"}], **about}


def _plain(value: Any) -> Any:
    """Drop titles, and refuse names that fit no pattern: pydantic does, but does not say so."""
    if isinstance(value, list):
        return [_plain(item) for item in cast("list[Any]", value)]
    if not isinstance(value, dict):
        return value
    schema = cast("dict[str, Any]", value)
    result: dict[str, Any] = {}
    for key, item in schema.items():
        if key == "title" and isinstance(item, str):
            continue
        if key == "properties" and isinstance(item, dict):
            properties = cast("dict[str, Any]", item)
            result[key] = {name: _plain(part) for name, part in properties.items()}
            continue
        result[key] = item if key in {"default", "enum", "const"} else _plain(item)
    if "patternProperties" in result:
        result.setdefault("additionalProperties", False)
    return result
