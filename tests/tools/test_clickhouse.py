"""ClickHouse tools against answers that ClickHouse's own engine gave.

In: the stub of servers/clickhouse_stub.py, and one that never ends its answers.
Out: what each tool answers, what it refuses, and that nothing at the server changes.
Must not know: MCP.
"""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import Generator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from conftest import LinkFacts, MakeTools
from servers.clickhouse_stub import Stub
from stacktic_mcp.core.toolkit import Refusal, Toolset
from stacktic_mcp.lib.http_client import Reply
from stacktic_mcp.tools.clickhouse.clickhouse_client import ClickHouse, escaped
from stacktic_mcp.tools.clickhouse.clickhouse_fence import ensure_one_select
from stacktic_mcp.tools.clickhouse.clickhouse_tools import register


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@pytest.fixture
def server() -> Generator[Stub]:
    """Serve recorded answers on a port of its own."""
    stub = Stub()
    yield stub
    stub.close()


def link_to(port: int, user: str = "reader") -> LinkFacts:
    """Return the link as the generator describes it."""
    return LinkFacts(
        component="clickhouse",
        type="fastmcp-clickhouse",
        env="MCP_CLICKHOUSE",
        values={"HOST": "127.0.0.1", "PORT": str(port), "SCHEME": "http", "USER": user},
        secrets={"PASSWORD": f"{user}_password"},
        enums={"databases": ["app", "late"], "tables": ["app.events", "late.events"]},
        write_access=user == "writer",
    )


@pytest.fixture
def tools(make_tools: MakeTools, server: Stub) -> Toolset:
    """Return the registered tools of a link that reads."""
    return make_tools(register, link_to(server.port))


@pytest.fixture
def writing(make_tools: MakeTools, server: Stub) -> Toolset:
    """Return the registered tools of a link that may write."""
    return make_tools(register, link_to(server.port, "writer"))


def call(tools: Toolset, name: str, **arguments: Any) -> dict[str, Any]:
    """Call a tool and return its envelope."""
    return asyncio.run(tools.call(name, arguments))


def refused(tools: Toolset, name: str, **arguments: Any) -> Refusal:
    """Call a tool that must refuse."""
    with pytest.raises(Refusal) as caught:
        call(tools, name, **arguments)
    return caught.value


def query(tools: Toolset, sql: str, **arguments: Any) -> dict[str, Any]:
    """Run SQL in the seeded database."""
    return call(tools, "ch_query", database="app", sql=sql, **arguments)


def unchecked(sql: str) -> str:
    """Stand in for the fence where the engine is tested alone."""
    return sql


def changes(server: Stub) -> list[str]:
    """Return every statement that was no read; each read is one of three words."""
    reads = ("SELECT", "EXPLAIN ESTIMATE SELECT", "KILL QUERY")
    return [item["sql"] for item in server.asked if not item["sql"].strip().startswith(reads)]


READ_CALLS: list[tuple[str, dict[str, Any]]] = [
    ("ch_list_databases", {}),
    ("ch_list_tables", {"database": "app"}),
    ("ch_describe_table", {"database": "app", "table": "events"}),
    ("ch_table_stats", {"database": "app"}),
    ("ch_query", {"database": "app", "sql": "SELECT * FROM events"}),
    ("ch_estimate", {"database": "app", "sql": "SELECT * FROM events"}),
]


def test_every_tool_reads_and_changes_nothing(server: Stub, tools: Toolset) -> None:
    assert sorted(name for name, _ in READ_CALLS) == sorted(tool.name for tool in tools.tools)
    for name, arguments in READ_CALLS:
        assert call(tools, name, **arguments)["data"], name
    assert (len(server.asked) >= len(READ_CALLS), changes(server)) == (True, [])


def test_databases_are_the_linked_ones(tools: Toolset) -> None:
    rows = call(tools, "ch_list_databases")["data"]
    assert [row["name"] for row in rows] == ["app", "late"]
    assert (rows[0]["tables"], rows[0]["rows"], rows[1]) == (
        2,
        302,
        {"name": "late", "missing": True},
    )
    assert refused(tools, "ch_list_tables", database="other").code == "E_SCOPE"


