"""The kill switch: while a file is there, nothing is answered.

In: the path of a file that the cluster's people put there, outside of what any tool can reach.
Out: a refusal for every request that hands something out or does something, with their reason.
Must not know: tools, links, or who put the file there.

A connection may still be opened and kept: a client that finds the server frozen stays, and goes on
when the file is gone. Work that is under way when the file comes is ended as if its caller left.
A file that is there and cannot be read freezes as well.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastmcp.tools.base import ToolResult
from mcp.shared.exceptions import MCPError
from mcp_types import (
    INTERNAL_ERROR,
    CallToolRequestParams,
    GetPromptRequestParams,
    ReadResourceRequestParams,
    TextContent,
)

from stacktic_mcp.core.calls import Call
from stacktic_mcp.core.cursors import digest
from stacktic_mcp.core.governed import mask_name, mask_value
from stacktic_mcp.lib.refusal import Refusal
from stacktic_mcp.lib.text import plain_text

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator

    from stacktic_mcp.core.audit import AuditLog
    from stacktic_mcp.core.calls import Exchange
    from stacktic_mcp.core.settings import Settings

DEFAULT_FILE = "/run/stacktic/freeze/reason"
LOOK_SECONDS = 1.0
MAX_BYTES = 4096
MAX_REASON_CHARACTERS = 200
# What keeps a connection and tells nothing of the stack.
ANSWERED = frozenset({"initialize", "ping", "server/discover"})
NO_REASON = "no reason was given"
UNREADABLE = "the file of the switch cannot be read"

Stamp = tuple[int, int, int]

logger = logging.getLogger("stacktic.freeze")


class Freeze:
    """Knows at any moment whether the file is there, and what it says."""

    def __init__(self, settings: Settings, audit: AuditLog) -> None:
        """Take the path, and where a change is told."""
        self._path = Path(settings.value("STACKTIC_FREEZE_FILE", DEFAULT_FILE))
        self._redact = settings.redact
        self._audit = audit
        self._stamp: Stamp | None = None
        self._text = ""
        self._told: str | None = None
        self._exchanges: dict[int, Exchange] = {}

    def reason(self) -> str | None:
        """Return why the server is frozen; nothing where it is not. It costs one `stat`."""
        try:
            status = self._path.stat()
            if not stat.S_ISREG(status.st_mode):
                return UNREADABLE
            stamp = (status.st_ino, status.st_mtime_ns, status.st_size)
            if stamp != self._stamp:
                with self._path.open("rb") as file:
                    self._text = self._shown(file.read(MAX_BYTES))
                self._stamp = stamp
        except (FileNotFoundError, NotADirectoryError):
            self._stamp = None
            return None
        except OSError:
            # Nobody can say that it is not there.
            self._stamp = None
            return UNREADABLE
        return self._text

    def health(self) -> dict[str, str]:
        """Return a word for probes, where there is something to say."""
        return {} if self.reason() is None else {"status": "frozen"}

    @contextlib.contextmanager
    def during(self, call: Call) -> Generator[None]:
        """Keep a call in sight, so that it can be ended."""
        exchange = call.exchange
        if exchange is None:
            yield
            return
        self._exchanges[id(exchange)] = exchange
        try:
            yield
        finally:
            self._exchanges.pop(id(exchange), None)

    def refuse(self, call: Call, message: Any) -> ToolResult | None:
        """Answer a request while the file is there; nothing where it may be served."""
        reason = self._look()
        if reason is None or call.method in ANSWERED:
            return None
        _note(call, message, reason)
        call.deny("E_UNAVAILABLE")
        hint = f"the server is frozen by the people of this stack, and refuses all calls: {reason}"
        text = Refusal("E_UNAVAILABLE", hint).text()
        if call.method != "tools/call":
            raise MCPError(INTERNAL_ERROR, text)
        call.result_bytes = len(text.encode("utf-8"))
        return ToolResult(content=[TextContent(type="text", text=text)], is_error=True)

    @contextlib.asynccontextmanager
    async def watching(self) -> AsyncGenerator[None]:
        """Look after the file as long as the server runs, also while nobody calls."""
        self._look()
        task = asyncio.create_task(self._watch())
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            self._look()

    def _look(self) -> str | None:
        """Tell of a change, and end what is under way when the file comes."""
        reason = self.reason()
        if reason != self._told:
            self._tell(reason)
        return reason

    def _tell(self, reason: str | None) -> None:
        if reason is None:
            logger.warning("the server is not frozen any more")
        else:
            logger.error("the server is frozen: %s", reason)
            for exchange in list(self._exchanges.values()):
                exchange.leave()
        call = Call(method="server/lift" if reason is None else "server/freeze")
        call.arguments = {} if reason is None else {"reason": reason}
        call.arguments_digest = digest(call.arguments)
        self._audit.write(call, 0)
        self._told = reason

    def _shown(self, content: bytes) -> str:
        """Return a person's sentence as it may stand in a log and in an answer."""
        text = plain_text(self._redact(content.decode("utf-8", "replace")))
        return text[:MAX_REASON_CHARACTERS] or NO_REASON


def _note(call: Call, message: Any, reason: str) -> None:
    """Note what was asked for, as for any call, and why nothing was answered."""
    arguments: dict[str, Any] = {}
    if isinstance(message, (CallToolRequestParams, GetPromptRequestParams)):
        call.tool = mask_name(message.name)
        arguments = dict(message.arguments or {})
    elif isinstance(message, ReadResourceRequestParams):
        arguments = {"uri": str(message.uri)}
    call.arguments_digest = digest(arguments)
    call.arguments = {mask_name(name): mask_value(item) for name, item in arguments.items()}
    # No caller can give an argument of this name: it would be masked.
    call.arguments["[frozen]"] = reason
