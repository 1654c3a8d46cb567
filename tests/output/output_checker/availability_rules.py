"""What is built survives the loss of a node where it has several pods, and never stops a drain.

In: the objects of one build. Out: findings on workloads without spread or budget, and on budgets
that select nothing or allow no disruption.
Must not know charts, which bring their own; `pods_of_operators.yaml` names what operators make of
a custom resource.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from output_checker import yaml_reading
from output_checker.finding import Finding, Object, name_of
from output_checker.workload_rules import pod_of

RULE = "availability"
OPERATORS = Path(__file__).with_name("pods_of_operators.yaml")
AFFINITIES = (
    "preferredDuringSchedulingIgnoredDuringExecution",
    "requiredDuringSchedulingIgnoredDuringExecution",
)


@dataclass(frozen=True)
class Pods:
    """Pods that are alike: whose they are, how many, and what is said of them."""

    item: Object
    labels: dict[str, str]
    replicas: int
    is_spread: bool
    # The operator's own, which may wait for a lone pod for ever.
    has_own_budget: bool = False
    is_held_alone: bool = False


def check_availability(items: list[Object]) -> list[Finding]:
    """All rules over one build."""
    groups = [pods for item in items for pods in pods_made_of(item, items)]
    budgets = [item for item in items if item.get("kind") == "PodDisruptionBudget"]
    facts = [(pods.item, fact) for pods in groups for fact in _check_pods(pods, budgets)]
    facts += [(budget, fact) for budget in budgets for fact in _check_budget(budget, groups)]
    return [Finding(name_of(item), RULE, fact) for item, fact in facts]


def pods_made_of(item: Object, items: list[Object]) -> Iterator[Pods]:
    """The pods of a workload, or of a custom resource that an operator makes pods of."""
    if item.get("kind") in ("Deployment", "StatefulSet"):
        labels = (item["spec"]["template"].get("metadata") or {}).get("labels") or {}
        replicas = item["spec"].get("replicas", _least(item, items))
        yield Pods(item, labels, replicas, _spreads(pod_of(item)))
    rules = yaml_reading.read_file(OPERATORS) or {}
    for rule in rules.get(item.get("kind")) or []:
        yield _of_operator(item, rule)


def _of_operator(item: Object, rule: dict[str, Any]) -> Pods:
    budget = rule.get("budget")
    has_budget = bool(budget) and _at(item, budget.get("switch")) in (None, True, "yes")
    return Pods(
        item,
        labels={key: _filled(text, item) for key, text in rule["labels"].items()},
        replicas=_at(item, rule["replicas"]) or 1,
        is_spread=_spreads(_at(item, rule["spread"])),
        has_own_budget=has_budget,
        is_held_alone=has_budget and bool(budget.get("holds_a_lone_pod")),
    )


def _filled(text: str, item: Object) -> str:
    return re.sub(r"\{([^}]+)\}", lambda found: str(_at(item, found[1].split("."))), text)


def _at(value: Any, path: list[str | int] | None) -> Any:
    """The value at a path, or nothing."""
    for key in path or []:
        if isinstance(value, list):
            value = value[int(key)] if int(key) < len(value) else None
        else:
            value = value.get(key) if isinstance(value, dict) else None
    return value if path else None


def _least(item: Object, items: list[Object]) -> int:
    """Where no number is named, an autoscaler sets it."""
    specs = [one["spec"] for one in items if one.get("kind") == "HorizontalPodAutoscaler"]
    own = [spec for spec in specs if spec["scaleTargetRef"]["name"] == item["metadata"]["name"]]
    return max((spec.get("minReplicas", 1) for spec in own), default=1)


def _spreads(pod: Any) -> bool:
    """Whether a pod spec, or what an operator takes in its place, keeps pods apart."""
    if not isinstance(pod, dict):
        return pod is True
    apart = (pod.get("affinity") or {}).get("podAntiAffinity") or {}
    return bool(pod.get("topologySpreadConstraints")) or any(apart.get(key) for key in AFFINITIES)


def _selects(budget: Object, pods: Pods) -> bool:
    wanted = (budget["spec"].get("selector") or {}).get("matchLabels") or {}
    here, there = budget["metadata"].get("namespace"), pods.item["metadata"].get("namespace")
    return here == there and bool(wanted) and wanted.items() <= pods.labels.items()


def _check_pods(pods: Pods, budgets: list[Object]) -> Iterator[str]:
    if pods.replicas == 1 and pods.is_held_alone:
        yield "the operator's budget stops every drain of its one pod"
    if pods.replicas < 2:
        return
    if not pods.is_spread:
        yield f"{pods.replicas} pods may share one node"
    if not pods.has_own_budget and not any(_selects(budget, pods) for budget in budgets):
        yield f"{pods.replicas} pods have no budget for drains"


def _check_budget(budget: Object, groups: list[Pods]) -> Iterator[str]:
    selected = [pods for pods in groups if _selects(budget, pods)]
    if not selected:
        yield "selects no pods of the build"
        return
    total = sum(pods.replicas for pods in selected)
    most, least = budget["spec"].get("maxUnavailable"), budget["spec"].get("minAvailable")
    if most in (0, "0%") or least == "100%" or (isinstance(least, int) and least >= total):
        yield f"stops every drain: none of {total} pods may go"
