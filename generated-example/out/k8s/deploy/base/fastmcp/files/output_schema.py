"""The output schema of a tool: the shared envelope with `data` of its own form.

In: the return annotation of a tool function, `-> Answer[list[TableRow]]`, of typed dictionaries.
Out: the envelope's schema; a plain `-> Answer` leaves `data` as open as the envelope does.
Must not know: any tool, or how an answer is made.

Nothing is described here: a model reads the answer itself. What is listed is all there is, and a
number may come as a text, since one beyond 2^53 or one that repeats a secret does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast, get_args, get_origin, get_type_hints

from fastmcp.utilities.json_schema import dereference_refs
from pydantic import TypeAdapter

from stacktic_mcp.lib.answers import OUTPUT_SCHEMA, Answer

_KEPT = frozenset({"type", "properties", "required", "items", "additionalProperties", "anyOf"})
_NUMBERS = ("integer", "number")


def output_schema(function: Callable[..., Any]) -> dict[str, Any]:
    """Return the output schema of a tool function."""
    annotation = get_type_hints(function, include_extras=True).get("return")
    arguments = get_args(annotation)
    if get_origin(annotation) is not Answer or not arguments or arguments[0] is Any:
        return OUTPUT_SCHEMA
    data = _plain(dereference_refs(TypeAdapter(arguments[0]).json_schema(mode="serialization")))
    if not _is_container(data):
        message = f"`data` of `{function.__name__}` is neither an object nor a list"
        raise TypeError(message)
    return {**OUTPUT_SCHEMA, "properties": {**OUTPUT_SCHEMA["properties"], "data": data}}


def _is_container(data: dict[str, Any]) -> bool:
    branches = cast("list[dict[str, Any]]", data.get("anyOf", [data]))
    return all(branch.get("type") in {"object", "array"} for branch in branches)


def _plain(schema: Any) -> Any:
    """Keep the form alone, in as few words as JSON Schema has for it."""
    if not isinstance(schema, dict):
        return schema
    known = cast("dict[str, Any]", schema)
    if "enum" in known or "const" in known:
        return {key: known[key] for key in ("enum", "const") if key in known}
    result = {key: item for key, item in known.items() if key in _KEPT}
    if "properties" in result:
        properties = cast("dict[str, Any]", result["properties"])
        result["properties"] = {name: _plain(part) for name, part in properties.items()}
        result["additionalProperties"] = False
    elif isinstance(result.get("additionalProperties"), dict):
        result["additionalProperties"] = _plain(result["additionalProperties"])
    if "items" in result:
        result["items"] = _plain(result["items"])
        if not result["items"]:
            del result["items"]
    if result.get("type") in _NUMBERS:
        result["type"] = [result["type"], "string"]
    if "anyOf" in result:
        result = _joined([_plain(branch) for branch in result["anyOf"]])
    return result


def _joined(branches: list[dict[str, Any]]) -> dict[str, Any]:
    """Write branches that are types and nothing else as one list of types."""
    if {} in branches:
        return {}
    simple = [branch["type"] for branch in branches if branch.keys() == {"type"}]
    types: list[str] = []
    for kind in simple:
        types += [kind] if isinstance(kind, str) else kind
    types = list(dict.fromkeys(types))
    others = [branch for branch in branches if branch.keys() != {"type"}]
    if not others:
        return {"type": types[0] if len(types) == 1 else types}
    if not types:
        return {"anyOf": others}
    return {"anyOf": [*others, {"type": types[0] if len(types) == 1 else types}]}
