"""The job that makes projects and robots in Harbor, with a server that knows what it asks for.

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
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml

PASSWORD = "administrator-of-images"
SECRET = "Password-1-of-a-link"
IMAGE = "registry.example.com/app:1.0.0"

Json = dict[str, Any]
Answer = tuple[int, Any]


class Harbor(ThreadingHTTPServer):
    """Projects, robots and their passwords."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.projects: list[Json] = [{"project_name": "library"}]
        self.robots: dict[int, Json] = {}
        self.secrets: dict[int, str] = {}
        self.add("library", {"name": "link.gone", "description": '"id":7, "name":"x"'})
        self.add("library", {"name": "of-people"})

    def add(self, project: str, robot: Json) -> int:
        """Make a robot, whose name gets that of its project in front."""
        number = len(self.robots) + 41
        made = robot | {"id": number, "name": f"robot${project}+{robot['name']}"}
        self.robots[number] = made | {"project": project}
        return number

    def listed(self, path: str, asked: dict[str, list[str]]) -> Answer:
        """One page of projects, or of the robots of one project."""
        first = asked["page"] == ["1"]
        if path == "/projects":
            found = [{"project_id": n, "name": p["project_name"]} for n, p in self.numbered()]
            return 200, found if first else []
        wanted = re.fullmatch(r"Level=project,ProjectID=(\d+)", asked["q"][0])
        assert wanted, asked
        name = dict(self.numbered())[int(wanted[1])]["project_name"]
        return 200, [one for one in self.robots.values() if one["project"] == name and first]

    def numbered(self) -> list[tuple[int, Json]]:
        """Each project with its number."""
        return list(enumerate(self.projects, 1))

    def answer(self, method: str, address: str, body: Json) -> Answer:
        """What the real one answers, as far as the job reads it."""
        path, asked = urlsplit(address).path, parse_qs(urlsplit(address).query)
        if method == "HEAD":
            names = [one["project_name"] for one in self.projects]
            return (200 if asked["project_name"][0] in names else 404), None
        if (method, path) == ("POST", "/projects"):
            self.projects.append(body)
            return 201, None
        if (method, path) == ("POST", "/robots"):
            number = self.add(body["permissions"][0]["namespace"], body)
            return 201, {"id": number, "name": self.robots[number]["name"], "secret": "made-up"}
        if method == "GET" and "page" in asked:
            return self.listed(path, asked)
        return self.of_robot(method, int(path.rpartition("/")[2]), body)

    def of_robot(self, method: str, number: int, body: Json) -> Answer:
        """One robot."""
        if method == "DELETE":
            del self.robots[number]
        if method == "PUT":
            if body["name"] != self.robots[number]["name"]:
                return 400, {}
            self.robots[number] |= body
        if method == "PATCH":
            self.secrets[number] = body["secret"]
        return 200, self.robots.get(number, {})


class Handler(BaseHTTPRequestHandler):
    """Reads a request and asks for its answer."""

    server: Harbor  # pyright: ignore[reportIncompatibleVariableOverride]

    def _serve(self) -> None:
        allowed = "Basic " + b64encode(f"admin:{PASSWORD}".encode()).decode()
        text = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        code, content = 401, {}
        if self.headers.get("Authorization") == allowed:
            path = self.path.removeprefix("/api/v2.0")
            code, content = self.server.answer(self.command, path, json.loads(text or "{}"))
        self.send_response(code)
        self.end_headers()
        if content is not None:
            self.wfile.write(json.dumps(content, separators=(",", ":")).encode())

    do_HEAD = do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