def test_tables_are_found_by_pattern_and_described(tools: Toolset) -> None:
    rows = call(tools, "ch_list_tables", database="app", name_like="ev%")["data"]
    assert [(row["name"], row["rows"], row["sorting_key"]) for row in rows] == [
        ("events", 300, "id")
    ]
    assert call(tools, "ch_list_tables", database="app", limit=1)["truncated_by"] == "rows"
    table = call(tools, "ch_describe_table", database="app", table="events")["data"]
    assert [column["name"] for column in table["columns"]] == ["day", "id", "kind", "tags"]
    assert table["columns"][2]["comment"] == "what"
    error = refused(tools, "ch_describe_table", database="app", table="nothing")
    assert error.code == "E_NOT_FOUND"


def test_statistics_come_in_the_asked_order(tools: Toolset) -> None:
    by_rows = call(tools, "ch_table_stats", database="app", order="rows")["data"]
    assert [row["name"] for row in by_rows] == ["events", "wide"]
    assert by_rows[1]["compression"] > 1


def test_a_query_gives_typed_columns_and_counted_rows(server: Stub, tools: Toolset) -> None:
    answer = query(tools, "SELECT id, kind, tags FROM events ORDER BY id DESC;")
    assert answer["data"]["columns"] == [
        {"name": "id", "type": "UInt64"},
        {"name": "kind", "type": "String"},
        {"name": "tags", "type": "Array(String)"},
    ]
    assert answer["data"]["rows"][0] == [299, "kind 2", ["a", "b"]]
    assert (answer["returned"], answer["truncated_by"]) == (100, "rows")
    exact = query(tools, "SELECT id FROM events", limit=300)
    assert (exact["returned"], exact["truncated_by"]) == (300, None)
    assert {"query_id", "database"} == set(server.asked[-1]["address"])


def test_parameters_are_values_never_text(tools: Toolset) -> None:
    strange = "a\tb\\t\\N ' ; DROP TABLE events"
    sql = "SELECT {text:String}, {n:Int32} + 1, {none:Nullable(String)}"
    answer = query(tools, sql, params={"text": strange, "n": 41, "none": None})
    assert answer["data"]["rows"] == [[strange, 42, None]]
    error = refused(tools, "ch_query", database="app", sql="SELECT 1", params={"a=b&c": 1})
    assert error.code == "E_ARG"


@pytest.mark.parametrize(
    ("value", "text"),
    [("a\tb\nc\\\r\0", "a\\tb\\nc\\\\\\r\\0"), (None, "\\N"), (True, "true"), (1.5, "1.5")],
)
def test_parameters_are_written_as_the_server_reads_them(value: object, text: str) -> None:
    assert escaped(value) == text


def test_large_cells_and_results_are_cut_and_say_so(tools: Toolset) -> None:
    one = query(tools, "SELECT body FROM wide LIMIT 1")
    assert one["truncated_by"] == "cell"
    assert len(one["data"]["rows"][0][0]) == 2048


