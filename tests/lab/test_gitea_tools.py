"""Gitea tools on a real server, set up by the generated values: what they see and never do.

In: a generated stack with an MCP server that is linked to some of three repositories; the accounts
that the generated job makes, and the token that the written command makes. Out: answers, refusals
by the tools, by the account and by the token alone, and a server that is as it was.
Must not know the templates.
"""

import asyncio
import base64
import json
import os
import shlex
import shutil
import subprocess
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import gitea_server
from levels import runs
from output_checker import helm_values, yaml_reading
from stacktic_mcp.core.cursors import CursorSigner
from stacktic_mcp.core.governed import Runtime
from stacktic_mcp.core.settings import Settings
from stacktic_mcp.core.toolkit import Link, Toolset
from stacktic_mcp.core.topology import Topology
from stacktic_mcp.lib.refusal import Refusal
from stacktic_mcp.tools.gitea import gitea_tools

ADMIN_PASSWORD = "administrator-of-repositories"
SECRET = "password-of-a-link"
ACCOUNT = "link.fastmcp-gitea"
IMAGE = "registry.example.com/app:1.0.0"
LINKED = ("team/api", "shop/docs")
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


@pytest.fixture(scope="module")
def stage(binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Generator[Stage]:
    folder = tmp_path_factory.mktemp("gitea")
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


@pytest.fixture
def tools(stage: Stage, tmp_path: Path) -> Toolset:
    return tools_of(stage, tmp_path)


def call(tools: Toolset, name: str, **arguments: Any) -> Json:
    return asyncio.run(tools.call(f"gitea_{name}", arguments))


def refused(tools: Toolset, name: str, **arguments: Any) -> Refusal:
    with pytest.raises(Refusal) as caught:
        call(tools, name, **arguments)
    return caught.value


READ_CALLS: list[tuple[str, Json]] = [
    ("list_repositories", {}),
    ("list_branches", {"repository": "api"}),
    ("list_commits", {"repository": "api", "path": "src"}),
    ("list_files", {"repository": "api"}),
    ("read_file", {"repository": "api", "path": "src/main.py"}),
    ("list_issues", {"repository": "api", "state": "all"}),
    ("list_pull_requests", {"repository": "api"}),
    ("list_releases", {"repository": "api"}),
]


def test_every_tool_reads_and_changes_nothing(stage: Stage, tools: Toolset) -> None:
    assert sorted(f"gitea_{name}" for name, _ in READ_CALLS) == sorted(
        tool.name for tool in tools.tools
    )
    assert {tool.tool_class for tool in tools.tools} == {"read"}
    before = stage.state()
    for name, arguments in READ_CALLS:
        answer = call(tools, name, **arguments)
        assert (answer["link"], answer["returned"] > 0) == ("gitea", True), name
        assert "ada@hidden" not in json.dumps(answer), name
        assert "://" not in json.dumps(answer), name
    assert stage.state() == before


def test_repositories_branches_and_commits(tools: Toolset) -> None:
    api, docs = call(tools, "list_repositories")["data"]
    assert (api["repository"], api["owner"], api["open_issues"], api["open_pull_requests"]) == (
        "api", "team", 6, 1,
    )  # fmt: skip
    assert (docs["repository"], docs["owner"], docs["private"]) == ("docs", "shop", False)
    rows = call(tools, "list_branches", repository="api")["data"]
    assert {row["branch"]: row["title"] for row in rows} == {
        "main": "Lay it out", "src": "Second",
    }  # fmt: skip
    page = call(tools, "list_commits", repository="api", limit=1)
    assert page["data"][0]["message"] == "Lay it out\n\nwith a text"
    assert page["data"][0]["author"] == "Ada"
    last = call(tools, "list_commits", repository="api", limit=1, cursor=page["next_cursor"])
    assert (last["data"][0]["message"], last["next_cursor"]) == ("Initial commit", None)
    of_path = call(tools, "list_commits", repository="api", path="src/two.py", ref="src")
    assert [row["message"] for row in of_path["data"]] == ["Second"]
    since = call(tools, "list_commits", repository="api", since="2990-01-01T00:00:00Z")
    assert since["data"] == []


def test_files(tools: Toolset) -> None:
    top = call(tools, "list_files", repository="api")["data"]
    assert [(row["name"], row["type"]) for row in top] == [
        ("README.md", "file"), ("data.bin", "file"), ("empty.txt", "file"),
        ("large.txt", "file"), ("src", "dir"),
    ]  # fmt: skip
    page = call(tools, "list_files", repository="api", limit=3)
    assert page["truncated_by"] == "rows"
    rest = call(tools, "list_files", repository="api", limit=3, cursor=page["next_cursor"])
    assert [row["name"] for row in rest["data"]] == ["large.txt", "src"]
    below = call(tools, "list_files", repository="api", path="src", ref="src")["data"]
    assert [row["path"] for row in below] == ["src/a b#?%2e.txt", "src/main.py", "src/two.py"]


def test_parts_of_files(tools: Toolset) -> None:
    whole = call(tools, "read_file", repository="api", path="src/main.py")
    assert whole["data"]["value"] == "print('one')\n" * 10
    assert (whole["data"]["total_bytes"], whole["truncated"]) == (130, False)
    # A file is of the first branch, though a branch is called like its folder.
    assert whole["data"]["ref"] == "main"
    two = call(tools, "read_file", repository="api", path="src/two.py", ref="src")["data"]
    assert two["value"] == "two\n"
    odd = call(tools, "read_file", repository="api", path="src/a b#?%2e.txt", length=4)
    assert (odd["data"]["value"], odd["data"]["next_offset"]) == ("gr", 2) or (
        odd["data"]["value"], odd["data"]["next_offset"],
    ) == ("grö", 4)  # fmt: skip
    binary = call(tools, "read_file", repository="api", path="data.bin", length=3)["data"]
    assert (binary["encoding"], binary["value"]) == ("base64", "AAEC")
    empty = call(tools, "read_file", repository="api", path="empty.txt")["data"]
    assert (empty["value"], empty["total_bytes"], empty["next_offset"]) == ("", 0, None)
    part = call(tools, "read_file", repository="api", path="large.txt", offset=16, length=65536)
    assert (part["data"]["bytes"], part["data"]["value"][:4]) == (65536, "0123")
    end = call(tools, "read_file", repository="api", path="large.txt", offset=640_000)["data"]
    assert (end["bytes"], end["next_offset"]) == (0, None)
    late = refused(tools, "read_file", repository="api", path="large.txt", offset=640_001)
    assert late.code == "E_ARG"
    assert refused(tools, "read_file", repository="api", path="src").code == "E_ARG"
    assert refused(tools, "list_files", repository="api", path="empty.txt").code == "E_ARG"


def test_issues_pull_requests_and_releases(tools: Toolset) -> None:
    seen: list[str] = []
    cursor = None
    while True:
        asked = {"repository": "api", "state": "all", "limit": 3, "cursor": cursor}
        page = call(tools, "list_issues", **asked)
        seen += [row["title"] for row in page["data"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == [f"Ticket {number}" for number in range(6, -1, -1)]
    (bug,) = call(tools, "list_issues", repository="api", labels=["bug"])["data"]
    assert (bug["number"], bug["labels"], bug["text"]) == (3, ["bug"], "Text of  2")
    (found,) = call(tools, "list_issues", repository="api", words="Ticket 4")["data"]
    assert found["title"] == "Ticket 4"
    (closed,) = call(tools, "list_issues", repository="api", state="closed")["data"]
    assert closed["number"] == 1
    (pull,) = call(tools, "list_pull_requests", repository="api")["data"]
    assert (pull["title"], pull["from"], pull["to"]) == ("Bring two", "src", "main")
    # A draft of a release is nobody's who reads.
    assert [row["tag"] for row in call(tools, "list_releases", repository="api")["data"]] == [
        "v1.0.0"
    ]


HOSTILE_PATHS = [
    "..", "../bills", "../../bills/raw/README.md", "src/..", "src/../../bills", "./README.md",
    "/README.md", "//README.md", "src//main.py", "src/", "%2e%2e/bills", "%2E%2E%2Fbills",
    "%252e%252e/x", "..%2f..%2fbills", "src/%2e%2e/%2e%2e", "a\\..\\b", "a%5c..%5cb", "a\x00b",
    "a\nb", "a\r\nHost: evil", "a%00b", "a%0d%0aX: y", ":(top)*", ":!README.md", ":/", "",
    "x" * 1025, "é" * 600, "a/" * 100 + "b", "\ud800", ".git", ".git/config", "src/.GIT/config", "%2egit/config",
]  # fmt: skip
# Names that are nothing but names: nothing lies there, and nothing else is reached.
HARMLESS_PATHS = [
    "?ref=src", "README.md?token=x", "README.md#x", "README.md;x", "x@y", "{username}", "*", "~",
    "$(id)", "`id`", "'; DROP TABLE user;--", "-rf", "--help", "&sudo=x",
    "src:README.md", "HEAD:README.md", "CON", "...", "a/.../b", "http://169.254.169.254/x",
]  # fmt: skip
HOSTILE_REFERENCES = [
    "..", "main..src", "main...src", "-x", "--all", "--output=/tmp/x", "@", "HEAD@{1}", "main^{/x}",
    "main~1", "main:src", ":/x", "a b", "a\n", "refs/../x", "/main", "main/", "a//b", "./x", "a.lock",
    "x" * 201, "*", "?", "main\x00", "main&sudo=gitea_admin", "main#", "main%2e%2e",
]  # fmt: skip
HOSTILE_NAMES = [
    "bills", "secrets", "team/api", "../bills", "api/../bills", "api%2f..", "API", "api.git", "*",
    "", "api\n", "backups", "api?sudo=gitea_admin",
]  # fmt: skip


def test_hostile_arguments_reach_nothing(stage: Stage, tools: Toolset) -> None:
    before = stage.state()
    for path in HOSTILE_PATHS:
        assert refused(tools, "read_file", repository="api", path=path).code == "E_ARG", path
        if path:
            for name in ("list_files", "list_commits"):
                assert refused(tools, name, repository="api", path=path).code == "E_ARG", path
    for path in HARMLESS_PATHS:
        error = refused(tools, "read_file", repository="api", path=path)
        assert error.code == ("E_ARG" if path.startswith("http:") else "E_NOT_FOUND"), path
    for ref in HOSTILE_REFERENCES:
        for name, more in (
            ("read_file", {"path": "README.md"}), ("list_files", {}), ("list_commits", {}),
        ):  # fmt: skip
            assert refused(tools, name, repository="api", ref=ref, **more).code == "E_ARG", ref
    for name, arguments in READ_CALLS[1:]:
        for repository in HOSTILE_NAMES:
            error = refused(tools, name, **{**arguments, "repository": repository})
            assert error.code == "E_SCOPE", repository
        for more in ({"url": "http://x"}, {"owner": "shop"}, {"sudo": "gitea_admin"}):
            assert refused(tools, name, **arguments, **more).code == "E_ARG"
    for limit in (0, -1, 51, "1", 1.5, True):
        assert refused(tools, "list_issues", repository="api", limit=limit).code == "E_ARG"
    assert refused(tools, "list_issues", repository="api", labels=["a,b"]).code == "E_ARG"
    assert refused(tools, "list_issues", repository="api", since="now").code == "E_ARG"
    for cursor in ("x", "", "1"):
        assert refused(tools, "list_issues", repository="api", cursor=cursor).code == "E_ARG"
    assert stage.state() == before


def test_without_the_checks_in_python_the_account_holds(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second layer: closed lists that hold everything, and no check of a path or the token."""
    monkeypatch.setattr(gitea_tools, "segments_of", lambda path: path.split("/") if path else [])
    monkeypatch.setattr(gitea_tools, "ensure_reference", str)

    async def nothing(*_: Any) -> None:
        return None

    monkeypatch.setattr(gitea_tools.Gitea, "ready", nothing)
    every = {
        "repositories": ("api", "bills", "docs"),
        "owners": ("shop.bills", "shop.docs", "team.api"),
    }
    tools = tools_of(stage, tmp_path, **every)
    before = stage.state()
    for name, arguments in READ_CALLS[1:]:
        error = refused(tools, name, **{**arguments, "repository": "bills"})
        assert error.code == "E_NOT_FOUND", name
    for path in HOSTILE_PATHS:
        try:
            answer = call(tools, "read_file", repository="api", path=path)
        except Refusal as refusal:
            assert refusal.code in {"E_ARG", "E_NOT_FOUND", "E_UNAVAILABLE"}, path
        else:
            pytest.fail(f"{path!r} was answered: {answer['data']}")
    assert stage.state() == before


CHANGES: list[tuple[str, str, Any]] = [
    ("POST", "/repos/team/api/issues", {"title": "forged"}),
    ("PATCH", "/repos/team/api/issues/2", {"title": "forged"}),
    ("DELETE", "/repos/team/api/issues/2", None),
    ("POST", "/repos/team/api/issues/2/comments", {"body": "forged"}),
    ("POST", "/repos/team/api/issues/2/reactions", {"content": "+1"}),
    ("POST", "/repos/team/api/issues/2/labels", {"labels": [1]}),
    ("PUT", "/repos/team/api/issues/2/subscriptions/link.fastmcp-gitea", None),
    ("POST", "/repos/team/api/issues/2/stopwatch/start", None),
    ("POST", "/repos/team/api/labels", {"name": "x", "color": "#000000"}),
    ("POST", "/repos/team/api/milestones", {"title": "x"}),
    ("POST", "/repos/team/api/pulls", {"title": "x", "head": "src", "base": "main"}),
    ("POST", "/repos/team/api/pulls/8/merge", {"Do": "merge"}),
    ("POST", "/repos/team/api/pulls/8/reviews", {"body": "x", "event": "APPROVED"}),
    ("POST", "/repos/team/api/contents/forged.txt", {"content": "eA=="}),
    ("DELETE", "/repos/team/api/contents/empty.txt", {"sha": "x"}),
    ("POST", "/repos/team/api/branches", {"new_branch_name": "forged"}),
    ("DELETE", "/repos/team/api/branches/src", None),
    ("POST", "/repos/team/api/tags", {"tag_name": "forged"}),
    ("POST", "/repos/team/api/releases", {"tag_name": "forged"}),
    ("POST", "/repos/team/api/statuses/main", {"state": "success"}),
    ("POST", "/repos/team/api/hooks", {"type": "gitea", "config": {}}),
    ("POST", "/repos/team/api/keys", {"title": "x", "key": "ssh-rsa x"}),
    ("PUT", "/repos/team/api/collaborators/site", {"permission": "admin"}),
    ("PUT", "/repos/team/api/subscription", None),
    ("PATCH", "/repos/team/api", {"private": False}),
    ("DELETE", "/repos/team/api", None),
    ("POST", "/repos/team/api/forks", {"name": "mine"}),
    ("POST", "/repos/team/api/transfer", {"new_owner": "link.fastmcp-gitea"}),
    ("PUT", "/user/starred/team/api", None),
    ("POST", "/user/repos", {"name": "mine"}),
    ("POST", "/user/keys", {"title": "x", "key": "ssh-rsa x"}),
    ("PATCH", "/user/settings", {"full_name": "forged"}),
    ("POST", "/users/link.fastmcp-gitea/tokens", {"name": "more", "scopes": ["all"]}),
    ("POST", "/orgs", {"username": "mine"}),
    ("POST", "/admin/users", {"username": "mine", "email": "m@x.y", "password": "x" * 20}),
    ("GET", "/admin/users", None),
    ("GET", "/user", None),
    ("GET", "/user/repos", None),
    ("GET", "/notifications", None),
    ("GET", "/repos/shop/bills", None),
    ("GET", "/repos/shop/bills/issues", None),
    ("GET", "/repos/shop/bills/raw/README.md", None),
    ("GET", "/repos/team/api/collaborators/site/permission", None),
    ("GET", "/repos/team/api/hooks", None),
    ("GET", "/repos/team/api?sudo=gitea_admin", None),
]


def test_the_raw_token_reads_what_is_linked_and_no_more(stage: Stage) -> None:
    """The third layer: no Python at all."""
    before = stage.state()
    for method, path, body in CHANGES:
        status, answer = stage.server.ask(method, path, body, stage.token)
        assert status in {401, 403, 404}, (method, path, status, answer)
    for path in ("/repos/team/api", "/repos/shop/docs", "/repos/team/api/issues"):
        assert stage.server.ask("GET", path, None, stage.token)[0] == 200
    assert stage.state() == before


WIDE = (
    "all",
    f"{READ_SCOPES},read:user",
    "write:repository,read:issue",
    "read:repository,write:issue",
)


def test_a_token_that_may_do_more_is_not_used(stage: Stage, tmp_path: Path) -> None:
    before = stage.state()
    for scopes in WIDE:
        tools = tools_of(stage, tmp_path, made_token(stage, scopes))
        for name, arguments in READ_CALLS:
            error = refused(tools, name, **arguments)
            assert (error.code, "may do more than read" in error.hint) == ("E_UNAVAILABLE", True)
    assert stage.state() == before


def test_an_account_that_sees_or_may_do_more_is_not_used(stage: Stage, tmp_path: Path) -> None:
    admin = made_token(stage, READ_SCOPES, stage.server.admin)
    error = refused(tools_of(stage, tmp_path, admin), "list_branches", repository="api")
    assert "not linked" in error.hint
    place = f"/repos/team/api/collaborators/{ACCOUNT}"
    stage.server.must("PUT", place, {"permission": "write"})
    error = refused(tools_of(stage, tmp_path), "list_branches", repository="api")
    assert "may do more than read" in error.hint
    # The job sets it right.
    stage.accounts()
    assert call(tools_of(stage, tmp_path), "list_branches", repository="api")["returned"] == 2


def test_errors_are_in_words_of_our_own(stage: Stage, tmp_path: Path) -> None:
    error = refused(tools_of(stage, tmp_path, "wrong" * 8), "list_repositories")
    assert (error.code, error.hint) == (
        "E_UNAVAILABLE", "the credential MCP_GITEA_TOKEN was refused",
    )  # fmt: skip
    few = tools_of(stage, tmp_path, made_token(stage, "read:repository"))
    error = refused(few, "list_issues", repository="api")
    assert "lacks a scope" in error.hint
    tools = tools_of(stage, tmp_path)
    for name, more in (
        ("read_file", {"path": "none"}), ("list_files", {"path": "none"}),
        ("list_files", {"ref": "none"}), ("list_commits", {"ref": "none"}),
        ("list_commits", {"path": "none"}),
    ):  # fmt: skip
        error = refused(tools, name, repository="api", **more)
        assert (error.code, "no such" in error.hint) == ("E_NOT_FOUND", True), (name, more)


def test_the_job_takes_back_what_is_no_longer_linked(
    binary: Path, stage: Stage, tmp_path: Path
) -> None:
    assert stage.accounts() == ""
    assert runs.gen(binary, tmp_path, document("docs")).returncode == 0
    said = stage.accounts(tmp_path / "out")
    assert said == f"{ACCOUNT} does not read team/api any more\n"
    assert stage.server.ask("GET", "/repos/team/api", None, stage.token)[0] == 404
    assert stage.server.ask("GET", "/repos/shop/docs", None, stage.token)[0] == 200
    rows = call(tools_of(stage, tmp_path), "list_repositories")["data"]
    assert [row.get("missing", False) for row in rows] == [True, False]
    without = document()
    without["links"] = [one for one in without["links"] if one["from"] != "fastmcp"]
    (tmp_path / "none").mkdir()
    assert runs.gen(binary, tmp_path / "none", without).returncode == 0
    assert stage.accounts(tmp_path / "none/out") == f"removed {ACCOUNT}\n"
    assert stage.server.ask("GET", "/repos/shop/docs", None, stage.token)[0] == 401
    stage.accounts()
