"""The Keycloak tools against a stand-in that keeps state and refuses as the server does.

In: `fastmcp-keycloak` as written; an account with the roles that catalog/keycloak gives.
Out: proof of what is shown of people and keys, which accounts are not used, and what is asked.
Must not know: FastMCP's HTTP side. `tests/lab/test_keycloak_tools.py` has a real server.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import pytest

from conftest import LinkFacts, MakeTools
from servers.keycloak_stub import ANNA, Keycloak, Realm, token_of
from servers.stub import Stub, serving
from stacktic_mcp.core.toolkit import Toolset
from stacktic_mcp.lib.refusal import Refusal
from stacktic_mcp.tools.keycloak import keycloak_client
from stacktic_mcp.tools.keycloak.keycloak_client import claims_of
from stacktic_mcp.tools.keycloak.keycloak_tools import register
from stacktic_mcp.tools.keycloak.keycloak_views import event_row, masked, moment, network_of

pytestmark = pytest.mark.anyio

STAFF = {"realm": "staff"}
READ_CALLS: dict[str, dict[str, Any]] = {
    "keycloak_list_realms": {},
    "keycloak_get_realm": STAFF,
    "keycloak_realm_health": STAFF,
    "keycloak_list_client_sessions": STAFF,
    "keycloak_list_users": STAFF,
    "keycloak_list_events": STAFF,
    "keycloak_list_changes": STAFF,
}
SECRET = "hidden-value-0123456789"


@dataclass
class Running:
    """The stand-in and its state."""

    stub: Stub
    keycloak: Keycloak

    @property
    def staff(self) -> Realm:
        """Return the realm that is linked and there."""
        return self.keycloak.realms["staff"]


@pytest.fixture
def running() -> Generator[Running]:
    """A server with one linked realm, and one that is not."""
    staff = Realm(
        facts={
            "realm": "staff",
            "enabled": True,
            "bruteForceProtected": True,
            "eventsEnabled": True,
            "smtpServer": {"password": SECRET},
            "attributes": {"x": SECRET},
        },
        users=[
            {
                "id": ANNA,
                "username": "anna@example.com",
                "email": "anna@example.com",
                "firstName": SECRET,
                "attributes": {"phone": [SECRET]},
                "credentials": [{"secretData": SECRET}],
            },
            *({"id": f"{number}", "username": f"u{number}"} for number in range(6)),
        ],
        events=[
            {
                "type": "LOGIN_ERROR",
                "time": 1_796_000_000_000,
                "ipAddress": "10.1.2.3",
                "sessionId": SECRET,
                "details": {"username": "anna@example.com", "code_id": SECRET},
            }
        ],
        keys=[
            {
                "status": "ACTIVE",
                "use": "SIG",
                "algorithm": "RS256",
                "validTo": (time.time() + 9.5 * 86400) * 1000,
                "publicKey": SECRET,
                "certificate": SECRET,
            }
        ],
    )
    keycloak = Keycloak(realms={"staff": staff, "master": Realm()})
    with serving(keycloak.answer) as stub:
        yield Running(stub, keycloak)


@pytest.fixture
def tools(running: Running, make_tools: MakeTools) -> Toolset:
    """Return the tools of a link to two realms, of which one is there."""
    return make_tools(register, link(running))


def link(running: Running, secret: str = "looker_secret") -> LinkFacts:
    port = str(running.stub.port)
    return LinkFacts(
        "keycloak",
        "fastmcp-keycloak",
        "MCP_KEYCLOAK",
        values={"HOST": "127.0.0.1", "PORT": port, "CLIENT_ID": "looker"},
        secrets={"CLIENT_SECRET": secret},
        enums={"realms": ["customers", "staff"]},
    )


async def refusal(tools: Toolset, name: str, **arguments: Any) -> Refusal:
    """Return the refusal a call must end in."""
    with pytest.raises(Refusal) as caught:
        await tools.call(name, arguments)
    return caught.value


def asked(running: Running) -> list[tuple[str, ...]]:
    """Return what was asked with a token."""
    return [one.path for one in running.stub.requests if one.method == "GET"]


@pytest.mark.parametrize("name", sorted(READ_CALLS))
async def test_tools_change_nothing_and_show_no_secret(
    running: Running, tools: Toolset, name: str
) -> None:
    """Beside GET there is one request: that for a token."""
    before = running.keycloak.snapshot()
    answer = await tools.call(name, READ_CALLS[name])
    assert (answer["link"], answer["untrusted"]) == ("keycloak", True)
    assert running.keycloak.snapshot() == before
    others = [one.path[-1] for one in running.stub.requests if one.method != "GET"]
    assert set(others) == {"token"}
    said = str(answer)
    assert [one for one in (SECRET, "anna@", "10.1.2.3", "e30.") if one in said] == []


async def test_the_tools_are_those(tools: Toolset) -> None:
    """All of them read."""
    assert {tool.name for tool in tools.tools} == {*READ_CALLS, "keycloak_get_user_access"}
    assert {tool.tool_class for tool in tools.tools} == {"read"}


async def test_pages(running: Running, tools: Toolset) -> None:
    """The server counts off, and is asked for one row more than is shown."""
    first = await tools.call("keycloak_list_users", {**STAFF, "limit": 5})
    assert (first["returned"], first["truncated_by"]) == (5, "rows")
    rest = {**STAFF, "limit": 5, "cursor": first["next_cursor"]}
    second = await tools.call("keycloak_list_users", rest)
    assert (second["returned"], second["next_cursor"]) == (2, None)
    pages = [one for one in running.stub.requests if one.path[-1] == "users"]
    assert [(one.first("first"), one.first("max")) for one in pages] == [("0", "6"), ("5", "6")]
    error = await refusal(tools, "keycloak_list_events", **rest)
    assert error.code == "E_ARG"


async def test_a_realm_that_is_not_there_is_told(tools: Toolset) -> None:
    """One of two linked realms was never made."""
    rows = (await tools.call("keycloak_list_realms"))["data"]
    assert [(row["realm"], row["found"]) for row in rows] == [("customers", False), ("staff", True)]
    error = await refusal(tools, "keycloak_get_realm", realm="customers")
    assert (error.code, error.hint) == ("E_NOT_FOUND", "keycloak has no realm customers")


async def test_a_realm_that_is_not_linked_is_not_asked(running: Running, tools: Toolset) -> None:
    """Though the server has it, and the account as well."""
    error = await refusal(tools, "keycloak_get_realm", realm="master")
    assert (error.code, error.allowed_values) == ("E_SCOPE", ("customers", "staff"))
    assert running.stub.requests == []


async def test_health_names_what_is_wrong(running: Running, tools: Toolset) -> None:
    """A key that expires soon, and guards that are off."""
    running.staff.facts |= {"bruteForceProtected": False, "eventsEnabled": False}
    data = (await tools.call("keycloak_realm_health", STAFF))["data"]
    assert (data["healthy"], data["people"], data["failed_logins_last_hour"]) == (False, 7, 1)
    assert len(data["problems"]) == 3
    assert "the RS256 key expires in 9 days" in data["problems"]


@pytest.mark.parametrize(
    ("roles", "others", "realm_roles"),
    [
        (["view-clients", "query-clients"], {}, None),
        (["manage-users"], {}, None),
        (["realm-admin"], {}, None),
        (["impersonation"], {}, None),
        (["a-role-of-tomorrow"], {}, None),
        ([], {"web": ["buyer"]}, None),
        ([], {"broker": ["read-token"]}, None),
        ([], {}, ["admin"]),
        ([], {}, ["default-roles-other"]),
    ],
)
async def test_an_account_of_more_roles_is_not_used(
    running: Running,
    tools: Toolset,
    roles: list[str],
    others: dict[str, Any],
    realm_roles: list[str] | None,
) -> None:
    """Its token is looked at before anything is asked with it."""
    running.staff.roles += roles
    running.staff.others, running.staff.realm_roles = others, realm_roles
    error = await refusal(tools, "keycloak_list_users", **STAFF)
    assert (error.code, "does not grant" in error.hint) == ("E_UNAVAILABLE", True)
    assert asked(running) == []


async def test_an_account_of_fewer_roles_says_which(running: Running, tools: Toolset) -> None:
    """Who administers the server is told what to give."""
    running.staff.roles = ["view-users", "query-users", "query-groups"]
    error = await refusal(tools, "keycloak_list_users", **STAFF)
    assert "lacks view-events, view-realm of realm-management" in error.hint
    assert asked(running) == []


async def test_roles_of_everyone_do_no_harm(running: Running, tools: Toolset) -> None:
    """Accounts may have what each person of the realm has."""
    running.staff.realm_roles = ["default-roles-staff", "offline_access", "uma_authorization"]
    running.staff.others = {"account": ["view-profile", "manage-account"]}
    assert (await tools.call("keycloak_list_users", STAFF))["returned"] == 7


async def test_a_token_is_used_again_and_given_up(
    running: Running, tools: Toolset, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each login is an event of the realm, so there are few; what is widened is noticed soon."""
    for _ in range(3):
        await tools.call("keycloak_list_users", STAFF)
    assert len([one for one in running.stub.requests if one.path[-1] == "token"]) == 1
    running.staff.roles.append("view-clients")
    later = time.monotonic() + keycloak_client.TOKEN_SECONDS + 1
    monkeypatch.setattr(keycloak_client.time, "monotonic", lambda: later)
    assert "does not grant" in (await refusal(tools, "keycloak_list_users", **STAFF)).hint