REFUSED_BY_THE_FENCE = [
    "SELECT 1) UNION ALL SELECT * FROM (SELECT 2",
    "SELECT 1)) -- ",
    "SELECT 1) SETTINGS readonly = 0 --",
    "SELECT (1",
    "SELECT [1)]",
    "SELECT 'open",
    "SELECT x'\\' ) UNION ALL SELECT * FROM (SELECT '1",
    "SELECT 1 /* ) */",
    "SELECT 1 # )",
    "SELECT 1 // (\n) UNION ALL SELECT * FROM (SELECT 2 // )",
    "SELECT 1 // '\n) UNION ALL SELECT * FROM (SELECT 2 // '",
    "SELECT $a$ ) $a$",
    "SELECT \u2018 ) \u2019",
    "SELECT 1; DROP TABLE events",
    "INSERT INTO events (id) VALUES (1)",
    "DROP TABLE events",
    "SET readonly = 0",
    "SHOW TABLES",
    "DESCRIBE url('http://127.0.0.1:1/x')",
    "SYSTEM SHUTDOWN",
    "EXPLAIN SELECT 1",
    "SELECT 1 SETTINGS max_execution_time = 0",
    "SELECT * FROM (SELECT 1 settings readonly=0)",
    "SELECT * FROM url('http://127.0.0.1:1/x', 'CSV', 'a String')",
    "SELECT * FROM `url`('http://127.0.0.1:1/x', 'CSV', 'a String')",
    "SELECT * FROM `\\x75rl`('http://127.0.0.1:1/x', 'CSV', 'a String')",
    "SELECT * FROM \"\\x75\\x72l\"('http://127.0.0.1:1/x', 'CSV', 'a String')",
    "SELECT 1 SETTINGS `max_threads` = 3",
    'SELECT 1 SETTINGS "max_threads" = 3',
    "SELECT * FROM (SELECT 1 SETTINGS use_query_cache)",
    "SELECT getClientHTTPHeader('X-ClickHouse-Key')",
    "SELECT * FROM filesystem('/etc')",
    "SELECT * FROM file ('/etc/passwd', 'LineAsString')",
    "SELECT * FROM remote('127.0.0.1:1', system.one)",
    "SELECT dictGetString('d', 'a', 1)",
    "SELECT sleep(3)",
]


@pytest.mark.parametrize("sql", REFUSED_BY_THE_FENCE)
@pytest.mark.parametrize("tool", ["ch_query", "ch_estimate"])
def test_only_one_balanced_select_is_sent(
    server: Stub, tools: Toolset, tool: str, sql: str
) -> None:
    before = len(server.asked)
    assert refused(tools, tool, database="app", sql=sql).code == "E_SQL"
    assert len(server.asked) == before


@pytest.mark.parametrize(
    "sql",
    [
        "WITH recent AS (SELECT 1 AS a) SELECT a FROM recent",
        "(SELECT 1) UNION ALL (SELECT 2)",
        "SELECT ')', '--', 'it''s', 'a\\'b)', \"kind\", `id`, '\u00fcber' FROM events;",
        "SELECT count() FROM events WHERE kind LIKE 'url(%'",
        "SELECT {a:UInt8}, [1, (2)], map('a', 1)",
        "SELECT settings FROM t WHERE settings = 'SETTINGS a = 1' ORDER BY settings DESC",
        "SELECT 1 / 2, '//', \"a//b\", 'C:\\\\' AS settings",
    ],
)
def test_the_fence_lets_plain_selects_pass(sql: str) -> None:
    assert ensure_one_select(sql) == sql.rstrip(";")


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("SELECT 1 FORMAT JSON", "code 62"),
        ("SELECT 1 INTO OUTFILE 'x'", "code 62"),
        ("INSERT INTO events (id) VALUES (1)", "code 62"),
    ],
)
def test_the_engine_alone_refuses_what_the_fence_would(
    monkeypatch: pytest.MonkeyPatch, server: Stub, tools: Toolset, sql: str, code: str
) -> None:
    monkeypatch.setattr(
        "stacktic_mcp.tools.clickhouse.clickhouse_tools.ensure_one_select", unchecked
    )
    error = refused(tools, "ch_query", database="app", sql=sql)
    assert (error.code, code in error.hint) == ("E_SQL", True)
    assert changes(server) == []


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("SELECT secret_word FROM events", "E_SQL"),
        ("SELECT 1 FROM nothing", "E_NOT_FOUND"),
        ("SELECT 1 FROM nothing.at_all", "E_NOT_FOUND"),
        ("SELECT {missing:String}", "E_ARG"),
    ],
)
def test_errors_carry_a_number_but_no_text_of_the_engine(
    tools: Toolset, sql: str, code: str
) -> None:
    error = refused(tools, "ch_query", database="app", sql=sql)
    assert error.code == code
    assert "DB::Exception" not in error.hint
    assert "secret_word" not in error.hint


SLOW = "SELECT count() FROM numbers(1000000000000) WHERE NOT ignore(cityHash64(number))"


