"""API keys: who may call the server.

In: the text of the secret `MCP_API_KEYS`, entries separated by commas, and a header.
Out: the key that was presented, or nothing.
Must not know: HTTP routing, files, MCP, or what a key may do. A key itself is never stored, only
its SHA-256.

An entry is `name:sha256hex`, then `;expires=` and a time or a day, then `;profile=` and a client.
The grammar is that of the Stack Agent, whose keys are written in the same way.
"""

from __future__ import annotations

import hashlib
import hmac
import itertools
import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from stacktic_mcp.core.settings import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

KEYS_SECRET = "MCP_API_KEYS"  # noqa: S105 -- the name of a secret, not its value
MAX_HEADER_BYTES = 1024
BLANKS = " \t\r\n"
LONGEST_NOTHING = 4
DAY_SECONDS = 24 * 60 * 60
CLIENT_NAME = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}"
_ENTRY = re.compile(
    r"(?P<name>[a-z0-9][a-z0-9_.-]{0,62}):(?P<digest>[0-9a-f]{64})"
    rf"(?:;expires=(?P<expires>[^;]*))?(?:;profile=(?P<profile>{CLIENT_NAME}))?"
)
_MOMENT = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z)?")
# A key of 16 bytes at least, all of them visible.
_CREDENTIAL = re.compile(rb"[Bb][Ee][Aa][Rr][Ee][Rr] ([\x21-\x7e]{16,})")
# What a shell makes of an empty variable: blanks and line ends, or nothing at all.
_DIGESTS_OF_NOTHING = frozenset(
    hashlib.sha256("".join(text).encode("ascii")).hexdigest()
    for length in range(LONGEST_NOTHING + 1)
    for text in itertools.product(BLANKS, repeat=length)
)
FAULTS = {
    "form": (
        "is not of the form name:sha256hex, all in lower case, "
        "with `;expires=` and `;profile=` behind it where it has them"
    ),
    "expires": "expires at what is no time as 2026-12-31T23:59:59Z and no day as 2026-12-31",
    "digest_of_nothing": "is the digest of an empty key",
    "name_repeated": "repeats a name",
    "digest_repeated": "repeats a digest",
}


@dataclass(frozen=True)
class Key:
    """One entry."""

    name: str
    digest: bytes
    # Seconds since 1970 from which on it is unknown.
    expires: float | None = None
    # The client that it is of, where its name does not say so.
    profile: str | None = None

    def is_valid(self, now: float) -> bool:
        """Tell whether it has not expired."""
        return self.expires is None or now < self.expires


@dataclass(frozen=True)
class KeyRing:
    """The known keys, as hashes, by name."""

    keys: tuple[Key, ...]

    def key_of(self, authorization: Sequence[bytes], now: float | None = None) -> Key | None:
        """Return the key in the `Authorization` headers of a request."""
        credential = credential_of(authorization)
        if credential is None or len(authorization[0]) > MAX_HEADER_BYTES:
            return None
        presented = hashlib.sha256(credential).digest()
        found: Key | None = None
        for key in self.keys:
            # No early end: the time taken must not tell which key came near.
            if hmac.compare_digest(presented, key.digest):
                found = key
        moment = time.time() if now is None else now
        return found if found is not None and found.is_valid(moment) else None

    def named(self, name: str) -> Key | None:
        """Return the key of that name."""
        return next((key for key in self.keys if key.name == name), None)


def credential_of(authorization: Sequence[bytes]) -> bytes | None:
    """Return what the one `Authorization` header of a request presents."""
    match = _CREDENTIAL.fullmatch(authorization[0]) if len(authorization) == 1 else None
    return None if match is None else match[1]


def parse_moment(text: str) -> float | None:
    """Return the end of validity that a text states: a time, or the end of a day, in UTC."""
    match = _MOMENT.fullmatch(text)
    if match is None:
        return None
    try:
        moment = datetime.fromisoformat(match[1] + (match[2] or "T00:00:00Z"))
    except ValueError:
        return None
    return moment.astimezone(UTC).timestamp() + (0 if match[2] else DAY_SECONDS)


def parse_keys(text: str) -> KeyRing:
    """Parse all entries; a mistake is told by its position, never by its text."""
    keys: dict[str, Key] = {}
    for position, entry in enumerate(_entries(text), start=1):
        key = _parse(entry, keys)
        if isinstance(key, str):
            message = f"entry {position} of `{KEYS_SECRET}` {FAULTS[key]}"
            raise SettingsError(message)
        keys[key.name] = key
    return KeyRing(tuple(keys.values()))


def still_standing(text: str, before: KeyRing) -> KeyRing:
    """Return those keys of `before` that a text with a mistake still holds, as it holds them now.

    What was taken out is gone, whatever else is wrong; what nobody has read yet is not let in.
    """
    keys: dict[str, Key] = {}
    for entry in _entries(text):
        key = _parse(entry, keys)
        known = None if isinstance(key, str) else before.named(key.name)
        if not isinstance(key, str) and known is not None and known.digest == key.digest:
            keys[key.name] = key
    return KeyRing(tuple(keys.values()))


def _entries(text: str) -> list[str]:
    return [entry for entry in (part.strip(BLANKS) for part in text.split(",")) if entry]


def _parse(entry: str, before: Mapping[str, Key]) -> Key | str:
    """Return the key of an entry, or what is wrong with it."""
    match = _ENTRY.fullmatch(entry)
    if match is None:
        return "form"
    expires = None if match["expires"] is None else parse_moment(match["expires"])
    if match["expires"] is not None and expires is None:
        return "expires"
    if match["digest"] in _DIGESTS_OF_NOTHING:
        return "digest_of_nothing"
    digest = bytes.fromhex(match["digest"])
    if match["name"] in before:
        return "name_repeated"
    if any(key.digest == digest for key in before.values()):
        return "digest_repeated"
    return Key(match["name"], digest, expires, match["profile"])
