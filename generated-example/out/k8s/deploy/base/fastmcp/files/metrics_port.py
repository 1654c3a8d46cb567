"""The port that a Prometheus reads: `GET /metrics` and nothing else.

In: a socket, and what to answer.
Out: the metrics as text. The port is none of the MCP server's: there every path but `/health`
asks for a key, and a Prometheus has none. The network policy lets a linked Prometheus in alone.
Must not know: what a metric means.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from typing import TYPE_CHECKING

from stacktic_mcp.core.auth import KEYS_SECRET, parse_keys
from stacktic_mcp.core.connections import BOTH_FAMILIES, open_socket
from stacktic_mcp.core.metrics import Labels, Metrics, degraded
from stacktic_mcp.core.settings import SettingsError
from stacktic_mcp.lib.refusal import Refusal

if TYPE_CHECKING:
    import socket
    from collections.abc import AsyncGenerator, Callable, Mapping, Sized

    from stacktic_mcp.core.settings import Settings

PORT_SETTING = "STACKTIC_METRICS_PORT"
MAX_CONNECTIONS = 8
HEAD_BYTES = 8 * 1024
SECONDS = 5.0
# Parts of `/health` that have a series from the start on, so that an alert sees them change.
PARTS = ("audit",)
_ASKED = re.compile(rb"(GET|HEAD) /metrics(\?[^ ]*)? HTTP/1\.[01]\r\n")


class MetricsPort:
    """A small server beside the large one, on the same loop."""

    def __init__(self, listener: socket.socket, metrics: Metrics) -> None:
        """Take a socket that listens."""
        self._listener = listener
        self._metrics = metrics
        self._open = 0

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncGenerator[None]:
        """Answer until the end of the block."""
        server = await asyncio.start_server(self._take, sock=self._listener, limit=HEAD_BYTES)
        try:
            yield
        finally:
            server.close()

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open += 1
        try:
            if self._open <= MAX_CONNECTIONS:
                async with asyncio.timeout(SECONDS):
                    await self._answer(reader, writer)
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            # Whoever asks like that gets no answer.
            writer.transport.abort()
        finally:
            self._open -= 1
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        asked = _ASKED.match(head)
        status = "200 OK" if asked else "404 Not Found"
        body = self._metrics.text().encode() if asked else b""
        lines = (
            f"HTTP/1.1 {status}",
            "content-type: text/plain; version=0.0.4; charset=utf-8",
            f"content-length: {len(body)}",
            "connection: close",
            "\r\n",
        )
        writer.write("\r\n".join(lines).encode("ascii"))
        if asked and asked[1] == b"GET":
            writer.write(body)
        await writer.drain()


def open_port(settings: Settings, metrics: Metrics) -> MetricsPort | None:
    """Listen where the settings say so; nowhere without a word."""
    port = settings.number(PORT_SETTING, 0)
    if not port:
        return None
    try:
        return MetricsPort(
            open_socket(settings.value("STACKTIC_HOST", BOTH_FAMILIES), port), metrics
        )
    except (OSError, OverflowError) as error:
        message = f"could not listen on `{PORT_SETTING}`: {error}"
        raise SettingsError(message) from error


def tell_state(
    metrics: Metrics, settings: Settings, sessions: Sized, health: Callable[[], Mapping[str, str]]
) -> None:
    """Tell how the server is, when somebody asks for its metrics."""
    metrics.gauge("sessions", "Sessions that are held", lambda: {(): len(sessions)})
    about = "Whether a part of the server is ill, as /health says"
    metrics.gauge("degraded", about, lambda: degraded(PARTS, health))
    about = "When a key ends, in seconds since 1970"
    metrics.gauge("key_expires_timestamp_seconds", about, lambda: expiries(settings))
    started = time.time()
    about = "When the process began, in seconds since 1970"
    metrics.gauge("start_timestamp_seconds", about, lambda: {(): round(started, 3)})


def expiries(settings: Settings) -> Mapping[Labels, float]:
    """Return the end of each key that has one; what a mistake hides is told by `/health`."""
    try:
        ring = parse_keys(settings.secret(KEYS_SECRET))
    except (Refusal, SettingsError):
        return {}
    return {(("key", key.name),): key.expires for key in ring.keys if key.expires is not None}
