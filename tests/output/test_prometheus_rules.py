"""Every type with metrics is watched: alerts ask for metrics that exist and fire as they should.

In: the binary (STACKTIC_BIN), a stack with all types that have metrics, tests/facts/metrics, cases
in rules/, promtool. Must not know a type.
"""

from pathlib import Path
from typing import Any

import pytest

import promtool
import watched
from output_checker import yaml_reading
from output_checker.places import FACTS, OUTPUT_TESTS
from promtool import Case

CASES = OUTPUT_TESTS / "rules"
OTHER = 'component="other"'
WAYS = {"fires": "fires", "also_fires": "fires", "silent": "silent", "also_silent": "silent"}

Json = dict[str, Any]


@pytest.fixture(scope="module")
def tree(binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return watched.generate(binary, tmp_path_factory.mktemp("watched"), watched.stack())


def told_cases(kind: str) -> dict[str, Json]:
    """The cases of a type's alerts, those that every type has among them."""
    files = [CASES / "every_type.yaml", CASES / f"{kind}.yaml"]
    return {name: case for path in files for name, case in yaml_reading.read_file(path).items()}


def cases_of(kind: str) -> list[Case]:
    """Each alert with its series, without them, and with those of another component."""
    own = f'component="{watched.name_of(kind)}"'
    cases: list[Case] = []
    for name, told in told_cases(kind).items():
        at = told.get("at", promtool.ASKED_AT)
        ways = [(way, own, outcome) for way, outcome in WAYS.items() if way in told]
        ways.append(("fires", OTHER, told.get("of_another", "silent")))
        for way, labels, outcome in ways:
            series = {text.replace("$own", labels): values for text, values in told[way].items()}
            cases.append(Case(name, series, outcome == "fires", at))
    return cases


@pytest.mark.parametrize("kind", watched.WATCHED)
def test_each_alert_has_its_cases(tree: Path, kind: str) -> None:
    alerts = [alert["alert"] for alert in watched.alerts_in(watched.rules_of(tree, kind))]
    assert sorted(alerts) == sorted(told_cases(kind))


@pytest.mark.parametrize("kind", watched.WATCHED)
def test_alerts_fire_when_they_should(tree: Path, tmp_path: Path, kind: str) -> None:
    groups = watched.rules_of(tree, kind)["spec"]["groups"]
    assert promtool.complaints_of_rules(tmp_path, groups) == ""
    assert promtool.complaints_of_cases(tmp_path, groups, cases_of(kind)) == ""


def test_a_case_that_ends_otherwise_is_told(tree: Path, tmp_path: Path) -> None:
    kind = next(iter(watched.WATCHED))
    groups = watched.rules_of(tree, kind)["spec"]["groups"]
    for case in cases_of(kind)[:2]:
        wrong = Case(case.alert, case.series, not case.fires, case.at)
        assert case.alert in promtool.complaints_of_cases(tmp_path, groups, [wrong])


@pytest.mark.parametrize("kind", watched.WATCHED)
def test_each_metric_is_a_fact(kind: str) -> None:
    facts = watched.facts_of(kind)
    metrics = watched.WATCHED[kind]["metrics"]
    panels = [panel for row in metrics["dashboard"] for panel in row["panels"]]
    told = [*metrics["alerts"].values(), *panels]
    asked = set[str]().union(*(watched.metrics_in(one["expr"]) for one in told))
    assert asked == set(facts), "every metric is a fact, and no fact is without use"


@pytest.mark.parametrize("kind", watched.WATCHED)
def test_series_of_cases_are_as_the_facts_say(kind: str) -> None:
    facts = watched.facts_of(kind)
    for told in yaml_reading.read_file(CASES / f"{kind}.yaml").values():
        for series in (one for way in WAYS for one in told.get(way, {})):
            (metric,) = watched.metrics_in(series)
            assert watched.labels_in(series) <= watched.labels_of(facts[metric])


@pytest.mark.parametrize("kind", watched.WATCHED)
def test_prometheus_reads_the_rules(tree: Path, kind: str) -> None:
    """By the selectors of its release: its own namespace, and the label of its name."""
    rule = watched.rules_of(tree, kind)
    values = yaml_reading.read_file(tree / "k8s/deploy/base/prometheus/values.yaml")
    spec = values["prometheus"]["prometheusSpec"]
    wanted = spec["ruleSelector"]["matchLabels"]
    assert wanted.items() <= rule["metadata"]["labels"].items()
    namespace = spec["ruleNamespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"]
    assert rule["metadata"]["namespace"] == namespace
    monitor = rule["metadata"]["name"]
    assert monitor == f"prometheus.{watched.name_of(kind)}"


@pytest.mark.parametrize("path", sorted((FACTS / "metrics").glob("*.yaml")), ids=lambda p: p.stem)
def test_facts_say_where_they_are_from(path: Path) -> None:
    assert path.stem in watched.WATCHED
    for source in yaml_reading.read_file(path):
        assert source["source"].startswith("https://")
        assert all(source[word] for word in ("path", "version", "licence", "metrics"))
        for fact in source["metrics"].values():
            assert set(fact) == {"type", "labels"}
            assert fact["type"] in {"counter", "gauge", "histogram", "summary", "untyped"}
            assert fact["labels"] == sorted(fact["labels"])
