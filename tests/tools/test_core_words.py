"""What a tool says of itself before it is called: title, described arguments, form of its data."""

from __future__ import annotations

from typing import Annotated, Any, NotRequired, TypedDict

import jsonschema
import pytest
from pydantic import Field

import samples.sample_tools
from conftest import LinkFacts, MakeTools
from stacktic_mcp.core.lock import hashes_of
from stacktic_mcp.core.toolkit import Answer, DryRun, DryRunOnRequest, Link, Refusal, Toolset
from stacktic_mcp.lib.answers import OUTPUT_SCHEMA
from stacktic_mcp.lib.instructions import Service, instructions
from stacktic_mcp.lib.output_schema import output_schema
from stacktic_mcp.lib.titles import Introduction, title_of

pytestmark = pytest.mark.anyio

SAMPLE = LinkFacts("sample", "fastmcp-sample", "MCP_SAMPLE", enums={"databases": ["app_db"]})


class Part(TypedDict):
    """A part of a row."""

    size: int | None


class Row(TypedDict):
    """A row."""

    name: str
    parts: list[Part]
    labels: dict[str, str]
    other: NotRequired[Any]


@pytest.mark.parametrize(
    ("name", "about", "words", "expected"),
    [
        ("cnpg_list_tables", ("PostgreSQL", "cnpg"), "", "PostgreSQL: list tables"),
        ("query_topology", ("Stack", ""), "", "Stack: query topology"),
        ("valkey_type_and_ttl", ("Valkey", "valkey"), "", "Valkey: type and TTL"),
        ("valkey_dbsize", ("Valkey", "valkey"), "number of keys", "Valkey: number of keys"),
        ("redis_get_key", ("", ""), "", "Redis get key"),
    ],
)
def test_titles(name: str, about: tuple[str, str], words: str, expected: str) -> None:
    assert title_of(name, Introduction(*about), words) == expected


def test_a_title_reaches_clients_and_the_lock(make_tools: MakeTools) -> None:
    tools = make_tools(samples.sample_tools.register, SAMPLE)
    listed = tools.tools[0].to_mcp_tool()
    assert listed.title == "Sample: list"
    other = listed.model_copy(update={"title": "Sample: show"})
    before, after = hashes_of(listed), hashes_of(other)
    assert {key for key in before if before[key] != after[key]} == {"title_sha256"}


def test_an_argument_without_a_description_is_refused(make_tools: MakeTools) -> None:
    def register(tools: Toolset) -> None:
        @tools.read
        async def sample_get(
            link: Link,
            key: Annotated[str, Field(max_length=9, description="the key")],
            limit: Annotated[int, Field(ge=1, le=9, description=" ")] = 1,
        ) -> Answer:
            """Return a value."""
            return Answer({})

    with pytest.raises(TypeError, match="the argument `limit` of the tool `sample_get` has no"):
        make_tools(register, SAMPLE)


def test_a_description_stands_in_front_of_all_branches(make_tools: MakeTools) -> None:
    def register(tools: Toolset) -> None:
        @tools.read
        async def sample_get(
            link: Link,
            key: Annotated[str, Field(max_length=9, description="the key")] | None = None,
            dry_run: DryRun = True,
            other: DryRunOnRequest = False,
        ) -> Answer:
            """Return a value."""
            return Answer({})

    properties = make_tools(register, SAMPLE).tools[0].parameters["properties"]
    assert properties["key"] == {
        "anyOf": [{"maxLength": 9, "type": "string"}, {"type": "null"}],
        "description": "the key",
    }
    assert "true (default)" in properties["dry_run"]["description"]
    assert "false (default)" in properties["other"]["description"]


async def _rows(link: Link) -> Answer[list[Row]]:
    return Answer([])


async def _anything(link: Link) -> Answer:
    return Answer([])


async def _text(link: Link) -> Answer[str]:
    return Answer("")


def test_the_form_of_the_data_follows_from_the_annotation() -> None:
    assert output_schema(_anything) is OUTPUT_SCHEMA
    schema = output_schema(_rows)
    assert schema["properties"]["data"] == {
        "type": "array",
        "items": {
            "type": "object",
            "properties": {
                "name": {"type": "string"},
                "parts": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        # One beyond 2^53 comes as a text.
                        "properties": {"size": {"type": ["integer", "string", "null"]}},
                        "required": ["size"],
                        "additionalProperties": False,
                    },
                },
                "labels": {"type": "object", "additionalProperties": {"type": "string"}},
                "other": {},
            },
            "required": ["name", "parts", "labels"],
            "additionalProperties": False,
        },
    }
    schema["properties"]["data"] = OUTPUT_SCHEMA["properties"]["data"]
    assert schema == OUTPUT_SCHEMA
    with pytest.raises(TypeError, match="neither an object nor a list"):
        output_schema(_text)


@pytest.mark.parametrize(
    ("row", "good"),
    [
        ({"name": "a", "parts": [{"size": 2**60}], "labels": {}}, True),
        ({"name": "a", "parts": [{"size": None}], "labels": {"b": "c"}, "other": [1]}, True),
        ({"name": "a", "parts": []}, False),
        ({"name": 1, "parts": [], "labels": {}}, False),
        ({"name": "a", "parts": [], "labels": {}, "more": 1}, False),
    ],
)
async def test_an_answer_of_another_form_is_none(
    make_tools: MakeTools, row: dict[str, Any], good: bool
) -> None:
    def register(tools: Toolset) -> None:
        @tools.read
        async def sample_rows(link: Link) -> Answer[list[Row]]:
            """Return rows."""
            return Answer([row])

    tools = make_tools(register, SAMPLE)
    if good:
        answer = await tools.call("sample_rows")
        jsonschema.validate(answer, tools.tools[0].output_schema or {})
        return
    with pytest.raises(Refusal, match="answered in a form that is not known"):
        await tools.call("sample_rows")


def test_instructions_name_what_is_linked_and_a_first_step(make_tools: MakeTools) -> None:
    tools = make_tools(samples.sample_tools.register, SAMPLE)
    text = instructions("shop", [tools.service()])
    assert "the stack shop." in text
    assert "- Sample (sample): sample_list" in text.splitlines()
    assert "`dry_run`" not in text
    assert "Linked" not in instructions("shop", [])


def test_instructions_of_many_instances_and_of_a_file_that_says_nothing() -> None:
    names = tuple(f"cache-{number}" for number in range(7))
    silent = Service(Introduction(), names, ("redis_get", "redis_set"), writes=True)
    lines = instructions("shop", [silent]).splitlines()
    first = f"- redis ({', '.join(names[:5])} and 2 more): redis_get"
    assert first in lines
    assert "`dry_run`" in lines[-1]


def test_a_tool_that_does_not_exist_here_is_no_first_step() -> None:
    about = Introduction("Redis", "redis", "redis_keys")
    service = Service(about, ("cache",), ("redis_get",), writes=False)
    assert instructions("shop", [service]).splitlines()[-1] == "- Redis (cache): redis_get"
