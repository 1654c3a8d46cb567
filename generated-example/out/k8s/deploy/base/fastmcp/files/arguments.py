"""Arguments of a tool: from a Python signature to a closed JSON schema, and back to values.

In: an async function whose first parameter is `link`, the links it serves, raw JSON arguments.
Out: the input schema, and validated values; every mistake is a `Refusal`.
Must not know: what a tool does, or how its result travels.

The values of a closed list are the sorted union over the links that are offered, so that the
generator can derive the same schema. Which instance is meant is the argument `component`,
present only when several are linked (`instance` when the tool has a `component` of its own).

What the schema takes is what is taken here, and the other way round: 1.0 is a whole number,
since JSON has one kind of numbers, and null for an optional argument is its absence, since
clients send it. Patterns are written in what all regular expressions have in common.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, cast, get_type_hints

from fastmcp.utilities.json_schema import dereference_refs
from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model
from pydantic.fields import FieldInfo
from pydantic_core import core_schema

from stacktic_mcp.lib.input_schema import published
from stacktic_mcp.lib.links import Link
from stacktic_mcp.lib.refusal import Refusal

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler

MAX_CURSOR_CHARACTERS = 4096
# Public names stay free for tool arguments: `schema` and `copy` are methods of a model.
FIELD_PREFIX = "argument_"
NOT_JSON = "the arguments are not plain JSON"

_schema_links: ContextVar[Sequence[Link]] = ContextVar("stacktic_schema_links", default=())


@dataclass(frozen=True)
class Choice:
    """Marks an argument whose value is one of a closed list made from the topology."""

    name: str

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        """Check the value after its type."""
        return core_schema.with_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Publish the closed list."""
        json_schema = handler(schema)
        target = json_schema["items"] if json_schema.get("type") == "array" else json_schema
        target["enum"] = union_of_enum(_schema_links.get(), self.name)
        return json_schema

    def _check(self, value: Any, info: core_schema.ValidationInfo[Any]) -> Any:
        link = cast("Link", cast("dict[str, Any]", info.context)["link"])
        allowed = link.enums.get(self.name, ())
        values = _as_list(value)
        if any(item not in allowed for item in values):
            hint = f"the value is not one of the {self.name} linked through {link.component}"
            raise Refusal("E_SCOPE", hint, allowed)
        return value


class CursorMark:
    """Marks the cursor argument: a text for the caller, a position for the tool."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        """Take a short text or nothing."""
        del source, handler
        text = core_schema.str_schema(max_length=MAX_CURSOR_CHARACTERS, strict=True)
        return core_schema.nullable_schema(text)


DryRun = Annotated[
    bool, Field(description="true (default): nothing is changed, told instead; false: carried out")
]
# Where nothing is lost by a call, the tool acts unless it is asked not to.
DryRunOnRequest = Annotated[
    bool, Field(description="false (default): carried out; true: nothing is changed, told instead")
]
Position = Annotated[Any, CursorMark(), Field(description="next_cursor of a page")]


def _as_list(value: Any) -> list[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else [value]


def public_name(name: str) -> str:
    """Return the name callers use: `from_` is `from`, which Python keeps for itself."""
    return name.removesuffix("_")


def union_of_enum(links: Sequence[Link], name: str) -> list[str]:
    """Return the sorted union of one closed list over several instances."""
    return sorted({value for link in links for value in link.enums.get(name, ())})


class ArgumentModel(BaseModel):
    """Closed and strict: an unknown argument is a mistake, and "1" is not 1."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


@dataclass(frozen=True)
class Bound:
    """The arguments of one call, ready for the tool."""

    link: Link
    values: dict[str, Any]
    cursor: str | None


