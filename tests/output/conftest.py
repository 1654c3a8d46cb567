"""Shared parts of the output tests: the sample tree, the binary and the place of the checker.

In: tests/output/samples, STACKTIC_BIN (default target/release/stacktic). Out: fixtures.
Must not know a rule.
"""

import copy
import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import built_stacks
from output_checker.build import build
from output_checker.finding import Object
from output_checker.places import ROOT, SAMPLE


@pytest.fixture(scope="session")
def binary() -> Path:
    """The program under test; without it there is nothing to prove."""
    path = Path(os.environ.get("STACKTIC_BIN", ROOT / "target" / "release" / "stacktic"))
    assert path.is_file(), f"{path} is absent: build it, or name it in STACKTIC_BIN"
    return path.resolve()


@pytest.fixture(scope="session")
def clusters(binary: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Object]]:
    """What the example and each golden stack apply in each of their environments."""
    return built_stacks.built(binary, tmp_path_factory.mktemp("stacks"))


@pytest.fixture(scope="session")
def applied(clusters: dict[str, list[Object]]) -> list[Object]:
    """All of it, equal objects once: many stacks have some in common."""
    found = {json.dumps(item, sort_keys=True): item for items in clusters.values()
             for item in items}  # fmt: skip
    return list(found.values())


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the sample tree that a test may break."""
    return Path(shutil.copytree(SAMPLE, tmp_path / "out"))


@pytest.fixture(scope="session")
def built() -> list[dict[str, Any]]:
    """What the sample's overlay builds; copy before changing it."""
    return build(SAMPLE / "k8s" / "deploy" / "overlays" / "dev")


@pytest.fixture
def item(built: list[dict[str, Any]]) -> Callable[[str], dict[str, Any]]:
    """One built object of a kind, as a copy of its own."""
    return lambda kind: copy.deepcopy(next(one for one in built if one["kind"] == kind))
