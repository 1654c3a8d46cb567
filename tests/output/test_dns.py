"""Pods ask those for names who answer in their cluster, and nobody else.

In: the example with environments in clusters of several kinds. Out: in each of them, the one rule
of every policy that opens names; in the usual kind, the bases as they are.
Must not know which policies there are.
"""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from output_checker import yaml_reading
from output_checker.build import build
from output_checker.places import EXAMPLE

Object = dict[str, Any]
OVERLAYS = "out/k8s/deploy/overlays"
CLUSTERS: dict[str, Object] = {
    "usual": {},
    "cached": {"dns_cache": ["169.254.20.10", "10.96.0.10", "fd00::a"]},
    "openshift": {"dns": "openshift"},
}
PORTS = {53, 5353}


def pods(namespace: str, label: str, value: str) -> Object:
    return {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
        "podSelector": {"matchLabels": {label: value}},
    }


def ports(port: int) -> list[Object]:
    return [{"port": port, "protocol": protocol} for protocol in ("UDP", "TCP")]


KUBE_DNS = pods("kube-system", "k8s-app", "kube-dns")
CACHES = ["169.254.20.10/32", "10.96.0.10/32", "fd00::a/128"]
OPENSHIFT = pods("openshift-dns", "dns.operator.openshift.io/daemonset-dns", "default")
EXPECTED: dict[str, Object] = {
    "usual": {"to": [KUBE_DNS], "ports": ports(53)},
    "cached": {
        "to": [KUBE_DNS, *({"ipBlock": {"cidr": cidr}} for cidr in CACHES)],
        "ports": ports(53),
    },
    "openshift": {"to": [OPENSHIFT], "ports": ports(5353)},
}


@pytest.fixture(scope="module")
def place(binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = Path(shutil.copytree(EXAMPLE, tmp_path_factory.mktemp("dns") / "example"))
    stack = yaml_reading.read_file(folder / "stack.yaml")
    stack["environments"] = {
        name: {"cluster": {"name": name, **cluster}} for name, cluster in CLUSTERS.items()
    }
    (folder / "stack.yaml").write_text(json.dumps(stack), encoding="utf-8")
    shutil.rmtree(folder / "out")
    subprocess.run([binary, "gen"], cwd=folder, check=True, capture_output=True)
    return folder


def names(place: Path, environment: str) -> list[Object]:
    """The rules that open names; a policy with several would be told by their number."""
    policies = [
        one for one in build(place / OVERLAYS / environment) if one["kind"] == "NetworkPolicy"
    ]
    rules = [rule for policy in policies for rule in policy["spec"].get("egress") or []]
    return [rule for rule in rules if {port["port"] for port in rule.get("ports") or []} & PORTS]


@pytest.mark.parametrize("environment", CLUSTERS)
def test_every_policy_opens_those_who_answer(place: Path, environment: str) -> None:
    rules = names(place, environment)
    assert len(rules) == len(names(place, "usual")) > 20
    assert [rule for rule in rules if rule != EXPECTED[environment]] == []


def test_the_usual_kind_changes_nothing(place: Path) -> None:
    assert not list((place / OVERLAYS / "usual").glob("*/patch-*"))


WRONG: dict[str, tuple[Object, str]] = {
    "no address": ({"dns_cache": ["node-local"]}, "`node-local` is no address"),
    "another spelling": ({"dns_cache": ["169.254.5130"]}, "`169.254.5130` is no address"),
    "loopback": ({"dns_cache": ["127.0.0.1"]}, "`127.0.0.1` is no address"),
    "both": (CLUSTERS["openshift"] | CLUSTERS["cached"], "has no NodeLocal DNSCache"),
    "unknown": ({"dns": "coredns"}, "`dns` is not one of its legal values"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_no_cluster_has_is_refused(binary: Path, tmp_path: Path, case: str) -> None:
    cluster, expected = WRONG[case]
    stack = yaml_reading.read_file(EXAMPLE / "stack.yaml")
    stack["environments"] = {"prod": {"cluster": {"name": "prod", **cluster}}}
    (tmp_path / "stack.yaml").write_text(json.dumps(stack), encoding="utf-8")
    done = subprocess.run([binary, "check"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1
    assert expected in done.stdout + done.stderr
