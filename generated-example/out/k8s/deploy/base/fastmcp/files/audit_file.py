"""The file of an audit log: how it ended at the start, and what is remembered beside it.

In: a path.
Out: the open file, the number and hash to go on from, and in one word what is wrong with its end.
Must not know: what a line tells.

Beside `audit.jsonl` lies `audit.jsonl.head`: number and hash of the last line that was written.
A file from whose end lines were taken does not have that line. Both files together can still be
set back by whoever may write to both: send lines elsewhere, or keep copies, against that.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Literal, cast

from stacktic_mcp.core.settings import SettingsError

if TYPE_CHECKING:
    from collections.abc import Sequence

# `cut`: lines are missing at the end. `foreign`: the last line is none of ours. `torn`: it was
# not finished. `unproven`: nothing was remembered of the lines that are there.
Damage = Literal["", "cut", "foreign", "torn", "unproven"]

FIRST_PREVIOUS = "0" * 64
MAX_LINE_BYTES = 64 * 1024
TAIL_BYTES = 16 * MAX_LINE_BYTES
_HEAD = re.compile(r"([0-9]{1,20}) ([0-9a-f]{64})\n")


@dataclass(frozen=True)
class Head:
    """The last line: its number and its hash."""

    sequence: int = 0
    sha256: str = FIRST_PREVIOUS


class AuditFile:
    """An audit file that is open for more lines."""

    def __init__(self, path: Path) -> None:
        """Open both files, and look at how the first one ends."""
        try:
            self.stream = _opened(path, os.O_APPEND)
            regular = stat.S_ISREG(os.fstat(self.stream.fileno()).st_mode)
            self._memory = _opened(path.with_name(f"{path.name}.head"), 0) if regular else None
            remembered = self._recall()
            lines, torn = _tail(self.stream) if regular else ([], False)
        except OSError as error:
            message = f"could not open `STACKTIC_AUDIT_FILE`: {error.strerror}"
            raise SettingsError(message) from error
        self.damage: Damage = "torn" if torn else _damage(lines, remembered)
        self.head = _go_on_from(lines, remembered)
        self._remembered = remembered

    def remember(self, head: Head) -> None:
        """Note the last line that is written; a short text of one length is replaced whole."""
        if self._memory is None or head in {self._remembered, self.head}:
            return
        text = f"{head.sequence:020d} {head.sha256}\n"
        os.pwrite(self._memory.fileno(), text.encode("ascii"), 0)
        self._remembered = head

    def _recall(self) -> Head | None:
        if self._memory is None:
            return None
        match = _HEAD.fullmatch(self._memory.read().decode("ascii", "replace"))
        return Head(int(match[1]), match[2]) if match else None


def _opened(path: Path, flags: int) -> BinaryIO:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | flags, 0o600)
    return os.fdopen(descriptor, "r+b", buffering=0)


def _tail(stream: BinaryIO) -> tuple[list[bytes], bool]:
    """Return the last lines; one torn by a crash is closed with a newline, so it shows."""
    size = stream.seek(0, os.SEEK_END)
    start = max(0, size - TAIL_BYTES)
    stream.seek(start)
    tail = stream.read()
    torn = bool(tail) and not tail.endswith(b"\n")
    if torn:
        stream.write(b"\n")
    lines = tail.splitlines()
    # Within a longer file the first of them is a part of a line.
    return (lines[1:] if start else lines), torn


def _damage(lines: Sequence[bytes], remembered: Head | None) -> Damage:
    if not lines:
        return "cut" if remembered is not None and remembered.sequence else ""
    if remembered is None:
        return "unproven"
    # Lines may have been written after the last that was remembered: they follow from it.
    hashes = [FIRST_PREVIOUS, *map(_sha256, lines)]
    if remembered.sha256 not in hashes:
        return "cut" if remembered.sequence > _field(lines[-1], "sequence", 0) else "foreign"
    start = len(hashes) - 1 - hashes[::-1].index(remembered.sha256)
    later = zip(lines[start:], hashes[start:], strict=False)
    whole = all(_field(line, "previous", "") == previous for line, previous in later)
    return "" if whole else "foreign"


def _go_on_from(lines: Sequence[bytes], remembered: Head | None) -> Head:
    """Continue the numbers where they were, so that lines which are gone leave a gap."""
    known = remembered or Head()
    if not lines:
        return known
    sequence = max(_field(lines[-1], "sequence", 0), known.sequence)
    return Head(sequence, _sha256(lines[-1]))


def _field[T: (int, str)](line: bytes, name: str, default: T) -> T:
    try:
        record: object = json.loads(line)
    except (ValueError, RecursionError):
        return default
    value: object = cast("dict[str, Any]", record).get(name) if isinstance(record, dict) else None
    return value if isinstance(value, type(default)) else default


def _sha256(line: bytes) -> str:
    return hashlib.sha256(line).hexdigest()
