"""Who a request is from, and what they may reach.

In: the `Authorization` headers of a request, the secret with the keys, the clients of the stack,
and the provider that people sign in by where one is linked.
Out: a `Caller`, or nothing; whether a caller is still known; what cursors are signed with.
Must not know: HTTP routing, sessions, tools.

The file of keys is looked at with every request, so a key that was taken out is unknown at once.
A file with a mistake lets nobody in who was not known before, and of those only whom it still
names: `/health` says so until it is mended.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING

from stacktic_mcp.core.auth import (
    KEYS_SECRET,
    Key,
    KeyRing,
    credential_of,
    parse_keys,
    still_standing,
)
from stacktic_mcp.core.bodies import Stop
from stacktic_mcp.core.reach import ALL, Client, Reach
from stacktic_mcp.core.settings import SettingsError
from stacktic_mcp.core.sign_in import Bearer, SignIn, load_sign_in
from stacktic_mcp.lib.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stacktic_mcp.core.settings import Settings
    from stacktic_mcp.core.topology import Topology

BROKEN = "broken"
# What names of those who signed in have, and names of keys have not.
SIGNED_IN = "/"
NO_KEYS = KeyRing(())

logger = logging.getLogger("stacktic.keys")


@dataclass(frozen=True)
class Caller:
    """Somebody who is known."""

    name: str
    reach: Reach
    # What they are known by; another key of the same name is somebody else.
    digest: bytes = b""
    expires: float | None = None


@dataclass
class Callers:
    """Everybody who is known, as the files have it now."""

    text: Callable[[], str]
    clients: dict[str, Client] = field(default_factory=dict[str, Client])
    sign_in: SignIn | None = None
    clock: Callable[[], float] = time.time
    _read: str | None = None
    _ring: KeyRing = NO_KEYS
    _broken: bool = False
    # Signs for those who have no key; nobody outside this process knows it.
    _own: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)

    @classmethod
    def of(cls, settings: Settings, topology: Topology) -> Callers:
        """Read the keys for the first time; here a mistake stops the start."""

        def text() -> str:
            try:
                return settings.secret(KEYS_SECRET)
            except Refusal:
                return ""

        parse_keys(text())
        clients = {client.name: client for client in topology.clients}
        return cls(text, clients, load_sign_in(settings, topology))

    def ring(self) -> KeyRing:
        """Return the keys as their file has them now."""
        text = self.text()
        if text == self._read:
            return self._ring
        try:
            ring, broken = parse_keys(text), False
        except SettingsError as error:
            ring, broken = still_standing(text, self._ring), True
            logger.error("%s; no new key is let in until it is mended", error)  # noqa: TRY400
        if self._broken and not broken:
            logger.warning("the keys can be read again")
        self._read, self._ring, self._broken = text, ring, broken
        self._tell_of_unknown_clients()
        return ring

    def illness(self) -> str:
        """Return a word for probes where the file of keys cannot be read as a whole."""
        self.ring()
        return BROKEN if self._broken else ""

    async def caller(self, authorization: Sequence[bytes]) -> Caller:
        """Return who presents a key or a token that is good now; everybody else is stopped."""
        key = self.ring().key_of(authorization, self.clock())
        if key is None and self.sign_in is not None:
            bearer = await self.sign_in.bearer(credential_of(authorization))
            caller = None if bearer is None else self._of_token(bearer, self.sign_in)
        else:
            caller = None if key is None else self._of_key(key)
        if caller is None:
            raise self.unknown(presented=bool(authorization))
        return caller

    def unknown(self, *, presented: bool = True) -> Stop:
        """Return what a stranger is told."""
        if self.sign_in is not None:
            return self.sign_in.unknown(presented=presented)
        hint = "send a known key as `Authorization: Bearer <key>`"
        return Stop(HTTPStatus.UNAUTHORIZED, "E_AUTH", hint, challenge="Bearer")

    def knows(self, caller: Caller) -> bool:
        """Tell whether a caller of a moment ago is still known."""
        if caller.expires is not None and self.clock() >= caller.expires:
            return False
        if not caller.digest:
            return True
        key = self.ring().named(caller.name)
        same = key is not None and key.digest == caller.digest and key.is_valid(self.clock())
        return same and key is not None and self._of_key(key) is not None

    def signing_key(self, name: str) -> bytes:
        """Return what signs the cursors of a caller.

        It follows from their own key alone: every replica knows it, and no other key that comes or
        goes makes a cursor void.
        """
        key = self.ring().named(name)
        material = self._own if key is None else key.digest
        if self.sign_in is not None and SIGNED_IN in name:
            material = self.sign_in.signing_material()
        return hashlib.sha256(b"stacktic cursor\n" + material).digest()

    def _of_key(self, key: Key) -> Caller | None:
        client = self.clients.get(key.profile or key.name)
        if client is None:
            # A key of a client that is gone must not become one of everything.
            return Caller(key.name, ALL, key.digest, key.expires) if key.profile is None else None
        if client.expires is not None and self.clock() >= client.expires:
            return None
        ends = [end for end in (key.expires, client.expires) if end is not None]
        return Caller(key.name, client.reach, key.digest, min(ends, default=None))

    def _of_token(self, bearer: Bearer, sign_in: SignIn) -> Caller | None:
        client = self.clients.get(bearer.client, Client(bearer.client, ALL))
        ends = bearer.expires if client.expires is None else min(bearer.expires, client.expires)
        if self.clock() >= ends:
            return None
        sign_in.ensure_reaches(bearer)
        return Caller(bearer.name, bearer.reach.within(client.reach), expires=ends)

    def _tell_of_unknown_clients(self) -> None:
        for key in self._ring.keys:
            if key.profile is not None and key.profile not in self.clients:
                logger.warning(
                    "the key %s is of the client %s, which the stack does not have: it is refused",
                    key.name,
                    key.profile,
                )
