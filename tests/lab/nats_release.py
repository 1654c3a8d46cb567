"""What was generated for NATS, and its jobs run as Kubernetes would run them.

In: the output of a run, a component of it. Out: values, passwords, and what the scripts print. Must
not know what a user may do.
"""

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import go_tools
from output_checker import helm_values, yaml_reading

Json = dict[str, Any]


@dataclass(frozen=True)
class Release:
    """The files of one component."""

    out: Path
    name: str
    secrets: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])

    def values(self, environment: str = "") -> Json:
        """Return the values of the release, as Helm puts them together."""
        values: Json = yaml_reading.read_file(self.base / "values.yaml")
        over = self.out / "k8s/deploy/overlays" / environment / self.name / "values.yaml"
        if environment and over.exists():
            values = helm_values.merge(values, yaml_reading.read_file(over))
        given: list[Any] = list(values["container"]["env"].values())
        for place in (one["valueFrom"] for one in given if not isinstance(one, str)):
            if key := place.get("secretKeyRef"):
                self.secrets.setdefault(key["name"], {})[key["key"]] = password(key["key"])
        return values

    @property
    def base(self) -> Path:
        return self.out / "k8s/deploy/base" / self.name

    def run(
        self, folder: Path, job: str, places: Mapping[str, str], variables: Mapping[str, str]
    ) -> str:
        """Run the script of a job; `places` are addresses, and where they lead here."""
        folder.mkdir(exist_ok=True)
        for name, text in yaml_reading.read_file(self.base / f"{job}.yaml")["data"].items():
            for address, place in places.items():
                text = text.replace(address, place)
            (folder / name).write_text(text)
        path = f"{go_tools.program('nats').parent}:{os.environ['PATH']}"
        home = {"XDG_CONFIG_HOME": str(folder), "HOME": str(folder), "TMPDIR": str(folder)}
        done = subprocess.run(
            ["sh", "-eu", str(folder / f"{job}.sh")],
            env={**os.environ, **home, "PATH": path, **variables},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr


def password(key: str) -> str:
    """Return a password that a careless reader would take for a number, a variable or a quote.

    That of routes stands in an address, and is as the skeleton asks for it.
    """
    return "12e5Letters" if key == "routes" else f'12e5 $HOME "\\{key}'
