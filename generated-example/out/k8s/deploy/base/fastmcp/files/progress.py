"""Signs of life of a call that takes long, for a caller that asked for them.

In: the time that a tool has, the request's `progressToken`.
Out: `notifications/progress` each second, in seconds of that time.
Must not know: what a tool does. Nothing of its work is told, only that it goes on.

The newest revision carries them in the answer, which is then an event stream; in a session they
come over the stream that the client holds open, since answers there are one JSON document each.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from fastmcp.server.dependencies import get_context

from stacktic_mcp.core.bodies import header_of, headers_of

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

TICK_SECONDS = 1.0
TOKEN = b'"progressToken"'

_streams: ContextVar[bool] = ContextVar("stacktic_streams_answer", default=False)


class WholeUnlessWatched:
    """The SDK's switch `json_response`: true but for a request that wants progress."""

    def __bool__(self) -> bool:
        """Tell for the request being served."""
        return not _streams.get()


@dataclass(frozen=True, eq=False)
class Watched:
    """An ASGI application that notices which requests want their progress in the answer."""

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Look at the body of a request without a session; everything else passes."""
        if scope["type"] != "http" or scope["method"] != "POST" or _cannot_stream(scope):
            await self.app(scope, receive, send)
            return
        first = await receive()
        unread = [first]

        async def replay() -> Message:
            return unread.pop() if unread else await receive()

        reset = _streams.set(_wants_progress(first.get("body", b"")))
        try:
            await self.app(scope, replay, send)
        finally:
            _streams.reset(reset)


def _cannot_stream(scope: Scope) -> bool:
    """Tell a request of a session, or one whose caller reads no event stream."""
    in_session = bool(header_of(scope, b"mcp-session-id"))
    has_revision = bool(header_of(scope, b"mcp-protocol-version"))
    reads_events = any(b"text/event-stream" in value for value in headers_of(scope, b"accept"))
    return in_session or not has_revision or not reads_events


def _wants_progress(body: bytes) -> bool:
    if TOKEN not in body:
        return False
    try:
        message: Any = json.loads(body)
        return message["method"] == "tools/call" and "progressToken" in message["params"]["_meta"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return False


@contextlib.asynccontextmanager
async def telling_progress(total_s: float) -> AsyncGenerator[None]:
    """Tell each second that a call goes on, while it is served."""
    task: list[asyncio.Task[None]] = []

    def begin() -> None:
        task.append(asyncio.create_task(_tell(total_s)))

    # Most calls are over before the first second, and cost no task.
    timer = asyncio.get_running_loop().call_later(TICK_SECONDS, begin)
    try:
        yield
    finally:
        timer.cancel()
        for running in task:
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running


async def _tell(total_s: float) -> None:
    try:
        context = get_context()
    except RuntimeError:
        return
    request = context.request_context
    meta = cast("dict[str, Any]", getattr(getattr(request, "_srctx", None), "meta", None) or {})
    token = meta.get("progress_token")
    if token is None:
        return
    related = context.request_id if _streams.get() else None
    seconds = TICK_SECONDS
    while seconds < total_s:
        await context.session.send_progress_notification(
            progress_token=token,
            progress=seconds,
            total=total_s,
            message=f"under way for {seconds:.0f} s of at most {total_s:.0f} s",
            related_request_id=related,
        )
        await asyncio.sleep(TICK_SECONDS)
        seconds += TICK_SECONDS
