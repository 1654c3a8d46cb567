"""The record of each MCP call, and the answer to a call of a tool that is not served.

In: MCP requests on their way to FastMCP's handlers.
Out: one audit line each; for a tool that no link gives, a refusal in our own form.
Must not know: HTTP beyond the exchange that the gate left in the scope.
"""

from __future__ import annotations

import contextlib
import difflib
import time
from typing import TYPE_CHECKING, Any

from fastmcp.exceptions import NotFoundError, ValidationError
from fastmcp.server.dependencies import get_http_request
from fastmcp.server.middleware import CallNext, Middleware, MiddlewareContext
from fastmcp.tools.base import ToolResult
from mcp.shared.exceptions import MCPError
from mcp_types import (
    INTERNAL_ERROR,
    CallToolRequestParams,
    GetPromptRequestParams,
    ReadResourceRequestParams,
    TextContent,
)

from stacktic_mcp.core.calls import EXCHANGE, Call, Exchange, current_call, serving
from stacktic_mcp.core.cursors import digest
from stacktic_mcp.core.governed import mask_name, mask_value
from stacktic_mcp.core.reach import NOTHING
from stacktic_mcp.core.search import CALL_TOOL, SEARCH_TOOL, called, ensure_query
from stacktic_mcp.core.traces import tell
from stacktic_mcp.lib.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fastmcp.tools import Tool

    from stacktic_mcp.core.audit import AuditLog
    from stacktic_mcp.core.freeze import Freeze
    from stacktic_mcp.core.governed import GovernedTool

SUGGESTIONS = 5
# What `STACKTIC_AUDIT_REQUIRED` is about: everything that hands out data.
GUARDED_METHODS = frozenset({"tools/call", "resources/read", "prompts/get"})
LIST_TOOLS = "tools/list"
OUT_OF_REACH = "the profile of this key, or the scopes of this token, leave this tool out"
UNRECORDED = "nothing is answered that the audit log does not hold, and it takes no lines now"


