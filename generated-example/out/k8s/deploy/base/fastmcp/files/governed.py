"""A tool with its fences: what stands between a call and the function that serves it.

In: a tool function, the links it serves, its class.
Out: an MCP tool whose schemas, annotations, refusals and envelope are the same for all.
Must not know: any single tool, or how calls reach the server.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import logging
import time
import traceback
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

from fastmcp.tools import Tool
from fastmcp.tools.base import ToolResult
from mcp_types import TextContent, ToolAnnotations
from mcp_types import Tool as ListedTool
from pydantic import PrivateAttr

from stacktic_mcp.core.calls import Call, current_call
from stacktic_mcp.core.cursors import CursorSigner, Page, digest
from stacktic_mcp.core.progress import telling_progress
from stacktic_mcp.core.reach import Reach
from stacktic_mcp.core.settings import Settings
from stacktic_mcp.core.topology import Topology
from stacktic_mcp.lib.answers import Answer, Budget, Fitted, encode_envelope, fit
from stacktic_mcp.lib.arguments import Arguments, Bound
from stacktic_mcp.lib.declared_form import DeclaredForm
from stacktic_mcp.lib.input_schema import ensure_described
from stacktic_mcp.lib.links import Link
from stacktic_mcp.lib.output_schema import output_schema
from stacktic_mcp.lib.refusal import Refusal

ToolClass = Literal["read", "side_effect", "write"]
ToolFunction = Callable[..., Awaitable[Answer]]

MAX_TIMEOUT_SECONDS = 30.0
MASKED_NAME_CHARACTERS = 40

logger = logging.getLogger("stacktic.tool")


async def _nobody_records(call: Call) -> bool:
    del call
    return True


async def _anybody(link: Link, tool_class: ToolClass) -> None:
    del link, tool_class


@dataclass(frozen=True, eq=False)
class Runtime:
    """What all tools of a server share."""

    settings: Settings
    topology: Topology
    signer: CursorSigner
    audit_ready: Callable[[], bool]
    # Records what a call is about to change; false means that it must not.
    intend: Callable[[Call], Awaitable[bool]] = _nobody_records
    # Refuses a call by an account that may do more than was approved.
    admit: Callable[[Link, ToolClass], Awaitable[None]] = _anybody


@dataclass(frozen=True)
class Traits:
    """What a tool declares about itself beside its function."""

    tool_class: ToolClass
    destructive: bool
    idempotent: bool
    timeout_s: float
    budget: Budget

    def __post_init__(self) -> None:
        """No tool may wait longer than the ceiling."""
        if not 0 < self.timeout_s <= MAX_TIMEOUT_SECONDS:
            message = f"a tool's timeout is at most {MAX_TIMEOUT_SECONDS:.0f} s"
            raise ValueError(message)

    def annotations(self) -> ToolAnnotations:
        """Return the MCP hints; every tool's world is the closed set of linked components."""
        return ToolAnnotations(
            read_only_hint=self.tool_class == "read",
            destructive_hint=self.destructive,
            idempotent_hint=self.idempotent,
            open_world_hint=False,
        )


