"""How answers of Gitea are shown: names, states and texts; no address and no mail of anybody.

In: parts of the JSON that Gitea answers with.
Out: the rows of a tool's answer.
Must not know: HTTP, MCP, or which tool shows what.
"""

from __future__ import annotations

from typing import Any

from stacktic_mcp.lib.documents import Facts, at, count, facts_of, flag, objects, text
from stacktic_mcp.lib.text import plain_text

MAX_TEXT = 1000
MAX_NAMES = 20


def repository_view(name: str, facts: Facts | None) -> dict[str, Any]:
    """Return one linked repository, marked where the account does not see it."""
    if facts is None:
        return {"repository": name, "missing": True}
    return {
        "repository": name,
        "owner": text(at(facts, "owner", "login")),
        "description": plain_text(text(facts.get("description"))),
        "default_branch": text(facts.get("default_branch")),
        "empty": flag(facts.get("empty")),
        "private": flag(facts.get("private")),
        "archived": flag(facts.get("archived")),
        "size_kib": count(facts.get("size")),
        "open_issues": count(facts.get("open_issues_count")),
        "open_pull_requests": count(facts.get("open_pr_counter")),
        "releases": count(facts.get("release_counter")),
        "updated_at": text(facts.get("updated_at")),
    }


def branch_view(facts: Facts) -> dict[str, Any]:
    """Return one branch with its last commit."""
    commit = facts_of(facts.get("commit"))
    return {
        "branch": text(facts.get("name")),
        "protected": flag(facts.get("protected")),
        "commit": text(commit.get("id")),
        "title": _first_line(commit.get("message")),
        "author": plain_text(text(at(commit, "author", "name"))),
        "time": text(commit.get("timestamp")),
    }


def commit_view(facts: Facts) -> dict[str, Any]:
    """Return one commit."""
    commit = facts_of(facts.get("commit"))
    return {
        "commit": text(facts.get("sha")),
        "message": lines(commit.get("message")),
        "author": plain_text(text(at(commit, "author", "name"))),
        "time": text(at(commit, "committer", "date")),
        "parents": [text(one.get("sha")) for one in objects(facts.get("parents"))],
    }


def entry_view(facts: Facts) -> dict[str, Any]:
    """Return what lies in a folder: file, dir, symlink or submodule."""
    kind = text(facts.get("type"))
    return {
        "name": text(facts.get("name")),
        "path": text(facts.get("path")),
        "type": kind,
        # Of a folder the API says nought.
        "bytes": count(facts.get("size")) if kind in {"file", "symlink"} else None,
    }


def issue_view(facts: Facts) -> dict[str, Any]:
    """Return one issue."""
    return {
        **_talk(facts),
        "milestone": plain_text(text(at(facts, "milestone", "title"))),
        "due": text(facts.get("due_date")),
    }


def pull_view(facts: Facts) -> dict[str, Any]:
    """Return one pull request; whether it can be merged is told while it is open."""
    return {
        **_talk(facts),
        "draft": flag(facts.get("draft")),
        "merged": flag(facts.get("merged")),
        "mergeable": flag(facts.get("mergeable")),
        "from": text(at(facts, "head", "ref")),
        "to": text(at(facts, "base", "ref")),
        "commit": text(at(facts, "head", "sha")),
    }


def release_view(facts: Facts) -> dict[str, Any]:
    """Return one release with the names and sizes of its files."""
    return {
        "tag": text(facts.get("tag_name")),
        "name": plain_text(text(facts.get("name"))),
        "text": lines(facts.get("body")),
        "prerelease": flag(facts.get("prerelease")),
        "author": plain_text(text(at(facts, "author", "login"))),
        "published_at": text(facts.get("published_at")),
        "files": [
            {"name": plain_text(text(one.get("name"))), "bytes": count(one.get("size"))}
            for one in objects(facts.get("assets"))[:MAX_NAMES]
        ],
    }


def lines(value: Any) -> str:
    """Return the first lines of a text, each as it reads."""
    whole = text(value)
    shown = "\n".join(map(plain_text, whole[:MAX_TEXT].splitlines()))
    return f"{shown} …" if len(whole) > MAX_TEXT else shown


def _talk(facts: Facts) -> dict[str, Any]:
    """Return what issues and pull requests have in common."""
    return {
        "number": count(facts.get("number")),
        "title": plain_text(text(facts.get("title"))),
        "state": text(facts.get("state")),
        "author": plain_text(text(at(facts, "user", "login"))),
        "labels": _names(facts.get("labels"), "name"),
        "assignees": _names(facts.get("assignees"), "login"),
        "comments": count(facts.get("comments")),
        "created_at": text(facts.get("created_at")),
        "updated_at": text(facts.get("updated_at")),
        "closed_at": text(facts.get("closed_at")),
        "text": lines(facts.get("body")),
    }


def _names(value: Any, key: str) -> list[str]:
    return [plain_text(text(one.get(key))) for one in objects(value)[:MAX_NAMES]]


def _first_line(value: Any) -> str:
    return plain_text(text(value).partition("\n")[0][:MAX_TEXT])
