"""What the programs of checks tell a test while they run: they may write no file.

In: connections on loopback, each from one process, which sends one line of JSON first, with the
time at which it began, and perhaps one with the time at which it ended.
Out: what was told, how many processes are alive, and how many were at one time.
Must not know: what a program does.

A connection ends when its process does, whatever ends it; so an open one is a living process, or
one that ended a moment ago. How many ran together is therefore reckoned from their own times.
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Recorder:
    """A running recorder."""

    port: int = 0
    told: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    ended: dict[int, float] = field(default_factory=dict[int, float])
    alive: int = 0
    _open: set[socket.socket] = field(default_factory=set[socket.socket])
    _lets_go: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def clear(self) -> None:
        """Forget what was told."""
        with self._lock:
            self.told.clear()
            self.ended.clear()
            self._lets_go = False

    def let_go(self) -> None:
        """Let the programs that wait for it end, and those that come to wait."""
        with self._lock:
            self._lets_go = True
            for connection in self._open:
                _free(connection)

    def together(self) -> int:
        """Return the most that ran at one time, of those that told when they ended."""
        with self._lock:
            spans = [(told["began"], self.ended.get(told["pid"])) for told in self.told]
        known = [(began, ended) for began, ended in spans if ended is not None]
        return max(sum(began <= at < ended for began, ended in known) for at, _ in known)

    def listen_to(self, connection: socket.socket) -> None:
        """Count one process until its connection ends."""
        with self._lock:
            self.alive += 1
            self._open.add(connection)
            if self._lets_go:
                _free(connection)
        try:
            with connection, connection.makefile("rb") as lines:
                for line in lines:
                    self._note(json.loads(line))
        except OSError:
            pass  # reset by a process that was killed: it is gone all the same
        finally:
            with self._lock:
                self.alive -= 1
                self._open.discard(connection)

    def _note(self, fact: dict[str, Any]) -> None:
        with self._lock:
            if "ended" in fact:
                self.ended[fact["pid"]] = fact["ended"]
            else:
                self.told.append(fact)


def _free(connection: socket.socket) -> None:
    with suppress(OSError):  # it has ended
        connection.send(b".")


@contextmanager
def recording() -> Generator[Recorder]:
    """Record on a free port of 127.0.0.1 until the block ends."""
    recorder = Recorder()
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        recorder.port = listener.getsockname()[1]
        thread = threading.Thread(target=_accept, args=(listener, recorder), daemon=True)
        thread.start()
        yield recorder
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(5)


def _accept(listener: socket.socket, recorder: Recorder) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=recorder.listen_to, args=(connection,), daemon=True).start()