async def test_a_token_that_is_refused_is_not_kept(running: Running, tools: Toolset) -> None:
    """Keycloak begins anew with other keys; the second call has a token of its own."""
    await tools.call("keycloak_list_users", STAFF)
    running.keycloak.tokens.clear()
    assert (await refusal(tools, "keycloak_list_users", **STAFF)).code == "E_UNAVAILABLE"
    assert (await tools.call("keycloak_list_users", STAFF))["returned"] == 7


async def test_a_wrong_secret_is_named_and_not_shown(
    running: Running, make_tools: MakeTools
) -> None:
    """Nor is the text of the server."""
    tools = make_tools(register, link(running, "another_secret"))
    error = await refusal(tools, "keycloak_list_users", **STAFF)
    assert (error.code, "MCP_KEYCLOAK_CLIENT_SECRET" in error.hint) == ("E_UNAVAILABLE", True)
    assert [one for one in ("another_secret", "driver text") if one in error.hint] == []


@pytest.mark.parametrize("token", ["", "a.b", "a.b.c", "a.!!.c", "a.W10.c", "a.bnVsbA.c"])
async def test_a_token_of_another_form_is_refused(token: str) -> None:
    """It says nothing of roles, so it may have any."""
    with pytest.raises(Refusal) as caught:
        claims_of(token)
    assert caught.value.code == "E_UNAVAILABLE"


