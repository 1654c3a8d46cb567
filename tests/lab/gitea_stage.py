"""A stage for tests of the Gitea tools: a generated stack, and a real server that it set up.

In: the program under test. Out: the server with something in its repositories, the token that the
written command makes, and the tools with the settings of the link. Must not know the templates.
"""

import base64
import json
import os
import shlex
import shutil
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gitea_server
from levels import runs
from output_checker import helm_values, yaml_reading
from stacktic_mcp.core.cursors import CursorSigner
from stacktic_mcp.core.governed import Runtime
from stacktic_mcp.core.settings import Settings
from stacktic_mcp.core.toolkit import Link, Toolset
from stacktic_mcp.core.topology import Topology
from stacktic_mcp.tools.gitea import gitea_tools

ADMIN_PASSWORD = "administrator-of-repositories"
SECRET = "password-of-a-link"
ACCOUNT = "link.fastmcp-gitea"
IMAGE = "registry.example.com/app:1.0.0"
READ_SCOPES = "read:repository,read:issue"
Json = dict[str, Any]


def document(*linked: str) -> Json:
    """An MCP server reads some repositories, somebody else writes to one."""
    source = {"repository": "https://git.example.com/a.git", "revision": "v1", "image": IMAGE}
    repositories = {
        "api": {"type": "repository", "attributes": {"owner": "team"}},
        "docs": {"type": "repository", "attributes": {"readers": "everybody"}},
        "bills": {"type": "repository", "attributes": {"readers": "everybody"}},
    }
    return {
        "apiVersion": "stacktic.io/v1",
        "kind": "Stack",
        "name": "shop",
        "domain": "shop.example.com",
        "components": {
            "db": {"type": "cnpg", "sub_components": {"gitea": {"type": "database"}}},
            "gitea": {"type": "gitea", "sub_components": repositories},
            "fastmcp": {"type": "fastmcp"},
            "site": {"type": "external_source_code", "attributes": source},
        },
        "links": [
            {"from": "gitea", "to": "db/gitea", "type": "storage"},
            {"from": "fastmcp", "to": [f"gitea/{one}" for one in linked]},
            {"from": "site", "to": "gitea/api", "access": "write"},
        ],
    }


