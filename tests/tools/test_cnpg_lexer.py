"""The fence for PostgreSQL against PostgreSQL's own parser.

In: statements written to hide a call, and thousands of seeded mutations of such.
Out: the fence refuses what the server takes for a call, and nothing that it takes for text.
Must not know: how the fence reads a statement.

The server tells what a statement calls: a view over it depends on the functions it calls.
"""

from __future__ import annotations

import random
from collections.abc import Generator
from typing import Any

import psycopg
import pytest

from servers.postgres_server import SUPERUSER_PASSWORD, Server, running_postgres
from stacktic_mcp.core.toolkit import Refusal
from stacktic_mcp.tools.cnpg.cnpg_fence import called_names, ensure_no_side_effects
from stacktic_mcp.tools.cnpg.cnpg_lexer import without_semicolon

# A name that the fence refuses, and that no installation has unless it is made there.
FUNCTIONS = """
CREATE FUNCTION dblink(integer) RETURNS integer LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION dblink_row(pg_class) RETURNS integer LANGUAGE sql AS 'SELECT 1';
"""
CALLS = """
SELECT p.proname FROM pg_depend d JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass
  AND d.objid = r.oid JOIN pg_proc p ON d.refclassid = 'pg_proc'::regclass AND d.refobjid = p.oid
WHERE r.ev_class = 'asked'::regclass
"""


@pytest.fixture(scope="module")
def parser() -> Generator[psycopg.Connection[Any]]:
    """Run a server and return a session that may make views."""
    with (
        running_postgres() as server,
        psycopg.connect(superuser(server)) as connection,
    ):
        connection.execute(FUNCTIONS.encode())
        connection.commit()
        yield connection


def superuser(server: Server) -> str:
    """Return how to connect as the one who may do everything."""
    return server.text("postgres", SUPERUSER_PASSWORD, "app_db")


def calls_of(parser: psycopg.Connection[Any], sql: str) -> set[str] | None:
    """Return the functions of ours that a statement calls; nothing when it is refused."""
    try:
        parser.execute(f"CREATE TEMP VIEW asked AS SELECT EXISTS (\n{sql}\n)".encode())
        return {name for (name,) in parser.execute(CALLS.encode())}
    except psycopg.Error:
        return None
    finally:
        parser.rollback()


def fence_refuses(sql: str) -> bool:
    """Tell whether the fence takes a statement for a call."""
    try:
        ensure_no_side_effects(sql)
    except Refusal:
        return True
    return False


HIDDEN_CALLS = [
    "SELECT --\rdblink(1)",
    "SELECT 1 --\r\n+ dblink(1)",
    "SELECT 1 AS \u00b7$a$, dblink(1) AS b$a$",
    "SELECT 1 AS \U0001f600$a$, dblink(1) AS b$a$",
    "SELECT $\U0001f600$ ' $\U0001f600$, dblink(1), ''",
    "SELECT $\u00b7$ $a$ $\u00b7$, dblink(1), '$a$'",
    "SELECT E'a'\n'\\'', dblink(1), ''",
    "SELECT E'a' -- b\n'\\'', dblink(1), ''",
    "SELECT E'\\\\', dblink(1), ''",
    "SELECT '\\', dblink(1), ''",
    "SELECT U&'\\0041' UESCAPE '!', dblink(1), ''",
    "SELECT N'\\', dblink(1), ''",
    "SELECT b'01', dblink(1), x'0F'",
    "SELECT 1 /* /* */ */ + dblink(1) /* */",
    "SELECT 1 */**/dblink(1)",
    "SELECT 1 +--\ndblink(1)",
    "SELECT 1 +/*/*/**/*/*/dblink(1)",
    "SELECT dblink/* */--\n(1)",
    "SELECT dblink\v\f\t(1)",
    'SELECT "dblink"(1)',
    "SELECT DBLink(1)",
    'SELECT public . "dblink" (1)',
    "SELECT (1).dblink",
    "SELECT (c.relnatts::int).dblink FROM pg_class AS c",
    "SELECT c.dblink_row FROM pg_class AS c",
    "SELECT 1 FROM dblink(1)",
    "SELECT 1.5e3, 0x1F, 1_000, dblink(1)",
    "SELECT 'a'\n'b' AS c, dblink(1)",
]
PLAIN_TEXTS = [
    "SELECT 'dblink(1)', 'it''s dblink(1)', E'\\'dblink(1)'",
    "SELECT E'a'\n'\\' dblink(1)'",
    "SELECT 'a' -- c\n ' dblink(1)'",
    "SELECT $$dblink(1)$$, $\u00e9$ dblink(1) $\u00e9$, $\U0001f600$dblink(1)$\U0001f600$",
    "SELECT $a$ $b$ dblink(1) $b$ $aa$ $a$",
    "SELECT 1 -- dblink(1)\r, 2 /* dblink(1) /* */ dblink(1) */",
    "SELECT U&'dblink(1)', N'dblink(1)', 'U&\"dblink\"(1)'",
    'SELECT 1 AS dblink, 2 AS "dblink(1)", 3 AS \u00e9dblink',
    'SELECT "Dblink"."DBLINK" FROM (SELECT 1 AS "DBLINK") AS "Dblink"',
    "SELECT 1 AS dblink\u00a0, 2 AS dblink\u2028",
]


