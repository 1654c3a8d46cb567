"""What the Gitea tools answer with: the fields of each answer and their types.

In: nothing.
Out: typed dictionaries that the return annotations of the tools name.
Must not know: how an answer is made.
"""

from typing import NotRequired, TypedDict


class RepositoryRow(TypedDict):
    """A linked repository; nothing but its name where it is missing."""

    repository: str
    missing: NotRequired[bool]
    owner: NotRequired[str]
    description: NotRequired[str]
    default_branch: NotRequired[str]
    empty: NotRequired[bool | None]
    private: NotRequired[bool | None]
    archived: NotRequired[bool | None]
    size_kib: NotRequired[int | None]
    open_issues: NotRequired[int | None]
    open_pull_requests: NotRequired[int | None]
    releases: NotRequired[int | None]
    updated_at: NotRequired[str]


class Branch(TypedDict):
    """A branch with its last commit."""

    branch: str
    protected: bool | None
    commit: str
    title: str
    author: str
    time: str


class Commit(TypedDict):
    """A commit."""

    commit: str
    message: str
    author: str
    time: str
    parents: list[str]


class Entry(TypedDict):
    """What lies in a folder."""

    name: str
    path: str
    type: str
    bytes: int | None


class FilePart(TypedDict):
    """A part of a file."""

    repository: str
    path: str
    ref: str
    blob: str
    total_bytes: int
    offset: int
    bytes: int
    next_offset: int | None
    encoding: str
    value: str


class Talk(TypedDict):
    """What issues and pull requests have in common."""

    number: int | None
    title: str
    state: str
    author: str
    labels: list[str]
    assignees: list[str]
    comments: int | None
    created_at: str
    updated_at: str
    closed_at: str
    text: str


class Issue(Talk):
    """An issue."""

    milestone: str
    due: str


_Pull = TypedDict(
    "_Pull",
    {
        "draft": bool | None,
        "merged": bool | None,
        "mergeable": bool | None,
        "from": str,
        "to": str,
        "commit": str,
    },
)


class PullRequest(Talk, _Pull):
    """A pull request."""


class Asset(TypedDict):
    """A file of a release."""

    name: str
    bytes: int | None


class Release(TypedDict):
    """A release with its files."""

    tag: str
    name: str
    text: str
    prerelease: bool | None
    author: str
    published_at: str
    files: list[Asset]
