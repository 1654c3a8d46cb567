"""What stubs of HTTP products share: a socket on loopback and a record of what was asked.

In: a function from a request to a reply.
Out: a port, and every request that came in.
Must not know: any product.
"""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit


@dataclass(frozen=True)
class Request:
    """One request as a product sees it; `path` is decoded segment by segment."""

    method: str
    path: tuple[str, ...]
    query: list[tuple[str, str]]
    headers: Mapping[str, str]
    body: Any

    def first(self, name: str, default: str = "") -> str:
        """Return a query parameter, the first of its name."""
        return next((value for key, value in self.query if key == name), default)

    def every(self, name: str) -> list[str]:
        """Return all query parameters of a name."""
        return [value for key, value in self.query if key == name]


@dataclass(frozen=True)
class Reply:
    """Status and body; a text is sent as it is, everything else as JSON."""

    status: int
    body: Any


@dataclass
class Stub:
    """A running stub."""

    port: int = 0
    requests: list[Request] = field(default_factory=list[Request])

    def asked(self, *path: str) -> list[Request]:
        """Return the requests for a path."""
        return [request for request in self.requests if request.path == path]


@contextmanager
def serving(answer: Callable[[Request], Reply], certificate: Path | None = None) -> Generator[Stub]:
    """Answer requests on a free port of 127.0.0.1 until the block ends.

    With the folder of a certificate, over TLS alone.
    """
    stub = Stub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(answer, stub))
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate / "tls.crt", certificate / "tls.key")
        server.socket = context.wrap_socket(server.socket, server_side=True)
    stub.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield stub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _decoded(raw: bytes, kind: str) -> Any:
    """Return a body as its type says: a form, or JSON."""
    if kind == "application/x-www-form-urlencoded":
        return dict(parse_qsl(raw.decode("ascii"), keep_blank_values=True))
    return json.loads(raw) if raw else None


def _handler(answer: Callable[[Request], Reply], stub: Stub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            """Read the request whole, note it, answer it."""
            address = urlsplit(self.path)
            size = int(self.headers.get("content-length", "0"))
            raw = self.rfile.read(size)
            request = Request(
                method=self.command,
                path=tuple(unquote(part) for part in address.path.split("/")[1:]),
                query=parse_qsl(address.query, keep_blank_values=True),
                headers={name.lower(): value for name, value in self.headers.items()},
                body=_decoded(raw, self.headers.get("content-type", "")),
            )
            stub.requests.append(request)
            self._send(answer(request))

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any  # noqa: N815 -- the base's

        def _send(self, reply: Reply) -> None:
            plain = isinstance(reply.body, str)
            content = (reply.body if plain else json.dumps(reply.body)).encode()
            self.send_response(reply.status)
            self.send_header("content-type", "text/plain" if plain else "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- the base's name
            """Tests read the record, not stderr."""

    return Handler
