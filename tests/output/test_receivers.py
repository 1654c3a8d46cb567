"""Alerts reach the receivers of a stack, and their keys stand in Secrets alone.

In: a stack with a receiver of each kind, amtool. Out: a configuration that Alertmanager takes, who
is told of which alert, one file for each key, one way out for each receiver.
Must not know how values are made.
"""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

import amtool
from output_checker import tree_rules, yaml_reading
from output_checker.build import build

Object = dict[str, Any]
FILES = "/etc/alertmanager/secrets/"
RECEIVERS: dict[str, Object] = {
    "night": {"type": "pagerduty", "attributes": {"severity": "critical"}},
    "team": {"type": "slack", "attributes": {"channel": "#alerts"}},
    "office": {
        "type": "email",
        "attributes": {"to": "a@example.com, b@example.com", "host": "mail.example.com"},
    },
    "relay": {
        "type": "email",
        "attributes": {
            "to": "c@example.com",
            "host": "relay.example.com",
            "port": 2525,
            "auth": "none",
            "severity": "critical",
        },
    },
    "Bot_1": {"type": "webhook", "attributes": {"port": 8443}},
    "beat": {"type": "heartbeat", "attributes": {"every": "10m"}},
}
EVERYBODY = {"slack/team", "email/office", "webhook/Bot_1"}


@pytest.fixture(scope="module")
def out(binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return generated(binary, tmp_path_factory.mktemp("receivers"), RECEIVERS)


def generated(binary: Path, folder: Path, receivers: dict[str, Object]) -> Path:
    stack: Object = {
        "apiVersion": "stacktic.io/v1",
        "kind": "Stack",
        "name": "shop",
        "domain": "shop.example.com",
        "gitops": {"repository": "https://git.example.com/shop.git"},
        "components": {"prometheus": {"type": "prometheus", "sub_components": receivers}},
    }
    (folder / "stack.yaml").write_text(json.dumps(stack), encoding="utf-8")
    subprocess.run([binary, "gen", "stack.yaml"], cwd=folder, check=True, capture_output=True)
    return folder / "out"


def alertmanager(out: Path) -> Object:
    values = yaml_reading.read_file(out / "k8s/deploy/base/prometheus/values.yaml")
    return values["alertmanager"]


def objects(out: Path, kind: str) -> dict[str, Object]:
    items = build(out / "k8s/deploy/overlays/dev")
    return {one["metadata"]["name"]: one for one in items if one["kind"] == kind}


def test_the_tree_keeps_to_every_rule(out: Path) -> None:
    assert tree_rules.check_tree(out) == []


def test_alertmanager_takes_the_configuration(out: Path, tmp_path: Path) -> None:
    config = alertmanager(out)["config"]
    assert amtool.complaints(tmp_path, config) == ""
    config["route"]["routes"][0]["receiver"] = "slack/nobody"
    assert amtool.complaints(tmp_path, config) != ""


TOLD: dict[str, tuple[dict[str, str], set[str]]] = {
    "critical": ({"severity": "critical"}, {*EVERYBODY, "pagerduty/night", "email/relay"}),
    "warning": ({"severity": "warning"}, EVERYBODY),
    "info": ({"severity": "info"}, {"null"}),
    "nothing said": ({}, {"null"}),
    "watchdog": ({"alertname": "Watchdog", "severity": "none"}, {"heartbeat/beat", "null"}),
    "inhibitor": ({"alertname": "InfoInhibitor", "severity": "none"}, {"null"}),
}


@pytest.mark.parametrize("case", TOLD)
def test_who_is_told(out: Path, tmp_path: Path, case: str) -> None:
    labels, expected = TOLD[case]
    assert amtool.told(tmp_path, alertmanager(out)["config"], **labels) == expected


def test_each_key_is_a_file_of_a_secret(out: Path) -> None:
    found = alertmanager(out)
    text = json.dumps(found["config"])
    files = {part.split('"')[0] for part in text.split(FILES)[1:]}
    secrets = objects(out, "Secret")
    mounted = {
        f"{name}/{key}"
        for name in found["alertmanagerSpec"]["secrets"]
        for key in secrets[name]["data"]
    }
    assert files == mounted
    assert len(files) == len(RECEIVERS) - 1
    assert set(found["alertmanagerSpec"]["secrets"]) == set(secrets)
    assert not any(value for one in secrets.values() for value in one["data"].values())


def test_ways_out_are_those_of_the_receivers(out: Path) -> None:
    policy = objects(out, "NetworkPolicy")["prometheus.alertmanager"]
    selector = policy["spec"]["podSelector"]
    assert selector["matchExpressions"][0]["values"] == ["alertmanager"]
    rules = policy["spec"]["egress"]
    assert all("to" not in rule for rule in rules)
    ports = sorted(port["port"] for rule in rules for port in rule["ports"])
    assert ports == [443, 443, 443, 587, 2525, 8443]


def test_people_are_asked_for_the_keys(binary: Path, out: Path) -> None:
    said = ""
    for command in ("fill", "status"):
        done = subprocess.run(
            [binary, "secrets", command, "stack.yaml"],
            cwd=out.parent,
            capture_output=True,
            text=True,
            check=False,
        )
        said += done.stdout + done.stderr
    for words in ("Events API v2", "webhook of Slack", "password of alerts@shop.example.com"):
        assert words in said
    assert not any(
        value for one in objects(out, "Secret").values() for value in one["data"].values()
    )


def test_without_receivers_alertmanager_is_the_charts(binary: Path, tmp_path: Path) -> None:
    out = generated(binary, tmp_path, {})
    found = alertmanager(out)
    assert "config" not in found
    assert "secrets" not in found["alertmanagerSpec"]
    assert "prometheus.alertmanager" not in objects(out, "NetworkPolicy")
