"""What the user of a link may do at Trino, asked before tools use it, each minute anew.

In: a link.
Out: nothing, or a `Refusal` where the user may do more than the link says.
Must not know: which tool asks.

A user that sees another catalog, may make a table, or may set a limit for itself is not the one
that was made for the link. Each question is answered by Trino's rules, and changes nothing.
"""

from __future__ import annotations

import asyncio
import time
from weakref import WeakKeyDictionary

from stacktic_mcp.core.toolkit import Link, Refusal
from stacktic_mcp.tools.trino import trino_statements as statements
from stacktic_mcp.tools.trino.trino_client import Trino, TrinoError

AGAIN_AFTER_S = 60.0
# Catalogs that rules let all users see, of Trino itself.
OWN = frozenset({"system"})
DENIED = "PERMISSION_DENIED"

_checked: WeakKeyDictionary[Link, float] = WeakKeyDictionary()


async def reader(link: Link) -> Trino:
    """Return a client of the link, whose user was found to be a reader within the last minute."""
    client = Trino(link)
    last = _checked.get(link)
    if last is None or time.monotonic() - last > AGAIN_AFTER_S:
        _checked.pop(link, None)
        await _ensure_reader(client, link)
        _checked[link] = time.monotonic()
    return client


async def _ensure_reader(client: Trino, link: Link) -> None:
    found = await _beyond(client, link)
    if found:
        hint = f"the user of the link to {link.component} may do more than read: {found[0]}"
        raise Refusal("E_UNAVAILABLE", hint)


async def wider(link: Link) -> list[str]:
    """Return what the user may do beyond reading."""
    found = await _beyond(Trino(link), link)
    if found:
        _checked.pop(link, None)
    return found


async def _beyond(client: Trino, link: Link) -> list[str]:
    linked = link.enums.get("catalogs", ())
    found = await client.select(statements.CATALOGS, 1000)
    seen = {str(row[0]) for row in found.rows}
    if not seen - OWN <= set(linked):
        return ["it sees a catalog that is not linked"]
    asked = [statements.write(name) for name in linked if name in seen] + [statements.SETTING]
    answers = await asyncio.gather(*(_is_denied(client, sql) for sql in asked))
    limits = [] if answers[-1] else ["it may set limits for itself"]
    return limits + ([] if all(answers[:-1]) else ["it may make tables"])


async def _is_denied(client: Trino, sql: str) -> bool:
    try:
        await client.select(sql, 1)
    except TrinoError as error:
        return error.name == DENIED
    return False
