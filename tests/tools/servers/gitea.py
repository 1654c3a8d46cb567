"""A stub of Gitea that keeps issues, knows accounts by their tokens and refuses as Gitea does.

Checked against routers/api/v1/api.go (order of checks: token, scope, repository, body) and
modules/structs of code.gitea.io/gitea v1.25.2, and against that version itself, which
tests/lab/test_gitea_tools.py runs.

In: requests of the tools.
Out: answers in Gitea's forms, and the issues that were made.
Must not know: the tools' own fences.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from servers.stub import Reply, Request, Stub, serving

READER = "token-of-the-reader-of-a-link"
SCOPES = "read:repository,read:issue"
HIDDEN = "ada@hidden.example.com"
NEEDED = {"issues": "issue", "user": "user"}

Json = dict[str, Any]


@dataclass
class State:
    """What Gitea remembers."""

    scopes: str = SCOPES
    right: str = "read"
    seen: list[str] = field(default_factory=lambda: ["team/api"])
    issues: list[Json] = field(default_factory=lambda: [issue(n) for n in range(5, 0, -1)])
    files: list[str] = field(default_factory=lambda: ["b.txt", "a.txt", "c.txt"])

    def repository(self, name: str) -> Json:
        owner, _, plain = name.partition("/")
        write = self.right == "write"
        return {
            "full_name": name,
            "name": plain,
            "owner": {"login": owner, "email": HIDDEN},
            "default_branch": "main",
            "permissions": {"admin": False, "push": write, "pull": True},
            "html_url": f"https://user:{HIDDEN}@gitea/{name}",
        }


def issue(number: int) -> Json:
    """Return an issue as the API tells it, with what nobody should see."""
    return {
        "number": number,
        "title": f"Ticket \x1b[31m{number}\u202e",
        "body": "line one\r\nline \x00two" + "x" * 5000,
        "user": {"login": "ada", "email": HIDDEN},
        "labels": [{"name": "bug", "url": f"https://{HIDDEN}"}],
        "state": "open",
        "comments": 0,
    }


@contextmanager
def running(state: State) -> Generator[Stub]:
    """Serve the repositories of a state."""
    with serving(lambda request: _answer(state, request)) as stub:
        yield stub


def _answer(state: State, request: Request) -> Reply:
    if request.headers.get("authorization") != f"token {READER}":
        return Reply(401, {"message": "invalid username, password or token"})
    path = request.path[2:]
    kind = "write" if request.method != "GET" else "read"
    category = next((NEEDED[word] for word in path if word in NEEDED), "repository")
    scopes = state.scopes.split(",")
    if not {"all", f"{kind}:{category}", f"write:{category}"} & set(scopes):
        told = f"token does not have at least one of required scope(s), required=[{kind}]"
        return Reply(403, {"message": told})
    if path == ("user",):
        return Reply(200, {"login": "link.fastmcp-gitea"})
    if path == ("repos", "search"):
        rows = [state.repository(name) for name in state.seen]
        return Reply(200, {"ok": True, "data": rows if request.first("page") == "1" else []})
    if "/".join(path[1:3]) not in state.seen:
        return Reply(404, {"message": "not found"})
    return _below(state, request, path[3:])


def _below(state: State, request: Request, path: tuple[str, ...]) -> Reply:
    if path == ("markdown",):
        return Reply(422, {"message": "[]: Required"})
    if request.method == "POST" and path == ("issues",):
        state.issues.append(request.body)
        return Reply(201, request.body)
    if path == ("issues",):
        limit, page = int(request.first("limit")), int(request.first("page"))
        return Reply(200, state.issues[(page - 1) * limit : page * limit])
    if path == ("contents-ext",):
        rows = [{"name": name, "path": name, "type": "file", "size": 3} for name in state.files]
        return Reply(200, {"dir_contents": rows})
    return Reply(404, {"message": "not found"})
