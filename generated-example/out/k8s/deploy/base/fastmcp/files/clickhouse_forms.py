"""The forms of what the ClickHouse tools answer with.

In: nothing.
Out: typed dictionaries, of which the tools' output schemas are made.
Must not know: how an answer comes about.
"""

from __future__ import annotations

from typing import NotRequired, TypedDict


class DatabaseRow(TypedDict):
    """A linked database; of one that is missing the name alone is known."""

    name: str
    engine: NotRequired[str]
    tables: NotRequired[int]
    rows: NotRequired[int | None]
    bytes: NotRequired[int | None]
    missing: NotRequired[bool]


class TableRow(TypedDict):
    """A table of a list; a view has no rows and no bytes."""

    name: str
    engine: str
    rows: int | None
    bytes: int | None
    partition_key: str
    sorting_key: str


class ColumnRow(TypedDict):
    """A column of a table."""

    name: str
    type: str
    default_kind: str
    default_expression: str
    comment: str
    partition: int | bool
    sorting: int | bool
    bytes: int | None


class TableFacts(TableRow):
    """A table as it is described."""

    database: str
    comment: str
    primary_key: str
    sampling_key: str
    columns: list[ColumnRow]


class TableStats(TypedDict):
    """What is known of the size of a table."""

    name: str
    engine: str
    rows: int | None
    bytes: int | None
    bytes_uncompressed: int | None
    parts: int | None
    active_parts: int | None
    compression: float | None


class Estimate(TypedDict):
    """What a statement would read of one table."""

    database: str
    table: str
    parts: int
    rows: int
    marks: int


class Inserted(TypedDict):
    """What an insert did, or would do."""

    table: str
    dry_run: bool
    rows: int
    written: int | None
    bytes: int
