"""A client in Python: does what every client does, and prints what came.

In: `fastmcp`, `mcp` (2.x) or `mcp-old` (1.8), the address; TEST_KEY in the environment.
Out: a line of JSON an action: its name, and what came.
Must not know: what an answer should be. It is run by the interpreter of each client's packages.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import json
import os
import sys
import time
from collections.abc import AsyncGenerator, Callable
from typing import Any

HEADERS = {"authorization": f"Bearer {os.environ['TEST_KEY']}"}
SLOW = {
    "source": "valkey",
    "command": "nc -z {host} {port}",
    "on_success": "nc -z {host} {port}",
    "verify_delay": 6,
}


def part(module: str, name: str) -> Any:
    """Return a part of the packages that this client has."""
    return getattr(importlib.import_module(module), name)


@contextlib.asynccontextmanager
async def old_session(url: str) -> AsyncGenerator[Any]:
    """The session of SDK 1.x."""
    connect = part("mcp.client.streamable_http", "streamablehttp_client")
    session_of = part("mcp", "ClientSession")
    async with (
        connect(url, headers=HEADERS) as (read, write, _),
        session_of(read, write) as session,
    ):
        await session.initialize()
        yield session


@contextlib.asynccontextmanager
async def new_session(url: str) -> AsyncGenerator[Any]:
    """The client of SDK 2.x."""
    http = part("httpx2", "AsyncClient")(headers=HEADERS, timeout=30)
    connect = part("mcp.client.streamable_http", "streamable_http_client")
    client_of = part("mcp.client.client", "Client")
    async with http, client_of(connect(url, http_client=http)) as client:
        yield client


@contextlib.asynccontextmanager
async def fastmcp_client(url: str) -> AsyncGenerator[Any]:
    """The client of FastMCP."""
    connect = part("fastmcp.client.transports", "StreamableHttpTransport")
    async with part("fastmcp", "Client")(connect(url, headers=HEADERS)) as client:
        yield client


KINDS: dict[str, Callable[[str], Any]] = {
    "fastmcp": fastmcp_client,
    "mcp": new_session,
    "mcp-old": old_session,
}


def items(result: Any, name: str) -> Any:
    """FastMCP's client gives the list itself, the SDK a result that has it."""
    return getattr(result, name, result)


class Actions:
    """One connection, and what is done in it."""

    def __init__(self, client: Any) -> None:
        self.client = client

    async def _call(self, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
        result = await self.client.call_tool(name, arguments)
        return json.loads(result.content[0].text)

    async def list(self) -> list[str]:
        return [tool.name for tool in items(await self.client.list_tools(), "tools")]

    async def call(self) -> int:
        return (await self._call("list_components", {}))["returned"]

    async def read(self) -> str:
        return items(await self.client.read_resource("stack://guide/api"), "contents")[0].text

    async def prompt(self) -> str:
        return (await self.client.get_prompt("explain_stack")).messages[0].content.text

    async def page(self) -> list[str]:
        names: list[str] = []
        arguments: dict[str, Any] = {"limit": 7}
        while True:
            answer = await self._call("list_components", arguments)
            names += [row["name"] for row in answer["data"]]
            if answer["next_cursor"] is None:
                return names
            arguments["cursor"] = answer["next_cursor"]

    async def cancel(self) -> dict[str, Any]:
        begun = time.monotonic()
        try:
            await asyncio.wait_for(self._call("run_test", SLOW), 0.5)
            ended = "answered"
        except TimeoutError:
            ended = "cancelled"
        returned = (await self._call("list_components", {}))["returned"]
        return {"ended": ended, "seconds": time.monotonic() - begun, "returned": returned}

    async def parallel(self) -> list[Any]:
        await asyncio.sleep(2)
        calls = [self._call("list_components", {}) for _ in range(8)]
        return [answer.get("returned", answer) for answer in await asyncio.gather(*calls)]


async def main(kind: str, url: str) -> None:
    async with KINDS[kind](url) as client:
        actions = Actions(client)
        for name in ("list", "call", "read", "prompt", "page", "cancel", "parallel"):
            try:
                found = await getattr(actions, name)()
            except Exception as error:
                found = {"error": repr(error)}
            # At once: an old client may break down as a whole.
            print(json.dumps([name, found]), flush=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
