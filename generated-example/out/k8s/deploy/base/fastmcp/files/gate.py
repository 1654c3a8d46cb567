"""The door of the server: keys, sizes, rates, and the audit of what stops there.

In: HTTP requests of anyone.
Out: to the MCP application only requests of a known key, within the caps; 401 otherwise.
Must not know: tools. `/health` is the one path without a key.

Two habits of plain `curl` are let through, because a key was shown and no browser sends
them without an `Origin` header: its default content type, and an `initialize` without
`capabilities`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken
from starlette.responses import JSONResponse

from calls import Call, Exchange

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from audit import AuditLog
    from auth import KeyRing
    from limits import Limits

MAX_BODY_BYTES = 1024 * 1024
BODY_SECONDS = 10.0
WATCHED_AFTER_SECONDS = 0.02
MAX_NOTED_CHARACTERS = 64
ACCEPTED = 202
FAILED = 500
FIRST_ERROR_STATUS = 400
CURL_CONTENT_TYPES = (b"", b"application/x-www-form-urlencoded")
EXCHANGE = "stacktic.exchange"


@dataclass(frozen=True)
class Stop(Exception):  # noqa: N818 -- a decision, not a fault
    """A request that goes no further."""

    status: int
    code: str
    hint: str


@dataclass(frozen=True, eq=False)
class Gate:
    """An ASGI application around the MCP application."""

    app: ASGIApp
    keys: KeyRing
    limits: Limits
    audit: AuditLog

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
        elif scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
        elif scope["path"] == "/health" and scope["method"] in {"GET", "HEAD"}:
            await JSONResponse({"status": "ok"})(scope, receive, send)
        else:
            await self._serve(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        exchange = Exchange(key_name="", session=_header(scope, b"mcp-session-id"))
        status = 0

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._admit(exchange, scope, receive, watched)
        except Stop as stop:
            # The line comes before the answer: a refused caller cannot be gone before it.
            self._record(exchange, scope, stop.status, started)
            await _refuse(stop, scope, receive, send)
        except BaseException:
            self._record(exchange, scope, status or FAILED, started)
            raise
        else:
            self._record(exchange, scope, status, started)

    async def _admit(self, exchange: Exchange, scope: Scope, receive: Receive, send: Send) -> None:
        key_name = self.keys.name_of(_headers(scope, b"authorization"))
        if key_name is None:
            raise Stop(401, "E_AUTH", "send a known key as `Authorization: Bearer <key>`")
        exchange.key_name = key_name
        # The SDK binds a session to this user: another key's request finds no such session.
        token = AccessToken(token=key_name, client_id=key_name, scopes=[])
        scope["user"] = AuthenticatedUser(token)
        scope[EXCHANGE] = exchange
        if scope["method"] == "GET":
            await self._stream(key_name, scope, receive, send)
        else:
            await self._call(exchange, scope, receive, send)

    async def _stream(self, key_name: str, scope: Scope, receive: Receive, send: Send) -> None:
        if not self.limits.start_stream(key_name):
            raise Stop(429, "E_LIMIT", "this key holds too many streams or calls too often")
        try:
            await self.app(scope, receive, send)
        finally:
            self.limits.end_stream(key_name)

    async def _call(self, exchange: Exchange, scope: Scope, receive: Receive, send: Send) -> None:
        if not self.limits.start_call(exchange.key_name):
            raise Stop(429, "E_LIMIT", "at most 10 calls a second and 4 at once for a key")
        try:
            body = await _read_body(scope, receive)
            # Without a session only `initialize` opens one; the word may stand elsewhere too.
            opening = not exchange.session and b'"initialize"' in body
            if opening and not self.limits.open_session(exchange.key_name):
                raise Stop(429, "E_LIMIT", "this key opens too many sessions; keep one")
            if scope["method"] == "POST" and not _headers(scope, b"origin"):
                body = _accept_curl(scope, body)
            await self._forward(exchange, scope, body, receive, send)
        finally:
            self.limits.end_call(exchange.key_name)

    async def _forward(
        self, exchange: Exchange, scope: Scope, body: bytes, receive: Receive, send: Send
    ) -> None:
        watch = _Watch(receive, exchange)
        unread = [body]

        async def replay() -> Message:
            if unread:
                return {"type": "http.request", "body": unread.pop(), "more_body": False}
            await watch.left()
            return {"type": "http.disconnect"}

        # Most calls end before anyone could leave: only longer ones are watched.
        timer = asyncio.get_running_loop().call_later(WATCHED_AFTER_SECONDS, watch.start)
        try:
            await self.app(scope, replay, send)
        finally:
            timer.cancel()
            await watch.stop()

    def _record(self, exchange: Exchange, scope: Scope, status: int, started: float) -> None:
        """Write the line of a request that no MCP method recorded; notifications leave none."""
        if exchange.recorded or status == ACCEPTED:
            return
        call = Call(
            method=f"{scope['method']} {scope['path']}"[:MAX_NOTED_CHARACTERS],
            key_name=exchange.key_name,
            session=exchange.session,
        )
        if status >= FIRST_ERROR_STATUS:
            call.deny(f"HTTP_{status}")
        elif scope["method"] == "POST":
            # A JSON-RPC error that the protocol layer answered without calling a method.
            call.deny("E_ARG")
        self.audit.write(call, int((time.perf_counter() - started) * 1000))


class _Watch:
    """Notices that the sender of a request hangs up while it is served."""

    def __init__(self, receive: Receive, exchange: Exchange) -> None:
        self._receive = receive
        self._exchange = exchange
        self._task: asyncio.Task[None] | None = None

    def start(self) -> asyncio.Task[None]:
        """Start watching, once."""
        if self._task is None:
            self._task = asyncio.create_task(self._run())
        return self._task

    async def left(self) -> None:
        """Wait until the sender is gone."""
        await asyncio.wait([self.start()])

    async def stop(self) -> None:
        """Stop watching; an answer was sent."""
        if self._task is None:
            return
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task

    async def _run(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            continue
        self._exchange.leave()


async def _read_body(scope: Scope, receive: Receive) -> bytes:
    declared = _header(scope, b"content-length")
    if declared.isdigit() and int(declared) > MAX_BODY_BYTES:
        raise Stop(413, "E_LIMIT", "a request body is at most 1 MiB")
    chunks: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            more = True
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise Stop(400, "E_ARG", "the request body ended early")
                chunk = message.get("body", b"")
                size += len(chunk)
                if size > MAX_BODY_BYTES:
                    raise Stop(413, "E_LIMIT", "a request body is at most 1 MiB")
                chunks.append(chunk)
                more = message.get("more_body", False)
    except TimeoutError:
        raise Stop(408, "E_TIMEOUT", "the request body came too slowly") from None
    return b"".join(chunks)


def _accept_curl(scope: Scope, body: bytes) -> bytes:
    """Read curl's default content type as JSON, and give `initialize` its missing field."""
    content_type = _header(scope, b"content-type").encode("latin-1")
    if content_type in CURL_CONTENT_TYPES:
        kept = [item for item in scope["headers"] if item[0] != b"content-type"]
        scope["headers"] = [*kept, (b"content-type", b"application/json")]
    if not _headers(scope, b"accept"):
        # No header means that anything is accepted.
        scope["headers"] = [*scope["headers"], (b"accept", b"*/*")]
    return _with_capabilities(body) if b'"initialize"' in body else body


