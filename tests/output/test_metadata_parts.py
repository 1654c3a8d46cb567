"""The agent's metadata reaches its pod whole, whatever its size and the environment.

In: the binary (STACKTIC_BIN), stacks of many external components. Out: what kubectl builds.
Must not know how stacktic cuts the document; tests/metadata_parts.rs looks at the files.
"""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from output_checker.build import build, nearest
from output_checker.finding import Object

# The annotations of an object together, which `kubectl apply` keeps a copy of the object in.
ANNOTATIONS = 262_144
HEAD = "apiVersion: stacktic.io/v1\nkind: Stack\nname: shop\ndomain: shop.example.com\n"
LONG = "x" * 150


def stack(components: int) -> str:
    """A stack whose environment `long` has more to say about ten images."""
    overrides = "".join(f"      app-{n}: {{attributes: {{image: {LONG}:1}}}}\n" for n in range(10))
    lines = [HEAD, "environments:\n  dev: {}\n  long:\n    components:\n", overrides]
    lines.append("components:\n  agent: {type: stack_agent}\n")
    lines += [f"  app-{n}: {{type: fastapi, attributes: {{image: a:1}}}}\n" for n in range(10)]
    outside = "{type: kafka, external: {stack: other, host: kafka.example.com}}"
    lines += [f"  kafka-{n:04}: {outside}\n" for n in range(components)]
    return "".join(lines)


def generate(binary: Path, folder: Path, components: int) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "stack.yaml").write_text(stack(components), encoding="utf-8")
    command = [binary, "gen", "--max-deletes", "100", "stack.yaml"]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return folder / "out"


def parts(out: Path) -> int:
    return len(list((out / "k8s/deploy/base/agent/config").glob("stack-metadata.json*")))


def fullest_of_one_part(binary: Path, folder: Path) -> int:
    """The greatest number of components whose metadata is still one file."""
    least, most = 1, 2_000
    while most - least > 1:
        middle = (least + most) // 2
        least, most = (
            (middle, most) if parts(generate(binary, folder, middle)) == 1 else (least, middle)
        )
    return least


def volume(deployment: Object) -> list[str]:
    """Names of the ConfigMaps that the metadata comes from."""
    pod = deployment["spec"]["template"]["spec"]
    found = next(one for one in pod["volumes"] if one["name"] == "metadata")
    return [source["configMap"]["name"] for source in found["projected"]["sources"]]


def mounted(objects: list[Object]) -> dict[str, str]:
    """The files that the pod finds in its folder."""
    deployment = next(one for one in objects if one["kind"] == "Deployment")
    maps = {one["metadata"]["name"]: one["data"] for one in objects if one["kind"] == "ConfigMap"}
    files: dict[str, str] = {}
    for name in volume(deployment):
        assert not files.keys() & maps[name].keys()
        files |= maps[name]
    return files


def images(files: dict[str, str]) -> set[str]:
    whole: dict[str, Any] = json.loads("".join(files[name] for name in sorted(files)))
    apps = [one for one in whole["components"] if one["type"] == "fastapi"]
    return {one["attributes"]["image"] for one in apps}


def applied(item: Object) -> int:
    """Bytes of the annotation, as Go writes JSON."""
    text = json.dumps(item, separators=(",", ":"), ensure_ascii=False)
    return len(text.encode()) + 5 * sum(text.count(sign) for sign in "<>&")


@pytest.mark.parametrize("components", [3, 700])
def test_the_pod_finds_the_whole_document(binary: Path, tmp_path: Path, components: int) -> None:
    out = generate(binary, tmp_path, components)
    for environment, image in (("dev", "a:1"), ("long", f"{LONG}:1")):
        objects = build(nearest(out, environment, "agent"))
        assert images(mounted(objects)) == {image}
        assert max(applied(one) for one in objects) < ANNOTATIONS


def test_an_environment_may_need_more_parts_than_the_base(binary: Path, tmp_path: Path) -> None:
    out = generate(binary, tmp_path, fullest_of_one_part(binary, tmp_path))
    dev = mounted(build(nearest(out, "dev", "agent")))
    long = mounted(build(nearest(out, "long", "agent")))
    assert sorted(dev) == ["stack-metadata.json"]
    assert sorted(long) == ["stack-metadata.json", "stack-metadata.json.001"]
    assert (images(dev), images(long)) == ({"a:1"}, {f"{LONG}:1"})


def test_parts_go_with_the_components(binary: Path, tmp_path: Path) -> None:
    assert parts(generate(binary, tmp_path, 700)) > 2
    out = generate(binary, tmp_path, 1)
    assert parts(out) == 1
    assert not list(out.rglob("*.json.0*"))
