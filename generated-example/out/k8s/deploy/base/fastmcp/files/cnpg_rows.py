"""Rows of PostgreSQL that cost little memory, whatever a statement gives.

In: a connection, and a statement that is proved to be one SELECT by opening a cursor over it.
Out: typed columns and rows, every value as exact as PostgreSQL prints it.
Must not know: links, roles or tools.

libpq holds a whole row before anybody can look at it. So the server cuts: the statement becomes
a subquery, and each of its columns a text of bounded length before it is sent.
"""

from __future__ import annotations

import math
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.adapt import AdaptersMap, Loader

from stacktic_mcp.tools.cnpg.cnpg_catalog import TYPE_NAMES
from stacktic_mcp.tools.cnpg.cnpg_lexer import without_semicolon

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from psycopg import AsyncConnection, Column
    from psycopg.abc import AdaptContext, Buffer

MAX_CELL_CHARACTERS = 2 * 1024
MAX_FETCHED_CHARACTERS = 160 * 1024
PREFIX = "DECLARE stacktic NO SCROLL CURSOR FOR\n"
# What one FETCH may bring; a row of 1 600 columns at their full length would be 13 MB.
_BATCH_BYTES = 1024 * 1024
_ROW_BYTES = 4 * 1024 * 1024
_BYTES_A_CHARACTER = 4
_BATCH_ROWS = 50

_CUT = "SELECT {} FROM (SELECT * FROM (\n{}\n) AS s OFFSET 0) AS q{}"

_NATIVE_TYPES = frozenset({"bool", "int2", "int4", "int8", "oid", "float4", "float8"})
_NATIVE = frozenset(psycopg.adapters.types[name].oid for name in _NATIVE_TYPES)
_TEXT = frozenset(psycopg.adapters.types[name].oid for name in ("text", "varchar"))
_BYTES = psycopg.adapters.types["bytea"].oid


class _TextLoader(Loader):
    """A text; bytes that are no UTF-8, as a database without an encoding holds, show as escapes."""

    def load(self, data: Buffer) -> str:
        return bytes(data).decode("utf-8", "backslashreplace")


class _FloatLoader(Loader):
    """A number; what JSON cannot hold as PostgreSQL prints it."""

    def load(self, data: Buffer) -> float | str:
        text = bytes(data).decode("ascii")
        number = float(text)
        return number if math.isfinite(number) else text


class _Adapters:
    """Values come as PostgreSQL prints them: no infinity, era or precision is lost on the way."""

    def __init__(self) -> None:
        self.adapters = AdaptersMap(psycopg.adapters)
        self.connection = None
        self.adapters.register_loader(0, _TextLoader)
        for info in psycopg.adapters.types:
            if info.name in {"float4", "float8"}:
                self.adapters.register_loader(info.oid, _FloatLoader)
            elif info.name not in _NATIVE_TYPES:
                self.adapters.register_loader(info.oid, _TextLoader)
            if info.array_oid:
                self.adapters.register_loader(info.array_oid, _TextLoader)


ADAPTERS: AdaptContext = _Adapters()


@dataclass(frozen=True)
class Rows:
    """What a cursor gave: never more than was asked for."""

    columns: list[dict[str, str]]
    rows: list[list[Any]]
    truncated_by: Any

    def records(self) -> list[dict[str, Any]]:
        """Return rows by column name."""
        names = [column["name"] for column in self.columns]
        return [dict(zip(names, row, strict=True)) for row in self.rows]


async def fetch(
    connection: AsyncConnection[Any], sql: str, params: Sequence[Any] = ()
) -> list[dict[str, Any]]:
    """Run one of our own catalog statements that has its own LIMIT and short values."""
    cursor = await connection.execute(sql.encode(), params, prepare=True)
    names = [column.name for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in await cursor.fetchall()]


async def declare(connection: AsyncConnection[Any], sql: str, params: Sequence[Any]) -> None:
    """Open a cursor over a caller's statement: the grammar takes one SELECT and nothing else.

    `prepare=True` makes psycopg use the extended protocol even without parameters; the simple
    one would run several statements.
    """
    await connection.execute((PREFIX + sql).encode(), params, prepare=True)


