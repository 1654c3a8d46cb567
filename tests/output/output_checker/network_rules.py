"""Default deny: what the NetworkPolicies of a component must look like.

In: the objects of one component. Out: findings.
Must not know the topology: which edges there are is proved by the least-access test.
"""

from collections.abc import Iterator
from typing import Any

from output_checker.finding import Finding, Object, name_of

BOTH_WAYS = {"Ingress", "Egress"}
PEERS = {"ingress": "from", "egress": "to"}


def check_network(component: str, items: list[Object]) -> list[Finding]:
    """A component denies by default both ways, and no rule of it allows everyone."""
    policies = [item for item in items if item.get("kind") == "NetworkPolicy"]
    findings = [
        Finding(name_of(policy), "network", fact)
        for policy in policies
        for fact in _open_rules(policy.get("spec") or {})
    ]
    if not any(_denies_both_ways(policy) for policy in policies):
        fact = "has no NetworkPolicy that denies both ways by default"
        findings.append(Finding(component, "network", fact))
    return findings


def _denies_both_ways(policy: Object) -> bool:
    return set((policy.get("spec") or {}).get("policyTypes") or []) == BOTH_WAYS


def _open_rules(spec: dict[str, Any]) -> Iterator[str]:
    for way, word in PEERS.items():
        for rule in spec.get(way) or []:
            peers = (rule or {}).get(word) or []
            if not peers and not (rule or {}).get("ports"):
                yield f"an {way} rule allows every peer on every port"
            for peer in peers:
                if _is_everyone(peer):
                    yield f"an {way} peer is named by no label and no address"


def _is_everyone(peer: dict[str, Any]) -> bool:
    return not any(
        _selects(peer.get(word)) for word in ("podSelector", "namespaceSelector")
    ) and not peer.get("ipBlock")


def _selects(selector: dict[str, Any] | None) -> bool:
    return bool(selector and (selector.get("matchLabels") or selector.get("matchExpressions")))
