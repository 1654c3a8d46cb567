"""The door of the server: keys, rates, sessions, and the audit of what stops there.

In: HTTP requests of anyone.
Out: to the MCP application only requests of a known key, within the caps; 401 otherwise.
Must not know: tools. Without a key there are `/health`, and for strangers who look for a way in
the server card and the metadata of the sign-in. `/health` answers 200 until the process is told to
end: what the audit log suffers from is a word in its body, since no restart would heal it.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.responses import JSONResponse

from stacktic_mcp.core.admission import while_known
from stacktic_mcp.core.beside import Beside, live
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
from stacktic_mcp.core.sign_in import METADATA_PATHS
from stacktic_mcp.core.waiting import (
    NoTurn,
    answer_of,
    call_back,
    call_of,
    entered,
    may_be_called_back,
    turn,
)
from stacktic_mcp.core.watching import Answer, Watch, closing

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from stacktic_mcp.core.audit import AuditLog
    from stacktic_mcp.core.callers import Callers
    from stacktic_mcp.core.card import Card
    from stacktic_mcp.core.limits import Limits, Uses

PATH = "/mcp"
# Both spellings are served as one: a redirect would name the scheme behind the gateway, and a
# client that follows it sends its key in clear.
SPELLINGS = (PATH, f"{PATH}/")
# No tool may take longer than 30 s; a call that is not answered by then never is.
ANSWER_SECONDS = 45.0


@dataclass(frozen=True, eq=False)
class Gate:
    """An ASGI application around the MCP application."""

    app: ASGIApp
    callers: Callers
    limits: Limits
    audit: AuditLog
    # What runs as long as the application does.
    beside: Sequence[Beside | None] = ()
    # More that `/health` says: what is watched beside the calls.
    watched: Callable[[], dict[str, str]] | None = None
    # What a stranger may read of the server.
    card: Card | None = None
    sessions: Sessions = field(init=False)
    # The process is about to end: others shall lead nobody here.
    draining: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        """Keep the book of the sessions that the application holds."""
        object.__setattr__(self, "sessions", Sessions(self.app))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] == "lifespan":
            await live(self.app, self.beside, scope, receive, send)
        elif scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
        elif scope["path"] == "/health" and scope["method"] in {"GET", "HEAD"}:
            await self._tell_health(scope, receive, send)
        elif self.callers.sign_in is not None and scope["path"] in METADATA_PATHS:
            await self.callers.sign_in.metadata(scope, receive, send)
        elif self.card is not None and self.card.is_asked(scope):
            await self.card(scope, receive, send)
        else:
            await self._serve(scope, receive, send)

    async def _tell_health(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.draining.is_set():
            gone = HTTPStatus.SERVICE_UNAVAILABLE
            await JSONResponse({"status": "draining"}, gone)(scope, receive, send)
        else:
            await JSONResponse(self.health())(scope, receive, send)

    def health(self) -> dict[str, str]:
        """Return the words that `/health` says while the process serves."""
        ill = self.callers.illness()
        keys = {"status": "degraded", "keys": ill} if ill else {}
        return self.audit.health() | keys | (self.watched() if self.watched else {})

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.draining.is_set():
            send = closing(send)
        started = time.perf_counter()
        exchange = Exchange(key_name="", session=header_of(scope, b"mcp-session-id"))
        answer = Answer(send)
        try:
            await self._admit(exchange, scope, receive, answer)
        except Stop as stop:
            # The line comes before the answer: a refused caller cannot be gone before it.
            self._record(exchange, scope, stop.status, started)
            await _refuse(stop, scope, receive, send)
        except NoTurn as no_turn:
            exchange.recorded = True
            call = call_of(no_turn, exchange, scope)
            self.audit.write(call, int((time.perf_counter() - started) * 1000))
            await answer_of(no_turn, scope)(scope, receive, send)
        except BaseException:
            self._record(
                exchange, scope, answer.status or HTTPStatus.INTERNAL_SERVER_ERROR, started
            )
            raise
        else:
            self._record(exchange, scope, answer.status, started)

    async def _admit(
        self, exchange: Exchange, scope: Scope, receive: Receive, answer: Answer
    ) -> None:
        caller = await self.callers.caller(headers_of(scope, b"authorization"))
        exchange.key_name, exchange.reach = caller.name, caller.reach
        if scope["path"] not in SPELLINGS:
            raise Stop(HTTPStatus.NOT_FOUND, "E_NOT_FOUND", f"this server answers at {PATH}")
        scope["path"], scope["raw_path"] = PATH, PATH.encode()
        scope["user"] = user_of(caller.name)
        scope[EXCHANGE] = exchange
        async with while_known(self.callers, caller, answer):
            await self._dispatch(exchange, scope, receive, answer)

    async def _dispatch(
        self, exchange: Exchange, scope: Scope, receive: Receive, answer: Answer
    ) -> None:
        if scope["method"] == "GET":
            await self._stream(exchange, scope, receive, answer)
        else:
            await self._call(exchange, scope, receive, answer)

    async def _stream(
        self, exchange: Exchange, scope: Scope, receive: Receive, answer: Answer
    ) -> None:
        uses = self.limits.of(exchange.key_name)
        async with entered(uses, scope, receive):
            async with turn(uses.messages, exchange, None, receive):
                started = uses.start_stream()
            if not started:
                raise Stop(
                    HTTPStatus.TOO_MANY_REQUESTS, "E_LIMIT", "this key holds too many streams"
                )
        try:
            with self._within(exchange, None):
                await self.app(scope, receive, answer)
        finally:
            uses.end_stream()

    async def _call(
        self, exchange: Exchange, scope: Scope, receive: Receive, answer: Answer
    ) -> None:
        uses = self.limits.of(exchange.key_name)
        async with entered(uses, scope, receive):
            body = await read_body(scope, receive)
            if body.opens_session and not exchange.session:
                async with (
                    turn(uses.calls, exchange, body, receive),
                    turn(uses.sessions, exchange, body, receive),
                ):
                    await self._open(exchange, scope, body, receive, answer)
                return
            call_back(uses, exchange, body)
            with self._within(exchange, body.request_id):
                await self._in_turn(uses, exchange, scope, body, receive, answer)
            if answer.status == HTTPStatus.NOT_FOUND or scope["method"] == "DELETE":
                self.sessions.forget(exchange.key_name, exchange.session)
            elif len(body.raw) + answer.size > LARGE_BYTES:
                await self.sessions.lighten(exchange.key_name, exchange.session, scope)

    async def _in_turn(
        self,
        uses: Uses,
        exchange: Exchange,
        scope: Scope,
        body: Body,
        receive: Receive,
        answer: Answer,
    ) -> None:
        # What nobody awaits an answer to does not wait for those that others await.
        line = uses.calls if "id" in body.message else uses.messages
        with contextlib.ExitStack() as waiting:
            waiting.enter_context(may_be_called_back(uses, exchange, body))
            async with turn(line, exchange, body, receive):
                waiting.close()
                await self._forward(exchange, scope, body, receive, answer)

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
        self, exchange: Exchange, scope: Scope, body: Body, receive: Receive, answer: Answer
    ) -> None:
        """Open a session; a refused `initialize` leaves none behind."""
        key_name = exchange.key_name
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
        watch = Watch(receive, exchange)
        unread = [body.raw]

        async def replay() -> Message:
            if unread:
                return {"type": "http.request", "body": unread.pop(), "more_body": False}
            await watch.left()
            return {"type": "http.disconnect"}

        async with watch.kept():
            await self._answered(scope, replay, send)

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


async def _refuse(stop: Stop, scope: Scope, receive: Receive, send: Send) -> None:
    headers = {"cache-control": "no-store"}
    if stop.challenge:
        headers["www-authenticate"] = stop.challenge
    if stop.status == HTTPStatus.TOO_MANY_REQUESTS:
        headers["retry-after"] = "1"
    if stop.status == HTTPStatus.REQUEST_TIMEOUT:
        # What is left of the body is not waited for.
        headers["connection"] = "close"
    await JSONResponse(stop.body(), stop.status, headers)(scope, receive, send)