@dataclass(frozen=True)
class Stage:
    """A running server, what was generated for it, and the token of the link."""

    out: Path
    folder: Path
    server: gitea_server.Server
    token: str = ""

    def accounts(self, out: Path | None = None) -> str:
        """Run the generated job, as its pod does."""
        base = (out or self.out) / "k8s/deploy/base/gitea"
        folder = self.folder / "job"
        secrets, tmp = folder / "secrets", folder / "tmp"
        secrets.mkdir(parents=True, exist_ok=True)
        tmp.mkdir(exist_ok=True)
        for name, text in yaml_reading.read_file(base / "accounts.yaml")["data"].items():
            (folder / name).write_text(text, "utf-8")
        for line in (folder / "accounts").read_text("utf-8").splitlines():
            (secrets / line.split()[0]).write_text(SECRET, "utf-8")
        given = {
            "SCRIPTS": folder,
            "SECRETS": secrets,
            "TMPDIR": tmp,
            "ADMIN": self.server.admin,
            "PASSWORD": ADMIN_PASSWORD,
            "SERVER": self.server.address,
        }
        done = subprocess.run(
            [shutil.which("bash") or "bash", folder / "accounts.sh"],
            env=os.environ | {key: str(value) for key, value in given.items()},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def state(self) -> Json:
        """Return what a call could change, as the administrator sees it."""
        self.server.settle()
        found: Json = {"users": self.server.must("GET", "/admin/users?limit=50")}
        for one in found["users"]:
            # When somebody was seen last says nothing of what they did.
            one.pop("last_login", None)
            name = one["login"]
            for kind in ("keys", "starred", "subscriptions", "repos"):
                found[f"{name} {kind}"] = self.server.must("GET", f"/users/{name}/{kind}")
        for one in self.server.must("GET", "/repos/search?limit=50")["data"]:
            name = one["full_name"]
            found[name] = one
            for kind in (
                "branches", "commits", "tags", "releases", "collaborators", "hooks", "keys",
                "issues?state=all", "issues/comments", "labels", "milestones", "pulls?state=all",
                "stargazers", "subscribers", "forks",
            ):  # fmt: skip
                found[f"{name} {kind}"] = self.server.must("GET", f"/repos/{name}/{kind}")
        return found


def base64_of(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def fill(server: gitea_server.Server) -> None:
    """Lay files, branches, issues, a pull request and a release into a repository."""
    files = {
        "src/main.py": b"print('one')\n" * 10,
        "src/a b#?%2e.txt": "größe".encode(),
        "data.bin": bytes(range(256)) * 4,
        "empty.txt": b"",
        "large.txt": b"0123456789abcdef" * 40_000,
    }
    changes = [
        {"operation": "create", "path": path, "content": base64_of(raw)}
        for path, raw in files.items()
    ]
    place = "/repos/team/api"
    person = {"name": "Ada", "email": "ada@hidden.example.com"}
    about = {"message": "Lay it out\n\nwith a text", "branch": "main", "author": person}
    server.must("POST", f"{place}/contents", {**about, "files": changes})
    second = {"content": base64_of(b"two\n"), "message": "Second", "branch": "main"}
    server.must("POST", f"{place}/contents/src/two.py", second | {"new_branch": "src"})
    for number in range(7):
        body = f"Text \x1b[31mof\u202e {number}"
        server.must("POST", f"{place}/issues", {"title": f"Ticket {number}", "body": body})
    label = server.must("POST", f"{place}/labels", {"name": "bug", "color": "#ff0000"})
    server.must("POST", f"{place}/issues/3/labels", {"labels": [label["id"]]})
    server.must("PATCH", f"{place}/issues/1", {"state": "closed"})
    pull = {"title": "Bring two", "head": "src", "base": "main", "body": "please"}
    server.must("POST", f"{place}/pulls", pull)
    release = {"tag_name": "v1.0.0", "name": "First", "body": "Notes", "target_commitish": "main"}
    server.must("POST", f"{place}/releases", release)
    server.must("POST", f"{place}/releases", {**release, "tag_name": "v2", "draft": True})
    server.must("POST", "/repos/shop/bills/issues", {"title": "secret bill"})


@contextmanager
def running(binary: Path, folder: Path) -> Generator[Stage]:
    """Start a server with what is generated, as jobs and people set it up."""
    done = runs.gen(binary, folder, document("api", "docs"))
    assert done.returncode == 0, done.stderr
    out = folder / "out"
    base = out / "k8s/deploy/base/gitea"
    values: Json = yaml_reading.read_file(base / "values.yaml")
    rollout = base / "values-rollout.yaml"
    if rollout.exists():
        values = helm_values.merge(values, yaml_reading.read_file(rollout))
    with gitea_server.running(folder, values, ADMIN_PASSWORD) as server:
        stage = Stage(out, folder, server)
        stage.accounts()
        fill(server)
        yield Stage(out, folder, server, token_of(out, server))


def token_of(out: Path, server: gitea_server.Server) -> str:
    """Make the token as the catalog says that a person makes it."""
    catalog = yaml_reading.read_file(Path(__file__).parents[2] / "catalog/gitea/component.yaml")
    account = catalog["provides"]["gitea_api"]["accounts"]["*"]
    written = account["secret"]["keys"]["token"]["command"].replace("{account.name}", ACCOUNT)
    _, _, command = written.replace("$(date +%s)", "1").partition(" -- gitea ")
    assert out.exists()
    return server.command(*shlex.split(command))


def made_token(stage: Stage, scopes: str, account: str = ACCOUNT) -> str:
    name = f"of-a-test-{len(stage.server.must('GET', f'/users/{account}/tokens?limit=50'))}"
    asked = ["admin", "user", "generate-access-token", "--raw", "--username", account]
    return stage.server.command(*asked, "--token-name", name, "--scopes", scopes)


def tools_of(stage: Stage, folder: Path, token: str | None = None, **enums: Any) -> Toolset:
    """Return the tools of the MCP server with the settings that were generated for it."""
    base = stage.out / "k8s/deploy/base/fastmcp/config"
    lines = (base / "cloud.env").read_text("utf-8").splitlines()
    plain = dict(line.split("=", 1) for line in lines if not line.startswith("#"))
    assert (plain["MCP_GITEA_PORT"], plain["MCP_GITEA_SCHEME"]) == ("3000", "http")
    secrets = folder / "secrets"
    secrets.mkdir(exist_ok=True)
    (secrets / "MCP_GITEA_TOKEN").write_text(token or stage.token, "utf-8")
    places = {"MCP_GITEA_HOST": "127.0.0.1", "MCP_GITEA_PORT": str(stage.server.port)}
    settings = Settings(plain | places, secrets, folder)
    modules = json.loads((base / "topology.json").read_text("utf-8"))["modules"]
    (link,) = next(one["links"] for one in modules if one["file"] == "gitea_tools.py")
    lists = {name: tuple(values) for name, values in link["enums"].items()}
    made = Link(
        component="gitea",
        type="fastmcp-gitea",
        write_access=link["write_access"],
        enums=lists | enums,
        data={},
        env="MCP_GITEA",
        settings=settings,
    )
    topology = Topology(stack="shop", domain="", server="", components=(), modules=())
    tools = Toolset([made], Runtime(settings, topology, CursorSigner(b"key"), lambda: True))
    gitea_tools.register(tools)
    return tools
