"""A backend that answers well at first, and then in ways that would fill a careless client.

In: what to answer while all is well, and the hostile body that follows.
Out: a port on loopback.
Must not know: any tool.
"""

from __future__ import annotations

import contextlib
import threading
import zlib
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

MIB = 1024 * 1024
MOST_SENT = 512 * MIB
BLOCK_BYTES = 64 * 1024


@dataclass(frozen=True)
class Body:
    """An answer as it is sent: piece by piece, with a length or in chunks."""

    pieces: Callable[[], Iterator[bytes]]
    length: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    status: int = 200


def whole(data: bytes, **headers: str) -> Body:
    """Return an answer that is known in full."""
    return Body(lambda: iter([data]), len(data), headers)


def repeated(start: bytes, piece: bytes, times: int, end: bytes) -> Body:
    """Return an answer that says its length and is never held as a whole."""

    block = max(1, BLOCK_BYTES // len(piece))

    def pieces() -> Iterator[bytes]:
        yield start
        for _ in range(times // block):
            yield piece * block
        yield piece * (times % block)
        yield end

    return Body(pieces, len(start) + len(piece) * times + len(end))


def endless(piece: bytes) -> Body:
    """Return chunks that come until the client has had enough."""

    def pieces() -> Iterator[bytes]:
        for _ in range(MOST_SENT // len(piece)):
            yield piece

    return Body(pieces)


def bomb() -> Body:
    """Return 256 MiB of blanks as a compressed answer of 256 KiB, which nobody asked for."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    packed = b"".join(packer.compress(b" " * MIB) for _ in range(256)) + packer.flush()
    return whole(packed, **{"content-encoding": "gzip"})


@dataclass
class Hostile:
    """A server, and how many requests it answers well before it turns."""

    good: Callable[[str], bytes | None]
    bad: Body
    good_requests: int
    beside: frozenset[str] = frozenset()
    seen: int = 0
    sent: int = 0
    port: int = 0

    def body(self, path: str) -> Body:
        """Return what a path answers now."""
        self.seen += 1
        if self.seen <= self.good_requests or path in self.beside:
            found = self.good(path)
            return whole(found) if found is not None else Body(lambda: iter([]), 0, {}, 404)
        return self.bad


@contextmanager
def serving(state: Hostile) -> Generator[Hostile]:
    """Answer on a free port of 127.0.0.1 until the block ends."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(state))
    server.daemon_threads = True
    server.block_on_close = False
    state.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _handler(state: Hostile) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle(self) -> None:
            """Serve a connection until the client has had enough."""
            with contextlib.suppress(OSError):
                super().handle()

        def handle_any(self) -> None:
            """Read the request, send the answer for as long as the client takes it."""
            self.rfile.read(int(self.headers.get("content-length", "0")))
            body = state.body(self.path.split("?")[0].removeprefix("/"))
            self.send_response(body.status)
            for name, value in body.headers.items():
                self.send_header(name, value)
            if body.length is None:
                self.send_header("transfer-encoding", "chunked")
            else:
                self.send_header("content-length", str(body.length))
            self.end_headers()
            try:
                self._send(body)
            except OSError:
                self.close_connection = True

        do_GET = do_POST = do_HEAD = handle_any  # noqa: N815 -- the base's

        def _send(self, body: Body) -> None:
            for piece in filter(None, body.pieces()):
                chunked = body.length is None
                data = b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece
                self.wfile.write(data)
                state.sent += len(data)
            if body.length is None:
                self.wfile.write(b"0\r\n\r\n")

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- the base's name
            """Tests read the record, not stderr."""

    return Handler
