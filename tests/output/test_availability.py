"""Each rule for pods that survive the loss of a node refuses one change of sound objects.

In: objects written here, the built example. Out: one assertion a rule, and that the example has
what the rules speak of.
Must not know files; test_check_output.py breaks trees.
"""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from output_checker.availability_rules import check_availability, pods_made_of
from output_checker.build import build
from output_checker.places import EXAMPLE

Object = dict[str, Any]
LABELS = {"app.kubernetes.io/name": "shop", "app.kubernetes.io/instance": "shop"}
SPREAD = {"topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "kubernetes.io/hostname"}]}
WORKLOAD: Object = {
    "kind": "Deployment",
    "metadata": {"name": "shop", "namespace": "app"},
    "spec": {"replicas": 3, "template": {"metadata": {"labels": LABELS}, "spec": SPREAD}},
}
BUDGET: Object = {
    "kind": "PodDisruptionBudget",
    "metadata": {"name": "shop", "namespace": "app"},
    "spec": {"maxUnavailable": 1, "selector": {"matchLabels": LABELS}},
}
SCALER: Object = {
    "kind": "HorizontalPodAutoscaler",
    "metadata": {"name": "shop", "namespace": "app"},
    "spec": {"minReplicas": 2, "scaleTargetRef": {"name": "shop"}},
}
DATABASE: Object = {
    "kind": "Cluster",
    "metadata": {"name": "db", "namespace": "db"},
    "spec": {"instances": 3, "affinity": {"enablePodAntiAffinity": True}},
}


def facts(*items: Object) -> list[str]:
    return [one.fact for one in check_availability(list(items))]


def with_spec(item: Object, **values: Any) -> Object:
    changed = copy.deepcopy(item)
    changed["spec"] |= values
    return changed


def elsewhere(item: Object) -> Object:
    return item | {"metadata": item["metadata"] | {"namespace": "other"}}


def without_spread(item: Object) -> Object:
    return with_spec(item, template={"metadata": {"labels": LABELS}, "spec": {}})


def scaled(item: Object) -> Object:
    changed = without_spread(item)
    del changed["spec"]["replicas"]
    return changed


SHARED = "pods may share one node"
UNHELD = "pods have no budget for drains"
STUCK = "stops every drain: none of"
CASES: dict[str, tuple[list[Object], list[str]]] = {
    "sound": ([WORKLOAD, BUDGET], []),
    "one pod": ([with_spec(without_spread(WORKLOAD), replicas=1)], []),
    "no spread": ([without_spread(WORKLOAD), BUDGET], [f"3 {SHARED}"]),
    "no budget": ([WORKLOAD], [f"3 {UNHELD}"]),
    "scaled": ([scaled(WORKLOAD), SCALER, BUDGET], [f"2 {SHARED}"]),
    "budget of another namespace": (
        [WORKLOAD, elsewhere(BUDGET)],
        [f"3 {UNHELD}", "selects no pods of the build"],
    ),
    "one of one must stay": (
        [with_spec(WORKLOAD, replicas=1), with_spec(BUDGET, maxUnavailable=None, minAvailable=1)],
        [f"{STUCK} 1 pods may go"],
    ),
    "two of three must stay": (
        [WORKLOAD, with_spec(BUDGET, maxUnavailable=None, minAvailable=2)],
        [],
    ),
    "none may go": ([WORKLOAD, with_spec(BUDGET, maxUnavailable=0)], [f"{STUCK} 3 pods may go"]),
    "database": ([DATABASE], []),
    "database on one node": ([with_spec(DATABASE, affinity={})], [f"3 {SHARED}"]),
    "database without budget": ([with_spec(DATABASE, enablePDB=False)], [f"3 {UNHELD}"]),
    "lone primary": (
        [with_spec(DATABASE, instances=1)],
        ["the operator's budget stops every drain of its one pod"],
    ),
    "lone primary that may go": ([with_spec(DATABASE, instances=1, enablePDB=False)], []),
}


@pytest.mark.parametrize("case", CASES)
def test_rules(case: str) -> None:
    items, expected = CASES[case]
    assert facts(*items) == expected


@pytest.mark.parametrize(
    ("environment", "holds"), [("dev", lambda count: count >= 1), ("prod", lambda count: count > 1)]
)
def test_the_profile_of_the_example_reaches_its_pods(
    environment: str, holds: Callable[[int], bool]
) -> None:
    """`ha` gives every kind of pods several, but where its type says why not."""
    items = build(EXAMPLE / "out/k8s/deploy/overlays" / environment)
    counts = {
        (pods.item["kind"], pods.item["metadata"]["name"]): pods.replicas
        for item in items
        for pods in pods_made_of(item, items)
    }
    assert len(counts) > 5
    alone = {name for name, count in counts.items() if not holds(count)}
    assert alone <= {("Deployment", "fastmcp")}
