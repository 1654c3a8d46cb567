"""A real Keycloak with a generated realm, and the tools of an MCP server that is linked to it.

In: the stack of a golden case, somebody who may do all. Out: people, failed logins, ways to ask and
to change; everything a call could change. Must not know what a test is after.
"""

import asyncio
import json
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

import keycloak_server
from levels import runs
from output_checker.places import ROOT
from stacktic_mcp.core.cursors import CursorSigner
from stacktic_mcp.core.governed import Runtime
from stacktic_mcp.core.settings import Settings
from stacktic_mcp.core.toolkit import Link, Toolset
from stacktic_mcp.core.topology import Topology
from stacktic_mcp.lib.refusal import Refusal
from stacktic_mcp.tools.keycloak.keycloak_tools import register

CASE = ROOT / "tests/golden/link_fastmcp_keycloak/stack.yaml"
BASE = Path("out/k8s/deploy/base")
JOB, BOSS, LOOKER = "stacktic-clients", "boss", "fastmcp-keycloak"
SECRETS = {
    JOB: "secret-of-the-job-0123456789abcdef",
    BOSS: "secret-of-the-boss-0123456789abcdef",
    LOOKER: "secret-of-the-looker-0123456789abcd",
}
SERVER_ADMIN = {
    "KC_BOOTSTRAP_ADMIN_USERNAME": "server-admin",
    "KC_BOOTSTRAP_ADMIN_PASSWORD": "word-of-the-server-admin-0123",
}
WEB_SECRET = "TOP-SECRET-of-web-0123456789"
PASSWORD = "pass-word-of-anna-0123"
ADDRESS = "anna.meyer@example.com"
# Some twenty programs of Java one after the other, on a machine that may be busy.
JOB_WITHIN_S = 900
TOKEN_SECONDS = 120
Json = dict[str, Any]


@dataclass
class Lab:
    """A server, what was generated for it, and ways to ask it."""

    address: str
    folder: Path
    tokens: dict[str, tuple[str, float]] = field(default_factory=dict[str, tuple[str, float]])

    def job(self) -> list[str]:
        """Run the job of the realm once, and return what it says that it did."""
        variables = {
            **keycloak_server.tools(self.folder / "job", self.address),
            "OWN": "staff",
            "REALM": "staff",
            "CLIENTS": str(self.folder / "clients"),
            "SECRETS": str(self.folder / "none"),
            "LOOKERS": str(self.folder / "lookers"),
            "KC_CLI_CLIENT_SECRET": SECRETS[JOB],
        }
        done = subprocess.run(
            ["bash", self.folder / "clients" / "clients.sh"],
            env=variables,
            capture_output=True,
            text=True,
            timeout=JOB_WITHIN_S,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.splitlines()

    def token(self, client: str) -> str:
        form = {
            "grant_type": "client_credentials",
            "client_id": client,
            "client_secret": SECRETS[client],
        }
        status, answer = self.send("POST", "/realms/staff/protocol/openid-connect/token", form)
        assert status == 200, answer
        token: str = answer["access_token"]
        return token

    def send(
        self, method: str, path: str, body: Any = None, token: str | None = None
    ) -> tuple[int, Any]:
        """Send one request; without a token the body is a form."""
        request = urllib.request.Request(f"{self.address}{path}", method=method)
        if token is None:
            request.data = urllib.parse.urlencode(body or {}).encode()
        else:
            request.add_header("Authorization", f"Bearer {token}")
            if body is not None:
                request.data = json.dumps(body).encode()
                request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=60) as reply:
                return reply.status, _decoded(reply.read())
        except urllib.error.HTTPError as error:
            return error.code, None

    def admin(self, method: str, path: str, body: Any = None, client: str = BOSS) -> Any:
        """Ask the admin API about the realm, as who may do all of it."""
        now = time.monotonic()
        token, until = self.tokens.get(client, ("", 0.0))
        if until < now:
            token = self.token(client)
            self.tokens[client] = token, now + TOKEN_SECONDS
        status, answer = self.send(method, f"/admin/realms/staff{path}", body, token)
        assert status < 300, (method, path, status)
        return answer

    def client_id(self, name: str) -> str:
        [found] = self.admin("GET", f"/clients?clientId={name}")
        one: str = found["id"]
        return one

    def of_the_server(self) -> str:
        """Return the token of who administers the server: nobody else may give such roles."""
        name, word = SERVER_ADMIN.values()
        form = {"grant_type": "password", "client_id": "admin-cli"}
        form |= {"username": name, "password": word}
        status, answer = self.send("POST", "/realms/master/protocol/openid-connect/token", form)
        assert status == 200, answer
        token: str = answer["access_token"]
        return token

    def give(self, *roles: str, method: str = "POST") -> None:
        """Give the account of the link roles, or take them."""
        user = self.admin("GET", f"/clients/{self.client_id(LOOKER)}/service-account-user")["id"]
        administration = self.client_id("realm-management")
        rows = [self.admin("GET", f"/clients/{administration}/roles/{one}") for one in roles]
        path = f"/admin/realms/staff/users/{user}/role-mappings/clients/{administration}"
        assert self.send(method, path, rows, self.of_the_server())[0] == 204

    def state(self) -> Any:
        """Return everything a call could change; who logs in to look is all that is kept of it."""
        found = self.admin("POST", "/partial-export?exportClients=true&exportGroupsAndRoles=true")
        users = self.admin("GET", "/users?max=1000")
        ids = [one["id"] for one in users]
        changes = self.admin("GET", "/admin-events?max=1000")
        return [
            json.dumps(found, sort_keys=True),
            users,
            [self.admin("GET", f"/users/{one}/credentials") for one in ids],
            [self.admin("GET", f"/users/{one}/role-mappings") for one in ids],
            [self.admin("GET", f"/users/{one}/sessions") for one in ids],
            [self.admin("GET", f"/clients/{self.client_id('web')}/client-secret")],
            # The export above is a change in the words of the product.
            [one for one in changes if "partial-export" not in str(one.get("resourcePath"))],
        ]


