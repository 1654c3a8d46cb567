"""Replies of Valkey, read up to a cap: what is larger is passed over, and its size is kept.

In: the bytes of a connection, in RESP version 2.
Out: replies as the driver gives them; a text above the cap is its beginning, marked as cut.
Must not know: MCP, links, or which command was sent.

Lengths of keys and fields can be asked for before they are read, those of names, members and
items of a list cannot: any of them may have 512 MB. Here each length is known before its bytes
are taken from the socket.
"""

from __future__ import annotations

from typing import Any, cast

from valkey.asyncio import connection as driver
from valkey.exceptions import (
    ConnectionError,  # noqa: A004 -- the driver's own, not the built-in one
    ValkeyError,
)

MAX_TEXT_BYTES = 128 * 1024
MAX_REPLY_BYTES = 4 * 1024 * 1024
# What a reply costs beside its text, so that many small ones are counted too.
ENTRY_BYTES = 64
HEAD_BYTES = 2048
CHUNK_BYTES = 64 * 1024

# The driver exports the parser under this name alone, and gives it no types.
_Parser: Any = getattr(driver, "_AsyncRESP2Parser")  # noqa: B009


class ReplyTooLargeError(ValkeyError):
    """A reply that no call may keep in memory."""


class Cut(bytes):
    """The beginning of a text that was not read to its end."""

    total: int = 0


class CappedParser(_Parser):
    """The driver's parser with a cap on each text and on each reply."""

    __slots__ = ("_kept",)

    _buffer: bytes
    _pos: int
    _stream: Any

    async def read_response(self, disable_decoding: bool = False) -> Any:
        """Return one reply."""
        self._kept = 0
        return await _Parser.read_response(self, disable_decoding)

    async def _read_response(self, disable_decoding: bool = False) -> Any:
        self._keep(0)
        return await _Parser._read_response(self, disable_decoding)  # noqa: SLF001 -- overridden

    async def _read(self, length: int) -> bytes:
        if length <= MAX_TEXT_BYTES:
            self._keep(length)
            return await _Parser._read(self, length)  # noqa: SLF001 -- overridden
        self._keep(HEAD_BYTES)
        head = Cut(await self._beginning(length))
        head.total = length
        return head

    async def _beginning(self, length: int) -> bytes:
        """Return the first bytes of a text, and drop the rest piece by piece."""
        buffered = bytes(self._buffer[self._pos : self._pos + length + 2])
        self._pos += len(buffered)
        head, left = buffered[:HEAD_BYTES], length + 2 - len(buffered)
        while left:
            chunk = cast("bytes", await self._stream.read(min(left, CHUNK_BYTES)))
            if not chunk:
                message = "the connection ended within a reply"
                raise ConnectionError(message)
            head += chunk[: HEAD_BYTES - len(head)]
            left -= len(chunk)
        return head

    def _keep(self, size: int) -> None:
        self._kept += size + ENTRY_BYTES
        if self._kept > MAX_REPLY_BYTES:
            raise ReplyTooLargeError
