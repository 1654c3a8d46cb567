"""An HTTP backend at its worst: whatever it was sent comes back, wherever text may stand.

In: any HTTP request.
Out: a status of the test's choice, and the request's headers and body in a form that the
product whose path was asked for might use.
Must not know: which tool asks, or what is secret.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

GOOD = 200
# Where a product's answers hold text: the first that fits the path.
STREAMS = "/loki/"
# What a query would read: asked for before it is run.
STATISTICS = "/loki/api/v1/index/stats"
SERIES = ("/api/v1/query", "/api/v1/query_range")
AGENT = "/metadata/q"
LISTS = ("/api/", "/orders")


@dataclass
class Mirror:
    """A running mirror, and everything it was sent."""

    port: int = 0
    status: int = GOOD
    # What it knows from elsewhere, and says as well.
    saying: str = ""
    heard: list[str] = field(default_factory=list[str])


@contextmanager
def serving_mirror() -> Generator[Mirror]:
    """Answer on a free port of 127.0.0.1 until the block ends."""
    mirror = Mirror()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(mirror))
    mirror.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield mirror
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _error(path: str, text: str) -> Any:
    """Return an error whose text a careless tool would pass on."""
    if path == AGENT:
        return {"error": {"code": "E_FIELD", "message": text, "position": 1}}
    return {"status": "error", "errorType": "bad_data", "error": text, "message": text}


def _answer(path: str, text: str) -> Any:
    row = {"name": text, "title": text, "uid": "abc", "message": text}
    if path == STATISTICS:
        return {"streams": 1, "chunks": 1, "bytes": 1, "entries": 1}
    if path.startswith(STREAMS):
        stream = {"stream": {"job": text}, "values": [["1", text]]}
        return {"status": "success", "data": {"resultType": "streams", "result": [stream]}}
    if path in SERIES:
        series = {"metric": {"job": text}, "value": [1, "1"], "values": [[1, "1"]]}
        return {"status": "success", "data": {"resultType": "vector", "result": [series]}}
    if path == AGENT:
        return {"results": [row], "next_cursor": None}
    return [row] if path.startswith(LISTS) else text


def _handler(mirror: Mirror) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def reflect(self) -> None:
            """Say back what was said."""
            body = self.rfile.read(int(self.headers.get("content-length", "0")))
            text = f"{self.requestline}\n{self.headers}\n{body.decode('utf-8', 'replace')}"
            mirror.heard.append(text)
            text += mirror.saying
            form = _answer if mirror.status == GOOD else _error
            content = json.dumps(form(self.path.partition("?")[0], text)).encode()
            self.send_response(mirror.status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = reflect  # noqa: N815 -- the base's

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- the base's name
            """Tests read what was heard, not stderr."""

    return Handler
