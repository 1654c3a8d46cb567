"""A team's own alerts and series are rules that Prometheus takes, and they fire as they should.

In: the binary (STACKTIC_BIN), a golden stack with them, promtool, the published CRDs. Must not know
how rules are made.
"""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

import promtool
from output_checker import tree_rules
from output_checker.build import build
from output_checker.places import ROOT
from promtool import Case

GOLDEN = ROOT / "tests" / "golden" / "rules_and_targets_of_a_team"
ORDERS = 'orders_open{job="shop", shard="1"}'

Json = dict[str, Any]


@pytest.fixture(scope="module")
def out(binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("own-rules")
    shutil.copy(GOLDEN / "stack.yaml", folder)
    subprocess.run([binary, "gen", "stack.yaml"], cwd=folder, check=True, capture_output=True)
    return folder / "out"


@pytest.fixture(scope="module")
def objects(out: Path) -> list[Json]:
    return build(out / "k8s/deploy/overlays/dev")


@pytest.fixture(scope="module")
def groups(objects: list[Json]) -> list[Json]:
    rules = [one for one in objects if one["kind"] == "PrometheusRule"]
    return [group for one in rules for group in one["spec"]["groups"]]


def test_the_tree_keeps_to_every_rule(out: Path) -> None:
    assert tree_rules.check_tree(out) == []


def test_prometheus_takes_the_rules(groups: list[Json], tmp_path: Path) -> None:
    assert promtool.complaints_of_rules(tmp_path, groups) == ""


@pytest.mark.parametrize(
    ("series", "fires"),
    [
        ({ORDERS: "200x60", 'up{job="shop"}': "1x60"}, True),
        ({ORDERS: "20x60", 'up{job="shop"}': "1x60"}, False),
        ({ORDERS: "200x60", 'up{job="shop"}': "0x60"}, False),
    ],
    ids=["many", "few", "down"],
)
def test_an_alert_asks_for_a_recorded_series(
    groups: list[Json], tmp_path: Path, series: dict[str, str], *, fires: bool
) -> None:
    rules = [rule for group in groups for rule in group["rules"]]
    recorded_first = [{"name": "all", "rules": sorted(rules, key=lambda rule: "alert" in rule)}]
    case = Case("OrdersWait", series, fires)
    assert promtool.complaints_of_cases(tmp_path, recorded_first, [case]) == ""


def test_prometheus_reads_them_and_nobody_else_does(objects: list[Json]) -> None:
    own = [one for one in objects if one["kind"] in {"PrometheusRule", "ScrapeConfig"}]
    assert len(own) == len({"orders_wait", "mirror_gone", "open", "mirror"})
    assert {one["metadata"]["labels"]["stacktic.io/prometheus"] for one in own} == {"prometheus"}


def test_the_way_to_a_target_is_open_to_prometheus_alone(objects: list[Json]) -> None:
    ports = {
        policy["metadata"]["name"]
        for policy in objects
        if policy["kind"] == "NetworkPolicy"
        for rule in policy["spec"].get("egress", [])
        for port in rule.get("ports", [])
        if port["port"] == 9100
    }
    assert ports == {"prometheus.prometheus"}
