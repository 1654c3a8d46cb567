"""The job that makes repositories and accounts in Gitea, with a server that knows what it asks for.

In: a generated stack, bash and curl. Out: what the job leaves behind, and what it leaves alone.
Must not know the templates.
"""

import json
import os
import re
import shutil
import subprocess
import threading
from base64 import b64encode
from collections.abc import Generator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

PASSWORD = "administrator-of-repositories"
SECRET = "password-of-a-link"
IMAGE = "registry.example.com/app:1.0.0"

Json = dict[str, Any]
Answer = tuple[int, Any]


class Gitea(ThreadingHTTPServer):
    """Organisations, repositories, people, and who works with what."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.orgs: set[str] = set()
        self.repos: dict[str, Json] = {}
        self.users: dict[str, Json] = {"gitea_admin": {}, "ada": {}, "link.gone": {}}
        self.rights: dict[tuple[str, str], str] = {}

    def answer(self, method: str, path: str, body: Json) -> Answer:
        """What the real one answers, as far as the job reads it."""
        if method == "GET" and path.startswith("/admin/users?"):
            names = sorted(self.users) if path.endswith("&page=1") else []
            return 200, [{"id": 1, "login": name, "full_name": '"login":"x"'} for name in names]
        if found := re.fullmatch(r"/orgs/([^/]+)", path):
            return (200 if found[1] in self.orgs else 404), {}
        if path == "/orgs":
            self.orgs.add(body["username"])
            return 201, {}
        if found := re.fullmatch(r"/orgs/([^/]+)/repos", path):
            self.repos[f"{found[1]}/{body['name']}"] = body
            return 201, {}
        if found := re.fullmatch(r"/repos/([^/]+/[^/]+)/collaborators/([^/]+)", path):
            self.rights[(found[1], found[2])] = body["permission"]
            return 204, None
        if found := re.fullmatch(r"/repos/([^/?]+/[^/?]+)([?]sudo=.*)?", path):
            return (200 if found[1] in self.repos else 404), {}
        if path == "/admin/users":
            self.users[body["username"]] = body
            return 201, {}
        return self.of_user(method, path.rpartition("/")[2], body)

    def of_user(self, method: str, name: str, body: Json) -> Answer:
        """One person or account."""
        if name not in self.users:
            return 404, {}
        if method == "DELETE":
            del self.users[name]
        if method == "PATCH":
            self.users[name] |= body
        return 200, {}


class Handler(BaseHTTPRequestHandler):
    """Reads a request and asks for its answer."""

    server: Gitea  # pyright: ignore[reportIncompatibleVariableOverride]

    def _serve(self) -> None:
        allowed = "Basic " + b64encode(f"gitea_admin:{PASSWORD}".encode()).decode()
        text = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        code, content = 401, {}
        if self.headers.get("Authorization") == allowed:
            path = self.path.removeprefix("/api/v1")
            code, content = self.server.answer(self.command, path, json.loads(text or "{}"))
        self.send_response(code)
        self.end_headers()
        if content is not None:
            self.wfile.write(json.dumps(content, separators=(",", ":")).encode())

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


@pytest.fixture
def gitea() -> Generator[Gitea]:
    """The server, on a port of its own."""
    server = Gitea()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def scripts(binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of the ConfigMap that the job mounts."""
    folder = tmp_path_factory.mktemp("gitea")
    source = {"repository": "https://git.example.com/a.git", "revision": "v1", "image": IMAGE}
    repositories = {
        "shop": {"type": "repository", "attributes": {"owner": "team"}},
        "docs": {"type": "repository", "attributes": {"readers": "everybody"}},
    }
    document = {
        "apiVersion": "stacktic.io/v1", "kind": "Stack", "name": "store", "domain": "example.com",
        "components": {
            "gitea": {"type": "gitea", "sub_components": repositories},
            "api": {"type": "external_source_code", "attributes": source},
            "site": {"type": "external_source_code", "attributes": source},
        },
        "links": [{"from": "api", "to": "gitea/shop"},
                  {"from": "site", "to": "gitea/docs", "access": "write"}],
    }  # fmt: skip
    stack = folder / "stack.yaml"
    stack.write_text(json.dumps(document), "utf-8")
    subprocess.run([binary, "gen", stack, "--out", folder / "out"], check=True, timeout=60)
    made = folder / "out" / "k8s" / "deploy" / "base" / "gitea" / "accounts.yaml"
    for name, text in yaml.safe_load(made.read_text("utf-8"))["data"].items():
        (folder / name).write_text(text, "utf-8")
    return folder


def run(gitea: Gitea, scripts: Path, folder: Path, secret: str = SECRET) -> tuple[int, str]:
    """Run the job as its pod does."""
    secrets, tmp = folder / "secrets", folder / "tmp"
    secrets.mkdir(exist_ok=True)
    tmp.mkdir(exist_ok=True)
    for line in (scripts / "accounts").read_text("utf-8").splitlines():
        (secrets / line.split()[0]).write_text(secret, "utf-8")
    given = {
        "SCRIPTS": scripts,
        "SECRETS": secrets,
        "TMPDIR": tmp,
        "ADMIN": "gitea_admin",
        "PASSWORD": PASSWORD,
        "SERVER": f"http://127.0.0.1:{gitea.server_address[1]}",
    }
    bash = shutil.which("bash") or "bash"
    done = subprocess.run(
        [bash, scripts / "accounts.sh"], env=os.environ | {k: str(v) for k, v in given.items()},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def test_repositories_and_accounts_are_made(gitea: Gitea, scripts: Path, tmp_path: Path) -> None:
    code, said = run(gitea, scripts, tmp_path)
    assert code == 0, said
    assert gitea.orgs == {"team", "store"}
    assert {name: one["private"] for name, one in gitea.repos.items()} == {
        "team/shop": True, "store/docs": False,
    }  # fmt: skip
    assert gitea.rights == {
        ("team/shop", "link.api-gitea-shop"): "read",
        ("store/docs", "link.site-gitea-docs"): "write",
    }
    made = gitea.users["link.api-gitea-shop"]
    assert (made["restricted"], made["admin"], made["max_repo_creation"]) == (True, False, 0)
    assert SECRET not in said
    assert PASSWORD not in said


def test_accounts_of_links_that_are_gone_go(gitea: Gitea, scripts: Path, tmp_path: Path) -> None:
    assert run(gitea, scripts, tmp_path)[0] == 0
    assert {"gitea_admin", "ada"} < set(gitea.users)
    assert "link.gone" not in gitea.users


def test_a_second_run_changes_nothing(gitea: Gitea, scripts: Path, tmp_path: Path) -> None:
    run(gitea, scripts, tmp_path)
    code, said = run(gitea, scripts, tmp_path)
    assert (code, said) == (0, "")


@pytest.mark.parametrize("secret", ["", "short", 'with "quotes" and more'])
def test_an_unfit_password_makes_no_account(
    gitea: Gitea, scripts: Path, tmp_path: Path, secret: str
) -> None:
    code, said = run(gitea, scripts, tmp_path, secret)
    assert code == 1
    assert "link.api-gitea-shop" in said
    assert "link.api-gitea-shop" not in gitea.users
