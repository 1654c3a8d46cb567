"""Two ways to speak to a server: as an ordinary MCP client, and byte by byte.

In: a running server, the number of a key, what to send.
Out: tools, envelopes, refusals, HTTP replies as they came.
Must not know: any assertion.
"""

from __future__ import annotations

import asyncio
import http.client
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fastmcp import Client
from fastmcp.client.auth import BearerAuth
from mcp_types import TextContent, Tool

from pods import Running, api_key

PROTOCOL = "2025-03-26"
JSON = {"content-type": "application/json", "accept": "application/json, text/event-stream"}

McpClient = Client[Any]


def client_of(server: Running, key: int) -> McpClient:
    """Return an MCP client that presents a key."""
    return Client(server.url, auth=BearerAuth(api_key(key)))


def with_client[T](server: Running, key: int, work: Callable[[McpClient], Awaitable[T]]) -> T:
    """Do some work in one connection."""

    async def connected() -> T:
        async with client_of(server, key) as client:
            return await work(client)

    return asyncio.run(connected())


def listed(server: Running, key: int) -> dict[str, dict[str, Any]]:
    """Return the input schemas of the listed tools by name."""

    async def tools(client: McpClient) -> dict[str, dict[str, Any]]:
        return {tool.name: tool.input_schema for tool in await client.list_tools()}

    return with_client(server, key, tools)


def offered(server: Running, key: int) -> list[Tool]:
    """Return the listed tools with all their texts."""
    return with_client(server, key, lambda client: client.list_tools())


def call(server: Running, key: int, name: str, /, **arguments: Any) -> dict[str, Any]:
    """Return the envelope of a call, or the body of its refusal."""

    async def called(client: McpClient) -> dict[str, Any]:
        return await answer(client, name, arguments)

    return with_client(server, key, called)


async def answer(client: McpClient, name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Call a tool in an open connection."""
    result = await client.call_tool(name, dict(arguments), raise_on_error=False)
    if result.structured_content is not None:
        return result.structured_content
    first = result.content[0]
    assert isinstance(first, TextContent)
    return json.loads(first.text)


@dataclass(frozen=True)
class Reply:
    """An HTTP reply; names of headers in lower case."""

    status: int
    headers: Mapping[str, str]
    text: str


def request(
    server: Running,
    method: str,
    path: str = "/mcp",
    *,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> Reply:
    """Send one HTTP request on a connection of its own, and nothing that was not asked for."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    try:
        connection.request(method, path, body=body, headers=dict(headers or {}))
        response = connection.getresponse()
        names = {name.lower(): value for name, value in response.getheaders()}
        # An event stream has no end to wait for.
        endless = names.get("content-type", "").startswith("text/event-stream")
        text = "" if endless else response.read().decode("utf-8", "replace")
        return Reply(response.status, names, text)
    finally:
        connection.close()


def bearer(key: int) -> dict[str, str]:
    """Return the header that presents a key."""
    return {"authorization": f"Bearer {api_key(key)}"}


def message(method: str, **params: Any) -> bytes:
    """Return one JSON-RPC request."""
    return json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()


def open_session(server: Running, key: int) -> str:
    """Initialize, and return the id of the session."""
    client = {"name": "test", "version": "1"}
    body = message("initialize", protocolVersion=PROTOCOL, capabilities={}, clientInfo=client)
    reply = request(server, "POST", body=body, headers={**JSON, **bearer(key)})
    assert reply.status == 200, reply.text
    return reply.headers["mcp-session-id"]
