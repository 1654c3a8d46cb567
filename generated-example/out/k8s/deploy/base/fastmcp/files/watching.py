"""The two ends of a request: whether its sender is still there, and what was answered.

In: the ASGI channels of one request.
Out: a word when the sender hangs up; status and size of the answer.
Must not know: what is asked, or by whom.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from starlette.types import Message, Receive, Send

    from stacktic_mcp.core.calls import Exchange

# Most requests end before anyone could leave: only longer ones are watched.
WATCHED_AFTER_SECONDS = 0.02


class Answer:
    """Passes an answer on, and knows its status and its size."""

    def __init__(self, send: Send) -> None:
        """Wait for the answer."""
        self._send = send
        self.status = 0
        self.size = 0

    async def __call__(self, message: Message) -> None:
        """Pass a part of it on."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
        self.size += len(message.get("body", b""))
        await self._send(message)


def closing(send: Send) -> Send:
    """Return what passes an answer on, and has the connection closed after it."""

    async def passed(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = [*message.get("headers", ()), (b"connection", b"close")]
            message = {**message, "headers": headers}
        await send(message)

    return passed


class Watch:
    """Notices that the sender of a request, whose body was read, hangs up."""

    def __init__(self, receive: Receive, exchange: Exchange) -> None:
        """Look after nobody yet."""
        self._receive = receive
        self._exchange = exchange
        self._task: asyncio.Task[None] | None = None

    @contextlib.asynccontextmanager
    async def kept(self) -> AsyncGenerator[None]:
        """Watch while something takes longer than most things do."""
        timer = asyncio.get_running_loop().call_later(WATCHED_AFTER_SECONDS, self._start)
        try:
            yield
        finally:
            timer.cancel()
            await self._stop()

    async def left(self) -> None:
        """Wait until the sender is gone."""
        await asyncio.wait([self._start()])

    def _start(self) -> asyncio.Task[None]:
        if self._task is None:
            self._task = asyncio.create_task(self._run())
        return self._task

    async def _stop(self) -> None:
        if self._task is None:
            return
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task

    async def _run(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            continue
        self._exchange.leave()
