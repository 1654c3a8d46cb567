"""A client that knows nothing but an address signs in at a real Keycloak, and uses the server.

In: the stack of a golden case, a Keycloak with its realm and what its job makes, the generated
server, and the SDK's own OAuth client. Out: what the client lists and may call follows from the
roles of who signed in. Must not know how the server checks a token.
"""

import asyncio
import html
import json
import os
import re
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Generator
from dataclasses import dataclass, field
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from typing import Any

import pytest
import yaml
from fastmcp import Client
from mcp.client.auth import OAuthClientProvider
from mcp.shared.auth import (
    AuthorizationCodeResult,
    OAuthClientInformationFull,
    OAuthClientMetadata,
    OAuthToken,
)
from pydantic import AnyUrl

import keycloak_server
import maven
import npm_programs
import pods
from generated import Generated
from keycloak_stage import BOSS, JOB, SECRETS, SERVER_ADMIN, Lab, add_boss
from levels import runs
from output_checker.places import ROOT

CASE = ROOT / "tests/golden/callers_sign_in_by_a_realm/stack.yaml"
ACCOUNT = "fastmcp-keycloak-staff-sign-in"
SECRET = "a-secret-of-the-callers-0123456789"
REDIRECT = "https://claude.ai/api/mcp/auth_callback"
PASSWORD = "pass-word-of-anna-0123"
READS = ["shop:cnpg:read", "shop:stack-agent:read", "shop:valkey:read"]
WRITES = ["shop:valkey:write"]
# What people may do, by name.
ROLES = {"anna": READS[:2], "bert": [*READS, *WRITES], "carl": []}
# What AI clients ask for besides, so that people stay signed in.
STAYS = "offline_access"
UNUSED_SECONDS = 7 * 24 * 60 * 60
# The newest, and the newest of those that came before it.
TYPESCRIPT = ["@modelcontextprotocol/client", "sdk-1-32"]
TYPESCRIPT_WITHIN_S = 120


@dataclass
class Stage:
    """A Keycloak, a server that trusts it, and what the job said."""

    keycloak: Lab
    server: pods.Running
    said: list[str]


