"""What a tool file may use of the server; everything else that it shares lies in `lib`.

In: the links that a tool file serves.
Out: registered tools, prompts and resources, each behind the same fences.
Must not know: any single tool, or how the server is reached.

A tool is an async function. Its first parameter is `link: Link`; callers never see it. Each of
the others is described, and what the answer holds is a typed dictionary:

    def register(tools: Toolset) -> None:
        tools.introduce("Grafana", prefix="grafana", first="grafana_list_dashboards")

        @tools.read
        async def grafana_list_folders(link: Link, limit: Limit = 100) -> Answer[list[Folder]]:
            '''Return the folders of Grafana.'''
            return await _list_folders(link, limit)
"""

from __future__ import annotations

import asyncio
import functools
import json
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, overload

from fastmcp.exceptions import ResourceError
from fastmcp.prompts import Prompt
from fastmcp.resources import Resource

from stacktic_mcp.core.calls import current_call
from stacktic_mcp.core.governed import Body, GovernedTool, Runtime, ToolFunction, Traits
from stacktic_mcp.core.inner_calls import call_tool
from stacktic_mcp.core.settings import SettingsError
from stacktic_mcp.core.topology import Topology
from stacktic_mcp.lib.answers import DEFAULT_BUDGET_BYTES, DEFAULT_CELL_BYTES, Answer, Budget
from stacktic_mcp.lib.arguments import Choice, DryRun, DryRunOnRequest, Position
from stacktic_mcp.lib.instructions import Service
from stacktic_mcp.lib.links import Component, Link
from stacktic_mcp.lib.playbooks import Playbook
from stacktic_mcp.lib.refusal import Code, Refusal
from stacktic_mcp.lib.titles import Introduction, title_of

if TYPE_CHECKING:
    from fastmcp.tools.base import ToolResult

    from stacktic_mcp.core.widths import RightsProbe

__all__ = [
    "Answer",
    "Choice",
    "Code",
    "Component",
    "DryRun",
    "DryRunOnRequest",
    "Link",
    "Position",
    "Refusal",
    "Toolset",
    "Topology",
]

DEFAULT_TIMEOUT_SECONDS = 10.0

Decorator = Callable[[ToolFunction], ToolFunction]
ResourceFunction = Callable[[], Awaitable[str]]

logger = logging.getLogger("stacktic.resource")


