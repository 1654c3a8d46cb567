"""The forms of what the MariaDB tools answer with.

In: nothing.
Out: typed dictionaries, of which the tools' output schemas are made.
Must not know: how an answer comes about.
"""

from __future__ import annotations

from typing import Any, NotRequired, TypedDict


class DatabaseRow(TypedDict):
    """A linked database; of one that is missing the name alone is known."""

    name: str
    collation: NotRequired[str | None]
    tables: NotRequired[int]
    size_bytes: NotRequired[int | None]
    missing: NotRequired[bool]


class TableRow(TypedDict):
    """A table of a list; a view has no engine and no size."""

    name: str
    kind: str
    engine: str | None
    estimated_rows: int | None
    size_bytes: int | None


class ColumnRow(TypedDict):
    """A column of a table."""

    name: str
    type: str
    nullable: int | None
    default: str | None
    extra: str | None
    comment: str | None


class IndexRow(TypedDict):
    """An index of a table."""

    name: str
    is_unique: int | None
    kind: str | None
    columns: str | None


class ForeignKeyRow(TypedDict):
    """A reference to another table."""

    name: str
    refers_to: str | None
    columns: str | None
    keys_of: str | None


class TableFacts(TypedDict):
    """A table as it is described; parts behind one that was cut are left out."""

    name: str
    kind: str
    engine: str | None
    estimated_rows: int | None
    collation: str | None
    comment: str | None
    columns: list[ColumnRow]
    indexes: NotRequired[list[IndexRow]]
    foreign_keys: NotRequired[list[ForeignKeyRow]]


class TableStats(TypedDict):
    """What is known of the size of a table."""

    name: str
    engine: str | None
    estimated_rows: int | None
    data_bytes: int | None
    index_bytes: int | None
    free_bytes: int | None
    next_number: int | None
    created: str | None
    updated: str | None


class Health(TypedDict):
    """The state of the server."""

    version: str
    max_connections: int | None
    read_only: int | str | None
    time_limit_s: float | None
    status: dict[str, str]


class Plan(TypedDict):
    """A plan as MariaDB tells it."""

    plan: dict[str, Any]
