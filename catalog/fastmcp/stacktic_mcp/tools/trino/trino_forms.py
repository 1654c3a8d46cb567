"""The forms of what the Trino tools answer with.

In: nothing.
Out: typed dictionaries, of which the tools' output schemas are made.
Must not know: how an answer comes about.
"""

from __future__ import annotations

from typing import TypedDict


class CatalogRow(TypedDict):
    """A linked catalog."""

    name: str
    missing: bool


class SchemaRow(TypedDict):
    """A schema of a catalog."""

    name: str


class TableRow(TypedDict):
    """A table or a view of a schema."""

    name: str
    type: str


class ColumnRow(TypedDict):
    """A column of a table."""

    name: str
    type: str
    nullable: bool | None
    comment: str | None


class TableFacts(TypedDict):
    """A table as it is described."""

    catalog: str
    schema: str
    table: str
    columns: list[ColumnRow]


class StatsRow(TypedDict):
    """What is known of a column; of the whole table where no column is named."""

    column_name: str | None
    data_size: float | None
    distinct_values_count: float | None
    nulls_fraction: float | None
    row_count: float | None
    low_value: str | None
    high_value: str | None


class Plan(TypedDict):
    """The lines of a plan."""

    plan: list[str]


class QueryRow(TypedDict):
    """A query of the link's own."""

    query_id: str
    state: str
    group: str
    created: str
    elapsed: float | None
    queued: float | None
    cpu: float | None
    rows_read: int | None
    data_read: float | None
    memory: float | None
    peak_memory: float | None
    progress: float | None
    error: str | None
    sql: str
