"""MariaDB tools of the MCP server: they read the linked databases and nothing else.

In: the names of linked databases and tables, and statements that a fence and MariaDB's own
grammar must accept as one SELECT.
Out: rows, table descriptions, statistics and plans, bounded in rows, bytes and time.
Must not know: HTTP, the topology, or any account but the reader of the link.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from stacktic_mcp.core.toolkit import Answer, Choice, Link, Position, Refusal, Toolset
from stacktic_mcp.lib.decoding import decode_json
from stacktic_mcp.tools.mariadb.mariadb_catalog import (
    COLUMNS,
    DATABASES,
    FOREIGN_KEYS,
    INDEXES,
    ORDERS,
    SERVER,
    STATUS,
    TABLE,
    TABLE_STATS,
    TABLES,
)
from stacktic_mcp.tools.mariadb.mariadb_fence import one_select
from stacktic_mcp.tools.mariadb.mariadb_rows import immediate, read
from stacktic_mcp.tools.mariadb.mariadb_session import Sessions, fetch

if TYPE_CHECKING:
    from stacktic_mcp.tools.mariadb.mariadb_wire import CappedConnection

# MariaDB has no table with more columns; more indexes or keys than these are cut.
PARTS = {"columns": (COLUMNS, 4096), "indexes": (INDEXES, 200), "foreign_keys": (FOREIGN_KEYS, 200)}

Database = Annotated[str, Choice("databases"), Field(description="a linked database")]
Name = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f]+$")]
Table = Annotated[Name, Field(description="a table or view of the database")]
Sql = Annotated[
    str,
    Field(
        min_length=1,
        max_length=8192,
        pattern=r"^[^\x00]+$",
        description="one SELECT, VALUES or WITH … SELECT; parameters as ?",
    ),
]
Text = Annotated[str, Field(max_length=8192, pattern=r"^[^\x00]*$")]
Parameters = Annotated[
    list[Text | int | float | bool | None] | None,
    Field(max_length=50, description="values of each ?"),
]
Order = Annotated[Literal["size", "rows", "free", "updated"], Field(description="what comes first")]


def register(tools: Toolset) -> None:
    """Add the MariaDB tools; none of them writes."""
    sessions = Sessions()
    tools.rights(sessions.wider)
    _register_catalog(tools, sessions)
    _register_queries(tools, sessions)


def _register_catalog(tools: Toolset, sessions: Sessions) -> None:
    @tools.read
    async def mariadb_list_databases(link: Link) -> Answer:
        """List the linked databases with collation, tables and size, the missing ones marked."""
        names = link.enums.get("databases", ())
        statement = DATABASES.format(marks=", ".join("?" * len(names)))
        rows = await sessions.run(link, None, partial(fetch, sql=statement, params=names))
        found = {row["name"]: row for row in rows}
        return Answer([found.get(name, {"name": name, "missing": True}) for name in names])

    @tools.read
    async def mariadb_list_tables(
        link: Link,
        database: Database,
        name_like: Annotated[Name | None, Field(description="a LIKE pattern")] = None,
        limit: Annotated[int, Field(ge=1, le=500, description="tables at most")] = 100,
        cursor: Position = None,
    ) -> Answer:
        """List tables and views of a database with engine, estimated rows and size."""
        params = [database, name_like, name_like, cursor or "", limit + 1]
        rows = await sessions.run(link, database, partial(fetch, sql=TABLES, params=params))
        return _page(rows, limit)

    @tools.read
    async def mariadb_describe_table(link: Link, database: Database, table: Table) -> Answer:
        """Describe a table or view: columns, indexes and foreign keys."""
        work = partial(_describe, database=database, table=table)
        return await sessions.run(link, database, work)

    @tools.read
    async def mariadb_table_stats(
        link: Link,
        database: Database,
        order: Order = "size",
        limit: Annotated[int, Field(ge=1, le=100, description="tables at most")] = 20,
    ) -> Answer:
        """Show size, estimated rows, free space and last change of the leading tables."""
        statement = TABLE_STATS.format(order=ORDERS[order])
        params = [database, limit + 1]
        rows = await sessions.run(link, database, partial(fetch, sql=statement, params=params))
        return Answer.first(rows, limit)

    @tools.read
    async def mariadb_health(link: Link) -> Answer:
        """Show version, uptime, connections, slow queries, lock waits and state of the cluster."""
        return await sessions.run(link, None, _health)


def _register_queries(tools: Toolset, sessions: Sessions) -> None:
    @tools.read(timeout_s=20.0)
    async def mariadb_query(
        link: Link,
        database: Database,
        sql: Sql,
        params: Parameters = None,
        limit: Annotated[int, Field(ge=1, le=1000, description="rows at most")] = 100,
        timeout_s: Annotated[int, Field(ge=1, le=15, description="seconds it may run")] = 5,
    ) -> Answer:
        """Run one read-only SELECT and return its rows."""
        work = partial(read, sql=one_select(sql), params=params or [], limit=limit)
        found = await sessions.run(link, database, work, timeout_s)
        data = {"columns": found.columns, "rows": found.rows}
        return Answer(data, truncated_by=found.truncated_by, returned=len(found.rows))

    @tools.read
    async def mariadb_explain(
        link: Link, database: Database, sql: Sql, params: Parameters = None
    ) -> Answer:
        """Show the plan of one SELECT without running it."""
        statement = f"EXPLAIN FORMAT=JSON {one_select(sql)}"
        work = partial(_explain, sql=statement, params=params or [])
        return await sessions.run(link, database, work)


def _page(rows: list[dict[str, Any]], limit: int) -> Answer:
    """Return a page whose next one begins behind the last name."""
    shown = rows[:limit]
    if len(rows) <= limit:
        return Answer(shown, position_at=lambda kept: shown[kept - 1]["name"])
    return Answer(
        shown,
        truncated_by="rows",
        next_position=shown[-1]["name"],
        position_at=lambda kept: shown[kept - 1]["name"],
    )


def _describe(connection: CappedConnection, database: str, table: str) -> Answer:
    found = fetch(connection, TABLE, [database, table])
    if not found:
        hint = "there is no such table; mariadb_list_tables shows what there is"
        raise Refusal("E_NOT_FOUND", hint)
    parts: dict[str, list[Any]] = {}
    cut: Any = None
    for part, (statement, limit) in PARTS.items():
        rows = read(connection, statement, [database, table], limit)
        parts[part] = rows.records()
        cut = cut or rows.truncated_by
        if rows.truncated_by in {"rows", "bytes"}:
            # The connection ended with what was left.
            break
    return Answer({**found[0], **parts}, truncated_by=cut)


def _health(connection: CappedConnection) -> Answer:
    server = fetch(connection, SERVER)[0]
    status = {row["name"]: row["value"] for row in fetch(connection, STATUS)}
    return Answer({**server, "status": status})


def _explain(connection: CappedConnection, sql: str, params: list[Any]) -> Answer:
    # The plan is one text, and longer than a cell may be.
    with connection.cursor() as cursor:
        cursor.execute(immediate(sql, params))
        row = cursor.fetchone()
    return Answer({"plan": decode_json(str(row[0])) if row else {}})
