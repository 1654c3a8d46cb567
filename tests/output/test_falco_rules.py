"""Rules of Falco that a stack adds hold where Falco is linked, and nowhere else.

In: the binary (STACKTIC_BIN), a golden stack with rules of its own. Must not know how values are
made. Falco itself is not run.
"""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from output_checker import yaml_reading
from output_checker.places import ROOT

GOLDEN = ROOT / "tests" / "golden" / "processes_are_watched_where_linked"
FIELDS = {"rule", "desc", "condition", "output", "priority"}

Json = dict[str, Any]


@pytest.fixture(scope="module")
def out(binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("falco")
    shutil.copy(GOLDEN / "stack.yaml", folder)
    subprocess.run([binary, "gen", "stack.yaml"], cwd=folder, check=True, capture_output=True)
    return folder / "out"


def rules(out: Path, name: str) -> list[Json]:
    values = yaml_reading.read_file(out / f"k8s/deploy/base/{name}/values.yaml")
    return [one for one in yaml.safe_load(values["customRules"]["stacktic.yaml"]) if "rule" in one]


def own(out: Path, name: str) -> dict[str, Json]:
    return {one["rule"]: one for one in rules(out, name) if "override" not in one}


def test_rules_of_the_stack_are_whole(out: Path) -> None:
    found = own(out, "falco")
    assert sorted(found) == ["Miner started", "nc"]
    assert all(set(one) == FIELDS for one in found.values())


def test_they_hold_where_falco_is_linked(out: Path) -> None:
    miner = own(out, "falco")["Miner started"]
    assert miner["condition"] == '(spawned_process and proc.name in ("xmrig", minerd)) and linked'


def test_none_takes_the_place_of_another(out: Path) -> None:
    names = [one["rule"] for one in rules(out, "falco")]
    assert len(names) == len(set(names))


def test_without_rules_those_of_the_image_are_all(out: Path) -> None:
    assert own(out, "nodes") == {}
