"""Programs of Debian or Ubuntu packages for tests, without installing anything.

In: the name of a program and of its package. Out: the path of the program: from PATH, or
unpacked below `target/debs`, and the environment in which it finds its libraries. Must not know
what a program does; those that tests take this way run as any user.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

DEBS = Path(__file__).resolve().parents[3] / "target" / "debs"


class PackageMissingError(RuntimeError):
    """Neither the program nor a way to get it is there."""


def find_program(program: str, package: str) -> Path:
    """Return the program: from PATH, from `target/debs`, or freshly unpacked there."""
    installed = shutil.which(program)
    if installed:
        return Path(installed)
    if not (DEBS / package).exists():
        _unpack(package, DEBS)
    folders = [DEBS / package / "usr" / name for name in ("bin", "sbin")]
    return next(
        (one / program for one in folders if (one / program).exists()), folders[0] / program
    )


def library_path(package: str) -> dict[str, str]:
    """Return the environment with the libraries of an unpacked package before those installed.

    Of what the package needs, all but the C library, which is that of the machine.
    """
    if not (DEBS / package).exists():
        return dict(os.environ)
    told = subprocess.run(
        ["apt-cache", "depends", package], check=True, capture_output=True, text=True, timeout=60
    )
    lines = (line.strip() for line in told.stdout.splitlines())
    needed = [line.removeprefix("Depends: ") for line in lines if line.startswith("Depends: lib")]
    folders: list[str] = []
    for library in needed:
        if library == "libc6":
            continue
        if not (DEBS / library).exists():
            _unpack(library, DEBS)
        folders += {str(path.parent) for path in (DEBS / library).glob("usr/lib/**/*.so.*")}
        folders += {str(path.parent) for path in (DEBS / library).glob("lib/**/*.so.*")}
    return os.environ | {"LD_LIBRARY_PATH": ":".join(folders)}


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
