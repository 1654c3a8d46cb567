"""MariaDB tools against a real server with the grants that the catalog makes.

In: the server of Debian's packages, the level of the pair, and the statements by which the
mariadb-operator makes a User and its Grants.
Out: what each tool answers, what it refuses, and that nothing at the server changes.
Must not know: MCP or HTTP.
"""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Generator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from conftest import REPOSITORY, LinkFacts, MakeTools, pair_of
from servers.mariadb_server import Server, running_mariadb
from stacktic_mcp.core.toolkit import Refusal, Toolset
from stacktic_mcp.tools.mariadb import mariadb_tools
from stacktic_mcp.tools.mariadb.mariadb_tools import register

READER = "mcp_ro_fastmcp_mariadb"
PASSWORD = "reader_password"
DATABASES = ("app_db", "other_db")
PAIR = pair_of(REPOSITORY / "link-types/pairs/fastmcp-mariadb")
SEED = """
CREATE DATABASE app_db; CREATE DATABASE other_db; CREATE DATABASE foreign_db;
CREATE TABLE app_db.customers (id int PRIMARY KEY, name varchar(80) NOT NULL);
CREATE TABLE app_db.orders (
  id int PRIMARY KEY, customer int, note text DEFAULT 'none', price decimal(20,6) COMMENT 'net',
  at datetime(6), extra longtext CHECK (json_valid(extra)), raw blob, INDEX by_customer (customer),
  CONSTRAINT of_customer FOREIGN KEY (customer) REFERENCES customers (id));
INSERT INTO app_db.customers SELECT seq, concat('customer ', seq) FROM app_db.seq_1_to_10;
INSERT INTO app_db.orders SELECT seq, seq % 10 + 1, concat('order ', seq), seq * 1.5,
  '2026-01-01 00:00:00.5', '{"a": [1]}', x'00ff' FROM app_db.seq_1_to_300;
CREATE VIEW app_db.dear_orders AS SELECT * FROM app_db.orders WHERE price > 100;
CREATE TABLE app_db.wide (id int PRIMARY KEY, body longtext);
INSERT INTO app_db.wide SELECT seq, repeat('x', 5000) FROM app_db.seq_1_to_200;
INSERT INTO app_db.wide VALUES (999, repeat('y', 3000000));
CREATE SEQUENCE app_db.counter;
CREATE FUNCTION app_db.sneaky() RETURNS int SQL SECURITY DEFINER RETURN 1;
CREATE TABLE foreign_db.notes (id int PRIMARY KEY);
"""


def make_account(server: Server, name: str, more: str = "") -> None:
    """Make an account as the operator does of the User and the Grants of a link."""
    level = PAIR["account"]["levels"]["read"]
    server.run(
        f"CREATE USER '{name}'@'%' IDENTIFIED BY '{PASSWORD}' "
        f"WITH MAX_USER_CONNECTIONS {level['connections']}"
    )
    for database in DATABASES:
        pattern = database.replace("_", "\\_")
        server.run(f"GRANT {','.join(level['privileges'])} ON `{pattern}`.* TO '{name}'@'%'")
    if more:
        server.run(f"{more} TO '{name}'@'%'")


@pytest.fixture(scope="module")
def server() -> Generator[Server]:
    """Run a server of this file's own."""
    with running_mariadb() as running:
        for statement in filter(str.strip, SEED.split(";\n")):
            running.run(statement)
        make_account(running, READER)
        yield running


@pytest.fixture
def link(server: Server) -> LinkFacts:
    """Return the link to it."""
    values = {"HOST": "127.0.0.1", "PORT": str(server.port), "SSL_MODE": "PREFERRED"}
    return LinkFacts(
        "mariadb",
        "fastmcp-mariadb",
        "MCP_MARIADB",
        values={**values, "USER": READER},
        secrets={"PASSWORD": PASSWORD},
        enums={"databases": DATABASES},
    )


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
    return call(tools, "mariadb_query", database="app_db", sql=sql, **arguments)


