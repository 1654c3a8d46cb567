"""Gitea tools of the MCP server: they read the linked Git repositories.

In: names of linked repositories, branches, paths within a repository, places in lists.
Out: rows and parts of files, bounded in number, bytes and time.
Must not know: HTTP, the topology, or any account but that of the link.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from stacktic_mcp.core.toolkit import Answer, Choice, Link, Position, Refusal, Toolset
from stacktic_mcp.lib.decoding import encoded, whole_characters
from stacktic_mcp.lib.documents import Facts, at, ensure_list, facts_of, objects, text
from stacktic_mcp.tools.gitea.gitea_client import PAGE, Gitea, Page
from stacktic_mcp.tools.gitea.gitea_paths import ensure_reference, segments_of
from stacktic_mcp.tools.gitea.gitea_views import (
    branch_view,
    commit_view,
    entry_view,
    issue_view,
    pull_view,
    release_view,
    repository_view,
)

MAX_WHOLE_PART = 128 * 1024

Repository = Annotated[str, Choice("repositories"), Field(description="a linked repository")]
Reference = Annotated[
    str | None,
    Field(
        max_length=200,
        pattern=r"^[A-Za-z0-9_][A-Za-z0-9_./+-]*$",
        description="branch, tag or commit; without it the first branch",
    ),
]
PATH_PATTERN = r"^[^\x00-\x1f\x7f\\]+$"
FilePath = Annotated[
    str,
    Field(
        min_length=1,
        max_length=1024,
        pattern=PATH_PATTERN,
        description="path within the repository, such as src/main.py",
    ),
]
Folder = Annotated[
    str,
    Field(
        max_length=1024,
        pattern=r"^[^\x00-\x1f\x7f\\]*$",
        description="folder within the repository; empty for its top",
    ),
]
Words = Annotated[
    str | None,
    Field(
        min_length=1,
        max_length=100,
        pattern=r"^[^\x00-\x1f\x7f-\x9f]+$",
        description="words of the title or text",
    ),
]
Label = Annotated[str, Field(min_length=1, max_length=50, pattern=r"^[^\x00-\x1f\x7f-\x9f,]+$")]
Moment = Annotated[
    str | None,
    Field(
        # Git takes no notice of a year that is far off.
        pattern=(
            r"^20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(Z|[+-][0-9]{2}:[0-9]{2})$"
        ),
        description="not before this time, such as 2030-01-31T12:00:00Z",
    ),
]
State = Annotated[
    Literal["open", "closed", "all"], Field(description="open ones, closed ones or all")
]
Limit = Annotated[int, Field(ge=1, le=PAGE, description="rows at most")]
Offset = Annotated[int, Field(ge=0, le=2**31, description="first byte")]
Length = Annotated[int, Field(ge=1, le=65536, description="bytes at most")]


def register(tools: Toolset) -> None:
    """Add the Gitea tools; none of them writes."""
    gitea = Gitea()
    tools.rights(gitea.wider)
    _register_history(tools, gitea)
    _register_files(tools, gitea)
    _register_work(tools, gitea)


def _register_history(tools: Toolset, gitea: Gitea) -> None:
    @tools.read
    async def gitea_list_repositories(link: Link) -> Answer:
        """List the linked Git repositories of Gitea with branch, size and what is open."""
        found = await gitea.repositories(link)
        names = link.enums.get("repositories", ())
        return Answer([repository_view(name, found.get(name)) for name in names])

    @tools.read
    async def gitea_list_branches(
        link: Link, repository: Repository, limit: Limit = 30, cursor: Position = None
    ) -> Answer:
        """List the branches of a Git repository with the last commit of each."""
        span = (int(cursor or 0), limit)
        page = await gitea.page(link, (repository, "branches"), {}, span)
        return _answer(page, [branch_view(one) for one in page.rows])

    @tools.read
    async def gitea_list_commits(
        link: Link,
        repository: Repository,
        ref: Reference = None,
        path: Folder = "",
        since: Moment = None,
        limit: Limit = 20,
        cursor: Position = None,
    ) -> Answer:
        """List commits of a Git repository, newest first: who changed what, also of one path."""
        page = await _commits(gitea, link, repository, (ref, path, since), (cursor, limit))
        return _answer(page, [commit_view(one) for one in page.rows])


def _register_files(tools: Toolset, gitea: Gitea) -> None:
    @tools.read
    async def gitea_list_files(
        link: Link,
        repository: Repository,
        path: Folder = "",
        ref: Reference = None,
        limit: Annotated[int, Field(ge=1, le=500, description="rows at most")] = 200,
        cursor: Position = None,
    ) -> Answer:
        """List files and folders in a folder of a Git repository, with sizes."""
        rows = await _entries(gitea, link, repository, path, ref)
        behind = [row for row in rows if row["name"] > text(cursor)]
        shown, more = behind[:limit], len(behind) > limit
        return Answer(
            shown,
            truncated_by="rows" if more else None,
            next_position=shown[-1]["name"] if more else None,
            position_at=lambda kept: shown[kept - 1]["name"],
        )

    @tools.read(budget_bytes=MAX_WHOLE_PART, cell_bytes=MAX_WHOLE_PART)
    async def gitea_read_file(
        link: Link,
        repository: Repository,
        path: FilePath,
        ref: Reference = None,
        offset: Offset = 0,
        length: Length = 16384,
    ) -> Answer:
        """Read a part of a file in a Git repository, as text, or as base64 when it is not text."""
        return await _read(gitea, link, (repository, path, ref), (offset, length))


def _register_work(tools: Toolset, gitea: Gitea) -> None:
    @tools.read
    async def gitea_list_issues(
        link: Link,
        repository: Repository,
        state: State = "open",
        words: Words = None,
        labels: Annotated[
            list[Label], Field(max_length=10, description="has all of these labels")
        ] = [],  # noqa: B006 -- read, never changed
        since: Moment = None,
        limit: Limit = 20,
        cursor: Position = None,
    ) -> Answer:
        """List issues (tickets) of a repository: title, state, labels, start of the text."""
        asked = {
            "type": "issues",
            "state": state,
            "q": words,
            "labels": ",".join(labels) or None,
            "since": since,
        }
        span = (int(cursor or 0), limit)
        page = await gitea.page(link, (repository, "issues"), asked, span)
        return _answer(page, [issue_view(one) for one in page.rows])

    @tools.read
    async def gitea_list_pull_requests(
        link: Link,
        repository: Repository,
        state: State = "open",
        limit: Limit = 20,
        cursor: Position = None,
    ) -> Answer:
        """List pull requests (merge requests) of a repository with their branches."""
        span = (int(cursor or 0), limit)
        page = await gitea.page(link, (repository, "pulls"), {"state": state}, span)
        return _answer(page, [pull_view(one) for one in page.rows])

    @tools.read
    async def gitea_list_releases(
        link: Link, repository: Repository, limit: Limit = 20, cursor: Position = None
    ) -> Answer:
        """List releases of a repository, newest first: tag, notes, names of files."""
        span = (int(cursor or 0), limit)
        page = await gitea.page(link, (repository, "releases"), {}, span)
        return _answer(page, [release_view(one) for one in page.rows])


def _answer(page: Page, rows: list[dict[str, Any]]) -> Answer:
    return Answer(
        rows,
        truncated_by="rows" if page.more else None,
        next_position=page.first + len(rows) if page.more else None,
        position_at=lambda kept: page.first + kept,
    )


async def _commits(
    gitea: Gitea,
    link: Link,
    repository: str,
    asked: tuple[str | None, str, str | None],
    place: tuple[Any, int],
) -> Page:
    ref, path, since = asked
    told = "/".join(segments_of(path)) or None
    params = {
        "sha": ensure_reference(ref) if ref else None,
        "path": told,
        "since": since,
        # What takes the backend long, and is not shown.
        "stat": "false",
        "files": "false",
        "verification": "false",
    }
    # The commits of a path come in pages of one size, whatever is asked for.
    size = PAGE if told else None
    span = (int(place[0] or 0), place[1])
    return await gitea.page(link, (repository, "commits"), params, span, size)


async def _entries(
    gitea: Gitea, link: Link, repository: str, path: str, ref: str | None
) -> list[dict[str, Any]]:
    found = await gitea.contents(link, repository, segments_of(path), _reference(ref))
    listed = found.get("dir_contents")
    if listed is None and found.get("file_contents") is not None:
        raise Refusal("E_ARG", "this is no folder; gitea_read_file reads it")
    rows = [entry_view(one) for one in objects(ensure_list(listed))]
    return sorted(rows, key=lambda row: row["name"])


async def _read(
    gitea: Gitea,
    link: Link,
    file: tuple[str, str, str | None],
    span: tuple[int, int],
) -> Answer:
    repository, path, ref = file
    segments, offset = segments_of(path), span[0]
    # Without a branch Gitea would take the first folder of the path for one of that name.
    reference = _reference(ref) or await gitea.first_branch(link, repository)
    facts = _file(await gitea.contents(link, repository, segments, reference))
    size = facts.get("size")
    if type(size) is not int or offset > size:
        raise Refusal("E_ARG", "the file ends before this place")
    raw = b""
    # No range lies within an empty file, nor behind the last byte of another.
    if offset < size:
        part = await gitea.part(link, repository, segments, reference, span)
        raw, size = part.raw, part.total
    more = offset + len(raw) < size
    raw = whole_characters(raw) if more else raw
    data = {
        "repository": repository,
        "path": path,
        "ref": reference,
        "blob": text(facts.get("sha")),
        "total_bytes": size,
        "offset": offset,
        "bytes": len(raw),
        "next_offset": offset + len(raw) if more else None,
        **encoded(raw),
    }
    return Answer(data, "bytes" if more else None)


def _file(found: Facts) -> Facts:
    if found.get("dir_contents") is not None:
        raise Refusal("E_ARG", "this is a folder; gitea_list_files lists it")
    facts = facts_of(at(found, "file_contents"))
    if facts.get("type") != "file":
        raise Refusal("E_ARG", "this is no file: it leads to another place")
    return facts


def _reference(ref: str | None) -> str:
    return ensure_reference(ref) if ref else ""
