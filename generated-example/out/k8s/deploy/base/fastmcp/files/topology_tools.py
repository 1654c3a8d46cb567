"""Topology tools: a thin wrapper over the Stack Agent, with its prompts and resources.

In: the link to the agent, and the names in the topology.
Out: rows of components, links and attributes, and results of checks.
Must not know: any other service. It runs nothing: a check is a sentence the agent reads.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from stacktic_mcp.core.toolkit import (
    Answer,
    Component,
    DryRunOnRequest,
    Link,
    Position,
    Refusal,
    Toolset,
    Topology,
)
from stacktic_mcp.tools.topology.topology_access import (
    explain_component,
    explain_tool,
    narrowed,
)
from stacktic_mcp.tools.topology.topology_agent import Agent, Reply, check_body
from stacktic_mcp.tools.topology.topology_arguments import (
    Check,
    CheckTarget,
    Depth,
    Filter,
    Limit,
    Name,
    OptionalName,
    Select,
    Side,
    Source,
    Target,
    VerifyDelay,
    Where,
)
from stacktic_mcp.tools.topology.topology_dna import register_dna
from stacktic_mcp.tools.topology.topology_forms import (
    Checked,
    ComponentFacts,
    Explanation,
    HopRow,
    Row,
)
from stacktic_mcp.tools.topology.topology_graph import Direction, edges_of, path, reach
from stacktic_mcp.tools.topology.topology_guide import register_resources
from stacktic_mcp.tools.topology.topology_prompts import register_prompts

CHECK_SECONDS = 30.0
DRY_RUN = "dry_run"
TREE_BYTES = 128 * 1024


def register(tools: Toolset) -> None:
    """Register the tools, the prompts and the resources."""
    tools.introduce("Stack", first="get_stack_structure")
    _register_queries(tools)
    _register_views(tools)
    _register_walks(tools)
    register_prompts(tools)
    register_resources(tools)
    register_dna(tools)


def _register_queries(tools: Toolset) -> None:
    @tools.read(timeout_s=CHECK_SECONDS)
    async def query_topology(
        link: Link,
        source: Source,
        target: Annotated[Target, Field(description="of each component")] = "component",
        where: Where | None = None,
        select: Select | None = None,
        command: Check | None = None,
        on_success: Check | None = None,
        on_failure: Check | None = None,
        verify_delay: VerifyDelay = 0,
        dry_run: DryRunOnRequest = False,
        limit: Limit = 100,
        cursor: Position = None,
    ) -> Answer[list[Row] | Checked]:
        """Query or find components, sub-components, links of stack by attributes and conditions.

        By group, namespace, number of replicas, version, storage, write access: where
        {"namespace": "data", "replicas__gt": 1}. A command checks each.
        """
        _ensure_source(tools.topology, source)
        body: dict[str, Any] = {
            "source": source,
            "target": target,
            "where": where,
            "select": select,
            "limit": limit,
            "cursor": cursor,
            **check_body(command, on_success, on_failure, verify_delay, dry_run=dry_run),
        }
        return _answer(await Agent(link).query(body))

    @tools.read(timeout_s=CHECK_SECONDS)
    async def run_test(
        link: Link,
        source: Source,
        command: Check,
        target: Annotated[CheckTarget, Field(description="kind of object")] = "component",
        on_success: Check | None = None,
        on_failure: Check | None = None,
        verify_delay: VerifyDelay = 0,
        dry_run: DryRunOnRequest = False,
    ) -> Answer[list[Row] | Checked]:
        """Test or check a component or connection: reachable, reach, accepts, works, answers.

        Ping. Agent fills in {host}, {port}: pg_isready -h {host} -p {port}. Returns passed or
        failed, output.
        """
        _ensure_source(tools.topology, source)
        check = check_body(command, on_success, on_failure, verify_delay, dry_run=dry_run)
        return _answer(await Agent(link).query({"source": source, "target": target, **check}))


def _register_views(tools: Toolset) -> None:
    @tools.read
    async def list_components(
        link: Link,
        type_: Annotated[Filter | None, Field(description="one type, such as cnpg")] = None,
        group: Annotated[Filter | None, Field(description="one group")] = None,
        namespace: Annotated[Filter | None, Field(description="one namespace")] = None,
        limit: Limit = 100,
        cursor: Position = None,
    ) -> Answer[list[Row]]:
        """List components in this stack: databases, applications, services, message brokers.

        Contained, part of it: name, type, namespace, group. At most 500 a page.
        """
        filters = {"type": type_, "group": group, "namespace": namespace}
        for kind, value in filters.items():
            _ensure_known(tools.topology, kind, value)
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
    async def get_component(link: Link, name: Name) -> Answer[ComponentFacts]:
        """Get one component of stack: configured settings, configuration, attributes.

        Details, image, version, replicas, port, listen, host; secrets read [secret].
        """
        ensure_component(tools.topology, name)
        return await _component(Agent(link), name)

    @tools.read
    async def get_component_links(
        link: Link, component: Name, direction: Side = "both"
    ) -> Answer[list[Row]]:
        """Links of one component: connected to, uses, talks to, depends on; users.

        Dependencies to and from components of this stack, in both directions.
        """
        ensure_component(tools.topology, component)
        return await _component_links(Agent(link), component, direction)

    @tools.read(budget_bytes=TREE_BYTES)
    async def get_stack_structure(link: Link) -> Answer[Row]:
        """Overview of a whole architecture: structure, map, diagram, tree of a stack.

        Parts, groups, namespaces, connections.
        """
        return Answer(await Agent(link).structure())

    @tools.read
    async def get_available_fields(link: Link, component: Name) -> Answer:
        """List {variables} (fields, placeholders) of a component for a check or test command.

        host, port, user.
        """
        ensure_component(tools.topology, component)
        return Answer(await Agent(link).fields(component))


def _register_walks(tools: Toolset) -> None:
    @tools.read
    async def blast_radius(
        link: Link, component: Name, direction: Side = "from", max_depth: Depth = 5
    ) -> Answer[list[HopRow]]:
        """Impact of a component down, failing, break, stop, restart: affected components.

        Blast radius: dependents directly or indirectly, by distance; outage, maintenance, safely,
        hit.
        """
        ensure_component(tools.topology, component)
        edges = edges_of(await Agent(link).structure())
        hops = reach(edges, component, direction, max_depth)
        return Answer([hop.row() for hop in hops])

    @tools.read
    async def find_path(link: Link, from_: Name, to: Name) -> Answer[list[HopRow]]:
        """Find a path from one component to another in stack: way, route, chain of links.

        Data flow, connected through architecture; shortest connection.
        """
        ensure_component(tools.topology, from_)
        ensure_component(tools.topology, to)
        hops = path(edges_of(await Agent(link).structure()), from_, to)
        if hops is None:
            raise Refusal("E_NOT_FOUND", f"no chain of links leads from {from_} to {to}")
        return Answer([hop.row() for hop in hops])

    @tools.read
    async def explain_access(
        link: Link,
        tool: Annotated[
            str | None, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$", description="name of a tool")
        ] = None,
        component: OptionalName = None,
    ) -> Answer[Explanation]:
        """Explain access to a tool or component: allowed, denied, missing, read-only.

        Rights, permission, credentials, not allowed to write, delete, produce; change of
        stack.yaml allowing it.
        """
        del link  # The lock knows; the agent is not asked.
        return Answer(_explain(tools, tool, component))


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
    _ensure_known(topology, kind, value, f"{kind}:")


def _ensure_known(topology: Topology, kind: str, value: str | None, mark: str = "") -> None:
    """Refuse a type, group or namespace that no component has, and name those there are."""
    known = sorted({str(getattr(item, kind)) for item in topology.components})
    if value is not None and value not in known:
        hint = f"no component of the stack has that {kind}"
        raise Refusal("E_SCOPE", hint, [f"{mark}{item}" for item in known])