STATE = [
    "CHECKSUM TABLE app_db.customers, app_db.orders, app_db.wide, foreign_db.notes",
    "SELECT next_not_cached_value FROM app_db.counter",
    "SELECT table_schema, table_name, table_type FROM information_schema.tables",
    "SELECT user, host, authentication_string FROM mysql.user ORDER BY 1, 2",
    "SHOW GRANTS FOR 'mcp_ro_fastmcp_mariadb'@'%'",
]


def state(server: Server) -> list[str]:
    """Return everything a tool might have changed, and what it might have left behind."""
    return [server.run(sql) for sql in STATE]


READ_CALLS: list[tuple[str, dict[str, Any]]] = [
    ("mariadb_list_databases", {}),
    ("mariadb_list_tables", {"database": "app_db"}),
    ("mariadb_describe_table", {"database": "app_db", "table": "orders"}),
    ("mariadb_table_stats", {"database": "app_db", "order": "rows"}),
    ("mariadb_query", {"database": "app_db", "sql": "SELECT * FROM orders"}),
    ("mariadb_explain", {"database": "app_db", "sql": "SELECT * FROM dear_orders"}),
    ("mariadb_health", {}),
]


def test_every_tool_reads_and_changes_nothing(server: Server, tools: Toolset) -> None:
    assert sorted(name for name, _ in READ_CALLS) == sorted(tool.name for tool in tools.tools)
    before = state(server)
    for name, arguments in READ_CALLS:
        assert call(tools, name, **arguments)["link"] == "mariadb", name
    assert state(server) == before


def test_databases_are_the_linked_ones(make_tools: MakeTools, link: LinkFacts) -> None:
    tools = make_tools(register, replace(link, enums={"databases": ["app_db", "late_db"]}))
    first, second = call(tools, "mariadb_list_databases")["data"]
    assert (first["name"], first["tables"]) == ("app_db", 5)
    assert second == {"name": "late_db", "missing": True}
    assert refused(tools, "mariadb_query", database="late_db", sql="SELECT 1").code == "E_NOT_FOUND"
    assert refused(tools, "mariadb_query", database="other_db", sql="SELECT 1").code == "E_SCOPE"


