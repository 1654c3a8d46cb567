"""The forms of what the PostgreSQL tools answer with.

In: nothing.
Out: typed dictionaries, of which the tools' output schemas are made.
Must not know: how an answer comes about.
"""

from __future__ import annotations

from typing import Any, NotRequired, TypedDict


class DatabaseRow(TypedDict):
    """A linked database; of one that is missing little is known."""

    name: str
    reachable: bool
    owner: NotRequired[str | None]
    encoding: NotRequired[str | None]
    size_bytes: NotRequired[int | None]
    connection_limit: NotRequired[int | None]
    missing: NotRequired[bool]


class TableRow(TypedDict):
    """A table of a list."""

    schema: str
    name: str
    kind: str
    estimated_rows: int | None
    size_bytes: int | None
    readable: bool


class ColumnRow(TypedDict):
    """A column of a table."""

    name: str
    type: str
    nullable: bool
    default: str | None
    comment: str | None


class ConstraintRow(TypedDict):
    """A key or a check of a table."""

    name: str
    kind: str
    definition: str | None


class IndexRow(TypedDict):
    """An index of a table."""

    name: str
    definition: str | None
    valid: bool
    size_bytes: int | None


class TableFacts(TypedDict):
    """A table as it is described."""

    schema: str
    name: str
    comment: str | None
    estimated_rows: int | None
    readable: bool
    columns: list[ColumnRow]
    constraints: list[ConstraintRow]
    indexes: list[IndexRow]


class TableStats(TypedDict):
    """What was counted of a table."""

    schema: str
    name: str
    size_bytes: int | None
    live_rows: int | None
    dead_rows: int | None
    sequential_scans: int | None
    index_scans: int | None
    inserted: int | None
    updated: int | None
    deleted: int | None
    last_vacuum: str | None
    last_analyze: str | None


class Plan(TypedDict):
    """A plan as PostgreSQL tells it."""

    total_cost: float | None
    estimated_rows: int | None
    plan: dict[str, Any]


class Session(TypedDict):
    """A session; what the role may not see of it is null."""

    pid: int
    database: str | None
    role: str | None
    application: str | None
    state: str | None
    waits_for: str | None
    backend_type: str | None
    transaction_age_s: int | None
    statement_age_s: int | None
    blocked_by: str | None


class DatabaseHealth(TypedDict):
    """What was counted of a database."""

    name: str
    connections: int | None
    commits: int | None
    rollbacks: int | None
    deadlocks: int | None
    temp_bytes: int | None
    oldest_xid_age: int | None
    cache_hit_percent: float | None


class Health(TypedDict):
    """The state of the server."""

    version: str
    in_recovery: bool
    uptime_s: int | None
    connections: int | None
    max_connections: int | None
    replay_delay_s: int | None
    databases: list[DatabaseHealth]
    functions_open_to_public: list[str]
