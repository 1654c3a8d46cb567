"""Builds programs out of Go modules, once, into target/lab.

In: go/<name>/go.mod, whose `tool` line says which package the program is, and its go.sum; for a
program of the lab's own also its source, as a package of `lab.invalid`. Out: the program's path.
Must not know what a program is for: a new one is a new folder.
"""

import fcntl
import functools
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "go"
BUILT = FOLDER.parents[2] / "target" / "lab"
AS_RELEASED = "// as released"
OWN = "lab.invalid/"


class BuildError(Exception):
    """Go refused a module, or could not fetch it."""


@functools.cache
def go() -> Path | None:
    """The Go command, where there is one."""
    found = shutil.which("go")
    return Path(found) if found else None


@functools.cache
def program(name: str) -> Path:
    """The program of this name; built unless it is newer than what its build follows from."""
    module = FOLDER / name
    package, version = _pinned((module / "go.mod").read_text(encoding="utf-8"))
    path = BUILT / f"{name}-{version}" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with (path.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _is_newer(path, module):
            _build(module, package, version, path)
    return path


def _pinned(text: str) -> tuple[str, str]:
    """The package of the `tool` line, and the version of the module that has it."""
    package = re.findall(r"^tool (\S+)$", text, re.MULTILINE)[0]
    if package.startswith(OWN):
        # Of what it is made of, the first that is named; the rest is in go.sum.
        return package, re.findall(r"^require \S+ (v\S+)$", text, re.MULTILINE)[0]
    versions = dict(re.findall(r"^(?:require |\t)(\S+) (v\S+)(?: //.*)?$", text, re.MULTILINE))
    return package, versions[max((one for one in versions if package.startswith(one)), key=len)]


def _is_newer(path: Path, module: Path) -> bool:
    files = (module / "go.mod", module / "go.sum", *module.glob("*.go"))
    return path.is_file() and all(path.stat().st_mtime > one.stat().st_mtime for one in files)


def _build(module: Path, package: str, version: str, path: Path) -> None:
    command = str(go())
    linked = " ".join(["-s -w", *(f"-X {key}={value}" for key, value in _told(version).items())])
    done = subprocess.run(
        [command, "build", "-trimpath", "-ldflags", linked, "-o", f"{path}.new", package],
        cwd=_place(module, package, version),
        # `-mod=readonly`: what is built is what go.sum says, or nothing.
        env={**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly -buildvcs=false"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise BuildError(f"{package} {version}: {done.stderr.strip()}")
    Path(f"{path}.new").replace(path)


def _place(module: Path, package: str, version: str) -> Path:
    """Where a program is built: one that says so in its own folder, where its `replace` counts.

    What Go fetches is what go.sum says, and the module's own go.sum says the same of all others.
    """
    if not (module / "go.mod").read_text(encoding="utf-8").startswith(AS_RELEASED):
        return module
    command = [str(go()), "mod", "download", "-json", f"{package}@{version}"]
    done = subprocess.run(command, cwd=module, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BuildError(f"{package} {version}: {done.stdout.strip()}{done.stderr.strip()}")
    return Path(json.loads(done.stdout)["Dir"])


def _told(version: str) -> dict[str, str]:
    """What Kubernetes asks its linker for; without it an API server calls itself v0.0.0 and ends.

    A program without this package takes no notice.
    """
    major, minor = version.removeprefix("v").split(".")[:2]
    values = {"gitVersion": version, "gitMajor": major, "gitMinor": minor}
    return {f"k8s.io/component-base/version.{key}": value for key, value in values.items()}
