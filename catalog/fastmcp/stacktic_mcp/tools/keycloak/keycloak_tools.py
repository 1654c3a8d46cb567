"""Keycloak tools of the MCP server: they look at people, logins and settings of linked realms.

In: the names of linked realms, ids of people, times and limits.
Out: chosen fields, people masked; nothing is ever changed.
Must not know: HTTP, clients with their secrets, or any realm that is not linked.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal

from pydantic import Field

from stacktic_mcp.core.toolkit import Answer, Choice, Link, Position, Refusal, Toolset
from stacktic_mcp.lib.documents import Facts, count, objects, text
from stacktic_mcp.tools.keycloak.keycloak_client import Realm, wider
from stacktic_mcp.tools.keycloak.keycloak_views import (
    Row,
    change_row,
    client_row,
    credential_view,
    event_row,
    key_row,
    lock_view,
    mapping_view,
    moment,
    problems_of,
    realm_line,
    realm_view,
    role_names,
    session_view,
    user_row,
)

MAX_OF_A_USER = 20
MAX_CLIENTS = 200
ERRORS_COUNTED = 500
HOUR_MS = 3600 * 1000
SOON_DAYS = 30

UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
RealmName = Annotated[str, Choice("realms"), Field(description="a linked realm")]
UserId = Annotated[
    str,
    Field(
        pattern=f"^(?:f:{UUID}:[A-Za-z0-9._@+-]{{1,64}}|{UUID})$",
        description="id of a person, as keycloak_list_users and events show it",
    ),
]
NamePart = Annotated[
    str | None,
    Field(pattern="^[A-Za-z0-9._@+-]{2,64}$", description="part of the name to log in by"),
]
ClientId = Annotated[
    str | None, Field(pattern="^[A-Za-z0-9._:/-]{1,128}$", description="events of this client")
]
Hours = Annotated[int, Field(ge=1, le=720, description="how far to look back")]
Limit = Annotated[int, Field(ge=1, le=100, description="rows at most")]

KINDS = {
    "login_errors": ["LOGIN_ERROR"],
    "logins": ["LOGIN"],
    "logouts": ["LOGOUT"],
    "registrations": ["REGISTER", "REGISTER_ERROR"],
    "passwords": [
        "UPDATE_CREDENTIAL",
        "UPDATE_PASSWORD",
        "RESET_PASSWORD",
        "RESET_PASSWORD_ERROR",
        "REMOVE_CREDENTIAL",
    ],
    "client_errors": ["CLIENT_LOGIN_ERROR", "CODE_TO_TOKEN_ERROR", "REFRESH_TOKEN_ERROR"],
}
Kind = Annotated[
    Literal[
        "login_errors", "logins", "logouts", "registrations", "passwords", "client_errors", "all"
    ],
    Field(description="what happened"),
]
Operation = Annotated[
    Literal["CREATE", "UPDATE", "DELETE", "ACTION"] | None,
    Field(description="changes of this kind alone"),
]
Enabled = Annotated[bool | None, Field(description="those who may log in, or who may not")]


def register(tools: Toolset) -> None:
    """Add the Keycloak tools; none of them writes."""
    tools.rights(wider)
    _register_realms(tools)
    _register_people(tools)
    _register_events(tools)


def _register_realms(tools: Toolset) -> None:
    @tools.read
    async def keycloak_list_realms(link: Link) -> Answer:
        """List the linked realms of Keycloak (logins, identity), the missing ones marked."""
        names = link.enums.get("realms", ())
        found = await asyncio.gather(*(_facts_or_none(link, name) for name in names))
        return Answer([realm_line(*pair) for pair in zip(names, found, strict=True)])

    @tools.read
    async def keycloak_get_realm(link: Link, realm: RealmName) -> Answer:
        """Show how people log in to a realm of Keycloak: policies, lifetimes, brute force guard."""
        return Answer(realm_view(realm, await Realm(link, realm).facts()))

    @tools.read
    async def keycloak_realm_health(link: Link, realm: RealmName) -> Answer:
        """Tell what is wrong with a realm: keys that expire, guards that are off, failed logins."""
        return Answer(await _health(Realm(link, realm)))

    @tools.read
    async def keycloak_list_client_sessions(
        link: Link, realm: RealmName, limit: Limit = 50
    ) -> Answer:
        """List clients (applications) people are logged in to, most sessions first; no secret."""
        rows = [client_row(one) for one in await Realm(link, realm).rows("client-session-stats")]
        rows.sort(key=lambda row: (-(row["sessions"] or 0), row["client"]))
        return Answer.first(rows, limit)


def _register_people(tools: Toolset) -> None:
    @tools.read
    async def keycloak_list_users(
        link: Link,
        realm: RealmName,
        name_like: NamePart = None,
        enabled: Enabled = None,
        limit: Limit = 50,
        cursor: Position = None,
    ) -> Answer:
        """List people (users, accounts) of a Keycloak realm; addresses masked, names left out."""
        asked = [
            ("username", name_like),
            ("enabled", None if enabled is None else str(enabled).lower()),
            ("briefRepresentation", "true"),
        ]
        return await _page(Realm(link, realm), ("users",), asked, user_row, limit, cursor)

    @tools.read
    async def keycloak_get_user_access(link: Link, realm: RealmName, user: UserId) -> Answer:
        """Show what one person may do: roles, groups, kinds of credentials, sessions, lock-out."""
        return Answer(await _access(Realm(link, realm), user))


def _register_events(tools: Toolset) -> None:
    @tools.read
    async def keycloak_list_events(
        link: Link,
        realm: RealmName,
        kind: Kind = "login_errors",
        client: ClientId = None,
        user: Annotated[UserId | None, Field(description="events of this person")] = None,
        hours: Hours = 24,
        limit: Limit = 50,
        cursor: Position = None,
    ) -> Answer:
        """List logins of a Keycloak realm, failed ones unless told, newest first, and why."""
        asked: list[tuple[str, Any]] = [("type", one) for one in KINDS.get(kind, [])]
        asked += [("client", client), ("user", user), ("dateFrom", _since(hours))]
        return await _page(Realm(link, realm), ("events",), asked, event_row, limit, cursor)

    @tools.read
    async def keycloak_list_changes(
        link: Link,
        realm: RealmName,
        operation: Operation = None,
        hours: Hours = 24,
        limit: Limit = 50,
        cursor: Position = None,
    ) -> Answer:
        """List what administrators changed in a realm (admin events), newest first, not to what."""
        asked = [("operationTypes", operation), ("dateFrom", _since(hours))]
        return await _page(Realm(link, realm), ("admin-events",), asked, change_row, limit, cursor)


def _since(hours: int) -> int:
    return int(time.time() * 1000) - hours * HOUR_MS


async def _facts_or_none(link: Link, name: str) -> Facts | None:
    try:
        return await Realm(link, name).facts()
    except Refusal as refusal:
        if refusal.code == "E_NOT_FOUND":
            return None
        raise


async def _page(
    realm: Realm,
    path: tuple[str, ...],
    asked: Sequence[tuple[str, Any]],
    view: Callable[[Facts], Row],
    limit: int,
    cursor: Any,
) -> Answer:
    """Return one page; the server counts it off, and is asked for one row more."""
    first = int(cursor or 0)
    paging = [("first", first), ("max", limit + 1)]
    found = await realm.rows(*path, params=[*asked, *paging])
    more = len(found) > limit
    return Answer(
        [view(facts) for facts in found[:limit]],
        truncated_by="rows" if more else None,
        next_position=first + limit if more else None,
        position_at=lambda kept: first + kept,
    )


async def _access(realm: Realm, user: str) -> Row:
    facts = await realm.facts("users", user)
    at_user = ("users", user)
    top = {"max": MAX_OF_A_USER + 1}
    direct, effective, groups, lock, credentials, sessions = await asyncio.gather(
        realm.facts(*at_user, "role-mappings"),
        realm.rows(*at_user, "role-mappings", "realm", "composite"),
        realm.rows(*at_user, "groups", params=top),
        realm.facts("attack-detection", "brute-force", "users", user),
        realm.rows(*at_user, "credentials"),
        realm.rows(*at_user, "sessions"),
    )
    shown = groups[:MAX_OF_A_USER]
    held = await asyncio.gather(
        *(realm.facts("groups", text(group.get("id")), "role-mappings") for group in shown)
    )
    return {
        **user_row(facts),
        **mapping_view(direct),
        "effective_realm_roles": role_names(effective),
        "groups": [
            {"group": text(group.get("path")), **mapping_view(roles)}
            for group, roles in zip(shown, held, strict=True)
        ],
        "more_groups": len(groups) > MAX_OF_A_USER,
        "lock_out": lock_view(lock),
        "credentials": [credential_view(one) for one in credentials[:MAX_OF_A_USER]],
        "sessions": [session_view(one) for one in sessions[:MAX_OF_A_USER]],
        "sessions_in_all": len(sessions),
    }


async def _health(realm: Realm) -> Row:
    errors = [("type", "LOGIN_ERROR"), ("dateFrom", _since(1)), ("max", ERRORS_COUNTED)]
    # First alone, so that the others have a token.
    facts = await realm.facts()
    keys, people, clients, failed = await asyncio.gather(
        realm.facts("keys"),
        realm.number("users", "count"),
        realm.rows("client-session-stats"),
        realm.rows("events", params=errors),
    )
    now_ms = time.time() * 1000
    rows = [key_row(one, now_ms) for one in objects(keys.get("keys"))]
    problems = problems_of(facts, rows, SOON_DAYS)
    return {
        "healthy": not problems,
        "problems": problems,
        "keys": rows[:MAX_CLIENTS],
        "people": count(people),
        "sessions": sum(client_row(one)["sessions"] or 0 for one in clients),
        "failed_logins_last_hour": len(failed),
        "failed_logins_are_more": len(failed) == ERRORS_COUNTED,
        "at": moment(now_ms),
    }
