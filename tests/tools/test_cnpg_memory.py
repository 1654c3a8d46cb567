"""PostgreSQL tools on data made to fill memory, against a real server.

In: values, rows, errors and plans far larger than any answer.
Out: how far the peak of the process grew, for every read tool.
Must not know: how the tools bound it.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from peak_memory import MAX_GROWTH, measured
from servers.postgres_server import OWNER, Server, link_to, running_postgres


@pytest.fixture(scope="module")
def server() -> Generator[Server]:
    """Run a server of this file's own."""
    with running_postgres() as running:
        yield running


WIDE_ROW = ", ".join(["repeat('\U0001f600', 2100)"] * 250)
HOSTILE = [
    "SELECT repeat('x', 20000000) FROM generate_series(1, 30)",
    "SELECT repeat(repeat('x', 1000), 900000)",
    "SELECT repeat(repeat('x', 1000), 100000)::bytea FROM generate_series(1, 9)",
    "SELECT * FROM widest, generate_series(1, 100)",
    "SELECT widest.* FROM widest, generate_series(1, 1000)",
    "SELECT widest_text.* FROM widest_text, generate_series(1, 10)",
    f"SELECT {WIDE_ROW} FROM generate_series(1, 50)",
    "SELECT * FROM generate_series(1, 3000000)",
    "SELECT array_fill(7, ARRAY[10000000]), ROW(repeat('x', 20000000), 2)",
    "SELECT (repeat('[', 5000) || repeat(']', 5000))::jsonb, to_json(repeat('\u00fc', 20000000))",
    # What the server cannot cut: the text of an error.
    "SELECT repeat(repeat('x', 1000), 200000)::int",
    "SELECT n FROM generate_series(1, 3) AS n WHERE repeat(repeat('x', 1000), 200000 + n)::int > 1",
]
# The server folds it into a constant, which then stands in the plan.
TEXT = "repeat(repeat('x', 1000), 100000)"
HOSTILE_CALLS: list[tuple[str, dict[str, Any]]] = [
    *(("cnpg_query", {"database": "app_db", "sql": sql, "limit": 1000}) for sql in HOSTILE),
    *(("cnpg_query", {"database": "app_db", "sql": sql, "limit": 1}) for sql in HOSTILE[:4]),
    ("cnpg_describe_table", {"database": "app_db", "table": "widest"}),
    ("cnpg_describe_table", {"database": "app_db", "table": "commented"}),
    ("cnpg_list_tables", {"database": "app_db", "limit": 500}),
    ("cnpg_table_stats", {"database": "app_db", "limit": 100}),
    ("cnpg_explain", {"database": "app_db", "sql": "SELECT * FROM widest, wide"}),
    ("cnpg_explain", {"database": "app_db", "sql": "SELECT 1" + " UNION ALL SELECT 1" * 420}),
    ("cnpg_explain", {"database": "app_db", "sql": "SELECT * FROM parted AS a, parted AS b"}),
    ("cnpg_explain", {"database": "app_db", "sql": f"SELECT 1 FROM wide WHERE body = {TEXT}"}),
    ("cnpg_activity", {"include_idle": True, "limit": 200}),
    ("cnpg_health", {}),
    ("cnpg_list_databases", {}),
]
HOSTILE_SEED = f"""
CREATE TABLE widest ({", ".join(f"c{n} int DEFAULT 7" for n in range(1600))});
INSERT INTO widest DEFAULT VALUES;
CREATE VIEW widest_text AS
  SELECT {", ".join(f"repeat('\U0001f600', 2100) AS c{n}" for n in range(1600))};
CREATE TABLE parted (id integer) PARTITION BY LIST (id);
DO $$ BEGIN
  FOR n IN 1..2000 LOOP
    EXECUTE format('CREATE TABLE part%s PARTITION OF parted FOR VALUES IN (%s)', n, n);
  END LOOP;
END $$;
CREATE TABLE commented ({", ".join(f"c{n} int CHECK (c{n} > 0)" for n in range(900))});
DO $$ BEGIN
  EXECUTE format('COMMENT ON TABLE commented IS %L', repeat('\U0001f600', 20000000));
  FOR n IN 0..40 LOOP
    EXECUTE format('COMMENT ON COLUMN commented.c%s IS %L', n, repeat('\u00fc', 4000000));
  END LOOP;
END $$;
"""


def test_no_answer_takes_much_memory(server: Server) -> None:
    owner = (*OWNER, "app_db")
    server.script(HOSTILE_SEED, *owner)
    plain = ("cnpg_query", {"database": "app_db", "sql": "SELECT 1"})
    try:
        lines = measured(
            "stacktic_mcp.tools.cnpg.cnpg_tools", link_to(server), [plain, *HOSTILE_CALLS]
        )
    finally:
        server.script("DROP TABLE widest, commented, parted CASCADE; DROP VIEW widest_text", *owner)
    assert [str(line) for line in lines if line.growth > MAX_GROWTH] == []
