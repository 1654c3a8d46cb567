"""A stream that never makes its writer wait, and loses nothing that it has taken.

In: lines, in order.
Out: the same bytes on the stream, later when the stream is full; whether all of them are there.
Must not know: what a line says.
"""

from __future__ import annotations

import os
import select
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import BinaryIO

MAX_WAITING_BYTES = 1024 * 1024
# A pipe that can be written to has room for this much at least (PIPE_BUF).
PORTION_BYTES = 4096


@dataclass
class Outlet:
    """What waits for a stream, oldest first; a line that does not fit in is not taken."""

    stream: BinaryIO
    problem: str = ""
    _waiting: deque[bytes] = field(default_factory=deque[bytes])
    _size: int = 0

    def put(self, data: bytes) -> bool:
        """Take some bytes and write what can be written; false where too much waits already."""
        if self._size + len(data) > MAX_WAITING_BYTES:
            self.drain()
            return False
        self._waiting.append(data)
        self._size += len(data)
        self.drain()
        return True

    def drain(self) -> bool:
        """Write what waits, as far as the stream takes it at once; true when nothing is left."""
        try:
            while self._waiting:
                written = self._write(self._waiting[0][:PORTION_BYTES])
                if not written:
                    self.problem = "the sink is blocked"
                    return False
                self._drop(written)
        except (OSError, ValueError) as error:
            self.problem = getattr(error, "strerror", None) or "the sink is closed"
            return False
        self.problem = ""
        return True

    def _drop(self, written: int) -> None:
        first = self._waiting.popleft()
        self._size -= written
        if len(first) > written:
            self._waiting.appendleft(first[written:])

    def _write(self, portion: bytes) -> int:
        """Write what the stream takes without waiting."""
        try:
            descriptor = self.stream.fileno()
        except OSError:
            # A stream in memory.
            return self.stream.write(portion)
        poll = select.poll()
        poll.register(descriptor, select.POLLOUT)
        # A closed pipe is "ready" too: writing tells what is wrong with it.
        return os.write(descriptor, portion) if poll.poll(0) else 0
