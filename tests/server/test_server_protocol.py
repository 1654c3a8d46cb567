"""What the newest revision has beside tools: completion, lists that are kept, progress."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from mcp_types import PromptReference

from mcp_client import JSON, McpClient, Reply, bearer, request, with_client
from pods import Running

pytest_plugins = ["server_fixtures"]

REVISION = "2026-07-28"
META = {
    "io.modelcontextprotocol/protocolVersion": REVISION,
    "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}
SLOW = {
    "source": "valkey",
    "command": "nc -z {host} {port}",
    "on_success": "nc -z {host} {port}",
    "verify_delay": 3,
}


def modern(
    server: Running,
    key: int,
    method: str,
    params: Mapping[str, Any] | None = None,
    meta: Mapping[str, Any] | None = None,
) -> Reply:
    """Send one request of the newest revision, which needs no session."""
    given: dict[str, Any] = {**(params or {}), "_meta": {**META, **(meta or {})}}
    name = given.get("name") or given.get("uri")
    named = {"mcp-name": str(name)} if name else {}
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": given}
    headers = {**JSON, **bearer(key), "mcp-protocol-version": REVISION, "mcp-method": method}
    return request(server, "POST", body=json.dumps(body).encode(), headers=headers | named)


def last_line(server: Running) -> dict[str, Any]:
    return json.loads(server.audit()[-1])


def completed(server: Running, key: int, prompt: str, argument: str, value: str) -> list[str]:
    reference = PromptReference(type="ref/prompt", name=prompt)

    async def complete(client: McpClient) -> list[str]:
        found = await client.complete(reference, {"name": argument, "value": value})
        return found.values

    return with_client(server, key, complete)


@pytest.mark.parametrize(
    ("prompt", "argument", "typed", "expected"),
    [
        ("diagnose_component", "component_name", "ka", ["kafka"]),
        ("check_logs", "component_name", "PROM", ["prometheus"]),
        ("trace_data_flow", "source", "fast", ["fastapi", "fastmcp"]),
        # What holds the word comes behind what begins with it.
        ("trace_data_flow", "destination", "agent", ["stack-agent"]),
        ("trace_data_flow", "destination", "a", None),
        ("incident_response", "symptom", "slow", []),
        ("diagnose_component", "component_name", "no such", []),
        ("no_such_prompt", "component_name", "ka", []),
    ],
)
def test_arguments_of_prompts_are_completed_from_closed_lists(
    example_server: Running, key: int, prompt: str, argument: str, typed: str,
    expected: list[str] | None,
) -> None:  # fmt: skip
    found = completed(example_server, key, prompt, argument, typed)
    if expected is None:
        begin = [value.startswith(typed) for value in found]
        assert begin == sorted(begin, reverse=True)
        assert set(begin) == {True, False}
        return
    assert found == expected


def test_a_completion_leaves_a_line_without_what_was_typed(
    example_server: Running, key: int
) -> None:
    reference = {"type": "ref/prompt", "name": "check_logs"}
    params = {"ref": reference, "argument": {"name": "component_name", "value": "canary"}}
    before = len(example_server.audit())
    assert modern(example_server, key, "completion/complete", params).status == 200
    (line,) = (json.loads(line) for line in example_server.audit()[before:])
    assert (line["method"], line["tool"], line["decision"]) == (
        "completion/complete", "check_logs", "allowed",
    )  # fmt: skip
    assert "canary" not in json.dumps(line)


@pytest.mark.parametrize(
    "method", ["tools/list", "prompts/list", "resources/list", "server/discover"]
)
def test_a_list_is_kept_as_long_as_the_lock_says(
    example_server: Running, key: int, method: str
) -> None:
    lock = json.loads((example_server.pod.config / "tools.lock.json").read_text())
    result = json.loads(modern(example_server, key, method).text)["result"]
    assert result["ttlMs"] == lock["list_ttl_ms"] > 0
    assert result["cacheScope"] == "private"


def test_what_a_resource_says_is_never_kept(example_server: Running, key: int) -> None:
    reply = modern(example_server, key, "resources/read", {"uri": "stack://live/summary"})
    assert json.loads(reply.text)["result"]["ttlMs"] == 0


@pytest.mark.parametrize("name", ["diagnose_component", "incident_response", "trace_data_flow"])
def test_a_missing_argument_of_a_prompt_is_invalid_params(
    example_server: Running, key: int, name: str
) -> None:
    reply = modern(example_server, key, "prompts/get", {"name": name})
    assert json.loads(reply.text)["error"]["code"] == -32602
    line = last_line(example_server)
    assert (line["tool"], line["decision"], line["code"]) == (name, "denied", "E_ARG")


def told_progress(server: Running, key: int) -> list[tuple[float, float | None]]:
    """Return what a client is told while a slow check runs."""
    seen: list[tuple[float, float | None]] = []

    async def told(progress: float, total: float | None, message: str | None) -> None:
        del message
        seen.append((progress, total))

    async def call(client: McpClient) -> None:
        await client.call_tool("run_test", SLOW, progress_handler=told)

    with_client(server, key, call)
    return seen


def test_a_check_tells_its_progress_to_who_asks(example_server: Running, key: int) -> None:
    seen = told_progress(example_server, key)
    assert len(seen) >= 2
    assert [progress for progress, _ in seen] == sorted({progress for progress, _ in seen})
    assert {total for _, total in seen} == {30.0}


def test_without_a_token_an_answer_is_one_document(example_server: Running, key: int) -> None:
    params: dict[str, Any] = {"name": "list_components", "arguments": {}}
    metas: list[dict[str, Any]] = [{}, {"progressToken": "x"}]
    for meta in metas:
        reply = modern(example_server, key, "tools/call", params, meta)
        assert reply.headers["content-type"].startswith("application/json")
        assert json.loads(reply.text)["result"]["structuredContent"]["returned"] > 0
