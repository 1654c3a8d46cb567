"""A new value of a Secret whose name stays changes what makes the pods begin anew.

In: a stack with a chart and custom resources that name Secrets, before and after `secrets fill` and
a rotation. Out: the annotations of pods, in values and in what kustomize builds.
Must not know how the word is made.
"""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from output_checker import yaml_reading
from output_checker.build import build, nearest

ANNOTATION = "stacktic.io/rollout"
STACK = {
    "apiVersion": "stacktic.io/v1",
    "kind": "Stack",
    "name": "shop",
    "domain": "shop.example.com",
    "components": {
        "api": {"type": "fastapi", "attributes": {"image": "registry.example.com/api:1.0.0"}},
        "cache": {"type": "valkey"},
        "events": {
            "type": "clickhouse",
            "sub_components": {"clicks": {"type": "database"}},
        },
    },
    "links": [
        {"from": "api", "to": "cache", "access": "write"},
        {"from": "api", "to": "events/clicks", "access": "write"},
    ],
}


@pytest.fixture
def out(binary: Path, tmp_path: Path) -> Path:
    (tmp_path / "stack.yaml").write_text(json.dumps(STACK), encoding="utf-8")
    stacktic(binary, tmp_path, "gen", "stack.yaml")
    return tmp_path / "out"


def stacktic(binary: Path, folder: Path, *arguments: str) -> None:
    done = subprocess.run(
        [binary, *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def words(value: Any) -> list[str]:
    """Every word in a document."""
    if isinstance(value, list):
        return [word for item in value for word in words(item)]
    if not isinstance(value, dict):
        return []
    own = [str(value[ANNOTATION])] if ANNOTATION in value else []
    return own + [word for item in value.values() for word in words(item)]


def of_chart(out: Path) -> list[str]:
    return words(yaml_reading.read_file(out / "k8s/deploy/base/cache/values-rollout.yaml"))


def of_pods(out: Path) -> list[str]:
    built = build(nearest(out, "dev", "events"))
    servers = [one for one in built if one["kind"] == "ClickHouseInstallation"]
    templates = [one["spec"]["templates"]["podTemplates"][0]["metadata"] for one in servers]
    return words(templates)


def of_workload(out: Path) -> list[str]:
    """The Secrets of a workload of ours, whose names follow from their values."""
    built = build(nearest(out, "dev", "api"))
    return [one["metadata"]["name"] for one in built if one["kind"] == "Secret"]


def test_a_rotation_reaches_both_ends_and_no_other(binary: Path, out: Path) -> None:
    assert of_chart(out) == of_pods(out) == ["first"]
    stacktic(binary, out.parent, "secrets", "fill", "stack.yaml")
    chart, pods, own = of_chart(out), of_pods(out), of_workload(out)
    assert len(chart) == len(pods) == len(own) == 1
    assert "first" not in {*chart, *pods}
    stacktic(binary, out.parent, "secrets", "rotate", "api:cache", "stack.yaml")
    assert of_chart(out) != chart
    assert of_pods(out) == pods
    assert of_workload(out) != own
    stacktic(binary, out.parent, "gen", "--check", "stack.yaml")


def test_a_file_that_its_owner_changed_stays_as_it_is(binary: Path, out: Path) -> None:
    file = out / "k8s/deploy/base/cache/values-rollout.yaml"
    file.write_text("podAnnotations: {team: shop}\n", encoding="utf-8")
    stacktic(binary, out.parent, "secrets", "fill", "stack.yaml")
    assert file.read_text(encoding="utf-8") == "podAnnotations: {team: shop}\n"
