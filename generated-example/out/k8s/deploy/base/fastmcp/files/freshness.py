"""How long a client may keep a list before it asks again.

In: the time that the lock gives.
Out: `ttlMs` in the lists of the newest protocol revision, for the caller alone.
Must not know: what is listed. What a resource says is live, so it is never kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mcp.server.caching import CacheHint

if TYPE_CHECKING:
    from fastmcp import FastMCP

# Goes into the contract, and from there into each lock: no longer than the server itself goes
# without looking at what its lists follow from.
LIST_TTL_MS = 60_000
LISTS = (
    "server/discover",
    "tools/list",
    "prompts/list",
    "resources/list",
    "resources/templates/list",
)


def let_lists_be_kept(mcp: FastMCP, ttl_ms: int) -> None:
    """Tell how long lists stay as they are; keys may see different ones, so they are private."""
    # FastMCP's own setting would let live resources be kept as well.
    hints = mcp._mcp_server.cache_hints  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
    hints.update(dict.fromkeys(LISTS, CacheHint(ttl_ms=ttl_ms, scope="private")))
