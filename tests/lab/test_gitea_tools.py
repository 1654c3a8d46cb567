"""Gitea tools on a real server, set up by the generated values: what they see and never do.

In: a generated stack with an MCP server that is linked to some of three repositories; the accounts
that the generated job makes, and the token that the written command makes. Out: answers, refusals
by the tools, by the account and by the token alone, and a server that is as it was.
Must not know the templates.
"""

import asyncio
import json
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

import gitea_stage
from gitea_hostile import (
    CHANGES,
    HARMLESS_PATHS,
    HOSTILE_NAMES,
    HOSTILE_PATHS,
    HOSTILE_REFERENCES,
)
from gitea_stage import ACCOUNT, READ_SCOPES, Json, Stage, document, made_token, tools_of
from levels import runs
from stacktic_mcp.core.toolkit import Toolset
from stacktic_mcp.lib.refusal import Refusal
from stacktic_mcp.tools.gitea import gitea_tools


@pytest.fixture(scope="module")
def stage(binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Generator[Stage]:
    with gitea_stage.running(binary, tmp_path_factory.mktemp("gitea")) as stage:
        yield stage


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
    since = call(tools, "list_commits", repository="api", since="2090-01-01T00:00:00Z")
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


def test_hostile_arguments_reach_nothing(stage: Stage, tools: Toolset) -> None:
    before = stage.state()
    for path in HOSTILE_PATHS:
        for name in ("read_file", "list_files", "list_commits") if path else ("read_file",):
            assert refused(tools, name, repository="api", path=path).code == "E_ARG", path
    for path in HARMLESS_PATHS:
        error = refused(tools, "read_file", repository="api", path=path)
        assert error.code == ("E_ARG" if path.startswith("http:") else "E_NOT_FOUND"), path
    for ref in HOSTILE_REFERENCES:
        for name in ("read_file", "list_files", "list_commits"):
            more = {"path": "README.md"} if name == "read_file" else {}
            assert refused(tools, name, repository="api", ref=ref, **more).code == "E_ARG", ref
    assert stage.state() == before


def test_names_and_values_that_are_none_reach_nothing(stage: Stage, tools: Toolset) -> None:
    before = stage.state()
    for name, arguments in READ_CALLS[1:]:
        for repository in HOSTILE_NAMES:
            error = refused(tools, name, **{**arguments, "repository": repository})
            assert error.code == "E_SCOPE", repository
        for more in ({"url": "http://x"}, {"owner": "shop"}, {"sudo": "gitea_admin"}):
            assert refused(tools, name, **arguments, **more).code == "E_ARG"
    wrong: list[Json] = [{"limit": limit} for limit in (0, -1, 51, "1", 1.5, True)]
    wrong += [{"cursor": cursor} for cursor in ("x", "", "1")]
    wrong += [{"labels": ["a,b"]}, {"since": "now"}, {"since": "2990-01-01T00:00:00Z"}]
    for more in wrong:
        assert refused(tools, "list_issues", repository="api", **more).code == "E_ARG", more
    assert stage.state() == before


def test_without_the_checks_in_python_the_account_holds(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second layer: closed lists that hold everything, and no check of a path or the token."""

    def split(path: str) -> list[str]:
        return path.split("/") if path else []

    monkeypatch.setattr(gitea_tools, "segments_of", split)
    monkeypatch.setattr(gitea_tools, "ensure_reference", str)

    async def nothing(*_: Any) -> None:
        return None

    monkeypatch.setattr(gitea_tools.Gitea, "ready", nothing)
    every: Json = {
        "repositories": ("api", "bills", "docs"),
        "owners": ("shop.bills", "shop.docs", "team.api"),
    }
    tools = tools_of(stage, tmp_path, **every)
    before = stage.state()
    for name, arguments in READ_CALLS[1:]:
        error = refused(tools, name, **{**arguments, "repository": "bills"})
        assert error.code == "E_NOT_FOUND", name
    for path in HOSTILE_PATHS:
        code = refused(tools, "read_file", repository="api", path=path).code
        assert code in {"E_ARG", "E_NOT_FOUND", "E_UNAVAILABLE"}, path
    assert stage.state() == before


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
