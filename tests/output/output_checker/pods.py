"""The pods of one build: of its workloads, of what operators make of its objects, of charts.

In: built objects, merged values of a chart. Out: `Pods`, one for each kind of pods that are alike.
Must not know a rule; `pods_of_operators.yaml` and `pods_of_charts.yaml` hold what others make.
"""

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from output_checker import yaml_reading
from output_checker.finding import Object
from output_checker.workload_rules import pod_of

OPERATORS = Path(__file__).with_name("pods_of_operators.yaml")
CHARTS = Path(__file__).with_name("pods_of_charts.yaml")
AFFINITIES = (
    "preferredDuringSchedulingIgnoredDuringExecution",
    "requiredDuringSchedulingIgnoredDuringExecution",
)
# Who sets numbers of pods, and how each calls the least and the most, with what it takes where
# nothing is said (autoscaling/v2; keda.sh/v1alpha1).
SCALERS: dict[str, tuple[tuple[str, int], tuple[str, int]]] = {
    "HorizontalPodAutoscaler": (("minReplicas", 1), ("maxReplicas", 1)),
    "ScaledObject": (("minReplicaCount", 0), ("maxReplicaCount", 100)),
}
SCALED = frozenset(("Deployment", "StatefulSet"))
# How values of a chart call a number of pods.
NUMBERS = ("replicas", "replicaCount")

Path_ = list[str | int]


@dataclass(frozen=True)
class Pods:
    """Pods that are alike: whose they are, how many, and what is said of them."""

    item: Object
    labels: dict[str, str]
    replicas: int
    is_spread: bool
    # A budget that somebody else makes; it may wait for a lone pod for ever.
    has_own_budget: bool = False
    is_held_alone: bool = False


def of_items(items: list[Object]) -> list[Pods]:
    """The pods of all objects of a build."""
    return [pods for item in items for pods in of_item(item, items)]


def of_item(item: Object, items: list[Object]) -> Iterator[Pods]:
    """The pods of a workload, or of a custom resource that an operator makes pods of."""
    if item.get("kind") in SCALED:
        labels = (item["spec"]["template"].get("metadata") or {}).get("labels") or {}
        replicas = item["spec"].get("replicas", _least(item, items))
        yield Pods(item, labels, replicas, _spreads(pod_of(item)))
    for rule in _rules(OPERATORS).get(str(item.get("kind"))) or []:
        budget = rule.get("budget")
        has_budget = bool(budget) and _at(item, budget.get("switch")) in (None, True, "yes")
        yield Pods(
            item,
            labels=_labels(rule, lambda path: _at(item, list(path.split(".")))),
            replicas=_at(item, rule["replicas"]) or 1,
            is_spread=rule["spread"] == "operator" or _spreads(_at(item, rule["spread"])),
            has_own_budget=has_budget,
            is_held_alone=has_budget and bool(budget.get("holds_a_lone_pod")),
        )


def of_chart(chart: str, item: Object, release: str, values: dict[str, Any]) -> list[Pods]:
    """The pods of a release, which `item` installs."""
    return [_of_chart(rule, item, release, values) for rule in _rules(CHARTS).get(chart) or []]


def _of_chart(rule: dict[str, Any], item: Object, release: str, values: dict[str, Any]) -> Pods:
    is_on = "when" not in rule or _at(values, rule["when"]) is True
    replicas = (_at(values, rule["replicas"]) or 1) + rule.get("more", 0) if is_on else 1
    named = isinstance(rule["budget"], list)
    needs_none = rule["budget"] in ("none", "chart")
    budget = _at(values, rule["budget"]) or {} if named else {"enabled": needs_none}
    least = budget.get("minAvailable")
    return Pods(
        item,
        labels=_labels(rule, {"release": release}.get),
        replicas=replicas,
        is_spread=rule["spread"] == "chart" or _spreads(_at(values, rule["spread"])),
        has_own_budget=budget.get("enabled", bool(budget)) is True,
        is_held_alone=isinstance(least, int) and least >= replicas,
    )


def unknown_numbers(chart: str, values: Any, above: tuple[str, ...] = ()) -> Iterator[str]:
    """Where values ask for several pods that the table of charts does not name."""
    known = [rule["replicas"] for rule in _rules(CHARTS).get(chart) or []]
    for key, value in values.items() if isinstance(values, dict) else ():
        path = (*above, str(key))
        if key in NUMBERS and isinstance(value, int) and value > 1 and list(path) not in known:
            yield ".".join(path)
        yield from unknown_numbers(chart, value, path)


@functools.cache
def _rules(file: Path) -> dict[str, Any]:
    return yaml_reading.read_file(file) or {}


def _labels(rule: dict[str, Any], value: Any) -> dict[str, str]:
    return {
        key: re.sub(r"\{([^}]+)\}", lambda found: str(value(found[1])), text)
        for key, text in rule["labels"].items()
    }


def _at(value: Any, path: Path_ | None) -> Any:
    """The value at a path, or nothing."""
    for key in path or []:
        if isinstance(value, list):
            value = value[int(key)] if int(key) < len(value) else None
        else:
            value = value.get(key) if isinstance(value, dict) else None
    return value if path else None


def is_scaled_by(item: Object, scaler: Object) -> bool:
    """Whether a scaler sets the number of the pods of a workload."""
    if scaler.get("kind") not in SCALERS or item.get("kind") not in SCALED:
        return False
    target, place = scaler["spec"]["scaleTargetRef"], item["metadata"]
    is_meant = (target.get("kind", item["kind"]), target["name"]) == (item["kind"], place["name"])
    return is_meant and scaler["metadata"].get("namespace") == place.get("namespace")


def least_and_most(scaler: Object) -> tuple[int, int]:
    """Between which numbers a scaler chooses."""
    least, most = SCALERS[scaler["kind"]]
    return scaler["spec"].get(least[0], least[1]), scaler["spec"].get(most[0], most[1])


def _least(item: Object, items: list[Object]) -> int:
    """Where no number is named, an autoscaler sets it."""
    own = (least_and_most(one)[0] for one in items if is_scaled_by(item, one))
    return max(own, default=1)


def _spreads(pod: Any) -> bool:
    """Whether a pod spec, or what stands in its place, keeps pods apart."""
    if isinstance(pod, str):
        return "podAntiAffinity" in pod and any(word in pod for word in AFFINITIES)
    if not isinstance(pod, dict):
        return pod is True or (isinstance(pod, list) and bool(pod))
    apart = (pod.get("affinity") or {}).get("podAntiAffinity") or {}
    return bool(pod.get("topologySpreadConstraints")) or any(apart.get(key) for key in AFFINITIES)
