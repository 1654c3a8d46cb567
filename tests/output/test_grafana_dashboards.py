"""Grafana shows each type that its Prometheus scrapes, by questions that Prometheus can answer.

In: the binary (STACKTIC_BIN), a stack with all types that have metrics, tests/facts/metrics,
promtool. Must not know a type.
"""

import itertools
import json
from pathlib import Path
from typing import Any

import pytest

import promtool
import watched
from output_checker import yaml_reading

GRAFANA = f"k8s/deploy/base/{watched.name_of('grafana')}"
VALUES = f"{GRAFANA}/values-dashboards.yaml"
LONGEST_UID = 40
COLUMNS = 24
# What a ConfigMap may hold, less than which the API server takes.
MOST_BYTES = 1_000_000

Json = dict[str, Any]


@pytest.fixture(scope="module")
def tree(binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return watched.generate(binary, tmp_path_factory.mktemp("shown"), watched.stack())


@pytest.fixture(scope="module")
def values(tree: Path) -> Json:
    return yaml_reading.read_file(tree / VALUES)


@pytest.fixture(scope="module")
def dashboards(values: Json) -> dict[str, Json]:
    (of_prometheus,) = values["dashboards"].values()
    return {kind: json.loads(one["json"]) for kind, one in of_prometheus.items()}


def graphs(dashboard: Json) -> list[Json]:
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def expressions(dashboard: Json) -> list[str]:
    return [target["expr"] for panel in graphs(dashboard) for target in panel["targets"]]


def test_each_type_has_one(dashboards: dict[str, Json]) -> None:
    assert sorted(dashboards) == sorted(watched.WATCHED)
    uids = [dashboard["uid"] for dashboard in dashboards.values()]
    assert len(set(uids)) == len(uids)
    assert all(len(uid) <= LONGEST_UID for uid in uids)


@pytest.mark.parametrize("kind", watched.WATCHED)
def test_each_panel_asks_for_facts_of_the_chosen_component(
    dashboards: dict[str, Json], kind: str
) -> None:
    asked = expressions(dashboards[kind])
    metrics = set[str]().union(*map(watched.metrics_in, asked))
    assert metrics <= set(watched.facts_of(kind))
    assert all('component="$component"' in expression for expression in asked)
    (variable,) = dashboards[kind]["templating"]["list"]
    assert variable["query"] == variable["current"]["value"] == watched.name_of(kind)


def test_each_panel_is_promql(dashboards: dict[str, Json], tmp_path: Path) -> None:
    asked = [one for dashboard in dashboards.values() for one in expressions(dashboard)]
    rules = [{"record": f"asked:n{number}", "expr": one} for number, one in enumerate(asked)]
    assert promtool.complaints_of_rules(tmp_path, [{"name": "panels", "rules": rules}]) == ""


def test_data_sources_are_those_of_the_links(tree: Path, dashboards: dict[str, Json]) -> None:
    sources = yaml_reading.read_file(tree / GRAFANA / "values-datasources.yaml")
    known = sources["datasources"]["datasources.yaml"]["datasources"]
    wanted = {
        (panel["datasource"]["type"], panel["datasource"]["uid"])
        for dashboard in dashboards.values()
        for panel in graphs(dashboard)
    }
    assert wanted == {(source["type"], source["uid"]) for source in known}


@pytest.mark.parametrize("kind", watched.WATCHED)
def test_panels_lie_beside_each_other(dashboards: dict[str, Json], kind: str) -> None:
    panels = dashboards[kind]["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    for panel in panels:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= COLUMNS
    for one, other in itertools.combinations([panel["gridPos"] for panel in panels], 2):
        apart = (
            one["x"] + one["w"] <= other["x"]
            or other["x"] + other["w"] <= one["x"]
            or one["y"] + one["h"] <= other["y"]
            or other["y"] + other["h"] <= one["y"]
        )
        assert apart, (one, other)


def test_the_chart_mounts_them(values: Json) -> None:
    """By the names that its templates give to ConfigMaps, which have a limit."""
    providers = values["dashboardProviders"]["dashboardproviders.yaml"]["providers"]
    assert [one["name"] for one in providers] == list(values["dashboards"])
    for one in providers:
        assert one["options"]["path"] == f"/var/lib/grafana/dashboards/{one['name']}"
        of_map = values["dashboards"][one["name"]].values()
        assert sum(len(dashboard["json"].encode()) for dashboard in of_map) <= MOST_BYTES


def test_they_go_with_their_links(binary: Path, tmp_path: Path) -> None:
    gone = watched.name_of("kafka")
    document = watched.stack()
    links = [link for link in document["links"] if link["to"] != gone]
    less = watched.generate(binary, tmp_path, document | {"links": links})
    (of_prometheus,) = yaml_reading.read_file(less / VALUES)["dashboards"].values()
    assert set(watched.WATCHED) - set(of_prometheus) == {"kafka"}
    blind = [link for link in links if link["from"] == "prometheus"]
    none = watched.generate(binary, tmp_path, document | {"links": blind})
    assert not (none / VALUES).exists()
