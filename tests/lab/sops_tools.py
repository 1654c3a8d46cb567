"""The programs that encrypted secret files are made and built with.

In: PATH, `target/lab/bin`, and go where it answers. Out: the folder of programs, or why there is
none. Must not know what is encrypted.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BIN = ROOT / "target" / "lab" / "bin"
AGE = "v1.2.1"
MODULES = {
    "age-keygen": f"filippo.io/age/cmd/age-keygen@{AGE}",
    "kustomize": "sigs.k8s.io/kustomize/kustomize/v5@v5.7.1",
    # The module is called without its major version, so that no tag of it is one of the module's:
    # this is the commit of the tag v4.3.3.
    "ksops": "github.com/viaduct-ai/kustomize-sops@294de9d6ac8c",
}
BUILT_WITHIN_S = 900


class AbsentError(Exception):
    """A program that is not here and cannot be made here."""


def path() -> str:
    """PATH with the programs of the lab in front."""
    return os.pathsep.join([str(BIN), os.environ.get("PATH", os.defpath)])


def ensure(program: str) -> Path:
    """Find a program, or make it of its Go module."""
    found = shutil.which(program, path=path())
    if found is None:
        _install(program)
        found = shutil.which(program, path=path())
    if found is None:
        raise AbsentError(f"`{program}` is not on PATH")
    return Path(found)


def _install(program: str) -> None:
    module = MODULES.get(program)
    if module is None or shutil.which("go") is None:
        raise AbsentError(f"`{program}` is not on PATH, and no go makes it")
    BIN.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "GOBIN": str(BIN), "GOFLAGS": "-modcacherw"}
    made = subprocess.run(
        ["go", "install", module],
        env=environment,
        capture_output=True,
        text=True,
        timeout=BUILT_WITHIN_S,
        check=False,
    )
    if made.returncode != 0:
        told = made.stderr.strip().splitlines()
        raise AbsentError(f"`go install {module}`: {told[-1] if told else 'failed'}")
    # Go calls a program after the last part of its package.
    made_as = BIN / module.partition("@")[0].rpartition("/")[2]
    if program == "ksops":
        made_as.rename(BIN / program)
