"""API keys: who may call the server.

In: the secret `MCP_API_KEYS`, entries `name:sha256hex` separated by commas, and a header.
Out: the name of the key that was presented, or nothing.
Must not know: HTTP routing or MCP. A key itself is never stored, only its SHA-256.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from refusal import Refusal
from settings import SettingsError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from settings import Settings

KEYS_SECRET = "MCP_API_KEYS"  # noqa: S105 -- the name of a secret, not its value
MAX_HEADER_BYTES = 1024
_ENTRY = re.compile(r"([A-Za-z0-9][A-Za-z0-9_.-]{0,62}):([0-9a-f]{64})")


@dataclass(frozen=True)
class KeyRing:
    """The known keys, by name, as hashes."""

    hashes: tuple[tuple[str, bytes], ...]

    def name_of(self, authorization: Sequence[bytes]) -> str | None:
        """Return the name of the key in the `Authorization` headers of a request."""
        if len(authorization) != 1 or len(authorization[0]) > MAX_HEADER_BYTES:
            return None
        scheme, _, key = authorization[0].partition(b" ")
        if scheme.lower() != b"bearer":
            return None
        presented = hashlib.sha256(key.strip()).digest()
        found: str | None = None
        for name, known in self.hashes:
            # No early end: the time taken must not tell which key came near.
            if hmac.compare_digest(presented, known):
                found = name
        return found


def load_keys(settings: Settings) -> KeyRing:
    """Read the keys; without any the server starts and refuses every caller."""
    try:
        text = settings.secret(KEYS_SECRET)
    except Refusal:
        return KeyRing(())
    return parse_keys(text)


def parse_keys(text: str) -> KeyRing:
    """Parse `name:sha256hex` entries; a mistake is told by its position, never by its text."""
    entries = [entry.strip() for entry in text.split(",") if entry.strip()]
    hashes: dict[str, bytes] = {}
    for position, entry in enumerate(entries, start=1):
        match = _ENTRY.fullmatch(entry)
        if match is None:
            message = f"entry {position} of `{KEYS_SECRET}` is not of the form name:sha256hex"
            raise SettingsError(message)
        name, digest = match.groups()
        if name in hashes:
            message = f"entry {position} of `{KEYS_SECRET}` repeats a name"
            raise SettingsError(message)
        hashes[name] = bytes.fromhex(digest)
    return KeyRing(tuple(hashes.items()))
