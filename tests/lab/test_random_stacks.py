"""A real API server takes what stacks of all types generate, not those of the example alone.

In: random stacks of legal links, with some of every type. Out: no object is refused or warned of.
Must not know a type.
"""

import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import cluster as lab
import delivery
from delivery import Delivery
from levels import kinds, runs
from levels.stacks import Draft, Maker

STACKS = 14
SEED = 13


# Of these groups an operator makes the kinds itself, of what it finds in the cluster.
MADE_LATER = {"constraints.gatekeeper.sh"}


def group_of(item: Mapping[str, Any]) -> str:
    return str(item["apiVersion"]).rpartition("/")[0]


@pytest.fixture(scope="module")
def drafts(binary: Path) -> list[Draft]:
    legal = kinds.legal(binary)
    maker = Maker(legal, kinds.forms(binary, legal), random.Random(SEED))
    return [maker.stack() for _ in range(STACKS)]


def test_they_have_most_types(binary: Path, drafts: list[Draft]) -> None:
    legal = kinds.legal(binary)
    every = {end for kind in legal for end in (kind.source, kind.target)}
    met = {one["type"] for draft in drafts for one in draft.components.values()}
    assert len(met) > 0.7 * len(every), every - met


@pytest.mark.parametrize("number", range(STACKS))
def test_its_objects_are_taken(
    number: int, drafts: list[Draft], binary: Path, cluster: lab.Cluster, tmp_path: Path
) -> None:
    try:
        _, run = runs.settle(binary, tmp_path / "stack", drafts[number])
    except runs.RefusedError as reason:
        pytest.skip(f"not a stack: {reason}")
    whole = Delivery(run.out, "dev").objects()
    objects = {key: item for key, item in whole.items() if group_of(item) not in MADE_LATER}
    delivery.prepare(cluster, objects)
    places = [item for item in objects.values() if item["kind"] == "Namespace"]
    cluster.apply(places)
    cluster.apply((item for item in objects.values() if item not in places), "--dry-run=server")
