"""The server card: what a client may know of this server before it has a key.

In: `server-card.json` of the configuration directory, which is there when a gateway publishes the
server; requests of anyone.
Out: the card as it was generated, at the address that MCP's extension of server cards keeps for it.
Must not know: callers, tools, links. Whoever asks has no key, so the card is the same for all.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.responses import Response

from stacktic_mcp.core.bodies import header_of

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from stacktic_mcp.core.settings import Settings

FILE = "server-card.json"
# The address of the server with `/server-card` behind it: the extension says why it is no
# `.well-known`, which is for what a whole site has once.
CARD_PATH = "/mcp/server-card"
MEDIA_TYPE = "application/mcp-server-card+json"
READING = frozenset(("GET", "HEAD", "OPTIONS"))
# The extension demands these: pages of any origin may read what anybody may.
_HEADERS = {
    "access-control-allow-origin": "*",
    "access-control-allow-methods": "GET",
    "access-control-allow-headers": "Content-Type, If-None-Match",
    "access-control-expose-headers": "ETag",
    "cache-control": "public, max-age=3600",
}


@dataclass(frozen=True)
class Card:
    """One card."""

    body: bytes
    tag: str = field(init=False)

    def __post_init__(self) -> None:
        """Make the tag by which a client asks whether it has changed."""
        digest = hashlib.sha256(self.body).hexdigest()
        object.__setattr__(self, "tag", f'"{digest[:32]}"')

    def is_asked(self, scope: Scope) -> bool:
        """Tell whether a request is for it; what would write wants a key as everywhere."""
        return scope["path"] == CARD_PATH and scope["method"] in READING

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request for it."""
        await self._answer(scope)(scope, receive, send)

    def _answer(self, scope: Scope) -> Response:
        headers = {**_HEADERS, "etag": self.tag}
        if scope["method"] == "OPTIONS":
            return Response(status_code=HTTPStatus.NO_CONTENT, headers=headers)
        if self._is_known(header_of(scope, b"if-none-match")):
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
        return Response(self.body, media_type=MEDIA_TYPE, headers=headers)

    def _is_known(self, tags: str) -> bool:
        known = {tag.strip().removeprefix("W/") for tag in tags.split(",")}
        return bool(known & {self.tag, "*"})


def load_card(settings: Settings) -> Card | None:
    """Read the card; a server that nobody publishes has none."""
    try:
        body = settings.config_bytes(FILE)
    except FileNotFoundError:
        return None
    settings.config(FILE)
    return Card(body)
