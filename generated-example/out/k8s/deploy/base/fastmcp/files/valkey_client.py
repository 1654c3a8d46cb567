"""One connection to Valkey for one tool call, and the fence round key names.

In: a link (host, port, authority, user, password, prefixes) and commands as plain words.
Out: raw replies; every failure is a refusal in words of our own.
Must not know: MCP, tools, or how a reply is shown.
"""

import secrets
from collections.abc import AsyncGenerator, Collection, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast

from valkey.asyncio import Connection, SSLConnection
from valkey.exceptions import (
    AuthenticationError,
    NoPermissionError,
    OutOfMemoryError,
    ReadOnlyError,
    ResponseError,
    TimeoutError,  # noqa: A004 -- the driver's own, not the built-in one
    ValkeyError,
)

from stacktic_mcp.core.toolkit import Link, Refusal
from stacktic_mcp.tools.valkey.valkey_replies import CappedParser, ReplyTooLargeError

CONNECT_TIMEOUT_S = 3.0
REPLY_TIMEOUT_S = 8.0
Word = str | int | bytes
SAMPLED_NAMES = 16
SCANNED = 200
# What the user of a link is tried with, one command of each kind. None of them changes anything
# where it is let in: the key is a new name that nobody has, the option is none that there is.
_TRIED: tuple[tuple[str, ...], ...] = (
    ("SET", "{key}", "", "NO-SUCH-OPTION"),
    ("DEL", "{key}"),
    ("UNLINK", "{key}"),
    ("GETDEL", "{key}"),
    ("EXPIRE", "{key}", "1"),
    ("LPUSHX", "{key}", ""),
    ("SREM", "{key}", ""),
    ("ZREM", "{key}", ""),
    ("HDEL", "{key}", ""),
    ("XDEL", "{key}", "0-1"),
    ("FLUSHDB", "NO-SUCH-OPTION"),
    ("FLUSHALL", "NO-SUCH-OPTION"),
    ("CONFIG", "GET", "no-such-setting"),
    ("ACL", "WHOAMI"),
    ("EVAL", "return 1", "0"),
    ("FUNCTION", "STATS"),
    ("CLIENT", "ID"),
    ("PUBLISH", "{key}", ""),
    ("MODULE", "LIST"),
    ("SHUTDOWN", "ABORT"),
)


class Valkey:
    """Sends commands over a connection of its own, so that nothing is left of a cancelled call."""

    def __init__(self, link: Link, connection: Connection) -> None:
        """Take an open connection; `connect` makes one."""
        self._link = link
        self._connection = connection

    async def run(self, *words: Word) -> Any:
        """Return the reply of one command."""
        replies = await self.run_all([words])
        if isinstance(replies[0], ResponseError):
            raise refusal_of(self._link, replies[0])
        return replies[0]

    async def run_all(self, commands: Sequence[Sequence[Word]]) -> list[Any]:
        """Send several commands at once; an error reply stands in its place in the list."""
        connection = cast("Any", self._connection)
        try:
            await connection.send_packed_command(connection.pack_commands(commands))
            return [await self._reply(connection) for _ in commands]
        except ValkeyError as error:
            raise refusal_of(self._link, error) from error

    async def may(self, commands: Sequence[Sequence[Word]]) -> list[bool]:
        """Tell of each command whether the user may send it; whatever else it says is let go."""
        connection = cast("Any", self._connection)
        found: list[bool] = []
        try:
            await connection.send_packed_command(connection.pack_commands(commands))
            for _ in commands:
                try:
                    await connection.read_response()
                except NoPermissionError:
                    found.append(False)
                except ResponseError:
                    found.append(True)
                else:
                    found.append(True)
        except ValkeyError as error:
            raise refusal_of(self._link, error) from error
        return found

    @staticmethod
    async def _reply(connection: Any) -> Any:
        try:
            return await connection.read_response()
        except NoPermissionError:
            raise
        except ResponseError as error:
            return error


@asynccontextmanager
async def connect(link: Link) -> AsyncGenerator[Valkey]:
    """Open a connection as the ACL user of the link and close it whatever happens."""
    kind, verification = _transport(link)
    connection = kind(
        host=link.value("HOST"),
        port=link.number("PORT"),
        username=link.value("USERNAME"),
        password=link.secret("PASSWORD"),
        socket_connect_timeout=CONNECT_TIMEOUT_S,
        socket_timeout=REPLY_TIMEOUT_S,
        lib_name=None,  # CLIENT SETINFO is not granted to the user of a link
        lib_version=None,
        parser_class=cast("Any", CappedParser),
        **verification,
    )
    try:
        await _open(link, connection)
        yield Valkey(link, connection)
    finally:
        await cast("Any", connection).disconnect(nowait=True)


