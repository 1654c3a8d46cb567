"""Why a tool is there or not, and the change of `stack.yaml` that would allow it.

In: the topology, the tool lock, the name of a tool or component.
Out: facts and a diff as text. Nothing is changed.
Must not know: HTTP, or how tools are served.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, cast

from stacktic_mcp.core.toolkit import Component, Link, Refusal, Topology


class IsReached(Protocol):
    """What tells whether the caller may use a component."""

    def __call__(self, component: str, *, to_write: bool) -> bool:
        """Answer for the call that is served."""
        ...


def explain_tool(topology: Topology, lock: Mapping[str, Any], tool: str) -> dict[str, Any]:
    """Tell what stands between a caller and a tool."""
    for entry in _tools(lock):
        if entry["name"] == tool:
            return _explain_locked(topology, entry)
    writing = {offer.type for offer in topology.offers if tool in offer.writes}
    read_only = [link for link in topology.links if _type_of(topology, link) in writing]
    if read_only:
        return _explain_read_only(topology, tool, read_only[0])
    types = sorted(writing) or _types_offering(topology, tool)
    if not types:
        raise Refusal("E_NOT_FOUND", "no link type gives a tool of that name")
    components = [item for item in topology.components if item.type in types]
    linked = {link.component for link in topology.links}
    missing = [item for item in components if item.name not in linked]
    if not components:
        fact = f"the stack has no component of type {' or '.join(types)}"
        return _explanation("not_in_stack", fact, _add_component_diff(topology, types[0]))
    if missing:
        fact = f"{missing[0].name} is not linked, so its tools do not exist"
        diff = _add_link_diff(topology, missing[0].name, writes=bool(writing))
        return _explanation("not_linked", fact, diff)
    raise Refusal("E_NOT_FOUND", f"links to {' or '.join(types)} give no tool of that name")


def _explain_read_only(topology: Topology, tool: str, link: Link) -> dict[str, Any]:
    """Tell how a tool comes to be that a drawn link would bring if it might write."""
    fact = f"{tool} writes, and the link to {link.component} is drawn to read"
    return {
        **_explanation("write_disabled", fact, _write_diff(topology, link.component)),
        "flag": f"{link.env}_WRITE_ACCESS=true",
    }


def _type_of(topology: Topology, link: Link) -> str:
    component = topology.component(link.component)
    return component.type if component is not None else ""


def _types_offering(topology: Topology, tool: str) -> list[str]:
    """Return the types to which a link gives tools whose names begin as this one does."""
    return [
        offer.type
        for offer in topology.offers
        if offer.prefix is not None and tool.startswith(offer.prefix)
    ]


def explain_component(
    topology: Topology, lock: Mapping[str, Any], component: Component
) -> dict[str, Any]:
    """Tell which tools reach a component, and what would give more."""
    link = _link_to(topology, component.name)
    if link is None:
        return _explain_unlinked(topology, component)
    entries = [entry for entry in _tools(lock) if component.name in entry["link"]]
    gated = sorted(entry["name"] for entry in entries if entry["gate"] is not None)
    if not gated:
        # The link is drawn to read: what it would bring if it might write is in no lock.
        offers = (offer for offer in topology.offers if offer.type == component.type)
        gated = sorted(name for offer in offers for name in offer.writes)
    answer = _explanation("linked", f"{component.name} is linked through {link.type}", None)
    answer["read_tools"] = sorted(entry["name"] for entry in entries if entry["gate"] is None)
    answer["write_tools"] = gated
    answer["write_access"] = link.write_access
    if gated and not link.write_access:
        if not link.drawn_to_write:
            answer["stack_yaml_diff"] = _write_diff(topology, component.name)
        answer["flag"] = f"{link.env}_WRITE_ACCESS=true"
    return answer


def narrowed(
    answer: dict[str, Any], lock: Mapping[str, Any], name: str, is_reached: IsReached
) -> dict[str, Any]:
    """Say so where the stack allows it, and the profile of the caller does not."""
    if answer["state"] not in {"allowed", "linked"}:
        return answer
    entry = next((entry for entry in _tools(lock) if entry["name"] == name), None)
    components = [name] if entry is None else cast("list[str]", entry["link"])
    to_write = entry is not None and entry["gate"] is not None
    if any(is_reached(component, to_write=to_write) for component in components):
        return answer
    fact = "the profile of this key, or the scopes of this token, leave it out"
    return answer | {"state": "outside_profile", "fact": f"{answer['fact']}, but {fact}"}


def _explain_unlinked(topology: Topology, component: Component) -> dict[str, Any]:
    if all(offer.type != component.type for offer in topology.offers):
        fact = f"no link from {topology.server} to a component of {component.type} gives tools"
        return _explanation("no_link_type", fact, None)
    fact = f"{component.name} is not linked, so its tools do not exist"
    return _explanation("not_linked", fact, _add_link_diff(topology, component.name))


def _explain_locked(topology: Topology, entry: Mapping[str, Any]) -> dict[str, Any]:
    names = cast("list[str]", entry["link"])
    links = [link for link in topology.links if link.component in names]
    if entry["gate"] is None or any(link.write_access for link in links):
        fact = f"{entry['name']} is served"
        if names:
            fact = f"{fact} for {', '.join(names)}"
        return _explanation("allowed", fact, None)
    drawn = next((link for link in links if link.drawn_to_write), None)
    if drawn is not None:
        fact = f"{entry['name']} writes, and the flag of the link to {drawn.component} is not set"
        answer = _explanation("write_disabled", fact, None)
    else:
        fact = f"{entry['name']} writes, and the link is read-only"
        answer = _explanation("write_disabled", fact, _write_diff(topology, names[0]))
    flagged = drawn or (links[0] if links else None)
    answer["flag"] = f"{flagged.env}_WRITE_ACCESS=true" if flagged else None
    return answer


def _explanation(state: str, fact: str, diff: str | None) -> dict[str, Any]:
    return {"state": state, "fact": fact, "stack_yaml_diff": diff}


def _add_link_diff(topology: Topology, component: str, *, writes: bool = False) -> str:
    ends = f"from: {topology.server}, to: {component}"
    access = ", write_access: true" if writes else ""
    return f" links:\n+  - {{{ends}{_free_env(topology, component)}{access}}}\n"


def _free_env(topology: Topology, component: str) -> str:
    """Return a prefix of its own for a link whose keys would be called like those of another."""
    types = {item.name: item.type for item in topology.components}
    own = types.get(component)
    if own is None or all(types.get(link.component) != own for link in topology.links):
        return ""
    return f", env: {component.upper().replace('-', '_')}"


def _write_diff(topology: Topology, component: str) -> str:
    ends = f"from: {topology.server}, to: {component}"
    link = _link_to(topology, component)
    if link is not None and link.given_env is not None:
        ends += f", env: {link.given_env}"
    return f" links:\n-  - {{{ends}}}\n+  - {{{ends}, write_access: true}}\n"


def _add_component_diff(topology: Topology, type_name: str) -> str:
    name = type_name.replace("_", "-")
    return f" components:\n+  {name}: {{type: {type_name}}}\n" + _add_link_diff(topology, name)


def _link_to(topology: Topology, component: str) -> Link | None:
    found = [link for link in topology.links if link.component == component]
    return found[0] if found else None


def _tools(lock: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    return cast("list[dict[str, Any]]", lock.get("tools", []))
