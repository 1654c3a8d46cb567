"""An application that is built from a repository says what to build, to every builder alike.

In: the binary (STACKTIC_BIN), types with files in the folder of an image. Out: the Compose file,
the page and the commands in it, compared with what is deployed.
Must not know a type: which of them are built stands in the catalog.
"""

import json
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest

from output_checker import presets, yaml_reading
from output_checker.build import build, nearest
from output_checker.places import ROOT

ENTRIES = [presets.read_entry(path) for path in sorted((ROOT / "catalog").glob("*/component.yaml"))]
BUILT = {
    entry["type"]: entry
    for entry in ENTRIES
    if any(file.get("area") == "build" for file in entry.get("files", ()))
}
MORE: dict[str, Any] = {
    "folder": "services/shop",
    "dockerfile": "build/Dockerfile",
    "stage": "runtime",
    "platform": "linux/arm64",
    "is_private": True,
}
FIRST = "dev"


def generated(binary: Path, folder: Path, kind: str, more: dict[str, Any]) -> Path:
    """One component of the type, called `shop`."""
    attributes = presets.required(BUILT[kind]) | more
    stack = {
        "apiVersion": "stacktic.io/v1",
        "kind": "Stack",
        "name": "shop",
        "domain": "shop.example.com",
        "environments": {FIRST: {}},
        "components": {"shop": {"type": kind, "attributes": attributes}},
    }
    (folder / "stack.yaml").write_text(json.dumps(stack), encoding="utf-8")
    command = [binary, "gen", "stack.yaml"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder / "out"


def commands(page: str) -> list[list[str]]:
    """The words of every command, with lines that go on joined."""
    lines = [line[4:] for line in page.splitlines() if line.startswith("    ")]
    return [shlex.split(line) for line in re.sub(r"\\\n\s*", "", "\n".join(lines)).splitlines()]


@pytest.mark.parametrize("kind", BUILT)
@pytest.mark.parametrize("more", [{}, MORE], ids=["least", "most"])
def test_what_is_built_is_what_is_deployed(
    binary: Path, tmp_path: Path, kind: str, more: dict[str, Any]
) -> None:
    out = generated(binary, tmp_path, kind, more)
    document = yaml_reading.read_file(out / "k8s/build/base/shop/compose.yaml")
    ((_, service),) = document["services"].items()
    made = build(nearest(out, FIRST, "shop"))
    (deployment,) = [one for one in made if one["kind"] == "Deployment"]
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    assert service["image"] == container["image"]
    source, given = service["build"], presets.required(BUILT[kind]) | more
    folder = f":{given['folder']}" if more else ""
    assert source["context"] == f"{given['repository']}#{given['revision']}{folder}"
    assert source["dockerfile"] == given.get("dockerfile", "Dockerfile")
    assert source.get("target") == given.get("stage")
    secrets = ["GIT_AUTH_TOKEN"] if more else []
    assert source.get("secrets", []) == secrets
    assert list(document.get("secrets", {})) == secrets


@pytest.mark.parametrize("kind", BUILT)
@pytest.mark.parametrize("more", [{}, MORE], ids=["least", "most"])
def test_the_page_says_the_same_to_a_builder_without_compose(
    binary: Path, tmp_path: Path, kind: str, more: dict[str, Any]
) -> None:
    out = generated(binary, tmp_path, kind, more)
    document = yaml_reading.read_file(out / "k8s/build/base/shop/compose.yaml")
    service = document["services"]["shop"]
    written = commands((out / "docs/build/shop.md").read_text(encoding="utf-8"))
    files = [word for words in written for word in words if word.endswith("compose.yaml")]
    assert files
    assert all((out / file).is_file() for file in files)
    (options,) = [words for words in written if words[0] == "buildctl"]
    assert f"context={service['build']['context']}" in options
    assert f"filename={service['build']['dockerfile']}" in options
    assert f"platform={service['build']['platforms'][0]}" in options
    assert (f"target={service['build'].get('target')}" in options) == bool(more)
    assert ("id=GIT_AUTH_TOKEN,env=GIT_AUTH_TOKEN" in options) == bool(more)
    assert f"type=image,name={service['image']},push=true" in options
    first_steps = (out / "docs/install.md").read_text(encoding="utf-8")
    assert f"| `{service['image']}` | `k8s/build/base/shop` |" in first_steps


@pytest.mark.parametrize("kind", BUILT)
@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        ("repository", "https://user:word@git.example.com/shop.git"),
        ("repository", "https://git.example.com/shop"),
        ("repository", "file:///srv/shop.git"),
        ("revision", "main:../.."),
        ("revision", "-x"),
        ("folder", "../secrets"),
        ("folder", "/etc"),
        ("dockerfile", "a/../../Dockerfile"),
        ("stage", "a b"),
    ],
)
def test_nothing_else_is_built(
    binary: Path, tmp_path: Path, kind: str, attribute: str, value: str
) -> None:
    with pytest.raises(AssertionError, match="E_TOPOLOGY"):
        generated(binary, tmp_path, kind, {attribute: value})
