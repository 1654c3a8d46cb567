"""The generated job makes clients at a real Keycloak, with the account of the generated import.

In: the stack of a golden case, a server with its realm. Out: clients come as they are written, stay
so and go; the account does nothing else; browsers come back to the written addresses alone.
"""

import json
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

import keycloak_server
import maven
from levels import runs
from output_checker.places import ROOT

CASE = ROOT / "tests/golden/people_sign_in_by_one_provider/stack.yaml"
BASE = Path("out/k8s/deploy/base/keycloak")
SECRET = "a-secret-of-the-test-0123456789abcdef"
CLIENT = "grafana-keycloak-staff"
LEAVING = "site-keycloak-staff"
TRIED = (CLIENT, LEAVING)
PARTS = ("json", "once")
REDIRECT = "https://grafana.shop.example.com/login/generic_oauth"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
JOB_WITHIN_S = 300


@dataclass(frozen=True)
class Lab:
    """A server, the folders that the job mounts, and a place of its own."""

    address: str
    clients: Path
    secrets: Path
    own: Path

    def run(self) -> list[str]:
        """Run the job once, and return what it says that it did."""
        variables = {
            **keycloak_server.tools(self.own, self.address),
            "OWN": "staff",
            "REALM": "staff",
            "CLIENTS": str(self.clients),
            "SECRETS": str(self.secrets),
            "KC_CLI_CLIENT_SECRET": SECRET,
        }
        done = subprocess.run(
            ["bash", self.clients / "clients.sh"],
            env=variables,
            capture_output=True,
            text=True,
            timeout=JOB_WITHIN_S,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.splitlines()

    def token(self) -> str:
        """Log in as the job does."""
        form = {
            "grant_type": "client_credentials",
            "client_id": "stacktic-clients",
            "client_secret": SECRET,
        }
        where = f"{self.address}/realms/staff/protocol/openid-connect/token"
        body = urllib.parse.urlencode(form).encode()
        with urllib.request.urlopen(where, body, timeout=20) as reply:
            token: str = json.load(reply)["access_token"]
            return token

    def asked(self, path: str, change: dict[str, Any] | None = None) -> tuple[int, Any]:
        """Ask the admin API as the job's account, or change something there."""
        request = urllib.request.Request(f"{self.address}/admin/realms/{path}")
        request.add_header("Authorization", f"Bearer {self.token()}")
        if change is not None:
            request.method = "PUT"
            request.data = json.dumps(change).encode()
            request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=20) as reply:
                return reply.status, json.loads(reply.read() or b"null")
        except urllib.error.HTTPError as error:
            return error.code, None

    def client(self) -> dict[str, Any]:
        """Return the client of Grafana as the server has it."""
        _, [found] = self.asked(f"staff/clients?clientId={CLIENT}")
        one: dict[str, Any] = found
        return one

    def sign_in(self, **other: str | None) -> tuple[int, str]:
        """Go where a browser is sent, and return the answer with the address it leads to."""
        query: dict[str, str | None] = {
            "client_id": CLIENT,
            "response_type": "code",
            "scope": "openid profile email",
            "redirect_uri": REDIRECT,
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        }
        given = {name: value for name, value in (query | other).items() if value is not None}
        where = f"{self.address}/realms/staff/protocol/openid-connect/auth"
        opener = urllib.request.build_opener(Stay)
        try:
            with opener.open(f"{where}?{urllib.parse.urlencode(given)}", timeout=20) as reply:
                return reply.status, ""
        except urllib.error.HTTPError as error:
            return error.code, error.headers.get("Location", "")


class Stay(urllib.request.HTTPRedirectHandler):
    """A browser that goes nowhere."""

    def redirect_request(self, *_: Any) -> None:
        return None


@pytest.fixture(scope="module")
def lab(binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Generator[Lab]:
    """Run a server with the realm of the golden case."""
    if not maven.has_java():
        pytest.skip("no `java` or no `mvn` on PATH: nothing was tried on a real Keycloak")
    folder = tmp_path_factory.mktemp("keycloak")
    document = yaml.safe_load(CASE.read_text(encoding="utf-8"))
    assert runs.gen(binary, folder, document).returncode == 0
    read = (folder / BASE / "realm-staff.yaml").read_text("utf-8")
    realm = yaml.safe_load(read)["spec"]
    [placeholder] = realm["placeholders"]
    texts = yaml.safe_load((folder / BASE / "clients.yaml").read_text("utf-8"))["data"]
    clients, secrets = folder / "clients", folder / "secrets"
    clients.mkdir()
    secrets.mkdir()
    # Each call of the command line takes seconds, so two of the clients are enough.
    for name in ("clients.sh", *(f"staff_{one}.{part}" for one in TRIED for part in PARTS)):
        (clients / name).write_text(texts[name], encoding="utf-8")
    for account in TRIED:
        (secrets / account).write_text(f"secret-of-{account}-0123456789", encoding="utf-8")
    with keycloak_server.running(realm["realm"], {placeholder: SECRET}, folder) as address:
        yield Lab(address, clients, secrets, folder / "job")


def test_clients_come_as_written_stay_so_and_go(lab: Lab) -> None:
    """Whatever somebody changes is undone, and nothing is done where nothing has changed."""
    assert lab.run() == [f"made {one}" for one in TRIED]
    assert lab.run() == []
    made = lab.client()
    assert made["redirectUris"] == [REDIRECT]
    assert made["defaultClientScopes"] == ["profile", "basic", "email"]
    lab.asked(f"staff/clients/{made['id']}", {"redirectUris": ["*"], "implicitFlowEnabled": True})
    (lab.clients / f"staff_{LEAVING}.json").unlink()
    assert lab.run() == [f"changed {CLIENT}", f"removed {LEAVING}"]
    again = lab.client()
    assert (again["redirectUris"], again["implicitFlowEnabled"]) == ([REDIRECT], False)


def test_the_account_of_the_job_manages_clients_and_nothing_else(lab: Lab) -> None:
    """Neither people and their roles, nor another realm."""
    assert lab.asked("staff/clients")[0] == 200
    refused = ("staff/users", "staff/roles", "staff/identity-provider/instances", "master/clients")
    assert {path: lab.asked(path)[0] for path in refused} == dict.fromkeys(refused, 403)


def test_browsers_come_back_to_the_written_address_alone(lab: Lab) -> None:
    """The login page is shown for a code with a proof key; for anything else there is none."""
    assert lab.sign_in() == (200, "")
    assert lab.sign_in(redirect_uri=f"{REDIRECT}/more")[0] == 400
    assert lab.sign_in(redirect_uri="https://elsewhere.example.com/")[0] == 400
    for other in ({"code_challenge": None}, {"response_type": "token"}):
        status, where = lab.sign_in(**other)
        assert status == 302
        assert "error=" in where
