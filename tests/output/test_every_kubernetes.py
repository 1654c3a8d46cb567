"""Whatever a stack applies, in either profile, is taken by every Kubernetes that stacks are for.

In: the objects of the example and of each golden stack, `kubernetes-validate`, CRD schemas with
their CEL rules. Out: no finding.
Must not know a stack; test_schema_rules.py and test_cel_rules.py prove that objects are refused.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from output_checker import built_in_schemas, cel_rules, crd_schemas
from output_checker.finding import Object

VERSIONS = built_in_schemas.versions()
# A floor, so that no rule is left out unseen: the stacks have more.
LEAST_OBJECTS = 900
LEAST_RULES = 500


def custom(items: list[Object]) -> Iterator[Object]:
    return (item for item in items if crd_schemas.is_known(item))


def test_every_version_from_the_oldest_on_is_asked() -> None:
    minors = [int(version.removeprefix("1.")) for version in VERSIONS]
    assert minors == list(range(31, 31 + len(minors)))
    assert minors[-1] >= 37


def test_both_profiles_are_asked(clusters: dict[str, list[Object]], applied: list[Object]) -> None:
    profiles = {name.partition(", ")[2] for name in clusters}
    assert {"dev", "ha", "prod"} <= profiles
    assert len(applied) >= LEAST_OBJECTS


@pytest.mark.parametrize("version", VERSIONS)
def test_a_version_takes_every_object(version: str, applied: list[Object]) -> None:
    known = [item for item in applied if not crd_schemas.is_known(item)]
    assert [str(finding) for item in known
            for finding in built_in_schemas.check_built_in(item, version)] == []  # fmt: skip


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("item", "fact"),
    [
        ({"apiVersion": "policy/v1beta1", "kind": "PodDisruptionBudget"}, "no schema"),
        ({"apiVersion": "v1", "kind": "Service", "spec": {"port": []}}, "'port' was unexpected"),
        ({"apiVersion": "v1", "kind": "ConfigMap", "data": {"number": 1}}, "is not of type"),
    ],
)
def test_a_version_refuses(version: str, item: dict[str, Any], fact: str) -> None:
    item = item | {"metadata": {"name": "x", "namespace": "shop"}}
    (finding,) = built_in_schemas.check_built_in(item, version)
    assert fact in finding.fact


def test_every_custom_resource_follows_its_schema(applied: list[Object]) -> None:
    assert [str(finding) for item in custom(applied)
            for finding in crd_schemas.check_custom_resource(item)] == []  # fmt: skip


def test_every_custom_resource_keeps_its_rules(
    applied: list[Object], capsys: pytest.CaptureFixture[str]
) -> None:
    asked = cel_rules.Asked()
    for item in custom(applied):
        asked.add(cel_rules.ask(item))
    with capsys.disabled():
        told = f"{asked.rules} CEL rules evaluated"
        print(f" {told}, {asked.transitions} left out, which compare with an older object")
    assert [str(finding) for finding in asked.findings] == []
    assert asked.rules >= LEAST_RULES
