"""API keys: who may call the server.

In: the secret `MCP_API_KEYS`, entries `name:sha256hex` separated by commas, and a header.
Out: the name of the key that was presented, or nothing.
Must not know: HTTP routing or MCP. A key itself is never stored, only its SHA-256.

The grammar is that of the Stack Agent, whose keys are written in the same way.
"""

from __future__ import annotations

import hashlib
import hmac
import itertools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stacktic_mcp.core.settings import SettingsError
from stacktic_mcp.lib.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stacktic_mcp.core.settings import Settings

KEYS_SECRET = "MCP_API_KEYS"  # noqa: S105 -- the name of a secret, not its value
MAX_HEADER_BYTES = 1024
BLANKS = " \t\r\n"
LONGEST_NOTHING = 4
_ENTRY = re.compile(r"([a-z0-9][a-z0-9_.-]{0,62}):([0-9a-f]{64})")
# A key of 16 bytes at least, all of them visible.
_CREDENTIAL = re.compile(rb"[Bb][Ee][Aa][Rr][Ee][Rr] ([\x21-\x7e]{16,})")
# What a shell makes of an empty variable: blanks and line ends, or nothing at all.
_DIGESTS_OF_NOTHING = frozenset(
    hashlib.sha256("".join(text).encode("ascii")).hexdigest()
    for length in range(LONGEST_NOTHING + 1)
    for text in itertools.product(BLANKS, repeat=length)
)
FAULTS = {
    "form": "is not of the form name:sha256hex, all in lower case",
    "digest_of_nothing": "is the digest of an empty key",
    "name_repeated": "repeats a name",
    "digest_repeated": "repeats a digest",
}


@dataclass(frozen=True)
class KeyRing:
    """The known keys, by name, as hashes."""

    hashes: tuple[tuple[str, bytes], ...]

    def name_of(self, authorization: Sequence[bytes]) -> str | None:
        """Return the name of the key in the `Authorization` headers of a request."""
        if len(authorization) != 1 or len(authorization[0]) > MAX_HEADER_BYTES:
            return None
        match = _CREDENTIAL.fullmatch(authorization[0])
        if match is None:
            return None
        presented = hashlib.sha256(match[1]).digest()
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
    entries = [entry for entry in (part.strip(BLANKS) for part in text.split(",")) if entry]
    hashes: dict[str, str] = {}
    for position, entry in enumerate(entries, start=1):
        fault = _fault(entry, hashes)
        if fault is not None:
            message = f"entry {position} of `{KEYS_SECRET}` {FAULTS[fault]}"
            raise SettingsError(message)
        name, _, digest = entry.partition(":")
        hashes[name] = digest
    return KeyRing(tuple((name, bytes.fromhex(digest)) for name, digest in hashes.items()))


def _fault(entry: str, hashes: Mapping[str, str]) -> str | None:
    match = _ENTRY.fullmatch(entry)
    if match is None:
        return "form"
    if match[2] in _DIGESTS_OF_NOTHING:
        return "digest_of_nothing"
    if match[1] in hashes:
        return "name_repeated"
    return "digest_repeated" if match[2] in hashes.values() else None
