"""The sessions that keys hold: how many, and what is under way in each.

In: the MCP application, and the requests of known keys on their way to it.
Out: room for one more session, made by ending one that nothing happens in; ids in use.
Must not know: tools, limits of rate, or what a message means.

The application keeps a session until it was idle for long. A client that went away without a
word leaves one behind, so a key that holds all it may hold loses the one it left alone longest.
The SDK's loops hold on to the last message of a session, in and out, for as long as no other
comes. After a large one a small one is sent, so that an idle session is small.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import uuid4

from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken

from stacktic_mcp.core.calls import EXCHANGE, Exchange

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Scope

MAX_OF_KEY = 32
MAX_OF_ALL = 256
SESSION_HEADER = b"mcp-session-id"
# A request and its answer of this size together are not kept.
LARGE_BYTES = 16 * 1024
PATIENCE_SECONDS = 5.0
# What a request of our own keeps of the request that made it necessary.
KEPT_HEADERS = (b"host", b"origin", b"mcp-protocol-version")
JSON_HEADERS = ((b"content-type", b"application/json"), (b"accept", b"application/json"))


def user_of(key_name: str) -> AuthenticatedUser:
    """Return whom the SDK binds a session to: another key's request finds no such session."""
    return AuthenticatedUser(AccessToken(token=key_name, client_id=key_name, scopes=[]))


@dataclass
class _Session:
    """One session: the requests under way in it, and the ids that await an answer."""

    requests: int = 0
    ids: set[str] = field(default_factory=set[str])


@dataclass
class Sessions:
    """The sessions of all keys, those used last at the end."""

    app: ASGIApp
    _held: dict[str, dict[str, _Session]] = field(default_factory=dict[str, dict[str, _Session]])

    def __len__(self) -> int:
        """Return how many there are."""
        return sum(map(len, self._held.values()))

    def opened(self, key_name: str, session: str) -> None:
        """Note a new session."""
        self._held.setdefault(key_name, {})[session] = _Session()

    def enter(self, key_name: str, session: str, request_id: str | None) -> bool:
        """Begin a request in a session; false where its id awaits an answer already.

        Two answers to one id cannot be told apart: the SDK would keep the second caller waiting.
        """
        held = self._held.get(key_name, {})
        known = held.pop(session, None)
        if known is None:
            return True
        held[session] = known
        if request_id in known.ids:
            return False
        known.requests += 1
        if request_id is not None:
            known.ids.add(request_id)
        return True

    def leave(self, key_name: str, session: str, request_id: str | None) -> None:
        """End a request."""
        known = self._held.get(key_name, {}).get(session)
        if known is not None:
            known.requests -= 1
            known.ids.discard(request_id or "")

    def forget(self, key_name: str, session: str) -> None:
        """Note that the application has no such session."""
        held = self._held.get(key_name, {})
        held.pop(session, None)
        if not held:
            self._held.pop(key_name, None)

    async def make_room(self, key_name: str, scope: Scope) -> bool:
        """End sessions that nothing happens in until there may be one more."""
        while True:
            full = len(self._held.get(key_name, {})) >= MAX_OF_KEY
            if not full and sum(map(len, self._held.values())) < MAX_OF_ALL:
                return True
            holder = key_name if full else max(self._held, key=lambda key: len(self._held[key]))
            sessions = self._held[holder].items()
            idle = next((session for session, known in sessions if not known.requests), None)
            if idle is None:
                return False
            await self.end(holder, idle, scope)

    async def end(self, key_name: str, session: str, scope: Scope) -> None:
        """End a session in the application, as its client would."""
        self.forget(key_name, session)
        await self._ask("DELETE", b"", key_name, session, scope)

    async def lighten(self, key_name: str, session: str, scope: Scope) -> None:
        """Make a session let go of its last messages, by two that are small."""
        if session in self._held.get(key_name, {}):
            # Two requests of one id would wait for each other.
            ping = {"jsonrpc": "2.0", "id": uuid4().hex, "method": "ping"}
            await self._ask("POST", json.dumps(ping).encode("ascii"), key_name, session, scope)

    async def _ask(
        self, method: str, body: bytes, key_name: str, session: str, scope: Scope
    ) -> None:
        kept = [item for item in scope["headers"] if item[0] in KEPT_HEADERS]
        headers = [*kept, *JSON_HEADERS, (SESSION_HEADER, session.encode("latin-1"))]
        # Nobody sent this, so no audit line tells of it.
        exchange = Exchange(key_name, session, internal=True)
        request = {**scope, "method": method, "headers": headers, EXCHANGE: exchange}
        unread = [body]

        async def receive() -> Message:
            if not unread:
                await asyncio.Event().wait()
            return {"type": "http.request", "body": unread.pop(), "more_body": False}

        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_SECONDS):
                await self.app({**request, "user": user_of(key_name)}, receive, _nowhere)


class Opening:
    """The answer to an `initialize`, held back until it is known whether a session came of it."""

    def __init__(self) -> None:
        """Wait for the answer."""
        self._messages: list[Message] = []

    async def __call__(self, message: Message) -> None:
        """Take a part of the answer."""
        self._messages.append(message)

    @property
    def session(self) -> str:
        """Return the id of the session that the answer names."""
        names = [value for name, value in self._headers() if name.lower() == SESSION_HEADER]
        return names[0].decode("latin-1") if names else ""

    @property
    def failed(self) -> bool:
        """Tell whether the answer is anything but a result."""
        content = b"".join(message.get("body", b"") for message in self._messages)
        try:
            answer: object = json.loads(content)
        except ValueError:
            return True
        return not isinstance(answer, dict) or "result" not in answer

    def messages(self) -> list[Message]:
        """Return the answer; without the name of a session that is none."""
        if not self._messages or not self.failed:
            return self._messages
        kept = [item for item in self._headers() if item[0].lower() != SESSION_HEADER]
        return [{**self._messages[0], "headers": kept}, *self._messages[1:]]

    def _headers(self) -> list[tuple[bytes, bytes]]:
        return list(self._messages[0].get("headers", ())) if self._messages else []


async def _nowhere(message: Message) -> None:
    del message
