"""What of Keycloak's answers is shown: chosen fields, people behind a mask.

In: decoded JSON of the admin API.
Out: small dictionaries without secrets, tokens, hashes, and without names or addresses in full.
Must not know: HTTP, MCP or links.

Of a person the id is shown, which every tool takes, and the name they log in by, masked where it is
an address. Of a network address the part is shown that says where it comes from.
"""

from __future__ import annotations

import ipaddress
import re
from datetime import UTC, datetime
from typing import Any

from stacktic_mcp.lib.documents import (
    Facts,
    at,
    count,
    facts_of,
    flag,
    number,
    objects,
    text,
    texts,
    word,
)
from stacktic_mcp.lib.text import plain_text

Row = dict[str, Any]

MAX_NAMES = 100
DAY_MS = 24 * 3600 * 1000
LATEST_MS = 253_402_300_799_000
IPV4, IPV4_PREFIX, IPV6_PREFIX = 4, 24, 48
ADDRESS = re.compile(r"[^\s@]+(?:@[^\s@]+)+")

# Settings of a realm that say how people log in; all others may hold anything.
LOGIN = {
    "enabled": "enabled",
    "sslRequired": "tls_required",
    "registrationAllowed": "people_may_register",
    "verifyEmail": "email_is_verified",
    "resetPasswordAllowed": "password_may_be_reset",
    "loginWithEmailAllowed": "login_by_email",
    "duplicateEmailsAllowed": "emails_may_repeat",
    "rememberMe": "remember_me",
    "passwordPolicy": "password_policy",
    "otpPolicyType": "one_time_password",
    "organizationsEnabled": "organizations",
}
BRUTE_FORCE = {
    "bruteForceProtected": "protected",
    "permanentLockout": "locks_for_good",
    "failureFactor": "failures_until_locked",
    "maxFailureWaitSeconds": "longest_wait_s",
    "waitIncrementSeconds": "wait_increment_s",
}
LIFE = {
    "accessTokenLifespan": "access_token_s",
    "ssoSessionIdleTimeout": "session_idle_s",
    "ssoSessionMaxLifespan": "session_longest_s",
    "offlineSessionIdleTimeout": "offline_session_idle_s",
    "revokeRefreshToken": "refresh_token_once",
}
EVENTS = {
    "eventsEnabled": "logins_are_kept",
    "eventsExpiration": "logins_are_kept_s",
    "adminEventsEnabled": "changes_are_kept",
}


def masked(name: Any) -> str | None:
    """Return a name as it is, and addresses in it without the part before the `@`."""
    if not isinstance(name, str) or not name:
        return None
    shown = ADDRESS.sub(lambda found: _masked_address(found.group()), plain_text(name))
    # What reads like an address in no known way is shown by its first character alone.
    return shown if "@" not in shown or "***@" in shown else f"{shown[0]}***"


def _masked_address(address: str) -> str:
    return f"{address[0]}***@{address.rpartition('@')[2]}"


def network_of(address: Any) -> str | None:
    """Return the network that an address is of; a text that is none shows nothing."""
    try:
        found = ipaddress.ip_address(address if isinstance(address, str) else "")
    except ValueError:
        return None
    prefix = IPV4_PREFIX if found.version == IPV4 else IPV6_PREFIX
    return str(ipaddress.ip_network((found.packed, prefix), strict=False))


def moment(milliseconds: Any) -> str | None:
    """Return a time as RFC 3339; none where Keycloak writes 0 or nothing."""
    told = number(milliseconds)
    if not told or not 0 < told < LATEST_MS:
        return None
    return datetime.fromtimestamp(told / 1000, UTC).isoformat(timespec="seconds")


def realm_line(name: str, facts: Facts | None) -> Row:
    """Return one line about a realm, also where it is not there."""
    if facts is None:
        return {"realm": name, "found": False}
    return {
        "realm": name,
        "found": True,
        "display_name": plain_text(text(facts.get("displayName"))),
        "enabled": flag(facts.get("enabled")),
        "people_may_register": flag(facts.get("registrationAllowed")),
        "brute_force_protected": flag(facts.get("bruteForceProtected")),
        "logins_are_kept": flag(facts.get("eventsEnabled")),
    }


def realm_view(name: str, facts: Facts) -> Row:
    """Return how people log in to a realm; its mail server, keys and attributes stay out."""
    return {
        **realm_line(name, facts),
        "login": _chosen(facts, LOGIN),
        "brute_force": _chosen(facts, BRUTE_FORCE),
        "lifetimes": _chosen(facts, LIFE),
        "events": _chosen(facts, EVENTS),
        "required_actions": texts(facts.get("requiredActions"))[:MAX_NAMES],
    }


def _chosen(facts: Facts, names: dict[str, str]) -> Row:
    return {shown: _plain(facts.get(name)) for name, shown in names.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, bool) or value is None or isinstance(value, (int, float)):
        return value
    return plain_text(text(value))