def test_tables_come_in_pages(tools: Toolset) -> None:
    seen: list[str] = []
    cursor = None
    while True:
        page = call(tools, "mariadb_list_tables", database="app_db", limit=2, cursor=cursor)
        seen += [row["name"] for row in page["data"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == ["counter", "customers", "dear_orders", "orders", "wide"]
    liked = call(tools, "mariadb_list_tables", database="app_db", name_like="%order%")
    assert [(row["name"], row["kind"]) for row in liked["data"]] == [
        ("dear_orders", "view"),
        ("orders", "base table"),
    ]


def test_a_table_is_described(tools: Toolset) -> None:
    data = call(tools, "mariadb_describe_table", database="app_db", table="orders")["data"]
    price = next(column for column in data["columns"] if column["name"] == "price")
    assert (price["type"], price["nullable"], price["comment"]) == ("decimal(20,6)", 1, "net")
    assert sorted(index["name"] for index in data["indexes"]) == ["PRIMARY", "by_customer"]
    assert [key["refers_to"] for key in data["foreign_keys"]] == ["customers"]
    missing = refused(tools, "mariadb_describe_table", database="app_db", table="x' OR 1=1")
    assert missing.code == "E_NOT_FOUND"


def test_values_are_exact(tools: Toolset) -> None:
    sql = "SELECT id, price, at, extra, raw, NULL AS n, 1.5e0 AS f, 9223372036854775807 AS big"
    data = query(tools, f"{sql} FROM orders ORDER BY id", limit=1)
    assert data["data"]["rows"] == [
        [
            *(1, "1.500000", "2026-01-01 00:00:00.500000", '{"a": [1]}', "0x00ff"),
            *(None, 1.5, "9223372036854775807"),
        ]
    ]
    assert (data["returned"], data["truncated_by"]) == (1, "rows")


def test_parameters_are_values(tools: Toolset) -> None:
    given = ["'; DROP TABLE orders; -- \\", 7, 2.5, True, None]
    data = query(tools, "SELECT ? AS a, ? AS b, ? AS c, ? AS d, ? AS e", params=given)["data"]
    assert data["rows"] == [["'; DROP TABLE orders; -- \\", 7, 2.5, 1, None]]
    assert refused(tools, "mariadb_query", database="app_db", sql="SELECT ?").code == "E_SQL"


def test_answers_are_bounded(tools: Toolset) -> None:
    wide = query(tools, "SELECT * FROM wide WHERE id < 300", limit=1000)
    assert wide["truncated"]
    assert len(str(wide["data"])) < 40_000
    error = refused(
        tools, "mariadb_query", database="app_db", sql="SELECT * FROM wide WHERE id=999"
    )
    assert error.code == "E_LIMIT"
    many = query(tools, "SELECT a.seq FROM seq_1_to_1000000 a", limit=1000)
    assert (many["returned"], many["truncated_by"]) == (1000, "rows")


def test_what_takes_long_ends_at_the_server(server: Server, tools: Toolset) -> None:
    slow = "SELECT count(*) FROM seq_1_to_1000000 a, seq_1_to_1000000 b WHERE a.seq * b.seq % 7 = 1"
    started = time.monotonic()
    error = refused(tools, "mariadb_query", database="app_db", sql=slow, timeout_s=1)
    assert error.code == "E_TIMEOUT"
    assert time.monotonic() - started < 4
    assert running_of(server) == 0


def test_a_cancelled_call_ends_at_the_server(server: Server, tools: Toolset) -> None:
    slow = "SELECT count(*) FROM seq_1_to_1000000 a, seq_1_to_1000000 b WHERE a.seq * b.seq % 7 = 1"

    async def cancelled() -> None:
        arguments = {"database": "app_db", "sql": slow, "timeout_s": 15}
        task = asyncio.create_task(tools.call("mariadb_query", arguments))
        await asyncio.sleep(1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())
    deadline = time.monotonic() + 5
    while running_of(server) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert running_of(server) == 0


def running_of(server: Server) -> int:
    """Return how many statements of the reader the server is at."""
    sql = f"SELECT count(*) FROM information_schema.processlist WHERE user='{READER}'"
    return int(server.run(f"{sql} AND command <> 'Sleep' AND info IS NOT NULL"))


# Each of them reaches the server past the fence, and is refused by it or does nothing there.
ATTACKS = [
    "INSERT INTO customers VALUES (99, 'x')",
    "UPDATE customers SET name = 'x'",
    "DELETE FROM customers",
    "REPLACE INTO customers VALUES (1, 'x')",
    "TRUNCATE customers",
    "DROP TABLE orders",
    "CREATE TABLE t (id int)",
    "CREATE TEMPORARY TABLE t (id int)",
    "ALTER TABLE customers ADD x int",
    "CREATE FUNCTION f() RETURNS int RETURN 1",
    "SELECT * FROM foreign_db.notes",
    "SELECT * FROM mysql.user",
    "SELECT authentication_string FROM mysql.global_priv",
    "SELECT 1 INTO OUTFILE '/tmp/stacktic-out'",
    "SELECT 1 INTO DUMPFILE '/tmp/stacktic-out'",
    "SELECT NEXT VALUE FOR counter",
    "SELECT nextval(counter)",
    "SELECT setval(counter, 100)",
    "SELECT sneaky()",
    "CALL sneaky()",
    "GRANT ALL ON *.* TO CURRENT_USER",
    "SET PASSWORD = PASSWORD('x')",
    "ALTER USER CURRENT_USER IDENTIFIED BY 'x'",
    "SET GLOBAL general_log = 1",
    "LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE customers",
    "LOCK TABLES customers WRITE",
    "FLUSH TABLES",
    "KILL 1",
    "SHUTDOWN",
    "INSTALL SONAME 'server_audit'",
    "SELECT 1; DELETE FROM customers",
    "SELECT 1; COMMIT; START TRANSACTION READ WRITE; DELETE FROM customers",
    "COMMIT",
    "BEGIN NOT ATOMIC DELETE FROM customers; END",
    "EXECUTE IMMEDIATE 'DELETE FROM customers'",
    "PREPARE s FROM 'DELETE FROM customers'",
    "HANDLER customers OPEN",
    "XA START 'x'",
    "ANALYZE TABLE customers",
    "OPTIMIZE TABLE customers",
]


# Every account may set its own password: there the fence is the only one.
KEEPS = [sql for sql in ATTACKS if "PASSWORD" not in sql and "IDENTIFIED" not in sql]


@pytest.mark.parametrize("sql", KEEPS)
def test_the_account_alone_keeps_data(
    server: Server, tools: Toolset, monkeypatch: pytest.MonkeyPatch, sql: str
) -> None:
    monkeypatch.setattr(mariadb_tools, "one_select", str)
    before = state(server)
    with suppress(Refusal):
        query(tools, sql)
    assert state(server) == before


@pytest.mark.parametrize("sql", ATTACKS)
def test_the_fence_or_the_account_refuses(server: Server, tools: Toolset, sql: str) -> None:
    before = state(server)
    assert refused(tools, "mariadb_query", database="app_db", sql=sql).code == "E_SQL"
    assert refused(tools, "mariadb_explain", database="app_db", sql=sql).code == "E_SQL"
    assert state(server) == before


@pytest.mark.parametrize(
    "more",
    [
        "GRANT INSERT ON app_db.customers",
        "GRANT SELECT ON *.*",
        "GRANT FILE ON *.*",
        "GRANT PROCESS ON *.*",
        "GRANT EXECUTE ON FUNCTION app_db.sneaky",
        "GRANT ALL ON app_db.*",
        "GRANT SELECT (id), UPDATE (name) ON app_db.customers",
    ],
)
def test_an_account_with_more_is_refused(
    server: Server, make_tools: MakeTools, link: LinkFacts, more: str
) -> None:
    make_account(server, "too_much", more)
    try:
        values = {**link.values, "USER": "too_much"}
        tools = make_tools(register, replace(link, values=values))
        error = refused(tools, "mariadb_query", database="app_db", sql="SELECT 1")
        assert (error.code, "no plain reader" in error.hint) == ("E_UNAVAILABLE", True)
    finally:
        server.run("DROP USER 'too_much'@'%'")


def test_errors_are_in_words_of_our_own(make_tools: MakeTools, link: LinkFacts) -> None:
    tools = make_tools(register, replace(link, secrets={"PASSWORD": "wrong_password"}))
    error = refused(tools, "mariadb_health")
    assert (error.code, "MCP_MARIADB_PASSWORD" in error.hint) == ("E_UNAVAILABLE", True)
    tools = make_tools(register, link)
    error = refused(tools, "mariadb_query", database="app_db", sql="SELECT nothing FROM orders")
    assert error.hint == "MariaDB refused the statement: bad field error (1054)"
    away = make_tools(register, replace(link, values={**link.values, "PORT": "1"}))
    assert refused(away, "mariadb_health").code == "E_UNAVAILABLE"


def test_without_the_certificate_that_the_link_names_nobody_is_spoken_to(
    make_tools: MakeTools, link: LinkFacts
) -> None:
    values = {**link.values, "SSL_MODE": "VERIFY_IDENTITY"}
    assert refused(make_tools(register, replace(link, values=values)), "mariadb_health").code == (
        "E_UNAVAILABLE"
    )


def test_a_server_that_asks_for_the_password_gets_none(
    make_tools: MakeTools, link: LinkFacts
) -> None:
    greeting = b"\x0a5.5.5-11.8.8\0" + b"\1\0\0\0" + b"12345678\0" + b"\xff\xf7" + b"\x21"
    greeting += b"\2\0" + b"\xff\x81" + b"\x15" + b"\0" * 10 + b"123456789012\0"
    greeting += b"mysql_native_password\0"
    heard = bytearray()
    switch = b"\xfemysql_clear_password\0"

    def serve(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            connection.sendall(len(greeting).to_bytes(3, "little") + b"\0" + greeting)
            heard.extend(connection.recv(4096))
            connection.sendall(len(switch).to_bytes(3, "little") + b"\2" + switch)
            connection.settimeout(3)
            heard.extend(connection.recv(4096))

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        values = {**link.values, "PORT": str(listener.getsockname()[1])}
        assert refused(make_tools(register, replace(link, values=values)), "mariadb_health").code
        thread.join()
    assert READER.encode() in heard
    assert PASSWORD.encode() not in heard
