"""The API of OpenSearch as one link may use it: constant read paths, and GET alone.

In: a link (host, port, user, password), the name of a linked index, bodies that were made here.
Out: decoded JSON; every failure is a refusal in words of our own.
Must not know: MCP, tools. What writes, scrolls, looks at settings or users has no function here.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from stacktic_mcp.core.toolkit import Link, Refusal
from stacktic_mcp.lib.decoding import decode_json
from stacktic_mcp.lib.documents import Facts, ensure_object, text, texts
from stacktic_mcp.lib.http_client import Http
from stacktic_mcp.tools.opensearch.opensearch_query import Body

# Ends a search at the server, also one whose shards do not look at the clock.
CANCEL_AFTER = "9s"
CHECKED_FOR_SECONDS = 60.0
TOO_MUCH = "OpenSearch has too much to do, or the question takes too much memory"
# Words of the server's, which never reach a caller, and what they mean.
MEANINGS: tuple[tuple[bytes, str], ...] = (
    (b"Text fields are not optimised", "a text field neither sorts nor groups; try field.keyword"),
    (b"No mapping found for", "there is no such field to sort by"),
    (b"too_many_buckets", "these are too many groups"),
    (b"too_many_clauses", "these are too many words for so many fields; name the fields"),
    (b"too_many_nested_clauses", "these are too many words for so many fields; name the fields"),
)
MISFIT = "a value does not fit the kind of its field; opensearch_describe_index shows the kinds"


class Principals:
    """Remembers for a minute that the user of a link has its own role and no other."""

    def __init__(self) -> None:
        """Know nobody."""
        self._seen: dict[str, float] = {}

    async def ensure(self, search: Search) -> None:
        """Refuse to work as a user that somebody gave more to."""
        name = search.link.env
        if time.monotonic() < self._seen.get(name, 0.0):
            return
        await search.ensure_own_role_alone()
        self._seen[name] = time.monotonic() + CHECKED_FOR_SECONDS

    async def wider(self, link: Link) -> list[str]:
        """Return what the user may do beyond its own role."""
        if not await Search(link).has_other_roles():
            return []
        self._seen.pop(link.env, None)
        return ["it has other roles than its own"]


class Search:
    """Requests of one tool call."""

    def __init__(self, link: Link) -> None:
        """Read the credential now, so that an empty one is told before anything is sent."""
        self.link = link
        self._user = link.value("USER")
        self._http = Http(
            link,
            auth=(self._user, link.secret("PASSWORD")),
            credential="PASSWORD",
            error_hint=self._hint,
        )

    async def ensure_own_role_alone(self) -> None:
        """Refuse a user that has other roles, or gets some from elsewhere."""
        if await self.has_other_roles():
            hint = f"the user of this link at {self.link.component} has other roles than its own"
            raise Refusal("E_UNAVAILABLE", hint)

    async def has_other_roles(self) -> bool:
        """Tell whether the user is another, or has other roles than the one of its name."""
        told = ensure_object(await self._http.get_json(["_plugins", "_security", "authinfo"]))
        roles, others = texts(told.get("roles")), texts(told.get("backend_roles"))
        return text(told.get("user_name")) != self._user or roles != [self._user] or bool(others)

    async def search(self, index: str, body: Body) -> Facts:
        """Return what a search found; it ends when whoever asks goes away."""
        content = json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
        reply = await self._http.request(
            "GET",
            [index, "_search"],
            params={"cancel_after_time_interval": CANCEL_AFTER},
            content=content,
            content_type="application/json",
        )
        try:
            return ensure_object(decode_json(reply.body))
        except ValueError as error:
            self._http.log(error)
            hint = f"{self.link.component} did not answer with JSON"
            raise Refusal("E_UNAVAILABLE", hint) from None

    async def document(self, index: str, name: str, fields: Sequence[str]) -> Facts:
        """Return one document."""
        params = {"_source_includes": ",".join(fields) or None}
        return ensure_object(
            await self._http.get_json([index, "_doc", name], params, error_hint=self._no_document)
        )

    async def mapping(self, index: str) -> Facts:
        """Return the fields of an index."""
        return ensure_object(await self._http.get_json([index, "_mapping"]))

    async def stats(self, index: str) -> Facts:
        """Return the number of documents of an index, and its size."""
        return ensure_object(await self._http.get_json([index, "_stats", "docs,store"]))

    async def health(self) -> Facts:
        """Return the state of the cluster."""
        return ensure_object(await self._http.get_json(["_cluster", "health"], {"timeout": "5s"}))

    async def about(self) -> Facts:
        """Return name and version of the server."""
        reply: Any = await self._http.get_json([])
        return ensure_object(reply)

    def _no_document(self, status: int, body: bytes) -> str | None:
        if status == HTTPStatus.NOT_FOUND and b"index_not_found" not in body:
            return "the index has no such document"
        return self._hint(status, body)

    def _hint(self, status: int, body: bytes) -> str | None:
        """Tell what an error means; none of the server's own words are in it."""
        name = self.link.component
        if status == HTTPStatus.FORBIDDEN:
            return f"the user of this link on {name} lacks a grant it needs"
        if status == HTTPStatus.NOT_FOUND:
            return f"{name} has no such index yet"
        if status == HTTPStatus.BAD_REQUEST:
            return next((hint for word, hint in MEANINGS if word in body), MISFIT)
        if status in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}:
            return TOO_MUCH
        return None
