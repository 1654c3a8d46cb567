"""What runs beside the application, on its loop and as long as it does.

In: things that serve, or nothing in their place.
Out: all of them, begun and ended as one.
Must not know: what they do.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable
    from contextlib import AbstractAsyncContextManager

    from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Beside(Protocol):
    """Something that runs on the loop of the application."""

    def serving(self) -> AbstractAsyncContextManager[None]:
        """Run until the end of the block."""
        ...


async def live(
    app: ASGIApp, parts: Iterable[Beside | None], scope: Scope, receive: Receive, send: Send
) -> None:
    """Live as long as the application: that it is over is said when all parts are over, too."""
    last: list[Message] = []

    async def held(message: Message) -> None:
        if message["type"].startswith("lifespan.shutdown."):
            last.append(message)
        else:
            await send(message)

    async with serving(parts):
        await app(scope, receive, held)
    for message in last:
        await send(message)


@contextlib.asynccontextmanager
async def serving(parts: Iterable[Beside | None]) -> AsyncGenerator[None]:
    """Run those that are there until the end of the block."""
    async with contextlib.AsyncExitStack() as stack:
        for part in filter(None, parts):
            await stack.enter_async_context(part.serving())
        yield