def killed(server: Stub) -> bool:
    """Tell whether the last statement ended by its own KILL QUERY."""
    statement = next(item for item in reversed(server.asked) if "KILL" not in item["sql"])
    deadline = time.monotonic() + 2
    while statement["address"]["query_id"] not in server.ended_by_kill:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def test_a_slow_statement_is_killed_by_its_id(server: Stub, tools: Toolset) -> None:
    started = time.monotonic()
    error = refused(tools, "ch_query", database="app", sql=SLOW, timeout_s=1)
    assert error.code == "E_TIMEOUT"
    assert time.monotonic() - started < 3
    assert killed(server)


def wait_for_more(server: Stub, before: int) -> None:
    """Wait until the server was asked something new."""
    deadline = time.monotonic() + 10
    while len(server.asked) == before:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_cancelled_call_is_killed_by_its_id(server: Stub, tools: Toolset) -> None:
    before = len(server.asked)

    async def cancel() -> None:
        task = asyncio.create_task(tools.call("ch_query", {"database": "app", "sql": SLOW}))
        await asyncio.to_thread(wait_for_more, server, before)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancel())
    assert killed(server)


def test_the_engine_ends_a_statement_at_its_own_limit(tools: Toolset) -> None:
    error = refused(tools, "ch_query", database="app", sql=SLOW, timeout_s=20)
    assert (error.code, "159" in error.hint) == ("E_TIMEOUT", True)


@dataclass
class Flood:
    """A server that answers with the given lines and then repeats the last one for ever."""

    lines: list[bytes]
    endless: bool = True
    port: int = 0
    sent: int = 0
    asked: list[str] = field(default_factory=list[str])


