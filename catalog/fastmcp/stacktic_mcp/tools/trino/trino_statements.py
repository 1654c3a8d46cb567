"""Statements of our own about catalogs, schemas and tables.

In: names, of which each becomes a quoted name or a text of SQL here.
Out: statements that read `information_schema`, which every catalog has, and what Trino shows.
Must not know: HTTP, links.
"""

from __future__ import annotations

from stacktic_mcp.tools.trino.trino_rows import name_literal, text_literal

CATALOGS = "SHOW CATALOGS"
SCHEMAS = """
SELECT schema_name AS name FROM {catalog}.information_schema.schemata
WHERE schema_name > {after} ORDER BY schema_name LIMIT {limit}
"""
TABLES = """
SELECT table_name AS name, table_type AS type FROM {catalog}.information_schema.tables
WHERE table_schema = {schema} AND table_name > {after}{fits} ORDER BY table_name LIMIT {limit}
"""
# Two of the columns are hidden from `SELECT *`, the comment among them.
COLUMNS = """
SELECT column_name AS name, data_type AS type, is_nullable = 'YES' AS nullable, comment
FROM {catalog}.information_schema.columns
WHERE table_schema = {schema} AND table_name = {table} ORDER BY ordinal_position LIMIT {limit}
"""
# Each is asked in order to be refused: before anything is made, Trino asks its rules.
WRITE = "EXPLAIN (TYPE VALIDATE) CREATE TABLE {}.information_schema.stacktic_probe AS SELECT 1 AS a"
SETTING = "SET SESSION query_max_run_time = '1m'"


def schemas(catalog: str, after: str, limit: int) -> str:
    """Return a statement for a page of schemas."""
    return SCHEMAS.format(catalog=name_literal(catalog), after=text_literal(after), limit=limit)


def tables(catalog: str, schema: str, like: str | None, after: str, limit: int) -> str:
    """Return a statement for a page of tables and views."""
    fits = f" AND table_name LIKE {text_literal(like)}" if like is not None else ""
    return TABLES.format(
        catalog=name_literal(catalog),
        schema=text_literal(schema),
        after=text_literal(after),
        fits=fits,
        limit=limit,
    )


def columns(catalog: str, schema: str, table: str, limit: int) -> str:
    """Return a statement for the columns of a table, in their order."""
    return COLUMNS.format(
        catalog=name_literal(catalog),
        schema=text_literal(schema),
        table=text_literal(table),
        limit=limit,
    )


def stats(catalog: str, schema: str, table: str) -> str:
    """Return a statement for what the catalog estimates of a table; it reads no row."""
    return f"SHOW STATS FOR {'.'.join(map(name_literal, (catalog, schema, table)))}"


def write(catalog: str) -> str:
    """Return a statement that only who may make tables is not refused; it makes none."""
    return WRITE.format(name_literal(catalog))
