"""A Service in small: each connection goes to the next replica that is ready.

In: the ports of replicas, which come and go.
Out: one port on loopback that leads to those of them that answered their last probe.
Must not know: HTTP beyond the probe, or any assertion.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Self

PROBE_SECONDS = 0.1
# Others learn that a pod is no longer ready some time after it says so.
LAG_SECONDS = 0.3
CHUNK = 65536


@dataclass
class RoundRobin:
    """The replicas that are ready, and the connections to them."""

    replicas: dict[int, bool] = field(default_factory=dict[int, bool])
    port: int = 0
    _turn: int = 0

    def add(self, *ports: int) -> None:
        """Lead to replicas as soon as they are ready."""
        self.replicas |= dict.fromkeys(ports, False)

    async def until_ready(self, count: int) -> None:
        """Wait until so many replicas are led to."""
        while sum(self.replicas.values()) < count:  # noqa: ASYNC110 -- probes tell nobody
            await asyncio.sleep(PROBE_SECONDS)

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncGenerator[Self]:
        """Listen, and probe, for as long as a test lasts."""
        server = await asyncio.start_server(self._lead, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        probing = asyncio.create_task(self._probe_all())
        try:
            yield self
        finally:
            probing.cancel()
            server.close()

    async def _probe_all(self) -> None:
        while True:
            for port in list(self.replicas):
                is_ready = await _is_ready(port)
                if is_ready or not self.replicas[port]:
                    self.replicas[port] = is_ready
                else:
                    asyncio.get_running_loop().call_later(LAG_SECONDS, self._leave, port)
            await asyncio.sleep(PROBE_SECONDS)

    def _leave(self, port: int) -> None:
        self.replicas[port] = False

    async def _lead(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ready = sorted(port for port, is_ready in self.replicas.items() if is_ready)
        self._turn += 1
        try:
            there = await asyncio.open_connection("127.0.0.1", ready[self._turn % len(ready)])
        except (OSError, ZeroDivisionError):
            writer.transport.abort()
            return
        await asyncio.gather(_copy(reader, there[1]), _copy(there[0], writer))


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while chunk := await reader.read(CHUNK):
            writer.write(chunk)
            await writer.drain()
    with contextlib.suppress(OSError):
        writer.close()


async def _is_ready(port: int) -> bool:
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /health HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n")
        status = (await reader.read(CHUNK)).split(b" ", 2)[1:2]
        writer.close()
    except OSError:
        return False
    return status == [b"200"]
