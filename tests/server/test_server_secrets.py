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
from pathlib import Path
from typing import Any

import pytest

from agent_stub import AGENT_KEY
from generated import Generated
from mcp_client import JSON, McpClient, answer, bearer, client_of, message, open_session, request
from pods import KEYS, Running, api_key, key_name, make_pod, running, secret_value
from servers.stub import Reply, Request, Stub, serving

pytest_plugins = ["server_fixtures"]

CLIENTS = 10
# Values for what a tool requires and no closed list offers.
ARGUMENTS: dict[str, Any] = {
    "command": "pg_isready -h {host} -p {port}", "component": "kafka", "expect_depth_max": 0,
    "from": "fastapi", "key": "app:x", "keys": ["app:x"], "label": "job",
    "logql": '{namespace="kafka"}', "name": "kafka", "panel_id": 1, "payload": "{}", "query": "up",
    "routing_key": "x", "source": "kafka", "sql": "SELECT 1", "start": "now-15m", "table": "orders",
    "to": "kafka", "uid": "abc", "value": "v",
}  # fmt: skip
MATCH = {"loki": '{namespace="kafka"}', "prom": ["up"]}
# Asked for plainly: without it the tool only tells what it would do.
MORE = {"explain_access": {"tool": "prom_query"}, "valkey_set": {"dry_run": False}}


def words() -> dict[str, str]:
    """Return everything that must never be seen, by what it is."""
    keys = {f"key {number}": api_key(number) for number in range(CLIENTS)}
    hashes = {f"hash of {name}": hashlib.sha256(key.encode()).hexdigest() for name, key in keys.items()}
    return keys | hashes


class Mirror:
    """An HTTP backend at its worst: it sends back all it was sent, headers first."""

    def __init__(self) -> None:
        self.status = 200

    def __call__(self, request: Request) -> Reply:
        seen = {"headers": dict(request.headers), "query": request.query, "body": request.body}
        text = json.dumps(seen)
        rows = [{"name": text, "metadata": {"name": text}, "message": text}]
        return Reply(self.status, {"status": "success", "data": {"result": rows}, "results": rows, "items": rows, **seen})


@pytest.fixture(scope="module")
def mirror() -> Generator[tuple[Mirror, Stub]]:
    """Serve the mirror."""
    behaviour = Mirror()
    with serving(behaviour) as stub:
        yield behaviour, stub


@pytest.fixture(scope="module")
def server(
    tmp_path_factory: pytest.TempPathFactory,
    example_output: Generated,
    mirror: tuple[Mirror, Stub],
) -> Generator[Running]:
    """Run the example's server by the pod's own command, every backend being the mirror."""
    environ = example_output.environ()
    places = {name: "127.0.0.1" for name in environ if name.endswith("_HOST")}
    places |= {name: str(mirror[1].port) for name in environ if name.endswith("_PORT")}
    # A client of Kafka would wait for the end of what it takes for a message.
    places["MCP_KAFKA_PORT"] = "9"
    pod = make_pod(tmp_path_factory.mktemp("pod") / "pod", example_output, **places)
    with running(pod, fresh=True) as started:
        yield started
