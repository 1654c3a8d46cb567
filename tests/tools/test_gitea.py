"""The Gitea tools against a stub: what they take, what they ask and what they show.

In: the repositories and issues of `servers/gitea.py`.
Out: what each tool answers and refuses, and what it left behind.
Must not know MCP. `tests/lab/test_gitea_tools.py` has the tools on a real server.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

from conftest import LinkFacts, MakeTools
from servers import gitea
from servers.stub import Stub
from stacktic_mcp.core.toolkit import Refusal, Toolset
from stacktic_mcp.tools.gitea.gitea_paths import ensure_reference, segments_of
from stacktic_mcp.tools.gitea.gitea_tools import register

LISTS = {"repositories": ["api", "docs"], "owners": ["shop.docs", "team.api"]}
NAMES = {
    "gitea_list_repositories",
    "gitea_list_branches",
    "gitea_list_commits",
    "gitea_list_files",
    "gitea_read_file",
    "gitea_list_issues",
    "gitea_list_pull_requests",
    "gitea_list_releases",
}


@pytest.fixture
def state() -> gitea.State:
    return gitea.State()


@pytest.fixture
def stub(state: gitea.State) -> Iterator[Stub]:
    with gitea.running(state) as running:
        yield running


@pytest.fixture
def tools(make_tools: MakeTools, stub: Stub) -> Toolset:
    return make_tools(register, link(stub.port))


def link(
    port: int, token: str = gitea.READER, enums: dict[str, list[str]] | None = None
) -> LinkFacts:
    return LinkFacts(
        "gitea",
        "fastmcp-gitea",
        "MCP_GITEA",
        values={"HOST": "127.0.0.1", "PORT": str(port), "SCHEME": "http"},
        secrets={"TOKEN": token},
        enums=enums or LISTS,
    )


def call(tools: Toolset, name: str, **arguments: Any) -> dict[str, Any]:
    return asyncio.run(tools.call(name, arguments))


def refused(tools: Toolset, name: str, **arguments: Any) -> Refusal:
    with pytest.raises(Refusal) as caught:
        call(tools, name, **arguments)
    return caught.value


def test_all_tools_read(tools: Toolset) -> None:
    assert {tool.name for tool in tools.tools} == NAMES
    assert {tool.tool_class for tool in tools.tools} == {"read"}


def test_repositories_that_are_not_seen_are_marked(tools: Toolset) -> None:
    answer = call(tools, "gitea_list_repositories")
    api, docs = answer["data"]
    assert (api["repository"], api["owner"], api["open_issues"]) == ("api", "team", None)
    assert docs == {"repository": "docs", "missing": True}
    assert gitea.HIDDEN not in json.dumps(answer)


def test_issues_come_in_pages_and_as_they_read(tools: Toolset, state: gitea.State) -> None:
    before = json.dumps(state.issues)
    seen: list[int] = []
    cursor = None
    while True:
        asked = {"repository": "api", "limit": 2, "cursor": cursor}
        page = call(tools, "gitea_list_issues", **asked)
        seen += [row["number"] for row in page["data"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == [5, 4, 3, 2, 1]
    (row, *_) = call(tools, "gitea_list_issues", repository="api")["data"]
    assert (row["title"], row["labels"], row["author"]) == ("Ticket 5", ["bug"], "ada")
    assert row["text"].startswith("line one\nline  two")
    assert row["text"].endswith("…")
    assert gitea.HIDDEN not in json.dumps(row)
    assert json.dumps(state.issues) == before


def test_files_are_sorted_and_continued(tools: Toolset) -> None:
    page = call(tools, "gitea_list_files", repository="api", limit=2)
    assert [row["name"] for row in page["data"]] == ["a.txt", "b.txt"]
    rest = call(tools, "gitea_list_files", repository="api", limit=2, cursor=page["next_cursor"])
    assert ([row["name"] for row in rest["data"]], rest["next_cursor"]) == (["c.txt"], None)


def test_the_token_is_tried_once_and_changes_nothing(
    tools: Toolset, stub: Stub, state: gitea.State
) -> None:
    before = json.dumps(state.issues)
    for _ in range(3):
        call(tools, "gitea_list_issues", repository="api")
    posts = [request.path[5:] for request in stub.requests if request.method != "GET"]
    assert posts == [("markdown",), ("issues", "0", "comments")]
    assert json.dumps(state.issues) == before


@pytest.mark.parametrize(
    "scopes",
    ["all", "read:repository,read:issue,read:user", "write:repository,read:issue",
     "read:repository,write:issue"],
)  # fmt: skip
def test_a_token_that_may_do_more_is_not_used(
    tools: Toolset, state: gitea.State, scopes: str
) -> None:
    state.scopes = scopes
    error = refused(tools, "gitea_list_issues", repository="api")
    assert (error.code, "MCP_GITEA_TOKEN may do more" in error.hint) == ("E_UNAVAILABLE", True)


def test_an_account_that_sees_or_may_do_more_is_not_used(
    tools: Toolset, state: gitea.State
) -> None:
    state.seen.append("shop/bills")
    assert "not linked" in refused(tools, "gitea_list_issues", repository="api").hint
    state.seen, state.right = ["team/api"], "write"
    assert "may do more" in refused(tools, "gitea_list_repositories").hint


@pytest.mark.parametrize(
    ("token", "hint"),
    [
        ("wrong-token-of-a-link", "the credential MCP_GITEA_TOKEN was refused"),
        ("", "the credential MCP_GITEA_TOKEN is empty; fill it in secret/cloud.env"),
    ],
)
def test_refused_credentials_are_named_by_their_key(
    make_tools: MakeTools, stub: Stub, token: str, hint: str
) -> None:
    tools = make_tools(register, link(stub.port, token))
    for name in ("gitea_list_repositories", "gitea_list_issues"):
        arguments = {} if name.endswith("repositories") else {"repository": "api"}
        error = refused(tools, name, **arguments)
        assert (error.code, error.hint) == ("E_UNAVAILABLE", hint)


def test_names_with_dots_have_one_owner(
    make_tools: MakeTools, stub: Stub, state: gitea.State
) -> None:
    state.seen = ["team/c", "a/b.c"]
    clear = {"repositories": ["c", "b.c"], "owners": ["team.c", "a.b.c"]}
    rows = call(make_tools(register, link(stub.port, enums=clear)), "gitea_list_repositories")
    assert [(row["repository"], row["owner"]) for row in rows["data"]] == [
        ("c", "team"),
        ("b.c", "a"),
    ]
    unclear = {"repositories": ["c", "b.c"], "owners": ["a.b.c", "x.b.c"]}
    tools = make_tools(register, link(stub.port, enums=unclear))
    error = refused(tools, "gitea_list_branches", repository="c")
    assert (error.code, "nothing tells who" in error.hint) == ("E_UNAVAILABLE", True)


@pytest.mark.parametrize(
    "path",
    ["..", "../x", "a/../b", "./a", "/a", "a//b", "a/", "%2e%2e/x", "%252e%252e/x", "..%2fx",
     "a%5c..", "a\\b", "a\x00b", "a%00b", "a%0d%0ab", ":(top)x", ".git/config", "a/.GIT/x",
     "x" * 1025, "a/" * 100 + "b", "\ud800"],
)  # fmt: skip
def test_a_path_lies_within_the_repository(tools: Toolset, stub: Stub, path: str) -> None:
    with pytest.raises(Refusal):
        segments_of(path)
    for name in ("gitea_read_file", "gitea_list_files", "gitea_list_commits"):
        assert refused(tools, name, repository="api", path=path).code == "E_ARG"
    assert stub.requests == []


@pytest.mark.parametrize(
    "reference",
    ["..", "a..b", "-x", "@", "a@{1}", "a^", "a~1", "a:b", "a b", "a\n", "/a", "a/", "a//b",
     "a.lock", "./a", "x" * 201],
)  # fmt: skip
def test_a_reference_is_one_name(tools: Toolset, stub: Stub, reference: str) -> None:
    for name, more in (
        ("gitea_read_file", {"path": "a"}), ("gitea_list_files", {}), ("gitea_list_commits", {}),
    ):  # fmt: skip
        assert refused(tools, name, repository="api", ref=reference, **more).code == "E_ARG"
    assert stub.requests == []


def test_plain_names_pass() -> None:
    assert segments_of("src/a b#?%.txt") == ["src", "a b#?%.txt"]
    assert segments_of("") == []
    for reference in ("main", "feature/x-1", "v1.0.0", "0a1b2c3d"):
        assert ensure_reference(reference) == reference


def test_only_linked_repositories_are_asked_for(tools: Toolset, stub: Stub) -> None:
    for repository in ("bills", "team/api", "../api", "API", "api.git", "", "*"):
        assert refused(tools, "gitea_list_issues", repository=repository).code == "E_SCOPE"
    for more in ({"owner": "x"}, {"url": "http://x"}, {"limit": 51}, {"limit": "1"}):
        assert refused(tools, "gitea_list_issues", repository="api", **more).code == "E_ARG"
    assert stub.requests == []
