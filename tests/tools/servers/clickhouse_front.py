"""ClickHouse's HTTP interface over its engine as a library, for tests.

In: a port and a folder on the command line; statements by POST, as ClickHouse takes them.
Out: answers and errors of the real engine (package chdb-core) with ClickHouse's statuses.
Must not know: the tools. It checks credentials, refuses settings to a read-only user, keeps
what it was asked, and lets KILL QUERY pass while a statement runs. Grants are not enforced.
"""

from __future__ import annotations

import json
import re
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import chdb

USERS = {"reader": "reader_password", "writer": "writer_password", "admin": "admin_password"}
SEED = """
CREATE DATABASE app;
CREATE DATABASE other;
CREATE TABLE app.events
  (day Date, id UInt64, kind String DEFAULT 'none' COMMENT 'what', tags Array(String))
  ENGINE = MergeTree PARTITION BY toYYYYMM(day) ORDER BY id;
INSERT INTO app.events
  SELECT toDate('2026-01-01') + number % 60, number, concat('kind ', toString(number % 3)),
  ['a', 'b'] FROM numbers(300);
CREATE TABLE app.wide (id UInt64, body String) ENGINE = MergeTree ORDER BY id;
INSERT INTO app.wide SELECT number, repeat('x', 5000) FROM numbers(200)
"""
STATUSES = {516: 403, 497: 403, 62: 400, 47: 404, 60: 404, 81: 404, 159: 408}


class Engine:
    """One connection for reading, one for everything else, one statement at a time."""

    def __init__(self, folder: str) -> None:
        """Seed an empty folder; the reader's profile is `readonly = 1` with a time limit."""
        self.lock = threading.Lock()
        self.asked: list[dict[str, Any]] = []
        self.writer: Any = chdb.connect(folder)
        for statement in SEED.split(";"):
            self.writer.query(statement)
        self.reader: Any = chdb.connect(folder)
        self.reader.query("SET max_execution_time = 3")
        self.reader.query("SET readonly = 1")

    def run(self, sql: str, address: dict[str, str], *, reading: bool) -> bytes:
        """Run a statement with the parameters of the address."""
        params = {
            name.removeprefix("param_"): value
            for name, value in address.items()
            if name.startswith("param_")
        }
        connection = self.reader if reading else self.writer
        with self.lock:
            if "database" in address:
                connection.query(f"USE `{address['database']}`")
            try:
                return connection.query(sql, "JSON", params=params).bytes()
            except Exception:
                # The library prepends what a failed statement had written to the next answer.
                connection.query("SELECT 1")
                raise


class Handler(BaseHTTPRequestHandler):
    """Speaks ClickHouse's HTTP."""

    engine: Engine

    def do_GET(self) -> None:
        """Tell the test what was asked so far."""
        self.answer(200, json.dumps(self.engine.asked).encode())

    def do_POST(self) -> None:
        """Run one statement."""
        body = self.rfile.read(int(self.headers.get("content-length", "0"))).decode()
        address = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
        user = self.headers.get("X-ClickHouse-User", "")
        if not user or USERS.get(user) != self.headers.get("X-ClickHouse-Key"):
            self.fail("Code: 516. DB::Exception: Authentication failed: no such user or password.")
            return
        self.engine.asked.append({"user": user, "sql": body, "address": address})
        known = {"query_id", "database", "readonly"}
        settings = {name for name in address if name not in known and not name.startswith("param_")}
        if user == "reader" and (settings or address.get("readonly", "1") != "1"):
            self.fail("Code: 164. DB::Exception: Cannot modify settings in readonly mode.")
        elif body.startswith("KILL QUERY"):
            self.answer(200, b"")
        else:
            self.serve(body, address, reading=user == "reader" or "readonly" in address)

    def serve(self, body: str, address: dict[str, str], *, reading: bool) -> None:
        """Answer with rows, or with the engine's error."""
        try:
            rows = self.engine.run(body, address, reading=reading)
        except Exception as error:
            self.fail(str(error))
            return
        written = body.count("\n") - 1 if body.startswith("INSERT") else 0
        self.answer(200, rows, {"X-ClickHouse-Summary": json.dumps({"written_rows": str(written)})})

    def fail(self, text: str) -> None:
        """Answer with an error text and its number."""
        match = re.search(r"Code: (\d+)", text)
        number = int(match.group(1)) if match else 1000
        header = {"X-ClickHouse-Exception-Code": str(number)}
        self.answer(STATUSES.get(number, 500), text.encode(), header)

    def answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        """Send one answer."""
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- the base class's name
        """Stay quiet."""


def main(port: str, folder: str) -> None:
    """Serve until the process is stopped."""
    Handler.engine = Engine(folder)
    ThreadingHTTPServer(("127.0.0.1", int(port)), Handler).serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
