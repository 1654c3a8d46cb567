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
    for name in optional & properties.keys():
        properties[name] = _nullable(properties[name])
    return result


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
