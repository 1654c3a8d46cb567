"""Every type that is a workload of ours keeps to the rules, in each environment.

In: the binary (STACKTIC_BIN), catalog entries with `install: workload`. Out: their objects, and
what the checker says of them.
Must not know a type: what one needs follows from its attributes.
"""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from output_checker import presets
from output_checker.build import build, nearest
from output_checker.finding import Object
from output_checker.places import ROOT
from output_checker.tree_rules import check_tree

ENTRIES = [presets.read_entry(path) for path in sorted((ROOT / "catalog").glob("*/component.yaml"))]
WORKLOADS = {entry["type"]: entry for entry in ENTRIES if "workload" in entry["install"]}
APPLICATIONS = {
    name: entry for name, entry in WORKLOADS.items() if "application" in entry.get("roles", ())
}
OTHERS = {"argocd": {"type": "argo_cd"}, "prometheus": {"type": "prometheus"}}

Attributes = dict[str, Any]
Objects = dict[str, Object]


def stack_of(names: list[str], more: Attributes, prod: Attributes) -> dict[str, Any]:
    """One component a type, watched and published where it can be."""
    components: dict[str, Any] = {}
    for name in names:
        entry = WORKLOADS[name]
        known = {key: value for key, value in more.items() if key in entry["attributes"]}
        attributes = presets.required(entry) | known
        components[name.replace("_", "-")] = {"type": name, "attributes": attributes}

    def is_watched(name: str) -> bool:
        return "metrics" in WORKLOADS[components[name]["type"]]

    overrides = {
        name: {"attributes": {key: value for key, value in prod.items() if key in known_to(one)}}
        for name, one in components.items()
    }
    return {
        "apiVersion": "stacktic.io/v1",
        "kind": "Stack",
        "name": "shop",
        "domain": "shop.example.com",
        "gitops": {"repository": "https://git.example.com/shop.git"},
        "environments": {"dev": {}, "prod": {"cluster": {"name": "prod"}, "components": overrides}},
        "components": components | OTHERS,
        "links": [
            *(
                {"from": "argocd", "to": name}
                for name in [*components, *OTHERS]
                if name != "argocd"
            ),
            *({"from": "prometheus", "to": name} for name in components if is_watched(name)),
        ],
    }


def known_to(component: dict[str, Any]) -> set[str]:
    return set(WORKLOADS[component["type"]]["attributes"])