class CallRecorder(Middleware):
    """Writes the audit line of every request, whatever becomes of it."""

    def __init__(
        self, audit: AuditLog, gates: Mapping[str, tuple[str, ...]], freeze: Freeze
    ) -> None:
        """`gates` names the closed gates of tools that the lock knows but nobody may call."""
        self.audit = audit
        self.gates = gates
        self.freeze = freeze
        self.tools: Mapping[str, GovernedTool] = {}
        # Whether the tools of the search stand in front of all others.
        self.searches = False

    async def __call__(self, context: MiddlewareContext[Any], call_next: CallNext[Any, Any]) -> Any:
        """Serve one request under a record of its own; a notification passes, and our own."""
        exchange = _exchange()
        if context.type != "request" or (exchange is not None and exchange.internal):
            return await call_next(context)
        within = exchange is not None and exchange.recorded
        if within and context.method == LIST_TOOLS:
            # A search lists the tools: a part of the call that is recorded already.
            return await self._serve(current_call(), context, call_next)
        started = time.perf_counter()
        call = Call(method=context.method or "", exchange=exchange)
        call.reach = NOTHING if exchange is None else exchange.reach
        if exchange is not None:
            exchange.recorded = True
            call.key_name, call.session = exchange.key_name, exchange.session
        guarded = self.audit.required and call.method in GUARDED_METHODS
        try:
            if guarded and not await self.audit.settled():
                call.deny("E_UNAVAILABLE")
                return _unrecorded(call)
            # A call that a tool makes ends with the one that it is made in.
            watched = contextlib.nullcontext() if within else self.freeze.during(call)
            with watched, serving(call):
                answer = await self._serve(call, context, call_next)
        except BaseException:
            if call.decision == "allowed":
                call.fail("E_UNAVAILABLE")
            raise
        finally:
            tell(call)
            self.audit.write(call, int((time.perf_counter() - started) * 1000))
        # The line is there before the answer leaves, or the answer does not leave.
        recorded = not guarded or await self.audit.settled()
        return answer if recorded else _unrecorded(call)

    async def _serve(
        self, call: Call, context: MiddlewareContext[Any], call_next: CallNext[Any, Any]
    ) -> Any:
        """Note what is asked for; a message that did not validate passes to be refused."""
        message = context.message
        frozen = self.freeze.refuse(call, message)
        if frozen is not None:
            return frozen
        if isinstance(message, CallToolRequestParams):
            if self.searches and message.name in {SEARCH_TOOL, CALL_TOOL}:
                return await self._serve_search(call, message, context, call_next)
            return await self._call_tool(call, message)
        if isinstance(message, ReadResourceRequestParams):
            _note(call, {"uri": str(message.uri)})
        elif isinstance(message, GetPromptRequestParams):
            call.tool = mask_name(message.name)
            _note(call, dict(message.arguments or {}))
        try:
            answer = await call_next(context)
            return self._listed(call, answer) if context.method == LIST_TOOLS else answer
        except NotFoundError:
            call.deny("E_NOT_FOUND")
            raise
        except ValidationError:
            call.deny("E_ARG")
            raise

    async def _serve_search(
        self,
        call: Call,
        message: CallToolRequestParams,
        context: MiddlewareContext[Any],
        call_next: CallNext[Any, Any],
    ) -> ToolResult:
        """Serve the two tools of the search: one ranks, the other is the call that it names."""
        call.tool = message.name
        _note(call, message.arguments or {})
        try:
            if message.name == CALL_TOOL:
                return await self._call_tool(call, called(message))
            ensure_query(message)
        except Refusal as refusal:
            return _denied(call, refusal)
        result: ToolResult = await call_next(context)
        call.result_bytes = sum(len(str(getattr(item, "text", ""))) for item in result.content)
        return result

    def _listed(self, call: Call, tools: Sequence[Tool]) -> list[Tool]:
        """Keep the tools that the caller may reach, in their order; all others are served alike."""
        known = [(tool, self.tools.get(tool.name)) for tool in tools]
        return [tool for tool, own in known if own is None or own.is_within(call.reach)]

    async def _call_tool(self, call: Call, message: CallToolRequestParams) -> ToolResult:
        """Answer here: FastMCP's own rules of visibility play no part in this server."""
        arguments = message.arguments or {}
        tool = self.tools.get(message.name)
        if tool is not None and tool.is_within(call.reach):
            call.arguments_digest = digest(arguments)
            return await tool.run(arguments)
        call.tool = mask_name(message.name)
        _note(call, arguments)
        return self._refused(call, message.name)

    def _refused(self, call: Call, name: str) -> ToolResult:
        return _denied(call, self._refusal(call, name))

    def _refusal(self, call: Call, name: str) -> Refusal:
        if name in self.gates:
            hint = f"`{name}` needs write access: {' or '.join(self.gates[name])} is not true"
            return Refusal("E_WRITE_DISABLED", hint)
        if name in self.tools:
            return Refusal("E_SCOPE", OUT_OF_REACH)
        names = [name for name, tool in self.tools.items() if tool.is_within(call.reach)]
        near = difflib.get_close_matches(name[:100], names, SUGGESTIONS)
        return Refusal("E_SCOPE", "no link of this stack gives a tool of that name", near)


def _denied(call: Call, refusal: Refusal) -> ToolResult:
    call.deny(refusal.code)
    call.result_bytes = len(refusal.text().encode("utf-8"))
    return _result_of(refusal)


def _result_of(refusal: Refusal) -> ToolResult:
    return ToolResult(content=[TextContent(type="text", text=refusal.text())], is_error=True)


def _unrecorded(call: Call) -> ToolResult:
    """Refuse what the log cannot tell of, in the form that the method has for it."""
    refusal = Refusal("E_UNAVAILABLE", UNRECORDED)
    if call.method != "tools/call":
        raise MCPError(INTERNAL_ERROR, refusal.text())
    return _result_of(refusal)


def _note(call: Call, arguments: Mapping[str, Any]) -> None:
    call.arguments_digest = digest(arguments)
    call.arguments = {mask_name(name): mask_value(item) for name, item in arguments.items()}


def _exchange() -> Exchange | None:
    """Return what the gate left in the request's scope; there is none without HTTP."""
    try:
        return get_http_request().scope.get(EXCHANGE)
    except RuntimeError:
        return None
