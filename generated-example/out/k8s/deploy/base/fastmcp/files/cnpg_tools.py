"""PostgreSQL tools of the MCP server: they read the linked databases and nothing else.

In: the names of linked databases and tables, and statements that PostgreSQL's own grammar
must accept as one SELECT of a cursor.
Out: rows, table descriptions, statistics and plans, bounded in rows, bytes and time.
Must not know: HTTP, the topology, or any role but the reader of the link.
"""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import Field

from stacktic_mcp.core.toolkit import Answer, Choice, Link, Refusal, Toolset
from stacktic_mcp.lib.forms import Table as ResultTable
from stacktic_mcp.tools.cnpg.cnpg_catalog import (
    ACTIVITY,
    COLUMNS,
    CONSTRAINTS,
    DATABASE_HEALTH,
    DATABASES,
    HEALTH,
    INDEXES,
    OPEN_FUNCTIONS,
    ORDERS,
    TABLE,
    TABLE_STATS,
    TABLES,
)
from stacktic_mcp.tools.cnpg.cnpg_fence import ensure_no_side_effects
from stacktic_mcp.tools.cnpg.cnpg_forms import (
    DatabaseRow,
    Health,
    Plan,
    Session,
    TableFacts,
    TableRow,
    TableStats,
)
from stacktic_mcp.tools.cnpg.cnpg_rows import Rows, close, declare, fetch, read
from stacktic_mcp.tools.cnpg.cnpg_session import Sessions

# PostgreSQL has no table with more columns; more keys or indexes than these are cut.
PARTS = {"columns": (COLUMNS, 1600), "constraints": (CONSTRAINTS, 200), "indexes": (INDEXES, 200)}
MAX_PLAN_CHARACTERS = 1024 * 1024

Database = Annotated[str, Choice("databases"), Field(description="a linked database")]
Name = Annotated[str, Field(min_length=1, max_length=63, pattern=r"^[^\x00-\x1f]+$")]
Table = Annotated[Name, Field(description="a table or view, schema apart")]
Schema = Annotated[Name, Field(description="its schema")]
Sql = Annotated[
    str,
    Field(
        min_length=1,
        max_length=8192,
        pattern=r"^[^\x00]+$",
        description="one SELECT, VALUES, TABLE or WITH; parameters as $1, $2",
    ),
]
Text = Annotated[str, Field(max_length=8192, pattern=r"^[^\x00]*$")]
Parameters = Annotated[
    list[Text | int | float | bool | None], Field(max_length=50, description="values of $1, $2")
]
Order = Annotated[
    Literal["size", "rows", "dead_rows", "sequential_scans", "writes"],
    Field(description="order"),
]


def register(tools: Toolset) -> None:
    """Add the PostgreSQL tools; none of them writes."""
    tools.introduce("PostgreSQL", prefix="cnpg", first="cnpg_list_databases")
    sessions = Sessions()
    tools.rights(sessions.wider)
    _register_catalog(tools, sessions)
    _register_queries(tools, sessions)
    _register_operations(tools, sessions)


def _register_catalog(tools: Toolset, sessions: Sessions) -> None:
    @tools.read
    async def cnpg_list_databases(link: Link) -> Answer[list[DatabaseRow]]:
        """List databases in PostgreSQL (Postgres.

        CloudNativePG): each linked database of this server. Owner (owns), encoding, size of each
        in bytes, connection limit.
        """
        return await _list_databases(sessions, link)

    @tools.read
    async def cnpg_list_tables(
        link: Link,
        database: Database,
        schema: Annotated[Name | None, Field(description="one schema; default all")] = None,
        name_like: Annotated[Name | None, Field(description="a LIKE pattern: ord%")] = None,
        limit: Annotated[int, Field(ge=1, le=500, description="tables at most")] = 100,
    ) -> Answer[list[TableRow]]:
        """List tables in PostgreSQL (Postgres): each table or view of a database.

        Schema, kind, estimated number of rows, size in bytes.
        """
        async with sessions.open(link, database) as connection:
            rows = await fetch(connection, TABLES, [schema, name_like, limit + 1])
        return Answer.first(rows, limit)

    @tools.read
    async def cnpg_describe_table(
        link: Link, database: Database, table: Table, schema: Schema = "public"
    ) -> Answer[TableFacts]:
        """Describe a PostgreSQL (Postgres) table: structure, columns (fields), type of a column.

        Defaults, nullable, unique, comments, primary key, foreign keys, constraints, checks,
        indexes.
        """
        return await _describe_table(sessions, link, database, (schema, table))

    @tools.read
    async def cnpg_table_stats(
        link: Link,
        database: Database,
        order: Order = "size",
        limit: Annotated[int, Field(ge=1, le=100, description="tables at most")] = 20,
    ) -> Answer[list[TableStats]]:
        """Statistics of PostgreSQL (Postgres) tables: biggest, largest, busiest table.

        Disk space, size in bytes, dead rows, bloat, vacuum, analyze, sequential scans, inserts,
        updates, deletes.
        """
        statement = TABLE_STATS.format(order=ORDERS[order])
        async with sessions.open(link, database) as connection:
            rows = await fetch(connection, statement, [limit + 1])
        return Answer.first(rows, limit)


