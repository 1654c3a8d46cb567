"""The end of a process: it says that it goes, serves on for a while, and ends what is under way.

In: signals; how long others need until they know that this pod goes.
Out: `/health` answers 503 and answers close their connections, then nothing new is taken.
Must not know: MCP, keys, or what a request asks.

Kubernetes tells a pod to end and everybody else that it ends at the same time. A server that took
no connection from then on would lose those that others still lead to it.
"""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING

import uvicorn

if TYPE_CHECKING:
    from types import FrameType

    from stacktic_mcp.core.gate import Gate

DRAIN_SETTING = "STACKTIC_DRAIN_SECONDS"


class DrainingServer(uvicorn.Server):
    """A server that is told to end once, and ends a while later; told again, it ends at once."""

    def __init__(self, config: uvicorn.Config, gate: Gate, drain_seconds: float) -> None:
        """Serve until a signal comes."""
        super().__init__(config)
        self._gate = gate
        self._drain_seconds = drain_seconds
        self._ends: float | None = None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to end, or end."""
        if sig == signal.SIGTERM and self._ends is None and self._drain_seconds > 0:
            self._gate.draining.set()
            self._ends = time.monotonic() + self._drain_seconds
        else:
            super().handle_exit(sig, frame)

    async def on_tick(self, counter: int) -> bool:
        """End when the time has come."""
        if self._ends is not None and time.monotonic() >= self._ends and not self.should_exit:
            super().handle_exit(signal.SIGTERM, None)
        return await super().on_tick(counter)
