"""Sessions at MariaDB that can only read, one fresh session a call.

In: a link, the name of a linked database, a time limit, and what to do with the connection.
Out: what that gives, out of a READ ONLY transaction that nothing commits; errors are refusals.
Must not know: which tool asks, or what it asks for.

The driver waits, so a call has a thread. One that is cancelled or late ends its statement at the
server (KILL QUERY, which an account may do to its own), and its connection with it.
"""

from __future__ import annotations

import asyncio
import re
import ssl
import time
from typing import TYPE_CHECKING, Any, TypeVar

import pymysql
from pymysql.constants import ER

from stacktic_mcp.core.toolkit import Link, Refusal
from stacktic_mcp.tools.mariadb.mariadb_catalog import GRANTS
from stacktic_mcp.tools.mariadb.mariadb_rows import read
from stacktic_mcp.tools.mariadb.mariadb_wire import Account, CappedConnection, TooMuchError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# The account has a limit of 4 connections: one stays free, to end what the others do.
SESSIONS_AT_ONCE = 3
CHECK_LASTS_S = 60.0
LOCK_WAIT_S = 1
MAX_GRANTS = 1000
_READS = re.compile(r"GRANT (?:(?:USAGE|SELECT|SHOW VIEW)(?:, (?=\S))?)+ ON (?!\*\.\* )\S")
_ANYBODY = re.compile(r"GRANT USAGE ON \*\.\* TO ")
_AWAY = frozenset({2002, 2003, 2005, 2006, 2013, 2026, 2059})
_REFUSED = frozenset({1142, 1143, 1227, 1290, 1370})
_FULL = frozenset({1040, 1203, 1226, 1129})
_LATE = frozenset({1317, 1969, 3024})
_ABSENT = frozenset({1044, 1049})

T = TypeVar("T")


class Sessions:
    """Opens sessions, few at a time, after the account was seen to be a reader."""

    def __init__(self) -> None:
        self._gates: dict[str, asyncio.Semaphore] = {}
        self._checked: dict[str, float] = {}

    async def run(
        self,
        link: Link,
        database: str | None,
        work: Callable[[CappedConnection], T],
        timeout_s: float = 5.0,
        *,
        judged: bool = True,
    ) -> T:
        """Return what the work gives on a connection of its own."""
        gate = self._gates.setdefault(link.component, asyncio.Semaphore(SESSIONS_AT_ONCE))
        async with gate:
            session = _Session(link, account_of(link), timeout_s)
            # Shielded, since a thread cannot be cancelled: the server is told to end it.
            running = asyncio.ensure_future(
                asyncio.to_thread(
                    session.run, database, self._checking(link, work) if judged else work
                )
            )
            try:
                async with asyncio.timeout(timeout_s + 1):
                    return await asyncio.shield(running)
            except (TimeoutError, asyncio.CancelledError) as ended:
                await asyncio.shield(asyncio.to_thread(session.kill))
                await asyncio.wait([running], timeout=2)
                if isinstance(ended, asyncio.CancelledError):
                    raise
                hint = f"the statement ran longer than {timeout_s} s"
                raise Refusal("E_TIMEOUT", hint) from ended

    async def wider(self, link: Link) -> list[str]:
        """Return what the account may do beyond reading."""

        def look(connection: CappedConnection) -> list[str]:
            return beyond(grants_of(connection, link))

        found = await self.run(link, None, look, judged=False)
        if found:
            self._checked.pop(link.component, None)
        return found

    def _checking(
        self, link: Link, work: Callable[[CappedConnection], T]
    ) -> Callable[[CappedConnection], T]:
        """Look at the grants of the account before anything else, from time to time."""

        def checked(connection: CappedConnection) -> T:
            if time.monotonic() - self._checked.get(link.component, -CHECK_LASTS_S) > CHECK_LASTS_S:
                ensure_reader(connection, link)
                self._checked[link.component] = time.monotonic()
            return work(connection)

        return checked


