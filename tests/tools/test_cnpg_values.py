"""Values of PostgreSQL over the whole range of its types, on a real server.

In: one expression of each type, ordinary and extreme.
Out: the exact text where JSON has no such value, and never a lost answer.
Must not know: MCP.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from conftest import MakeTools
from servers.postgres_server import OWNER, Server, link_to, running_postgres
from stacktic_mcp.core.toolkit import Toolset
from stacktic_mcp.tools.cnpg.cnpg_tools import register
from test_cnpg import call, query

TYPES = """
CREATE TYPE mood AS ENUM ('sad', 'so so');
CREATE TYPE pair AS (a integer, b text);
CREATE DOMAIN positive AS integer CHECK (VALUE > 0);
CREATE TYPE price_range AS RANGE (subtype = numeric);
CREATE TABLE held (id integer, m mood, ms mood[], p pair, d positive);
INSERT INTO held VALUES (1, 'so so', '{sad,NULL}', ROW(1, 'x,"y'), 7);
"""


@pytest.fixture(scope="module")
def server() -> Generator[Server]:
    """Run a server whose database has types of its own."""
    with running_postgres() as running:
        running.run("CREATE EXTENSION hstore; CREATE EXTENSION vector; CREATE EXTENSION citext", DB)
        running.script(TYPES, *OWNER, DB)
        yield running


@pytest.fixture
def tools(make_tools: MakeTools, server: Server) -> Toolset:
    """Return the tools over it."""
    return make_tools(register, link_to(server))


DB = "app_db"
VALUES: list[tuple[str, str, Any]] = [
    ("true", "bool", True),
    ("32767::int2", "int2", 32767),
    ("9007199254740991", "int8", 9007199254740991),
    ("9007199254740993", "int8", "9007199254740993"),
    ("'-9223372036854775808'::int8", "int8", "-9223372036854775808"),
    ("4294967295::oid", "oid", 4294967295),
    ("0.1::float8 + 0.2::float8", "float8", 0.1 + 0.2),
    ("0.1::float4", "float4", 0.1),
    ("'1.7976931348623157e308'::float8", "float8", 1.7976931348623157e308),
    ("'NaN'::float8", "float8", "NaN"),
    ("'Infinity'::float4", "float4", "Infinity"),
    ("'-Infinity'::float8", "float8", "-Infinity"),
    ("99999999999999.99", "numeric", "99999999999999.99"),
    ("'NaN'::numeric", "numeric", "NaN"),
    ("'-Infinity'::numeric", "numeric", "-Infinity"),
    ("1.50::numeric(10,2)", "numeric(10,2)", "1.50"),
    ("repeat('9', 200)::numeric", "numeric", "9" * 200),
    ("'$1,234.50'::money", "money", "$1,234.50"),
    ("'a  '::char(5)", "bpchar(5)", "a    "),
    ("'x'::\"char\"", '"char"', "x"),
    ("'n'::name", "name", "n"),
    ("''", "text", ""),
    ("NULL", "text", None),
    ("E'tab\\t\\u00fc\\U0001F600'", "text", "tab\t\u00fc\U0001f600"),
    ("'\\x00ff'::bytea", "bytea", "\\x00ff"),
    ("''::bytea", "bytea", "\\x"),
    ("NULL::bytea", "bytea", None),
    ("'infinity'::timestamptz", "timestamptz", "infinity"),
    ("'-infinity'::date", "date", "-infinity"),
    ("'0044-03-15 BC'::date", "date", "0044-03-15 BC"),
    ("'294276-12-31 23:59:59.999999'::timestamp", "timestamp", "294276-12-31 23:59:59.999999"),
    ("'24:00:00'::time", "time", "24:00:00"),
    ("'12:00:00+05:30'::timetz", "timetz", "12:00:00+05:30"),
    ("'1 year -2 months 3 days 04:05:06.789'::interval", "interval", "10 mons 3 days 04:05:06.789"),
    ("'[1,5)'::int4range", "int4range", "[1,5)"),
    ("'empty'::tstzrange", "tstzrange", "empty"),
    ("'{[1,3),[5,7)}'::int4multirange", "int4multirange", "{[1,3),[5,7)}"),
    ("'[1.5,2.5)'::price_range", "price_range", "[1.5,2.5)"),
    ("ARRAY[1, NULL, 3]", "int4[]", "{1,NULL,3}"),
    ("ARRAY[['a', 'b,'], ['\"', NULL]]", "text[]", '{{a,"b,"},{"\\"",NULL}}'),
    ("'{}'::int[]", "int4[]", "{}"),
    (
        '\'{"n": 12345678901234567890.123456789, "a": [null]}\'::jsonb',
        "jsonb",
        '{"a": [null], "n": 12345678901234567890.123456789}',
    ),
    ('\'{"b":1, "b":1e400}\'::json', "json", '{"b":1, "b":1e400}'),
    ("'null'::jsonb", "jsonb", "null"),
    ("'$.a[*]'::jsonpath", "jsonpath", '$."a"[*]'),
    ("B'0101'", "bit", "0101"),
    ("B'01'::varbit", "varbit", "01"),
    ("'192.0.2.1/24'::inet", "inet", "192.0.2.1/24"),
    ("'2001:db8::/32'::cidr", "cidr", "2001:db8::/32"),
    ("'08:00:2b:01:02:03'::macaddr", "macaddr", "08:00:2b:01:02:03"),
    (
        "'61f0c404-5cb3-11e7-907b-a6006ad3dba0'::uuid",
        "uuid",
        "61f0c404-5cb3-11e7-907b-a6006ad3dba0",
    ),
    ("'(1,2),(3,4)'::box", "box", "(3,4),(1,2)"),
    ("'a b'::tsvector", "tsvector", "'a' 'b'"),
    ("'a & b'::tsquery", "tsquery", "'a' & 'b'"),
    ("'held'::regclass", "regclass", "held"),
    ("'0/16B3748'::pg_lsn", "pg_lsn", "0/16B3748"),
    ("'5'::xid", "xid", "5"),
    ("'(0,1)'::tid", "tid", "(0,1)"),
    ("ROW(1, NULL, 'a b')", "record", '(1,,"a b")'),
    ("ROW(NULL, NULL)", "record", "(,)"),
    ("NULL::pair", "pair", None),
    ("'sad'::mood", "mood", "sad"),
    ("'{sad,NULL}'::mood[]", "mood[]", "{sad,NULL}"),
    ("ROW(1, 'x,\"y')::pair", "pair", '(1,"x,""y")'),
    ("7::positive", "int4", 7),
    ("'{1,2}'::positive[]", "positive[]", "{1,2}"),
    ("'a=>1, b=>NULL'::hstore", "hstore", '"a"=>"1", "b"=>NULL'),
    ("'[1,0.5,1e-10]'::vector", "vector", "[1,0.5,1e-10]"),
    ("'CaSe'::citext", "citext", "CaSe"),
    ("current_setting('server_encoding')", "text", "UTF8"),
    (
        "(SELECT most_common_vals FROM pg_stats WHERE most_common_vals IS NOT NULL AND false)",
        "anyarray",
        None,
    ),
]


@pytest.mark.parametrize(("expression", "kind", "value"), VALUES)
def test_each_type_keeps_its_value(tools: Toolset, expression: str, kind: str, value: Any) -> None:
    answer = query(tools, f"SELECT {expression} AS v, 1 AS v")
    assert answer["data"]["columns"] == [{"name": "v", "type": kind}, {"name": "v", "type": "int4"}]
    assert answer["data"]["rows"] == [[value, 1]]


def test_columns_of_a_table_keep_their_types(tools: Toolset) -> None:
    answer = query(tools, "TABLE held;")
    assert [column["type"] for column in answer["data"]["columns"]] == [
        "int4",
        "mood",
        "mood[]",
        "pair",
        "int4",
    ]
    assert answer["data"]["rows"] == [[1, "so so", "{sad,NULL}", '(1,"x,""y")', 7]]


FORMS = [
    "SELECT 1 AS a, 2 AS a ORDER BY 1",
    "(SELECT 1, 2);",
    "VALUES (1, 2) ; ; -- the end",
    "WITH a AS (SELECT 1, 2) SELECT * FROM a /* ; */",
    "WITH RECURSIVE a(n) AS (SELECT 1 UNION ALL SELECT 2 FROM a WHERE n < 1) SELECT n, 2 FROM a",
    "SELECT 1, 2 UNION SELECT 1, 2 LIMIT 1 OFFSET 0",
    "SELECT DISTINCT ON (x) x, 2 FROM (VALUES (1)) AS v(x) ORDER BY x FETCH FIRST ROW ONLY",
    "SELECT 1, 2 -- ) AS q",
    "SELECT 1, 2 --\r",
]


@pytest.mark.parametrize("sql", FORMS)
def test_every_form_of_a_select_can_be_cut(tools: Toolset, sql: str) -> None:
    assert query(tools, sql)["data"]["rows"] == [[1, 2]]


def test_rows_without_columns_are_counted(tools: Toolset) -> None:
    assert query(tools, "SELECT FROM generate_series(1, 3)")["data"]["rows"] == [[], [], []]


def test_the_order_of_a_statement_is_kept(tools: Toolset) -> None:
    sql = "SELECT n::text AS t FROM generate_series(1, 1000) AS n ORDER BY n % 7, n DESC"
    rows = query(tools, sql, limit=1000)["data"]["rows"]
    assert rows == [[str(n)] for n in sorted(range(1, 1001), key=lambda n: (n % 7, -n))]


@pytest.mark.parametrize(
    "expression",
    [
        "repeat('x', 20000000)",
        "repeat('\U0001f600', 20000000)",
        "repeat('x', 20000000)::bytea",
        "to_jsonb(repeat('x', 20000000))",
        "array_fill('x'::text, ARRAY[1000000])",
        "ROW(repeat('x', 20000000))",
    ],
)
def test_a_large_cell_is_cut_and_the_others_stay(tools: Toolset, expression: str) -> None:
    answer = query(tools, f"SELECT 'before', {expression}, 'after'")
    before, cut, after = answer["data"]["rows"][0]
    assert (before, after, answer["truncated_by"]) == ("before", "after", "cell")
    assert 0 < len(cut.encode()) <= 2048


def test_bytes_that_are_no_text_lose_no_answer(server: Server, make_tools: MakeTools) -> None:
    server.run(
        "CREATE DATABASE bytes_db OWNER app_user ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0"
    )
    server.run(
        "CREATE TABLE t (v text); INSERT INTO t VALUES (E'a\\xff\\xfeb'), ('plain')", "bytes_db"
    )
    server.run(
        "GRANT CONNECT ON DATABASE bytes_db TO PUBLIC; REVOKE TEMPORARY ON DATABASE bytes_db"
        " FROM PUBLIC; GRANT SELECT ON t TO PUBLIC",
        "bytes_db",
    )
    facts = link_to(server)
    facts.enums = {"databases": ["bytes_db"]}
    tools = make_tools(register, facts)
    answer = call(tools, "cnpg_query", database="bytes_db", sql="SELECT v FROM t ORDER BY v DESC")
    assert sorted(answer["data"]["rows"]) == [["a\\xff\\xfeb"], ["plain"]]
    sql = "SELECT $1 AS \"\u00fc\", '\u00e9' FROM t WHERE v = $2"
    answer = call(tools, "cnpg_query", database="bytes_db", sql=sql, params=["\U0001f600", "plain"])
    assert answer["data"]["columns"][0]["name"] == "\u00fc"
    assert answer["data"]["rows"] == [["\U0001f600", "\u00e9"]]


def test_what_a_session_prints_does_not_hang_on_the_role(server: Server, tools: Toolset) -> None:
    settings = ["DateStyle = 'SQL, DMY'", "IntervalStyle = 'iso_8601'", "bytea_output = 'escape'"]
    settings += ["extra_float_digits = -5", "xmlbinary = 'hex'"]
    for setting in settings:
        server.run(f"ALTER DATABASE app_db SET {setting}")
    try:
        sql = "SELECT '2026-02-01'::date, '1 day'::interval, '\\x00'::bytea, 0.1::float8 + 0.2"
        assert query(tools, sql)["data"]["rows"] == [["2026-02-01", "1 day", "\\x00", 0.1 + 0.2]]
    finally:
        server.run("ALTER DATABASE app_db RESET ALL")
