"""Trino tools of the MCP server: they read the linked catalogs and nothing else.

In: the names of linked catalogs, schemas and tables, and statements that a fence and Trino's own
grammar must accept as one query.
Out: rows, columns, statistics, plans and the link's own queries, bounded in rows, bytes and time.
Must not know: HTTP, the topology, or any user but the reader of the link.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from stacktic_mcp.core.toolkit import Answer, Choice, Link, Position, Refusal, Toolset
from stacktic_mcp.lib.text import plain_text
from stacktic_mcp.tools.trino import trino_statements as statements
from stacktic_mcp.tools.trino.trino_client import Trino
from stacktic_mcp.tools.trino.trino_fence import one_query
from stacktic_mcp.tools.trino.trino_queries import query_line
from stacktic_mcp.tools.trino.trino_rights import reader, wider
from stacktic_mcp.tools.trino.trino_rows import with_values

MAX_COLUMNS = 1000
MAX_PLAN_LINES = 2000

Catalog = Annotated[str, Choice("catalogs"), Field(description="a linked catalog")]
Name = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[^\x00-\x1f]+$")]
Schema = Annotated[Name, Field(description="a schema of the catalog, in small letters")]
Table = Annotated[Name, Field(description="a table or view of the schema, in small letters")]
# It travels in a header.
DefaultSchema = Annotated[
    str | None,
    Field(
        max_length=128,
        pattern=r"^[A-Za-z0-9_-]+$",
        description="schema of tables that the statement names without one",
    ),
]
Sql = Annotated[
    str,
    Field(
        min_length=1,
        max_length=8192,
        pattern=r"^[^\x00]+$",
        description="one SELECT, WITH, VALUES or TABLE; parameters as ?",
    ),
]
Text = Annotated[str, Field(max_length=8192, pattern=r"^[^\x00]*$")]
Parameters = Annotated[
    list[Text | int | float | bool | None] | None,
    Field(max_length=50, description="values of each ?"),
]
Plan = Annotated[
    Literal["logical", "distributed", "io"],
    Field(description="steps, steps by stage with estimates, or which tables are read"),
]
State = Annotated[Literal["running", "queued", "any"], Field(description="which queries")]
PLANS = {
    "logical": "TYPE LOGICAL",
    "distributed": "TYPE DISTRIBUTED",
    "io": "TYPE IO, FORMAT JSON",
}


def register(tools: Toolset) -> None:
    """Add the Trino tools; none of them writes."""
    tools.rights(wider)
    _register_names(tools)
    _register_tables(tools)
    _register_queries(tools)


def _register_names(tools: Toolset) -> None:
    @tools.read
    async def trino_list_catalogs(link: Link) -> Answer:
        """List the linked Trino catalogs, the databases and topics that SQL reaches by it."""
        client = await reader(link)
        found = await client.select(statements.CATALOGS, 1000)
        seen = {str(row[0]) for row in found.rows}
        names = link.enums.get("catalogs", ())
        return Answer([{"name": name, "missing": name not in seen} for name in names])

    @tools.read
    async def trino_list_schemas(
        link: Link,
        catalog: Catalog,
        limit: Annotated[int, Field(ge=1, le=500, description="schemas at most")] = 100,
        cursor: Position = None,
    ) -> Answer:
        """List the schemas of a Trino catalog by name."""
        statement = statements.schemas(catalog, cursor or "", limit + 1)
        return await _page(link, statement, limit)

    @tools.read
    async def trino_list_tables(
        link: Link,
        catalog: Catalog,
        schema: Schema,
        name_like: Annotated[Name | None, Field(description="a LIKE pattern")] = None,
        limit: Annotated[int, Field(ge=1, le=500, description="tables at most")] = 100,
        cursor: Position = None,
    ) -> Answer:
        """List tables and views of a schema of a Trino catalog, with their kind."""
        statement = statements.tables(catalog, schema, name_like, cursor or "", limit + 1)
        return await _page(link, statement, limit)


def _register_tables(tools: Toolset) -> None:
    @tools.read
    async def trino_describe_table(
        link: Link, catalog: Catalog, schema: Schema, table: Table
    ) -> Answer:
        """Describe a table of Trino: columns with type, comment and whether they may be empty."""
        client = await reader(link)
        statement = statements.columns(catalog, schema, table, MAX_COLUMNS + 1)
        found = await client.select(statement, MAX_COLUMNS)
        if not found.rows:
            hint = "there is no such table; trino_list_tables shows what there is"
            raise Refusal("E_NOT_FOUND", hint)
        data = {"catalog": catalog, "schema": schema, "table": table, "columns": found.records()}
        return Answer(data, truncated_by=found.truncated_by)

    @tools.read
    async def trino_table_stats(
        link: Link, catalog: Catalog, schema: Schema, table: Table
    ) -> Answer:
        """Show what Trino knows of a table without reading it: rows, sizes, distinct values."""
        client = await reader(link)
        found = await client.select(statements.stats(catalog, schema, table), MAX_COLUMNS)
        return Answer(found.records(), truncated_by=found.truncated_by)


def _register_queries(tools: Toolset) -> None:
    @tools.read(timeout_s=25.0)
    async def trino_query(
        link: Link,
        catalog: Catalog,
        sql: Sql,
        schema: DefaultSchema = None,
        params: Parameters = None,
        limit: Annotated[int, Field(ge=1, le=1000, description="rows at most")] = 100,
        timeout_s: Annotated[int, Field(ge=1, le=15, description="seconds it may run")] = 10,
    ) -> Answer:
        """Run one read-only SQL query in Trino over linked catalogs and return its rows."""
        inner = one_query(sql, link.enums.get("catalogs", ()))
        await reader(link)
        client = Trino(link, _place(catalog, schema))
        found = await client.select(with_values(inner, params or []), limit, timeout_s=timeout_s)
        data = {"columns": found.columns, "rows": found.rows}
        return Answer(data, truncated_by=found.truncated_by, returned=len(found.rows))

    @tools.read
    async def trino_explain(
        link: Link, catalog: Catalog, sql: Sql, schema: DefaultSchema = None, plan: Plan = "logical"
    ) -> Answer:
        """Show how Trino would run one SQL query, without running it: lines of its plan."""
        inner = one_query(sql, link.enums.get("catalogs", ()))
        await reader(link)
        client = Trino(link, _place(catalog, schema))
        # Never ANALYZE, which would run it.
        statement = f"EXPLAIN ({PLANS[plan]})\n{inner}"
        found = await client.select(statement, 1, lines_before=1)
        lines = str(found.rows[0][0]).splitlines() if found.rows else []
        shown = [line.rstrip() for line in lines if line.strip()]
        cut: Any = found.truncated_by or ("rows" if len(shown) > MAX_PLAN_LINES else None)
        return Answer({"plan": shown[:MAX_PLAN_LINES]}, truncated_by=cut)

    @tools.read
    async def trino_running_queries(
        link: Link,
        state: State = "running",
        limit: Annotated[int, Field(ge=1, le=100, description="queries at most")] = 20,
    ) -> Answer:
        """Show this link's own queries at Trino, newest first: state, time, rows, memory."""
        client = await reader(link)
        lines = [query_line(one) for one in await client.queries()]
        asked = [line for line in lines if state == "any" or line["group"] == state]
        asked.sort(key=lambda line: str(line["query_id"]), reverse=True)
        return Answer.first(asked, limit)


def _place(catalog: str, schema: str | None) -> dict[str, str]:
    place = {"X-Trino-Catalog": catalog}
    return place | {"X-Trino-Schema": schema} if schema else place


async def _page(link: Link, statement: str, limit: int) -> Answer:
    """Return a page whose next one begins behind the last name."""
    client = await reader(link)
    found = await client.select(statement, limit)
    shown = found.records()
    more = found.truncated_by is not None and bool(shown)
    return Answer(
        [{name: plain_text(str(value)) for name, value in row.items()} for row in shown],
        truncated_by=found.truncated_by,
        next_position=shown[-1]["name"] if more else None,
        position_at=lambda kept: shown[kept - 1]["name"],
    )
