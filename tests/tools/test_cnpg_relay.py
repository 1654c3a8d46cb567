"""The relay between libpq and the server, on a pair of sockets.

In: bytes in both directions, few or too many.
Out: the same bytes, and an end once the cap is reached.
Must not know: PostgreSQL.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

import pytest

from stacktic_mcp.tools.cnpg.cnpg_relay import MAX_RECEIVED_BYTES, Relay

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def relayed() -> AsyncGenerator[tuple[Relay, socket.socket, socket.socket]]:
    """Yield a relay, the socket that libpq would hold, and the server's."""
    libpq, server = socket.socketpair()
    libpq.setblocking(False)
    server.setblocking(False)
    relay = Relay(libpq.fileno())
    try:
        yield relay, libpq, server
    finally:
        libpq.close()
        server.close()
        await relay.stop()


async def received(end: socket.socket, count: int) -> int:
    """Return how many bytes came before the end, at most the count."""
    loop = asyncio.get_running_loop()
    size = 0
    while size < count and (data := await loop.sock_recv(end, 65536)):
        size += len(data)
    return size


async def test_bytes_pass_in_both_directions() -> None:
    loop = asyncio.get_running_loop()
    async with relayed() as (relay, libpq, server):
        await loop.sock_sendall(libpq, b"question")
        assert await loop.sock_recv(server, 100) == b"question"
        await loop.sock_sendall(server, b"answer")
        assert await loop.sock_recv(libpq, 100) == b"answer"
        assert not relay.exceeded


async def test_the_session_ends_at_the_cap() -> None:
    loop = asyncio.get_running_loop()

    async def send_too_much() -> None:
        with suppress(OSError):
            await loop.sock_sendall(server, b"x" * (2 * MAX_RECEIVED_BYTES))

    async with relayed() as (relay, libpq, server):
        sending = asyncio.create_task(send_too_much())
        assert 0 < await received(libpq, 2 * MAX_RECEIVED_BYTES) <= MAX_RECEIVED_BYTES
        await sending
        assert relay.exceeded


async def test_the_last_message_arrives_before_the_end() -> None:
    loop = asyncio.get_running_loop()
    async with relayed() as (relay, libpq, server):
        await loop.sock_sendall(libpq, b"goodbye")
        libpq.close()
        await relay.stop()
        assert await loop.sock_recv(server, 100) == b"goodbye"
        assert await loop.sock_recv(server, 100) == b""
        assert not relay.exceeded
