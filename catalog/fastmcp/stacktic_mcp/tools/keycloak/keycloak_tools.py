"""Keycloak tools of the MCP server: they look at people, logins and settings of linked realms.

In: the names of linked realms, ids of people, times and limits.
Out: chosen fields, people masked; nothing is ever changed.
Must not know: HTTP, clients with their secrets, or any realm that is not linked.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any

from stacktic_mcp.core.toolkit import Answer, Link, Position, Refusal, Toolset
from stacktic_mcp.lib.documents import Facts, count, objects, text
from stacktic_mcp.tools.keycloak.keycloak_arguments import (
    KINDS,
    ClientId,
    Enabled,
    Hours,
    Kind,
    Limit,
    NamePart,
    OfUser,
    Operation,
    RealmName,
    UserId,
)
from stacktic_mcp.tools.keycloak.keycloak_client import Realm, wider
from stacktic_mcp.tools.keycloak.keycloak_rows import (
    Change,
    ClientSessions,
    Event,
    RealmDetail,
    RealmHealth,
    RealmLine,
    User,
    UserAccess,
)
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


def register(tools: Toolset) -> None:
    """Add the Keycloak tools; none of them writes."""
    tools.introduce("Keycloak", prefix="keycloak", first="keycloak_list_realms")
    tools.rights(wider)
    _register_realms(tools)
    _register_people(tools)
    _register_events(tools)


def _register_realms(tools: Toolset) -> None:
    @tools.read
    async def keycloak_list_realms(link: Link) -> Answer[list[RealmLine]]:
        """List realms in Keycloak (identity, single sign-on, SSO): each linked realm.

        Enabled, registration.
        """
        names = link.enums.get("realms", ())
        found = await asyncio.gather(*(_facts_or_none(link, name) for name in names))
        return Answer([realm_line(*pair) for pair in zip(names, found, strict=True)])

    @tools.read
    async def keycloak_get_realm(link: Link, realm: RealmName) -> Answer[RealmDetail]:
        """Get settings of a Keycloak realm: session or token lasts how long, password policy.

        Valid, lifetime, users register themselves (registration open), two factor (MFA, OTP),
        login, brute force.
        """
        return Answer(realm_view(realm, await Realm(link, realm).facts()))

    @tools.read
    async def keycloak_realm_health(link: Link, realm: RealmName) -> Answer[RealmHealth]:
        """Health of a Keycloak realm: healthy, wrong, security problems, keys that expire soon.

        Signing keys, protection, failed logins, counts.
        """
        return Answer(await _health(Realm(link, realm)))

    @tools.read
    async def keycloak_list_client_sessions(
        link: Link, realm: RealmName, limit: Limit = 50
    ) -> Answer[list[ClientSessions]]:
        """List active sessions in Keycloak by client: how many users, people logged in.

        Per application, applications with sessions; 50 by default.
        """
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
    ) -> Answer[list[User]]:
        """List users in Keycloak: user exists, find an account, person.

        Log in, enabled, disabled; id, masked username and email; 50 by default.
        """
        asked = [
            ("username", name_like),
            ("enabled", None if enabled is None else str(enabled).lower()),
            ("briefRepresentation", "true"),
        ]
        return await _page(Realm(link, realm), ("users",), asked, user_row, limit, cursor)

    @tools.read
    async def keycloak_get_user_access(
        link: Link, realm: RealmName, user: UserId
    ) -> Answer[UserAccess]:
        """Get roles, groups, permissions of a Keycloak user: admin, allowed, locked out.

        Access, sessions, kinds of credentials, required actions.
        """
        return Answer(await _access(Realm(link, realm), user))


def _register_events(tools: Toolset) -> None:
    @tools.read
    async def keycloak_list_events(
        link: Link,
        realm: RealmName,
        kind: Kind = "login_errors",
        client: ClientId = None,
        user: OfUser = None,
        hours: Hours = 24,
        limit: Limit = 50,
        cursor: Position = None,
    ) -> Answer[list[Event]]:
        """List login events in Keycloak (log in, sign in): login failed, failed to log in.

        Wrong passwords, login errors, logouts, registrations, last night; 24 hours, 50 by default.
        """
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
    ) -> Answer[list[Change]]:
        """List admin changes in Keycloak: changed settings, configuration, deleted a user.

        Admins, audit log: users, roles, clients created, updated, deleted; 24 hours, 50 by default.
        """
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
