"""The door of the server: keys, rates, sessions, and the audit of what stops there.

In: HTTP requests of anyone.
Out: to the MCP application only requests of a known key, within the caps; 401 otherwise.
Must not know: tools. `/health` is the one path without a key. It answers 200 while the process
serves: what the audit log suffers from is a word in its body, since no restart would heal it.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.responses import JSONResponse

from stacktic_mcp.core.bodies import (
    INVALID_REQUEST,
    MAX_NOTED_CHARACTERS,
    Body,
    Stop,
    header_of,
    headers_of,
    read_body,
)
from stacktic_mcp.core.calls import EXCHANGE, Call, Exchange
from stacktic_mcp.core.sessions import LARGE_BYTES, Opening, Sessions, user_of

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from stacktic_mcp.core.audit import AuditLog
    from stacktic_mcp.core.auth import KeyRing
    from stacktic_mcp.core.limits import Limits

PATH = "/mcp"
# Both spellings are served as one: a redirect would name the scheme behind the gateway, and a
# client that follows it sends its key in clear.
SPELLINGS = (PATH, f"{PATH}/")
# No tool may take longer than 30 s; a call that is not answered by then never is.
ANSWER_SECONDS = 45.0
WATCHED_AFTER_SECONDS = 0.02


@dataclass(frozen=True, eq=False)
class Gate:
    """An ASGI application around the MCP application."""

    app: ASGIApp
    keys: KeyRing
    limits: Limits
    audit: AuditLog
    health: Callable[[], dict[str, str]] | None = None
    sessions: Sessions = field(init=False)

    def __post_init__(self) -> None:
        """Keep the book of the sessions that the application holds."""
        object.__setattr__(self, "sessions", Sessions(self.app))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
        elif scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
        elif scope["path"] == "/health" and scope["method"] in {"GET", "HEAD"}:
            health = self.audit.health if self.health is None else self.health
            await JSONResponse(health())(scope, receive, send)
        else:
            await self._serve(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        exchange = Exchange(key_name="", session=header_of(scope, b"mcp-session-id"))
        answer = _Answer(send)
        try:
            await self._admit(exchange, scope, receive, answer)
        except Stop as stop:
            # The line comes before the answer: a refused caller cannot be gone before it.
            self._record(exchange, scope, stop.status, started)
            await _refuse(stop, scope, receive, send)
        except BaseException:
            self._record(
                exchange, scope, answer.status or HTTPStatus.INTERNAL_SERVER_ERROR, started
            )
            raise
        else:
            self._record(exchange, scope, answer.status, started)

    async def _admit(
        self, exchange: Exchange, scope: Scope, receive: Receive, answer: _Answer
    ) -> None:
        key_name = self.keys.name_of(headers_of(scope, b"authorization"))
        if key_name is None:
            raise Stop(
                HTTPStatus.UNAUTHORIZED,
                "E_AUTH",
                "send a known key as `Authorization: Bearer <key>`",
            )
        exchange.key_name = key_name
        if scope["path"] not in SPELLINGS:
            raise Stop(HTTPStatus.NOT_FOUND, "E_NOT_FOUND", f"this server answers at {PATH}")
        scope["path"], scope["raw_path"] = PATH, PATH.encode()
        scope["user"] = user_of(key_name)
        scope[EXCHANGE] = exchange
        if scope["method"] == "GET":
            await self._stream(exchange, scope, receive, answer)
        else:
            await self._call(exchange, scope, receive, answer)

    async def _stream(
        self, exchange: Exchange, scope: Scope, receive: Receive, answer: _Answer
    ) -> None:
        if not self.limits.start_stream(exchange.key_name):
            raise Stop(
                HTTPStatus.TOO_MANY_REQUESTS,
                "E_LIMIT",
                "this key holds too many streams or calls too often",
            )
        try:
            with self._within(exchange, None):
                await self.app(scope, receive, answer)
        finally:
            self.limits.end_stream(exchange.key_name)

    async def _call(
        self, exchange: Exchange, scope: Scope, receive: Receive, answer: _Answer
    ) -> None:
        if not self.limits.start_call(exchange.key_name):
            raise Stop(
                HTTPStatus.TOO_MANY_REQUESTS,
                "E_LIMIT",
                "at most 10 calls a second and 4 at once for a key",
            )
        try:
            body = await read_body(scope, receive)
            if body.opens_session and not exchange.session:
                await self._open(exchange, scope, body, receive, answer)
            else:
                with self._within(exchange, body.request_id):
                    await self._forward(exchange, scope, body, receive, answer)
                if answer.status == HTTPStatus.NOT_FOUND or scope["method"] == "DELETE":
                    self.sessions.forget(exchange.key_name, exchange.session)
                elif len(body.raw) + answer.size > LARGE_BYTES:
                    await self.sessions.lighten(exchange.key_name, exchange.session, scope)
        finally:
            self.limits.end_call(exchange.key_name)

    @contextlib.contextmanager
    def _within(self, exchange: Exchange, request_id: str | None) -> Generator[None]:
        """Keep a session, and an id of it, while a request is served."""
        key_name, session = exchange.key_name, exchange.session
        if not self.sessions.enter(key_name, session, request_id):
            hint = "a request of this id is under way in this session; give each its own"
            raise Stop(HTTPStatus.BAD_REQUEST, "E_ARG", hint, INVALID_REQUEST)
        try:
            yield
        finally:
            self.sessions.leave(key_name, session, request_id)

    async def _open(
        self, exchange: Exchange, scope: Scope, body: Body, receive: Receive, answer: _Answer
    ) -> None:
        """Open a session; a refused `initialize` leaves none behind."""
        key_name = exchange.key_name
        if not self.limits.open_session(key_name):
            raise Stop(
                HTTPStatus.TOO_MANY_REQUESTS,
                "E_LIMIT",
                "this key opens too many sessions; keep one",
            )
        if not await self.sessions.make_room(key_name, scope):
            raise Stop(
                HTTPStatus.TOO_MANY_REQUESTS, "E_LIMIT", "this key is at work in too many sessions"
            )
        opening = Opening()
        await self._forward(exchange, scope, body, receive, opening)
        if opening.session and opening.failed:
            await self.sessions.end(key_name, opening.session, scope)
        elif opening.session:
            self.sessions.opened(key_name, opening.session)
        for message in opening.messages():
            await answer(message)

    async def _forward(
        self, exchange: Exchange, scope: Scope, body: Body, receive: Receive, send: Send
    ) -> None:
        watch = _Watch(receive, exchange)
        unread = [body.raw]

        async def replay() -> Message:
            if unread:
                return {"type": "http.request", "body": unread.pop(), "more_body": False}
            await watch.left()
            return {"type": "http.disconnect"}

        # Most calls end before anyone could leave: only longer ones are watched.
        timer = asyncio.get_running_loop().call_later(WATCHED_AFTER_SECONDS, watch.start)
        try:
            await self._answered(scope, replay, send)
        finally:
            timer.cancel()
            await watch.stop()

    async def _answered(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Wait for the application to begin its answer, but not for ever."""
        limit = asyncio.timeout(ANSWER_SECONDS)

        async def begun(message: Message) -> None:
            if not limit.expired():
                limit.reschedule(None)
            await send(message)

        try:
            async with limit:
                await self.app(scope, receive, begun)
        except TimeoutError:
            if not limit.expired():
                raise
            raise Stop(
                HTTPStatus.GATEWAY_TIMEOUT, "E_TIMEOUT", "there was no answer in time"
            ) from None

    def _record(self, exchange: Exchange, scope: Scope, status: int, started: float) -> None:
        """Write the line of a request that no MCP method recorded; notifications leave none."""
        if exchange.recorded or status == HTTPStatus.ACCEPTED:
            return
        call = Call(
            method=f"{scope['method']} {scope['path']}"[:MAX_NOTED_CHARACTERS],
            key_name=exchange.key_name,
            session=exchange.session,
        )
        if status >= HTTPStatus.BAD_REQUEST:
            call.deny(f"HTTP_{status}")
        elif scope["method"] == "POST":
            # A JSON-RPC error that the protocol layer answered without calling a method.
            call.deny("E_ARG")
        self.audit.write(call, int((time.perf_counter() - started) * 1000))


class _Answer:
    """Passes an answer on, and knows its status and its size."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.status = 0
        self.size = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        self.size += len(message.get("body", b""))
        await self._send(message)


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


async def _refuse(stop: Stop, scope: Scope, receive: Receive, send: Send) -> None:
    headers = {"cache-control": "no-store"}
    if stop.status == HTTPStatus.UNAUTHORIZED:
        headers["www-authenticate"] = "Bearer"
    if stop.status == HTTPStatus.TOO_MANY_REQUESTS:
        headers["retry-after"] = "1"
    if stop.status == HTTPStatus.REQUEST_TIMEOUT:
        # What is left of the body is not waited for.
        headers["connection"] = "close"
    await JSONResponse(stop.body(), stop.status, headers)(scope, receive, send)
