"""The groups of a database: what readers and writers may do there, and nowhere else.

In: a real PostgreSQL with the roles and scripts of catalog/cnpg.
Out: proof that an account reaches what its groups say, by state; no pg_hba is here to help.
Must not know: the tools.
"""

from __future__ import annotations

from collections.abc import Generator

import psycopg
import pytest

from servers.postgres_server import OWNER, Server, catalog_script, groups, running_postgres

ACCOUNTS = {"app_reads": "readers", "app_writes": "writers"}


@pytest.fixture(scope="module")
def server() -> Generator[Server]:
    """Run a server with an account of each group of one database."""
    with running_postgres() as running:
        for name, group in ACCOUNTS.items():
            running.run(
                f"CREATE ROLE {name} LOGIN PASSWORD '{name}' IN ROLE {groups('app_db')[group]}"
            )
        yield running


def attempt(server: Server, account: str, sql: str, database: str = "app_db") -> str:
    """Return what comes of a statement: `done`, or the class of the refusal."""
    try:
        with psycopg.connect(server.text(account, account, database)) as connection:
            connection.execute(sql.encode())
    except psycopg.Error as error:
        return type(error).__name__
    return "done"


@pytest.mark.parametrize(
    ("sql", "reader", "writer"),
    [
        ("SELECT count(*) FROM customers", "done", "done"),
        ("SELECT count(*) FROM private.notes", "done", "done"),
        ("INSERT INTO customers VALUES (1000, 'new')", "InsufficientPrivilege", "done"),
        ("UPDATE customers SET name = 'x' WHERE id = 1000", "InsufficientPrivilege", "done"),
        ("DELETE FROM customers WHERE id = 1000", "InsufficientPrivilege", "done"),
        ("SELECT nextval('counter')", "InsufficientPrivilege", "done"),
        # Writing never means the layout: that is the owner's.
        ("CREATE TABLE mine (id integer)", "InsufficientPrivilege", "InsufficientPrivilege"),
        ("ALTER TABLE customers ADD x integer", "InsufficientPrivilege", "InsufficientPrivilege"),
        ("DROP TABLE wide", "InsufficientPrivilege", "InsufficientPrivilege"),
        ("TRUNCATE wide", "InsufficientPrivilege", "InsufficientPrivilege"),
        ("SELECT sneaky()", "InsufficientPrivilege", "InsufficientPrivilege"),
    ],
)
def test_a_level_is_what_its_group_may_do(
    server: Server, sql: str, reader: str, writer: str
) -> None:
    assert attempt(server, "app_reads", sql) == reader
    assert attempt(server, "app_writes", sql) == writer


@pytest.mark.parametrize("account", ACCOUNTS)
@pytest.mark.parametrize("database", ["other_db", "foreign_db"])
def test_a_group_ends_at_its_database(server: Server, account: str, database: str) -> None:
    assert attempt(server, account, "SELECT 1", database) == "OperationalError"


def test_what_is_made_later_is_open_to_both(server: Server) -> None:
    server.script("CREATE TABLE later (id serial)", *OWNER, "app_db")
    assert attempt(server, "app_reads", "SELECT count(*) FROM later") == "done"
    assert attempt(server, "app_writes", "INSERT INTO later DEFAULT VALUES") == "done"
    assert attempt(server, "app_reads", "INSERT INTO later DEFAULT VALUES") != "done"


def test_the_script_may_be_repeated(server: Server) -> None:
    before = server.rows("SELECT relname, relacl::text FROM pg_class ORDER BY 1", "app_db")
    server.script(catalog_script("grants.sql"), *OWNER, "app_db", **groups("app_db"))
    assert server.rows("SELECT relname, relacl::text FROM pg_class ORDER BY 1", "app_db") == before
