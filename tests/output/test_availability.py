"""Each rule for pods that survive the loss of a node refuses one change of sound objects.

In: objects written here, the built example. Out: one assertion a rule, and that the example has
what the rules speak of.
Must not know files; test_check_output.py breaks trees.
"""

import copy
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from output_checker import pods, tree_rules
from output_checker.availability_rules import check_availability
from output_checker.build import build
from output_checker.finding import Finding
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
    "spec": {"minReplicas": 2, "maxReplicas": 6, "scaleTargetRef": {"name": "shop"}},
}
DATABASE: Object = {
    "kind": "Cluster",
    "metadata": {"name": "db", "namespace": "db"},
    "spec": {"instances": 3, "affinity": {"enablePodAntiAffinity": True}},
}


def facts(*items: Object) -> list[str]:
    return told(check_availability(list(items), []))


def told(findings: list[Finding]) -> list[str]:
    """The facts without the pods that they are about."""
    return [one.fact.rsplit(" (", 1)[0] for one in findings]


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


def unnumbered(item: Object) -> Object:
    changed = copy.deepcopy(item)
    del changed["spec"]["replicas"]
    return changed


KEDA: Object = {
    "kind": "ScaledObject",
    "metadata": {"name": "shop", "namespace": "app"},
    "spec": {"minReplicaCount": 2, "maxReplicaCount": 9, "scaleTargetRef": {"name": "shop"}},
}
TWO = "scales what another scales as well"
SHARED = "3 pods may share one node"
UNHELD = "3 pods have no budget for drains"
STUCK = "stops every drain: none of"
CASES: dict[str, tuple[list[Object], list[str]]] = {
    "sound": ([WORKLOAD, BUDGET], []),
    "one pod": ([with_spec(without_spread(WORKLOAD), replicas=1)], []),
    "no spread": ([without_spread(WORKLOAD), BUDGET], [SHARED]),
    "no budget": ([WORKLOAD], [UNHELD]),
    "scaled": ([scaled(WORKLOAD), SCALER, BUDGET], ["2 pods may share one node"]),
    "by the load": ([unnumbered(WORKLOAD), SCALER, BUDGET], []),
    "by the work": ([unnumbered(WORKLOAD), KEDA, BUDGET], []),
    "from nothing": ([unnumbered(WORKLOAD), with_spec(KEDA, minReplicaCount=0), BUDGET], []),
    "by two": ([unnumbered(WORKLOAD), SCALER, KEDA, BUDGET], [TWO, TWO]),
    "a number beside it": (
        [WORKLOAD, SCALER, BUDGET],
        ["scales what names a number of pods: each would set the other back"],
    ),
    "scaled in another namespace": (
        [WORKLOAD, BUDGET, elsewhere(SCALER)],
        ["scales nothing of the build"],
    ),
    "more at least than at most": (
        [unnumbered(WORKLOAD), with_spec(SCALER, maxReplicas=1), BUDGET],
        ["asks for 2 pods at least and 1 at most"],
    ),
    "budget of another namespace": (
        [WORKLOAD, elsewhere(BUDGET)],
        [UNHELD, "selects no pods of the build"],
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
    "database on one node": ([with_spec(DATABASE, affinity={})], [SHARED]),
    "database without budget": ([with_spec(DATABASE, enablePDB=False)], [UNHELD]),
    "lone primary": (
        [with_spec(DATABASE, instances=1)],
        ["a budget stops every drain of one pod"],
    ),
    "lone primary that may go": ([with_spec(DATABASE, instances=1, enablePDB=False)], []),
}


@pytest.mark.parametrize("case", CASES)
def test_rules(case: str) -> None:
    items, expected = CASES[case]
    assert facts(*items) == expected


GATEWAY: Object = {
    "replicaCount": 3,
    "topologySpreadConstraints": SPREAD["topologySpreadConstraints"],
    "podDisruptionBudget": {"enabled": True, "maxUnavailable": 1},
}
STORE: Object = {"master": {"replicas": 3}}
CACHE: Object = {
    "replica": {"enabled": True, "replicas": 2},
    "topologySpreadConstraints": SPREAD["topologySpreadConstraints"],
    "podDisruptionBudget": {"enabled": True},
}
CHARTS: dict[str, tuple[str, Object, list[str]]] = {
    "sound": ("apisix", GATEWAY, []),
    "no spread": ("apisix", GATEWAY | {"topologySpreadConstraints": []}, [SHARED]),
    "no budget": ("apisix", GATEWAY | {"podDisruptionBudget": {"enabled": False}}, [UNHELD]),
    "one of one must stay": (
        "apisix",
        {"podDisruptionBudget": {"enabled": True, "minAvailable": 1}},
        ["a budget stops every drain of one pod"],
    ),
    "budget beside the chart": ("seaweedfs", STORE, [UNHELD]),
    "copies": ("valkey", CACHE, []),
    "copies without budget": ("valkey", CACHE | {"podDisruptionBudget": {}}, [UNHELD]),
    "copies that are off": ("valkey", {"replica": {"enabled": False, "replicas": 2}}, []),
}


@pytest.mark.parametrize("case", CHARTS)
def test_rules_for_charts(case: str) -> None:
    chart, values, expected = CHARTS[case]
    place = {"kind": "Release", "metadata": {"name": "shop", "namespace": "app"}}
    assert told(check_availability([], pods.of_chart(chart, place, "shop", values))) == expected


def test_a_budget_beside_a_chart_counts() -> None:
    place = {"kind": "Release", "metadata": {"name": "shop", "namespace": "app"}}
    labels = {"app.kubernetes.io/name": "seaweedfs", "app.kubernetes.io/component": "master"}
    budget = with_spec(BUDGET, selector={"matchLabels": labels})
    assert check_availability([budget], pods.of_chart("seaweedfs", place, "shop", STORE)) == []


def test_several_pods_that_the_table_does_not_name_are_told() -> None:
    values = {"filer": {"replicas": 2}, "master": {"replicas": 3}, "s3": {"replicas": 1}}
    assert list(pods.unknown_numbers("seaweedfs", values)) == ["filer.replicas"]


# What stays one pod, by labels: types and the stack file say why.
ALONE = {"fastmcp", "grafana"}


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_the_profile_of_the_example_reaches_its_pods(environment: str) -> None:
    """`ha` gives every kind of pods several, but where its type says why not."""
    overlay = EXAMPLE / "out/k8s/deploy/overlays" / environment
    groups = pods.of_items(build(overlay)) + tree_rules.pods_of_charts(overlay)
    assert len(groups) > 15
    alone = [group.labels for group in groups if group.replicas == 1]
    if environment == "prod":
        assert [labels for labels in alone if not ALONE & set(labels.values())] == []
    else:
        assert len(alone) > 10


SHARED_DATABASE: Object = {
    "apiVersion": "stacktic.io/v1",
    "kind": "Stack",
    "name": "shop",
    "domain": "shop.example.com",
    "gitops": {"repository": "https://git.example.com/shop.git"},
    "environments": {"dev": {}, "prod": {"cluster": {"name": "prod"}, "profile": "ha"}},
    "components": {
        "grafana": {"type": "grafana"},
        "cnpg": {"type": "cnpg", "sub_components": {"grafana_db": {"type": "database"}}},
        "argo-cd": {"type": "argo_cd"},
    },
    "links": [{"from": "grafana", "to": "cnpg/grafana_db", "type": "storage"}],
}


def test_pods_that_share_a_database_keep_to_every_rule(binary: Path, tmp_path: Path) -> None:
    """Grafana has one pod in the example: here it has a database, and two."""
    (tmp_path / "stack.yaml").write_text(json.dumps(SHARED_DATABASE), encoding="utf-8")
    subprocess.run([binary, "gen", "stack.yaml"], cwd=tmp_path, check=True, capture_output=True)
    out = tmp_path / "out"
    assert tree_rules.check_tree(out) == []
    groups = tree_rules.pods_of_charts(out / "k8s/deploy/overlays/prod")
    (grafana,) = [one for one in groups if one.labels.get("app.kubernetes.io/name") == "grafana"]
    assert grafana.replicas == 2
