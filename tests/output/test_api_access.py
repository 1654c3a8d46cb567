"""Only pods whose account has rights at the Kubernetes API reach it.

In: objects written here, the golden trees, random stacks. Out: one assertion a rule, and no finding
in any environment of any tree.
Must not know a type.
"""

import copy
import random
import subprocess
from pathlib import Path
from typing import Any

import pytest

from levels import kinds, runs
from levels.stacks import Maker
from output_checker import tree_rules
from output_checker.api_access_rules import Release, callers, check_api_access
from output_checker.build import build
from output_checker.places import EXAMPLE, ROOT

Object = dict[str, Any]
STACKS = 20
# Cases of stacks that are none, or have nothing to build.
NOTHING = ("err_", "empty_")
GOLDEN = sorted(
    path
    for path in (ROOT / "tests" / "golden").glob("*/stack.yaml")
    if not path.parent.name.startswith(NOTHING)
)

LABELS = {"app.kubernetes.io/name": "agent"}
OPEN = {"ports": [{"port": 443}, {"port": 6443}]}
POD: Object = {
    "serviceAccountName": "agent",
    "automountServiceAccountToken": False,
    "volumes": [{"name": "token", "projected": {"sources": [{"serviceAccountToken": {}}]}}],
}


def placed(kind: str, **fields: Any) -> Object:
    return {"kind": kind, "metadata": {"name": "agent", "namespace": "mcp"}, **fields}


def policy(*egress: Object, among: list[Object] | None = None) -> Object:
    selector: Object = {"matchLabels": LABELS, "matchExpressions": among or []}
    return placed("NetworkPolicy", spec={"podSelector": selector, "egress": list(egress)})


def workload(**pod: Any) -> Object:
    template = {"metadata": {"labels": LABELS}, "spec": POD | pod}
    return placed("Deployment", spec={"template": template})


def among(*names: str) -> list[Object]:
    return [{"key": "app.kubernetes.io/name", "operator": "In", "values": list(names)}]


BINDING = placed("RoleBinding", subjects=[{"kind": "ServiceAccount", "name": "agent"}])
ELSEWHERE = {"kind": "ServiceAccount", "name": "agent", "namespace": "other"}
UNUSED = "a policy opens the Kubernetes API to pods that have no rights there (agent)"
CLOSED = "no policy lets pods with rights at the Kubernetes API reach it (agent)"
CASES: dict[str, tuple[list[Object], list[str]]] = {
    "sound": ([workload(), BINDING, policy(OPEN)], []),
    "among others": ([workload(), BINDING, policy(OPEN, among=among("agent", "x"))], []),
    "no rights": ([workload(), policy(OPEN)], [UNUSED]),
    "rights of another": (
        [workload(), BINDING | {"subjects": [ELSEWHERE]}, policy(OPEN)],
        [UNUSED],
    ),
    "no token": ([workload(volumes=[]), BINDING, policy(OPEN)], [UNUSED]),
    "mounted token": (
        [workload(volumes=[], automountServiceAccountToken=True), BINDING, policy(OPEN)],
        [],
    ),
    "closed": ([workload(), BINDING, policy()], [CLOSED]),
    "closed to it": ([workload(), BINDING, policy(OPEN, among=among("x"))], [CLOSED]),
    "half open": ([workload(), BINDING, policy({"ports": [{"port": 443}]})], [CLOSED]),
    "to some alone": (
        [workload(), BINDING, policy(OPEN | {"to": [{"podSelector": {}}]})],
        [CLOSED],
    ),
    "web": ([workload(), policy({"ports": [{"port": 443}]})], []),
    "nobody denies": ([workload(), BINDING], []),
}


@pytest.mark.parametrize("case", CASES)
def test_rules(case: str) -> None:
    items, expected = CASES[case]
    assert [one.fact for one in check_api_access(copy.deepcopy(items), [])] == expected


def of_chart(chart: str, values: Object, *items: Object) -> list[str]:
    release = Release(chart, "agent", "mcp", values)
    everyone = placed("NetworkPolicy", spec={"podSelector": {}, "egress": [OPEN]})
    return [one.fact for one in check_api_access([everyone, *items], [release])]


def test_rules_for_charts() -> None:
    off = {"rbac": {"create": False}}
    assert of_chart("alloy", {}) == []
    assert of_chart("alloy", off) == [UNUSED.replace("agent", "agent alloy")]
    assert of_chart("alloy", off, BINDING) == []
    assert of_chart("grafana", {}) == []
    assert of_chart("grafana", {"automountServiceAccountToken": False}) != []
    assert of_chart("valkey", {}) != []
    assert of_chart("unheard-of", {}) == ["nobody knows the accounts of the chart unheard-of"]


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_the_example_has_both(environment: str) -> None:
    overlay = EXAMPLE / "out/k8s/deploy/overlays" / environment
    found = callers(build(overlay), tree_rules.releases_of(overlay))
    entitled = [one for one in found if one.is_entitled]
    assert len(entitled) > 15
    assert len(found) - len(entitled) > 15
    assert check_api_access(build(overlay), tree_rules.releases_of(overlay)) == []


@pytest.mark.parametrize("stack", GOLDEN, ids=lambda path: path.parent.name)
def test_golden_stacks(binary: Path, tmp_path: Path, stack: Path) -> None:
    out = tmp_path / "out"
    catalogs = [f"--catalog={folder}" for folder in stack.parent.glob("extra")]
    command = [binary, "gen", stack, "--out", out, *catalogs]
    subprocess.run(command, check=True, capture_output=True)
    for overlay in (out / "k8s/deploy/overlays").glob("*"):
        assert check_api_access(build(overlay), tree_rules.releases_of(overlay)) == []


def test_random_stacks(binary: Path, tmp_path: Path) -> None:
    legal = kinds.legal(binary)
    maker = Maker(legal, kinds.forms(binary, legal), random.Random(6443))
    seen = 0
    for number in range(STACKS):
        folder = tmp_path / str(number)
        try:
            draft, _ = runs.settle(binary, folder, maker.stack())
        except runs.RefusedError:
            continue
        overlay = folder / "out/k8s/deploy/overlays/dev"
        items, releases = build(overlay), tree_rules.releases_of(overlay)
        assert check_api_access(items, releases) == [], draft.document()
        seen += sum(one.is_entitled for one in callers(items, releases))
    assert seen > STACKS
