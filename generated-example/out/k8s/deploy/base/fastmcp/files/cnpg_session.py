"""Sessions at PostgreSQL that can only read, one fresh session a call.

In: a link, the name of a linked database, a time limit.
Out: a connection inside a READ ONLY transaction that always ends in ROLLBACK.
Must not know: which tool asks, or what it asks for.
"""

from __future__ import annotations

import asyncio
import re
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import AsyncConnection, AsyncRawCursor
from psycopg.adapt import AdaptersMap
from psycopg.types.string import TextLoader

from cnpg_catalog import SELF_CHECK
from toolkit import Link, Refusal

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from psycopg.abc import AdaptContext

CONNECT_TIMEOUT_S = 3
# The role has a connection limit of 4: one stays free for a person with the same role.
SESSIONS_AT_ONCE = 3
CHECK_LASTS_S = 300.0
SSL_MODES = ("disable", "prefer", "require", "verify-ca", "verify-full")
_NATIVE_TYPES = frozenset({"bool", "int2", "int4", "int8", "oid", "float4", "float8"})
_PREFIX = "DECLARE stacktic NO SCROLL CURSOR FOR\n"
_BATCH_ROWS = 50
MAX_FETCHED_CHARACTERS = 160 * 1024
MAX_CELL_CHARACTERS = 2 * 1024


class _TextAdapters:
    """Values come as PostgreSQL prints them: no infinity, era or precision is lost on the way."""

    def __init__(self) -> None:
        self.adapters = AdaptersMap(psycopg.adapters)
        self.connection = None
        for info in psycopg.adapters.types:
            if info.name not in _NATIVE_TYPES:
                self.adapters.register_loader(info.oid, TextLoader)
            if info.array_oid:
                self.adapters.register_loader(info.array_oid, TextLoader)


_TEXT: AdaptContext = _TextAdapters()


@dataclass(frozen=True)
class Rows:
    """What a cursor gave: never more than was asked for."""

    columns: list[dict[str, str]]
    rows: list[list[Any]]
    truncated_by: Any


class Sessions:
    """Opens sessions, few at a time, after the role was seen to be a reader."""

    def __init__(self) -> None:
        self._gates: dict[str, asyncio.Semaphore] = {}
        self._checked: dict[tuple[str, str], float] = {}

    @asynccontextmanager
    async def open(
        self, link: Link, database: str, timeout_s: float = 5.0
    ) -> AsyncGenerator[AsyncConnection[Any]]:
        """Yield a connection in a READ ONLY transaction; errors leave as refusals."""
        gate = self._gates.setdefault(link.component, asyncio.Semaphore(SESSIONS_AT_ONCE))
        async with gate:
            connection = await _connect(link, database, timeout_s)
            try:
                async with asyncio.timeout(timeout_s + 0.5):
                    await connection.set_read_only(True)
                    await self._ensure_reader(connection, link, database)
                    yield connection
            except TimeoutError as error:
                hint = f"the statement ran longer than {timeout_s} s"
                raise Refusal("E_TIMEOUT", hint) from error
            except psycopg.Error as error:
                raise refusal_of(error, link) from error
            finally:
                await _end(connection)

    async def _ensure_reader(
        self, connection: AsyncConnection[Any], link: Link, database: str
    ) -> None:
        """Refuse a role that is a superuser, an owner, or may write anything."""
        place = (link.component, database)
        if time.monotonic() - self._checked.get(place, -CHECK_LASTS_S) < CHECK_LASTS_S:
            return
        found = await fetch(connection, SELF_CHECK)
        reasons = found[0]["reasons"] if found else "the role is unknown"
        if reasons:
            hint = f"the role of {link.component} is no plain reader of {database}: {reasons}"
            raise Refusal("E_UNAVAILABLE", hint)
        self._checked[place] = time.monotonic()


async def _connect(link: Link, database: str, timeout_s: float) -> AsyncConnection[Any]:
    mode = link.value("SSLMODE", "require")
    if mode not in SSL_MODES:
        raise Refusal("E_UNAVAILABLE", "the SSLMODE of the link is not one of libpq's")
    try:
        return await AsyncConnection[Any].connect(
            host=link.value("HOST"),
            port=link.number("PORT", 5432),
            dbname=database,
            user=link.value("USER"),
            password=link.secret("PASSWORD"),
            sslmode=mode,
            gssencmode="disable",
            connect_timeout=CONNECT_TIMEOUT_S,
            application_name="stacktic-mcp",
            client_encoding="utf8",
            options=_options(timeout_s),
            cursor_factory=AsyncRawCursor,
            context=_TEXT,
        )
    except psycopg.Error as error:
        raise _away(error, link) from error


