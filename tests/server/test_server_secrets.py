"""Credentials stay where they are, and every call leaves its line.

In: the example's pod, each credential a word of its own; a backend that says everything back.
Out: replies, log, audit lines, process list and environment without any of those words.
Must not know: which tool uses which credential.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import time
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from generated import Generated
from mcp_client import JSON, McpClient, answer, bearer, client_of, message, open_session, request
from mirror import Mirror, serving_mirror
from pods import KEYS, Pod, Running, api_key, key_name, make_pod, running, secret_value

pytest_plugins = ["server_fixtures"]

CLIENTS = 10
STATUSES = (200, 422, 500)
# Values for what a tool requires and no closed list offers.
ARGUMENTS: dict[str, Any] = {
    "command": "pg_isready -h {host} -p {port}", "component": "kafka", "expect_depth_max": 0,
    "from": "fastapi", "key": "app:x", "keys": ["app:x"], "label": "job",
    "logql": '{namespace="kafka"}', "name": "kafka", "panel_id": 1, "payload": "{}", "query": "up",
    "routing_key": "x", "source": "kafka", "sql": "SELECT 1", "start": "now-15m", "table": "orders",
    "to": "kafka", "uid": "abc", "value": "v",
}  # fmt: skip
OPERATION = {"get": {"responses": {"200": {"description": "orders"}}}}
OPENAPI = json.dumps({"openapi": "3.1.0", "paths": {"/orders": OPERATION}}).encode()
MATCH = {"loki": '{namespace="kafka"}', "prom": ["up"]}
# What single tools need beside that, to come as far as their backend.
MORE: dict[str, dict[str, Any]] = {
    "api_call": {"operation_id": "list_orders"},
    "explain_access": {"tool": "prom_query"},
    "loki_query": {"logql": 'sum(count_over_time({namespace="kafka"}[5m]))'},
    "valkey_set": {"dry_run": False},
}


def forms(value: str) -> set[str]:
    """Return a credential as it might be written: plain, or anywhere inside base64."""
    encoded = (base64.b64encode(b"x" * shift + value.encode()).decode() for shift in range(3))
    # The first and last characters depend on what stands beside the credential.
    return {value, *(text[4:-4] for text in encoded)}


def hidden(generated: Generated) -> dict[str, set[str]]:
    """Return everything that must never be seen, by what it is."""
    values = {name: secret_value(name) for name in generated.secret_keys()}
    keys = {f"key {number}": api_key(number) for number in range(KEYS)}
    digests = {
        f"hash of {name}": hashlib.sha256(key.encode()).hexdigest() for name, key in keys.items()
    }
    del values["MCP_API_KEYS"]
    return {name: forms(value) for name, value in (values | keys | digests).items()}


def leaks(text: str, generated: Generated) -> list[str]:
    """Return the names of the credentials that a text shows."""
    found = hidden(generated).items()
    return sorted(name for name, shapes in found if any(shape in text for shape in shapes))


@pytest.fixture(scope="module")
def mirror() -> Generator[Mirror]:
    """Serve the mirror."""
    with serving_mirror() as started:
        yield started


@pytest.fixture(scope="module")
def server(
    tmp_path_factory: pytest.TempPathFactory,
    example_output: Generated,
    mirror: Mirror,
) -> Generator[Running]:
    """Run the example's server by the pod's own command, every backend being the mirror."""
    pod = reflected_pod(tmp_path_factory.mktemp("pod") / "pod", example_output, mirror)
    with running(pod, fresh=True) as started:
        yield started


def reflected_pod(root: Path, example_output: Generated, mirror: Mirror) -> Pod:
    """Return a pod of the example, every backend being the mirror."""
    environ = example_output.environ()
    places = {name: "127.0.0.1" for name in environ if name.endswith("_HOST")}
    places |= {name: str(mirror.port) for name in environ if name.endswith("_PORT")}
    # Others than HTTP would wait for the end of what they take for a message.
    places |= {f"MCP_{name}_PORT": "9" for name in ("KAFKA", "CNPG", "VALKEY")}
    # The user's own document, without which no operation of the API is called.
    places["MCP_FASTAPI_OPENAPI_SHA256"] = hashlib.sha256(OPENAPI).hexdigest()
    pod = make_pod(root, example_output, **places)
    (pod.config / "openapi-fastapi.json").write_bytes(OPENAPI)
    return pod


def arguments_of(name: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a tool requires: the first of a closed list, else a value of the table."""
    given: dict[str, Any] = {}
    for wanted in schema.get("required", []):
        values = schema["properties"][wanted].get("enum")
        given[wanted] = values[0] if values else ARGUMENTS.get(wanted)
    if "match" in given:
        given["match"] = MATCH[name.split("_", maxsplit=1)[0]]
    return given | MORE.get(name, {})