@pytest.mark.parametrize("sql", HIDDEN_CALLS)
def test_a_call_is_seen_where_the_server_sees_one(
    parser: psycopg.Connection[Any], sql: str
) -> None:
    assert calls_of(parser, sql)
    assert fence_refuses(sql)


@pytest.mark.parametrize("sql", PLAIN_TEXTS)
def test_text_is_no_call(parser: psycopg.Connection[Any], sql: str) -> None:
    assert calls_of(parser, sql) == set()
    assert not fence_refuses(sql)


# What opens, closes or changes the reading of a string, a comment, a name or a number.
SIGNS = [
    *("'", "''", '"', '""', "\\", "\\'", "$$", "$a$", "$\u00e9$", "$\U0001f600$", "$", "$1"),
    *("E'", "e'", "U&'", 'U&"', "N'", "b'", "x'", "--", "/*", "*/", "*", "/", "-", "+", "||", "@"),
    *("\r", "\n", "\r\n", "\t", "\f", "\v", " ", " ", "\u00a0", "\u2028", "\u0085"),
    *("a", "E", "_", "\u00b7", "\u00e9", "\U0001f600", "1", "0x1", "1e", "1.", ".", ",", "::text"),
]
FRAMES = [
    ("SELECT ", ""),
    ("SELECT 'a'", ""),
    ("SELECT E'a'", "'"),
    ("SELECT 1 AS a", ", 'b'"),
    ("SELECT 1 ", " -- c"),
    ("SELECT $a$ b ", "$a$"),
    ("SELECT 'a", "', 2"),
    ("SELECT 1 /* ", " */"),
]


def mutation(rng: random.Random) -> str:
    """Return a statement around a call, with signs on both sides that may hide it."""
    opened, closed = rng.choice(FRAMES)
    before = "".join(rng.choices(SIGNS, k=rng.randint(0, 3)))
    call = rng.choice([", dblink(1)", ",dblink (1)", "dblink(1)", ' "dblink"(1)', ", (1).dblink"])
    after = "".join(rng.choices(SIGNS, k=rng.randint(0, 3)))
    return f"{opened}{before}{call}{after}{closed}"


@pytest.mark.parametrize("seed", range(4))
def test_the_fence_reads_mutations_as_the_server_does(
    parser: psycopg.Connection[Any], seed: int
) -> None:
    rng = random.Random(seed)
    calls, texts = 0, 0
    for _ in range(3000):
        sql = mutation(rng)
        found = calls_of(parser, sql)
        if found is None:
            continue
        calls, texts = calls + bool(found), texts + (not found)
        # A name in escapes is refused whatever it says.
        assert fence_refuses(sql) or not found, sql
        assert found or not fence_refuses(sql) or 'u&"' in sql.lower(), sql
    assert calls > 50, calls
    assert texts > 50, texts


@pytest.mark.parametrize(
    ("sql", "text"),
    [
        ("SELECT 1;", "SELECT 1"),
        ("SELECT ';' ; ; -- ;", "SELECT ';' "),
        ("SELECT 1 --;\r;", "SELECT 1 --;\r"),
        ("SELECT $\u00e9$;$\u00e9$", "SELECT $\u00e9$;$\u00e9$"),
        ("SELECT E'\\';' /* ; */", "SELECT E'\\';' /* ; */"),
    ],
)
def test_a_statement_ends_at_its_semicolon(sql: str, text: str) -> None:
    assert without_semicolon(sql) == text


def test_a_name_is_cut_where_the_server_cuts_it() -> None:
    name = "\u00e9" * 40
    assert list(called_names(f"SELECT {name}(1)")) == ["\u00e9" * 31]