def _with_capabilities(body: bytes) -> bytes:
    try:
        message: object = json.loads(body)
    except (ValueError, RecursionError):
        return body
    if not isinstance(message, dict):
        return body
    request = cast("dict[str, Any]", message)
    params: object = request.get("params")
    if request.get("method") != "initialize" or not isinstance(params, dict):
        return body
    cast("dict[str, Any]", params).setdefault("capabilities", {})
    return json.dumps(request).encode("utf-8")


async def _refuse(stop: Stop, scope: Scope, receive: Receive, send: Send) -> None:
    headers = {"cache-control": "no-store"}
    if stop.status == 401:  # noqa: PLR2004 -- HTTP statuses are names of their own
        headers["www-authenticate"] = "Bearer"
    if stop.status == 429:  # noqa: PLR2004
        headers["retry-after"] = "1"
    body = {"error": {"code": stop.code, "hint": stop.hint}}
    await JSONResponse(body, status_code=stop.status, headers=headers)(scope, receive, send)


def _headers(scope: Scope, name: bytes) -> list[bytes]:
    return [value for key, value in scope["headers"] if key == name]


def _header(scope: Scope, name: bytes) -> str:
    values = _headers(scope, name)
    return values[0].decode("latin-1")[:MAX_NOTED_CHARACTERS] if values else ""