@pytest.fixture
def generate(binary: Path, tmp_path: Path) -> Callable[[dict[str, Any]], Path]:
    """Write a stack and generate its output."""

    def run(stack: dict[str, Any]) -> Path:
        (tmp_path / "stack.yaml").write_text(json.dumps(stack), encoding="utf-8")
        command = [binary, "gen", "stack.yaml"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return tmp_path / "out"

    return run


def objects(out: Path, environment: str, component: str) -> Objects:
    """The objects of a component by kind, ConfigMaps aside."""
    built = build(nearest(out, environment, component))
    return {one["kind"]: one for one in built if one["kind"] != "ConfigMap"}


def test_there_are_workloads_with_and_without_endpoints() -> None:
    assert {"endpoints" in entry for entry in WORKLOADS.values()} == {True, False}
    assert len(APPLICATIONS) > 1


@pytest.mark.parametrize(
    ("more", "prod"),
    [
        ({}, {}),
        ({"replicas": 1}, {"replicas": 3}),
        ({}, {"replicas": 1}),
        ({"max_replicas": 9}, {"max_replicas": 3, "replicas": 3}),
    ],
    ids=["defaults", "one-and-three", "two-and-one", "scaled-and-fixed"],
)
def test_workloads_keep_to_every_rule(
    generate: Callable[[dict[str, Any]], Path], more: Attributes, prod: Attributes
) -> None:
    out = generate(stack_of(list(WORKLOADS), more, prod))
    assert check_tree(out) == []


@pytest.mark.parametrize("name", APPLICATIONS)
def test_an_autoscaler_alone_sets_the_number_of_pods(
    generate: Callable[[dict[str, Any]], Path], name: str
) -> None:
    out = generate(stack_of([name], {"max_replicas": 9}, {"max_replicas": 2}))
    component = name.replace("_", "-")
    scaled, fixed = objects(out, "dev", component), objects(out, "prod", component)
    assert "replicas" not in scaled["Deployment"]["spec"]
    assert scaled["HorizontalPodAutoscaler"]["spec"]["maxReplicas"] == 9
    assert fixed["Deployment"]["spec"]["replicas"] == 2
    assert "HorizontalPodAutoscaler" not in fixed
    assert {"PodDisruptionBudget"} <= scaled.keys() & fixed.keys()


@pytest.mark.parametrize("name", APPLICATIONS)
def test_the_load_decides_in_a_highly_available_environment(
    generate: Callable[[dict[str, Any]], Path], name: str
) -> None:
    """Between what survives the loss of a node and three times as many; in all others nothing."""
    stack = stack_of([name], {}, {})
    stack["environments"]["prod"]["profile"] = "ha"
    out = generate(stack)
    component = name.replace("_", "-")
    assert "HorizontalPodAutoscaler" not in objects(out, "dev", component)
    spec = objects(out, "prod", component)["HorizontalPodAutoscaler"]["spec"]
    assert (spec["minReplicas"], spec["maxReplicas"]) == (3, 9)
    assert check_tree(out) == []


@pytest.mark.parametrize("name", APPLICATIONS)
def test_who_leaves_the_number_to_another_has_no_autoscaler(
    generate: Callable[[dict[str, Any]], Path], name: str
) -> None:
    stack = stack_of([name], {"max_replicas": 9}, {})
    stack["environments"]["prod"]["profile"] = "ha"
    component = name.replace("_", "-")
    stack["components"]["keda"] = {"type": "keda"}
    stack["links"] += [{"from": component, "to": "keda"}, {"from": "argocd", "to": "keda"}]
    out = generate(stack)
    for environment in ("dev", "prod"):
        made = objects(out, environment, component)
        assert "replicas" not in made["Deployment"]["spec"]
        assert made.keys() & {"HorizontalPodAutoscaler", "ScaledObject"} == {"ScaledObject"}


@pytest.mark.parametrize("name", APPLICATIONS)
@pytest.mark.parametrize(("base", "prod"), [(1, 2), (2, 1)])
def test_one_pod_has_no_budget_that_a_drain_waits_for(
    generate: Callable[[dict[str, Any]], Path], name: str, base: int, prod: int
) -> None:
    out = generate(stack_of([name], {"replicas": base}, {"replicas": prod}))
    for environment, replicas in (("dev", base), ("prod", prod)):
        made = objects(out, environment, name.replace("_", "-"))
        assert made["Deployment"]["spec"]["replicas"] == replicas
        assert ("PodDisruptionBudget" in made) == (replicas > 1)


@pytest.mark.parametrize("name", WORKLOADS)
def test_a_service_is_there_for_whoever_listens(
    generate: Callable[[dict[str, Any]], Path], name: str
) -> None:
    """Each port of the Service is one of the container, and the probes ask at one of them."""
    out = generate(stack_of([name], {}, {}))
    made = objects(out, "dev", name.replace("_", "-"))
    (container,) = made["Deployment"]["spec"]["template"]["spec"]["containers"]
    assert ("Service" in made) == ("endpoints" in WORKLOADS[name])
    opened = {port["name"] for port in container.get("ports", [])}
    served = made.get("Service", {"spec": {"ports": []}})["spec"]["ports"]
    assert {port["targetPort"] for port in served} == opened
    asked = {
        container[probe]["httpGet"]["port"]
        for probe in ("startupProbe", "readinessProbe", "livenessProbe")
        if probe in container
    }
    assert asked <= opened
