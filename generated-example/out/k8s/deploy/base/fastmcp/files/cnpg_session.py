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
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import AsyncConnection, AsyncRawCursor

from stacktic_mcp.core.toolkit import Link, Refusal
from stacktic_mcp.tools.cnpg.cnpg_catalog import SELF_CHECK
from stacktic_mcp.tools.cnpg.cnpg_relay import Relay
from stacktic_mcp.tools.cnpg.cnpg_rows import ADAPTERS, PREFIX, fetch

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

CONNECT_TIMEOUT_S = 3
# The role has a connection limit of 4: one stays free for a person with the same role.
SESSIONS_AT_ONCE = 3
CHECK_LASTS_S = 60.0
# Of many databases so many are looked at in one minute, and the next ones in the next.
LOOKED_AT_ONCE = 16
SSL_MODES = ("disable", "prefer", "require", "verify-ca", "verify-full")


class Sessions:
    """Opens sessions, few at a time, after the role was seen to be a reader."""

    def __init__(self) -> None:
        self._gates: dict[str, asyncio.Semaphore] = {}
        self._checked: dict[tuple[str, str], float] = {}
        self._next: dict[str, int] = {}

    @asynccontextmanager
    async def open(
        self, link: Link, database: str, timeout_s: float = 5.0, *, judged: bool = True
    ) -> AsyncGenerator[AsyncConnection[Any]]:
        """Yield a connection in a READ ONLY transaction; errors leave as refusals."""
        gate = self._gates.setdefault(link.component, asyncio.Semaphore(SESSIONS_AT_ONCE))
        async with gate:
            connection = await _connect(link, database, timeout_s)
            relay = Relay(connection.pgconn.socket)
            try:
                async with asyncio.timeout(timeout_s + 0.5):
                    await connection.set_read_only(True)
                    if judged:
                        await self._ensure_reader(connection, link, database)
                    yield connection
            except (TimeoutError, psycopg.Error) as error:
                if relay.exceeded:
                    hint = "the reply is larger than the link may read; ask for less"
                    raise Refusal("E_LIMIT", hint) from None
                if isinstance(error, psycopg.Error):
                    raise refusal_of(error, link) from error
                hint = f"the statement ran longer than {timeout_s} s"
                raise Refusal("E_TIMEOUT", hint) from error
            finally:
                await _end(connection, relay)

    async def _ensure_reader(
        self, connection: AsyncConnection[Any], link: Link, database: str
    ) -> None:
        """Refuse a role that is a superuser, an owner, or may write anything."""
        place = (link.component, database)
        if time.monotonic() - self._checked.get(place, -CHECK_LASTS_S) < CHECK_LASTS_S:
            return
        reasons = await _reasons(connection)
        if reasons:
            hint = f"the role of {link.component} is no plain reader of {database}: {reasons}"
            raise Refusal("E_UNAVAILABLE", hint)
        self._checked[place] = time.monotonic()

    async def wider(self, link: Link) -> list[str]:
        """Return what the role may do beyond reading, database by database."""
        names = link.enums.get("databases", ())
        first = self._next.get(link.component, 0) % max(len(names), 1)
        turn = (names[first:] + names[:first])[:LOOKED_AT_ONCE]
        self._next[link.component] = first + len(turn)
        found = [await self._wider(link, name) for name in turn]
        return [text for text in found if text]

    async def _wider(self, link: Link, database: str) -> str:
        try:
            async with self.open(link, database, judged=False) as connection:
                reasons = await _reasons(connection)
        except Refusal as refusal:
            # One that is not there, or that it may not enter, is not too much.
            if refusal.code == "E_NOT_FOUND":
                return ""
            raise
        if reasons:
            self._checked.pop((link.component, database), None)
        return reasons and f"in {database}, {reasons}"


async def _reasons(connection: AsyncConnection[Any]) -> str:
    found = await fetch(connection, SELF_CHECK)
    return str(found[0]["reasons"] or "") if found else "the role is unknown"


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
            sslrootcert=link.value("SSLROOTCERT", "") or None,
            gssencmode="disable",
            connect_timeout=CONNECT_TIMEOUT_S,
            application_name="stacktic-mcp",
            client_encoding="utf8",
            options=_options(timeout_s),
            cursor_factory=AsyncRawCursor,
            context=ADAPTERS,
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
        "client_min_messages": "error",
        # Values are printed in one form whatever a role or a database was given.
        "DateStyle": "ISO",
        "IntervalStyle": "postgres",
        "bytea_output": "hex",
        "extra_float_digits": 1,
    }
    return " ".join(f"-c {name}={value}" for name, value in settings.items())


async def _end(connection: AsyncConnection[Any], relay: Relay) -> None:
    """ROLLBACK, then close; a connection that is broken already has nothing to roll back."""
    try:
        await connection.rollback()
    except psycopg.Error:
        pass
    finally:
        await connection.close()
        await relay.stop()


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
    if position is None or not position.isdigit() or int(position) <= len(PREFIX):
        return ""
    return f" at character {int(position) - len(PREFIX)}"


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