def user_row(facts: Facts) -> Row:
    """Return one line about a person: no name, no address, no attribute."""
    return {
        "id": text(facts.get("id")),
        "username": masked(facts.get("username")),
        "enabled": flag(facts.get("enabled")),
        "email": masked(facts.get("email")),
        "email_verified": flag(facts.get("emailVerified")),
        "one_time_password": flag(facts.get("totp")),
        "created_at": moment(facts.get("createdTimestamp")),
        "required_actions": texts(facts.get("requiredActions"))[:MAX_NAMES],
        "from_a_directory": facts.get("federationLink") is not None,
    }


def mapping_view(facts: Facts) -> Row:
    """Return roles of the realm, and of each client, by name."""
    clients = facts_of(facts.get("clientMappings"))
    return {
        "realm_roles": _names(facts.get("realmMappings")),
        "client_roles": {
            plain_text(name): _names(at(clients[name], "mappings"))
            for name in sorted(clients)[:MAX_NAMES]
        },
    }


def _names(rows: Any) -> list[str]:
    return sorted(plain_text(text(row.get("name"))) for row in objects(rows))[:MAX_NAMES]


def role_names(rows: list[Facts]) -> list[str]:
    """Return the names of roles, sorted."""
    return _names(list(rows))


def lock_view(facts: Facts) -> Row:
    """Return whether too many wrong passwords keep a person out."""
    return {
        "locked": flag(facts.get("disabled")),
        "failures": count(facts.get("numFailures")),
        "last_failure_at": moment(facts.get("lastFailure")),
        "last_failure_from": network_of(facts.get("lastIPFailure")),
    }


def credential_view(facts: Facts) -> Row:
    """Return the kind of a credential and its age; what it is made of stays where it is."""
    return {"type": text(facts.get("type")), "created_at": moment(facts.get("createdDate"))}


def session_view(facts: Facts) -> Row:
    """Return a session by when it was used, from where and for which clients; never its id."""
    return {
        "started_at": moment(facts.get("start")),
        "used_at": moment(facts.get("lastAccess")),
        "from": network_of(facts.get("ipAddress")),
        "clients": sorted(map(text, facts_of(facts.get("clients")).values()))[:MAX_NAMES],
    }


def client_row(facts: Facts) -> Row:
    """Return how many sessions a client has."""
    return {
        "client": plain_text(text(facts.get("clientId"))),
        "sessions": _counted(facts.get("active")),
        "offline_sessions": _counted(facts.get("offline")),
    }


def _counted(value: Any) -> int | None:
    """Return a number that Keycloak writes as text here."""
    told = int(value) if isinstance(value, str) and re.fullmatch("[0-9]{1,15}", value) else value
    return count(told)


def event_row(facts: Facts) -> Row:
    """Return one login, or why there was none; no code, token or address in full."""
    return {
        "at": moment(facts.get("time")),
        "type": text(facts.get("type")),
        "error": word(facts.get("error")),
        "client": plain_text(text(facts.get("clientId"))) or None,
        "user_id": word(facts.get("userId")),
        "username": masked(at(facts, "details", "username")),
        "from": network_of(facts.get("ipAddress")),
        "by": word(at(facts, "details", "auth_method")) or word(at(facts, "details", "grant_type")),
    }


def change_row(facts: Facts) -> Row:
    """Return who changed what, without what it was changed to."""
    return {
        "at": moment(facts.get("time")),
        "operation": text(facts.get("operationType")),
        "kind": text(facts.get("resourceType")),
        "path": masked(facts.get("resourcePath")),
        "error": word(facts.get("error")),
        "by_user_id": word(at(facts, "authDetails", "userId")),
        "from": network_of(at(facts, "authDetails", "ipAddress")),
    }


def key_row(facts: Facts, now_ms: float) -> Row:
    """Return a key that tokens are signed with, by what it is for; no key in any form."""
    until = number(facts.get("validTo"))
    return {
        "kid": text(facts.get("kid")),
        "status": text(facts.get("status")),
        "type": text(facts.get("type")),
        "algorithm": text(facts.get("algorithm")),
        "use": text(facts.get("use")),
        "valid_until": moment(until),
        "days_left": None if not until else int((until - now_ms) // DAY_MS),
    }


def problems_of(realm: Facts, keys: list[Row], soon_days: int) -> list[str]:
    """Return what somebody should look at, in words."""
    found: list[str] = []
    if realm.get("enabled") is False:
        found.append("the realm is disabled: nobody can log in")
    if realm.get("bruteForceProtected") is False:
        found.append("passwords can be guessed without end: brute force protection is off")
    if realm.get("eventsEnabled") is False:
        found.append("logins are not kept: failed ones cannot be looked at")
    signs = [key for key in keys if key["status"] == "ACTIVE" and key["use"] == "SIG"]
    if not signs:
        found.append("no active key signs tokens")
    found += [
        f"the {key['algorithm']} key expires in {key['days_left']} days"
        for key in signs
        if key["days_left"] is not None and key["days_left"] < soon_days
    ]
    return found
