"""What the tests of the lab share: the program under test, and an API server for each environment.

In: STACKTIC_BIN (default target/release/stacktic), Go. Out: fixtures. Without Go nothing is
started, and each test says so.
"""

import os
import sys
from collections.abc import Generator
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / one) for one in ("lab", "output", "tools")]

import cluster as lab
import go_tools
from output_checker.places import ROOT


@pytest.fixture(scope="session")
def binary() -> Path:
    """The program under test; without it there is nothing to prove."""
    path = Path(os.environ.get("STACKTIC_BIN", ROOT / "target" / "release" / "stacktic"))
    assert path.is_file(), f"{path} is absent: build it, or name it in STACKTIC_BIN"
    return path.resolve()


@pytest.fixture(scope="session", autouse=True)
def with_go() -> None:
    """The programs of the lab are built of Go modules."""
    if go_tools.go() is None:
        pytest.skip("no `go` on PATH: nothing was tried on a real Kubernetes API server")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Generator[lab.Cluster]:
    """An API server that nobody has put anything into."""
    with lab.running(tmp_path_factory.mktemp("cluster")) as running:
        yield running
