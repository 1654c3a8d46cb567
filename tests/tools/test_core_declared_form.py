"""An answer is held to the form that its tool declares.

In: schemas as tools declare them, and data of random forms.
Out: proof that our comparison and a client's find the same, and that a call which would be thrown
away by its client is refused in words instead.
Must not know: any single service.
"""

from __future__ import annotations

import json
import random
from typing import Any, NotRequired, TypedDict

import jsonschema
import pytest

from conftest import LinkFacts, MakeTools
from stacktic_mcp.core.toolkit import Answer, Link, Refusal, Toolset
from stacktic_mcp.lib.answers import OUTPUT_SCHEMA
from stacktic_mcp.lib.declared_form import DeclaredForm

pytestmark = pytest.mark.anyio

ROW: dict[str, Any] = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "size": {"type": ["integer", "string", "null"]},
        "share": {"type": ["number", "string"]},
        "kind": {"enum": ["table", "view"]},
        "tags": {"type": "array", "items": {"type": "string"}},
        "labels": {"type": "object", "additionalProperties": {"type": "string"}},
        "deep": {"anyOf": [{"type": "array", "items": {"type": "boolean"}}, {"type": "null"}]},
        "open": {},
    },
    "required": ["name", "size"],
    "additionalProperties": False,
}
SCHEMAS: list[dict[str, Any]] = [
    ROW,
    {"type": "array", "items": ROW},
    {"anyOf": [{"type": "array", "items": ROW}, ROW]},
    OUTPUT_SCHEMA["properties"]["data"],
]
ODD: list[Any] = [
    None,
    True,
    0,
    -3,
    2.5,
    4.0,
    "",
    "view",
    "9",
    [],
    ["a"],
    [1],
    [False],
    {},
    {"a": 1},
]
GOOD: dict[str, Any] = {
    "name": "n", "size": 1, "share": 0.5, "kind": "view", "tags": ["a"], "labels": {"a": "b"},
    "deep": [True], "open": 7,
}  # fmt: skip
SEEDS = range(400)


def changed(turn: random.Random) -> dict[str, Any]:
    """Return a row with some of its parts odd, gone or new."""
    row = dict(GOOD)
    for name in turn.sample([*row, "unknown"], turn.randrange(3)):
        if name in row and turn.random() < 0.3:
            del row[name]
        else:
            row[name] = turn.choice(ODD)
    return row


@pytest.mark.parametrize("schema", SCHEMAS, ids=["row", "rows", "either", "open"])
def test_it_finds_what_a_client_finds(schema: dict[str, Any]) -> None:
    client: Any = jsonschema.Draft202012Validator(schema)
    ours = DeclaredForm(schema)
    seen: set[bool] = set()
    for seed in SEEDS:
        turn = random.Random(seed)
        data: Any = turn.choice([changed(turn), [changed(turn), changed(turn)], turn.choice(ODD)])
        fits = client.is_valid(data)
        seen.add(fits)
        assert (ours.first_difference(data) is None) == fits, json.dumps(data)
    assert seen == {True, False}


@pytest.mark.parametrize(
    ("data", "place"),
    [
        ([GOOD, {**GOOD, "size": True}], "1.size"),
        ([{**GOOD, "deep": [True, "x"]}], "0.deep.1"),
        ([{"size": 1}], "0.name"),
        ([{**GOOD, "unknown": 1}], "0.unknown"),
        ({}, "all of it"),
    ],
)
def test_the_place_is_told_and_nothing_that_stands_there(data: Any, place: str) -> None:
    assert DeclaredForm({"type": "array", "items": ROW}).first_difference(data) == place


class Told(TypedDict):
    """A row."""

    name: str
    rows: NotRequired[int]


def _tools(make_tools: MakeTools, data: Any, *, writes: bool) -> Toolset:
    def register(tools: Toolset) -> None:
        @(tools.write(destructive=False, idempotent=False) if writes else tools.read)
        async def tell(link: Link) -> Answer[list[Told]]:
            """Tell rows."""
            del link
            return Answer(data)

    return make_tools(register, LinkFacts("one", "fastmcp-one", "MCP_ONE", write_access=writes))


async def test_a_read_of_another_form_is_refused(make_tools: MakeTools) -> None:
    with pytest.raises(Refusal) as refused:
        await _tools(make_tools, [{"name": "a"}, {"name": 7}], writes=False).call("tell")
    assert refused.value.code == "E_UNAVAILABLE"
    assert "form that is not known, at `1.name`" in refused.value.hint


async def test_a_write_of_another_form_says_that_it_was_sent(make_tools: MakeTools) -> None:
    with pytest.raises(Refusal) as refused:
        await _tools(make_tools, [{}], writes=True).call("tell")
    assert "look before you send it again" in refused.value.hint


async def test_a_number_too_large_for_a_client_fits_as_text(make_tools: MakeTools) -> None:
    tools = _tools(make_tools, [{"name": "a", "rows": 2**60}], writes=False)
    assert (await tools.call("tell"))["data"] == [{"name": "a", "rows": str(2**60)}]
