"""One client of MongoDB for one tool call, whose user may read the linked databases alone.

In: a link (host, port, replica set, authority, user, password, databases).
Out: a client that ends with the call; every failure is a refusal in words of our own.
Must not know: tools, or what they ask.

A connection that is closed ends what the server does for it, so a cancelled call leaves nothing.
"""

from __future__ import annotations

import re
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from bson.errors import BSONError
from bson.raw_bson import RawBSONDocument
from pymongo import AsyncMongoClient, ReadPreference
from pymongo.errors import (
    ExecutionTimeout,
    NetworkTimeout,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
)

from stacktic_mcp.core.toolkit import Link, Refusal
from stacktic_mcp.lib.documents import at, objects
from stacktic_mcp.tools.mongodb.mongodb_values import plain

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

Client = AsyncMongoClient[RawBSONDocument]
CONNECT_TIMEOUT_MS = 3000
SOCKET_TIMEOUT_MS = 12_000
CHECK_LASTS_S = 60.0
READER = "read"
_WRONG_PASSWORD = 18
_NO_RIGHT = 13


class Clients:
    """Opens clients after their user was seen to be a reader."""

    def __init__(self) -> None:
        self._checked: dict[str, float] = {}

    @asynccontextmanager
    async def open(self, link: Link) -> AsyncGenerator[Client]:
        """Yield a client and close it whatever happens; errors leave as refusals."""
        client = connect(link)
        try:
            if time.monotonic() - self._checked.get(link.component, -CHECK_LASTS_S) > CHECK_LASTS_S:
                ensure_reader(await roles_of(client), link)
                self._checked[link.component] = time.monotonic()
            yield client
        except (PyMongoError, BSONError, OverflowError) as error:
            raise refusal_of(error, link) from error
        finally:
            await client.close()

    async def wider(self, link: Link) -> list[str]:
        """Return what the user may do beyond reading the linked databases."""
        client = connect(link)
        try:
            status = await roles_of(client)
        except (PyMongoError, BSONError, OverflowError) as error:
            raise refusal_of(error, link) from error
        finally:
            await client.close()
        if _roles(status, link) <= _granted(link):
            return []
        self._checked.pop(link.component, None)
        return ["it has another role than `read` of the linked databases"]


def connect(link: Link) -> Client:
    """Return a client that has not connected yet."""
    settings: dict[str, Any] = account(link)
    if authority := link.value("CA_FILE", ""):
        settings |= {"tls": True, "tlsCAFile": authority}
    # Of a replica set the driver goes on to the members by the names that they tell.
    replica_set = link.value("REPLICA_SET", "")
    settings |= {"replicaSet": replica_set} if replica_set else {"directConnection": True}
    try:
        return AsyncMongoClient(
            host=link.value("HOST"),
            port=link.number("PORT", 27017),
            document_class=RawBSONDocument,
            appname="stacktic-mcp",
            maxPoolSize=1,
            connectTimeoutMS=CONNECT_TIMEOUT_MS,
            serverSelectionTimeoutMS=CONNECT_TIMEOUT_MS,
            socketTimeoutMS=SOCKET_TIMEOUT_MS,
            retryReads=False,
            retryWrites=False,
            read_preference=ReadPreference.PRIMARY_PREFERRED,
            **settings,
        )
    except (PyMongoError, OSError) as error:
        raise Refusal("E_UNAVAILABLE", f"the settings of {link.component} do not fit") from error


def account(link: Link) -> dict[str, str]:
    """Return who logs in; the password is proved, and never sent."""
    return {
        "username": link.value("USER"),
        "password": link.secret("PASSWORD"),
        "authSource": link.value("AUTH_SOURCE", "admin"),
        "authMechanism": "SCRAM-SHA-256",
    }


async def roles_of(client: Client) -> Mapping[str, Any]:
    """Return what the server knows of the user of a connection."""
    return await client.admin.command("connectionStatus")


def ensure_reader(status: Mapping[str, Any], link: Link) -> None:
    """Refuse a user that has any role but `read` of a linked database, and one that has none."""
    if not _roles(status, link) <= _granted(link):
        hint = f"the user of {link.component} is no plain reader of the linked databases"
        raise Refusal("E_UNAVAILABLE", hint)


def _roles(status: Mapping[str, Any], link: Link) -> set[tuple[str, str]]:
    told = objects(at(plain(status), "authInfo", "authenticatedUserRoles"))
    if not told:
        hint = f"{link.component} tells no role of the user, so nothing is asked"
        raise Refusal("E_UNAVAILABLE", hint)
    return {(str(role.get("role")), str(role.get("db"))) for role in told}


def _granted(link: Link) -> set[tuple[str, str]]:
    return {(READER, name) for name in link.enums.get("databases", ())}


def refusal_of(error: Exception, link: Link) -> Refusal:
    """Translate a driver error; its text stays behind as the cause, for the log."""
    if isinstance(error, (ExecutionTimeout, NetworkTimeout)):
        return Refusal("E_TIMEOUT", "the query ran longer than its time limit")
    if isinstance(error, ServerSelectionTimeoutError):
        return Refusal("E_UNAVAILABLE", f"{link.component} is away")
    if isinstance(error, OperationFailure):
        return _refused(error, link)
    if isinstance(error, (BSONError, OverflowError)):
        return Refusal("E_ARG", "the query holds a value that MongoDB does not take")
    return Refusal("E_UNAVAILABLE", f"the connection to {link.component} was lost")


def _refused(error: OperationFailure, link: Link) -> Refusal:
    if error.code == _WRONG_PASSWORD:
        hint = f"the credential {link.env}_PASSWORD was refused by {link.component}"
        return Refusal("E_UNAVAILABLE", hint)
    if error.code == _NO_RIGHT:
        return Refusal("E_SCOPE", f"the user of {link.component} may not do this")
    name = str((error.details or {}).get("codeName", ""))
    words = name if re.fullmatch(r"[A-Za-z]{1,60}", name) else "error"
    return Refusal("E_SQL", f"MongoDB refused the query: {words} ({error.code})")
