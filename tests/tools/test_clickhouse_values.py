"""Values of ClickHouse over the whole range of its types, and lines made to fill memory.

In: answers that ClickHouse's own engine gave, and lines that no engine would give.
Out: exact values, marks where something was cut or encoded, and bounded memory.
Must not know: MCP.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Generator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from conftest import MakeTools
from peak_memory import MAX_GROWTH, measured
from servers.clickhouse_stub import Stub
from stacktic_mcp.core.toolkit import Refusal, Toolset
from stacktic_mcp.tools.clickhouse.clickhouse_lines import MAX_CELL_CHARACTERS, Line, lines_of
from stacktic_mcp.tools.clickhouse.clickhouse_tools import register
from stacktic_mcp.tools.clickhouse.clickhouse_values import NOT_FINITE, shown
from test_clickhouse import link_to, query


@pytest.fixture
def tools(make_tools: MakeTools) -> Generator[Toolset]:
    """Return the tools over recorded answers."""
    stub = Stub()
    yield make_tools(register, link_to(stub.port))
    stub.close()


VALUES: list[tuple[str, Any]] = [
    ("toDecimal64('99999999999999.99', 2)", "99999999999999.99"),
    ("toDecimal64('1.00', 2)", "1"),
    ("toDecimal256('-1.000000000000000000000000000000000000001', 39)", f"-1.{'0' * 38}1"),
    ("toNullable(toDecimal32('1.5', 1))", "1.5"),
    ("[toDecimal64('99999999999999.99', 2), toDecimal64('2', 2)]", ["99999999999999.99", "2"]),
    ("toInt64(9007199254740991)", 9007199254740991),
    ("toInt64(9007199254740993)", "9007199254740993"),
    ("toUInt64(18446744073709551615)", "18446744073709551615"),
    ("toInt128('-170141183460469231731687303715884105727')", f"-{2**127 - 1}"),
    ("toUInt256('9')", 9),
    ("nan", "nan"),
    ("inf", "inf"),
    ("-inf", "-inf"),
    ("CAST(NULL AS Nullable(Float64))", None),
    ("[nan, 1.5, -inf]", ["nan", 1.5, "-inf"]),
    ("toFloat64('1.7976931348623157e308')", 1.7976931348623157e308),
    ("toFloat32('0.1')", 0.1),
    ("0.1 + 0.2", 0.1 + 0.2),
    ("true", True),
    ("toDate32('1900-01-01')", "1900-01-01"),
    (
        "toDateTime64('2299-12-31 23:59:59.12345678', 8, 'UTC')",
        "2299-12-31 23:59:59.12345678",
    ),
    ("toUUID('61f0c404-5cb3-11e7-907b-a6006ad3dba0')", "61f0c404-5cb3-11e7-907b-a6006ad3dba0"),
    ("toIPv6('2001:db8::1')", "2001:db8::1"),
    ("toIPv4('192.0.2.1')", "192.0.2.1"),
    ("CAST('b' AS Enum8('a' = 1, 'b' = 2))", "b"),
    ("toLowCardinality('low')", "low"),
    ("toLowCardinality(toNullable('low'))", "low"),
    ("CAST(NULL AS Nullable(String))", None),
    ("map('a', toDecimal64('99999999999999.99', 2))", {"a": "99999999999999.99"}),
    ("map('a', nan, 'b', 1)", {"a": "nan", "b": 1}),
    ("(1, 'a', [2])::Tuple(n UInt8, s String, l Array(UInt8))", {"n": 1, "s": "a", "l": [2]}),
    ("[(1, 'x')]::Nested(a UInt8, b String)", [{"a": 1, "b": "x"}]),
    ("(toUInt64(18446744073709551615), 0.5)", ["18446744073709551615", 0.5]),
    ("toFixedString('ab', 4)", "ab\0\0"),
    ("unhex('00ff10')", {"encoding": "base64", "value": "AP8Q"}),
    ("toFixedString(unhex('ff'), 1)", {"encoding": "base64", "value": "/w=="}),
    ("[unhex('ff'), 'a']", [{"encoding": "base64", "value": "/w=="}, "a"]),
    ("'tab\\t quote\" \u00fc \U0001f600'", 'tab\t quote" \u00fc \U0001f600'),
    ("toIntervalDay(1)", 1),
    ("(1., 2.)::Point", [1, 2]),
    ('\'{"a": 12345678901234567890, "b": 0.1}\'::JSON', {"a": "12345678901234567890", "b": 0.1}),
]


@pytest.mark.parametrize(("expression", "value"), VALUES)
def test_each_type_keeps_its_value(tools: Toolset, expression: str, value: Any) -> None:
    answer = query(tools, f"SELECT {expression} AS v, 1 AS good")
    assert answer["data"]["rows"] == [[value, 1]]


def test_one_bad_cell_never_loses_the_others(tools: Toolset) -> None:
    answer = query(tools, "SELECT 1, unhex('fffe'), 'good', repeat('x', 100000)")
    assert answer["data"]["rows"][0][:3] == [1, {"encoding": "base64", "value": "//4="}, "good"]
    assert answer["truncated_by"] == "cell"


@pytest.mark.parametrize(
    ("value", "kind", "seen"),
    [
        (None, "Float64", NOT_FINITE),
        ([None, 1], "Array(Float32)", [NOT_FINITE, 1]),
        (None, "Nullable(Float64)", None),
        ("18446744073709551615", "UInt64", 18446744073709551615),
        ("-5", "Nullable(Int64)", -5),
        ("5", "String", "5"),
    ],
)
def test_answers_of_older_servers_and_other_profiles_are_understood(
    value: Any, kind: str, seen: Any
) -> None:
    assert shown(value, kind) == seen


def read(data: bytes, chunk_bytes: int) -> list[Line]:
    """Return the lines of an answer that comes in chunks of a size."""

    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(data), chunk_bytes):
            yield data[start : start + chunk_bytes]

    async def collect() -> list[Line]:
        return [line async for line in lines_of(chunks())]

    return asyncio.run(collect())


LONG = 70_000


@pytest.mark.parametrize("chunk_bytes", [1, 7, 4096, 1_000_000])
def test_a_long_line_is_read_like_a_short_one(chunk_bytes: int) -> None:
    filler = "x" * LONG
    cells: list[Any] = [1, 'a"b\\', [1, {"c": "],["}], None, "\u00e9\n", {}, [], -2]
    text = json.dumps([*cells, filler, "last"]).encode()
    (line,) = read(text + b"\n", chunk_bytes)
    assert line.cells is not None
    assert line.cells[:8] == cells
    assert line.cells[8] == "x" * len(line.cells[8])
    assert MAX_CELL_CHARACTERS < len(line.cells[8]) < LONG
    assert (line.cells[9], line.cut) == ("last", True)


@pytest.mark.parametrize("escape", ["\\", "\n", "\u0001", "\u00e9", "\U0001f600"])
def test_a_text_is_never_cut_inside_of_an_escape(escape: str) -> None:
    for shift in range(6):
        filler = "x" * shift + escape * LONG
        (line,) = read(json.dumps([filler]).encode(), 65536)
        assert line.cells is not None
        assert filler.startswith(line.cells[0].rstrip("\ud83d"))


@pytest.mark.parametrize(
    "text",
    [
        b"Code: 62. DB::Exception: expected [a]",
        b"[1][2]",
        b"[1",
        b'["a',
        b'{"a": 1}',
        b'[1, "Code: 159',
        b"x" * LONG + b"[1]",
        b"[" + b'"a",' * 9_000 + b'"' + b"x" * LONG,
    ],
)
def test_what_is_no_whole_row_is_none(text: bytes) -> None:
    (line,) = read(text, 65536)
    assert (line.cells, line.head[:10]) == (None, text[:10])


def test_a_line_beyond_its_limit_is_refused() -> None:
    with pytest.raises(Refusal):
        read(b'["' + b"x" * 1_100_000 + b'"]', 65536)


HEADS = [["a"], ["String"]]
HOSTILE: dict[str, tuple[bytes, int]] = {
    "huge cell": (b'["' + b"x" * 900_000 + b'"]', 30),
    "endless cell": (b'["' + b"x" * 50_000_000, 1),
    "many rows": (b'["a"]', 1_000_000),
    "wide row": (b"[" + b",".join([b'"x"'] * 200_000) + b"]", 10),
    "many lists": (b"[[" + b"[]," * 300_000 + b"[]]]", 3),
    "deep": (b"[" + b"[" * 300_000 + b"]" * 300_000 + b"]", 3),
    "error text": (b"Code: 62. DB::Exception: " + b"x" * 50_000_000, 1),
}


@pytest.fixture
def hostile() -> Generator[int]:
    """Serve what the statement names, whatever its columns were said to be."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            self.send_response(200)
            self.end_headers()
            names = [name for name in HOSTILE if f"'{name}'" in body]
            line, times = HOSTILE[names[0]] if names else (b'["a"]', 1)
            try:
                for head in HEADS:
                    self.wfile.write(json.dumps(head).encode() + b"\n")
                for _ in range(times):
                    self.wfile.write(line + b"\n")
            except OSError:
                return

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- as in the base
            """Stay quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    thread.join()
    server.server_close()


def test_no_answer_takes_much_memory(hostile: int) -> None:
    tables: list[tuple[str, dict[str, Any]]] = [
        ("ch_list_databases", {}),
        ("ch_list_tables", {"database": "app"}),
        ("ch_describe_table", {"database": "app", "table": "deep"}),
        ("ch_table_stats", {"database": "app"}),
    ]
    calls: list[tuple[str, dict[str, Any]]] = [("ch_query", {"database": "app", "sql": "SELECT 1"})]
    for name in HOSTILE:
        sql = f"SELECT '{name}'"
        calls.append(("ch_query", {"database": "app", "sql": sql, "limit": 1000}))
        calls.append(("ch_estimate", {"database": "app", "sql": sql}))
    lines = measured(
        "stacktic_mcp.tools.clickhouse.clickhouse_tools", link_to(hostile), [*calls, *tables]
    )
    assert [str(line) for line in lines if line.growth > MAX_GROWTH] == []
