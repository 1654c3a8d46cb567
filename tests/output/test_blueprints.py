"""Each blueprint passes every check of the checker, in both profiles.

In: blueprints/. Out: no finding, and no other change in a second run.
Must not know a rule.
"""

import subprocess
from pathlib import Path

import pytest

import built_stacks
from output_checker.places import ROOT
from output_checker.tree_rules import check_tree

BLUEPRINTS = sorted((ROOT / "blueprints").glob("*.yaml"))


@pytest.fixture(scope="module")
def outs(binary: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """What is generated of each, by its name."""
    folder = tmp_path_factory.mktemp("blueprints")
    return {one.stem: built_stacks.blueprint(binary, folder, one) for one in BLUEPRINTS}


@pytest.mark.parametrize("name", [one.stem for one in BLUEPRINTS])
def test_a_blueprint_has_no_finding(binary: Path, outs: dict[str, Path], name: str) -> None:
    out = outs[name]
    overlays = sorted(path.name for path in (out / "k8s" / "deploy" / "overlays").iterdir())
    assert len(overlays) > 1
    assert [str(finding) for finding in check_tree(out, overlays)] == []
    again = [binary, "gen", "--check", out.parent / "stack.yaml"]
    done = subprocess.run(again, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
