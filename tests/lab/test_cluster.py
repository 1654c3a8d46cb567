"""A real API server takes the example, as Argo CD brings it, and keeps its fences.

In: both environments of the example, each on a server of its own, and a stack that grows and
shrinks. Out: every object is accepted without a warning, the second time changes nothing, accounts
may do what their Roles say and nothing else.
"""

import copy
import functools
import itertools
import json
import re
import subprocess
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

import cluster as lab
import delivery
from delivery import Delivery, Key
from output_checker import build
from output_checker.finding import Object
from output_checker.places import EXAMPLE

# Two that the stack has nothing to do with.
FOREIGN = ("default", "kube-system")


@dataclass(frozen=True)
class Installed:
    """An environment that was applied once."""

    delivery: Delivery
    cluster: lab.Cluster
    objects: dict[Key, Object]

    def of(self, kind: str) -> list[Object]:
        """Its objects of a kind."""
        return [item for (_, found, _, _), item in self.objects.items() if found == kind]


@pytest.fixture(scope="module", params=("dev", "prod"))
def installed(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Generator[Installed]:
    """An environment of the example on a server of its own."""
    with lab.running(tmp_path_factory.mktemp("cluster")) as cluster:
        yield install(Delivery(EXAMPLE / "out", request.param), cluster)


def install(wanted: Delivery, cluster: lab.Cluster) -> Installed:
    objects = wanted.objects()
    delivery.prepare(cluster, objects)
    wanted.apply(cluster)
    return Installed(wanted, cluster, objects)


def test_it_is_all_there_and_a_second_time_changes_nothing(installed: Installed) -> None:
    before = delivery.versions(installed.cluster, installed.objects.values())
    assert before.keys() == installed.objects.keys()
    assert len(before) > 100
    installed.delivery.apply(installed.cluster)
    assert delivery.versions(installed.cluster, installed.objects.values()) == before


def test_pods_of_ours_are_admitted(installed: Installed) -> None:
    """Nobody makes pods here, so they are asked for: accounts exist, all is restricted."""
    workloads = [item for kind in ("Deployment", "CronJob") for item in installed.of(kind)]
    assert workloads
    installed.cluster.apply(map(pod, workloads), "--dry-run=server")


def pod(workload: Object) -> Object:
    """The pod that its controller would make."""
    spec = workload["spec"]
    template = spec["template"] if "template" in spec else spec["jobTemplate"]["spec"]["template"]
    metadata = {
        **(template.get("metadata") or {}),
        "name": workload["metadata"]["name"],
        "namespace": workload["metadata"]["namespace"],
    }
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]}


def test_accounts_may_do_what_their_roles_say(installed: Installed) -> None:
    namespaces = [item["metadata"]["name"] for item in installed.of("Namespace")]
    accounts = [identity(item["metadata"]) for item in installed.of("ServiceAccount")]
    assert accounts
    for account, namespace in itertools.product(accounts, [*namespaces, *FOREIGN]):
        found = rights(installed.cluster, account, namespace)
        assert found == granted(installed, account, namespace), (account, namespace)


def test_the_agent_lists_pods_and_nothing_else(installed: Installed) -> None:
    metadata = json.loads((EXAMPLE / "out/stack-metadata.json").read_text(encoding="utf-8"))
    agent = next(one for one in metadata["components"] if one["type"] == "stack_agent")
    account = identity({"namespace": agent["namespace"], "name": agent["name"]})
    namespaces = {one["namespace"] for one in metadata["components"]}
    for namespace in namespaces:
        assert rights(installed.cluster, account, namespace) == {"pods [] [] [get list]"}
    for words in (
        ("get", "secrets"),
        ("create", "pods", "--subresource=exec"),
        ("get", "pods", "--subresource=log"),
        ("delete", "pods"),
        ("list", "pods", "--all-namespaces"),
        *(("list", "pods", "-n", namespace) for namespace in FOREIGN),
    ):
        where = () if "-n" in words else ("-n", agent["namespace"])
        with pytest.raises(lab.CommandError):
            installed.cluster.kubectl("auth", "can-i", *words, *where, "--as", account)


def identity(metadata: dict[str, str]) -> str:
    """How the API server calls an account."""
    return f"system:serviceaccount:{metadata['namespace']}:{metadata['name']}"


def rights(cluster: lab.Cluster, account: str, namespace: str) -> set[str]:
    """What an account may do in a namespace beyond what any other may."""
    nobody = identity({"namespace": namespace, "name": "nobody"})
    return listed(cluster, account, namespace) - listed(cluster, nobody, namespace)


@functools.cache
def listed(cluster: lab.Cluster, account: str, namespace: str) -> set[str]:
    words = ("auth", "can-i", "--list", "--no-headers", "--as", account, "-n", namespace)
    lines = cluster.kubectl(*words).splitlines()
    return {" ".join(line.split()) for line in lines}


