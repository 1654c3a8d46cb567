"""Set-up on any day: what the locks install does not change when newer releases come out.

In: the two locks, the environment that was made from them, two releases of pip.
Out: the same versions, whatever else an index holds; a lock that is not whole is noticed.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import installers
from local_index import LocalIndex, local_index, pins_of

HERE = Path(__file__).resolve().parent
SERVER_LOCK = installers.REPOSITORY / "catalog" / "fastmcp" / "build" / "requirements.txt"
TESTS_LOCK = installers.REPOSITORY / "tests" / "requirements.txt"
# The oldest pip that a Python 3.12 brings, and a new one; each with its hash.
PIPS = sorted(path.stem for path in HERE.glob("pip-*.txt"))
INSTALLERS: list[Callable[[Path, Path, Path], list[list[str]]]] = [
    lambda environment, lock, _: installers.script(environment, lock),
    lambda environment, lock, _: installers.image(environment, lock),
    installers.dev,
]


@pytest.fixture(scope="module", params=PIPS)
def pip(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an environment that has this pip and nothing else."""
    folder = tmp_path_factory.mktemp(request.param)
    made = [sys.executable, "-m", "venv", "--without-pip", str(folder)]
    subprocess.run(made, check=True)
    words = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        str(folder / "bin" / "python"),
        "--quiet",
        "install",
    ]
    subprocess.run(
        [*words, "--no-deps", "--require-hashes", "-r", str(HERE / f"{request.param}.txt")],
        check=True,
    )
    version = run([str(folder / "bin" / "pip"), "--version"], {}).stdout.split()[1]
    assert f"pip-{version}" == request.param
    return folder


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> LocalIndex:
    """Return an index with newer releases of all that the server's lock names."""
    return local_index(tmp_path_factory.mktemp("index"), SERVER_LOCK)


def run(words: list[str], environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run one command with the index's settings of pip alone."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    return subprocess.run(
        words, capture_output=True, text=True, env={**clean, **environ}, check=False
    )


def installed(environment: Path) -> dict[str, str]:
    """Return the packages of an environment with their versions; pip itself is none of them."""
    (site,) = environment.glob("lib/python3*/site-packages")
    found = metadata.distributions(path=[str(site)])
    versions = {canonicalize_name(one.metadata["Name"]): one.version for one in found}
    return {name: version for name, version in versions.items() if name != "pip"}


def empty(environment: Path) -> None:
    """Take all packages but pip out again."""
    names = sorted(installed(environment))
    if names:
        run([str(environment / "bin" / "pip"), "uninstall", "--yes", "--quiet", *names], {})
    assert installed(environment) == {}


@pytest.mark.parametrize("commands", INSTALLERS, ids=["script", "image", "dev"])
def test_newer_releases_in_the_index_change_nothing(
    pip: Path,
    index: LocalIndex,
    tmp_path: Path,
    commands: Callable[[Path, Path, Path], list[list[str]]],
) -> None:
    empty(pip)
    for words in commands(pip, index.lock, tmp_path):
        done = run(words, index.environ())
        assert done.returncode == 0, done.stderr
    assert installed(pip) == index.pins


def test_the_index_does_hold_what_once_broke_the_set_up(pip: Path, index: LocalIndex) -> None:
    """With a resolver the same lock fails or is left: the index proves something."""
    empty(pip)
    words = [str(pip / "bin" / "pip"), "install", "--upgrade", "fastmcp"]
    assert run(words, index.environ()).returncode == 0
    assert installed(pip)["fastmcp"] != index.pins["fastmcp"]


@pytest.mark.parametrize("commands", INSTALLERS, ids=["script", "image", "dev"])
def test_a_lock_that_is_not_whole_is_noticed(
    pip: Path, tmp_path: Path, commands: Callable[[Path, Path, Path], list[list[str]]]
) -> None:
    empty(pip)
    broken = local_index(tmp_path / "index", SERVER_LOCK, without="anyio")
    done = [run(words, broken.environ()) for words in commands(pip, broken.lock, tmp_path)]
    assert done[-1].returncode != 0
    assert "anyio" in done[-1].stdout + done[-1].stderr
    assert "anyio" not in installed(pip)


@pytest.mark.parametrize(
    "locks", [[SERVER_LOCK], [SERVER_LOCK, TESTS_LOCK]], ids=["server", "tests"]
)
def test_a_lock_names_the_whole_closure_of_what_is_asked_for(locks: list[Path]) -> None:
    """`pip check` does not look at extras: walk from what is asked for to all that is declared."""
    pins: dict[str, str] = {}
    for lock in locks:
        for name, version in pins_of(lock).items():
            assert pins.setdefault(name, version) == version, f"two versions of {name}"
    reached = closure([line for lock in locks for line in asked_for(lock)], pins)
    assert sorted(reached) == sorted(pins)


def asked_for(lock: Path) -> list[Requirement]:
    """Return the requirements that a lock was made from."""
    text = lock.with_suffix(".in").read_text(encoding="utf-8")
    return [Requirement(line) for line in text.splitlines() if line and not line.startswith("#")]


def closure(asked: list[Requirement], pins: dict[str, str]) -> set[str]:
    """Return every package that is reached; one that is not pinned within its range fails."""
    reached: set[str] = set()
    seen: set[str] = set()
    waiting = list(asked)
    while waiting:
        requirement = waiting.pop()
        if str(requirement) in seen:
            continue
        seen.add(str(requirement))
        name = canonicalize_name(requirement.name)
        assert name in pins, f"{requirement} is not locked"
        assert requirement.specifier.contains(pins[name], prereleases=True), (
            f"{requirement}: {pins[name]} is locked"
        )
        reached.add(name)
        waiting += declared(name, requirement.extras)
    return reached


def declared(name: str, extras: set[str]) -> list[Requirement]:
    """Return what an installed package needs, with these of its extras, on this platform."""
    needs = [Requirement(line) for line in metadata.requires(name) or []]
    chosen = [{"extra": extra} for extra in sorted(extras)] or [{"extra": ""}]
    return [one for one in needs if one.marker is None or any(map(one.marker.evaluate, chosen))]
