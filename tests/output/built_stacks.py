"""What is applied to clusters: the example, golden stacks and blueprints, each in both profiles.

In: the binary, a folder to write in. Out: the objects of each environment, by a name for people.
Must not know a rule.
"""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import yaml

from output_checker.build import build
from output_checker.finding import Object
from output_checker.places import EXAMPLE, ROOT

GOLDEN = ROOT / "tests" / "golden"
BLUEPRINTS = ROOT / "blueprints"
HA: dict[str, Any] = {"profile": "ha", "cluster": {"name": "ha"}, "domain": "ha.example.com"}
# What a component cannot be as it is linked; it stays what it is without the profile.
CANNOT = re.compile(r"`(\S+)` has no link `\w+`, without which `(\w+)` must be (\d+)")


def built(binary: Path, folder: Path) -> dict[str, list[Object]]:
    """The objects of every overlay of every stack."""
    outs = {"example": EXAMPLE / "out", **dict(_golden(binary, folder))}
    for one in sorted(BLUEPRINTS.glob("*.yaml")):
        outs[f"blueprint {one.stem}"] = blueprint(binary, folder, one)
    overlays = {
        f"{name}, {overlay.name}": overlay
        for name, out in outs.items()
        for overlay in sorted((out / "k8s" / "deploy" / "overlays").iterdir())
    }
    with ThreadPoolExecutor() as pool:
        return dict(zip(overlays, pool.map(build, overlays.values()), strict=True))


def blueprint(binary: Path, folder: Path, stack: Path) -> Path:
    """Generate a blueprint, in both profiles where it has one alone, with what Argo CD reads."""
    copy = folder / f"blueprint-{stack.stem}"
    copy.mkdir()
    document = yaml.safe_load(stack.read_text("utf-8"))
    document.setdefault("gitops", {"repository": "https://git.example.com/stack.git"})
    environments = document["environments"]
    if not any("profile" in one for one in environments.values()):
        environments["ha"] = HA
    return generated(binary, copy, document)


def _golden(binary: Path, folder: Path) -> Iterator[tuple[str, Path]]:
    for case in sorted(GOLDEN.iterdir()):
        stack = case / "stack.yaml"
        if case.name.startswith("err_") or not stack.is_file():
            continue
        document = yaml.safe_load(stack.read_text("utf-8"))
        if document.get("components"):
            copy = folder / case.name
            shutil.copytree(case, copy, ignore=shutil.ignore_patterns("expected"))
            document.setdefault("environments", {"dev": {}, "ha": HA})
            yield case.name, generated(binary, copy, document)


def generated(binary: Path, folder: Path, document: dict[str, Any]) -> Path:
    """Generate the stack, and leave a component out of a profile that it cannot follow."""
    given = folder / "args.txt"
    arguments = given.read_text("utf-8").split() if given.is_file() else []
    stays: dict[str, Any] = {}
    while True:
        (folder / "stack.yaml").write_text(json.dumps(document))
        command = [binary, "gen", *arguments]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return folder / "out"
        found = CANNOT.findall(done.stderr)
        assert found, f"{folder.name}: {done.stderr}"
        assert not stays.keys() & {name for name, _, _ in found}, done.stderr
        stays |= {name: {"attributes": {key: int(value)}} for name, key, value in found}
        document["environments"]["ha"] = HA | {"components": stays}
