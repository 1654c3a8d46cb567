"""Who reaches whom: a simulator of NetworkPolicies over the pods of one build.

In: built objects, the releases of charts beside them. Out: for each pair of components the ports
that both sides open, and what one side opens alone.
Must not know the topology, nor how policies are made. Pods are those of `accounts_of_pods.yaml`.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from output_checker.api_access_rules import Caller, Release, callers, selects
from output_checker.finding import Finding, Object

RULE = "edge"
NAMESPACE = "kubernetes.io/metadata.name"
COMPONENT = "app.kubernetes.io/name"
# A rule that names no port opens each of them.
EVERY_PORT = 0

Pair = tuple[str, str]
Ports = set[int]
Rule = dict[str, Any]


@dataclass(frozen=True)
class Pod:
    """Pods that are alike, with the policies that select them and the component of these."""

    caller: Caller
    policies: list[Object]

    @property
    def components(self) -> set[str]:
        return {one["metadata"]["labels"][COMPONENT] for one in self.policies}

    def rules(self, way: str) -> Iterator[Rule]:
        for policy in self.policies:
            yield from policy["spec"].get(way) or []


@dataclass
class Edges:
    """Ports by pair of components: those that are open, and those that one side alone opens."""

    opened: dict[Pair, Ports] = field(default_factory=lambda: defaultdict(set))
    half: dict[Pair, Ports] = field(default_factory=lambda: defaultdict(set))


def pods(items: list[Object], releases: list[Release]) -> list[Pod]:
    """The pods that some policy selects; those of operators outside of the components are free."""
    policies = [item for item in items if item.get("kind") == "NetworkPolicy"]
    found: list[Pod] = []
    for caller in callers(items, releases):
        own = [
            policy
            for policy in policies
            if policy["metadata"]["namespace"] == caller.namespace
            and selects(policy["spec"].get("podSelector") or {}, caller.labels)
            and policy["metadata"]["labels"].get(COMPONENT)
        ]
        if own:
            found.append(Pod(caller, own))
    return found


def edges(found: list[Pod]) -> Edges:
    """What the policies of both sides say of each pair of pods, by their components."""
    result = Edges()
    for source in found:
        for target in found:
            pair = (min(source.components), min(target.components))
            if pair[0] == pair[1]:
                continue
            out = _ports(source.rules("egress"), "to", source.caller, target.caller)
            into = _ports(target.rules("ingress"), "from", target.caller, source.caller)
            if both := _common(out, into):
                result.opened[pair] |= both
            if alone := (out ^ into) - both:
                result.half[pair] |= alone
    return result


def shared_pods(found: list[Pod]) -> Iterator[Finding]:
    """Pods that the policies of two components select have the edges of both."""
    for pod in found:
        if len(pod.components) > 1:
            fact = f"policies of {', '.join(sorted(pod.components))} select the same pods"
            yield Finding(pod.caller.where, RULE, fact)


def _common(out: Ports, into: Ports) -> Ports:
    if EVERY_PORT in out:
        return set(into)
    return set(out) if EVERY_PORT in into else out & into


def _ports(rules: Iterator[Rule], word: str, here: Caller, there: Caller) -> Ports:
    """Ports that rules of pods here open to, or from, named pods there."""
    found: Ports = set()
    for rule in rules:
        peers: list[Rule] = rule.get(word) or []
        ports: list[Rule] = rule.get("ports") or [{}]
        if any(_is_meant(peer, here, there) for peer in peers):
            found |= {one.get("port", EVERY_PORT) for one in ports}
    return found


def _is_meant(peer: Rule, here: Caller, there: Caller) -> bool:
    if "ipBlock" in peer:
        return False
    spaces = peer.get("namespaceSelector")
    space = {NAMESPACE: there.namespace}
    is_near = there.namespace == here.namespace if spaces is None else selects(spaces, space)
    return is_near and selects(peer.get("podSelector") or {}, there.labels)
