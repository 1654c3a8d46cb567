"""Trino's protocol on a port of loopback, with a certificate: queries that can be cancelled.

In: what each statement answers. Out: pages as https://trino.io/docs/current/develop/client-protocol.html
describes them, 401 to whoever shows another credential, which queries were cancelled, and all that
was asked. Must not know the tools; the real server is in `tests/lab/test_trino_tools.py`.
"""

from __future__ import annotations

import base64
import json
import ssl
import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

USER, PASSWORD = "reader", "reader_password"
DENIED = {"errorName": "PERMISSION_DENIED", "errorType": "USER_ERROR", "message": "Access Denied"}
Json = dict[str, Any]


@dataclass
class Stub:
    """A running stub: `answers` are the pages of each statement, by how it begins."""

    answers: Mapping[str, list[Json]]
    port: int = 0
    next_host: str = ""
    asked: list[str] = field(default_factory=list[str])
    heads: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    statements: dict[str, str] = field(default_factory=dict[str, str])
    cancelled: list[str] = field(default_factory=list[str])
    listed: Any = field(default_factory=list[Any])

    def first(self, sql: str) -> Json:
        """Take a statement; its first page has no row."""
        name = f"20261130_070000_{len(self.statements):05d}_abcde"
        self.statements[name] = sql
        return {"id": name, "nextUri": self.address(name, 0), "stats": {"state": "QUEUED"}}

    def page(self, name: str, number: int) -> Json:
        """Return one page of an answer, with the address of the next where there is one."""
        sql = self.statements[name]
        begins = [found for start, found in self.answers.items() if sql.startswith(start)]
        if not begins:
            return {"id": name, "error": DENIED}
        pages = begins[0]
        page = {"id": name, **pages[min(number, len(pages) - 1)]}
        endless = page.pop("endless", False)
        if endless or number + 1 < len(pages):
            page.setdefault("nextUri", self.address(name, number + 1))
        return page

    def address(self, name: str, number: int) -> str:
        """Return the address of a page, at another host where the test says so."""
        host = self.next_host or f"https://elsewhere.invalid:1/v1/statement/executing/{name}"
        return f"{host}/ya1b2c3/{number}"


@contextmanager
def serving(answers: Mapping[str, list[Json]], certificate: Path) -> Generator[Stub]:
    """Answer until the block ends."""
    stub = Stub(answers)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(stub))
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


def _handler(stub: Stub) -> type[BaseHTTPRequestHandler]:
    pair = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            """Note a request and answer it."""
            sql = self.rfile.read(int(self.headers.get("content-length", "0"))).decode()
            stub.asked.append(f"{self.command} {self.path}")
            stub.heads.append({name.lower(): value for name, value in self.headers.items()})
            if self.headers.get("Authorization") != f"Basic {pair}":
                self._send(401, "Unauthorized: no such secret")
                return
            parts = urlsplit(self.path).path.split("/")[1:]
            if parts == ["v1", "query"]:
                self._send(200, stub.listed)
            elif self.command == "POST" and parts == ["v1", "statement"]:
                self._send(200, stub.first(sql))
            elif self.command == "DELETE":
                stub.cancelled.append(stub.statements[parts[3]])
                self._send(204, "")
            else:
                self._send(200, stub.page(parts[3], int(parts[5])))

        do_GET = do_POST = do_PUT = do_DELETE = handle_any  # noqa: N815 -- the base's

        def _send(self, status: int, body: Any) -> None:
            content = (body if isinstance(body, str) else json.dumps(body)).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- the base's name
            """Tests read the record, not stderr."""

    return Handler