class Body:
    """Everything that serves one tool's calls."""

    def __init__(
        self, function: ToolFunction, links: Sequence[Link], traits: Traits, runtime: Runtime
    ) -> None:
        """Read the function's signature against the links it serves."""
        self.function = function
        self.name = function.__name__
        self.traits = traits
        self.runtime = runtime
        # A read-only link is still told from an unknown one when a call names it.
        reads = traits.tool_class == "read"
        offered = [link for link in links if reads or link.writable]
        self.arguments = Arguments(function, links, offered)
        self.output_schema = output_schema(function)
        self.form = DeclaredForm(self.output_schema["properties"]["data"])

    async def serve(self, raw: Mapping[str, Any]) -> ToolResult:
        """Answer a call: an envelope, or a refusal as an MCP tool error."""
        started = time.perf_counter()
        self._note_arguments(raw)
        try:
            text, envelope = await self._answer(raw, started)
        except Refusal as refusal:
            return self._refused(refusal)
        current_call().result_bytes = len(text.encode("utf-8"))
        return _result(text, envelope)

    async def _answer(self, raw: Mapping[str, Any], started: float) -> tuple[str, dict[str, Any]]:
        self._ensure_in_reach(raw)
        bound = self.arguments.bind(raw)
        current_call().link = bound.link.component
        self._ensure_write_access(bound.link)
        await self.runtime.admit(bound.link, self.traits.tool_class)
        # Its digest is of the arguments as given, before a tool could change a list in place.
        page = self._page(bound) if self.arguments.cursor_name else None
        if page is not None and self.arguments.cursor_name and bound.cursor is not None:
            position = self.runtime.signer.open(page, bound.cursor)
            bound.values[self.arguments.cursor_name] = position
        await self._record_intent()
        answer = await self._run(bound)
        # Now: a secret that was replaced while the tool ran is known with both its values.
        redact = self.runtime.settings.redactor()
        fitted = fit(answer, self.traits.budget, redact)
        self._ensure_form(fitted.data)
        envelope = self._envelope(fitted, bound, page, started)
        cursor = envelope["next_cursor"]
        if cursor is not None and redact(cursor) != cursor:
            # It cannot be masked and still be a cursor.
            envelope |= {"next_cursor": None, "redacted": True}
        return encode_envelope(envelope, fitted.text), envelope

    def within(self, reach: Reach) -> list[str]:
        """Return the components that it serves and a reach allows."""
        to_write = self.traits.tool_class != "read"
        names = [link.component for link in self.arguments.links]
        return [name for name in names if reach.allows(name, to_write=to_write)]

    def _ensure_in_reach(self, raw: Mapping[str, Any]) -> None:
        """Refuse what the caller's profile or scopes leave out, and name nothing of it."""
        names = self.within(current_call().reach)
        if not names:
            raise Refusal("E_SCOPE", "the caller may not reach what this tool serves")
        if len(names) == len(self.arguments.links):
            return
        wanted = raw.get(self.arguments.instance_name)
        if wanted not in names:
            hint = f"`{self.arguments.instance_name}` must be one that the caller may reach"
            raise Refusal("E_ARG" if wanted is None else "E_SCOPE", hint, names)

    def _ensure_write_access(self, link: Link) -> None:
        """Check again what registration checked: with several instances one may be read-only."""
        if self.traits.tool_class == "read":
            return
        if not link.write_access:
            hint = f"the link to {link.component} is read-only"
            raise Refusal("E_WRITE_DISABLED", hint)
        if not self.runtime.audit_ready():
            raise Refusal("E_WRITE_DISABLED", "writes are refused while no audit log is kept")

    async def _record_intent(self) -> None:
        """Have a line written before the effect: none may happen that the log does not know of."""
        if self.traits.tool_class != "read" and not await self.runtime.intend(current_call()):
            hint = "the audit log takes no lines, so nothing was done; try again later"
            raise Refusal("E_WRITE_DISABLED", hint)

    def _page(self, bound: Bound) -> Page:
        arguments = {
            name: value
            for name, value in bound.values.items()
            if name != self.arguments.cursor_name
        }
        return Page(self.name, bound.link.component, digest(arguments), current_call().key_name)

    async def _run(self, bound: Bound) -> Answer:
        try:
            seconds = self.traits.timeout_s
            async with asyncio.timeout(seconds) as limit, telling_progress(seconds):
                _end_when_caller_leaves(limit)
                return await self.function(bound.link, **bound.values)
        except Refusal:
            raise
        except TimeoutError:
            hint = f"{bound.link.component} did not answer in {self.traits.timeout_s:g} s"
            raise Refusal("E_TIMEOUT", hint) from None
        except Exception as error:  # noqa: BLE001 -- no driver text may reach the caller
            self._log(error)
            hint = f"{bound.link.component} could not serve this call; the server log tells why"
            raise Refusal("E_UNAVAILABLE", hint) from None

    def _ensure_form(self, data: Any) -> None:
        """Refuse in words what a client would refuse without: data of another form than told."""
        place = self.form.first_difference(data)
        if place is None:
            return
        logger.error("%s: the backend's answer has another form at %s", self.name, place)
        hint = f"the backend answered in a form that is not known, at `{place}`"
        if self.traits.tool_class != "read":
            hint = f"{hint}; the change was sent, so look before you send it again"
        raise Refusal("E_UNAVAILABLE", hint)

    def _log(self, error: Exception) -> None:
        text = "".join(traceback.format_exception(error))
        logger.error("%s failed: %s", self.name, self.runtime.settings.redact(text))

    def _envelope(
        self, fitted: Fitted, bound: Bound, page: Page | None, started: float
    ) -> dict[str, Any]:
        cursor = None
        if page is not None and fitted.next_position is not None:
            cursor = self.runtime.signer.sign(page, fitted.next_position)
        return {
            "data": fitted.data,
            "returned": fitted.returned,
            "truncated": fitted.truncated_by is not None,
            "truncated_by": fitted.truncated_by,
            "next_cursor": cursor,
            "elapsed_ms": int((time.perf_counter() - started) * 1000),
            "link": bound.link.component,
            "untrusted": True,
            "redacted": fitted.redacted,
        }

    def _refused(self, refusal: Refusal) -> ToolResult:
        call = current_call()
        if refusal.code in {"E_TIMEOUT", "E_UNAVAILABLE"}:
            call.fail(refusal.code)
        else:
            call.deny(refusal.code)
        whole = refusal.text()
        text = self.runtime.settings.redact(whole)
        if text != whole:
            text = f'{text[:-1]}, "redacted": true}}'
        call.result_bytes = len(text.encode("utf-8"))
        return _result(text, None)

    def _note_arguments(self, raw: Mapping[str, Any]) -> None:
        call = current_call()
        call.tool = self.name
        call.arguments = {mask_name(name): self._masked(name, value) for name, value in raw.items()}

    def _masked(self, name: str, value: Any) -> Any:
        """Keep what is one of a closed list; free text may hold anything, so only its size."""
        if isinstance(value, str) and value in self.arguments.closed_values(name):
            return value
        return mask_value(value)


