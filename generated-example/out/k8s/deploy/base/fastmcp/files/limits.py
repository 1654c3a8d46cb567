"""How much one key may ask at a time, and the line in which it waits for more.

In: the name of a key, and the time.
Out: a place and a token for what is asked, at once or after some waiting, in the order of coming.
Must not know: what a call is, or what is answered to who waited in vain.

Each key has lines of its own, so a key that floods waits behind itself alone. Tokens come from
a source: the bucket here, or one that several pods share.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

CALLS_PER_SECOND = 10.0
BURST = 20.0
CONCURRENT_CALLS = 4
CONCURRENT_STREAMS = 16
# Who waits for a place or a token, beside the calls that are under way.
WAITING_CALLS = 16
WAIT_SECONDS = 10.0
# More than may wait, so that a word about a call gets through beside all that do.
REQUESTS_AT_ONCE = 32
# What has no answer takes no place: a cancellation must not wait for what it cancels.
CONCURRENT_MESSAGES = 8
# A session is kept for minutes and holds memory, so a key opens them more slowly than it calls.
SESSIONS_PER_SECOND = 1.0
SESSION_BURST = 60.0
# Keys are few and named; those of people who sign in may become many, and idle ones are dropped.
KEPT_KEYS = 1024

Clock = Callable[[], float]


class Tokens(Protocol):
    """Where tokens come from."""

    async def take(self) -> float:
        """Take one and return 0, or return the seconds after which there may be one."""
        ...

    def is_full(self) -> bool:
        """Tell whether nothing would be forgotten with it."""
        ...


class Bucket:
    """A token bucket in the memory of this process."""

    def __init__(self, per_second: float, burst: float, clock: Clock) -> None:
        """Start full."""
        self._per_second = per_second
        self._burst = max(1.0, burst)
        self._clock = clock
        self._level = self._burst
        self._refilled = clock()

    async def take(self) -> float:
        """Take a token, or tell when there is one."""
        self._refill()
        if self._level < 1:
            return (1 - self._level) / self._per_second
        self._level -= 1
        return 0.0

    def is_full(self) -> bool:
        """Tell whether it is as it was made."""
        self._refill()
        return self._level >= self._burst

    def _refill(self) -> None:
        now = self._clock()
        gained = (now - self._refilled) * self._per_second
        self._level = min(self._burst, self._level + gained)
        self._refilled = now


class Line:
    """Who of one key is served, and who waits, first come first served."""

    def __init__(self, tokens: Tokens, places: int, waiting: int) -> None:
        """Begin with nobody."""
        self.tokens = tokens
        self._places = asyncio.Semaphore(places)
        self._first = asyncio.Lock()
        self._most = places + waiting
        self._present = 0

    def join(self) -> bool:
        """Stand in line; false where it is full. Whoever joined leaves again."""
        if self._present >= self._most:
            return False
        self._present += 1
        return True

    def leave(self) -> None:
        """Be gone, served or not."""
        self._present -= 1

    async def start(self) -> None:
        """Wait for a place and a token, and keep the place; who stops waiting holds neither."""
        async with self._first:
            await self._places.acquire()
            try:
                delay = await self.tokens.take()
                while delay:
                    await asyncio.sleep(delay)
                    delay = await self.tokens.take()
            except BaseException:
                self._places.release()
                raise

    def end(self) -> None:
        """Give the place back."""
        self._places.release()

    def is_idle(self) -> bool:
        """Tell whether nothing would be forgotten with it."""
        return not self._present and self.tokens.is_full()


@dataclass
class Uses:
    """What one key uses."""

    calls: Line
    # Messages that nobody answers, ends of sessions, and streams that begin.
    messages: Line
    sessions: Line
    streams: int = 0
    # Requests whose message is not known yet, or that one of the lines has.
    requests: int = 0
    # How to call back a request that waits, by its session and its id.
    waiting: dict[tuple[str, str], Callable[[], None]] = field(
        default_factory=dict[tuple[str, str], Callable[[], None]]
    )

    def enter(self) -> bool:
        """Let a request in, unless there are too many; whoever entered leaves again."""
        if self.requests >= REQUESTS_AT_ONCE:
            return False
        self.requests += 1
        return True

    def leave(self) -> None:
        """Note that a request is over."""
        self.requests -= 1

    def start_stream(self) -> bool:
        """Take a place for a stream of server messages, which may stay open for long."""
        if self.streams >= CONCURRENT_STREAMS:
            return False
        self.streams += 1
        return True

    def end_stream(self) -> None:
        """Give the stream's place back."""
        self.streams -= 1

    def is_idle(self) -> bool:
        """Tell whether it is as it was made."""
        lines = (self.calls, self.messages, self.sessions)
        busy = self.streams or self.requests
        return not busy and all(line.is_idle() for line in lines)


@dataclass
class Limits:
    """The uses of all keys. `shares` is among how many pods a key's calls may be spread."""

    clock: Clock = time.monotonic
    shares: int = 1
    # Tokens for the calls of a key that several pods count together, before those of its own.
    shared: Callable[[str, Tokens], Tokens] | None = None
    _uses: dict[str, Uses] = field(default_factory=dict[str, Uses])

    def of(self, key_name: str) -> Uses:
        """Return what a key uses."""
        known = self._uses.get(key_name)
        if known is None:
            if len(self._uses) >= KEPT_KEYS:
                self._uses = {key: uses for key, uses in self._uses.items() if not uses.is_idle()}
            known = self._uses[key_name] = self._new(key_name)
        return known

    def kept(self) -> frozenset[str]:
        """Return the names of the keys that are remembered."""
        return frozenset(self._uses)

    def _new(self, key_name: str) -> Uses:
        own = Bucket(CALLS_PER_SECOND / self.shares, BURST / self.shares, self.clock)
        tokens = self.shared(key_name, own) if self.shared is not None else own
        messages = Bucket(CALLS_PER_SECOND, BURST, self.clock)
        sessions = Bucket(SESSIONS_PER_SECOND, SESSION_BURST, self.clock)
        places = max(1, CONCURRENT_CALLS // self.shares)
        return Uses(
            Line(tokens, places, WAITING_CALLS),
            Line(messages, CONCURRENT_MESSAGES, WAITING_CALLS),
            Line(sessions, CONCURRENT_CALLS, WAITING_CALLS),
        )
