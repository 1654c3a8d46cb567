"""Programs of Debian or Ubuntu packages for tests, without installing anything.

In: the name of a program and of its package. Out: the path of the program: from PATH, or
unpacked below `target/debs`. Must not know what a program does; those that tests take this way
are linked against libc alone and run as any user.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

DEBS = Path(__file__).resolve().parents[3] / "target" / "debs"


class PackageMissingError(RuntimeError):
    """Neither the program nor a way to get it is there."""


def find_program(program: str, package: str) -> Path:
    """Return the program: from PATH, from `target/debs`, or freshly unpacked there."""
    installed = shutil.which(program)
    unpacked = DEBS / package / "usr" / "bin" / program
    if installed:
        return Path(installed)
    if not unpacked.exists():
        _unpack(package, DEBS)
    return unpacked


def _unpack(package: str, folder: Path) -> None:
    """Download the package and unpack it; neither step needs root."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        _run(["apt-get", "download", package], folder)
        archive = next(folder.glob(f"{package}_*.deb"))
        _run(["dpkg", "-x", archive.name, f"{package}.new"], folder)
    except (OSError, subprocess.CalledProcessError, StopIteration) as error:
        message = f"the Debian package `{package}` could not be unpacked; install it"
        raise PackageMissingError(message) from error
    (folder / f"{package}.new").rename(folder / package)
    archive.unlink()


def _run(command: list[str], folder: Path) -> None:
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=300)
