"""The audit log: one JSON line a call, denials included, each bound to the line before.

In: finished calls.
Out: lines on a file or a standard stream; `previous` is the SHA-256 of the line before
without its newline, 64 zeros for a first line. A file is continued after a restart.
Must not know: tools or HTTP. Arguments come in masked already.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from settings import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable

    from calls import Call
    from settings import Settings

FIRST_PREVIOUS = "0" * 64
MAX_LINE_BYTES = 64 * 1024
SINKS = ("stdout", "stderr", "none")

logger = logging.getLogger("stacktic.audit")


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass
class AuditLog:
    """A chain of lines on one sink; without a sink it is never ready."""

    sink: BinaryIO | None
    previous: str = FIRST_PREVIOUS
    sequence: int = 0
    clock: Callable[[], datetime] = _now

    def ready(self) -> bool:
        """Tell whether the next call will leave a line."""
        return self.sink is not None

    def write(self, call: Call, duration_ms: int) -> None:
        """Append the line of one call; a sink that fails once is not trusted again."""
        if self.sink is None:
            return
        self.sequence += 1
        line = self._line(call, duration_ms)
        try:
            self.sink.write(line + b"\n")
            self.sink.flush()
        except (OSError, ValueError):
            self.sink = None
            logger.exception("the audit sink failed; write tools are refused from now on")
            return
        self.previous = hashlib.sha256(line).hexdigest()

    def _line(self, call: Call, duration_ms: int) -> bytes:
        record = {
            "sequence": self.sequence,
            "time": self.clock().isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "key": call.key_name,
            "session": call.session,
            "method": call.method,
            "tool": call.tool,
            "link": call.link,
            "arguments": call.arguments,
            "arguments_sha256": call.arguments_digest,
            "decision": call.decision,
            "code": call.code,
            "duration_ms": duration_ms,
            "bytes": call.result_bytes,
            "previous": self.previous,
        }
        return json.dumps(record, separators=(",", ":")).encode("ascii")


def open_audit(settings: Settings) -> AuditLog:
    """Open the sink: `STACKTIC_AUDIT_FILE`, or the stream that `STACKTIC_AUDIT` names."""
    path = settings.value("STACKTIC_AUDIT_FILE", "")
    if path:
        return _open_file(Path(path))
    name = settings.value("STACKTIC_AUDIT", "stdout")
    if name not in SINKS:
        message = "`STACKTIC_AUDIT` is none of `stdout`, `stderr`, `none`"
        raise SettingsError(message)
    if name == "none":
        return AuditLog(sink=None)
    return AuditLog(sink=sys.stdout.buffer if name == "stdout" else sys.stderr.buffer)


def _open_file(path: Path) -> AuditLog:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        sink = os.fdopen(descriptor, "r+b", buffering=0)
        last = _last_line(sink)
    except OSError as error:
        message = f"could not open `STACKTIC_AUDIT_FILE`: {error.strerror}"
        raise SettingsError(message) from error
    if not last:
        return AuditLog(sink=sink)
    return AuditLog(
        sink=sink,
        previous=hashlib.sha256(last).hexdigest(),
        sequence=_sequence_of(last),
    )


def _last_line(sink: BinaryIO) -> bytes:
    """Return the last line; one torn by a crash is closed with a newline, so it shows."""
    size = sink.seek(0, os.SEEK_END)
    sink.seek(max(0, size - 2 * MAX_LINE_BYTES))
    tail = sink.read()
    if tail and not tail.endswith(b"\n"):
        sink.write(b"\n")
    return tail.rstrip(b"\n").rpartition(b"\n")[2]


def _sequence_of(line: bytes) -> int:
    try:
        record: object = json.loads(line)
    except ValueError:
        return 0
    number: object = record.get("sequence") if isinstance(record, dict) else None  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
    return number if isinstance(number, int) else 0
