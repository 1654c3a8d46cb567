"""The real helmfile reads helmfile.yaml of the example as far as there are no registries.

In: helmfile.yaml, whose charts are stand-ins in a copy. Out: each release is rendered with the
values of its files, after what it needs, in each environment; a broken file is refused.
Must not know a chart.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

import go_tools
import stand_in
from output_checker import yaml_reading
from output_checker.places import EXAMPLE
from test_install_followed import merged, without_nulls

OUT = EXAMPLE / "out"
FILE = "helmfile.yaml"
ENVIRONMENTS = ("dev", "prod")
SECONDS = 300
Document = dict[str, Any]


class RefusedError(Exception):
    """What helmfile said when it did not do it."""


@pytest.fixture(scope="module")
def written() -> Document:
    """The part of the file that has the releases, as it is generated."""
    _, document = yaml.safe_load_all((OUT / FILE).read_text(encoding="utf-8"))
    return document


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory, written: Document) -> Path:
    """The output with charts of its own instead of those of registries."""
    folder = tmp_path_factory.mktemp("helmfile")
    shutil.copytree(OUT, folder / "out")
    charts = {
        one["chart"]: stand_in.chart(
            one["chart"].rpartition("/")[2], one["version"], folder / "charts" / one["name"]
        )
        for one in written["releases"]
    }
    text = (OUT / FILE).read_text(encoding="utf-8")
    for reference, path in charts.items():
        for form in (f"chart: {reference}\n", f'chart: "{reference}"\n'):
            text = text.replace(form, f"chart: {path}\n")
    start, end = text.index("repositories:\n"), text.index("# Files of an overlay")
    (folder / "out" / FILE).write_text(text[:start] + text[end:])
    return folder / "out"


@pytest.fixture(scope="module")
def helmfile(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., str]:
    """Runs helmfile, and gives what it printed."""
    home = tmp_path_factory.mktemp("home")
    program, helm = go_tools.program("helmfile"), go_tools.program("helm")

    def run(folder: Path, *words: str) -> str:
        done = subprocess.run(
            [program, "--helm-binary", helm, *words],
            cwd=folder,
            env={"HOME": str(home), "PATH": os.environ["PATH"]},
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS,
        )
        if done.returncode != 0:
            raise RefusedError(done.stderr)
        return done.stdout

    return run


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_it_lists_every_release(
    helmfile: Callable[..., str], written: Document, environment: str
) -> None:
    listed = json.loads(helmfile(OUT, "-e", environment, "list", "--output", "json"))
    told = {(one["name"], one["namespace"], one["chart"], one["version"]) for one in listed}
    assert told == {
        (one["name"], one["namespace"], one["chart"], one["version"]) for one in written["releases"]
    }
    assert all(one["enabled"] and one["installed"] for one in listed)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_each_release_has_the_values_of_its_files(
    helmfile: Callable[..., str], copy: Path, written: Document, environment: str
) -> None:
    printed = helmfile(copy, "-e", environment, "template", "--skip-deps", "--concurrency", "1")
    found = values(printed)
    assert found.keys() == {f"{one['name']}.values" for one in written["releases"]}
    for one in written["releases"]:
        laid = found[f"{one['name']}.values"]
        whole = laid
        for name in one.get("values", []):
            file = OUT / name.replace("{{ .Environment.Name }}", environment)
            if file.exists():
                whole = merged(whole, yaml_reading.read_file(file) or {})
        assert laid == whole, one["name"]


def values(printed: str) -> dict[str, Document]:
    """What each stand-in says it was given, in the order of helmfile."""
    objects = [one for one in yaml.safe_load_all(printed) if one]
    maps = [one for one in objects if one["kind"] == "ConfigMap"]
    return {
        one["metadata"]["name"]: without_nulls(json.loads(one["data"]["values.json"]))
        for one in maps
    }


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_each_release_comes_after_what_it_needs(
    helmfile: Callable[..., str], copy: Path, written: Document, environment: str
) -> None:
    printed = helmfile(copy, "-e", environment, "template", "--skip-deps", "--concurrency", "1")
    order = [name.removesuffix(".values") for name in values(printed)]
    names = {f"{one['namespace']}/{one['name']}": one["name"] for one in written["releases"]}
    needs = [
        (one["name"], names[need]) for one in written["releases"] for need in one.get("needs", [])
    ]
    assert len(needs) > 10
    assert [(one, need) for one, need in needs if order.index(need) > order.index(one)] == []


def test_it_finds_nothing_to_say_of_the_charts_with_their_values(
    helmfile: Callable[..., str], copy: Path
) -> None:
    helmfile(copy, "-e", "prod", "lint", "--skip-deps")


def changed(copy: Path, folder: Path, before: str, after: str) -> Path:
    """Another copy in which a part of the file is not as it was."""
    text = (copy / FILE).read_text(encoding="utf-8")
    assert before in text
    shutil.copytree(copy, folder / "out")
    (folder / "out" / FILE).write_text(text.replace(before, after, 1))
    return folder / "out"


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("missingFileHandler: Debug", "missingFileHandler: Error", "does not exist"),
        (
            "    needs:\n      - ",
            "    needs:\n      - no/such-release\n      - ",
            "no/such-release",
        ),
    ],
)
def test_a_broken_file_is_refused(
    helmfile: Callable[..., str], copy: Path, tmp_path: Path, before: str, after: str, said: str
) -> None:
    with pytest.raises(RefusedError, match=said):
        helmfile(changed(copy, tmp_path, before, after), "-e", "dev", "template", "--skip-deps")
