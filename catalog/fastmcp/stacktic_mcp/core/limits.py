"""How much one key may ask at a time.

In: the name of a key, and the time.
Out: whether a call may start now.
Must not know: what a call is.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

CALLS_PER_SECOND = 10.0
BURST = 20.0
CONCURRENT_CALLS = 4
CONCURRENT_STREAMS = 16
# A session is kept for minutes and holds memory, so a key opens them more slowly than it calls.
SESSIONS_PER_SECOND = 1.0
SESSION_BURST = 60.0


@dataclass
class _Use:
    refilled: float
    tokens: float = BURST
    sessions: float = SESSION_BURST
    calls: int = 0
    streams: int = 0


@dataclass
class Limits:
    """One token bucket and two counters a key; keys are few and named, so none is dropped."""

    clock: Callable[[], float] = time.monotonic
    _uses: dict[str, _Use] = field(default_factory=dict[str, _Use])

    def start_call(self, key_name: str) -> bool:
        """Take one token and one place, or neither."""
        use = self._refilled(key_name)
        if use.tokens < 1 or use.calls >= CONCURRENT_CALLS:
            return False
        use.tokens -= 1
        use.calls += 1
        return True

    def end_call(self, key_name: str) -> None:
        """Give the place back."""
        self._refilled(key_name).calls -= 1

    def open_session(self, key_name: str) -> bool:
        """Take the right to open one more session."""
        use = self._refilled(key_name)
        if use.sessions < 1:
            return False
        use.sessions -= 1
        return True

    def start_stream(self, key_name: str) -> bool:
        """Take a place for a stream of server messages, which may stay open for long."""
        use = self._refilled(key_name)
        if use.tokens < 1 or use.streams >= CONCURRENT_STREAMS:
            return False
        use.tokens -= 1
        use.streams += 1
        return True

    def end_stream(self, key_name: str) -> None:
        """Give the stream's place back."""
        self._refilled(key_name).streams -= 1

    def _refilled(self, key_name: str) -> _Use:
        now = self.clock()
        use = self._uses.setdefault(key_name, _Use(now))
        passed = now - use.refilled
        use.tokens = min(BURST, use.tokens + passed * CALLS_PER_SECOND)
        use.sessions = min(SESSION_BURST, use.sessions + passed * SESSIONS_PER_SECOND)
        use.refilled = now
        return use
