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
from stacktic_mcp.tools.cnpg.cnpg_rows import Rows, close, declare, fetch, read
from stacktic_mcp.tools.cnpg.cnpg_session import Sessions

# PostgreSQL has no table with more columns; more keys or indexes than these are cut.
PARTS = {"columns": (COLUMNS, 1600), "constraints": (CONSTRAINTS, 200), "indexes": (INDEXES, 200)}
MAX_PLAN_CHARACTERS = 1024 * 1024

Database = Annotated[str, Choice("databases"), Field(description="a linked database")]
Name = Annotated[str, Field(min_length=1, max_length=63, pattern=r"^[^\x00-\x1f]+$")]
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
Order = Literal["size", "rows", "dead_rows", "sequential_scans", "writes"]


def register(tools: Toolset) -> None:
    """Add the PostgreSQL tools; none of them writes."""
    sessions = Sessions()
    tools.rights(sessions.wider)
    _register_catalog(tools, sessions)
    _register_queries(tools, sessions)
    _register_operations(tools, sessions)


def _register_catalog(tools: Toolset, sessions: Sessions) -> None:
    @tools.read
    async def cnpg_list_databases(link: Link) -> Answer:
        """List the linked databases with owner, size and whether the role may enter them."""
        return await _list_databases(sessions, link)

    @tools.read
    async def cnpg_list_tables(
        link: Link,
        database: Database,
        schema: Name | None = None,
        name_like: Annotated[Name | None, Field(description="a LIKE pattern")] = None,
        limit: Annotated[int, Field(ge=1, le=500)] = 100,
    ) -> Answer:
        """List tables and views of a database with estimated rows, size and readability."""
        async with sessions.open(link, database) as connection:
            rows = await fetch(connection, TABLES, [schema, name_like, limit + 1])
        return Answer.first(rows, limit)

    @tools.read
    async def cnpg_describe_table(
        link: Link, database: Database, table: Name, schema: Name = "public"
    ) -> Answer:
        """Describe a table: columns, keys, checks and indexes."""
        return await _describe_table(sessions, link, database, (schema, table))

    @tools.read
    async def cnpg_table_stats(
        link: Link,
        database: Database,
        order: Order = "size",
        limit: Annotated[int, Field(ge=1, le=100)] = 20,
    ) -> Answer:
        """Show size, row counts, scans, writes and vacuum times of the leading tables."""
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
        limit: Annotated[int, Field(ge=1, le=1000)] = 100,
        timeout_s: Annotated[int, Field(ge=1, le=15)] = 5,
    ) -> Answer:
        """Run one read-only SELECT through a cursor and return its rows."""
        ensure_no_side_effects(sql)
        async with sessions.open(link, database, timeout_s) as connection:
            found = await read(connection, sql, params or [], limit)
        data = {"columns": found.columns, "rows": found.rows}
        return Answer(data, truncated_by=found.truncated_by, returned=len(found.rows))

    @tools.read
    async def cnpg_explain(
        link: Link, database: Database, sql: Sql, params: Parameters | None = None
    ) -> Answer:
        """Show the plan of one SELECT without running it."""
        ensure_no_side_effects(sql)
        return await _explain(sessions, link, database, (sql, params or []))


def _register_operations(tools: Toolset, sessions: Sessions) -> None:
    @tools.read
    async def cnpg_activity(
        link: Link,
        include_idle: bool = False,
        limit: Annotated[int, Field(ge=1, le=200)] = 50,
    ) -> Answer:
        """List sessions in the linked databases with state and ages, never their statements."""
        names = list(link.enums.get("databases", ()))
        async with sessions.open(link, _first_database(link)) as connection:
            rows = await fetch(connection, ACTIVITY, [names, include_idle, limit + 1])
        return Answer.first(rows, limit)

    @tools.read
    async def cnpg_health(link: Link) -> Answer:
        """Show version, role, connections, cache hits, deadlocks and what the role may run."""
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
