"""Tokens at the running server: good ones, forged ones, and what their scopes allow.

In: a provider on loopback that signs anything, a server that trusts it, static keys beside it.
Out: statuses, challenges, lists, verdicts and the audit.
Must not know: how a token is checked.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from core_client import Session, post, request
from core_server import KEY, Running, make_pod, running, sample_links
from issuer import AUDIENCE, Issuer, base64url, encoded, issuing

LIST = {"method": "tools/list"}
PUBLIC = "https://fastmcp.stack-3.source-lab.io"
METADATA = f"{PUBLIC}/.well-known/oauth-protected-resource/mcp"
SCOPES = ["stack-3:left:read", "stack-3:left:write", "stack-3:right:read", "stack-3:right:write"]


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    with issuing() as started:
        yield started


@pytest.fixture(scope="module")
def server(issuer: Issuer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    pod = make_pod(tmp_path_factory.mktemp("sign_in") / "pod", sample_links("left", "right"))
    topology = pod.read("topology.json")
    topology["sign_in"] = {"env": "MCP_KEYCLOAK", "resource": AUDIENCE}
    topology["clients"] = [
        {"name": "narrow", "links": {"left": "read"}, "expires": None},
        {"name": "over", "links": None, "expires": "2001-01-01"},
    ]
    pod.write("topology.json", topology)
    secret = pod.secrets / "MCP_KEYCLOAK_SIGN_IN_CLIENT_SECRET"
    secret.write_text("a-secret-of-the-client", encoding="utf-8")
    pod.environ = {
        "MCP_LEFT_WRITE_ACCESS": "true",
        "MCP_RIGHT_WRITE_ACCESS": "true",
        "MCP_KEYCLOAK_SIGN_IN_ISSUER": issuer.url,
        "MCP_KEYCLOAK_SIGN_IN_JWKS_URL": f"{issuer.url}/certs",
    }
    with running(pod) as started:
        yield started


@pytest.fixture(autouse=True)
def rested() -> None:
    """Let the rate of the test before drain."""
    time.sleep(0.2)


def forged(issuer: Issuer) -> dict[str, str]:
    """Return tokens with one thing wrong each."""
    good, now = issuer.token(), int(time.time())
    head, body, signature = good.split(".")
    stranger = Issuer(issuer.url)
    longer = base64url(json.dumps(issuer.claims(scope=" ".join(SCOPES))).encode())
    flipped = base64.urlsafe_b64decode(signature + "==")
    flipped = bytes([flipped[0] ^ 1]) + flipped[1:]
    key = {"jwk": {**stranger.jwks()["keys"][0]}, "jku": "http://127.0.0.1:1/certs"}
    return {
        "expired": issuer.token(exp=now - 1),
        "expires never": issuer.token(exp=None),
        "expires as text": issuer.token(exp=str(now + 60)),
        "expires at infinity": issuer.token(exp=float("inf")),
        "expires at no number": issuer.token(exp=float("nan")),
        "not yet valid": issuer.token(nbf=now + 600),
        "another issuer": issuer.token(iss="https://evil.example/realms/main"),
        "issuer with a slash": issuer.token(iss=issuer.url + "/"),
        "issuer in a list": issuer.token(iss=[issuer.url]),
        "no issuer": issuer.token(iss=None),
        "another audience": issuer.token(aud="https://other.example/mcp"),
        "audience of another server": issuer.token(aud=["account", f"{PUBLIC}/mcp2"]),
        "audience without path": issuer.token(aud=PUBLIC),
        "no audience": issuer.token(aud=None),
        "nobody": issuer.token(sub=None, azp=None),
        "signed by a stranger": stranger.token(),
        "signed by a stranger who brings the key": stranger.token(headers=key),
        "signed by a stranger of another kid": stranger.token(headers={"kid": "x"}),
        "a critical header nobody knows": issuer.token(headers={"crit": ["b64x"], "b64x": 1}),
        "algorithm none": issuer.unsigned("none"),
        "algorithm None": issuer.unsigned("None"),
        "none with a signature": f"{encoded({'alg': 'none'}, issuer.claims())}.{signature}",
        "signed by the public key": issuer.by_public_key(),
        "RS512 in the header": issuer.token(headers={"alg": "RS512"}),
        "one bit of the signature": f"{head}.{body}.{base64url(flipped)}",
        "no signature": f"{head}.{body}.",
        "claims exchanged": f"{head}.{longer}.{signature}",
        "claims that are a list": f"{head}.{base64url(b'[]')}.{signature}",
        "no claims": f"{head}..{signature}",
        "two parts": f"{head}.{body}",
        "four parts": f"{good}.{signature}",
        "too long": issuer.token(more="x" * 9000),
        "of a client that is over": issuer.token(azp="over"),
    }


def test_every_forged_token_is_refused_and_tells_nothing_more(
    issuer: Issuer, server: Running
) -> None:
    assert post(server, LIST, key=issuer.token()).status != 401
    seen: dict[str, Any] = {}
    for why, token in forged(issuer).items():
        before = len(server.audit())
        reply = post(server, LIST, key=token)
        seen[why] = reply.status, reply.headers.get("www-authenticate")
        assert [line["code"] for line in server.audit()[before:]] == ["HTTP_401"], why
    challenge = f'Bearer error="invalid_token", resource_metadata="{METADATA}"'
    assert seen == dict.fromkeys(seen, (401, challenge))
    assert len(seen) >= 30


@pytest.mark.parametrize("path", ["/mcp", "/", "/sse", "/.well-known/openid-configuration"])
def test_a_stranger_is_led_to_the_metadata(server: Running, path: str) -> None:
    reply = request(server, "POST", path, body=b"{}")
    assert reply.status == 401
    assert reply.headers["www-authenticate"] == f'Bearer resource_metadata="{METADATA}"'


@pytest.mark.parametrize("end", ["", "/mcp"])
def test_the_metadata_is_open_and_names_provider_address_and_scopes(
    issuer: Issuer, server: Running, end: str
) -> None:
    path = f"/.well-known/oauth-protected-resource{end}"
    reply = request(server, "GET", path, headers={"origin": "https://claude.ai"})
    assert reply.status == 200
    assert reply.headers["access-control-allow-origin"] == "*"
    document = reply.json
    assert document["resource"] == AUDIENCE
    assert document["authorization_servers"] == [issuer.url]
    assert document["scopes_supported"] == SCOPES
    assert document["bearer_methods_supported"] == ["header"]
    assert request(server, "POST", path, body=b"{}").status == 405


@pytest.mark.parametrize("scope", ["openid", "stack-4:left:read", "stack-3:gone:read", None])
def test_a_good_token_without_a_scope_of_this_server_is_forbidden(
    issuer: Issuer, server: Running, scope: str | None
) -> None:
    reply = post(server, LIST, key=issuer.token(scope=scope))
    assert reply.status == 403
    challenge = reply.headers["www-authenticate"]
    assert 'error="insufficient_scope"' in challenge
    assert f'scope="{" ".join(SCOPES)}"' in challenge
    assert f'resource_metadata="{METADATA}"' in challenge


def test_scopes_narrow_the_list_and_every_call(issuer: Issuer, server: Running) -> None:
    session = Session.opened(server, issuer.token(scope="stack-3:left:read"))
    names = [tool["name"] for tool in session.result("tools/list")["tools"]]
    assert "sample_list" in names
    assert "sample_delete" not in names
    verdicts = {
        (tool, component): session.call(
            tool, {"component": component, "database": f"{component}_db"}
        ).get("code")
        for tool in ("sample_list", "sample_delete")
        for component in ("left", "right")
    }
    assert verdicts == {
        ("sample_list", "left"): None,
        ("sample_list", "right"): "E_SCOPE",
        ("sample_delete", "left"): "E_SCOPE",
        ("sample_delete", "right"): "E_SCOPE",
    }


def test_scopes_may_be_a_list_and_lie_in_scp(issuer: Issuer, server: Running) -> None:
    token = issuer.token(scope=None, scp=["stack-3:right:write"])
    session = Session.opened(server, token)
    arguments = {"component": "right", "database": "right_db"}
    assert "code" not in session.call("sample_delete", arguments)


def test_the_profile_of_the_client_narrows_its_tokens(issuer: Issuer, server: Running) -> None:
    token = issuer.token(azp="narrow", scope=" ".join(SCOPES))
    session = Session.opened(server, token)
    arguments = {"component": "right", "database": "right_db"}
    assert session.call("sample_list", arguments)["code"] == "E_SCOPE"


def test_callers_are_told_apart_by_client_and_person(issuer: Issuer, server: Running) -> None:
    before = len(server.audit())
    odd = "a/b\n\u202e" + "x" * 300
    people: list[dict[str, Any]] = [
        {},
        {"sub": "9c"},
        {"azp": "other"},
        {"sub": odd},
        {"azp": "first", "sub": ""},
    ]
    for claims in people:
        assert post(server, LIST, key=issuer.token(**claims)).status in {200, 400}
    names = [line["key"] for line in server.audit()[before:]]
    assert names[:3] == ["claude/7b1e", "claude/9c", "other/7b1e"]
    assert names[3].startswith("claude/~")
    assert len(names[3]) == len("claude/~") + 16
    # Never the name of a static key.
    assert names[4] == "first/"


def test_a_session_is_of_the_caller_and_not_of_the_token(issuer: Issuer, server: Running) -> None:
    session = Session.opened(server, issuer.token())
    assert session.send("ping", key=issuer.token(jti="another")).status == 200
    assert session.send("ping", key=issuer.token(sub="9c")).status == 404
    assert session.send("ping", key=issuer.token(azp="other")).status == 404
    assert session.send("ping", key=KEY).status == 404


def test_a_token_that_ends_ends_the_session(issuer: Issuer, server: Running) -> None:
    token = issuer.token(exp=int(time.time()) + 2)
    session = Session.opened(server, token)
    assert session.send("ping").status == 200
    time.sleep(2.1)
    assert session.send("ping").status == 401


def test_static_keys_stay_beside_tokens(server: Running) -> None:
    names = [tool["name"] for tool in Session.opened(server, KEY).result("tools/list")["tools"]]
    assert "sample_delete" in names
    assert post(server, LIST, key=KEY + "x").status == 401


def test_cursors_of_who_signed_in_hold_for_them_alone(issuer: Issuer, server: Running) -> None:
    arguments = {"component": "left", "database": "left_db", "size": 4000}
    own = Session.opened(server, issuer.token())
    page = own.call("sample_list", arguments)
    more = {**arguments, "cursor": page["next_cursor"]}
    assert own.call("sample_list", more)["data"][0]["n"] == page["returned"]
    other = Session.opened(server, issuer.token(sub="9c"))
    assert other.call("sample_list", more)["code"] == "E_ARG"


def test_no_token_reaches_log_or_audit_and_keys_are_fetched_seldom(
    issuer: Issuer, server: Running
) -> None:
    token = issuer.token()
    post(server, LIST, key=token)
    written = server.log() + json.dumps(server.audit())
    assert all(part not in written for part in token.split(".")[1:])
    assert issuer.asked <= 3
