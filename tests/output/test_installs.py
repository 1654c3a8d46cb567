"""Random stacks install: `verify --install` has nothing to say of any of them, in any environment.

In: stacks that are drawn so that every legal link comes up, with an environment in a cluster of its
own. Out: no problem, and in each Application the objects that kustomize really builds.
"""

import json
import random
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from levels import kinds, runs
from levels.stacks import Maker
from output_checker import build

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "generated-example" / "out"
# So many random stacks altogether, a part in each test.
STACKS = 200
PARTS = 8
# Of those in each part: stacks whose components cannot be what `ha` asks for, such as a Loki
# without a bucket, as a finding says.
MOST_WITHOUT_HA = STACKS // PARTS - 5
PROD: dict[str, Any] = {"cluster": {"name": "prod"}, "domain": "prod.example.com"}


def verified(binary: Path, out: Path) -> dict[str, Any]:
    command = [binary, "verify", "--install", out, "-o", "json"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.stdout, done.stderr
    return json.loads(done.stdout)


def sources(kind: str) -> list[dict[str, Any]]:
    """The operators of a type, each as its entry says where it comes from."""
    entry = yaml.safe_load((ROOT / "catalog" / kind / "component.yaml").read_text())
    install = entry.get("install", {})
    return [
        *[install[key] for key in ["operator"] if key in install],
        *install.get("more_operators", []),
    ]


def of_others(draw: random.Random, document: dict[str, Any]) -> dict[str, str]:
    """Operators that the stack leaves to others: of types that have one in a place of its own."""
    found = {one["type"] for one in document["components"].values() if "external" not in one}
    shared = [
        kind
        for kind in sorted(found)
        if any("namespace" in (one.get("chart") or one["git"]) for one in sources(kind))
    ]
    return {kind: "external" for kind in shared if draw.random() < 0.3}


@pytest.mark.parametrize("part", range(PARTS))
def test_random_stacks_install(binary: Path, tmp_path: Path, part: int) -> None:
    legal = kinds.legal(binary)
    draw = random.Random(part)
    maker = Maker(legal, kinds.forms(binary, legal), draw)
    made = without_ha = 0
    while made < STACKS // PARTS:
        folder = tmp_path / str(made)
        try:
            draft, _ = runs.settle(binary, folder, maker.stack())
        except runs.RefusedError:
            continue
        document = draft.document()
        document["operators"] = of_others(draw, document)
        document["environments"] = {"dev": {}, "prod": {**PROD, "profile": "ha"}}
        if runs.gen(binary, folder, document).returncode == 1:
            document["environments"]["prod"] = PROD
            without_ha += 1
        done = runs.gen(binary, folder, document)
        assert done.returncode == 0, done.stderr
        found = verified(binary, folder / "out")
        assert found["problems"] == [], json.dumps(document)
        assert [one["name"] for one in found["environments"]] == ["dev", "prod"]
        made += 1
    assert without_ha <= MOST_WITHOUT_HA


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_the_simulation_sees_what_kustomize_builds(binary: Path, environment: str) -> None:
    found = verified(binary, EXAMPLE)
    assert found["problems"] == []
    (seen,) = (one for one in found["environments"] if one["name"] == environment)
    counts = {one["name"].rsplit(".", 1)[-1]: one["objects"] for one in seen["applications"]}
    base = EXAMPLE / "k8s" / "deploy" / "base"
    names = [folder.name for folder in base.iterdir() if folder.name != "_operators"]
    assert len(names) > 10
    for name in names:
        built = build.build(build.nearest(EXAMPLE, environment, name))
        assert counts[name.removeprefix("_")] == len(built), name
