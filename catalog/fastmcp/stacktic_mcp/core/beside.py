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


class Beside(Protocol):
    """Something that runs on the loop of the application."""

    def serving(self) -> AbstractAsyncContextManager[None]:
        """Run until the end of the block."""
        ...


@contextlib.asynccontextmanager
async def serving(parts: Iterable[Beside | None]) -> AsyncGenerator[None]:
    """Run those that are there until the end of the block."""
    async with contextlib.AsyncExitStack() as stack:
        for part in filter(None, parts):
            await stack.enter_async_context(part.serving())
        yield
