"""Caps on what Kafka sends: a frame of the protocol, and what a compressed batch becomes.

In: the client library, once at import.
Out: the library with both caps; what is larger ends the call instead of the server.
Must not know: MCP, links, or which topic is read.

A broker sends the first batch of a partition whole, whatever size was asked for, and a batch of
few bytes can unpack to any number of them. The library has no setting for either.
"""

from __future__ import annotations

import importlib
import struct
import zlib
from contextvars import ContextVar
from typing import Any

from aiokafka import conn, errors

MAX_FRAME_BYTES = 6 * 1024 * 1024
MAX_BATCH_BYTES = 8 * 1024 * 1024
GZIP = 31
# Each of them has the names of the decoders among its own, in C and in Python.
_FORMATS = ("default_records", "legacy_records")
_READERS = (*_FORMATS, *(f"_crecords.{name}" for name in _FORMATS))


class TooLargeError(errors.KafkaError):
    """What no call may keep in memory."""


# Connections read in tasks of their own, which inherit this note from the call that opened them.
refused_frames: ContextVar[list[int] | None] = ContextVar("stacktic_kafka_frames", default=None)


async def _read_capped(reference: Any) -> None:
    """Read frames as the library does, and none that is too large; the connection ends then."""
    connection = reference()
    if connection is None:
        return
    reader = connection._reader  # noqa: SLF001 -- this stands for a method of the connection
    del connection
    while True:
        (size,) = struct.unpack(">i", await reader.readexactly(4))
        if size > MAX_FRAME_BYTES:
            notes = refused_frames.get()
            if notes is not None:
                notes.append(size)
            message = "a frame is too large"
            raise ConnectionError(message)
        frame = await reader.readexactly(size)
        connection = reference()
        if connection is None:
            return
        connection._handle_frame(frame)  # noqa: SLF001 -- as above
        del connection


def unpack_gzip(payload: Any) -> bytes:
    """Return what a compressed batch holds, up to the cap."""
    data, unpacked = bytes(payload), bytearray()
    while data:
        decoder = zlib.decompressobj(GZIP)
        unpacked += decoder.decompress(data, MAX_BATCH_BYTES + 1 - len(unpacked))
        if len(unpacked) > MAX_BATCH_BYTES:
            raise TooLargeError
        if not decoder.eof:
            message = "the batch ends within its compressed part"
            raise errors.CorruptRecordException(message)
        data = decoder.unused_data
    return bytes(unpacked)


def cap_library() -> None:
    """Put both caps in place; the server has no other use of the library."""
    connection: Any = conn.AIOKafkaConnection
    connection._read = staticmethod(_read_capped)  # noqa: SLF001 -- as above
    for name in _READERS:
        reader: Any = importlib.import_module(f"aiokafka.record.{name}")
        reader.gzip_decode = unpack_gzip