def _options(timeout_s: float) -> str:
    """Limits of the session itself; the role has its own, which no call can see or change.

    With the check interval the server notices a client that is gone and ends its statement.
    """
    settings = {
        "default_transaction_read_only": "on",
        "standard_conforming_strings": "on",
        "statement_timeout": int(timeout_s * 1000),
        "lock_timeout": 1000,
        "idle_in_transaction_session_timeout": int(timeout_s * 1000) + 5000,
        "client_connection_check_interval": 1000,
    }
    return " ".join(f"-c {name}={value}" for name, value in settings.items())


async def _end(connection: AsyncConnection[Any]) -> None:
    """ROLLBACK, then close; a connection that is broken already has nothing to roll back."""
    try:
        await connection.rollback()
    except psycopg.Error:
        pass
    finally:
        await connection.close()


async def fetch(
    connection: AsyncConnection[Any], sql: str, params: Sequence[Any] = ()
) -> list[dict[str, Any]]:
    """Run one of our own catalog statements; each has its own LIMIT."""
    cursor = await connection.execute(sql.encode(), params, prepare=True)
    names = [column.name for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in await cursor.fetchall()]


async def declare(connection: AsyncConnection[Any], sql: str, params: Sequence[Any]) -> None:
    """Open a cursor over a caller's statement: the grammar takes one SELECT and nothing else.

    `prepare=True` makes psycopg use the extended protocol even without parameters; the simple
    one would run several statements.
    """
    await connection.execute((_PREFIX + sql).encode(), params, prepare=True)


async def read(connection: AsyncConnection[Any], limit: int) -> Rows:
    """Fetch up to `limit` rows in small batches, and one more to know whether there are others."""
    rows: list[list[Any]] = []
    columns: list[dict[str, str]] = []
    size = 0
    while len(rows) <= limit:
        wanted = min(_BATCH_ROWS, limit + 1 - len(rows))
        cursor = await connection.execute(f"FETCH {wanted} FROM stacktic".encode())
        columns = [{"name": c.name, "type": c.type_display} for c in cursor.description or ()]
        batch = await cursor.fetchall()
        rows.extend([_short(value) for value in row] for row in batch)
        size += sum(_characters(row) for row in rows[len(rows) - len(batch) :])
        if len(batch) < wanted:
            return Rows(columns, rows[:limit], "rows" if len(rows) > limit else None)
        if size > MAX_FETCHED_CHARACTERS:
            break
    return Rows(columns, rows[:limit], "rows" if len(rows) > limit else "bytes")


def _short(value: object) -> object:
    """Keep one character more than a cell may have, so that the cut is still seen."""
    return value[: MAX_CELL_CHARACTERS + 1] if isinstance(value, str) else value


def _characters(row: list[Any]) -> int:
    return sum(len(value) for value in row if isinstance(value, str))


def refusal_of(error: psycopg.Error, link: Link) -> Refusal:
    """Tell a failed statement by its SQLSTATE and place; the driver's text goes nowhere."""
    state = error.sqlstate
    if state is None:
        if isinstance(error, psycopg.DataError):
            return Refusal("E_ARG", "a parameter is not a value PostgreSQL takes")
        return Refusal("E_UNAVAILABLE", f"the connection to {link.component} was lost")
    if state in {"57014", "25P04"}:
        return Refusal("E_TIMEOUT", "the statement ran longer than its time limit")
    if state == "55P03":
        return Refusal("E_TIMEOUT", "a lock was not free within a second")
    if state[:2] in {"08", "53", "57"}:
        return Refusal("E_UNAVAILABLE", f"{link.component} is away or full (SQLSTATE {state})")
    words = re.sub(r"(?<!^)(?=[A-Z])", " ", type(error).__name__).lower()
    return Refusal("E_SQL", f"PostgreSQL refused the statement: {words} ({state}){_place(error)}")


def _place(error: psycopg.Error) -> str:
    position = error.diag.statement_position
    if position is None or not position.isdigit() or int(position) <= len(_PREFIX):
        return ""
    return f" at character {int(position) - len(_PREFIX)}"


def _away(error: psycopg.Error, link: Link) -> Refusal:
    """Read why a connection failed: it has no SQLSTATE, only the server's sentence."""
    text = str(error)
    if "authentication failed" in text or "no password" in text:
        key = f"{link.env}_PASSWORD"
        return Refusal("E_UNAVAILABLE", f"the credential {key} was refused by {link.component}")
    if "permission denied for database" in text or "does not exist" in text:
        return Refusal("E_NOT_FOUND", f"the role of {link.component} cannot enter this database")
    if "too many connections" in text or "too many clients" in text:
        return Refusal("E_UNAVAILABLE", f"{link.component} takes no more connections")
    return Refusal("E_UNAVAILABLE", f"{link.component} is away")
