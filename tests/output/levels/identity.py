"""Accounts that look into realms of Keycloak, read from what its imports and its job make.

In: the folder of a component. Out: clients with a service account; those that people sign in by
have none. Must not know the catalog.

Roles are those of the client realm-management
(https://www.keycloak.org/docs/latest/server_admin/#_per_realm_admin_permissions). `view-clients` is
no reading: whoever has it is shown the secrets of all clients.
"""

import json
from pathlib import Path

from levels.account import Account, Accounts, Json, even, level, objects, present, sorted_words

ROLES: dict[str, str] = {"view-users": "read", "view-events": "read", "view-realm": "read"}
ADMINISTRATION = "realm-management"
FLOWS = {
    "standardFlowEnabled": "authorization code",
    "implicitFlowEnabled": "implicit",
    "directAccessGrantsEnabled": "password",
    "serviceAccountsEnabled": "client credentials",
}


def keycloak(folder: Path) -> Accounts:
    (config,) = objects(folder, "clients.yaml")
    texts: dict[str, str] = config["data"]
    realms: dict[str, Json] = {
        path.stem.removeprefix("realm-"): one["spec"]["realm"]
        for path in sorted(folder.glob("realm-*.yaml"))
        for one in objects(folder, path.name)
    }
    found: dict[str, list[Account]] = {}
    for name in sorted(one for one in texts if one.endswith(".json")):
        client = json.loads(texts[name])
        if client["serviceAccountsEnabled"]:
            realm = realms[name.partition("_")[0]]
            once = json.loads("{" + texts[name.replace(".json", ".once")] + "}")
            found.setdefault(client["clientId"], []).append(in_realm(realm, client, once))
    return {name: together(accounts) for name, accounts in found.items()}


def in_realm(realm: Json, client: Json, once: Json) -> Account:
    [person] = [
        one for one in realm["users"] if one.get("serviceAccountClientId") == client["clientId"]
    ]
    assert set(person["clientRoles"]) == {ADMINISTRATION}, person
    roles = person["clientRoles"][ADMINISTRATION]
    grants = {
        "flows": sorted_words(word for flag, word in FLOWS.items() if client[flag]),
        "scopes": sorted_words(once["defaultClientScopes"]),
        "admin_roles": sorted_words(roles),
    }
    return Account(level(roles, ROLES), {"realms": frozenset({realm["realm"]})}, present(grants))


def together(accounts: list[Account]) -> Account:
    """Return one account of several realms, which has the same roles in each."""
    names = frozenset(name for one in accounts for name in one.scope["realms"])
    grants = accounts[0].grants
    same = all(one.grants == grants for one in accounts)
    told = even(one.level for one in accounts) if same else "uneven"
    return Account(told, {"realms": names}, grants)