def _result(text: str, envelope: dict[str, Any] | None) -> ToolResult:
    """Wrap a result without the copy that the constructor makes: it is plain JSON already."""
    return ToolResult.model_construct(
        content=[TextContent(type="text", text=text)],
        structured_content=envelope,
        meta=None,
        is_error=envelope is None,
    )


def _end_when_caller_leaves(limit: asyncio.Timeout) -> None:
    """Make a caller's leaving end the work, as a timeout that is due now."""
    exchange = current_call().exchange
    if exchange is None:
        return
    loop = asyncio.get_running_loop()

    def end() -> None:
        # The work may be over by now; a limit that was left cannot be moved.
        with contextlib.suppress(RuntimeError):
            limit.reschedule(loop.time())

    exchange.when_gone(end)


def mask_name(name: str) -> str:
    """Keep the name of an argument when it looks like one."""
    plain = name.isidentifier() and len(name) <= MASKED_NAME_CHARACTERS
    return name if plain else f"[name of {len(name)}]"


def mask_value(value: Any) -> Any:
    """Keep numbers and flags; of everything else only kind and size."""
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, str):
        return f"[text of {len(value)}]"
    kind = "list" if isinstance(value, list) else "object"
    return f"[{kind} of {len(cast('list[Any]', value))}]"


class GovernedTool(Tool):
    """The MCP side of a `Body`: FastMCP lists and runs it."""

    _body: Body = PrivateAttr()
    # What every list says of it; nobody changes that once it was made.
    _listed: ListedTool | None = PrivateAttr(default=None)

    @classmethod
    def of(cls, body: Body, title: str) -> GovernedTool:
        """Publish a body's schemas, title, description and hints."""
        description = inspect.getdoc(body.function)
        if not description:
            message = f"the tool `{body.name}` has no docstring"
            raise TypeError(message)
        ensure_described(body.name, body.arguments.schema)
        tool = cls(
            name=body.name,
            title=title,
            # Lines end where Python wants them to, which means nothing to a model.
            description=" ".join(description.split()),
            parameters=body.arguments.schema,
            output_schema=body.output_schema,
            annotations=body.traits.annotations(),
        )
        tool._body = body
        return tool

    @property
    def traits(self) -> Traits:
        """Return what the tool declares about itself, its limits among it."""
        return self._body.traits

    @property
    def tool_class(self) -> ToolClass:
        """Return the class that decides on the write gate."""
        return self._body.traits.tool_class

    @property
    def instance_argument(self) -> str:
        """Return the name of the argument that chooses among several instances."""
        return self._body.arguments.instance_name

    @property
    def links(self) -> tuple[Link, ...]:
        """Return the links the tool serves."""
        return self._body.arguments.links

    def is_within(self, reach: Reach) -> bool:
        """Tell whether a reach allows the tool for any of its links."""
        return bool(self._body.within(reach))

    def to_mcp_tool(self, **overrides: Any) -> ListedTool:
        """Return the tool as lists have it, made once: all callers are told the same."""
        own = {"name": self.name, "outputSchema": self.output_schema}
        if any(name not in own or own[name] != value for name, value in overrides.items()):
            return super().to_mcp_tool(**overrides)
        if self._listed is None:
            self._listed = super().to_mcp_tool()
        return self._listed

    async def run(self, arguments: dict[str, Any]) -> ToolResult:
        """Serve a call."""
        return await self._body.serve(arguments)
