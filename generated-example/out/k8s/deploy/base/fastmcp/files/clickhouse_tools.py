"""ClickHouse tools of the MCP server: they read the linked databases; one inserts rows.

In: the names of linked databases and tables, one SELECT of the caller, or rows.
Out: rows, table descriptions, sizes and estimates, bounded in rows, bytes and time.
Must not know: any user but the one of the link, or settings: the profile holds the limits.
"""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import Field

from stacktic_mcp.core.toolkit import Answer, Choice, DryRunOnRequest, Link, Refusal, Toolset
from stacktic_mcp.lib.forms import Table as ResultTable
from stacktic_mcp.tools.clickhouse.clickhouse_client import ClickHouse
from stacktic_mcp.tools.clickhouse.clickhouse_fence import ensure_one_select
from stacktic_mcp.tools.clickhouse.clickhouse_forms import (
    DatabaseRow,
    Estimate,
    Inserted,
    TableFacts,
    TableRow,
    TableStats,
)

MAX_INSERT_BYTES = 256 * 1024

Database = Annotated[str, Choice("databases"), Field(description="a linked database")]
Name = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[^\x00-\x1f]+$")]
Sql = Annotated[
    str,
    Field(
        min_length=1,
        max_length=8192,
        pattern=r"^[^\x00]+$",
        description="one SELECT, no comments; parameters as {name:Type}",
    ),
]
Scalar = Annotated[str, Field(max_length=8192)] | int | float | bool | None
ParameterName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,62}$")]
Parameters = Annotated[
    dict[ParameterName, Scalar], Field(max_length=50, description="values of {name:Type}")
]
Cell = Scalar | Annotated[list[Scalar], Field(max_length=100)]
Row = Annotated[dict[Name, Cell], Field(min_length=1, max_length=200)]
Order = Literal["bytes", "rows", "parts"]


# The tables of `system` used here are those every user may read: it hides what is not granted.
DATABASES = """
SELECT d.name AS name, d.engine AS engine, countIf(t.name != '') AS tables,
       sum(t.total_rows) AS rows, sum(t.total_bytes) AS bytes
FROM system.databases AS d LEFT JOIN system.tables AS t ON t.database = d.name
WHERE has({names:Array(String)}, d.name) GROUP BY d.name, d.engine ORDER BY d.name LIMIT 1000
"""
TABLES = """
SELECT name, engine, total_rows AS rows, total_bytes AS bytes, partition_key, sorting_key
FROM system.tables WHERE database = {database:String} AND name LIKE {pattern:String}
ORDER BY name LIMIT {limit:UInt32}
"""
TABLE = """
SELECT name, engine, comment, total_rows AS rows, total_bytes AS bytes, partition_key,
       sorting_key, primary_key, sampling_key
FROM system.tables WHERE database = {database:String} AND name = {table:String} LIMIT 1
"""
COLUMNS = """
SELECT name, type, default_kind, default_expression, comment, is_in_partition_key = 1 AS partition,
       is_in_sorting_key = 1 AS sorting, data_compressed_bytes AS bytes
FROM system.columns WHERE database = {database:String} AND table = {table:String}
ORDER BY position LIMIT 1000
"""
# `{order}` is one of ORDERS, never a caller's text.
TABLE_STATS = """
SELECT name, engine, total_rows AS rows, total_bytes AS bytes,
       total_bytes_uncompressed AS bytes_uncompressed, parts, active_parts,
       round(total_bytes_uncompressed / nullIf(total_bytes, 0), 2) AS compression
FROM system.tables WHERE database = {database:String}
ORDER BY %s DESC NULLS LAST, name LIMIT {limit:UInt32}
"""
# What is put in was proved to be one balanced SELECT.
WRAPPED = "SELECT * FROM (\n{}\n) LIMIT {}"
ESTIMATE = "EXPLAIN ESTIMATE SELECT * FROM (\n{}\n)"
ORDERS: dict[Order, str] = {"bytes": "total_bytes", "rows": "total_rows", "parts": "active_parts"}


def register(tools: Toolset) -> None:
    """Add the ClickHouse tools; the one that writes only where a link allows it."""
    tools.introduce("ClickHouse", prefix="ch", first="ch_list_databases")
    tools.rights(lambda link: ClickHouse(link).wider())
    _register_catalog(tools)
    _register_queries(tools)
    if tools.write_access:
        _register_writes(tools)


def _register_catalog(tools: Toolset) -> None:
    @tools.read
    async def ch_list_databases(link: Link) -> Answer[list[DatabaseRow]]:
        """List databases in ClickHouse: each linked database.

        Engine, number of tables, rows, size in bytes.
        """
        return await _list_databases(link)

    @tools.read
    async def ch_list_tables(
        link: Link,
        database: Database,
        name_like: Annotated[Name, Field(description="a LIKE pattern: ord%")] = "%",
        limit: Annotated[int, Field(ge=1, le=500, description="tables at most")] = 100,
    ) -> Answer[list[TableRow]]:
        """List tables in ClickHouse: each table of a database.

        Engine, rows, size in bytes, partition key, sorting key.
        """
        params = {"database": database, "pattern": name_like, "limit": limit + 1}
        return await _records(link, TABLES, params, limit)

    @tools.read
    async def ch_describe_table(
        link: Link,
        database: Database,
        table: Annotated[Name, Field(description="a table of database")],
    ) -> Answer[TableFacts]:
        """Describe a ClickHouse table: structure, set up, columns (fields), data types, engine.

        Partition, sorting and primary key, defaults, comments.
        """
        return await _describe_table(link, database, table)

    @tools.read
    async def ch_table_stats(
        link: Link,
        database: Database,
        order: Annotated[Order, Field(description="order")] = "bytes",
        limit: Annotated[int, Field(ge=1, le=100, description="tables at most")] = 20,
    ) -> Answer[list[TableStats]]:
        """Statistics of ClickHouse tables: biggest, largest table.

        Disk space, rows, size in bytes, compression (compressed), parts.
        """
        params = {"database": database, "limit": limit + 1}
        return await _records(link, TABLE_STATS % ORDERS[order], params, limit)


