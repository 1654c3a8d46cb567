"""Lines of ClickHouse's JSON, read without ever holding a large one.

In: the chunks of an answer in a format of one JSON array a line.
Out: the cells of each line, parsed; a cell that is too large is a text that was cut, and a line
that is too large a `Refusal`.
Must not know: HTTP, links, statements, or what a type means.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from stacktic_mcp.core.toolkit import Refusal

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

MAX_SHORT_LINE_BYTES = 64 * 1024
MAX_LINE_BYTES = 1024 * 1024
MAX_CELLS = 10_000
MAX_CELL_CHARACTERS = 2 * 1024
# One more than is shown, so that the cut is seen; a control sign takes six signs of JSON.
_CELL_BYTES = (MAX_CELL_CHARACTERS + 1) * 6 + 1
_ROW_BYTES = 256 * 1024
_IN_TEXT = re.compile(rb'["\\]')
_AMONG_CELLS = re.compile(rb'["\[\]{},]')
_IN_CELL = re.compile(rb'["\[\]{}]')
_LAST_CHARACTER = re.compile(rb"[\xc2-\xf4][\x80-\xbf]{0,3}\Z")
_ESCAPE_BYTES = 6


class Number(str):
    """A number with a fraction, as ClickHouse wrote it."""

    __slots__ = ()


@dataclass(frozen=True)
class Line:
    """One line: its beginning, its cells when it is a whole array, what came and what was kept."""

    head: bytes
    cells: list[Any] | None
    read: int
    kept: int
    cut: bool = False


async def lines_of(chunks: AsyncIterator[bytes]) -> AsyncGenerator[Line]:
    """Yield each line that is not empty; one that grows long is taken apart as it comes."""
    rest = b""
    long: _LongLine | None = None
    async for chunk in chunks:
        *whole, last = chunk.split(b"\n")
        for part in whole:
            if line := _ended(rest, part, long):
                yield line
            rest, long = b"", None
        if long is not None:
            long.feed(last)
            continue
        rest += last
        if len(rest) > MAX_SHORT_LINE_BYTES:
            long = _LongLine()
            long.feed(rest)
            rest = b""
    if line := _ended(rest, b"", long):
        yield line


def _ended(rest: bytes, part: bytes, long: _LongLine | None) -> Line | None:
    if long is not None:
        long.feed(part)
        return long.line()
    line = rest + part
    if not line:
        return None
    if len(line) <= MAX_SHORT_LINE_BYTES:
        # What fails is a cell that Python cannot read, or no row at all.
        with suppress(ValueError, RecursionError):
            cells: Any = _parsed(line)
            is_row = isinstance(cells, list)
            return Line(line, cast("list[Any]", cells) if is_row else None, len(line), len(line))
    apart = _LongLine()
    apart.feed(line)
    return apart.line()


def _parsed(text: bytes) -> Any:
    """Parse JSON; bytes that are no UTF-8 stay as half characters, fractions as they are."""
    decoded = text.decode("utf-8", "surrogateescape")
    return json.loads(decoded, parse_float=Number, parse_constant=str)


class _LongLine:
    """A line that is fed piece by piece; of each cell only the beginning is kept."""

    def __init__(self) -> None:
        self._size = 0
        self._head = b""
        self._cells: list[bytearray] = []
        self._cut: list[bool] = []
        self._room = _ROW_BYTES
        self._depth = 0
        self._in_text = False
        self._escaped = False
        self._whole = False
        self._broken = False

    def feed(self, data: bytes) -> None:
        """Take the next piece."""
        self._size += len(data)
        if self._size > MAX_LINE_BYTES:
            raise Refusal("E_LIMIT", "one row is larger than 1 MiB; ask for fewer columns")
        self._head += data[: max(0, MAX_CELL_CHARACTERS - len(self._head))]
        position = 0
        while position < len(data):
            if self._escaped:
                self._escaped = False
                end = position + 1
                self._keep(data[position:end])
                position = end
                continue
            sign = self._next_sign().search(data, position)
            end = sign.start() if sign else len(data)
            if end > position:
                self._keep(data[position:end])
            if sign is None:
                return
            self._take(sign.group())
            position = sign.end()

    def line(self) -> Line:
        """Return what was kept; without cells when the line is no whole array."""
        is_row = self._whole and not self._broken
        cells = list(map(_cell, self._cells, self._cut)) if is_row else None
        return Line(self._head, cells, self._size, _ROW_BYTES - self._room, any(self._cut))

    def _next_sign(self) -> re.Pattern[bytes]:
        if self._in_text:
            return _IN_TEXT
        return _AMONG_CELLS if self._depth <= 1 else _IN_CELL

    def _take(self, sign: bytes) -> None:
        if self._in_text:
            self._in_text = sign != b'"'
            self._escaped = sign == b"\\"
        elif sign == b'"':
            self._in_text = True
        elif sign in b"[{":
            self._depth += 1
            if self._depth == 1:
                self._broken |= self._whole or sign != b"["
                self._new_cell()
                return
        elif sign in b"]}":
            self._depth -= 1
            if self._depth == 0:
                self._whole = True
                return
        elif self._depth == 1:
            self._new_cell()
            return
        self._keep(sign)

    def _new_cell(self) -> None:
        if len(self._cells) == MAX_CELLS:
            raise Refusal("E_LIMIT", f"one row has more than {MAX_CELLS} columns")
        self._cells.append(bytearray())
        self._cut.append(False)

    def _keep(self, data: bytes) -> None:
        if not self._cells or self._whole:
            # Before the array or after it: no row.
            self._broken = True
            return
        room = min(_CELL_BYTES - len(self._cells[-1]), self._room)
        self._cells[-1] += data[:room]
        self._room -= min(room, len(data))
        self._cut[-1] |= len(data) > room


def _cell(text: bytearray, cut: bool) -> Any:
    """Return a cell's value; what is no JSON any more is shown as the text that it is."""
    raw = bytes(text).strip()
    if cut:
        # The cut may have gone through a character, or through an escape.
        raw = _LAST_CHARACTER.sub(b"", raw)
    ends = range(len(raw), len(raw) - _ESCAPE_BYTES, -1) if cut and raw[:1] == b'"' else ()
    for candidate in (raw, *(raw[:end] + b'"' for end in ends)):
        with suppress(ValueError, RecursionError):
            return _parsed(candidate)
    return raw.decode("utf-8", "surrogateescape")
