"""The Stack Agent reaches what it is linked to, holds the secrets of its links, and no more.

In: generated-example/. Out: its policies and Deployment, compared with stack-metadata.json.
Must not know which endpoint a check uses: both sides of an edge have to say the same.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from output_checker import yaml_reading
from output_checker.places import EXAMPLE

BASE = EXAMPLE / "out" / "k8s" / "deploy" / "base"
AGENT = "stack-agent"
METADATA = json.loads((EXAMPLE / "out" / "stack-metadata.json").read_text(encoding="utf-8"))
LINKS = [one for one in METADATA["links"] if one["from"] == AGENT]
COMPONENTS = {one["name"]: one for one in METADATA["components"]}

Rule = dict[str, Any]


def policy(component: str) -> Rule:
    path = BASE / component / "networkpolicy.yaml"
    return next(iter(yaml_reading.read_all(path.read_text(encoding="utf-8"))))["spec"]


def ports(rule: Rule) -> set[int]:
    return {port["port"] for port in rule["ports"]}


def meant(rules: list[Rule], word: str, namespace: str, pods: dict[str, str]) -> list[set[int]]:
    """Ports of the rules whose one peer carries this namespace and all labels of these pods."""
    found = []
    for rule in rules:
        for peer in rule.get(word) or []:
            spaces = (peer.get("namespaceSelector") or {}).get("matchLabels") or {}
            labels = (peer.get("podSelector") or {}).get("matchLabels") or {}
            in_namespace = spaces.get("kubernetes.io/metadata.name") == namespace
            if in_namespace and pods.items() <= labels.items():
                found.append(ports(rule))
    return found


@pytest.mark.parametrize("target", sorted({link["to"] for link in LINKS}))
def test_a_link_is_one_rule_on_either_side(target: str) -> None:
    agent, other = policy(AGENT), policy(target)
    pods = other["podSelector"]["matchLabels"]
    out = meant(agent["egress"], "to", COMPONENTS[target]["namespace"], pods)
    labels = agent["podSelector"]["matchLabels"]
    into = meant(other["ingress"], "from", COMPONENTS[AGENT]["namespace"], labels)
    assert out == into
    assert len(out) == len([link for link in LINKS if link["to"] == target])


def test_the_agent_reaches_links_names_and_the_kubernetes_api_alone() -> None:
    targets = {COMPONENTS[link["to"]]["namespace"] for link in LINKS}
    spaces, open_ports = set(), set()
    for rule in policy(AGENT)["egress"]:
        if "to" not in rule:
            open_ports |= ports(rule)
        for peer in rule.get("to") or []:
            labels = (peer.get("namespaceSelector") or {}).get("matchLabels") or {}
            spaces |= set(labels.values())
    assert spaces == targets | {"kube-system"}
    assert open_ports == {443, 6443}


def test_only_linked_components_reach_the_agent() -> None:
    ingress = policy(AGENT)["ingress"]
    sources = [one["from"] for one in METADATA["links"] if one["to"] == AGENT]
    peers = [peer for rule in ingress for peer in rule["from"]]
    with_space = [peer for peer in peers if "namespaceSelector" in peer]
    spaces = sorted(
        next(iter(one["namespaceSelector"]["matchLabels"].values())) for one in with_space
    )
    # Argo CD deploys it and Alloy reads its logs by the Kubernetes API: neither needs an edge.
    callers = {"fastmcp", "prometheus"}
    assert callers | {"argo-cd", "alloy"} == set(sources)
    assert spaces == sorted(COMPONENTS[name]["namespace"] for name in callers)
    assert all("podSelector" in peer for peer in peers)


def secret_files() -> dict[str, str]:
    """What the pod mounts: file by key."""
    documents = yaml_reading.read_all((BASE / AGENT / "deployment.yaml").read_text("utf-8"))
    volumes = documents[0]["spec"]["template"]["spec"]["volumes"]
    items = next(one for one in volumes if one["name"] == "credentials")["secret"]["items"]
    return {item["key"]: item["path"] for item in items}


def test_the_pod_has_the_secrets_of_its_links_and_its_own_keys() -> None:
    def secrets(link: dict[str, Any]) -> set[str]:
        component = COMPONENTS[link["to"]]
        owner, name = component, link["to"]
        if link["sub_component"]:
            subs = {one["name"]: one for one in component["sub_components"]}
            owner, name = subs[link["sub_component"]], f"{name}.{link['sub_component']}"
        marked = [key for key, value in owner["attributes"].items() if value == {"secret": True}]
        return {f"{name}.{key}" for key in marked}

    files = secret_files()
    assert files.pop("AGENT_API_KEYS") == "AGENT_API_KEYS"
    assert set(files.values()) == set().union(*(secrets(link) for link in LINKS))
    assert len(set(files.values())) == len(files) > 0


def keys(path: Path) -> set[str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return {line.partition("=")[0] for line in lines if line and not line.startswith("#")}


def test_each_mounted_key_has_a_line_to_fill_in() -> None:
    assert keys(BASE / AGENT / "secret" / "cloud.env") == secret_files().keys()