def _register_queries(tools: Toolset) -> None:
    @tools.read(timeout_s=25.0)
    async def ch_query(
        link: Link,
        database: Database,
        sql: Sql,
        params: Parameters | None = None,
        limit: Annotated[int, Field(ge=1, le=1000, description="rows at most")] = 100,
        timeout_s: Annotated[int, Field(ge=1, le=20, description="time limit in seconds")] = 10,
    ) -> Answer[ResultTable]:
        """Query data in ClickHouse: run a read-only SQL SELECT, get rows.

        Analytics of events, views, visits: how many, count, sum, average, top 10 by day, hour,
        month, country. SELECT count() FROM events WHERE day = {d:Date}. At most 1000 rows, 20 s.
        """
        inner = ensure_one_select(sql)
        found = await ClickHouse(link).select(
            WRAPPED.format(inner, limit + 1),
            params or {},
            limit,
            database=database,
            timeout_s=timeout_s,
        )
        data = {"columns": found.columns, "rows": found.rows}
        return Answer(data, truncated_by=found.truncated_by, returned=len(found.rows))

    @tools.read
    async def ch_estimate(
        link: Link, database: Database, sql: Sql, params: Parameters | None = None
    ) -> Answer[list[Estimate]]:
        """Estimate cost of a ClickHouse query before a run: rows read.

        Expensive or cheap: number of rows, parts, marks by table.
        """
        inner = ensure_one_select(sql)
        found = await ClickHouse(link).select(
            ESTIMATE.format(inner), params or {}, 100, database=database
        )
        return Answer(found.records(), truncated_by=found.truncated_by)


def _register_writes(tools: Toolset) -> None:
    @tools.write(destructive=False, idempotent=False)
    async def ch_insert_rows(
        link: Link,
        database: Database,
        table: Annotated[str, Choice("tables"), Field(description="a linked database.table")],
        rows: Annotated[
            list[Row], Field(min_length=1, max_length=500, description="objects of column: value")
        ],
        dry_run: DryRunOnRequest = False,
    ) -> Answer[Inserted]:
        """Insert (add, put, write, load) a row, rows or records in a ClickHouse table.

        rows [{"visits": 3}]; at most 500, 256 KiB. Returns number written.
        """
        return await _insert_rows(link, (database, table), rows, dry_run=dry_run)


async def _records(link: Link, sql: str, params: dict[str, Any], limit: int) -> Answer:
    found = await ClickHouse(link).select(sql, params, limit)
    return Answer(found.records(), truncated_by=found.truncated_by)


async def _list_databases(link: Link) -> Answer:
    names = link.enums.get("databases", ())
    found = await ClickHouse(link).select(DATABASES, {"names": _array(names)}, 1000)
    records = found.records()
    present = {record["name"] for record in records}
    missing = [{"name": name, "missing": True} for name in names if name not in present]
    return Answer(records + missing)


def _array(names: tuple[str, ...]) -> str:
    """Return names as a ClickHouse array literal."""
    escapes = (name.replace("\\", "\\\\").replace("'", "\\'") for name in names)
    return "[" + ",".join(f"'{name}'" for name in escapes) + "]"


async def _describe_table(link: Link, database: str, table: str) -> Answer:
    client = ClickHouse(link)
    params = {"database": database, "table": table}
    found = (await client.select(TABLE, params, 1)).records()
    if not found:
        hint = "there is no such table in the database; ch_list_tables shows what there is"
        raise Refusal("E_NOT_FOUND", hint)
    columns = await client.select(COLUMNS, params, 1000)
    return Answer({"database": database, **found[0], "columns": columns.records()})


async def _insert_rows(
    link: Link, target: tuple[str, str], rows: list[dict[str, Any]], *, dry_run: bool
) -> Answer:
    database, table = target
    if not table.startswith(f"{database}."):
        hint = "the table is not one of the database"
        raise Refusal("E_SCOPE", hint, link.enums.get("tables", ()))
    name = table.removeprefix(f"{database}.")
    size = len(json.dumps(rows, ensure_ascii=False).encode())
    if size > MAX_INSERT_BYTES:
        raise Refusal("E_LIMIT", f"the rows are larger than {MAX_INSERT_BYTES} bytes")
    client = ClickHouse(link)
    found = await client.select(COLUMNS, {"database": database, "table": name}, 1000)
    columns = [record["name"] for record in found.records()]
    if not columns:
        raise Refusal("E_NOT_FOUND", "the table is not there, or the link may not see it")
    unknown = sorted({key for row in rows for key in row if key not in columns})
    if unknown:
        raise Refusal("E_ARG", "a row has a column that the table does not have", columns)
    written = 0 if dry_run else await client.insert((database, name), rows)
    data = {"table": table, "dry_run": dry_run, "rows": len(rows), "written": written}
    return Answer({**data, "bytes": size})
