"""The fences around a tool, called without a server."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import jsonschema
import pytest
from pydantic import Field

from conftest import LinkFacts, MakeTools
from samples import sample_tools
from stacktic_mcp.core.calls import Call, Exchange, serving
from stacktic_mcp.core.toolkit import Answer, Choice, Link, Toolset
from stacktic_mcp.lib.answers import OUTPUT_SCHEMA
from stacktic_mcp.lib.refusal import Refusal

pytestmark = pytest.mark.anyio

READS = ["sample_list", "sample_wait", "sample_fail", "sample_echo"]


def sample(
    component: str = "sample",
    *,
    write_access: bool = False,
    databases: Sequence[str] = ("app_db", "two"),
) -> LinkFacts:
    return LinkFacts(
        component=component,
        type="fastmcp-sample",
        env=f"MCP_{component.upper()}",
        secrets={"PASSWORD": "pw-of-the-sample"},
        enums={"databases": databases},
        write_access=write_access,
    )


async def refuse(tools: Toolset, name: str, arguments: Mapping[str, Any]) -> Refusal:
    with pytest.raises(Refusal) as refused:
        await tools.call(name, dict(arguments))
    return refused.value


@pytest.fixture(autouse=True)
def nothing_done() -> None:
    sample_tools.DONE.clear()


async def test_without_write_access_the_gated_tools_do_not_exist(make_tools: MakeTools) -> None:
    tools = make_tools(sample_tools.register, sample())
    assert [tool.name for tool in tools.tools] == READS


async def test_with_write_access_they_do_and_say_what_they_are(make_tools: MakeTools) -> None:
    tools = make_tools(sample_tools.register, sample(write_access=True))
    hints = {tool.name: tool.annotations for tool in tools.tools}
    assert set(hints) == {*READS, "sample_peek", "sample_delete"}
    assert [
        (hint.read_only_hint, hint.destructive_hint, hint.idempotent_hint, hint.open_world_hint)
        for name in ("sample_list", "sample_peek", "sample_delete")
        if (hint := hints[name]) is not None
    ] == [
        (True, False, True, False),
        (False, False, False, False),
        (False, True, True, False),
    ]


async def test_the_gate_is_checked_again_for_the_instance_called(make_tools: MakeTools) -> None:
    tools = make_tools(sample_tools.register, sample("one", write_access=True), sample("two"))
    call = {"database": "app_db", "dry_run": False}
    refusal = await refuse(tools, "sample_delete", {**call, "component": "two"})
    assert refusal.code == "E_WRITE_DISABLED"
    refusal = await refuse(tools, "sample_peek", {"database": "app_db", "component": "two"})
    assert refusal.code == "E_WRITE_DISABLED"
    assert sample_tools.DONE == []
    await tools.call("sample_delete", {**call, "component": "one"})
    assert sample_tools.DONE == ["delete one/app_db"]


async def test_tools_that_write_offer_what_can_be_written_to(make_tools: MakeTools) -> None:
    facts = [
        sample("one", databases=["a"], write_access=True),
        sample("two", databases=["b"]),
    ]
    tools = make_tools(sample_tools.register, *facts)
    schemas = {tool.name: tool.parameters["properties"] for tool in tools.tools}
    for name, components, databases in [
        ("sample_list", ["one", "two"], ["a", "b"]),
        ("sample_peek", ["one"], ["a"]),
        ("sample_delete", ["one"], ["a"]),
    ]:
        assert schemas[name]["component"]["enum"] == components
        assert schemas[name]["database"]["enum"] == databases
    refusal = await refuse(tools, "sample_delete", {"database": "a", "dry_run": True})
    assert (refusal.code, refusal.allowed_values) == ("E_ARG", ("one",))


async def test_without_an_audit_log_only_reads_are_served(make_tools: MakeTools) -> None:
    tools = make_tools(sample_tools.register, sample(write_access=True), audit_ready=False)
    call = {"database": "app_db", "dry_run": False}
    assert (await refuse(tools, "sample_delete", call)).code == "E_WRITE_DISABLED"
    assert sample_tools.DONE == []
    assert (await tools.call("sample_list", {"database": "app_db"}))["returned"] == 60


async def test_one_instance_has_no_component_argument(make_tools: MakeTools) -> None:
    tools = make_tools(sample_tools.register, sample())
    assert "component" not in tools.tools[0].parameters["properties"]
    refusal = await refuse(tools, "sample_list", {"database": "app_db", "component": "sample"})
    assert refusal.code == "E_ARG"


async def test_several_instances_need_the_component(make_tools: MakeTools) -> None:
    tools = make_tools(
        sample_tools.register, sample("two", databases=["b"]), sample("one", databases=["a", "c"])
    )
    schema = tools.tools[0].parameters
    assert schema["required"] == ["component", "database"]
    assert schema["properties"]["component"]["enum"] == ["one", "two"]
    assert schema["properties"]["database"]["enum"] == ["a", "b", "c"]
    assert (await tools.call("sample_list", {"component": "two", "database": "b"}))["link"] == "two"
    refusal = await refuse(tools, "sample_list", {"database": "b"})
    assert (refusal.code, refusal.allowed_values) == ("E_ARG", ("one", "two"))
    for component, database in (("three", "b"), ("one", "b"), (["one"], "a")):
        call = {"component": component, "database": database}
        assert (await refuse(tools, "sample_list", call)).code == "E_SCOPE"


async def test_a_tool_with_a_component_of_its_own_chooses_by_instance(
    make_tools: MakeTools,
) -> None:
    def register(tools: Toolset) -> None:
        @tools.read
        async def sample_alerts(
            link: Link,
            component: Annotated[str, Choice("apps"), Field(description="whose")] | None = None,
        ) -> Answer:
            """Return alerts."""
            return Answer({"at": link.component, "of": component})

    facts = [
        LinkFacts(name, "fastmcp-sample", f"MCP_{name}", enums={"apps": ["kafka"]})
        for name in ("one", "two")
    ]
    tools = make_tools(register, *facts)
    answer = await tools.call("sample_alerts", {"instance": "two", "component": "kafka"})
    assert answer["data"] == {"at": "two", "of": "kafka"}


@pytest.mark.parametrize(
    ("arguments", "code", "hint"),
    [
        ({}, "E_ARG", "database"),
        ({"database": "other"}, "E_SCOPE", "databases"),
        ({"database": None}, "E_ARG", "database"),
        ({"database": 7}, "E_ARG", "database"),
        ({"database": "app_db", "size": "1"}, "E_ARG", "size"),
        ({"database": "app_db", "size": 1.5}, "E_ARG", "size"),
        ({"database": "app_db", "size": True}, "E_ARG", "size"),
        ({"database": "app_db", "size": 4001}, "E_ARG", "size"),
        ({"database": "app_db", "size": -1}, "E_ARG", "size"),
        ({"database": "app_db", "view": "raw"}, "E_ARG", "view"),
        ({"database": "app_db", "schema": "s" * 64}, "E_ARG", "schema"),
        ({"database": "app_db", "url": "http://evil"}, "E_ARG", "no argument `url`"),
        ({"database": "app_db", "link": "x"}, "E_ARG", "no argument `link`"),
        ({"database": "app_db", "cursor": "x"}, "E_ARG", "cursor"),
        ({"database": "app_db", "cursor": 5}, "E_ARG", "cursor"),
    ],
)
async def test_arguments_are_closed_and_strict(
    make_tools: MakeTools, arguments: Mapping[str, Any], code: str, hint: str
) -> None:
    tools = make_tools(sample_tools.register, sample())
    refusal = await refuse(tools, "sample_list", arguments)
    assert refusal.code == code
    assert hint in refusal.hint


async def test_a_refusal_lists_the_legal_values(make_tools: MakeTools) -> None:
    many = [f"db_{number:02}" for number in range(40)]
    tools = make_tools(sample_tools.register, sample(databases=many))
    refusal = await refuse(tools, "sample_list", {"database": "nope"})
    assert refusal.allowed_values == tuple(many[:20])


async def test_every_result_fits_the_one_published_schema(make_tools: MakeTools) -> None:
    tools = make_tools(sample_tools.register, sample())
    assert all(tool.output_schema == OUTPUT_SCHEMA for tool in tools.tools)
    for arguments in ({"size": 1}, {"size": 900}, {"size": 4000}, {"view": "parts", "size": 900}):
        envelope = await tools.call("sample_list", {"database": "app_db", **arguments})
        jsonschema.validate(envelope, OUTPUT_SCHEMA)
        assert envelope["untrusted"] is True
        assert envelope["truncated"] is (envelope["truncated_by"] is not None)


async def test_pages_follow_each_other_to_the_end(make_tools: MakeTools) -> None:
    tools = make_tools(sample_tools.register, sample())
    call: dict[str, Any] = {"database": "app_db", "size": 1500}
    numbers: list[int] = []
    pages = 0
    while pages == 0 or call.get("cursor"):
        envelope = await tools.call("sample_list", call)
        numbers += [row["n"] for row in envelope["data"]]
        call["cursor"] = envelope["next_cursor"]
        pages += 1
    assert numbers == list(range(60))
    assert pages > 2


async def test_a_cursor_of_other_arguments_is_refused(make_tools: MakeTools) -> None:
    tools = make_tools(sample_tools.register, sample())
    first = await tools.call("sample_list", {"database": "app_db", "size": 1500})
    call = {"database": "two", "size": 1500, "cursor": first["next_cursor"]}
    assert (await refuse(tools, "sample_list", call)).code == "E_ARG"


async def test_a_slow_tool_ends_with_its_time(make_tools: MakeTools) -> None:
    tools = make_tools(sample_tools.register, sample())
    assert (await refuse(tools, "sample_wait", {"seconds": 5})).code == "E_TIMEOUT"
    assert sample_tools.DONE == ["wait was ended"]


async def test_a_cancelled_call_ends_its_work(make_tools: MakeTools) -> None:
    tools = make_tools(sample_tools.register, sample())
    call = asyncio.create_task(tools.call("sample_wait", {"seconds": 5}))
    await asyncio.sleep(0.05)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert sample_tools.DONE == ["wait was ended"]


async def test_a_caller_that_goes_away_ends_the_work(make_tools: MakeTools) -> None:
    tools = make_tools(sample_tools.register, sample())
    exchange = Exchange("ci", "")
    with serving(Call("tools/call", exchange)):
        call = asyncio.create_task(tools.call("sample_wait", {"seconds": 5}))
    await asyncio.sleep(0.05)
    exchange.leave()
    with pytest.raises(Refusal):
        await call
    assert sample_tools.DONE == ["wait was ended"]


async def test_no_driver_text_and_no_secret_reaches_caller_or_log(
    make_tools: MakeTools, caplog: pytest.LogCaptureFixture
) -> None:
    tools = make_tools(sample_tools.register, sample())
    with caplog.at_level(logging.ERROR):
        refusal = await refuse(tools, "sample_fail", {"kind": "driver"})
    assert refusal.code == "E_UNAVAILABLE"
    assert "10.0.0.7" not in refusal.hint
    assert "driver says: login with [secret] refused" in caplog.text
    assert "pw-of-the-sample" not in caplog.text


async def test_a_secret_is_redacted_from_refusals_and_results(make_tools: MakeTools) -> None:
    tools = make_tools(sample_tools.register, sample())
    refusal = await refuse(tools, "sample_fail", {"kind": "refusal"})
    assert (refusal.code, refusal.allowed_values) == ("E_CONFLICT", ("a", "b"))
    assert refusal.hint == "the state with [secret] is another"
    assert (await tools.call("sample_echo"))["data"] == {"text": "the password is [secret]"}


async def test_the_record_of_a_call_masks_free_text(make_tools: MakeTools) -> None:
    tools = make_tools(sample_tools.register, sample())
    with serving(Call("tools/call")) as call:
        await tools.call("sample_list", {"database": "app_db", "schema": "private", "size": 3})
    assert call.arguments == {"database": "app_db", "schema": "[text of 7]", "size": 3}
    assert (call.tool, call.link, call.decision) == ("sample_list", "sample", "allowed")
    with serving(Call("tools/call")) as call, pytest.raises(Refusal):
        await tools.call("sample_list", {"database": "secret name", "a b": [1, 2]})
    assert call.arguments == {"database": "[text of 11]", "[name of 3]": "[list of 2]"}
    assert (call.decision, call.code) == ("denied", "E_SCOPE")


async def test_a_tool_file_that_breaks_the_rules_does_not_register(make_tools: MakeTools) -> None:
    def without_docstring(tools: Toolset) -> None:
        @tools.read
        async def sample_bare(link: Link) -> Answer:
            return Answer({})

    def without_link(tools: Toolset) -> None:
        @tools.read
        async def sample_unlinked(name: Annotated[str, Field()]) -> Answer:
            """Return nothing."""
            return Answer({"name": name})

    def too_slow(tools: Toolset) -> None:
        tools.read(timeout_s=31)

    for register in (without_docstring, without_link):
        with pytest.raises(TypeError, match="sample_"):
            make_tools(register, sample())
    with pytest.raises(ValueError, match="timeout"):
        make_tools(too_slow, sample())


@pytest.mark.parametrize("kept", ["nothing to hide", "a token-of-17 in it"])
async def test_a_resource_says_that_something_is_masked(make_tools: MakeTools, kept: str) -> None:
    def register(tools: Toolset) -> None:
        @tools.resource("test://plain")
        async def plain() -> str:
            return json.dumps({"kept": kept, "note": 'a "quoted" word'})

    tools = make_tools(register, LinkFacts("x", "fastmcp-x", "MCP_X", secrets={"T": "token-of-17"}))
    (resource,) = tools.resources
    content: Any = await resource.read()
    answer = json.loads(content if isinstance(content, str) else content.contents[0].content)
    hidden = "token" in kept
    assert answer.pop("redacted", False) is hidden
    expected = "a [secret] in it" if hidden else kept
    assert answer == {"kept": expected, "note": 'a "quoted" word'}