async def read(
    connection: AsyncConnection[Any], sql: str, params: Sequence[Any], limit: int
) -> Rows:
    """Return up to `limit` rows of one SELECT; it may come from a caller.

    The cursor ends with the transaction, or by `close` where another statement follows.
    """
    await declare(connection, sql, params)
    cursor = await connection.execute(b"FETCH 0 FROM stacktic; CLOSE stacktic")
    described = list(cursor.description or ())
    cell = min(MAX_CELL_CHARACTERS, _ROW_BYTES // _BYTES_A_CHARACTER // max(1, len(described)))
    await declare(connection, _cut(sql, described, cell), params)
    taken = _Taken(cell)
    async with _any_bytes(connection):
        await _take(connection, taken, limit, _batch_rows(described, cell))
    columns = await _named(connection, described)
    return Rows(columns, taken.rows[:limit], taken.truncated_by)


async def close(connection: AsyncConnection[Any]) -> None:
    """Make room for the next statement of a transaction."""
    await connection.execute(b"CLOSE stacktic")


@asynccontextmanager
async def _any_bytes(connection: AsyncConnection[Any]) -> AsyncGenerator[None]:
    """Take texts of a database without an encoding as they are: checked, one byte ends them all."""
    free = connection.info.parameter_status("server_encoding") == "SQL_ASCII"
    if free:
        await connection.execute(b"SET client_encoding TO 'SQL_ASCII'")
    yield
    if free:
        await connection.execute(b"SET client_encoding TO 'UTF8'")


def _cut(sql: str, described: Sequence[Column], cell: int) -> str:
    """Put a statement, proved to be one SELECT, into one that cuts each column.

    The names c1, c2 … take the place of the statement's own, which may come twice. OFFSET keeps
    PostgreSQL from working out a column again for each place it stands in.
    """
    names = [f"c{number}" for number in range(1, len(described) + 1)]
    values = [
        _cut_column(name, column.type_code, cell + 1)
        for name, column in zip(names, described, strict=True)
    ]
    aliases = f"({', '.join(names)})" if names else ""
    return _CUT.format(", ".join(values), without_semicolon(sql), aliases)


def _cut_column(name: str, oid: int, length: int) -> str:
    """Return a column as text of that length at most; numbers and truth values as they are."""
    if oid in _NATIVE:
        return name
    if oid in _TEXT:
        return f'pg_catalog."left"({name}::pg_catalog.text, {length})'
    # concat prints a value by its type's own output function, which a cast does not for char(n).
    text = f"pg_catalog.concat({name})"
    if oid == _BYTES:
        text = f"pg_catalog.encode(pg_catalog.substr({name}, 1, {length // 2}), 'hex')"
        text = f"pg_catalog.concat('\\x', {text})"
    # A record of nothing but NULLs is no NULL for IS DISTINCT FROM, other than for IS NULL.
    present = f"{name} IS DISTINCT FROM NULL"
    return f'CASE WHEN {present} THEN pg_catalog."left"({text}, {length}) END'


def _batch_rows(described: Sequence[Column], cell: int) -> int:
    """Return how many rows one FETCH may bring when every cell is as long as it can be."""
    texts = sum(1 for column in described if column.type_code not in _NATIVE)
    row = max(1, texts * cell * _BYTES_A_CHARACTER)
    return max(1, min(_BATCH_ROWS, _BATCH_BYTES // row))


@dataclass
class _Taken:
    """The rows so far, and what they take."""

    cell: int
    rows: list[list[Any]] = field(default_factory=list[list[Any]])
    size: int = 0
    truncated_by: Any = None

    def add(self, row: Sequence[Any]) -> None:
        """Keep a row; a text that is longer than a cell may be was cut by the server."""
        self.rows.append([self._short(value) for value in row])

    def _short(self, value: Any) -> Any:
        # A value takes two signs of JSON at least.
        self.size += 2
        if not isinstance(value, str):
            return value
        self.size += min(len(value), self.cell)
        if len(value) > self.cell:
            self.truncated_by = "cell"
        return value[: self.cell]


async def _take(
    connection: AsyncConnection[Any], taken: _Taken, limit: int, batch_rows: int
) -> None:
    """Fetch up to `limit` rows in small batches, and one more to know whether there are others."""
    while len(taken.rows) <= limit:
        wanted = min(batch_rows, limit + 1 - len(taken.rows))
        cursor = await connection.execute(f"FETCH {wanted} FROM stacktic".encode())
        batch = await cursor.fetchall()
        for row in batch:
            taken.add(row)
        if len(batch) < wanted:
            break
        if taken.size > MAX_FETCHED_CHARACTERS:
            taken.truncated_by = "bytes"
            break
    if len(taken.rows) > limit:
        taken.truncated_by = "rows"


async def _named(
    connection: AsyncConnection[Any], described: Sequence[Column]
) -> list[dict[str, str]]:
    """Return names and types; types that a database made for itself are asked for by number."""
    unknown = [c.type_code for c in described if psycopg.adapters.types.get(c.type_code) is None]
    found = await fetch(connection, TYPE_NAMES, [unknown]) if unknown else []
    names = {row["oid"]: row["name"] for row in found}
    return [
        {"name": column.name, "type": names.get(column.type_code, column.type_display)}
        for column in described
    ]