def _decoded(raw: bytes) -> Any:
    try:
        return json.loads(raw) if raw else None
    except ValueError:
        return raw.decode(errors="replace")


@contextmanager
def running(binary: Path, folder: Path) -> Generator[Lab]:
    """Run a server with the generated realm, somebody who may do all, and what there is to see."""
    document = yaml.safe_load(CASE.read_text(encoding="utf-8"))
    assert runs.gen(binary, folder, document).returncode == 0
    keycloak = folder / BASE / "keycloak"
    spec = yaml.safe_load((keycloak / "realm-staff.yaml").read_text("utf-8"))["spec"]
    [placeholder] = spec["placeholders"]
    texts = yaml.safe_load((keycloak / "clients.yaml").read_text("utf-8"))["data"]
    for name in ("clients", "lookers", "none"):
        (folder / name).mkdir()
    for name, content in texts.items():
        (folder / "clients" / name).write_text(content, encoding="utf-8")
    (folder / "lookers" / LOOKER).write_text(SECRETS[LOOKER], encoding="utf-8")
    add_boss(spec["realm"])
    values = {placeholder: SECRETS[JOB], **SERVER_ADMIN}
    with keycloak_server.running(spec["realm"], values, folder) as address:
        lab = Lab(address, folder)
        fill(lab)
        yield lab


def add_boss(realm: Json) -> None:
    realm["clients"].append(
        {"clientId": BOSS, "secret": SECRETS[BOSS], "serviceAccountsEnabled": True}
    )
    realm["users"].append(
        {
            "username": f"service-account-{BOSS}",
            "enabled": True,
            "serviceAccountClientId": BOSS,
            "clientRoles": {"realm-management": ["realm-admin"]},
        }
    )


def fill(lab: Lab) -> None:
    """Lay out an application, people, a group, logins and failures; the job begins."""
    # The import gave the account a secret that nobody was told.
    assert lab.job() == [f"changed {LOOKER}"]
    assert lab.job() == []
    web = {"clientId": "web", "secret": WEB_SECRET, "directAccessGrantsEnabled": True}
    lab.admin("POST", "/clients", {**web, "redirectUris": ["https://web.example.com/back"]})
    lab.admin("POST", "/roles", {"name": "buyer"})
    lab.admin("POST", "/groups", {"name": "sales"})
    [group] = lab.admin("GET", "/groups")
    role = lab.admin("GET", "/roles/buyer")
    lab.admin("POST", f"/groups/{group['id']}/role-mappings/realm", [role])
    credential = {"type": "password", "value": PASSWORD}
    for number, name in enumerate(["anna", "bert", "carl", "dora"]):
        person = {"username": name, "enabled": name != "dora", "firstName": f"First{number}"}
        more = {"lastName": "Lastname", "credentials": [credential]}
        address = {"email": ADDRESS if name == "anna" else f"{name}@example.org"}
        lab.admin("POST", "/users", {**person, **more, **address})
    lab.admin("PUT", f"/users/{user_id(lab, 'anna')}/groups/{group['id']}")
    for word in (PASSWORD, "wrong-1", "wrong-2"):
        form = {
            "grant_type": "password",
            "client_id": "web",
            "client_secret": WEB_SECRET,
            "username": "anna",
            "password": word,
        }
        lab.send("POST", "/realms/staff/protocol/openid-connect/token", form)


def user_id(lab: Lab, name: str) -> str:
    [found] = lab.admin("GET", f"/users?username={name}&exact=true")
    one: str = found["id"]
    return one


def link_of(lab: Lab, folder: Path, **changes: str) -> Link:
    """Return the link with the settings that were generated for it."""
    config = lab.folder / BASE / "fastmcp/config"
    lines = (config / "cloud.env").read_text("utf-8").splitlines()
    plain = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    assert plain["MCP_KEYCLOAK_CLIENT_ID"] == LOOKER
    modules = json.loads((config / "topology.json").read_text("utf-8"))["modules"]
    [made] = next(one["links"] for one in modules if one["file"] == "keycloak_tools.py")
    secrets = folder / "secrets"
    secrets.mkdir(exist_ok=True)
    word = changes.get("secret", SECRETS[LOOKER])
    (secrets / "MCP_KEYCLOAK_CLIENT_SECRET").write_text(word, "utf-8")
    where = urllib.parse.urlsplit(lab.address)
    places = {"MCP_KEYCLOAK_HOST": "127.0.0.1", "MCP_KEYCLOAK_PORT": str(where.port)}
    return Link(
        component="keycloak",
        type="fastmcp-keycloak",
        write_access=made["write_access"],
        enums={name: tuple(values) for name, values in made["enums"].items()},
        data={},
        env="MCP_KEYCLOAK",
        settings=Settings(plain | places, secrets, folder),
    )


def tools_of(lab: Lab, folder: Path, **changes: str) -> Toolset:
    link = link_of(lab, folder, **changes)
    settings = Settings({}, folder, folder)
    topology = Topology(stack="shop", domain="", server="", components=(), modules=())
    runtime = Runtime(settings, topology, CursorSigner(b"key"), lambda: True)
    tools = Toolset([link], runtime)
    register(tools)
    return tools


def call(tools: Toolset, name: str, **arguments: Any) -> Json:
    return asyncio.run(tools.call(f"keycloak_{name}", arguments))


def refused(tools: Toolset, name: str, **arguments: Any) -> Refusal:
    with pytest.raises(Refusal) as caught:
        call(tools, name, **arguments)
    return caught.value
