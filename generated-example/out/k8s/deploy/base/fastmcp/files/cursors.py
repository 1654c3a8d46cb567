"""Cursors that hold no state: a position, what it belongs to, and a signature.

In: tool, link, argument digest, key name and position of a page.
Out: a text that only this server made and only the same caller can use for the same call.
Must not know: what a position means to its tool.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from stacktic_mcp.lib.refusal import Refusal

LIFETIME_SECONDS = 15 * 60
SIGNATURE_BYTES = 32
START_AGAIN = "start again without a cursor"


@dataclass(frozen=True)
class Page:
    """What a cursor is bound to beside its position."""

    tool: str
    component: str
    arguments: str
    key_name: str


def digest(value: Any) -> str:
    """Return the SHA-256 of a value's canonical JSON."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True)
class CursorSigner:
    """Signs and opens cursors with a key that all replicas know."""

    # Where each caller has one of their own, what finds it by the caller's name.
    key: bytes | Callable[[str], bytes]
    clock: Callable[[], float] = time.time

    def sign(self, page: Page, position: Any) -> str:
        """Return the cursor for a position."""
        payload = json.dumps([int(self.clock()), position], separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(self._signature(page, payload) + payload).decode("ascii")

    def open(self, page: Page, cursor: str) -> Any:
        """Return the position, refused when anything about the call is not the same."""
        try:
            raw = base64.b64decode(cursor.encode("ascii"), altchars=b"-_", validate=True)
        except (UnicodeEncodeError, binascii.Error) as error:
            raise _refused("the cursor is not one of this server") from error
        signature, payload = raw[:SIGNATURE_BYTES], raw[SIGNATURE_BYTES:]
        if not hmac.compare_digest(signature, self._signature(page, payload)):
            raise _refused("the cursor belongs to another call, other arguments or another key")
        issued, position = cast("tuple[int, Any]", json.loads(payload))
        if self.clock() - issued > LIFETIME_SECONDS:
            raise _refused("the cursor is older than 15 minutes")
        return position

    def _signature(self, page: Page, payload: bytes) -> bytes:
        bound = json.dumps([page.tool, page.component, page.arguments, page.key_name])
        message = bound.encode() + b"\n" + payload
        key = self.key if isinstance(self.key, bytes) else self.key(page.key_name)
        return hmac.new(key, message, hashlib.sha256).digest()


def _refused(fact: str) -> Refusal:
    hint = f"{fact}; {START_AGAIN}"
    return Refusal("E_ARG", hint)
