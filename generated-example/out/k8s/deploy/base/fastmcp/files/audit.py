"""The audit log: one JSON line a call, denials included, each bound to the line before.

In: calls that are about to change something, and calls that are over.
Out: lines on a file or a standard stream; `previous` is the SHA-256 of the line before
without its newline, 64 zeros for a first line. A file is continued after a restart. Each replica
has a chain of its own and names itself in every line; a process tells the digest of its lock in
its first one.
Must not know: tools or HTTP. Arguments come in masked already.

A write leaves two lines: before its effect one with the decision `intended`, afterwards the
usual one with `intent`, the sequence number of the first. A sink that is full or blocked never
stops the server: lines wait in memory, and only calls that must be recorded first are refused.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import socket
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from stacktic_mcp.core.audit_file import FIRST_PREVIOUS, MAX_LINE_BYTES, AuditFile, Head
from stacktic_mcp.core.outlet import Outlet
from stacktic_mcp.core.settings import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable

    from stacktic_mcp.core.calls import Call
    from stacktic_mcp.core.settings import Settings

__all__ = ["FIRST_PREVIOUS", "AuditLog", "open_audit"]

SINKS = ("stdout", "stderr", "none")
# How long a call that must be recorded first waits for a sink that is behind.
PATIENCE_SECONDS = 1.0
RETRY_SECONDS = 0.05
# As long as the name of a pod may be.
MAX_REPLICA_CHARACTERS = 253

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
    # No tool answers without a line.
    required: bool = False
    replica: str = ""
    # Digest of the lock that is served, as its reader works it out.
    lock: str = ""
    file: AuditFile | None = None
    # Whoever counts what is over.
    counted: Callable[[Call, int], None] | None = None
    _outlet: Outlet | None = field(init=False, repr=False)
    _lost: int = field(default=0, init=False)
    _told: bool = field(default=False, init=False)
    _begun: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        """Let lines wait in front of the sink."""
        self._outlet = Outlet(self.sink) if self.sink is not None else None

    def is_kept(self) -> bool:
        """Tell whether there is a sink at all."""
        return self._outlet is not None

    def ready(self) -> bool:
        """Tell whether every line so far is written, so that the next will be."""
        return self._outlet is not None and self._drained(self._outlet)

    async def settled(self) -> bool:
        """Return `ready`, after some patience with a sink that is behind."""
        for _ in range(int(PATIENCE_SECONDS / RETRY_SECONDS)):
            if self._outlet is None or self.ready():
                break
            await asyncio.sleep(RETRY_SECONDS)
        return self.ready()

    async def intend(self, call: Call) -> bool:
        """Record what is about to be done; false means that it must not be done."""
        record = self._record(call, 0) | {"decision": "intended"}
        written = self._append(record)
        call.intent = self.sequence
        return written and await self.settled()

    def write(self, call: Call, duration_ms: int) -> None:
        """Append the line of one call."""
        record = self._record(call, duration_ms)
        if call.intent:
            record["intent"] = call.intent
        self._append(record)
        if self.counted is not None:
            self.counted(call, duration_ms)

    def health(self) -> dict[str, str]:
        """Return the state for probes: what is wrong with the log, in a word, and no more."""
        ill = self._illness()
        return {"status": "degraded", "audit": ill} if ill else {"status": "ok"}

    def _illness(self) -> str:
        if self._outlet is None:
            return "none" if self.required else ""
        if not self.ready():
            return "unwritable"
        if self._lost:
            return "lost"
        return self.file.damage if self.file is not None else ""

    def _record(self, call: Call, duration_ms: int) -> dict[str, Any]:
        return {
            "replica": self.replica,
            "sequence": self.sequence + 1,
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

    def _append(self, record: dict[str, Any]) -> bool:
        """Put a line at the end; one that finds no room leaves a gap in the numbers."""
        if self._outlet is None:
            return False
        self.sequence += 1
        if self.lock and not self._begun:
            record["lock"] = self.lock
        self._begun = True
        line = _encoded(record)
        if not self._outlet.put(line + b"\n"):
            self._lost += 1
            return False
        self.previous = hashlib.sha256(line).hexdigest()
        self._drained(self._outlet)
        return True

    def _drained(self, outlet: Outlet) -> bool:
        """Write what waits; then remember how far the file goes, and tell of a change."""
        drained = outlet.drain()
        if drained and self.file is not None:
            try:
                self.file.remember(Head(self.sequence, self.previous))
            except (OSError, ValueError) as error:
                outlet.problem = getattr(error, "strerror", None) or "the sink is closed"
                drained = False
        if drained == self._told:
            self._told = not drained
            if drained:
                logger.warning("the audit sink takes lines again")
            else:
                logger.error("the audit sink takes no lines: %s", outlet.problem)
        return drained


def _encoded(record: dict[str, Any]) -> bytes:
    line = json.dumps(record, separators=(",", ":")).encode("ascii")
    if len(line) > MAX_LINE_BYTES:
        # The digest of the arguments stays.
        arguments = {"[arguments]": len(record["arguments"])}
        line = json.dumps({**record, "arguments": arguments}, separators=(",", ":")).encode("ascii")
    return line


def open_audit(settings: Settings) -> AuditLog:
    """Open the sink: `STACKTIC_AUDIT_FILE`, or the stream that `STACKTIC_AUDIT` names."""
    required = settings.flag("STACKTIC_AUDIT_REQUIRED")
    replica = replica_of(settings)
    path = settings.value("STACKTIC_AUDIT_FILE", "")
    if path:
        return _on_file(AuditFile(Path(path)), required, replica)
    name = settings.value("STACKTIC_AUDIT", "stdout")
    if name not in SINKS:
        message = "`STACKTIC_AUDIT` is none of `stdout`, `stderr`, `none`"
        raise SettingsError(message)
    # A process that was started without the stream has no sink.
    stream = {"stdout": sys.stdout, "stderr": sys.stderr}.get(name)
    sink = None if stream is None else stream.buffer
    return AuditLog(sink, required=required, replica=replica)


def replica_of(settings: Settings) -> str:
    """Return what this process is called among its like: the name of its pod, which is its host."""
    return settings.value("STACKTIC_REPLICA", socket.gethostname())[:MAX_REPLICA_CHARACTERS]


def _on_file(file: AuditFile, required: bool, replica: str) -> AuditLog:
    if file.damage:
        logger.error("the end of the audit file is not as it was left: %s", file.damage)
    head = file.head
    return AuditLog(
        file.stream, head.sha256, head.sequence, required=required, replica=replica, file=file
    )