class _Session:
    """One connection, and how to end what it does from outside."""

    def __init__(self, link: Link, account: Account, timeout_s: float) -> None:
        self._link = link
        self._account = account
        self._timeout_s = timeout_s
        self._connection: CappedConnection | None = None

    def run(self, database: str | None, work: Callable[[CappedConnection], T]) -> T:
        """Connect, work, and end; in a thread."""
        try:
            self._connection = CappedConnection(self._account, database, self._timeout_s)
            self._begin(self._connection)
            return work(self._connection)
        except TooMuchError:
            hint = "the reply is larger than the link may read; ask for less, such as left(text, 9)"
            raise Refusal("E_LIMIT", hint) from None
        except pymysql.Error as error:
            raise refusal_of(error, self._link) from error
        finally:
            if self._connection is not None:
                self._connection.abandon()

    def kill(self) -> None:
        """End the statement at the server; one that is over has nothing to end."""
        connection = self._connection
        if connection is None:
            return
        try:
            other = CappedConnection(self._account, None, self._timeout_s)
            other.cursor().execute(f"KILL QUERY {connection.number}")
            other.abandon()
        except (pymysql.Error, TooMuchError):
            pass

    def _begin(self, connection: CappedConnection) -> None:
        settings = {
            "max_statement_time": self._timeout_s,
            "lock_wait_timeout": LOCK_WAIT_S,
            "innodb_lock_wait_timeout": LOCK_WAIT_S,
        }
        words = ", ".join(f"{name} = {value}" for name, value in settings.items())
        for statement in (f"SET SESSION {words}", "START TRANSACTION READ ONLY"):
            with connection.cursor() as cursor:
                cursor.execute(statement)


def account_of(link: Link) -> Account:
    """Return the account of a link, and how the server has to prove who it is."""
    mode = link.value("SSL_MODE", "VERIFY_IDENTITY")
    if mode not in {"PREFERRED", "VERIFY_IDENTITY"}:
        hint = "the SSL_MODE of the link is neither PREFERRED nor VERIFY_IDENTITY"
        raise Refusal("E_UNAVAILABLE", hint)
    return Account(
        host=link.value("HOST"),
        port=link.number("PORT", 3306),
        user=link.value("USER"),
        password=link.secret("PASSWORD"),
        # The certificate that the operator makes is signed by nobody else, and proves nothing.
        trusted=_trusted(link) if mode == "VERIFY_IDENTITY" else None,
    )


def _trusted(link: Link) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=link.authority())
    except OSError:
        hint = f"the certificate of the authority of {link.component} cannot be read"
        raise Refusal("E_UNAVAILABLE", hint) from None


def ensure_reader(connection: CappedConnection, link: Link) -> None:
    """Refuse an account that may do anything but read in databases that are named."""
    if beyond(grants_of(connection, link)):
        hint = f"the account of {link.component} is no plain reader: it has more than SELECT"
        raise Refusal("E_UNAVAILABLE", hint)


def grants_of(connection: CappedConnection, link: Link) -> list[str]:
    """Return the grants of the account, as the server words them."""
    with connection.cursor() as cursor:
        cursor.execute(GRANTS)
        grants = [str(row[0]) for row in cursor.fetchmany(MAX_GRANTS)]
    if not grants or len(grants) == MAX_GRANTS:
        raise Refusal("E_UNAVAILABLE", f"the grants of the account of {link.component} are unknown")
    return grants


def beyond(grants: Sequence[str]) -> list[str]:
    """Return what grants give beyond reading databases that are named."""
    found: list[str] = []
    if any(not (_READS.match(grant) or _ANYBODY.match(grant)) for grant in grants):
        found.append("it has more than SELECT on named databases")
    if any("WITH GRANT OPTION" in grant for grant in grants):
        found.append("it may give its rights to others")
    return found


def fetch(connection: CappedConnection, sql: str, params: Any = (), limit: int = 1000) -> Any:
    """Return the rows of one of our own statements over the catalog."""
    return read(connection, sql, params, limit).records()


def refusal_of(error: pymysql.Error, link: Link) -> Refusal:
    """Tell a failed statement by its number; the driver's text goes nowhere."""
    number = error.args[0] if error.args and isinstance(error.args[0], int) else 0
    if number in _REFUSED:
        return Refusal("E_SQL", "MariaDB refused the statement: the account has no such grant")
    if number == ER.ACCESS_DENIED_ERROR:
        hint = f"the credential {link.env}_PASSWORD was refused by {link.component}"
        return Refusal("E_UNAVAILABLE", hint)
    if number in _ABSENT:
        return Refusal("E_NOT_FOUND", f"the account of {link.component} cannot enter this database")
    if number in _FULL:
        return Refusal("E_UNAVAILABLE", f"{link.component} takes no more connections")
    if number in _LATE:
        return Refusal("E_TIMEOUT", "the statement ran longer than its time limit")
    if number == ER.LOCK_WAIT_TIMEOUT:
        return Refusal("E_TIMEOUT", "a lock was not free within a second")
    if number in _AWAY or not number:
        return Refusal("E_UNAVAILABLE", f"{link.component} is away")
    words = _NAMES.get(number, "error").replace("_", " ").lower()
    return Refusal("E_SQL", f"MariaDB refused the statement: {words} ({number})")


_NAMES = {value: name for name, value in vars(ER).items() if isinstance(value, int)}
