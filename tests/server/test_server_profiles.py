"""AI clients of a generated stack: what its file gives each is what the server gives its keys.

In: the example stack with clients of its MCP server, keys that are of them.
Out: lists, verdicts and statuses; what changes while the server runs.
Must not know: how the server decides.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

import pytest

from generated import Generated, example, generate
from mcp_client import JSON, message, request
from pods import Running, make_pod, running

CLIENTS = """  fastmcp:
    type: fastmcp
    sub_components:
      reader: {type: client, attributes: {profile: [cnpg, "valkey:read", stack-agent]}}
      over: {type: client, attributes: {expires: "2001-01-01"}}
"""
READER, OVER, ALL = "key-of-the-reader", "key-of-who-is-over", "key-of-everything"
WRITES = {"MCP_VALKEY_WRITE_ACCESS": "true", "MCP_RABBITMQ_WRITE_ACCESS": "true"}


def entry(name: str, key: str, more: str = "") -> str:
    return f"{name}:{hashlib.sha256(key.encode()).hexdigest()}{more}"


ENTRIES = [entry("all", ALL), entry("reader", READER), entry("b", OVER, ";profile=over")]


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> Generated:
    text = example().replace("  fastmcp: {type: fastmcp}\n", CLIENTS)
    assert "sub_components:\n      reader" in text
    return generate(tmp_path_factory.mktemp("clients"), text)


@pytest.fixture(scope="module")
def server(output: Generated, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    pod = make_pod(tmp_path_factory.mktemp("pod") / "pod", output, **WRITES)
    pod.fill({"MCP_API_KEYS": ",".join(ENTRIES)})
    with running(pod) as started:
        yield started


def send(server: Running, key: str, method: str, **params: Any) -> Any:
    headers = {**JSON, "authorization": f"Bearer {key}"}
    opening = message(
        "initialize",
        protocolVersion="2025-03-26",
        capabilities={},
        clientInfo={"name": "test", "version": "1"},
    )
    opened = request(server, "POST", body=opening, headers=headers)
    if opened.status != 200:
        return opened.status
    session = {"mcp-session-id": opened.headers["mcp-session-id"]}
    reply = request(server, "POST", body=message(method, **params), headers={**headers, **session})
    return json.loads(reply.text)["result"]


def names(server: Running, key: str) -> set[str]:
    return {tool["name"] for tool in send(server, key, "tools/list")["tools"]}


def test_a_client_lists_exactly_what_its_profile_reaches(
    server: Running, output: Generated
) -> None:
    reach = {"cnpg", "valkey", "stack-agent"}
    reviewed = {
        tool["name"] for tool in output.lock()["tools"] if reach & set(tool["link"])
        and tool["gate"] is None
    }  # fmt: skip
    assert names(server, READER) == reviewed
    assert names(server, ALL) > reviewed


def test_a_client_calls_nothing_else(server: Running) -> None:
    calls = {"kafka_list_topics": "E_SCOPE", "valkey_set": "E_SCOPE"}
    for tool, code in calls.items():
        assert tool in names(server, ALL)
        result = send(server, READER, "tools/call", name=tool, arguments={})
        assert json.loads(result["content"][0]["text"])["code"] == code
    arguments = {"component": "valkey"}
    result = send(server, READER, "tools/call", name="explain_access", arguments=arguments)
    assert not result.get("isError")


def test_a_client_that_is_over_is_a_stranger(server: Running) -> None:
    assert send(server, OVER, "tools/list") == 401


def test_a_key_is_taken_away_while_the_server_runs(server: Running) -> None:
    assert names(server, READER)
    server.pod.fill({"MCP_API_KEYS": ENTRIES[0]})
    try:
        assert send(server, READER, "tools/list") == 401
        assert names(server, ALL)
    finally:
        server.pod.fill({"MCP_API_KEYS": ",".join(ENTRIES)})
