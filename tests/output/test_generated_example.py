"""The committed example passes every check of the checker.

In: generated-example/out. Out: no finding, for each overlay.
Must not know a rule; test_check_output.py proves that the checker can fail.
"""

from pathlib import Path

import pytest

from output_checker.build import build, nearest
from output_checker.places import EXAMPLE
from output_checker.tree_rules import check_tree

OUT = EXAMPLE / "out"
OVERLAYS = sorted(path.parent.name for path in OUT.glob("k8s/deploy/overlays/*/kustomization.yaml"))
# Operators are taken from repositories elsewhere.
BASES = [path for path in OUT.glob("k8s/deploy/base/*/") if path.name != "_operators"]


def test_there_is_a_dev_overlay() -> None:
    assert "dev" in OVERLAYS, f"{OUT} is absent or has no dev overlay"


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_an_overlay_has_no_finding(overlay: str) -> None:
    assert [str(finding) for finding in check_tree(OUT, [overlay])] == []


@pytest.mark.parametrize(
    "folder",
    sorted({nearest(OUT, overlay, base.name) for overlay in OVERLAYS for base in BASES}),
    ids=lambda path: path.name,
)
def test_a_folder_builds_alone_as_an_application_does(folder: Path) -> None:
    assert build(folder)