async def test_claims_are_read() -> None:
    """A token is read without its signature: Keycloak gave it, and checks it."""
    claims = claims_of(token_of({"realm-management": ["view-users"]}))
    assert claims["resource_access"]["realm-management"]["roles"] == ["view-users"]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("anna", "anna"),
        ("anna.meyer@example.com", "a***@example.com"),
        ("a@b@example.com", "a***@example.com"),
        ("users/anna@example.com", "u***@example.com"),
        ("@example.com", "@***"),
        ("anna @ example.com", "a***"),
        ("an\x1b[31mna\u202e", "anna"),
        ("", None),
        (None, None),
        (7, None),
    ],
)
async def test_names_are_masked(name: Any, shown: str | None) -> None:
    """Of an address the first character stays, and whose it is."""
    assert masked(name) == shown


async def test_addresses_and_times() -> None:
    """What is not told is nothing, and nothing is an error."""
    assert network_of("10.1.2.3") == "10.1.2.0/24"
    assert network_of("2001:db8:1:2:3:4:5:6") == "2001:db8:1::/48"
    assert (network_of(None), network_of("n/a")) == (None, None)
    assert moment(1_796_000_000_000) == "2026-11-30T00:53:20+00:00"
    assert (moment(0), moment(None), moment(1e30), moment("x")) == (None, None, None, None)
    assert event_row({})["username"] is None