async def wider(link: Link, allowed: Collection[str]) -> list[str]:
    """Return what the ACL user may do beyond the commands that the lock names, and its prefixes.

    It cannot read its own rules: that right would show the digests of everybody's passwords.
    """
    prefixes = link.enums["prefixes"]
    granted = {word.removeprefix("+").lower() for word in allowed}
    name = f"stacktic-rights-{secrets.token_hex(8)}"
    key = f"{prefixes[0] if prefixes else ''}{name}"
    tried = [
        tuple(word.replace("{key}", key) for word in words)
        for words in _TRIED
        if not {words[0].lower(), "|".join(words[:2]).lower()} & granted
    ]
    async with connect(link) as client:
        answers = await client.may(tried)
        words = sorted({words[0] for words, may in zip(tried, answers, strict=True) if may})
        foreign = [name.encode(), *await _foreign_names(client, prefixes)]
        reached = any(await client.may([("TYPE", name) for name in foreign]))
    found = [f"it may send {', '.join(words)}"] if words else []
    return found + ["it reads keys outside of the linked prefixes"] * reached


async def _foreign_names(client: Valkey, prefixes: Sequence[str]) -> list[bytes]:
    """Return names of keys that are not linked, other ones each time."""
    start = secrets.randbits(32)
    if not all(await client.may([("SCAN", "0", "COUNT", "1")])):
        return []
    known = tuple(prefix.encode() for prefix in prefixes)
    found: list[bytes] = []
    for cursor in ("0", str(start)):
        _, names = await client.run("SCAN", cursor, "COUNT", SCANNED)
        found += [name for name in names if not name.startswith(known)]
    return found[:SAMPLED_NAMES]


def _transport(link: Link) -> tuple[type[Connection], dict[str, Any]]:
    """Return TLS where the link names the authority of its server, which must be who it says."""
    authority = link.value("CA_FILE", "")
    if not authority:
        return Connection, {}
    return SSLConnection, {"ssl_ca_certs": authority, "ssl_check_hostname": True}


async def _open(link: Link, connection: Connection) -> None:
    try:
        await cast("Any", connection).connect()
    except ValkeyError as error:
        raise refusal_of(link, error) from error


def refusal_of(link: Link, error: Exception) -> Refusal:
    """Translate a driver error; its text stays behind as the cause, for the log."""
    if isinstance(error, ReplyTooLargeError):
        return Refusal("E_LIMIT", "the items are large; ask for fewer of them")
    if isinstance(error, NoPermissionError):
        hint = f"the ACL user of this link on {link.component} lacks a grant it needs"
        return Refusal("E_UNAVAILABLE", hint)
    if isinstance(error, AuthenticationError) or "WRONGPASS" in str(error):
        return Refusal("E_UNAVAILABLE", f"the credential {link.env}_PASSWORD was refused")
    if isinstance(error, TimeoutError):
        return Refusal("E_TIMEOUT", f"{link.component} did not answer in time")
    if isinstance(error, (OutOfMemoryError, ReadOnlyError)):
        return Refusal("E_UNAVAILABLE", f"{link.component} takes no writes now")
    if isinstance(error, ResponseError):
        return Refusal("E_ARG", "the command does not fit the type of this key")
    return Refusal("E_UNAVAILABLE", f"{link.component} is away")


def ensure_keys(link: Link, keys: Sequence[str]) -> None:
    """Refuse a key outside the linked prefixes before anything is sent."""
    prefixes = link.enums["prefixes"]
    for key in keys:
        if not any(key.startswith(prefix) for prefix in prefixes):
            hint = f"a key must start with a prefix linked through {link.component}"
            raise Refusal("E_SCOPE", hint, prefixes)


async def ensure_type(client: Valkey, key: str, wanted: Sequence[str]) -> str:
    """Return the type of a key, refused when it is absent or of another type."""
    # A module may name its types in any bytes.
    found = cast("bytes", await client.run("TYPE", key)).decode("utf-8", "backslashreplace")
    if found == "none":
        raise Refusal("E_NOT_FOUND", "there is no such key")
    if found not in wanted:
        hint = f"the key is a {found}; this tool reads {' and '.join(wanted)}"
        raise Refusal("E_ARG", hint)
    return found