class Arguments:
    """The arguments of one tool over the links it serves."""

    def __init__(
        self,
        function: Callable[..., Awaitable[Any]],
        links: Sequence[Link],
        offered: Sequence[Link] | None = None,
    ) -> None:
        """Read the signature once, at registration; the schema names the links `offered`."""
        if not inspect.iscoroutinefunction(function):
            message = f"`{function.__name__}` is not an async function"
            raise TypeError(message)
        self.links = tuple(links)
        self._offered = self.links if offered is None else tuple(offered)
        hints = get_type_hints(function, include_extras=True)
        parameters = list(inspect.signature(function).parameters.values())
        if not parameters or parameters[0].name != "link":
            message = f"the first parameter of `{function.__name__}` is not `link`"
            raise TypeError(message)
        self.names = [parameter.name for parameter in parameters[1:]]
        self._optional = {
            public_name(parameter.name)
            for parameter in parameters[1:]
            if parameter.default is not parameter.empty
        }
        self.cursor_name = _cursor_name(self.names, hints)
        self.instance_name = self._instance_name()
        self._model = _model_of(function.__name__, parameters[1:], hints)
        self.schema = self._schema()

    def bind(self, raw: Mapping[str, Any]) -> Bound:
        """Validate raw arguments; the first mistake is told in words without the value."""
        rest = {
            name: value
            for name, value in raw.items()
            if value is not None or name not in self._optional
        }
        link = self._link(rest)
        try:
            text = json.dumps(_with_whole_numbers(rest), allow_nan=False)
            model = self._model.model_validate_json(text, context={"link": link})
        except ValidationError as error:
            raise self._mistake(error) from None
        except (TypeError, ValueError, RecursionError):
            raise Refusal("E_ARG", NOT_JSON) from None
        values = {name: getattr(model, FIELD_PREFIX + name) for name in self.names}
        cursor = values.get(self.cursor_name) if self.cursor_name else None
        return Bound(link, values, cursor)

    def closed_values(self, name: str) -> list[Any]:
        """Return the closed list of an argument, empty when it takes free values."""
        schema = self.schema["properties"].get(name, {})
        branches = [schema, schema.get("items", {}), *schema.get("anyOf", [])]
        for branch in branches:
            for part in (branch, branch.get("items", {})):
                if "enum" in part:
                    return part["enum"]
                if "const" in part:
                    return [part["const"]]
        return []

    def _instance_name(self) -> str:
        return "instance" if "component" in self.names else "component"

    def _link(self, rest: dict[str, Any]) -> Link:
        if len(self.links) == 1:
            return self.links[0]
        names = sorted(link.component for link in self._offered)
        wanted = rest.pop(self.instance_name, None)
        for link in self.links:
            if link.component == wanted:
                return link
        hint = f"`{self.instance_name}` must be one of the linked components"
        raise Refusal("E_ARG" if wanted is None else "E_SCOPE", hint, names)

    def _schema(self) -> dict[str, Any]:
        token = _schema_links.set(self._offered)
        try:
            schema = self._model.model_json_schema()
        finally:
            _schema_links.reset(token)
        schema = published(dereference_refs(schema), self._optional)
        if len(self.links) > 1:
            self._add_instance(schema)
        return schema

    def _add_instance(self, schema: dict[str, Any]) -> None:
        names = sorted({link.component for link in self._offered})
        choice = {"description": "a linked component", "enum": names, "type": "string"}
        schema["properties"] = {self.instance_name: choice, **schema["properties"]}
        schema["required"] = [self.instance_name, *schema.get("required", [])]

    def _mistake(self, error: ValidationError) -> Refusal:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        if first["type"] == "json_invalid":
            return Refusal("E_ARG", NOT_JSON)
        place = ".".join(str(part) for part in first["loc"])[:100]
        if first["type"] == "extra_forbidden":
            names = [public_name(name) for name in self.names]
            return Refusal("E_ARG", f"there is no argument `{place}`", names)
        allowed = self.closed_values(str(first["loc"][0])) if first["loc"] else []
        texts = [str(value) for value in allowed if value is not None]
        return Refusal("E_ARG", f"argument `{place}`: {first['msg']}", texts)


def _cursor_name(names: Sequence[str], hints: Mapping[str, Any]) -> str | None:
    for name in names:
        metadata = getattr(hints.get(name), "__metadata__", ())
        if any(isinstance(mark, CursorMark) for mark in metadata):
            return name
    return None


def _model_of(
    name: str, parameters: Sequence[inspect.Parameter], hints: Mapping[str, Any]
) -> type[BaseModel]:
    fields: dict[str, Any] = {}
    for parameter in parameters:
        if parameter.kind not in {parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY}:
            message = f"`{name}` takes a variable list of arguments"
            raise TypeError(message)
        annotation: Any = hints[parameter.name]
        default: Any = ... if parameter.default is parameter.empty else parameter.default
        if isinstance(default, FieldInfo):
            annotation, default = Annotated[annotation, default], default.get_default()
        field = Field(default=default, alias=public_name(parameter.name))
        fields[FIELD_PREFIX + parameter.name] = (annotation, field)
    return create_model(name, __base__=ArgumentModel, **fields)


def _with_whole_numbers(value: Any) -> Any:
    """Return a value with 1.0 written as 1, which is the same number in JSON."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        items = cast("dict[Any, Any]", value).items()
        return {name: _with_whole_numbers(item) for name, item in items}
    if isinstance(value, (list, tuple)):
        return [_with_whole_numbers(item) for item in cast("list[Any]", value)]
    return value
