"""Topology tools: a thin wrapper over the Stack Agent, with its prompts and resources.

In: the link to the agent, and the names in the topology.
Out: rows of components, links and attributes, and results of checks.
Must not know: any other service. It runs nothing: a check is a sentence the agent reads.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from stacktic_mcp.core.toolkit import Answer, Component, Link, Position, Refusal, Toolset, Topology
from stacktic_mcp.tools.topology.topology_access import (
    explain_component,
    explain_tool,
    narrowed,
)
from stacktic_mcp.tools.topology.topology_agent import Agent, Reply
from stacktic_mcp.tools.topology.topology_graph import Direction, edges_of, path, reach
from stacktic_mcp.tools.topology.topology_guide import register_resources
from stacktic_mcp.tools.topology.topology_prompts import register_prompts

SOURCE_PATTERN = r"^(all|(type|namespace|group):[A-Za-z0-9_.-]{1,63}|[a-z][a-z0-9-]{0,39})$"
NAME_PATTERN = r"^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$"
FIELD_PATTERN = r"^[a-z][a-z0-9_]{0,63}$"
CHECK_SECONDS = 30.0
DRY_RUN = "dry_run"
TREE_BYTES = 128 * 1024

Source = Annotated[
    str,
    Field(
        pattern=SOURCE_PATTERN,
        description="all, type:NAME, namespace:NAME, group:NAME, or a component",
    ),
]
Target = Literal[
    "component", "sub_components", "links_to", "links_from", "attributes", "blast_radius", "path"
]
CheckTarget = Literal["component", "sub_components", "links_to", "links_from"]
Name = Annotated[str, Field(pattern=NAME_PATTERN, description="name of a component")]
OptionalName = Annotated[
    Annotated[str, Field(pattern=NAME_PATTERN)] | None, Field(description="name of a component")
]
FieldName = Annotated[str, Field(pattern=FIELD_PATTERN)]
Filter = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,63}$")]
Scalar = Annotated[str, Field(max_length=256)] | bool | int | float
Value = Scalar | Annotated[list[Scalar], Field(max_length=50)]
Where = Annotated[
    dict[FieldName, Value],
    Field(
        max_length=20,
        description="field: value, or field__contains, __exists, __in, __gt and the like",
    ),
]
Select = Annotated[list[FieldName], Field(max_length=50, description="fields to return")]
Check = Annotated[
    str,
    Field(
        min_length=1,
        max_length=512,
        pattern=r"^[\x20-\x7e]+$",
        description="check with {variables}, for example: pg_isready -h {host} -p {port}",
    ),
]
VerifyDelay = Annotated[int, Field(ge=0, le=20, description="seconds before on_success")]
Limit = Annotated[int, Field(ge=1, le=500)]
Depth = Annotated[int, Field(ge=1, le=20)]


def register(tools: Toolset) -> None:
    """Register the tools, the prompts and the resources."""
    _register_queries(tools)
    _register_views(tools)
    _register_walks(tools)
    register_prompts(tools)
    register_resources(tools)


def _register_queries(tools: Toolset) -> None:
    @tools.read(timeout_s=CHECK_SECONDS)
    async def query_topology(
        link: Link,
        source: Source,
        target: Target = "component",
        where: Where | None = None,
        select: Select | None = None,
        command: Check | None = None,
        on_success: Check | None = None,
        on_failure: Check | None = None,
        verify_delay: VerifyDelay = 0,
        dry_run: bool = False,
        limit: Limit = 100,
        cursor: Position = None,
    ) -> Answer:
        """Query components, sub-components, links or attributes, and run a check on each."""
        _ensure_source(tools.topology, source)
        body: dict[str, Any] = {
            "source": source,
            "target": target,
            "where": where,
            "select": select,
            "limit": limit,
            "cursor": cursor,
            **_check_body(command, on_success, on_failure, verify_delay, dry_run=dry_run),
        }
        return _answer(await Agent(link).query(body))

    @tools.read(timeout_s=CHECK_SECONDS)
    async def run_test(
        link: Link,
        source: Source,
        command: Check,
        target: CheckTarget = "component",
        on_success: Check | None = None,
        on_failure: Check | None = None,
        verify_delay: VerifyDelay = 0,
        dry_run: bool = False,
    ) -> Answer:
        """Run a check on every record of a query; the agent fills in the {variables}."""
        _ensure_source(tools.topology, source)
        check = _check_body(command, on_success, on_failure, verify_delay, dry_run=dry_run)
        return _answer(await Agent(link).query({"source": source, "target": target, **check}))


def _register_views(tools: Toolset) -> None:
    @tools.read
    async def list_components(
        link: Link,
        type_: Filter | None = None,
        group: Filter | None = None,
        namespace: Filter | None = None,
        limit: Limit = 100,
        cursor: Position = None,
    ) -> Answer:
        """List the components of the stack with type, namespace and group."""
        filters = {"type": type_, "group": group, "namespace": namespace}
        where = {name: value for name, value in filters.items() if value is not None}
        body: dict[str, Any] = {
            "source": "all",
            "target": "component",
            "where": where or None,
            "limit": limit,
            "cursor": cursor,
        }
        return _answer(await Agent(link).query(body))

    @tools.read
    async def get_component(link: Link, name: Name) -> Answer:
        """Return one component with its attributes; secrets read [secret]."""
        ensure_component(tools.topology, name)
        return await _component(Agent(link), name)

    @tools.read
    async def get_component_links(
        link: Link, component: Name, direction: Direction = "both"
    ) -> Answer:
        """List the links to other components, from other components, or both."""
        ensure_component(tools.topology, component)
        return await _component_links(Agent(link), component, direction)

    @tools.read(budget_bytes=TREE_BYTES)
    async def get_stack_structure(link: Link) -> Answer:
        """Return the tree of components with sub-component counts and all links."""
        return Answer(await Agent(link).structure())

    @tools.read
    async def get_available_fields(link: Link, component: Name) -> Answer:
        """List the {variables} that a check on a component may use."""
        ensure_component(tools.topology, component)
        return Answer(await Agent(link).fields(component))


def _register_walks(tools: Toolset) -> None:
    @tools.read
    async def blast_radius(
        link: Link, component: Name, direction: Direction = "from", max_depth: Depth = 5
    ) -> Answer:
        """List what is affected when a component fails; `from` follows who depends on it."""
        ensure_component(tools.topology, component)
        edges = edges_of(await Agent(link).structure())
        hops = reach(edges, component, direction, max_depth)
        return Answer([hop.row() for hop in hops])

    @tools.read
    async def find_path(link: Link, from_: Name, to: Name) -> Answer:
        """Find a shortest chain of links from one component to another."""
        ensure_component(tools.topology, from_)
        ensure_component(tools.topology, to)
        hops = path(edges_of(await Agent(link).structure()), from_, to)
        if hops is None:
            raise Refusal("E_NOT_FOUND", f"no chain of links leads from {from_} to {to}")
        return Answer([hop.row() for hop in hops])

    @tools.read
    async def explain_access(
        link: Link,
        tool: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")] | None = None,
        component: OptionalName = None,
    ) -> Answer:
        """Tell which link or flag would allow a tool or a component; changes nothing."""
        del link  # The lock knows; the agent is not asked.
        return Answer(_explain(tools, tool, component))


def _check_body(
    command: str | None,
    on_success: str | None,
    on_failure: str | None,
    verify_delay: int,
    *,
    dry_run: bool,
) -> dict[str, Any]:
    """Return the part of a query that runs a check; nothing when there is no command."""
    if command is None:
        if on_success is not None or on_failure is not None:
            raise Refusal("E_ARG", "`on_success` and `on_failure` need a `command`")
        return {}
    return {
        "command": command,
        "on_success": on_success,
        "on_failure": on_failure,
        "verify_delay": verify_delay or None,
        "dry_run": dry_run or None,
    }


def _answer(reply: Reply) -> Answer:
    """Return rows, or what a check that ran came to; a dry run has rows alone."""
    data: Any = reply.results
    if reply.status not in {None, DRY_RUN}:
        data = {"status": reply.status, "results": reply.results}
        if reply.output is not None:
            data["output"] = reply.output
    return Answer(
        data,
        returned=len(reply.results),
        truncated_by="rows" if reply.next_cursor else None,
        next_position=reply.next_cursor,
    )


async def _component(agent: Agent, name: str) -> Answer:
    reply = await agent.query({"source": name, "target": "component"})
    if not reply.results:
        raise Refusal("E_NOT_FOUND", f"the agent does not know {name}")
    attributes = await agent.query({"source": name, "target": "attributes"})
    return Answer({"component": reply.results[0], "attributes": attributes.results})


async def _component_links(agent: Agent, component: str, direction: Direction) -> Answer:
    rows: list[dict[str, Any]] = []
    for side in ("to", "from"):
        if direction not in {side, "both"}:
            continue
        reply = await agent.query({"source": component, "target": f"links_{side}"})
        rows += [{"direction": side, **row} for row in reply.results]
    return Answer(rows)


def _explain(tools: Toolset, tool: str | None, component: str | None) -> dict[str, Any]:
    if (tool is None) == (component is None):
        raise Refusal("E_ARG", "give either `tool` or `component`")
    topology, lock = tools.topology, tools.lock()
    if tool is not None:
        answer = explain_tool(topology, lock, tool)
        return narrowed(answer, lock, tool, tools.is_reached)
    known = ensure_component(topology, component or "")
    answer = explain_component(topology, lock, known)
    return narrowed(answer, lock, known.name, tools.is_reached)


def ensure_component(topology: Topology, name: str) -> Component:
    """Return the component of that name; a name outside the stack is out of scope."""
    for component in topology.components:
        if component.name == name:
            return component
    names = sorted(item.name for item in topology.components)
    raise Refusal("E_SCOPE", "no component of the stack has that name", names)


def _ensure_source(topology: Topology, source: str) -> None:
    kind, colon, value = source.partition(":")
    if source == "all":
        return
    if not colon:
        ensure_component(topology, source)
        return
    known = sorted({str(getattr(item, kind)) for item in topology.components})
    if value not in known:
        hint = f"no component of the stack has that {kind}"
        raise Refusal("E_SCOPE", hint, [f"{kind}:{item}" for item in known])
