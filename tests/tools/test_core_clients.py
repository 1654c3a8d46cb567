"""Ordinary clients of both kinds of revisions, each with eight calls at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
from fastmcp import Client
from fastmcp.client.auth import BearerAuth
from mcp.client.client import Client as SdkClient
from mcp.client.streamable_http import streamable_http_client

from core_server import KEY, Running, make_pod, running

pytestmark = pytest.mark.anyio

# With a session and a handshake, or without either.
MODES = ["legacy", "auto"]
CALL = {"database": "app_db", "size": 10}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(make_pod(tmp_path_factory.mktemp("clients") / "pod")) as started:
        yield started


@asynccontextmanager
async def fastmcp_client(server: Running, mode: str) -> AsyncGenerator[Any]:
    async with Client(server.url, auth=BearerAuth(KEY), mode=mode) as client:
        yield client


@asynccontextmanager
async def sdk_client(server: Running, mode: str) -> AsyncGenerator[Any]:
    headers = {"authorization": f"Bearer {KEY}"}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=30) as http,
        SdkClient(streamable_http_client(server.url, http_client=http), mode=mode) as client,
    ):
        yield client


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("connected", [fastmcp_client, sdk_client])
async def test_eight_calls_at_once_all_succeed(server: Running, connected: Any, mode: str) -> None:
    before = len(called(server))
    async with connected(server, mode) as client:
        results = await asyncio.gather(*(client.call_tool("sample_list", CALL) for _ in range(8)))
    assert [result.structured_content["returned"] for result in results] == [60] * 8
    lines = called(server)[before:]
    assert [line["decision"] for line in lines] == ["allowed"] * 8
    # Whoever has no session names none.
    assert {bool(line["session"]) for line in lines} == {mode == "legacy"}


def called(server: Running) -> list[dict[str, Any]]:
    return [line for line in server.audit() if line["method"] == "tools/call"]


@pytest.mark.parametrize("mode", MODES)
async def test_a_client_that_floods_reads_why_and_how_to_go_on(server: Running, mode: str) -> None:
    async with fastmcp_client(server, mode) as client:
        # It asks for the schema of a tool's answers at the first call.
        await client.call_tool("sample_list", CALL)
        calls = (client.call_tool("sample_list", CALL, raise_on_error=False) for _ in range(60))
        results = await asyncio.gather(*calls)
    refused = [result for result in results if result.is_error]
    assert refused
    assert all('"E_LIMIT"' in result.content[0].text for result in refused)
