"""Keycloak tools at a real Keycloak, as the account that the generated import and job make.

In: a stage with one of two linked realms, people, failed logins. Out: answers without secrets,
refusals by the tools and by the account alone, and a realm that is as it was. Must not know MCP.
"""

import asyncio
import json
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

import keycloak_stage
import maven
from keycloak_stage import (
    ADDRESS,
    LOOKER,
    PASSWORD,
    SECRETS,
    WEB_SECRET,
    Json,
    Lab,
    call,
    link_of,
    refused,
    tools_of,
    user_id,
)
from stacktic_mcp.core.toolkit import Toolset
from stacktic_mcp.lib.refusal import Refusal
from stacktic_mcp.tools.keycloak import keycloak_client
from stacktic_mcp.tools.keycloak.keycloak_client import Realm

ROLES = ["view-users", "view-events", "view-realm"]


@pytest.fixture(scope="module")
def lab(binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Generator[Lab]:
    if not maven.has_java():
        pytest.skip("no `java` or no `mvn` on PATH: nothing was tried on a real Keycloak")
    with keycloak_stage.running(binary, tmp_path_factory.mktemp("keycloak")) as lab:
        yield lab


@pytest.fixture
def tools(lab: Lab, tmp_path: Path) -> Toolset:
    return tools_of(lab, tmp_path)


def read_calls(lab: Lab) -> dict[str, Json]:
    staff = {"realm": "staff"}
    return {
        "list_realms": {},
        "get_realm": staff,
        "realm_health": staff,
        "list_client_sessions": staff,
        "list_users": staff,
        "get_user_access": {**staff, "user": user_id(lab, "anna")},
        "list_events": {**staff, "kind": "all"},
        "list_changes": staff,
    }


def test_every_tool_reads_and_changes_nothing(lab: Lab, tools: Toolset) -> None:
    """Nor does any answer hold a secret, a token, an address or a name in full."""
    calls = read_calls(lab)
    assert sorted(f"keycloak_{name}" for name in calls) == sorted(one.name for one in tools.tools)
    before = lab.state()
    said = ""
    for name, arguments in calls.items():
        answer = call(tools, name, **arguments)
        assert answer["link"] == "keycloak", name
        said += json.dumps(answer)
    assert lab.state() == before
    hidden = (*SECRETS.values(), WEB_SECRET, PASSWORD, "anna.meyer", "Lastname", "First0")
    assert [one for one in hidden if one in said] == []
    # Neither a JSON Web Token nor a certificate, nor the place of a password's parameters.
    assert [one for one in ("eyJ", "MII", "hashIterations", "127.0.0.1") if one in said] == []


def test_realms(tools: Toolset) -> None:
    """The server has one of the two that are linked."""
    rows = call(tools, "list_realms")["data"]
    assert [(row["realm"], row["found"]) for row in rows] == [("customers", False), ("staff", True)]
    data = call(tools, "get_realm", realm="staff")["data"]
    assert (data["login"]["enabled"], data["brute_force"]["protected"]) == (True, True)
    health = call(tools, "realm_health", realm="staff")["data"]
    assert (health["healthy"], health["problems"]) == (True, [])
    assert health["failed_logins_last_hour"] >= 2
    assert {key["status"] for key in health["keys"]} == {"ACTIVE"}
    [row] = call(tools, "list_client_sessions", realm="staff")["data"]
    assert row == {"client": "web", "sessions": 1, "offline_sessions": 0}


def test_people(lab: Lab, tools: Toolset) -> None:
    first = call(tools, "list_users", realm="staff", limit=3)
    assert [row["username"] for row in first["data"]] == ["anna", "bert", "carl"]
    assert first["data"][0]["email"] == "a***@example.com"
    rest = call(tools, "list_users", realm="staff", limit=3, cursor=first["next_cursor"])
    assert [row["username"] for row in rest["data"]] == ["dora"]
    off = call(tools, "list_users", realm="staff", enabled=False)["data"]
    assert [row["username"] for row in off] == ["dora"]
    found = call(tools, "list_users", realm="staff", name_like="ann")["data"]
    assert [row["username"] for row in found] == ["anna"]
    access = call(tools, "get_user_access", realm="staff", user=user_id(lab, "anna"))["data"]
    assert access["realm_roles"] == ["default-roles-staff"]
    assert access["groups"][0]["realm_roles"] == ["buyer"]
    assert "buyer" in access["effective_realm_roles"]
    assert [one["type"] for one in access["credentials"]] == ["password"]
    assert (access["sessions_in_all"], access["sessions"][0]["clients"]) == (1, ["web"])
    assert access["lock_out"]["failures"] == 2


def test_events(tools: Toolset) -> None:
    page = call(tools, "list_events", realm="staff", limit=1)
    [row] = page["data"]
    assert (row["type"], row["error"]) == ("LOGIN_ERROR", "invalid_user_credentials")
    assert (row["client"], row["username"], row["from"]) == ("web", "anna", "127.0.0.0/24")
    more = call(tools, "list_events", realm="staff", limit=1, cursor=page["next_cursor"])
    assert more["data"][0]["type"] == "LOGIN_ERROR"
    assert call(tools, "list_events", realm="staff", client="other")["data"] == []
    changes = call(tools, "list_changes", realm="staff", operation="CREATE", limit=100)["data"]
    assert {"USER", "GROUP", "CLIENT"} <= {row["kind"] for row in changes}


# What callers try: another realm, places outside of it, and texts that mean something elsewhere.
REALMS: list[Any] = [
    "master",
    "partners",
    "Staff",
    "staff ",
    "staff/users",
    "staff%2Fusers",
    "../master",
    "staff/../master",
    "..",
    "",
    "*",
    "staff\r\nHost: evil",
    "staff?max=100000",
    "staff#",
    "staff;x",
    None,
    1,
    ["staff"],
    {"realm": "staff"},
    "a" * 5000,
]
USERS: list[Any] = [
    "anna",
    "me",
    "..",
    "../clients",
    "%2e%2e",
    "count",
    "profile",
    "00000000-0000-0000-0000-00000000000",
    "00000000-0000-0000-0000-000000000000/credentials",
    "00000000-0000-0000-0000-000000000000?x=1",
    "00000000-0000-0000-0000-000000000000\n",
    "f:00000000-0000-0000-0000-000000000000:../../clients",
    "' OR '1'='1",
    "*",
    "",
    7,
]
OTHERS: list[tuple[str, Json]] = [
    ("list_users", {"limit": 0}),
    ("list_users", {"limit": 101}),
    ("list_users", {"limit": "1"}),
    ("list_users", {"limit": True}),
    ("list_users", {"cursor": "100000"}),
    ("list_users", {"cursor": {"first": 1}}),
    ("list_users", {"first": 0}),
    ("list_users", {"max": -1}),
    ("list_users", {"q": "phone:1"}),
    ("list_users", {"search": ADDRESS}),
    ("list_users", {"name_like": "%"}),
    ("list_users", {"name_like": "a*"}),
    ("list_users", {"name_like": "x&email=anna"}),
    ("list_users", {"briefRepresentation": False}),
    ("list_events", {"kind": "LOGIN_ERROR"}),
    ("list_events", {"kind": ["logins"]}),
    ("list_events", {"hours": 721}),
    ("list_events", {"hours": 0.5}),
    ("list_events", {"client": "web&type=LOGIN"}),
    ("list_events", {"client": "web\nx"}),
    ("list_events", {"host": "evil.example.com"}),
    ("list_changes", {"operation": "create"}),
    ("list_changes", {"operation": "CREATE,DELETE"}),
    ("get_realm", {"url": "http://evil.example.com"}),
    ("get_realm", {"authorization": "Bearer x"}),
    ("realm_health", {"path": "/admin/realms/master"}),
]


def test_what_callers_try_is_refused(lab: Lab, tools: Toolset) -> None:
    """By the tools as they are; the realm stays as it was."""
    before = lab.state()
    for realm in REALMS:
        assert refused(tools, "list_users", realm=realm).code in {"E_SCOPE", "E_ARG"}, realm
    for user in USERS:
        error = refused(tools, "get_user_access", realm="staff", user=user)
        assert error.code == "E_ARG", user
    for name, arguments in OTHERS:
        assert refused(tools, name, realm="staff", **arguments).code == "E_ARG", arguments
    nobody = "00000000-0000-0000-0000-000000000000"
    error = refused(tools, "get_user_access", realm="staff", user=nobody)
    assert error.code == "E_NOT_FOUND"
    assert refused(tools, "get_realm", realm="customers").code == "E_NOT_FOUND"
    assert lab.state() == before
    assert len(REALMS) + len(USERS) + len(OTHERS) >= 40


def test_without_the_checks_a_name_is_one_segment(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hostile names are one segment and reach nothing, and the account reads no more."""

    def unchecked(*_: object) -> None:
        """Take whatever roles there are."""

    monkeypatch.setattr(keycloak_client, "ensure_roles", unchecked)
    link = link_of(lab, tmp_path)
    realm = Realm(link, "staff")
    before = lab.state()
    for name in (one for one in (*REALMS, *USERS) if isinstance(one, str)):
        with pytest.raises(Refusal):
            asyncio.run(realm.facts("users", name, "role-mappings"))
        other = Realm(link, "staff")
        if name != "staff":
            other.name = name
            with pytest.raises(Refusal):
                asyncio.run(other.facts())
    # Clients are none of it: there is no way to a secret.
    web = lab.client_id("web")
    for path in (("clients",), ("clients", web), ("clients", web, "client-secret")):
        with pytest.raises(Refusal, match="lacks a role"):
            asyncio.run(realm.rows(*path))
    assert lab.state() == before


def changes(lab: Lab) -> list[tuple[str, str, Any]]:
    """Return what a stolen credential would be used for."""
    anna, web = user_id(lab, "anna"), lab.client_id("web")
    administration = lab.client_id("realm-management")
    role = lab.admin("GET", f"/clients/{administration}/roles/realm-admin")
    [group] = lab.admin("GET", "/groups")
    own = lab.admin("GET", f"/clients/{lab.client_id(LOOKER)}/service-account-user")["id"]
    word = {"type": "password", "value": "a-new-one-0123", "temporary": False}
    mappings = f"role-mappings/clients/{administration}"
    return [
        ("POST", "/users", {"username": "evil", "enabled": True}),
        ("PUT", f"/users/{anna}", {"enabled": False}),
        ("PUT", f"/users/{anna}", {"email": "evil@example.com"}),
        ("DELETE", f"/users/{anna}", None),
        ("PUT", f"/users/{anna}/reset-password", word),
        ("PUT", f"/users/{anna}/execute-actions-email", ["UPDATE_PASSWORD"]),
        ("POST", f"/users/{anna}/logout", {}),
        ("POST", f"/users/{anna}/impersonation", {}),
        ("PUT", f"/users/{anna}/groups/{group['id']}", {}),
        ("DELETE", f"/users/{anna}/groups/{group['id']}", None),
        ("POST", f"/users/{own}/{mappings}", [role]),
        ("POST", f"/users/{anna}/{mappings}", [role]),
        ("POST", f"/groups/{group['id']}/{mappings}", [role]),
        ("POST", "/groups", {"name": "evil"}),
        ("DELETE", f"/groups/{group['id']}", None),
        ("POST", "/roles", {"name": "evil"}),
        ("PUT", "/roles/buyer", {"name": "renamed"}),
        ("DELETE", "/roles/buyer", None),
        ("POST", "/roles/buyer/composites", [role]),
        ("POST", "/clients", {"clientId": "evil"}),
        ("PUT", f"/clients/{web}", {"redirectUris": ["*"]}),
        ("DELETE", f"/clients/{web}", None),
        ("POST", f"/clients/{web}/client-secret", {}),
        ("POST", "/clients-initial-access", {"count": 1}),
        ("POST", "/client-scopes", {"name": "evil", "protocol": "openid-connect"}),
        ("POST", "/identity-provider/instances", {"alias": "evil", "providerId": "oidc"}),
        ("POST", "/components", {"name": "evil", "providerType": "x"}),
        ("POST", "/authentication/flows", {"alias": "evil", "providerId": "basic-flow"}),
        ("PUT", "", {"registrationAllowed": True}),
        ("PUT", "/events/config", {"eventsEnabled": False}),
        ("DELETE", "/events", None),
        ("DELETE", "/admin-events", None),
        ("DELETE", "/attack-detection/brute-force/users", None),
        ("POST", "/logout-all", {}),
        ("POST", "/push-revocation", {}),
        ("POST", "/partialImport", {"ifResourceExists": "OVERWRITE", "users": []}),
        ("POST", "/partial-export?exportClients=true", {}),
        ("POST", "/testSMTPConnection", {"host": "evil.example.com"}),
        ("DELETE", "", None),
    ]


def test_the_account_alone_changes_nothing(lab: Lab) -> None:
    """Whoever has the secret of the link sees people and events, and no secret of anybody."""
    tried = changes(lab)
    token, before = lab.token(LOOKER), lab.state()
    for method, path, body in tried:
        status, _ = lab.send(method, f"/admin/realms/staff{path}", body, token)
        assert status in {401, 403}, (method, path, status)
    web = lab.client_id("web")
    closed = (
        "staff/clients",
        f"staff/clients/{web}",
        f"staff/clients/{web}/client-secret",
        f"staff/clients/{web}/installation/providers/keycloak-oidc-keycloak-json",
        "staff/identity-provider/instances",
        "master",
        "master/users",
    )
    for path in closed:
        assert lab.send("GET", f"/admin/realms/{path}", None, token)[0] in {401, 403}, path
    for path in ("", "users", "events", "admin-events", "keys", "components"):
        status, answer = lab.send("GET", f"/admin/realms/staff/{path}", None, token)
        assert status == 200, path
        said = json.dumps(answer)
        assert [one for one in (WEB_SECRET, *SECRETS.values()) if one in said] == [], path
    # Nobody signs in by its client, with a password or without.
    form = {"client_id": LOOKER, "client_secret": SECRETS[LOOKER], "username": "anna"}
    form |= {"grant_type": "password", "password": PASSWORD}
    where = "/realms/staff/protocol/openid-connect/token"
    assert lab.send("POST", where, form)[0] in {400, 401}
    assert lab.state() == before


def test_an_account_of_more_or_fewer_roles_is_not_used(lab: Lab, tmp_path: Path) -> None:
    """Clients' secrets come with one role more, so nobody looks with it."""
    lab.give("view-clients")
    try:
        error = refused(tools_of(lab, tmp_path), "list_realms")
        assert (error.code, "does not grant" in error.hint) == ("E_UNAVAILABLE", True)
    finally:
        lab.give("view-clients", method="DELETE")
    lab.give("view-events", method="DELETE")
    try:
        error = refused(tools_of(lab, tmp_path), "get_realm", realm="staff")
        assert "lacks view-events of realm-management" in error.hint
    finally:
        lab.give("view-events")
    assert call(tools_of(lab, tmp_path), "get_realm", realm="staff")["data"]["found"]


def test_in_a_realm_of_before_the_job_makes_the_client_and_roles_are_given(
    lab: Lab, tmp_path: Path
) -> None:
    lab.admin("DELETE", f"/clients/{lab.client_id(LOOKER)}")
    assert "or its client is not there" in refused(tools_of(lab, tmp_path), "list_realms").hint
    assert lab.job() == [f"made {LOOKER}"]
    error = refused(tools_of(lab, tmp_path), "get_realm", realm="staff")
    assert "lacks view-events, view-realm, view-users" in error.hint
    lab.give(*ROLES)
    assert lab.job() == []
    assert call(tools_of(lab, tmp_path), "get_realm", realm="staff")["data"]["found"]


def test_errors_are_in_words_of_our_own(lab: Lab, tmp_path: Path) -> None:
    wrong = "wrong-secret-0123456789"
    error = refused(tools_of(lab, tmp_path, secret=wrong), "get_realm", realm="staff")
    assert (error.code, "MCP_KEYCLOAK_CLIENT_SECRET" in error.hint) == ("E_UNAVAILABLE", True)
    assert wrong not in error.hint