@pytest.fixture
def flood() -> Generator[Flood]:
    """Serve a flood on a port of its own."""
    facts = Flood([b'["a"]', b'["UInt8"]', b"[1]"])

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            facts.asked.append(body)
            self.send_response(200)
            self.end_headers()
            if body.startswith("KILL"):
                return
            for line in facts.lines:
                self.wfile.write(line + b"\n")
            try:
                while facts.endless and facts.sent < 10_000_000:
                    self.wfile.write((facts.lines[-1] + b"\n") * 100)
                    facts.sent += 100
            except OSError:
                return

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- as in the base class
            """Stay quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    facts.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield facts
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def flooded(make_tools: MakeTools, flood: Flood) -> Toolset:
    """Return tools that talk to the flood."""
    return make_tools(register, link_to(flood.port))


def test_the_stream_stops_one_row_after_the_limit(flood: Flood, flooded: Toolset) -> None:
    answer = query(flooded, "SELECT 1", limit=5)
    assert answer["data"]["rows"] == [[1]] * 5
    assert answer["truncated_by"] == "rows"
    assert flood.asked[-1].startswith("KILL QUERY")
    assert flood.sent < 10_000_000


def test_the_stream_stops_at_the_byte_limit(flood: Flood, flooded: Toolset) -> None:
    flood.lines[-1] = json.dumps(["x" * 2000]).encode()
    answer = query(flooded, "SELECT 1", limit=1000)
    assert answer["truncated_by"] == "bytes"
    assert flood.asked[-1].startswith("KILL QUERY")


def test_a_row_without_an_end_is_refused(flood: Flood, flooded: Toolset) -> None:
    flood.lines[-1] = b'["' + b"x" * 3_000_000 + b'"]'
    assert refused(flooded, "ch_query", database="app", sql="SELECT 1").code == "E_LIMIT"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b"Code: 159. DB::Exception: Timeout exceeded", "E_TIMEOUT"),
        (b"__exception__\r\nabcdefgh\r\nCode: 241. DB::Exception: Memory limit", "E_LIMIT"),
        (b"Code: 201. DB::Exception: Quota for user has been exceeded", "E_LIMIT"),
        (b"Code: 497. DB::Exception: reader: Not enough privileges", "E_SQL"),
        (b"something else", "E_UNAVAILABLE"),
    ],
)
def test_an_error_in_the_middle_of_a_stream_is_an_error(
    flood: Flood, flooded: Toolset, text: bytes, code: str
) -> None:
    flood.lines.append(text)
    flood.endless = False
    assert refused(flooded, "ch_query", database="app", sql="SELECT 1").code == code


def test_without_write_access_there_is_no_insert(tools: Toolset, writing: Toolset) -> None:
    assert "ch_insert_rows" not in {tool.name for tool in tools.tools}
    assert "ch_insert_rows" in {tool.name for tool in writing.tools}


def test_rows_are_inserted_or_only_checked(server: Stub, writing: Toolset) -> None:
    rows = [{"day": "2026-05-05", "id": 7001, "kind": "new \u00fc'\n", "tags": ["t"]}, {"id": 7002}]
    arguments = {"database": "app", "table": "app.events", "rows": rows}
    dry = call(writing, "ch_insert_rows", **arguments, dry_run=True)["data"]
    assert (dry["rows"], dry["written"]) == (2, 0)
    assert (server.inserted, changes(server)) == ([], [])
    assert call(writing, "ch_insert_rows", **arguments)["data"]["written"] == 2
    assert server.inserted == rows


@pytest.mark.parametrize("summary", [None, "", "{}", "[]", '{"written_rows": "many"}'])
def test_a_count_that_the_server_does_not_tell_is_unknown(
    monkeypatch: pytest.MonkeyPatch, writing: Toolset, summary: str | None
) -> None:
    headers = {} if summary is None else {"X-ClickHouse-Summary": summary}

    async def post(client: ClickHouse, body: str) -> Reply:
        return Reply(200, headers, b"")

    monkeypatch.setattr(ClickHouse, "_post", post)
    arguments = {"database": "app", "table": "app.events", "rows": [{"id": 7001}]}
    assert call(writing, "ch_insert_rows", **arguments)["data"]["written"] is None


def test_a_user_that_may_write_still_reads_as_a_reader(server: Stub, writing: Toolset) -> None:
    query(writing, "SELECT 1")
    assert server.asked[-1]["address"]["readonly"] == "1"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"table": "late.events"}, "E_SCOPE"),
        ({"table": "app.wide"}, "E_SCOPE"),
        ({"table": "late.events", "database": "late"}, "E_NOT_FOUND"),
        ({"rows": [{"id": 1, "unknown": 2}]}, "E_ARG"),
        ({"rows": []}, "E_ARG"),
        ({"rows": [{"id": 1}] * 501}, "E_ARG"),
        ({"rows": [{"kind": "x" * 8000}] * 40}, "E_LIMIT"),
    ],
)
def test_inserts_outside_of_the_link_are_refused(
    server: Stub, writing: Toolset, change: dict[str, Any], code: str
) -> None:
    arguments = {"database": "app", "table": "app.events", "rows": [{"id": 1}], **change}
    assert refused(writing, "ch_insert_rows", **arguments).code == code
    assert (server.inserted, changes(server)) == ([], [])


def test_an_absent_server_and_a_wrong_password_are_told_apart(
    make_tools: MakeTools, server: Stub
) -> None:
    facts = link_to(server.port)
    wrong = make_tools(register, replace(facts, secrets={"PASSWORD": "not_this_one"}))
    error = refused(wrong, "ch_list_databases")
    assert (error.code, "MCP_CLICKHOUSE_PASSWORD" in error.hint) == ("E_UNAVAILABLE", True)
    away = make_tools(register, link_to(free_port()))
    error = refused(away, "ch_list_databases")
    assert (error.code, error.hint) == ("E_UNAVAILABLE", "clickhouse is away")


@pytest.mark.parametrize(
    "arguments",
    [
        {"sql": "SELECT 1", "limit": 1001},
        {"sql": "SELECT 1", "timeout_s": 21},
        {"sql": "SELECT 1", "limit": "5"},
        {"sql": "S" * 8193},
        {"sql": "SELECT 1\x00"},
        {"sql": "SELECT 1", "settings": {"readonly": 0}},
    ],
)
def test_arguments_are_strict(tools: Toolset, arguments: dict[str, Any]) -> None:
    assert refused(tools, "ch_query", database="app", **arguments).code == "E_ARG"
