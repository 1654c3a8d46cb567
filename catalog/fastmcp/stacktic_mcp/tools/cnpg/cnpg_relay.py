"""A cap on all that libpq receives in one session.

In: the socket of a connection that stands already.
Out: the same connection, which ends when the server has sent more than the cap.
Must not know: what is sent; with TLS it sees encrypted bytes.

libpq reads a message whole, however long it is, and only rows can be cut by the server: an error
that quotes a value, or a plan with a folded constant, can be hundreds of megabytes. So its socket
is exchanged for one end of a pair, and what comes from the server is counted on the way there.
"""

from __future__ import annotations

import asyncio
import os
import socket
from contextlib import suppress

MAX_RECEIVED_BYTES = 8 * 1024 * 1024
STOP_TIMEOUT_S = 1.0
_CHUNK_BYTES = 64 * 1024


class Relay:
    """Stands between libpq and the server until `stop`."""

    def __init__(self, descriptor: int) -> None:
        """Take the place of the server behind a descriptor of libpq."""
        self.exceeded = False
        self._room = MAX_RECEIVED_BYTES
        self._server = socket.socket(fileno=os.dup(descriptor))
        self._client, theirs = socket.socketpair()
        for end in (self._server, self._client, theirs):
            end.setblocking(False)
        os.dup2(theirs.fileno(), descriptor, inheritable=False)
        theirs.close()
        self._down = asyncio.create_task(self._pass_on(self._server, self._client, counted=True))
        self._up = asyncio.create_task(self._pass_on(self._client, self._server, counted=False))

    async def stop(self) -> None:
        """Let the last message of libpq through, then close both ends."""
        with suppress(TimeoutError):
            async with asyncio.timeout(STOP_TIMEOUT_S):
                await asyncio.shield(self._up)
        for task in (self._up, self._down):
            task.cancel()
        await asyncio.gather(self._up, self._down, return_exceptions=True)
        self._client.close()
        self._server.close()

    async def _pass_on(self, source: socket.socket, sink: socket.socket, *, counted: bool) -> None:
        loop = asyncio.get_running_loop()
        try:
            while data := await loop.sock_recv(source, _CHUNK_BYTES):
                if counted:
                    self._room -= len(data)
                if self._room < 0:
                    self.exceeded = True
                    break
                await loop.sock_sendall(sink, data)
        except OSError:
            # A side that is gone: the other one learns it just below.
            pass
        finally:
            for end in (source, sink):
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
