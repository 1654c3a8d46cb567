"""The socket: how many connections there may be, and how long each may take.

In: an address to listen on; bytes of anyone, before a key was shown.
Out: whole requests to the application. A connection that is slow or idle ends after 10 s.
Must not know: paths, keys or MCP.

The limits are those of the Stack Agent. Where all places are taken, the connection that has
waited longest for its next request gives way: a probe gets through however many others wait.
"""

from __future__ import annotations

import errno
import socket
from typing import TYPE_CHECKING, Any, ClassVar

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from uvicorn.config import Config
    from uvicorn.server import ServerState

MAX_CONNECTIONS = 512
# What one address holds at most: the others' places are not its to take.
MAX_OF_ONE = 256
# From the first byte that could come to the end of the head, and between two requests.
HEAD_SECONDS = 10
# How long a client may take to read on.
WRITE_SECONDS = 10.0
HEAD_BYTES = 16 * 1024
# How many connections are accepted in one go, each with a file descriptor of its own.
BACKLOG = 256
BOTH_FAMILIES = "::"
ALL_OF_IPV4 = "0.0.0.0"  # noqa: S104 -- a pod is reached on its own address
# Separators of a header line, and what a request line has beside method and target.
LINE_BYTES = 4
REQUEST_LINE_BYTES = 16


def open_socket(host: str, port: int) -> socket.socket:
    """Listen on an address, and let connections send at once what they have to send.

    `::` stands for both families, or for IPv4 where there is no other. asyncio switches waiting
    off by itself only where a socket names its protocol, which those of `create_server` do not:
    the second piece of an answer then lies about until the client confirms the first, 40 ms.
    """
    listener = _listening(host, port)
    # Those that it accepts inherit this.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _listening(host: str, port: int) -> socket.socket:
    if host == BOTH_FAMILIES and socket.has_dualstack_ipv6():
        try:
            return socket.create_server(
                (host, port), family=socket.AF_INET6, backlog=BACKLOG, dualstack_ipv6=True
            )
        except OSError as error:
            # The kernel knows IPv6, but this pod has no address of it.
            if error.errno not in {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}:
                raise
    host = ALL_OF_IPV4 if host == BOTH_FAMILIES else host
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=BACKLOG)


class Places:
    """The open connections, and those among them that wait for a request, the oldest first."""

    def __init__(self, most: int = MAX_CONNECTIONS, most_of_one: int = MAX_OF_ONE) -> None:
        """Start with none."""
        self._most = most
        self._most_of_one = most_of_one
        self._held: dict[str, set[GuardedProtocol]] = {}
        self._waiting: dict[str, dict[GuardedProtocol, None]] = {}

    def __len__(self) -> int:
        return sum(map(len, self._held.values()))

    def admit(self, connection: GuardedProtocol) -> bool:
        """Give a place, that of a waiting connection where there is no other."""
        address = connection.address
        crowded = address
        if len(self._held.get(address, ())) < self._most_of_one:
            if len(self) < self._most:
                return self._seat(connection)
            crowded = max(self._held, key=lambda each: len(self._held[each]))
        oldest = next(iter(self._waiting.get(crowded, {})), None)
        if oldest is None:
            return False
        self.leave(oldest)
        oldest.end()
        return self._seat(connection)

    def wait(self, connection: GuardedProtocol) -> None:
        """Note that a connection has nothing to do but wait."""
        if connection in self._held.get(connection.address, ()):
            self._waiting.setdefault(connection.address, {})[connection] = None

    def work(self, connection: GuardedProtocol) -> None:
        """Note that a request came: this connection keeps its place."""
        waiting = self._waiting.get(connection.address, {})
        waiting.pop(connection, None)
        if not waiting:
            self._waiting.pop(connection.address, None)

    def leave(self, connection: GuardedProtocol) -> None:
        """Take the place back."""
        self.work(connection)
        held = self._held.get(connection.address, set())
        held.discard(connection)
        if not held:
            self._held.pop(connection.address, None)

    def _seat(self, connection: GuardedProtocol) -> bool:
        self._held.setdefault(connection.address, set()).add(connection)
        return True


class GuardedProtocol(H11Protocol):
    """An HTTP connection with a place, and with a time for everything that it waits for."""

    # One server a process.
    places: ClassVar[Places] = Places()

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        """Read requests through a reader that is stricter than the protocol asks."""
        super().__init__(config, server_state, app_state, _loop)
        self.conn = _Reader(self._begin_work)
        self.address = ""
        self._head_timer: asyncio.TimerHandle | None = None
        self._write_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Take a place, or end."""
        super().connection_made(transport)
        self.address = self.client[0] if self.client else ""
        if self.places.admit(self):
            self._begin_waiting()
        else:
            self.end()

    def connection_lost(self, exc: Exception | None) -> None:
        """Give the place back."""
        _stop(self._head_timer)
        _stop(self._write_timer)
        self.places.leave(self)
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        """Wait for the next request, the rest of a body that nobody read included."""
        # First: a request that is here already begins within.
        self._begin_waiting()
        super().on_response_complete()

    def pause_writing(self) -> None:
        """Give the client some time to read on."""
        super().pause_writing()
        self._write_timer = self.loop.call_later(WRITE_SECONDS, self.end)

    def resume_writing(self) -> None:
        """Note that the client reads."""
        _stop(self._write_timer)
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no request; after the answer has begun, there is only the end."""
        self._begin_waiting()
        try:
            super().send_400_response(msg)
        except h11.LocalProtocolError:
            self.end()

    def end(self) -> None:
        """Close at once: what the client has not read by now it does not get."""
        self.transport.abort()

    def _begin_waiting(self) -> None:
        self.places.wait(self)
        _stop(self._head_timer)
        self._head_timer = self.loop.call_later(HEAD_SECONDS, self.end)

    def _begin_work(self) -> None:
        _stop(self._head_timer)
        self.places.work(self)


class _Reader(h11.Connection):
    """Reads requests, and refuses those that two programs could understand differently."""

    def __init__(self, head_came: Callable[[], None]) -> None:
        super().__init__(h11.SERVER, HEAD_BYTES)
        self._head_came = head_came

    def next_event(self) -> Any:
        event = super().next_event()
        if isinstance(event, h11.Request):
            _ensure_plain(event)
            self._head_came()
        return event


def _ensure_plain(request: h11.Request) -> None:
    """Refuse a head that came whole but is too long, and one with two lengths of its body."""
    lines = sum(len(name) + len(value) + LINE_BYTES for name, value in request.headers)
    if lines + len(request.method) + len(request.target) + REQUEST_LINE_BYTES > HEAD_BYTES:
        message = "the head is too long"
        raise h11.RemoteProtocolError(message, error_status_hint=431)
    names = {name for name, _ in request.headers}
    if {b"content-length", b"transfer-encoding"} <= names:
        message = "two lengths"
        raise h11.RemoteProtocolError(message)


def _stop(timer: asyncio.TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()