@pytest.fixture
def harbor() -> Generator[Harbor]:
    """The server, on a port of its own."""
    server = Harbor()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def scripts(binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of the ConfigMap that the job mounts."""
    folder = tmp_path_factory.mktemp("harbor")
    source = {"repository": "https://git.example.com/a.git", "revision": "v1", "image": IMAGE}
    projects = {
        "shop": {"type": "project", "attributes": {"quota_gib": 2}},
        "docs": {"type": "project", "attributes": {"readers": "everybody"}},
    }
    document = {
        "apiVersion": "stacktic.io/v1", "kind": "Stack", "name": "store", "domain": "example.com",
        "components": {
            "harbor": {"type": "harbor", "sub_components": projects},
            "api": {"type": "external_source_code", "attributes": source},
            "site": {"type": "external_source_code", "attributes": source},
        },
        "links": [{"from": "api", "to": "harbor/shop", "access": "write"},
                  {"from": "site", "to": "harbor/docs", "access": "write"}],
    }  # fmt: skip
    stack = folder / "stack.yaml"
    stack.write_text(json.dumps(document), "utf-8")
    subprocess.run([binary, "gen", stack, "--out", folder / "out"], check=True, timeout=60)
    made = folder / "out" / "k8s" / "deploy" / "base" / "harbor" / "accounts.yaml"
    for name, text in yaml.safe_load(made.read_text("utf-8"))["data"].items():
        (folder / name).write_text(text, "utf-8")
    return folder


def run(harbor: Harbor, scripts: Path, folder: Path, secret: str = SECRET) -> tuple[int, str]:
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
        "PASSWORD": PASSWORD,
        "SERVER": f"http://127.0.0.1:{harbor.server_address[1]}",
    }
    bash = shutil.which("bash") or "bash"
    done = subprocess.run(
        [bash, scripts / "accounts.sh"], env=os.environ | {k: str(v) for k, v in given.items()},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def rights(harbor: Harbor) -> dict[str, list[str]]:
    """What each robot of a link may do with its project."""
    return {
        one["name"]: [access["action"] for access in one["permissions"][0]["access"]]
        for one in harbor.robots.values()
        if "permissions" in one
    }


def test_projects_and_robots_are_made(harbor: Harbor, scripts: Path, tmp_path: Path) -> None:
    code, said = run(harbor, scripts, tmp_path)
    assert code == 0, said
    assert sorted(harbor.projects[1:], key=lambda one: one["project_name"]) == [
        {"project_name": "docs", "metadata": {"public": "true"}, "storage_limit": -1},
        {"project_name": "shop", "metadata": {"public": "false"}, "storage_limit": 2 * 2**30},
    ]
    assert rights(harbor) == {
        "robot$shop+link.api-harbor-shop": ["pull", "push"],
        "robot$docs+link.site-harbor-docs": ["pull", "push"],
    }
    assert set(harbor.secrets.values()) == {SECRET}
    assert SECRET not in said
    assert PASSWORD not in said


def test_robots_of_links_that_are_gone_go(harbor: Harbor, scripts: Path, tmp_path: Path) -> None:
    assert run(harbor, scripts, tmp_path)[0] == 0
    names = {one["name"] for one in harbor.robots.values()}
    assert "robot$library+link.gone" not in names
    assert "robot$library+of-people" in names


def test_a_second_run_changes_nothing(harbor: Harbor, scripts: Path, tmp_path: Path) -> None:
    run(harbor, scripts, tmp_path)
    before = rights(harbor)
    assert run(harbor, scripts, tmp_path) == (0, "")
    assert rights(harbor) == before


def test_a_robot_of_more_rights_gets_its_own_again(
    harbor: Harbor, scripts: Path, tmp_path: Path
) -> None:
    run(harbor, scripts, tmp_path)
    before = rights(harbor)
    for robot in harbor.robots.values():
        robot["permissions"] = [{"access": [{"action": "delete"}]}]
    assert run(harbor, scripts, tmp_path)[0] == 0
    changed = {name: actions for name, actions in rights(harbor).items() if "+link." in name}
    assert changed == before


@pytest.mark.parametrize("secret", ["", "Short-1", "no-digit-but-A-capital", 'with "quotes" And 1'])
def test_an_unfit_password_makes_no_robot(
    harbor: Harbor, scripts: Path, tmp_path: Path, secret: str
) -> None:
    code, said = run(harbor, scripts, tmp_path, secret)
    assert code == 1
    assert "link.api-harbor-shop" in said
    assert rights(harbor) == {}
