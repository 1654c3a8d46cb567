"""ClickHouse's HTTP interface for tests: answers that the real engine gave, and state for writes.

In: POST requests as ClickHouse takes them; `clickhouse_answers.json` beside this file.
Out: rows and errors of ClickHouse 26.9, its statuses, and a record of all that was asked.
Must not know: the tools. It checks credentials, refuses settings and writes to a reader, keeps
inserted rows, and lets a long statement run until KILL QUERY names it or its limit is reached.

To record anew: delete the answers, `pip install --no-deps chdb-core==26.9.0`, and run
`STACKTIC_RECORD_CLICKHOUSE=1 python -m pytest tests/tools/test_clickhouse.py`.
"""

from __future__ import annotations

import functools
import importlib
import json
import os
import re
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

ANSWERS = Path(__file__).with_name("clickhouse_answers.json")
USERS = {"reader": "reader_password", "writer": "writer_password"}
COLUMNS = {"day", "id", "kind", "tags"}
SLOW = "numbers(1000000000000)"
SLOW_LIMIT_S = 3.0
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
INSERT INTO app.wide SELECT number, repeat('x', 5000) FROM numbers(2)
"""
STATUSES = {516: 403, 497: 403, 62: 400, 47: 404, 60: 404, 81: 404, 159: 408}


class Answers:
    """What the engine answered to each statement with its database and parameters."""

    def __init__(self) -> None:
        """Read what was recorded; an engine is there only while recording."""
        self.known: dict[str, list[str]] = {}
        if ANSWERS.exists():
            self.known = json.loads(ANSWERS.read_text(encoding="utf-8"))
        self.engine: Any = new_engine() if os.environ.get("STACKTIC_RECORD_CLICKHOUSE") else None

    def of(self, sql: str, address: dict[str, str]) -> str:
        """Return the recorded answer, the one of the engine while recording."""
        params = {k: v for k, v in sorted(address.items()) if k.startswith("param_")}
        key = json.dumps([address.get("database", ""), sql, params], ensure_ascii=False)
        if key not in self.known:
            if self.engine is None:
                return f"Code: 1000. DB::Exception: not recorded: {key}"
            self.known[key] = ask_engine(self.engine, sql, address).split("\n")
            text = json.dumps(self.known, ensure_ascii=False, indent=1, sort_keys=True)
            # Bytes that are no UTF-8 stand in the file as half characters in JSON's own escapes.
            ANSWERS.write_text(text + "\n", encoding="utf-8", errors="backslashreplace")
        return "\n".join(self.known[key])


@functools.cache
def new_engine() -> Any:
    """Return ClickHouse as a library, seeded, then as a reader finds it; one a process."""
    engine: Any = importlib.import_module("chdb").connect(tempfile.mkdtemp())
    for statement in SEED.split(";"):
        engine.query(statement)
    # As the profiles of the catalog do.
    engine.query("SET output_format_json_quote_denormals = 1")
    engine.query("SET readonly = 1")
    return engine


def ask_engine(engine: Any, sql: str, address: dict[str, str]) -> str:
    """Run one statement; an error is an answer as well."""
    params = {k.removeprefix("param_"): v for k, v in address.items() if k.startswith("param_")}
    try:
        if "database" in address:
            engine.query(f"USE `{address['database']}`")
        return engine.query(sql, "JSON", params=params).bytes().decode(errors="surrogateescape")
    except Exception as error:
        # The library prepends what a failed statement had written to the next answer.
        engine.query("SELECT 1")
        return str(error)


class Stub:
    """A server on a port of its own, with what it was asked and what was written."""

    def __init__(self) -> None:
        """Start to listen; `close` ends it."""
        self.answers = Answers()
        self.asked: list[dict[str, Any]] = []
        self.inserted: list[dict[str, Any]] = []
        self.lock = threading.Lock()
        self.running: dict[str, threading.Event] = {}
        self.ended_by_kill: list[str] = []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler_of(self))
        self.port: int = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))
        self.thread.start()

    def close(self) -> None:
        """Stop listening."""
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def serve(self, user: str, sql: str, address: dict[str, str]) -> str:
        """Return the answer to one statement of a known user."""
        self.asked.append({"user": user, "sql": sql, "address": address})
        reading = user == "reader" or address.get("readonly") == "1"
        known = {"query_id", "database", *(["readonly"] if user == "writer" else [])}
        if any(name not in known and not name.startswith("param_") for name in address):
            return "Code: 164. DB::Exception: Cannot modify settings in readonly mode."
        if sql.startswith("KILL QUERY"):
            return self.kill(sql)
        if SLOW in sql:
            return self.wait(address["query_id"])
        if sql.startswith("INSERT"):
            return self.refuse_write() if reading else self.insert(sql)
        with self.lock:
            return self.answers.of(sql, address)

    def refuse_write(self) -> str:
        """Answer a write of a reader."""
        return "Code: 164. DB::Exception: Cannot execute query in readonly mode."

    def insert(self, sql: str) -> str:
        """Keep the rows of an insert, all or none."""
        first, *lines = sql.strip().split("\n")
        if first != "INSERT INTO `app`.`events` FORMAT JSONEachRow":
            return "Code: 497. DB::Exception: writer: Not enough privileges."
        rows: list[dict[str, Any]] = [json.loads(line) for line in lines]
        if any(set(row) - COLUMNS for row in rows):
            return "Code: 117. DB::Exception: Unknown field found while parsing JSONEachRow format"
        self.inserted += rows
        return ""

    def wait(self, query_id: str) -> str:
        """Run for ever, which is until it is killed or its time limit is reached."""
        ended = self.running.setdefault(query_id, threading.Event())
        if ended.wait(SLOW_LIMIT_S):
            self.ended_by_kill.append(query_id)
            return "Code: 394. DB::Exception: Query was cancelled."
        return "Code: 159. DB::Exception: Timeout exceeded."

    def kill(self, sql: str) -> str:
        """End one statement by its id."""
        match = re.fullmatch(r"KILL QUERY WHERE query_id = '([0-9a-f]{32})' ASYNC", sql)
        if match is None:
            return "Code: 62. DB::Exception: Syntax error"
        if match.group(1) in self.running:
            self.running[match.group(1)].set()
        return ""


def handler_of(stub: Stub) -> type[BaseHTTPRequestHandler]:
    """Return the class that speaks HTTP for a stub."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", "0"))).decode()
            address = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
            user = self.headers.get("X-ClickHouse-User", "")
            if not user or USERS.get(user) != self.headers.get("X-ClickHouse-Key"):
                text = "Code: 516. DB::Exception: Authentication failed: password is incorrect."
            else:
                text = stub.serve(user, body, address)
            written = body.count("\n") - 1 if body.startswith("INSERT") else 0
            self.answer(text, {"X-ClickHouse-Summary": json.dumps({"written_rows": str(written)})})

        def answer(self, text: str, headers: dict[str, str]) -> None:
            error = re.match(r"Code: (\d+)", text)
            number = int(error.group(1)) if error else 0
            self.send_response(STATUSES.get(number, 500) if error else 200)
            for name, value in headers.items():
                self.send_header(name, value)
            body = text.encode(errors="surrogateescape")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- as in the base
            """Stay quiet."""

    return Handler
