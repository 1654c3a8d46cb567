"""Walks over the links of the stack: what a failure reaches, and how two components join.

In: the structure as the agent tells it.
Out: hops and paths, nearest first, in a fixed order.
Must not know: HTTP or MCP.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

Direction = Literal["to", "from", "both"]


@dataclass(frozen=True, order=True)
class Edge:
    """One drawn link."""

    source: str
    target: str
    type: str


@dataclass(frozen=True)
class Hop:
    """One component that a walk reached, and over which link."""

    component: str
    depth: int
    over: Edge

    def row(self) -> dict[str, Any]:
        """Return the hop as data."""
        return {
            "component": self.component,
            "depth": self.depth,
            "link": self.over.type,
            "from": self.over.source,
            "to": self.over.target,
        }


def edges_of(structure: Mapping[str, Any]) -> list[Edge]:
    """Read the links of a structure, each once and sorted."""
    found = {edge for link in _items(structure.get("links")) if (edge := _edge(link)) is not None}
    for component in _items(structure.get("components")):
        name = component.get("name")
        for link in _items(component.get("links_to")):
            edge = _edge({"from": name, **link})
            if edge is not None:
                found.add(edge)
    return sorted(found)


def reach(edges: Iterable[Edge], start: str, direction: Direction, max_depth: int) -> list[Hop]:
    """Return what is reached from a component, nearest first; the start is not among it."""
    neighbours = _neighbours(edges, direction)
    seen = {start}
    hops: list[Hop] = []
    waiting = deque([(start, 0)])
    while waiting:
        name, depth = waiting.popleft()
        if depth == max_depth:
            continue
        for other, edge in neighbours.get(name, []):
            if other not in seen:
                seen.add(other)
                hops.append(Hop(other, depth + 1, edge))
                waiting.append((other, depth + 1))
    return hops


def path(edges: Iterable[Edge], start: str, end: str) -> list[Hop] | None:
    """Return a shortest way along the direction of the links, or nothing."""
    hops = {hop.component: hop for hop in reach(edges, start, "to", -1)}
    if start == end:
        return []
    if end not in hops:
        return None
    way: list[Hop] = []
    name = end
    while name != start:
        hop = hops[name]
        way.append(hop)
        name = hop.over.source
    return list(reversed(way))


def _neighbours(edges: Iterable[Edge], direction: Direction) -> dict[str, list[tuple[str, Edge]]]:
    found: dict[str, list[tuple[str, Edge]]] = {}
    for edge in edges:
        if direction in {"to", "both"}:
            found.setdefault(edge.source, []).append((edge.target, edge))
        if direction in {"from", "both"}:
            found.setdefault(edge.target, []).append((edge.source, edge))
    return found


def _edge(link: Mapping[str, Any]) -> Edge | None:
    source = link.get("from")
    target = link.get("to", link.get("component"))
    kind = link.get("type", link.get("link"))
    if not isinstance(source, str) or not isinstance(target, str):
        return None
    # A link to a sub-component is, for a walk, a link to its component.
    return Edge(source, target.split("/", 1)[0], kind if isinstance(kind, str) else "")


def _items(value: object) -> list[Mapping[str, Any]]:
    if not isinstance(value, list):
        return []
    return [item for item in cast("list[Any]", value) if isinstance(item, dict)]
