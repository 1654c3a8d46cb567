"""A plain HTTP client for a server under test, which sends what a test says and nothing more.

In: a running server, a key, JSON-RPC messages.
Out: replies as they came.
Must not know: any assertion, or what a tool does.
"""

from __future__ import annotations

import http.client
import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core_server import KEY, Reply, Running

PROTOCOL = "2025-03-26"
_ids = itertools.count(1)


def request(
    server: Running,
    method: str,
    path: str,
    *,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> Reply:
    """Send one HTTP request on a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    try:
        connection.request(method, path, body=body, headers=dict(headers or {}))
        response = connection.getresponse()
        text = response.read().decode("utf-8", "replace")
        names = {name.lower(): value for name, value in response.getheaders()}
        return Reply(response.status, names, text)
    finally:
        connection.close()


def post(
    server: Running,
    message: Mapping[str, Any],
    *,
    key: str | None = KEY,
    headers: Mapping[str, str] | None = None,
) -> Reply:
    """Send one JSON-RPC message to `/mcp`."""
    sent = {"content-type": "application/json", "accept": "application/json, text/event-stream"}
    if key is not None:
        sent["authorization"] = f"Bearer {key}"
    body = {"jsonrpc": "2.0", "id": next(_ids), **message}
    return request(
        server, "POST", "/mcp", body=json.dumps(body).encode(), headers={**sent, **(headers or {})}
    )


@dataclass
class Session:
    """An MCP session of one key."""

    server: Running
    key: str
    id: str
    headers: dict[str, str] = field(default_factory=dict[str, str])

    @classmethod
    def opened(cls, server: Running, key: str = KEY) -> Session:
        params = {
            "protocolVersion": PROTOCOL,
            "capabilities": {},
            "clientInfo": {"name": "test", "version": "1"},
        }
        reply = post(server, {"method": "initialize", "params": params}, key=key)
        return cls(server, key, reply.headers["mcp-session-id"])

    def send(
        self, method: str, params: Mapping[str, Any] | None = None, *, key: str | None = None
    ) -> Reply:
        message: dict[str, Any] = {"method": method}
        if params is not None:
            message["params"] = dict(params)
        headers = {"mcp-session-id": self.id, **self.headers}
        return post(self.server, message, key=key or self.key, headers=headers)

    def result(self, method: str, params: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Return the result of a method."""
        return self.send(method, params).json["result"]

    def call(self, tool: str, arguments: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Return the envelope of a tool, or the JSON of its refusal."""
        result = self.result("tools/call", {"name": tool, "arguments": dict(arguments or {})})
        if result.get("isError"):
            return json.loads(result["content"][0]["text"])
        return result["structuredContent"]
