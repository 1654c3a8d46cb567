"""Checkov finds nothing in what stacks apply, but what a reviewed file takes, each with its reason.

In: the objects of the example and of each golden stack, the real Checkov in an environment of its
own, policies/skips.yaml. Out: failed checks and skips are the same, object by object.
Must not know how an object came to be.
"""

import copy
import fnmatch
import json
import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from output_checker.finding import Object
from output_checker.places import ROOT

POLICIES = Path(__file__).parent / "policies"
ANNOTATION = re.compile(r"checkov\.io/skip\d+")
# A floor, so that no object is left out unseen.
LEAST_PASSED = 12_000
INSTALL_S = 600
RUN_S = 1800
Said = dict[str, dict[str, Any]]


@dataclass(frozen=True, order=True)
class Skip:
    """A check that an object asks to be left out of, and why."""

    check: str
    kind: str
    name: str
    because: str

    @property
    def asked(self) -> list[str]:
        """As Checkov names it."""
        return [self.check, f"{self.kind}.{self.name}"]


def skips(items: list[Object]) -> list[Skip]:
    """What the objects themselves say."""
    return sorted(
        Skip(
            check, item["kind"], f"{item['metadata']['namespace']}.{item['metadata']['name']}", why
        )
        for item in items
        for check, _, why in (text.partition("=") for text in annotated(item).values())
    )


def annotated(item: Object) -> dict[str, str]:
    annotations = item["metadata"].get("annotations") or {}
    return {name: text for name, text in annotations.items() if ANNOTATION.fullmatch(name)}


def bare(item: Object) -> Object:
    """The object without a word to Checkov."""
    changed = copy.deepcopy(item)
    for name in annotated(item):
        del changed["metadata"]["annotations"][name]
    return changed


Entry = dict[str, str]


def reviewed() -> list[Entry]:
    return yaml.safe_load((POLICIES / "skips.yaml").read_text("utf-8"))


def fits(entry: Entry, skip: Skip) -> bool:
    same = (entry["check"], entry["kind"], entry["because"]) == (
        skip.check,
        skip.kind,
        skip.because,
    )
    return same and fnmatch.fnmatchcase(skip.name, entry["names"])


def unreviewed(entries: list[Entry], found: list[Skip]) -> list[Skip]:
    return [skip for skip in found if not any(fits(entry, skip) for entry in entries)]


def unused(entries: list[Entry], found: list[Skip]) -> list[Entry]:
    return [entry for entry in entries if not any(fits(entry, skip) for skip in found)]


@pytest.fixture(scope="module")
def checkov() -> Path:
    """The Python that has Checkov."""
    command = [ROOT / "scripts" / "python_environment.sh", "checkov", POLICIES / "requirements.txt"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=INSTALL_S)
    assert done.returncode == 0, done.stderr
    return Path(done.stdout.strip()) / "bin" / "python"


@pytest.fixture(scope="module")
def stacks(clusters: dict[str, list[Object]]) -> dict[str, list[Object]]:
    """Each cluster with other objects than those before."""
    different = {json.dumps(items, sort_keys=True): name for name, items in clusters.items()}
    return {name: clusters[name] for name in sorted(different.values())}


Asker = Callable[[dict[str, list[Object]]], Said]


@pytest.fixture(scope="module")
def ask(checkov: Path, tmp_path_factory: pytest.TempPathFactory) -> Asker:
    """What Checkov says of the objects of clusters, by their names."""

    def ask(clusters: dict[str, list[Object]]) -> Said:
        folder = tmp_path_factory.mktemp("clusters")
        for name, items in clusters.items():
            # One object after the other, as YAML has documents.
            text = "\n---\n".join(json.dumps(item, indent=1) for item in items)
            (folder / f"{name}.yaml").write_text(text)
        command = [checkov, POLICIES / "run_checkov.py", folder]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=RUN_S)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return ask


@pytest.fixture(scope="module")
def said(ask: Asker, stacks: dict[str, list[Object]]) -> Said:
    return ask({name: [bare(item) for item in items] for name, items in stacks.items()})


