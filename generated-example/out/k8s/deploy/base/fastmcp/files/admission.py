"""How long a caller stays admitted: streams and calls end soon after their key does.

In: a caller who was admitted, and what is served to them.
Out: the end of it once nobody knows them any more.
Must not know: MCP, or how a caller is told from a stranger.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from starlette.types import Message

    from stacktic_mcp.core.callers import Caller, Callers

# How often it is asked; a call that is over by then costs a timer and no more.
LOOK_SECONDS = 2.0


class Answer(Protocol):
    """An answer that may have begun."""

    status: int

    async def __call__(self, message: Message) -> None:
        """Send a part of it."""
        ...


@contextlib.asynccontextmanager
async def while_known(callers: Callers, caller: Caller, answer: Answer) -> AsyncGenerator[None]:
    """Serve a caller for as long as they are known."""
    loop = asyncio.get_running_loop()
    limit = asyncio.timeout(None)

    def look() -> None:
        nonlocal timer
        if callers.knows(caller):
            timer = loop.call_later(LOOK_SECONDS, look)
        else:
            limit.reschedule(loop.time())

    timer = loop.call_later(LOOK_SECONDS, look)
    try:
        async with limit:
            yield
    except TimeoutError:
        if not limit.expired():
            raise
        if not answer.status:
            raise callers.unknown() from None
        # It has begun: nothing but its end can be sent.
        await answer({"type": "http.response.body", "body": b"", "more_body": False})
    finally:
        timer.cancel()