def _register_queries(tools: Toolset, sessions: Sessions) -> None:
    @tools.read(timeout_s=20.0)
    async def cnpg_query(
        link: Link,
        database: Database,
        sql: Sql,
        params: Parameters | None = None,
        limit: Annotated[int, Field(ge=1, le=1000, description="rows at most")] = 100,
        timeout_s: Annotated[int, Field(ge=1, le=15, description="time limit in seconds")] = 5,
    ) -> Answer[ResultTable]:
        """Query data in PostgreSQL (Postgres): run a read-only SQL SELECT, get rows.

        Look up, how many, count, sum, filter, join records of tables: orders, customers, users.
        SELECT count(*) FROM t WHERE day = $1. At most 1000 rows, 15 s.
        """
        ensure_no_side_effects(sql)
        async with sessions.open(link, database, timeout_s) as connection:
            found = await read(connection, sql, params or [], limit)
        data = {"columns": found.columns, "rows": found.rows}
        return Answer(data, truncated_by=found.truncated_by, returned=len(found.rows))

    @tools.read
    async def cnpg_explain(
        link: Link, database: Database, sql: Sql, params: Parameters | None = None
    ) -> Answer[Plan]:
        """Explain query plan of a PostgreSQL (Postgres) SELECT, not run: slow, planner.

        Index or full table scan, takes long, cost, performance.
        """
        ensure_no_side_effects(sql)
        return await _explain(sessions, link, database, (sql, params or []))


def _register_operations(tools: Toolset, sessions: Sessions) -> None:
    @tools.read
    async def cnpg_activity(
        link: Link,
        include_idle: Annotated[bool, Field(description="include idle sessions")] = False,
        limit: Annotated[int, Field(ge=1, le=200, description="sessions at most")] = 50,
    ) -> Answer[list[Session]]:
        """List activity of PostgreSQL (Postgres): connected users, sessions, connections.

        Active or idle, locks, locking, blocked, blocking, waiting, long running open transactions
        and statements by age, no SQL.
        """
        names = list(link.enums.get("databases", ()))
        async with sessions.open(link, _first_database(link)) as connection:
            rows = await fetch(connection, ACTIVITY, [names, include_idle, limit + 1])
        return Answer.first(rows, limit)

    @tools.read
    async def cnpg_health(link: Link) -> Answer[Health]:
        """Health of PostgreSQL (Postgres) server: healthy, status, up, alive, OK, version.

        Uptime. Connections in use and allowed, replica and replication lag (behind), cache hits,
        deadlocks, commits.
        """
        names = list(link.enums.get("databases", ()))
        async with sessions.open(link, _first_database(link)) as connection:
            server = (await fetch(connection, HEALTH))[0]
            databases = await fetch(connection, DATABASE_HEALTH, [names])
            functions = await fetch(connection, OPEN_FUNCTIONS)
        open_functions = [row["name"] for row in functions]
        data = {**server, "databases": databases, "functions_open_to_public": open_functions}
        return Answer(data)


def _first_database(link: Link) -> str:
    names = link.enums.get("databases", ())
    if not names:
        raise Refusal("E_NOT_FOUND", f"{link.component} has no database in the topology")
    return names[0]


async def _list_databases(sessions: Sessions, link: Link) -> Answer:
    names = link.enums.get("databases", ())
    async with sessions.open(link, _first_database(link)) as connection:
        rows = await fetch(connection, DATABASES, [list(names)])
    found = {row["name"] for row in rows}
    missing = [{"name": name, "reachable": False, "missing": True} for name in names]
    return Answer(rows + [row for row in missing if row["name"] not in found])


async def _describe_table(
    sessions: Sessions, link: Link, database: str, table: tuple[str, str]
) -> Answer:
    schema, name = table
    async with sessions.open(link, database) as connection:
        found = await read(connection, TABLE, [schema, name], 1)
        if not found.rows:
            hint = "there is no such table in the schema; cnpg_list_tables shows what there is"
            raise Refusal("E_NOT_FOUND", hint)
        facts = found.records()[0]
        oid = [facts.pop("oid")]
        parts: dict[str, Rows] = {}
        for part, (statement, limit) in PARTS.items():
            await close(connection)
            parts[part] = await read(connection, statement, oid, limit)
    records = {part: rows.records() for part, rows in parts.items()}
    cuts = (rows.truncated_by for rows in (*parts.values(), found))
    return Answer(
        {"schema": schema, "name": name, **facts, **records},
        truncated_by=next((cut for cut in cuts if cut), None),
    )


async def _explain(
    sessions: Sessions, link: Link, database: str, statement: tuple[str, list[Any]]
) -> Answer:
    sql, params = statement
    async with sessions.open(link, database) as connection:
        # EXPLAIN also takes INSERT and the like: the cursor first proves that this is one SELECT.
        await declare(connection, sql, params)
        rows = await fetch(connection, f"EXPLAIN (FORMAT JSON)\n{sql}", params)
    text = rows[0]["QUERY PLAN"]
    if len(text) > MAX_PLAN_CHARACTERS:
        raise Refusal("E_LIMIT", "the plan is larger than any that could be shown")
    plan = json.loads(text)[0]["Plan"]
    data = {
        "total_cost": plan.get("Total Cost"),
        "estimated_rows": plan.get("Plan Rows"),
        "plan": plan,
    }
    return Answer(data)
