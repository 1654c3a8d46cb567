"""docs/install.md is followed to the letter, on an API server that has nothing yet.

In: the page of the example; the charts are stand-ins, and operators of other repositories are
their kinds alone. Out: every command does what it says, in the order of the page; the one thing
that may be refused meanwhile is a kind that a chart brings later.
"""

import json
import re
import shlex
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

import cluster as lab
import delivery
import go_tools
import stand_in
from output_checker import build, yaml_reading
from output_checker.places import EXAMPLE

OUT = EXAMPLE / "out"
PAGE = (OUT / "docs" / "install.md").read_text(encoding="utf-8")
# What says where a chart comes from, each with its value.
SOURCE = ("--repo", "--version")


def section(title: str) -> str:
    """What stands below a heading, up to the next one of its kind."""
    return PAGE.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def by_hand(environment: str) -> str:
    """What a person does who has no Argo CD."""
    return section(f"The environment `{environment}`, by hand")


def commands(text: str) -> list[list[str]]:
    """The words of every command, in their order."""
    return [shlex.split(line) for line in text.splitlines() if line.startswith("    ")]


class Reader:
    """A person with kubectl and Helm who does what the page says."""

    def __init__(self, cluster: lab.Cluster, charts: Path) -> None:
        self.cluster = cluster
        self.charts = charts
        self.releases: list[list[str]] = []
        self.early: list[list[str]] = []

    def follow(self, text: str) -> None:
        """Every command of a part of the page."""
        for words in commands(text):
            if words[0] == "helm":
                self.helm(words)
            else:
                self.kubectl(words)

    def kubectl(self, words: list[str]) -> None:
        """The command as it stands; the page says that kinds of charts need a second time."""
        addresses = remotes(words)
        for address in addresses:
            self.cluster.apply(stand_in.operator(address))
        if addresses:
            return
        try:
            self.cluster.run(*words, cwd=OUT)
        except lab.CommandError as refused:
            if not all(map(is_of_an_unknown_kind, refused.said.splitlines())):
                raise
            self.early.append(words)

    def helm(self, words: list[str]) -> None:
        """The command as it stands, with the chart replaced."""
        assert words[:3] == ["helm", "upgrade", "--install"]
        _, _, _, release, reference, *rest = words
        name, version = reference.rpartition("/")[2], rest[rest.index("--version") + 1]
        folder = self.charts / release
        stood_in = stand_in.chart(name, version, folder)
        for flag in SOURCE:
            if flag in rest:
                at = rest.index(flag)
                del rest[at : at + 2]
        helm = str(go_tools.program("helm"))
        self.cluster.run(helm, *words[1:4], str(stood_in), *rest, cwd=OUT)
        self.releases.append(words)


def remotes(words: list[str]) -> list[str]:
    """What a command would fetch, which no registry has."""
    folders = [OUT / words[at + 1] for at, word in enumerate(words) if word == "-k"]
    files = [yaml_reading.read_file(folder / "kustomization.yaml") for folder in folders]
    named = [name for file in files for name in file["resources"]]
    return [name for name in named if "://" in name]


def is_of_an_unknown_kind(line: str) -> bool:
    """Whether a line says nothing but that a kind is not known yet."""
    return "no matches for kind" in line or line == "ensure CRDs are installed first"


@pytest.fixture(scope="module", params=("dev", "prod"))
def followed(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Generator[tuple[str, Reader]]:
    """An environment that was installed by hand."""
    with lab.running(tmp_path_factory.mktemp("cluster")) as cluster:
        reader = Reader(cluster, tmp_path_factory.mktemp("charts"))
        reader.follow(by_hand(request.param))
        yield request.param, reader


def test_everything_is_there(followed: tuple[str, Reader]) -> None:
    environment, reader = followed
    last = commands(by_hand(environment))[-1]
    assert last not in reader.early
    wanted = build.build(OUT / "k8s" / "deploy" / "overlays" / environment)
    assert len(delivery.versions(reader.cluster, wanted)) == len(wanted) > 100


def test_charts_are_given_what_their_files_say(followed: tuple[str, Reader]) -> None:
    _, reader = followed
    assert len(reader.releases) > 5
    for words in reader.releases:
        release, namespace = words[3], words[words.index("-n") + 1]
        get = ("get", "configmap", f"{release}.values", "-n", namespace, "-o", "json")
        found = without_nulls(
            json.loads(json.loads(reader.cluster.kubectl(*get))["data"]["values.json"])
        )
        laid = found
        for file in (words[at + 1] for at, word in enumerate(words) if word == "-f"):
            laid = merged(laid, yaml_reading.read_file(OUT / file) or {})
        assert found == laid, release


def without_nulls(values: dict[str, Any]) -> dict[str, Any]:
    """Values whose nulls are gone: Helm keeps one where the chart has no default to take away."""
    return {
        key: without_nulls(value) if isinstance(value, dict) else value
        for key, value in values.items()
        if value is not None
    }


def merged(values: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Values as Helm lays a file over them: maps grow, anything else is replaced, null removes."""
    joined = {
        key: merged(values[key], value)
        if isinstance(value, dict) and isinstance(values.get(key), dict)
        else value
        for key, value in over.items()
    }
    return {key: value for key, value in {**values, **joined}.items() if value is not None}


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_argo_cd_begins(environment: str, tmp_path: Path) -> None:
    """On an empty cluster: the namespaces, the step of Argo CD, then the two objects."""
    metadata = json.loads((OUT / "stack-metadata.json").read_text(encoding="utf-8"))
    name = next(one["name"] for one in metadata["components"] if one["type"] == "argo_cd")
    namespaces = commands(by_hand(environment))[0]
    steps = re.split(r"^(?=`)", by_hand(environment), flags=re.MULTILINE)
    begin = [words for words in commands(section("With Argo CD")) if is_of(words, environment)]
    assert begin
    with lab.running(tmp_path) as cluster:
        reader = Reader(cluster, tmp_path / "charts")
        reader.kubectl(namespaces)
        reader.follow(next(step for step in steps if step.startswith(f"`{name}`,")))
        for words in begin:
            cluster.run(*words, cwd=OUT)
        assert reader.early == []


def is_of(words: list[str], environment: str) -> bool:
    return any(word.startswith(f"argocd/{environment}/") for word in words)
