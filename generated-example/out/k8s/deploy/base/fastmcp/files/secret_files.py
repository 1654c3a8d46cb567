"""The folder of secrets: one file a value, all of them known from the start.

In: a directory as Kubernetes mounts it.
Out: values by the names of their files, and what takes every one of them out of a text.
Must not know: what a value is used for. A value leaves this file by `value` alone.

A file that has changed is read anew. The values that it held before stay known, since a call
that is under way, or a backend, may still speak of them.
"""

from __future__ import annotations

import logging
import re
import time
from collections import deque
from typing import TYPE_CHECKING

from stacktic_mcp.lib.redaction import LINE_ENDS, Redactor, unfit

if TYPE_CHECKING:
    from pathlib import Path

# It holds digests of keys, and is not judged.
KEYS_FILE = "MCP_API_KEYS"
MAX_BYTES = 1024 * 1024
# The value of now and those before it.
KEPT_VALUES = 4
# What is shorter cannot be hidden. It stops the start, so only a tool's own tests have it.
SHORTEST_HIDDEN = 4
TICK_NANOSECONDS = 1_000_000_000

Stamp = tuple[int, int, int, int]
# Of a file that may change within the tick of its times: it is read again.
UNSETTLED: Stamp = (0, 0, 0, 0)
_DIGEST = re.compile(r"[0-9a-f]{64}")

logger = logging.getLogger("stacktic.secrets")


class SecretFiles:
    """The values of a folder, as they are now and as they were."""

    def __init__(self, folder: Path) -> None:
        """Read nothing yet: a test may fill the folder later."""
        self._folder = folder
        self._paths: dict[str, Path] = {}
        self._listed = 0
        self._stamps: dict[str, Stamp] = {}
        self._values: dict[str, deque[str]] = {}
        self._redactor = Redactor(())

    def value(self, name: str) -> str:
        """Return a value as its file has it now; nothing where there is none."""
        if self._refresh(name):
            self._renew_redactor()
        known = self._values.get(name)
        return known[-1] if known and name in self._stamps else ""

    def redactor(self) -> Redactor:
        """Return what hides every value that has been in the folder until now."""
        changed = [self._refresh(name) for name in self._names()]
        if any(changed):
            self._renew_redactor()
        return self._redactor

    def unfit(self) -> dict[str, str]:
        """Return the names of values that cannot be hidden, and why."""
        self.redactor()
        judged = {name: unfit(known[-1]) for name, known in self._secrets()}
        return {name: reason for name, reason in sorted(judged.items()) if reason is not None}

    def _names(self) -> list[str]:
        """Return the files of the folder, listed anew when the folder has changed."""
        try:
            changed = self._folder.stat().st_mtime_ns
            if changed != self._listed:
                # Kubernetes keeps the files of a volume in `..data`, and links to them from here.
                found = [path for path in self._folder.iterdir() if path.name[0] != "."]
                self._paths |= {path.name: path for path in found}
                # Within the same tick of the clock there may be more to come.
                settled = time.time_ns() - changed > TICK_NANOSECONDS
                self._listed = changed if settled else 0
        except OSError:
            return []
        return list(self._paths)

    def _refresh(self, name: str) -> bool:
        """Read a file that has changed; true where that gave another value."""
        path = self._paths.get(name) or self._folder / name
        try:
            status = path.stat()
            stamp = (status.st_ino, status.st_mtime_ns, status.st_ctime_ns, status.st_size)
            if self._stamps.get(name) == stamp:
                return False
            with path.open("rb") as file:
                text = file.read(MAX_BYTES).decode("utf-8").strip(LINE_ENDS)
        except (OSError, UnicodeDecodeError):
            self._stamps.pop(name, None)
            return False
        settled = time.time_ns() - status.st_ctime_ns > TICK_NANOSECONDS
        self._stamps[name] = stamp if settled else UNSETTLED
        return self._learn(name, text)

    def _learn(self, name: str, text: str) -> bool:
        known = self._values.setdefault(name, deque(maxlen=KEPT_VALUES))
        if known and known[-1] == text:
            return False
        reason = unfit(text) if known and name != KEYS_FILE else None
        if reason is not None:
            # The start judges the first value; the old one goes on until a better one is there.
            logger.error("the new value of %s cannot be hidden and is not used: %s", name, reason)
            return False
        known.append(text)
        return True

    def _secrets(self) -> list[tuple[str, deque[str]]]:
        return [(name, known) for name, known in self._values.items() if name != KEYS_FILE]

    def _renew_redactor(self) -> None:
        known = [value for _, values in self._secrets() for value in values]
        secrets = [value for value in known if len(value) >= SHORTEST_HIDDEN]
        digests = _DIGEST.findall(" ".join(self._values.get(KEYS_FILE, ())))
        self._redactor = Redactor(secrets, self._values, digests)
