"""A stand-in for Keycloak's admin API that keeps people and events, and refuses as it does.

In: requests as the real API takes them.
Out: statuses and bodies as Keycloak 26.7.3 gives them (`tests/lab/test_keycloak_tools.py` asks the
real one): 401 for a wrong secret, 404 for a realm that is not there, 403 for a role that the
account lacks. Whoever may view clients is shown their secrets.
Must not know: any tool.
"""

from __future__ import annotations

import base64
import copy
import json
from dataclasses import dataclass, field
from typing import Any

from servers.stub import Reply, Request

Facts = dict[str, Any]

REFUSED = Reply(403, {"error": "HTTP 403 Forbidden"})
UNKNOWN = Reply(404, {"error": "Realm not found."})
WRONG = Reply(401, {"error": "unauthorized_client", "error_description": "driver text"})
ANNA = "11111111-2222-3333-4444-555555555555"
# Which role opens which place.
NEEDS = {
    "users": "view-users",
    "groups": "view-users",
    "attack-detection": "view-users",
    "events": "view-events",
    "admin-events": "view-events",
    "keys": "view-realm",
    "client-session-stats": "view-realm",
    "clients": "view-clients",
}


def token_of(resources: Facts, realm_roles: list[str] | None = None) -> str:
    """Return a token as Keycloak writes it; nobody checks its signature here."""
    claims: Facts = {
        "azp": "looker",
        "resource_access": {name: {"roles": roles} for name, roles in resources.items()},
    }
    if realm_roles is not None:
        claims["realm_access"] = {"roles": realm_roles}
    part = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"e30.{part}.sig"


@dataclass
class Realm:
    """The state of one realm."""

    secret: str = "looker_secret"
    roles: list[str] = field(
        default_factory=lambda: [
            *("view-users", "query-users", "query-groups"),
            *("view-events", "view-realm"),
        ]
    )
    others: Facts = field(default_factory=dict[str, Any])
    realm_roles: list[str] | None = None
    facts: Facts = field(default_factory=dict[str, Any])
    users: list[Facts] = field(default_factory=list[Facts])
    events: list[Facts] = field(default_factory=list[Facts])
    keys: list[Facts] = field(default_factory=list[Facts])


@dataclass
class Keycloak:
    """The state of a server."""

    realms: dict[str, Realm] = field(default_factory=dict[str, Realm])
    tokens: dict[str, str] = field(default_factory=dict[str, str])

    def snapshot(self) -> dict[str, Realm]:
        """Return everything that a call could change."""
        return copy.deepcopy(self.realms)

    def answer(self, request: Request) -> Reply:
        """Serve one request."""
        match (request.method, *request.path):
            case ("POST", "realms", name, "protocol", "openid-connect", "token"):
                return self._token(name, request.body)
            case ("GET", "admin", "realms", name, *path):
                return self._read(request, name, path)
            case _:
                return Reply(405, {"error": "not known here"})

    def _token(self, name: str, form: Facts) -> Reply:
        realm = self.realms.get(name)
        if realm is None:
            return UNKNOWN
        known = {"grant_type": "client_credentials", "client_id": "looker"}
        if form != {**known, "client_secret": realm.secret}:
            return WRONG
        token = token_of({"realm-management": realm.roles, **realm.others}, realm.realm_roles)
        self.tokens[f"Bearer {token}"] = name
        return Reply(200, {"access_token": token, "expires_in": 300, "token_type": "Bearer"})

    def _read(self, request: Request, name: str, path: list[str]) -> Reply:
        if self.tokens.get(request.headers.get("authorization", "")) != name:
            return Reply(401, {"error": "HTTP 401 Unauthorized"})
        realm = self.realms[name]
        if NEEDS.get(path[0] if path else "keys", "manage-realm") not in realm.roles:
            return REFUSED
        found = _found(realm, path, request)
        return Reply(404, {"error": "User not found"}) if found is None else Reply(200, found)


def _found(realm: Realm, path: list[str], request: Request) -> Any:
    first, most = int(request.first("first", "0")), int(request.first("max", "100"))
    kinds = request.every("type")
    events = [one for one in realm.events if not kinds or one["type"] in kinds]
    found: Facts = {
        "": realm.facts,
        "users": realm.users[first : first + most],
        "users/count": len(realm.users),
        "events": events[first : first + most],
        "keys": {"active": {}, "keys": realm.keys},
        "admin-events": [],
        "client-session-stats": [],
    }
    return found.get("/".join(path))
