"""What the accounts of links may do, compared with the lock at the start and each minute.

In: the probes that tool files registered, each an async function of a link.
Out: tools that are withdrawn while an account may do more than the lock says.
Must not know: any backend, or how a probe finds out.

A probe returns what is wider than the lock, as sentences of our own, nothing where it is not, and
raises where that cannot be told. What cannot be told withdraws nothing, since a backend that is
away would then take its tools along, and gives nothing back either. Reads have fences of their
own until then; nothing is written by an account whose rights were never read.

Every link is asked by a task of its own, so one that hangs delays no other.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from fastmcp.server.middleware import CallNext, Middleware, MiddlewareContext

from stacktic_mcp.core.calls import Call
from stacktic_mcp.core.cursors import digest
from stacktic_mcp.lib.refusal import Refusal
from stacktic_mcp.lib.text import plain_text

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence

    from fastmcp.tools import Tool
    from mcp.server.connection import Connection

    from stacktic_mcp.core.audit import AuditLog
    from stacktic_mcp.core.governed import GovernedTool
    from stacktic_mcp.core.settings import Settings
    from stacktic_mcp.core.toolkit import Toolset
    from stacktic_mcp.lib.links import Link

    RightsProbe = Callable[[Link], Awaitable[Sequence[str]]]

DEFAULT_SECONDS = 60
PROBE_SECONDS = 10.0
# How long the first answers are waited for before the server takes calls.
START_SECONDS = 1.0
AT_ONCE = 16
MAX_SENTENCES = 8
MAX_CHARACTERS = 200

logger = logging.getLogger("stacktic.rights")


@dataclass(eq=False)
class _Watched:
    """One link, and what is known of its account."""

    link: Link
    probes: list[RightsProbe]
    # What is wider than the lock, as it was last told.
    wider: tuple[str, ...] = ()
    # Whether its rights were ever told.
    told: bool = False
    unknown: bool = False
    asking: asyncio.Task[None] | None = None


@dataclass(eq=False)
class Widths:
    """The accounts of all links."""

    settings: Settings
    audit: AuditLog
    # Grows with each change of what is listed.
    generation: int = 0
    _watched: dict[str, _Watched] = field(default_factory=dict[str, _Watched])
    _connections: WeakSet[Connection] = field(default_factory=WeakSet["Connection"])
    _turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    def watch(self, toolsets: Sequence[Toolset]) -> None:
        """Take over the probes of tool files, and say which accounts nobody looks at."""
        for toolset in toolsets:
            for link in toolset.links if toolset.probes else ():
                one = self._watched.setdefault(link.component, _Watched(link, []))
                one.probes += toolset.probes
        self._tell_unwatched()

    async def ensure(self, link: Link, tool_class: str) -> None:
        """Refuse a call by an account that may do too much, or a write by one nobody knows."""
        one = self._watched.get(link.component)
        if one is None:
            return
        writes = tool_class != "read"
        if writes and not one.told:
            await self._ask(one)
        if one.wider:
            raise Refusal("E_UNAVAILABLE", _withdrawn(link))
        if writes and not one.told:
            hint = f"the rights of the account of {link.component} could not be read yet"
            raise Refusal("E_UNAVAILABLE", f"{hint}, and nothing is written before")

    def is_withdrawn(self, tool: GovernedTool) -> bool:
        """Tell whether no link of a tool is left that it could serve."""
        return bool(tool.links) and all(self._is_wider(link) for link in tool.links)

    def health(self) -> dict[str, str]:
        """Return a word for probes, where there is something to say."""
        wider = any(one.wider for one in self._watched.values())
        return {"status": "degraded", "rights": "wider"} if wider else {}

    def attend(self, connection: Connection) -> None:
        """Remember a session that is told of changes."""
        self._connections.add(connection)

    @contextlib.asynccontextmanager
    async def watching(self) -> AsyncGenerator[None]:
        """Ask each link as long as the server runs; wait for the first answers, but not long."""
        every = max(self.settings.number("STACKTIC_RIGHTS_SECONDS", DEFAULT_SECONDS), 1)
        first = [asyncio.create_task(self._ask(one)) for one in self._watched.values()]
        if first:
            await asyncio.wait(first, timeout=START_SECONDS)
        tasks = [asyncio.create_task(self._repeat(one, every)) for one in self._watched.values()]
        try:
            yield
        finally:
            running = [one.asking for one in self._watched.values() if one.asking is not None]
            for task in (*first, *tasks, *running):
                task.cancel()
            await asyncio.gather(*first, *tasks, *running, return_exceptions=True)

    def _is_wider(self, link: Link) -> bool:
        one = self._watched.get(link.component)
        return one is not None and bool(one.wider)

    async def _repeat(self, one: _Watched, every: int) -> None:
        while True:
            await asyncio.sleep(every)
            await self._ask(one)

    async def _ask(self, one: _Watched) -> None:
        """Ask once, however many want to know."""
        if one.asking is None or one.asking.done():
            one.asking = asyncio.create_task(self._probe(one))
        await asyncio.shield(one.asking)

    async def _probe(self, one: _Watched) -> None:
        try:
            async with self._turns, asyncio.timeout(PROBE_SECONDS):
                found = [text for probe in one.probes for text in await probe(one.link)]
        except Exception as error:  # noqa: BLE001 -- whatever it is, the rights stay unknown
            self._note_unknown(one, error)
            return
        one.told, one.unknown = True, False
        sentences = dict.fromkeys(_shown(text) for text in found)
        await self._note(one, tuple(sentences)[:MAX_SENTENCES])

    def _note_unknown(self, one: _Watched, error: Exception) -> None:
        if not one.unknown:
            why = error.hint if isinstance(error, Refusal) else type(error).__name__
            name = one.link.component
            logger.warning("the rights at %s are unknown: %s", name, self.settings.redact(why))
        one.unknown = True

    async def _note(self, one: _Watched, wider: tuple[str, ...]) -> None:
        """Keep what was told; a change is a line in the log and in the audit."""
        if wider == one.wider:
            return
        before, one.wider = one.wider, wider
        name = one.link.component
        if wider:
            texts = "; ".join(wider)
            logger.error("the tools of %s are withdrawn, its account is too wide: %s", name, texts)
        else:
            logger.warning("the tools of %s are back: its account is as wide as the lock", name)
        call = Call(method="server/withdraw" if wider else "server/restore", link=name)
        call.arguments = {"wider": list(wider)} if wider else {}
        call.arguments_digest = digest(call.arguments)
        if wider:
            call.deny("E_UNAVAILABLE")
        self.audit.write(call, 0)
        if bool(before) != bool(wider):
            self.generation += 1
            await self._tell_sessions()

    async def _tell_sessions(self) -> None:
        for connection in list(self._connections):
            # A session that is gone, or that nobody listens to, misses nothing.
            with contextlib.suppress(Exception):
                await asyncio.wait_for(connection.send_tool_list_changed(), 1)

    def _tell_unwatched(self) -> None:
        """Say once of which links no rights are read, and why."""
        for name, has_account in sorted(self._locked().items()):
            if name not in self._watched:
                why = "nothing here reads them" if has_account else "the link has no account"
                logger.info("the rights at %s are not read: %s", name, why)

    def _locked(self) -> dict[str, bool]:
        """Return the links of the lock, and whether each has an account."""
        links: list[Any] = self.settings.config("tools.lock.json").get("links", [])
        return {str(link["component"]): link.get("principal") is not None for link in links}


class Withdrawal(Middleware):
    """Takes withdrawn tools out of the list, and remembers who saw it."""

    def __init__(self, widths: Widths) -> None:
        """Take what knows the accounts."""
        self._widths = widths

    async def on_list_tools(
        self, context: MiddlewareContext[Any], call_next: CallNext[Any, Sequence[Tool]]
    ) -> Sequence[Tool]:
        """Return the tools whose links are as narrow as the lock."""
        attended = context.fastmcp_context
        if attended is not None and attended.request_context is not None:
            connection: Connection = attended.session._connection  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
            if connection.session_id is not None:
                self._widths.attend(connection)
        listed = await call_next(context)
        if not self._widths.health():
            return listed
        return [tool for tool in listed if not self._is_withdrawn(tool)]

    def _is_withdrawn(self, tool: Any) -> bool:
        return hasattr(tool, "tool_class") and self._widths.is_withdrawn(tool)


def _withdrawn(link: Link) -> str:
    # What the account may do is for people alone: they find it in the log and in the audit.
    return (
        f"the tools of {link.component} are withdrawn: its account may do more than was approved; "
        "they come back by themselves when it has been narrowed"
    )


def _shown(text: str) -> str:
    return plain_text(text)[:MAX_CHARACTERS]