def granted(installed: Installed, account: str, namespace: str) -> set[str]:
    """The same, by the Roles of the output."""
    return {
        line
        for binding in installed.of("RoleBinding")
        if binding["metadata"]["namespace"] == namespace
        and account in map(identity, binding["subjects"])
        for role in installed.of("Role")
        if role["metadata"]["namespace"] == namespace
        and role["metadata"]["name"] == binding["roleRef"]["name"]
        for rule in role["rules"]
        for line in lines_of(rule)
    }


def lines_of(rule: dict[str, Any]) -> list[str]:
    """A rule as `kubectl auth can-i --list` prints it."""
    verbs = " ".join(rule["verbs"])
    names = " ".join(rule.get("resourceNames") or [])
    kinds = itertools.product(rule["resources"], rule["apiGroups"])
    return [f"{'.'.join(filter(None, kind))} [] [{names}] [{verbs}]" for kind in kinds]


def generated(stack: dict[str, Any], folder: Path, binary: Path) -> Delivery:
    """The development environment of a stack, over what lies in the folder already."""
    file = folder / "stack.yaml"
    file.write_text(yaml.safe_dump(stack), encoding="utf-8")
    command = [str(binary), "gen", str(file), "--out", str(folder / "out")]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return Delivery(folder / "out", "dev")


def test_a_stack_grows_and_shrinks(tmp_path: Path, cluster: lab.Cluster, binary: Path) -> None:
    stack = yaml.safe_load((EXAMPLE / "stack.yaml").read_text(encoding="utf-8"))
    first = install(generated(stack, tmp_path, binary), cluster)

    stack["components"]["fastapi"]["attributes"]["replicas"] = 4
    stack["components"]["reports"] = {
        "type": "fastapi",
        "attributes": {"image": "registry.example.com/reports:1.0.0"},
    }
    grown = upgraded(first, generated(stack, tmp_path, binary))
    added = grown.objects.keys() - first.objects.keys()
    own = build.build(build.nearest(tmp_path / "out", "dev", "reports"))
    assert added >= {delivery.key(item) for item in own}
    assert not [key for key in added if not is_of(key, "reports") and not replaces(key, first)]
    assert not [
        key for key in first.objects.keys() - grown.objects.keys() if not replaces(key, grown)
    ]
    scaled = cluster.kubectl("get", "deployment", "fastapi", "-n", "app", "-o", "json")
    assert json.loads(scaled)["spec"]["replicas"] == 4

    shrunk = upgraded(grown, generated(without(stack, "langflow"), tmp_path, binary))
    gone = [
        key for key in grown.objects.keys() - shrunk.objects.keys() if not replaces(key, shrunk)
    ]
    places = {item["metadata"]["name"] for item in shrunk.of("Namespace")}
    assert len(gone) > 3
    # Its own, and what was there for its namespace alone.
    for key in gone:
        assert is_of(key, "langflow") or (key[2] or key[3]) not in places, key


def is_of(key: Key, component: str) -> bool:
    """Whether an object is named after a component."""
    return component in re.split(r"[.-]", key[3])


def replaces(key: Key, other: Installed) -> bool:
    """Whether this is the ConfigMap that the other state has under another hash."""
    group, kind, place, name = key
    stem = name.rpartition("-")[0]
    others = {(g, k, p, n.rpartition("-")[0]) for g, k, p, n in other.objects if k == "ConfigMap"}
    return (group, kind, place, stem) in others


def without(stack: dict[str, Any], component: str) -> dict[str, Any]:
    """The stack without a component and its links."""
    smaller = copy.deepcopy(stack)
    del smaller["components"][component]
    smaller["links"] = [
        {**link, "to": kept}
        for link in stack["links"]
        if (kept := [end for end in ends(link["to"]) if end.split("/")[0] != component])
        and link["from"] != component
    ]
    return smaller


def ends(to: str | list[str]) -> list[str]:
    return to if isinstance(to, list) else [to]


def upgraded(old: Installed, wanted: Delivery) -> Installed:
    """The next state in the cluster: what differs has changed there, nothing else has."""
    cluster, objects = old.cluster, wanted.objects()
    kept = {key: objects[key] for key in old.objects.keys() & objects.keys()}
    before = delivery.versions(cluster, kept.values())
    wanted.apply(cluster)
    gone = [item for key, item in old.objects.items() if key not in objects]
    pruned = [item for item in gone if not delivery.is_kept(item)]
    listed = json.dumps({"apiVersion": "v1", "kind": "List", "items": pruned})
    cluster.kubectl("delete", "-f", "-", text=listed)
    now = delivery.versions(cluster, kept.values())
    changed = {key for key in kept if now[key] != before[key]}
    assert changed == {key for key in kept if objects[key] != old.objects[key]}
    return Installed(wanted, cluster, objects)
