"""A connection to MariaDB that takes no more than it may hold, and gives its password to nobody.

In: an address, an account, how the server has to prove itself.
Out: a connection whose replies are counted; `TooMuchError` where they pass a cap.
Must not know: links, tools, or what is asked.

The driver holds a packet whole, a row of any length included, so lengths are looked at before
bytes are read. A server may also ask for the password itself: only proofs of it are sent.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from typing import Any, cast

from pymysql.connections import Connection
from pymysql.constants import FIELD_TYPE
from pymysql.converters import encoders
from pymysql.cursors import SSCursor
from pymysql.err import OperationalError

MAX_PACKET_BYTES = 1024 * 1024
MAX_RECEIVED_BYTES = 8 * 1024 * 1024
CONNECT_TIMEOUT_S = 3
# How strings are read must not depend on what the server or the account was given.
SQL_MODE = "STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION"
# By these a server could have the password itself, or what is as good.
SHOWS_PASSWORD = (
    "mysql_clear_password",
    "mysql_old_password",
    "dialog",
    "sha256_password",
    "caching_sha2_password",
)
# CR_AUTH_PLUGIN_ERR of MySQL's client library.
_AUTH_REFUSED = 2059


class TooMuchError(Exception):
    """The server sends more than a call may read."""


class _Refused:
    """A way to log in that would show the password."""

    def __init__(self, connection: object) -> None:
        del connection

    def authenticate(self, packet: object) -> None:
        """Send nothing."""
        del packet
        raise OperationalError(_AUTH_REFUSED, "the server asks for the password itself")


@dataclass(frozen=True)
class Account:
    """Where the server is, and who logs in."""

    host: str
    port: int
    user: str
    password: str
    # Who has to have signed the server's certificate; without it TLS is taken where there is some.
    trusted: ssl.SSLContext | None


def decoders() -> dict[int, Any]:
    """Whole numbers and floats are numbers; all else stays the text that the server prints."""
    whole: list[int] = [FIELD_TYPE.TINY, FIELD_TYPE.SHORT, FIELD_TYPE.INT24, FIELD_TYPE.LONG]
    whole += [FIELD_TYPE.LONGLONG, FIELD_TYPE.YEAR]
    floats: list[int] = [FIELD_TYPE.FLOAT, FIELD_TYPE.DOUBLE]
    return {**dict.fromkeys(whole, int), **dict.fromkeys(floats, float)}


class CappedConnection(Connection):
    """A connection that counts what it reads."""

    def __init__(self, account: Account, database: str | None, timeout_s: float) -> None:
        """Connect, by TLS where the server has it or must have it."""
        self._room = MAX_RECEIVED_BYTES
        super().__init__(
            host=account.host,
            port=account.port,
            user=account.user,
            password=account.password,
            database=database,
            charset="utf8mb4",
            sql_mode=SQL_MODE,
            conv=cast("Any", {**encoders, **decoders()}),
            cursorclass=SSCursor,
            connect_timeout=CONNECT_TIMEOUT_S,
            read_timeout=timeout_s + 2,
            write_timeout=CONNECT_TIMEOUT_S,
            local_infile=False,
            auth_plugin_map=cast("Any", dict.fromkeys(SHOWS_PASSWORD, _Refused)),
            ssl=cast("Any", account.trusted),
            program_name="stacktic-mcp",
        )

    def _read_bytes(self, num_bytes: int) -> bytes:
        self._room -= num_bytes
        if self._room < 0 or num_bytes > MAX_PACKET_BYTES:
            self.abandon()
            raise TooMuchError
        driver: Any = super()
        return cast("bytes", driver._read_bytes(num_bytes))  # noqa: SLF001 -- what all reads go by

    @property
    def number(self) -> int:
        """Return what the server calls this connection."""
        return int(cast("Any", self).thread_id())

    def abandon(self) -> None:
        """End at once: what the server still has to send is read by nobody."""
        driver: Any = self
        # A result that is dropped would read itself to its end.
        if driver._result is not None:  # noqa: SLF001 -- of the class itself, which has no types
            driver._result.unbuffered_active = False  # noqa: SLF001
        driver._force_close()  # noqa: SLF001