def test_checkov_reads_every_cluster(said: Said, stacks: dict[str, list[Object]]) -> None:
    assert said.keys() == stacks.keys()
    assert [one["unread"] for one in said.values() if one["unread"]] == []
    assert sum(one["passed"] for one in said.values()) >= LEAST_PASSED


def test_a_check_fails_where_an_object_says_why_and_nowhere_else(
    said: Said, stacks: dict[str, list[Object]]
) -> None:
    for name, items in stacks.items():
        assert said[name]["failed"] == sorted(skip.asked for skip in skips(items)), name


def test_each_skip_is_reviewed_and_each_review_is_of_a_skip(
    stacks: dict[str, list[Object]],
) -> None:
    found = sorted({skip for items in stacks.values() for skip in skips(items)})
    entries = reviewed()
    assert unreviewed(entries, found) == []
    assert unused(entries, found) == []


def test_nothing_fails_in_the_example_as_it_is(
    ask: Asker, clusters: dict[str, list[Object]]
) -> None:
    example = {name: items for name, items in clusters.items() if name.startswith("example, ")}
    assert len(example) > 1
    for name, one in ask(example).items():
        assert one["failed"] == []
        assert one["skipped"] == sorted(skip.asked for skip in skips(example[name]))


ENTRY: Entry = {"check": "A", "kind": "Job", "names": "db.*.x", "because": "so"}
SKIP = Skip("A", "Job", "db.cluster.x", "so")


@pytest.mark.parametrize(
    ("skip", "is_reviewed"),
    [
        (SKIP, True),
        (Skip("B", SKIP.kind, SKIP.name, SKIP.because), False),
        (Skip(SKIP.check, "CronJob", SKIP.name, SKIP.because), False),
        (Skip(SKIP.check, SKIP.kind, "db.cluster.y", SKIP.because), False),
        (Skip(SKIP.check, SKIP.kind, SKIP.name, "because"), False),
    ],
)
def test_a_skip_is_taken_for_its_object_and_reason_alone(skip: Skip, is_reviewed: bool) -> None:
    assert unreviewed([ENTRY], [skip]) == ([] if is_reviewed else [skip])
    assert unused([ENTRY], [skip]) == ([] if is_reviewed else [ENTRY])


def container(item: Object) -> dict[str, Any]:
    return item["spec"]["template"]["spec"]["containers"][0]


def make_privileged(item: Object) -> None:
    container(item)["securityContext"]["privileged"] = True


def make_writable(item: Object) -> None:
    container(item)["securityContext"]["readOnlyRootFilesystem"] = False


def take_the_limit(item: Object) -> None:
    del container(item)["resources"]["limits"]["memory"]


def take_probes(item: Object) -> None:
    del container(item)["livenessProbe"]


def share_the_host(item: Object) -> None:
    item["spec"]["template"]["spec"]["hostNetwork"] = True


CHANGES = {
    "CKV_K8S_16": make_privileged,
    "CKV_K8S_22": make_writable,
    "CKV_K8S_13": take_the_limit,
    "CKV_K8S_8": take_probes,
    "CKV_K8S_19": share_the_host,
}


def changed(clusters: dict[str, list[Object]]) -> Iterator[tuple[str, list[Object]]]:
    """The namespace of a server with one fault each."""
    items = clusters["example, dev"]
    place = next(one for one in items if one["kind"] == "Deployment")["metadata"]["namespace"]
    home = [one for one in items if one["metadata"].get("namespace") == place]
    for check, change in CHANGES.items():
        items = copy.deepcopy(home)
        change(next(one for one in items if one["kind"] == "Deployment"))
        yield check, items
    yield "CKV2_K8S_6", [one for one in home if one["kind"] != "NetworkPolicy"]


def test_a_broken_object_is_refused(ask: Asker, clusters: dict[str, list[Object]]) -> None:
    for check, one in ask(dict(changed(clusters))).items():
        assert {failed for failed, _ in one["failed"]} == {check}