async def call_all(server: Running) -> dict[str, dict[str, Any]]:
    """Call every tool once, several clients at a time so that no rate is passed."""
    async with client_of(server, 0) as client:
        tools = sorted((tool.name, tool.input_schema) for tool in await client.list_tools())

    async def some(number: int) -> dict[str, dict[str, Any]]:
        async with client_of(server, number + 1) as client:
            return {
                name: await called(client, name, schema) for name, schema in tools[number::CLIENTS]
            }

    parts = await asyncio.gather(*(some(number) for number in range(CLIENTS)))
    return {name: reply for part in parts for name, reply in part.items()}


async def called(client: McpClient, name: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    return await answer(client, name, arguments_of(name, schema))


@dataclass(frozen=True)
class Sweep:
    """What all tools replied while the backends answered with one status."""

    replies: dict[str, dict[str, Any]]
    heard: str


@pytest.fixture(scope="module")
def sweeps(server: Running, mirror: Mirror) -> dict[int, Sweep]:
    """Call every tool while the backends are well, while they complain, while they fail."""
    found: dict[int, Sweep] = {}
    for status in STATUSES:
        mirror.status = status
        mirror.heard.clear()
        replies = asyncio.run(call_all(server))
        found[status] = Sweep(replies, "\n".join(mirror.heard))
    return found


@pytest.mark.parametrize("status", STATUSES)
def test_no_tool_shows_a_credential_that_a_backend_says_back(
    sweeps: dict[int, Sweep], example_output: Generated, status: int
) -> None:
    sweep = sweeps[status]
    assert sweep.replies.keys() == example_output.tools().keys()
    # The backends did get them: what is hidden was there to be shown.
    sent = leaks(sweep.heard, example_output)
    assert {"MCP_GRAFANA_TOKEN", "MCP_RABBITMQ_PASSWORD", "MCP_STACK_AGENT_KEY"} <= set(sent)
    shown = {
        name: leaks(json.dumps(reply), example_output) for name, reply in sweep.replies.items()
    }
    assert {name: found for name, found in shown.items() if found} == {}


def test_the_tools_came_as_far_as_their_backends(sweeps: dict[int, Sweep]) -> None:
    """A tool that stops at its own arguments would prove nothing above."""
    replies = sweeps[200].replies
    assert [name for name, reply in replies.items() if reply.get("code") == "E_ARG"] == []
    redacted = {name for name, reply in replies.items() if "[secret]" in json.dumps(reply)}
    assert redacted >= {"api_call", "list_components", "s3_read_text"}


@pytest.mark.parametrize("tool", ["loki_query_range", "prom_query", "api_call", "s3_read_text"])
def test_the_first_call_of_all_hides_what_no_tool_has_read(
    tmp_path: Path, example_output: Generated, mirror: Mirror, tool: str
) -> None:
    """Logs and metrics hold passwords that are not those of the tool that reads them."""
    mirror.status = STATUSES[0]
    mirror.saying = "\n".join(mounted(example_output))
    try:
        with running(reflected_pod(tmp_path / "pod", example_output, mirror)) as fresh:
            reply = asyncio.run(first_call(fresh, tool))
    finally:
        mirror.saying = ""
    assert reply.get("redacted") is True, reply
    assert leaks(json.dumps(reply), example_output) == []
    assert "[secret]" in json.dumps(reply)


def mounted(generated: Generated) -> Generator[str]:
    """Return what is in the pod's folder of secrets, as it is and in a header for a login."""
    for name in generated.secret_keys():
        yield secret_value(name)
        yield base64.b64encode(f"user:{secret_value(name)}".encode()).decode()
    # A few of many: the answer has to fit.
    for number in range(3):
        yield hashlib.sha256(api_key(number).encode()).hexdigest()


async def first_call(server: Running, tool: str) -> dict[str, Any]:
    async with client_of(server, 0) as client:
        schemas = {item.name: item.input_schema for item in await client.list_tools()}
        return await called(client, tool, schemas[tool])


@pytest.mark.usefixtures("sweeps")
def test_log_and_audit_lines_show_no_credential(server: Running, example_output: Generated) -> None:
    """The log speaks of failures by now: the backends answered what they cannot have meant."""
    assert server.log() != ""
    shown = [line for line in server.log().splitlines() if leaks(line, example_output)]
    assert shown == []
    assert leaks(b"\n".join(server.audit()).decode(), example_output) == []


def test_the_process_shows_no_credential(server: Running, example_output: Generated) -> None:
    process = Path(f"/proc/{server.process.pid}")
    environ = (process / "environ").read_text(encoding="utf-8")
    assert "MCP_GRAFANA_HOST" in environ
    assert leaks(environ, example_output) == []
    assert leaks((process / "cmdline").read_text(encoding="utf-8"), example_output) == []


def test_descriptions_and_schemas_show_no_credential(
    server: Running, example_output: Generated, key: int
) -> None:
    session = {"mcp-session-id": open_session(server, key)}
    for method in ("tools/list", "prompts/list", "resources/list", "resources/templates/list"):
        headers = {**JSON, **bearer(key), **session}
        reply = request(server, "POST", body=message(method), headers=headers)
        assert reply.status == 200
        assert leaks(reply.text + str(reply.headers), example_output) == []


def tool_call(name: str, **arguments: str) -> bytes:
    """Return the request of one call."""
    return message("tools/call", name=name, arguments=arguments)


def test_every_call_leaves_one_line_denials_included(server: Running, key: int) -> None:
    sent = {**JSON, **bearer(key), "mcp-session-id": open_session(server, key)}
    calls = [
        tool_call("cnpg_query", database="app_db", sql="private"),
        tool_call("cnpg_query", database="private", sql="private"),
        tool_call("cnpg_query", database="app_db"),
        tool_call("private", private="private"),
        message("tools/list"),
        message("no/such/method"),
        b"{",
    ]
    for body in calls:
        request(server, "POST", body=body, headers=sent)
    stranger = {**sent, "authorization": "Bearer private"}
    request(server, "POST", body=calls[0], headers=stranger)
    lines = lines_of(server, sent["mcp-session-id"], len(calls) + 1)
    assert [(line["tool"], line["decision"], line["code"]) for line in lines] == [
        ("cnpg_query", "failed", "E_UNAVAILABLE"),
        ("cnpg_query", "denied", "E_SCOPE"),
        ("cnpg_query", "denied", "E_ARG"),
        ("private", "denied", "E_SCOPE"),
        ("", "allowed", None),
        ("", "failed", "E_UNAVAILABLE"),
        ("", "denied", "HTTP_400"),
        ("", "denied", "HTTP_401"),
    ]
    assert [line["key"] for line in lines] == [key_name(key)] * len(calls) + [""]
    assert lines[0]["arguments"] == {"database": "app_db", "sql": "[text of 7]"}
    assert lines[1]["arguments"] == {"database": "[text of 7]", "sql": "[text of 7]"}
    assert lines[0].keys() >= {"time", "method", "link", "duration_ms", "bytes", "arguments_sha256"}


def lines_of(server: Running, session: str, count: int) -> list[dict[str, Any]]:
    """Return the lines of a session, once so many are there; the last may come after its reply."""
    deadline = time.monotonic() + 5
    while True:
        lines = [json.loads(line) for line in server.audit()]
        mine = [line for line in lines if line["session"] == session]
        if len(mine) >= count or time.monotonic() > deadline:
            return mine
        time.sleep(0.02)


def test_the_chain_of_lines_shows_a_change_a_gap_and_a_swap(server: Running, key: int) -> None:
    open_session(server, key)
    lines = server.audit()
    assert len(lines) > 2
    assert first_break(lines) is None
    changed = [*lines]
    changed[1] = changed[1].replace(b'"decision"', b'"Decision"')
    assert first_break(changed) == 2
    assert first_break([lines[0], *lines[2:]]) == 1
    assert first_break([lines[1], lines[0], *lines[2:]]) == 0
    assert [json.loads(line)["sequence"] for line in lines] == list(range(1, len(lines) + 1))


def first_break(lines: list[bytes]) -> int | None:
    """Return the number of the first line that does not follow the one before it."""
    previous = "0" * 64
    for number, line in enumerate(lines):
        if json.loads(line)["previous"] != previous:
            return number
        previous = hashlib.sha256(line).hexdigest()
    return None