@pytest.fixture(scope="module")
def stage(binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Generator[Stage]:
    if not maven.has_java():
        pytest.skip("no `java` or no `mvn` on PATH: nobody signed in at a real Keycloak")
    folder = tmp_path_factory.mktemp("sign_in")
    document = yaml.safe_load(CASE.read_text(encoding="utf-8"))
    assert runs.gen(binary, folder, document).returncode == 0
    generated = Generated(folder / "out")
    base = generated.base("keycloak")
    spec = yaml.safe_load((base / "realm-staff.yaml").read_text("utf-8"))["spec"]
    port = pods.free_port()
    write_job(folder, base, f"http://127.0.0.1:{port}")
    add_boss(spec["realm"])
    [placeholder] = spec["placeholders"]
    values = {placeholder: SECRETS[JOB], **SERVER_ADMIN}
    with keycloak_server.running(spec["realm"], values, folder) as address:
        keycloak = Lab(address, folder)
        said = keycloak.job()
        assert keycloak.job() == []
        fill(keycloak)
        realm = f"{address}/realms/staff"
        pod = pods.make_pod(
            folder / "pod",
            generated,
            MCP_KEYCLOAK_SIGN_IN_ISSUER=realm,
            MCP_KEYCLOAK_SIGN_IN_JWKS_URL=f"{realm}/protocol/openid-connect/certs",
            STACKTIC_PUBLIC_URL=f"http://127.0.0.1:{port}",
        )
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(pods, "free_port", lambda: port)
            with pods.running(pod) as server:
                yield Stage(keycloak, server, said)


def write_job(folder: Path, base: Path, address: str) -> None:
    """Lay out what the job mounts; the server is at a host of the test's."""
    texts = yaml.safe_load((base / "clients.yaml").read_text("utf-8"))["data"]
    for name in ("clients", "lookers", "none"):
        (folder / name).mkdir()
    for name, text in texts.items():
        local = text.replace("https://fastmcp.shop.example.com/mcp", f"{address}/mcp")
        (folder / "clients" / name).write_text(local, encoding="utf-8")
    (folder / "lookers" / ACCOUNT).write_text(SECRET, encoding="utf-8")


def fill(keycloak: Lab) -> None:
    """People, with what the realm's administrator lets them do."""
    client = keycloak.client_id(ACCOUNT)
    for name, roles in ROLES.items():
        person = {"username": name, "enabled": True, "firstName": name, "lastName": "Meyer"}
        credential = {"type": "password", "value": PASSWORD}
        address = {"email": f"{name}@example.org", "emailVerified": True}
        keycloak.admin("POST", "/users", {**person, **address, "credentials": [credential]})
        [user] = keycloak.admin("GET", f"/users?username={name}&exact=true")
        given = [keycloak.admin("GET", f"/clients/{client}/roles/{role}") for role in roles]
        where = f"/users/{user['id']}/role-mappings/clients/{client}"
        if given:
            keycloak.admin("POST", where, given)


@dataclass
class Memory:
    """What an OAuth client keeps: that it is known to Keycloak, and its tokens."""

    tokens: OAuthToken | None = None
    client: OAuthClientInformationFull = field(
        default_factory=lambda: OAuthClientInformationFull(
            client_id=ACCOUNT,
            client_secret=SECRET,
            redirect_uris=[AnyUrl(REDIRECT)],
            # Without it the SDK takes the client for one that has no secret.
            token_endpoint_auth_method="client_secret_basic",
        )
    )

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self.client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self.client = client_info


class Stay(urllib.request.HTTPRedirectHandler):
    """A browser that does not follow to the client's own address."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: Any,
        code: int,
        msg: str,
        headers: Any,
        newurl: str,
    ) -> urllib.request.Request | None:
        if newurl.startswith(REDIRECT):
            return None
        return super().redirect_request(req, fp, code, msg, headers, newurl)


@dataclass
class Browser:
    """A person who is led to the login page, and types a name and a password."""

    name: str
    asked: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    back: dict[str, str] = field(default_factory=dict[str, str])
    led_to: str = ""

    async def go(self, address: str) -> None:
        self.asked = urllib.parse.parse_qs(urllib.parse.urlsplit(address).query)
        await asyncio.to_thread(self.sign_in, address)

    def sign_in(self, address: str) -> None:
        # As a browser does, loopback counts as safe enough for cookies that are.
        policy = DefaultCookiePolicy(secure_protocols=("http", "https"))
        jar = urllib.request.HTTPCookieProcessor(CookieJar(policy))
        opener = urllib.request.build_opener(jar, Stay)
        try:
            with opener.open(address, timeout=60) as page:
                text = page.read().decode()
        except urllib.error.HTTPError as back:
            pytest.fail(f"the login page was not shown: {back.headers['Location']}")
        found = re.search(r'action="([^"]+)"', text)
        assert found, text[:2000]
        form = urllib.parse.urlencode({"username": self.name, "password": PASSWORD}).encode()
        with pytest.raises(urllib.error.HTTPError) as led:
            opener.open(html.unescape(found[1]), form, timeout=60)
        where = led.value.headers["Location"]
        assert where, led.value.read().decode()[:4000]
        assert where.startswith(REDIRECT), where
        self.led_to = where
        self.back = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(where).query))

    async def answer(self) -> AuthorizationCodeResult:
        back = self.back
        return AuthorizationCodeResult(
            code=back["code"], state=back.get("state"), iss=back.get("iss")
        )


def use_typescript(stage: Stage, browser: Browser, sdk: str) -> dict[str, Any]:
    """Sign in with a client of the TypeScript SDK, and return what it says."""
    place = npm_programs.packages() / "sign_in.mjs"
    place.write_bytes((npm_programs.CLIENTS / place.name).read_bytes())
    command = [npm_programs.node(), str(place), sdk, stage.server.url, REDIRECT]
    environ = {"PATH": os.environ["PATH"], "CLIENT_ID": ACCOUNT, "CLIENT_SECRET": SECRET}
    with subprocess.Popen(
        command,
        cwd=place.parent,
        env=environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as client:
        try:
            assert client.stdout is not None
            where = client.stdout.readline().strip()
            if where:
                browser.sign_in(where)
            out, err = client.communicate(browser.led_to + "\n", timeout=TYPESCRIPT_WITHIN_S)
        finally:
            client.kill()
    assert client.returncode == 0, err
    said: dict[str, Any] = json.loads(out)
    return said


async def use(stage: Stage, browser: Browser, memory: Memory) -> tuple[set[str], dict[str, Any]]:
    """Sign in and use the server: the names that are listed, and a verdict a tool."""
    provider = OAuthClientProvider(
        server_url=stage.server.url,
        client_metadata=OAuthClientMetadata(redirect_uris=[AnyUrl(REDIRECT)], client_name="test"),
        storage=memory,
        redirect_handler=browser.go,
        callback_handler=browser.answer,
    )
    calls = {
        "explain_access": {"component": "valkey"},
        "cnpg_list_databases": {},
        "valkey_dbsize": {},
    }
    verdicts: dict[str, Any] = {}
    async with Client(stage.server.url, auth=provider) as client:
        names = {tool.name for tool in await client.list_tools()}
        for name, arguments in calls.items():
            result = await client.call_tool(name, arguments, raise_on_error=False)
            text = str(getattr(result.content[0], "text", ""))
            verdicts[name] = json.loads(text).get("code") if result.is_error else None
    return names, verdicts


def test_the_job_makes_a_scope_for_each_link(stage: Stage) -> None:
    assert sorted(stage.said) == sorted(
        [
            f"made {ACCOUNT}",
            *(f"{ACCOUNT} may ask for {scope}" for scope in [*READS, *WRITES, STAYS]),
        ]
    )


def test_who_signs_in_lists_and_calls_what_their_roles_allow(stage: Stage) -> None:
    browser, memory = Browser("anna"), Memory()
    names, verdicts = asyncio.run(use(stage, browser, memory))
    assert browser.asked["code_challenge_method"] == ["S256"]
    assert "explain_access" in names
    assert any(name.startswith("cnpg_") for name in names)
    assert not any(name.startswith("valkey_") for name in names)
    assert verdicts["explain_access"] is None
    # Let through, and nobody is there.
    assert verdicts["cnpg_list_databases"] not in {None, "E_SCOPE"}
    assert verdicts["valkey_dbsize"] == "E_SCOPE"
    assert memory.tokens is not None
    granted = set((memory.tokens.scope or "").split())
    assert granted & set(READS + WRITES) == set(ROLES["anna"])
    lines = [json.loads(line) for line in stage.server.audit()]
    keys = {line["key"] for line in lines if line["method"] == "tools/call"}
    assert len(keys) == 1
    assert keys.pop().startswith(f"{ACCOUNT}/")
    assert memory.tokens.access_token not in stage.server.log()


def test_who_may_do_all_lists_all(stage: Stage) -> None:
    names, verdicts = asyncio.run(use(stage, Browser("bert"), Memory()))
    assert any(name.startswith("valkey_") for name in names)
    assert verdicts["valkey_dbsize"] not in {None, "E_SCOPE"}


def test_who_has_no_role_gets_a_token_that_opens_nothing(stage: Stage) -> None:
    memory = Memory()
    with pytest.raises(Exception, match="error response"):
        asyncio.run(use(stage, Browser("carl"), memory))
    assert memory.tokens is not None
    status, challenge = refusal(stage, memory.tokens.access_token)
    assert status == 403
    assert 'error="insufficient_scope"' in challenge
    assert all(scope in challenge for scope in READS + WRITES)


def refusal(stage: Stage, token: str) -> tuple[int, str]:
    """Return with what the server refuses a token."""
    request = urllib.request.Request(stage.server.url, b"{}")
    request.add_header("Authorization", f"Bearer {token}")
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=20)
    return refused.value.code, refused.value.headers["WWW-Authenticate"]


@pytest.mark.parametrize("sdk", TYPESCRIPT)
def test_a_typescript_client_without_a_key_signs_in(stage: Stage, sdk: str) -> None:
    said = use_typescript(stage, Browser("anna"), sdk)
    assert said["refused"] == "UnauthorizedError"
    assert any(name.startswith("cnpg_") for name in said["tools"])
    assert not any(name.startswith("valkey_") for name in said["tools"])
    assert said["verdicts"]["explain_access"] is None
    assert said["verdicts"]["cnpg_list_databases"] not in {None, "E_SCOPE"}
    assert said["verdicts"]["valkey_dbsize"] == "E_SCOPE"
    assert set(said["scope"].split()) & set(READS + WRITES) == set(ROLES["anna"])


def refreshed(stage: Stage, memory: Memory) -> tuple[int, dict[str, Any]]:
    """Ask for a new token by what an AI client keeps."""
    assert memory.tokens is not None
    form = {
        "grant_type": "refresh_token",
        "refresh_token": memory.tokens.refresh_token,
        "client_id": ACCOUNT,
        "client_secret": SECRET,
    }
    status, answer = stage.keycloak.send(
        "POST", "/realms/staff/protocol/openid-connect/token", form
    )
    return status, answer or {}


def test_who_stays_signed_in_does_so_within_bounds(stage: Stage) -> None:
    memory, keycloak = Memory(), stage.keycloak
    asyncio.run(use(stage, Browser("bert"), memory))
    client = keycloak.client_id(ACCOUNT)
    [user] = keycloak.admin("GET", "/users?username=bert&exact=true")
    person = f"/users/{user['id']}"
    status, answer = refreshed(stage, memory)
    assert status == 200
    assert STAYS in answer["scope"].split()
    assert 0 < answer["refresh_expires_in"] <= UNUSED_SECONDS
    # A role that is gone is gone with the next token.
    roles = f"{person}/role-mappings/clients/{client}"
    held = keycloak.admin("GET", roles)
    keycloak.admin("DELETE", roles, [role for role in held if role["name"] in WRITES])
    status, answer = refreshed(stage, memory)
    assert status == 200
    assert set(answer["scope"].split()) & set(READS + WRITES) == set(READS)
    # What the person gave the client is taken back: it has to lead them to the login page again.
    keycloak.admin("DELETE", f"{person}/consents/{ACCOUNT}")
    assert refreshed(stage, memory)[0] == 400
    keycloak.admin("POST", roles, [role for role in held if role["name"] in WRITES])


def test_a_token_of_the_realm_for_somebody_else_is_refused(stage: Stage) -> None:
    status, challenge = refusal(stage, stage.keycloak.token(BOSS))
    assert status == 401
    assert 'error="invalid_token"' in challenge


def test_a_link_that_is_gone_takes_its_scope(stage: Stage) -> None:
    file = stage.keycloak.folder / "clients" / f"staff_{ACCOUNT}.scopes"
    kept = [line for line in file.read_text("utf-8").splitlines() if "valkey" not in line]
    file.write_text("\n".join(kept) + "\n", encoding="utf-8")
    said = stage.keycloak.job()
    gone = [scope for scope in READS + WRITES if "valkey" in scope]
    assert sorted(said) == sorted(f"{ACCOUNT} may no longer ask for {scope}" for scope in gone)
    client = stage.keycloak.client_id(ACCOUNT)
    left = stage.keycloak.admin("GET", f"/clients/{client}/optional-client-scopes")
    assert {scope["name"] for scope in left} == set(kept)
