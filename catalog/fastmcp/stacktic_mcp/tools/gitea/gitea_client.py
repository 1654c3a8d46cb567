"""The API of Gitea as one link may use it: the linked repositories, fixed paths, reading alone.

In: a link (host, port, token), the closed lists of repositories and their owners.
Out: decoded JSON, pages and parts of files; every failure is a refusal in words of our own.
Must not know: MCP, tools. Accounts, keys, tokens, hooks and whatever changes have no function here.

A token may do more than its link says, since a person makes it. So it is tried before it is used:
it must see the linked repositories alone, read them and no more, and be refused elsewhere.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from stacktic_mcp.core.toolkit import Link, Refusal
from stacktic_mcp.lib.decoding import decode_json
from stacktic_mcp.lib.documents import Facts, at, count, ensure_list, ensure_object, objects, text
from stacktic_mcp.lib.http_client import Http

CHECK_LASTS_S = 60.0
# As many as the API gives at once where nobody has set another number.
PAGE = 50
MAX_REPOSITORIES = 200
MAX_DIGITS = 18
BASE_PATH = "/api/v1"


@dataclass(frozen=True)
class Page:
    """Rows from a place on, and where the rows behind them begin, if there are some."""

    rows: list[Facts]
    first: int
    more: bool


@dataclass(frozen=True)
class Part:
    """Some bytes of a file, and how many it has."""

    raw: bytes
    total: int


class Gitea:
    """Requests of the tools of one server; remembers for which links the token was tried."""

    def __init__(self) -> None:
        self._checked: dict[str, float] = {}

    async def repositories(self, link: Link) -> dict[str, Facts]:
        """Return the linked repositories by name; those that the account does not see are absent.

        Every use of a link passes here or through `ready` before anything else is asked.
        """
        shown = await _shown(link)
        _ensure_reader(link, shown)
        if shown and not self._is_checked(link):
            await _ensure_scopes(link, owner_of(link, min(shown)), min(shown))
            self._checked[link.component] = time.monotonic()
        return shown

    async def ready(self, link: Link) -> None:
        """Have the token tried where that was not done lately."""
        if not self._is_checked(link):
            await self.repositories(link)

    async def wider(self, link: Link) -> list[str]:
        """Return what the token may do beyond reading what is linked."""
        shown = await _shown(link)
        found = _beyond(shown)
        linked = sorted(set(shown) - {""})
        if not found and linked:
            found = await _wide_scopes(link, owner_of(link, linked[0]), linked[0])
        if found:
            self._checked.pop(link.component, None)
        return found

    async def page(
        self,
        link: Link,
        place: tuple[str, str],
        params: dict[str, Any],
        span: tuple[int, int],
        size: int | None = None,
    ) -> Page:
        """Return rows of a list of a repository; `span` is the first one and how many.

        `size` is that of the backend's pages, where a request cannot say it.
        """
        await self.ready(link)
        first, limit = span
        size = size or limit
        paging = {"page": first // size + 1, "limit": size}
        reply = await _http(link).request(
            "GET", path_of(link, place[0], place[1]), params=params | paging
        )
        rows = objects(ensure_list(_json(reply.body)))[:size]
        shown = rows[first % size :][:limit]
        total = count(_whole(reply.headers.get("x-total-count", "")))
        end = first + len(shown)
        more = len(rows) >= size if total is None else end < total
        return Page(shown, first, more and bool(shown))

    async def contents(
        self, link: Link, repository: str, segments: Sequence[str], reference: str
    ) -> Facts:
        """Return what lies at a path: a file or folder, without any content."""
        await self.ready(link)
        path = [*path_of(link, repository, "contents-ext"), *segments]
        return ensure_object(await _http(link).get_json(path, {"ref": reference}))

    async def part(
        self,
        link: Link,
        repository: str,
        segments: Sequence[str],
        reference: str,
        span: tuple[int, int],
    ) -> Part:
        """Return a part of a file; a range is always sent, and nothing behind it is read."""
        await self.ready(link)
        first, length = span
        http = _http(link, {"range": f"bytes={first}-{first + length - 1}"}, length)
        path = [*path_of(link, repository, "raw"), *segments]
        reply = await http.request("GET", path, params={"ref": reference})
        told = reply.headers.get("content-range", "").rpartition("/")[2]
        total = count(_whole(told))
        if reply.status != HTTPStatus.PARTIAL_CONTENT or total is None:
            hint = f"{link.component} sent another part than the one asked for"
            raise Refusal("E_UNAVAILABLE", hint)
        return Part(reply.body, total)

    async def first_branch(self, link: Link, repository: str) -> str:
        """Return the branch that is meant where none is named."""
        await self.ready(link)
        found = ensure_object(await _http(link).get_json(path_of(link, repository)))
        return text(found.get("default_branch"))

    def _is_checked(self, link: Link) -> bool:
        return time.monotonic() - self._checked.get(link.component, -CHECK_LASTS_S) < CHECK_LASTS_S


def owner_of(link: Link, repository: str) -> str:
    """Return who a linked repository belongs to; `<owner>.<repository>` is its line of the list.

    Both may have dots: a line belongs to the longest name that it ends with.
    """
    names = sorted(_linked(link), key=len, reverse=True)
    owners = [
        line.removesuffix(f".{repository}")
        for line in link.enums.get("owners", ())
        if next((name for name in names if line.endswith(f".{name}")), "") == repository
    ]
    if len(owners) != 1:
        raise Refusal("E_UNAVAILABLE", f"nothing tells who {repository} belongs to")
    return owners[0]


def path_of(link: Link, repository: str, *part: str) -> list[str]:
    """Return the segments of an address below one linked repository."""
    if repository not in _linked(link):
        raise Refusal("E_SCOPE", "the repository is not linked", _linked(link))
    return ["repos", owner_of(link, repository), repository, *part]


def _linked(link: Link) -> tuple[str, ...]:
    return link.enums.get("repositories", ())


def _http(link: Link, headers: dict[str, str] | None = None, max_bytes: int = 2**22) -> Http:
    token = link.secret("TOKEN")
    return Http(
        link,
        base_path=BASE_PATH,
        headers=lambda: {"authorization": f"token {token}", **(headers or {})},
        credential="TOKEN",
        error_hint=_hint,
        max_bytes=max_bytes,
    )


def _hint(status: int, body: bytes) -> str | None:
    if status == HTTPStatus.NOT_FOUND:
        return "the repository has no such branch, tag, commit or path, or this account no access"
    if status == HTTPStatus.CONFLICT:
        return "the repository is empty"
    if status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
        return "the file ends before this place"
    if b"required scope" in body:
        return "the token of this link lacks a scope: read:repository and read:issue"
    return None


async def _visible(link: Link) -> list[Facts]:
    """Return all repositories that the account sees; of too many, too many to be a link's."""
    found: list[Facts] = []
    while len(found) <= MAX_REPOSITORIES:
        paging = {"limit": PAGE, "page": len(found) // PAGE + 1}
        answer = await _http(link).get_json(["repos", "search"], paging)
        rows = objects(ensure_list(at(answer, "data")))
        found += rows
        if len(rows) < PAGE:
            break
    return found


async def _shown(link: Link) -> dict[str, Facts]:
    """Return what the account sees of each linked repository, the others under no name."""
    found = await _visible(link)
    names = {f"{owner_of(link, name)}/{name}".lower(): name for name in _linked(link)}
    return {names.get(text(one.get("full_name")).lower(), ""): one for one in found}


def _beyond(shown: dict[str, Facts]) -> list[str]:
    found = ["it sees repositories that are not linked"] if "" in shown else []
    rights = [at(one, "permissions", name) for one in shown.values() for name in ("push", "admin")]
    return found + ["it may do more than read"] * any(right is not False for right in rights)


def _ensure_reader(link: Link, shown: dict[str, Facts]) -> None:
    """Refuse an account that sees more than is linked, or may do more than read."""
    if "" in shown:
        raise Refusal(
            "E_UNAVAILABLE",
            f"the account of this link on {link.component} sees repositories that are not linked",
        )
    if _beyond(shown):
        raise _too_much(link)


async def _ensure_scopes(link: Link, owner: str, repository: str) -> None:
    """Refuse a token that is let in anywhere but where a link reads."""
    if await _wide_scopes(link, owner, repository):
        raise _too_much(link)


async def _wide_scopes(link: Link, owner: str, repository: str) -> list[str]:
    """Return whether a token is let in anywhere but where a link reads.

    None of these could change anything: the first two only tell, and there is no issue 0.
    """
    place = ["repos", owner, repository]
    tried: list[tuple[str, list[str]]] = [
        ("GET", ["user"]),
        ("POST", [*place, "markdown"]),
        ("POST", [*place, "issues", "0", "comments"]),
    ]
    for method, path in tried:
        if not await _is_out_of_scope(link, method, path):
            return ["its token has more scopes than reading takes"]
    return []


async def _is_out_of_scope(link: Link, method: str, path: list[str]) -> bool:
    http = _http(link)
    content = b"{}" if method == "POST" else b""
    async with http.stream(
        method, http.url(path), content=content, content_type="application/json"
    ) as response:
        return response.status_code == HTTPStatus.FORBIDDEN


def _too_much(link: Link) -> Refusal:
    hint = f"the token {link.env}_TOKEN may do more than read what is linked; make another"
    return Refusal("E_UNAVAILABLE", hint)


def _json(body: bytes) -> Any:
    try:
        return decode_json(body)
    except ValueError:
        raise Refusal("E_UNAVAILABLE", "the backend did not answer with JSON") from None


def _whole(value: str) -> int | None:
    return int(value) if value.isascii() and value.isdigit() and len(value) <= MAX_DIGITS else None
