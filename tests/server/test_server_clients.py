"""Clients of every generation: each lists, calls, reads, asks, pages, cancels.

Each connects once, in a process of its own packages, and does everything there.
"""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from generated import REPOSITORY
from npm_programs import CLIENTS, packages, run_node, script
from pods import Running, api_key

pytest_plugins = ["server_fixtures"]

PYTHON = CLIENTS / "python_session.py"
SESSION_SECONDS = 90
# The last keys: no other test shares their rates.
NODE_SDKS = {"sdk-1-11": 59, "sdk-1-32": 58, "@modelcontextprotocol/client": 57}
PYTHON_CLIENTS = {"fastmcp": 56, "mcp": 55, "mcp-old": 54}
INSPECTOR_KEY = 53
EVERY = [*NODE_SDKS, *PYTHON_CLIENTS]
INSPECTOR = ("@modelcontextprotocol/inspector", "clients/launcher/build/index.js")

Outcome = Callable[[str, str], Any]


@functools.cache
def old_python() -> str:
    """Return the interpreter of the old SDK, whose packages would not go beside the new ones."""
    lock = CLIENTS / "mcp-1.8" / "requirements.txt"
    command = [REPOSITORY / "scripts" / "python_environment.sh", "mcp-1.8", lock]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return f"{done.stdout.strip()}/bin/python"


def node_session(server: Running, sdk: str) -> str:
    # A module finds packages from where it lies.
    place = packages() / "node_session.mjs"
    place.write_bytes((CLIENTS / "node_session.mjs").read_bytes())
    key = api_key(NODE_SDKS[sdk])
    return run_node(str(place), sdk, server.url, environ={"TEST_KEY": key}).stdout


def python_session(server: Running, kind: str) -> str:
    interpreter = old_python() if kind == "mcp-old" else sys.executable
    done = subprocess.run(
        [interpreter, str(PYTHON), kind, server.url],
        env={"PATH": os.environ["PATH"], "TEST_KEY": api_key(PYTHON_CLIENTS[kind])},
        capture_output=True,
        text=True,
        timeout=SESSION_SECONDS,
        check=False,
    )
    return done.stdout


@pytest.fixture(scope="session")
def outcome(example_server: Running) -> Outcome:
    """Return what an action of a client came to; a client is started when it is first asked for."""

    @functools.cache
    def session(client: str) -> dict[str, Any]:
        start = node_session if client in NODE_SDKS else python_session
        return dict(json.loads(line) for line in start(example_server, client).splitlines())

    return lambda client, action: session(client)[action]


@pytest.fixture(scope="session")
def names(example_server: Running) -> list[str]:
    """Return the names of the stack's components."""
    topology = json.loads((example_server.pod.config / "topology.json").read_text())
    return sorted(item["name"] for item in topology["components"])


@pytest.fixture(scope="session")
def locked(example_server: Running) -> set[str]:
    lock = json.loads((example_server.pod.config / "tools.lock.json").read_text())
    return {tool["name"] for tool in lock["tools"]}


@pytest.mark.parametrize("client", EVERY)
def test_a_client_lists_the_locked_tools_and_calls_one(
    outcome: Outcome, client: str, locked: set[str], names: list[str]
) -> None:
    assert set(outcome(client, "list")) == locked
    assert outcome(client, "call") == len(names)


@pytest.mark.parametrize("client", EVERY)
def test_a_client_reads_a_resource_and_a_prompt(outcome: Outcome, client: str) -> None:
    assert outcome(client, "read").startswith("# Stack ")
    assert outcome(client, "prompt").startswith("Explain the stack `")


@pytest.mark.parametrize("client", EVERY)
def test_pages_give_every_item_once(outcome: Outcome, client: str, names: list[str]) -> None:
    assert sorted(outcome(client, "page")) == names


@pytest.mark.parametrize("client", EVERY)
def test_a_cancelled_call_leaves_the_connection_in_order(
    outcome: Outcome, client: str, names: list[str]
) -> None:
    found = outcome(client, "cancel")
    assert found["ended"] == "cancelled"
    # The check would have taken six seconds.
    assert found["seconds"] < 4
    assert found["returned"] == len(names)


@pytest.mark.parametrize("client", EVERY)
def test_eight_calls_at_once_are_all_answered(
    outcome: Outcome, client: str, names: list[str]
) -> None:
    assert outcome(client, "parallel") == [len(names)] * 8


def inspect(server: Running, *arguments: str) -> dict[str, Any]:
    """Return what the command line of the MCP Inspector prints."""
    done = run_node(
        script(*INSPECTOR), "--cli", server.url, "--transport", "http",
        "--header", f"Authorization: Bearer {api_key(INSPECTOR_KEY)}", *arguments,
        environ={},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_inspector_lists_calls_reads_and_asks(
    example_server: Running, locked: set[str]
) -> None:
    listed = inspect(example_server, "--method", "tools/list")
    assert {tool["name"] for tool in listed["tools"]} == locked
    call = ("--method", "tools/call", "--tool-name", "list_components", "--tool-arg", "limit=3")
    first = inspect(example_server, *call)["structuredContent"]
    assert first["returned"] == 3
    second = inspect(example_server, *call, f"cursor={first['next_cursor']}")["structuredContent"]
    assert not {row["name"] for row in first["data"]} & {row["name"] for row in second["data"]}
    read = inspect(example_server, "--method", "resources/read", "--uri", "stack://guide/api")
    assert read["contents"][0]["text"].startswith("# Stack ")
    asked = inspect(example_server, "--method", "prompts/get", "--prompt-name", "explain_stack")
    assert asked["messages"][0]["content"]["text"].startswith("Explain the stack `")