class Toolset:
    """Where a tool file registers what it offers."""

    def __init__(self, links: Sequence[Link], runtime: Runtime) -> None:
        """Serve the links of one tool file, in the order of their components' names."""
        self.links: tuple[Link, ...] = tuple(sorted(links, key=lambda link: link.component))
        self.runtime = runtime
        self.tools: list[GovernedTool] = []
        self.prompts: list[Prompt] = []
        self.resources: list[Resource] = []
        self.about = Introduction()
        self.probes: list[RightsProbe] = []
        self.playbooks: dict[str, Playbook] = {}
        # Closed lists of prompts: by prompt and argument.
        self.lists: dict[tuple[str, str], tuple[str, ...]] = {}

    def introduce(self, product: str, *, prefix: str = "", first: str = "") -> None:
        """Say before the first tool whose tools these are, and which one a stranger calls first.

        `product` is spelled as its makers do; `prefix` is what all names begin with.
        """
        self.about = Introduction(product, prefix, first)

    def service(self) -> Service:
        """Return what the server's instructions say of this file."""
        return Service(
            self.about,
            tuple(link.component for link in self.links),
            tuple(tool.name for tool in self.tools),
            any(tool.tool_class == "write" for tool in self.tools),
        )

    @property
    def write_access(self) -> bool:
        """Tell whether any instance may be written to."""
        return any(link.write_access for link in self.links)

    @property
    def topology(self) -> Topology:
        """Return the stack's names, components and links."""
        return self.runtime.topology

    def is_reached(self, component: str, *, to_write: bool) -> bool:
        """Tell whether the caller who is served may use a component."""
        return current_call().reach.allows(component, to_write=to_write)

    def lock(self) -> dict[str, Any]:
        """Return `tools.lock.json`: every tool that a reviewer approved, gates included."""
        try:
            return self.runtime.settings.config("tools.lock.json")
        except SettingsError:
            raise Refusal("E_UNAVAILABLE", "the lock of the tools cannot be read") from None

    def generated(self, name: str) -> dict[str, Any]:
        """Return another document that was generated beside the topology."""
        try:
            return self.runtime.settings.config(name)
        except SettingsError:
            raise Refusal("E_UNAVAILABLE", f"`{name}` of this server cannot be read") from None

    async def ask(self, name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Call another tool of the server in the name of who called this one; see `inner_calls`."""
        return await call_tool(name, arguments)

    @overload
    def read(self, function: ToolFunction) -> ToolFunction: ...

    @overload
    def read(
        self,
        *,
        title: str = ...,
        timeout_s: float = ...,
        budget_bytes: int = ...,
        cell_bytes: int = ...,
    ) -> Decorator: ...

    def read(
        self,
        function: ToolFunction | None = None,
        *,
        title: str = "",
        timeout_s: float = DEFAULT_TIMEOUT_SECONDS,
        budget_bytes: int = DEFAULT_BUDGET_BYTES,
        cell_bytes: int = DEFAULT_CELL_BYTES,
    ) -> ToolFunction | Decorator:
        """Register a tool that changes nothing; `title` is for a name that tells people little."""
        traits = Traits(
            tool_class="read",
            destructive=False,
            idempotent=True,
            timeout_s=timeout_s,
            budget=Budget(budget_bytes, cell_bytes),
        )
        decorator = self._decorator(traits, title)
        return decorator if function is None else decorator(function)

    def side_effect(
        self,
        *,
        title: str = "",
        timeout_s: float = DEFAULT_TIMEOUT_SECONDS,
        budget_bytes: int = DEFAULT_BUDGET_BYTES,
        cell_bytes: int = DEFAULT_CELL_BYTES,
    ) -> Decorator:
        """Register a tool that reads but leaves a trace at the backend: gated as a write."""
        traits = Traits(
            tool_class="side_effect",
            destructive=False,
            idempotent=False,
            timeout_s=timeout_s,
            budget=Budget(budget_bytes, cell_bytes),
        )
        return self._decorator(traits, title)

    def write(
        self,
        *,
        destructive: bool,
        idempotent: bool,
        title: str = "",
        timeout_s: float = DEFAULT_TIMEOUT_SECONDS,
        budget_bytes: int = DEFAULT_BUDGET_BYTES,
        cell_bytes: int = DEFAULT_CELL_BYTES,
    ) -> Decorator:
        """Register a tool that changes the backend; without write access it does not exist."""
        traits = Traits(
            tool_class="write",
            destructive=destructive,
            idempotent=idempotent,
            timeout_s=timeout_s,
            budget=Budget(budget_bytes, cell_bytes),
        )
        return self._decorator(traits, title)

    def rights(self, probe: RightsProbe) -> RightsProbe:
        """Register what tells how the account of a link is wider than the lock; see `widths`."""
        self.probes.append(probe)
        return probe

    def grants(self, link: Link) -> dict[str, Any]:
        """Return what the lock says that the account of a link is given."""
        links: list[dict[str, Any]] = self.lock().get("links", [])
        given: list[dict[str, Any]] = [
            one["grants"] for one in links if one["component"] == link.component and one["grants"]
        ]
        return given[0] if given else {}

    def prompt(
        self,
        function: Callable[..., Any],
        playbook: Playbook | None = None,
        lists: Mapping[str, Sequence[str]] | None = None,
    ) -> Callable[..., Any]:
        """Register a prompt; its text comes from the topology, never from a backend.

        `playbook` is what it says, for the generator; `lists` holds the values of arguments
        that have a closed list.
        """
        prompt = Prompt.from_function(function)
        self.prompts.append(prompt)
        if playbook is not None:
            self.playbooks[prompt.name] = playbook
        for argument, values in (lists or {}).items():
            self.lists[prompt.name, argument] = tuple(values)
        return function

    def resource(
        self, uri: str, *, mime_type: str = "application/json"
    ) -> Callable[[ResourceFunction], ResourceFunction]:
        """Register a resource at a fixed address; its function returns text."""

        def decorator(function: ResourceFunction) -> ResourceFunction:
            resource = Resource.from_function(
                _answering_refusals(function, self.runtime), uri=uri, mime_type=mime_type
            )
            self.resources.append(resource)
            return function

        return decorator

    async def call(self, name: str, arguments: dict[str, Any] | None = None) -> dict[str, Any]:
        """Call a registered tool without a server; a refusal is raised. For tests."""
        tool = next(tool for tool in self.tools if tool.name == name)
        result: ToolResult = await tool.run(arguments or {})
        if result.is_error or result.structured_content is None:
            body = json.loads(result.content[0].text)  # type: ignore[union-attr]
            raise Refusal(body["code"], body["hint"], body["allowed_values"])
        return result.structured_content

    def _decorator(self, traits: Traits, title: str) -> Decorator:
        def decorator(function: ToolFunction) -> ToolFunction:
            # The gate stands here as well as in the tool file, which a helper might forget.
            if traits.tool_class == "read" or self.write_access:
                body = Body(function, self.links, traits, self.runtime)
                full_title = title_of(body.name, self.about, title)
                self.tools.append(GovernedTool.of(body, full_title))
            return function

        return decorator


def _answering_refusals(function: ResourceFunction, runtime: Runtime) -> ResourceFunction:
    """Give a resource the fences of a tool: a time limit, and errors in our own words."""

    @functools.wraps(function)
    async def answer() -> str:
        try:
            async with asyncio.timeout(DEFAULT_TIMEOUT_SECONDS):
                return _masked(await function(), runtime.settings.redactor())
        except Refusal as refusal:
            raise ResourceError(runtime.settings.redact(refusal.text())) from None
        except TimeoutError:
            raise ResourceError(Refusal("E_TIMEOUT", "no answer in time").text()) from None
        except Exception as error:  # noqa: BLE001 -- no driver text may reach the caller
            logger.error("%s failed: %s", function.__name__, runtime.settings.redact(str(error)))  # noqa: TRY400
            hint = "the resource could not be read; the server log tells why"
            raise ResourceError(Refusal("E_UNAVAILABLE", hint).text()) from None

    return answer


def _masked(text: str, redact: Callable[[str], str]) -> str:
    """Return a resource's text without secrets; an object says that there were some."""
    masked = redact(text)
    if masked == text or not masked.startswith('{"'):
        return masked
    return f'{{"redacted": true, {masked[1:]}'
