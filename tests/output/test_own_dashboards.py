"""A team's own dashboards stand in Grafana beside those of what is scraped, with questions that
Prometheus can answer.

In: the binary (STACKTIC_BIN), a golden stack with them, promtool. Must not know how values are
made.
"""

import itertools
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

import promtool
from output_checker import yaml_reading
from output_checker.places import ROOT

GOLDEN = ROOT / "tests" / "golden" / "dashboards_of_a_team"
GRAFANA = "k8s/deploy/base/grafana"

Json = dict[str, Any]


@pytest.fixture(scope="module")
def out(binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("own-dashboards")
    shutil.copy(GOLDEN / "stack.yaml", folder)
    subprocess.run([binary, "gen", "stack.yaml"], cwd=folder, check=True, capture_output=True)
    return folder / "out"


def values(out: Path, name: str) -> Json:
    return yaml_reading.read_file(out / GRAFANA / name)


def providers(values: Json) -> dict[str, str]:
    """Where each provider of dashboards reads them."""
    files = values["dashboardProviders"].values()
    return {one["name"]: one["options"]["path"] for file in files for one in file["providers"]}


@pytest.fixture(scope="module")
def dashboards(out: Path) -> dict[str, Json]:
    (own,) = values(out, "values.yaml")["dashboards"].values()
    return {name: json.loads(one["json"]) for name, one in own.items()}


def test_each_has_its_panels(dashboards: dict[str, Json]) -> None:
    titles = {name: {panel["title"] for panel in one["panels"]} for name, one in dashboards.items()}
    assert titles == {
        "orders": {"Orders that wait", "failed", "slow"},
        "stock-2": {"shelves"},
    }


def test_prometheus_can_answer(dashboards: dict[str, Json], tmp_path: Path) -> None:
    panels = [panel for one in dashboards.values() for panel in one["panels"]]
    asked = [target["expr"] for panel in panels for target in panel["targets"]]
    rules = [{"record": f"asked_{number}", "expr": expr} for number, expr in enumerate(asked)]
    assert promtool.complaints_of_rules(tmp_path, [{"name": "asked", "rules": rules}]) == ""


def test_no_panel_covers_another(dashboards: dict[str, Json]) -> None:
    for one in dashboards.values():
        places = [panel["gridPos"] for panel in one["panels"]]
        for here, there in itertools.combinations(places, 2):
            assert here["x"] != there["x"] or abs(here["y"] - there["y"]) >= here["h"]


def test_the_files_of_the_chart_take_nothing_from_each_other(out: Path) -> None:
    """Helm takes maps of both together, and the later list in place of the earlier one."""
    own, of_links = values(out, "values.yaml"), values(out, "values-dashboards.yaml")
    for key in ("dashboardProviders", "dashboards"):
        assert not own[key].keys() & of_links[key].keys()
    for file in (own, of_links):
        paths = {name: f"/var/lib/grafana/dashboards/{name}" for name in file["dashboards"]}
        assert providers(file) == paths
