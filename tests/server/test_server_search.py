"""`tool_search: true`: two tools stand for all; a call passes the gate of the tool it names."""

from __future__ import annotations

import json
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from agent_stub import AGENT_KEY
from generated import Generated, example, generate
from mcp_client import call, listed
from pods import Running, make_pod, refused_start, running
from servers.stub import Stub

pytest_plugins = ["server_fixtures"]

OWN = {"search_tools", "call_tool"}


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> Generated:
    """Generate the example with the search."""
    plain = "fastmcp: {type: fastmcp}"
    assert plain in example()
    stack = example().replace(plain, "fastmcp: {type: fastmcp, attributes: {tool_search: true}}")
    return generate(tmp_path_factory.mktemp("search-output"), stack)


@pytest.fixture(scope="module")
def server(
    tmp_path_factory: pytest.TempPathFactory, output: Generated, agent: Stub
) -> Generator[Running]:
    """Serve it, with writes to Valkey switched off."""
    pod = make_pod(
        tmp_path_factory.mktemp("search"),
        output,
        MCP_STACK_AGENT_HOST="127.0.0.1",
        MCP_STACK_AGENT_PORT=str(agent.port),
        MCP_VALKEY_WRITE_ACCESS="false",
    )
    pod.fill({"MCP_STACK_AGENT_KEY": AGENT_KEY})
    with running(pod) as server:
        yield server


def last_line(server: Running) -> dict[str, Any]:
    """Return the line of the last call; a client that leaves makes lines of its own."""
    lines = [json.loads(line) for line in server.audit()]
    return [line for line in lines if line["method"] == "tools/call"][-1]


def through(server: Running, key: int, name: str, /, **arguments: Any) -> dict[str, Any]:
    return call(server, key, "call_tool", name=name, arguments=arguments)


def test_two_tools_are_listed_and_the_lock_has_them_all(server: Running, key: int) -> None:
    assert listed(server, key).keys() == OWN
    lock = json.loads((server.pod.config / "tools.lock.json").read_text())
    names = {tool["name"] for tool in lock["tools"]}
    assert names > OWN
    assert "list_components" in names


@pytest.mark.parametrize("tool", sorted(OWN))
def test_a_search_that_differs_from_the_lock_is_not_served(
    tmp_path: Path, output: Generated, tool: str
) -> None:
    pod = make_pod(tmp_path, output)
    file = pod.config / "tools.lock.json"
    lock = json.loads(file.read_text())
    (entry,) = (item for item in lock["tools"] if item["name"] == tool)
    entry["input_sha256"] = "0" * 64
    file.write_text(json.dumps(lock))
    ended = refused_start(pod)
    assert ended.code == 1
    assert f"`{tool}` differs from the lock in its input" in ended.log


def test_reviewers_see_what_a_call_may_do(output: Generated) -> None:
    (server,) = output.reviewed()["servers"].values()
    tools = {tool["name"]: tool for tool in server["tools"] if tool["name"] in OWN}
    assert {name: tool["class"] for name, tool in tools.items()} == {
        "search_tools": "read", "call_tool": "write",
    }  # fmt: skip
    assert tools["call_tool"]["input_schema"]["required"] == ["name"]


def test_a_search_finds_a_tool_by_words_and_is_one_line(server: Running, key: int) -> None:
    found = call(server, key, "search_tools", query="list the components of the stack")
    names = [tool["name"] for tool in found["result"]]
    assert "list_components" in names
    assert not OWN & set(names)
    line = last_line(server)
    assert (line["method"], line["tool"], line["decision"]) == (
        "tools/call", "search_tools", "allowed",
    )  # fmt: skip
    assert "components of the stack" not in json.dumps(line)


def test_a_call_is_the_call_of_the_tool_that_it_names(server: Running, key: int) -> None:
    direct = call(server, key, "list_components", group="databases")
    named = through(server, key, "list_components", group="databases")
    assert named["data"] == direct["data"] != []
    line = last_line(server)
    assert (line["tool"], line["link"], line["decision"]) == (
        "list_components", "stack-agent", "allowed",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "arguments", "code"),
    [
        ("valkey_set", {"key": "app:1", "value": "x"}, "E_WRITE_DISABLED"),
        ("list_components", {"limit": 0}, "E_ARG"),
        ("list_components", {"limit": "5"}, "E_ARG"),
        ("list_components", {"sql": "DROP TABLE x"}, "E_ARG"),
        ("get_component", {"name": "elsewhere"}, "E_SCOPE"),
        ("shell_exec", {}, "E_SCOPE"),
        ("call_tool", {"name": "list_components"}, "E_SCOPE"),
        ("search_tools", {"query": "x"}, "E_SCOPE"),
    ],
)
def test_a_call_through_the_search_is_refused_as_a_direct_one(
    server: Running, key: int, name: str, arguments: dict[str, Any], code: str
) -> None:
    before = len(server.audit())
    assert through(server, key, name, **arguments)["code"] == code
    (line,) = (
        line for line in map(json.loads, server.audit()[before:]) if line["method"] == "tools/call"
    )
    assert (line["tool"], line["decision"], line["code"]) == (name, "denied", code)


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("call_tool", {}),
        ("call_tool", {"name": 7}),
        ("call_tool", {"name": "list_components", "arguments": []}),
        ("call_tool", {"name": "list_components", "arguments": "{}"}),
        ("call_tool", {"name": "list_components", "url": "http://127.0.0.1"}),
        ("search_tools", {}),
        ("search_tools", {"query": ["x"]}),
        ("search_tools", {"query": "x" * 513}),
        ("search_tools", {"query": "x", "limit": 100}),
    ],
)
def test_the_two_tools_are_as_closed_as_all_others(
    server: Running, key: int, tool: str, arguments: dict[str, Any]
) -> None:
    assert call(server, key, tool, **arguments)["code"] == "E_ARG"
    assert last_line(server)["decision"] == "denied"


def test_without_the_attribute_there_is_no_search(example_server: Running, key: int) -> None:
    assert not OWN & listed(example_server, key).keys()
    assert call(example_server, key, "call_tool", name="list_components")["code"] == "E_SCOPE"
