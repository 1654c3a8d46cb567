"""Tokens that all replicas of a server count together, in a Valkey that the stack links for it.

In: settings `MCP_<SERVICE>_SHARED_LIMITS_…` of such a link, the name of a key.
Out: tokens like those of a bucket of this process; without the store, those of that bucket.
Must not know: what a token is for. No tool reaches the prefix, and this reaches no other.

A window of two seconds has as many tokens as a burst; it begins with the first of them, by the
clock of the store. So a key gets its rate, and across the end of a window at most two bursts.
"""

from __future__ import annotations

import hashlib
import logging
import re
import time
from typing import TYPE_CHECKING, Any, cast

from stacktic_mcp.core.limits import BURST, CALLS_PER_SECOND, Tokens
from stacktic_mcp.lib.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from stacktic_mcp.core.settings import Settings

PREFIX = "stacktic-limits:"
WINDOW_MS = int(BURST / CALLS_PER_SECOND * 1000)
# A call waits no longer for the store; one that is away is left alone for a while.
PATIENCE_SECONDS = 0.5
LEFT_ALONE_SECONDS = 5.0
NAME_BYTES = 16
_HOST = re.compile(r"(MCP_[A-Z0-9_]+_SHARED_LIMITS)_HOST")

logger = logging.getLogger("stacktic.limits")


class Store:
    """The counters of all keys; one that does not answer counts nothing."""

    def __init__(self, settings: Settings, env: str, place: str) -> None:
        """Connect at the first call: a store that is away stops no start."""
        self._settings = settings
        self._env = env
        self._place = place
        self._client: Any = None
        self._password = ""
        self._away_until = 0.0

    def of(self, key_name: str, own: Tokens) -> Tokens:
        """Return the tokens of a key, with those of this process for when the store is away."""
        # A name may be as long as somebody made it.
        name = hashlib.sha256(key_name.encode("utf-8")).hexdigest()[: NAME_BYTES * 2]
        return SharedTokens(self, f"{PREFIX}{self._place}:{name}", own)

    async def count(self, name: str) -> tuple[int, int] | None:
        """Count one more in a window: which it is, and the window's rest in ms; or nothing."""
        if time.monotonic() < self._away_until:
            return None
        try:
            return await self._count(name)
        except Exception as error:  # noqa: BLE001 -- no fault of the store may lose a call
            if not self._away_until:
                logger.warning("limits are counted here alone: %s", type(error).__name__)
            self._away_until = time.monotonic() + LEFT_ALONE_SECONDS
            return None

    async def _count(self, name: str) -> tuple[int, int]:
        transaction = self._connected().pipeline(transaction=True)
        transaction.set(name, 0, px=WINDOW_MS, nx=True)
        # The client's own word for it is INCRBY, which is not granted.
        transaction.execute_command("INCR", name)
        transaction.pttl(name)
        _, count, rest = cast("tuple[Any, int, int]", await transaction.execute())
        if self._away_until:
            self._away_until = 0.0
            logger.warning("limits are counted for all replicas again")
        return count, rest

    def _connected(self) -> Any:
        password = self._settings.secret(f"{self._env}_PASSWORD")
        if self._client is None or password != self._password:
            self._client, self._password = self._new(password), password
        return self._client

    def _new(self, password: str) -> Any:
        from valkey.asyncio import Valkey  # noqa: PLC0415 -- most servers have no such link

        settings, env = self._settings, self._env
        authority = settings.value(f"{env}_CA_FILE", "")
        verified: dict[str, Any] = {
            "ssl": True,
            "ssl_ca_certs": authority,
            "ssl_check_hostname": True,
        }
        return Valkey(
            host=settings.value(f"{env}_HOST"),
            port=settings.number(f"{env}_PORT"),
            username=settings.value(f"{env}_USERNAME"),
            password=password,
            socket_connect_timeout=PATIENCE_SECONDS,
            socket_timeout=PATIENCE_SECONDS,
            # CLIENT SETINFO is not granted.
            lib_name=None,
            lib_version=None,
            max_connections=16,
            ssl=bool(authority),
            **(verified if authority else {}),
        )


class SharedTokens:
    """The tokens of one key in all replicas."""

    def __init__(self, store: Store, name: str, own: Tokens) -> None:
        """Count under a name."""
        self._store = store
        self._name = name
        self._own = own

    async def take(self) -> float:
        """Take a token, or tell when there may be one."""
        counted = await self._store.count(self._name)
        if counted is None:
            return await self._own.take()
        count, rest = counted
        return 0.0 if count <= BURST else max(rest, 1) / 1000

    def is_full(self) -> bool:
        """Tell whether nothing would be forgotten: the store remembers by itself."""
        return self._own.is_full()


def shared_limits(settings: Settings, place: str) -> Callable[[str, Tokens], Tokens] | None:
    """Return how tokens are counted for all replicas, where a link is drawn for it."""
    found = [match[1] for name in settings.environ if (match := _HOST.fullmatch(name))]
    if not found:
        return None
    try:
        settings.value(f"{found[0]}_HOST")
    except Refusal:
        return None
    return Store(settings, min(found), place).of
