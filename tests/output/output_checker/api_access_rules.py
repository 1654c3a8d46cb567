"""Who reaches the Kubernetes API: pods whose account has rights there, and no others.

In: the objects of one build, the releases of charts beside them. Out: findings on pods whose
policies differ from their rights, and on charts of which nobody knows the accounts.
Must not know how policies are made; `accounts_of_pods.yaml` says what charts and operators bind.
"""

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from output_checker import yaml_reading
from output_checker.finding import Finding, Object, name_of
from output_checker.workload_rules import pod_of

RULE = "api-server"
ACCOUNTS = Path(__file__).with_name("accounts_of_pods.yaml")
WORKLOADS = frozenset(("Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob"))
BINDINGS = frozenset(("RoleBinding", "ClusterRoleBinding"))
# Of the Service, and of the server itself. Applications may reach the first of others as well.
API_PORTS = frozenset((443, 6443))
SERVER_PORT = 6443


@dataclass(frozen=True)
class Release:
    """A chart as it is installed."""

    chart: str
    name: str
    namespace: str
    values: dict[str, Any]


@dataclass(frozen=True)
class Caller:
    """Pods that are alike, and whether they have rights at the API and a token to use them."""

    where: str
    namespace: str
    labels: dict[str, str]
    is_entitled: bool


def check_api_access(items: list[Object], releases: list[Release]) -> list[Finding]:
    """All rules over one build."""
    policies = [item for item in items if item.get("kind") == "NetworkPolicy"]
    denied = {policy["metadata"].get("namespace") for policy in policies}
    findings = [
        Finding(release.name, RULE, f"nobody knows the accounts of the chart {release.chart}")
        for release in releases
        if release.namespace in denied and release.chart not in _table()["charts"]
    ]
    for caller in callers(items, releases):
        if caller.namespace in denied:
            findings += _check_caller(caller, policies)
    return findings


def callers(items: list[Object], releases: list[Release]) -> list[Caller]:
    """The pods of workloads, of what operators make, and of charts."""
    bound = set(_bound(items))
    found = [_of_workload(item, bound) for item in items if item.get("kind") in WORKLOADS]
    for item in items:
        rows = _table()["kinds"].get(str(item.get("kind"))) or []
        there = [row for row in rows if "when" not in row or _at(item, row["when"])]
        found += [_of_row(row, name_of(item), _namespace(item), item, bound) for row in there]
    for release in releases:
        rows = _table()["charts"].get(release.chart) or []
        place = release.values | {"release": release.name}
        found += [_of_row(row, release.name, release.namespace, place, bound) for row in rows]
    return found


def _check_caller(caller: Caller, policies: list[Object]) -> Iterator[Finding]:
    ports = set(_ways_out(caller, policies))
    who = " ".join(sorted(set(caller.labels.values())))
    if caller.is_entitled and not ports >= API_PORTS:
        fact = f"no policy lets pods with rights at the Kubernetes API reach it ({who})"
        yield Finding(caller.where, RULE, fact)
    if not caller.is_entitled and SERVER_PORT in ports:
        fact = f"a policy opens the Kubernetes API to pods that have no rights there ({who})"
        yield Finding(caller.where, RULE, fact)


def _ways_out(caller: Caller, policies: list[Object]) -> Iterator[int]:
    """Ports of the policies of these pods that lead to every address."""
    for policy in policies:
        spec = policy["spec"]
        if _namespace(policy) != caller.namespace or not selects(
            spec.get("podSelector") or {}, caller.labels
        ):
            continue
        for rule in spec.get("egress") or []:
            if not rule.get("to"):
                yield from (port["port"] for port in rule.get("ports") or [])


def selects(selector: dict[str, Any], labels: dict[str, str]) -> bool:
    """Whether a selector of labels means these."""
    among = selector.get("matchExpressions") or []
    unknown = [one for one in among if one["operator"] != "In"]
    assert not unknown, f"no policy of ours says {unknown}"
    has_all = (selector.get("matchLabels") or {}).items() <= labels.items()
    return has_all and all(labels.get(one["key"]) in one["values"] for one in among)


def _of_workload(item: Object, bound: set[tuple[str, str]]) -> Caller:
    pod = pod_of(item)
    spec = item["spec"]
    template = spec.get("jobTemplate", item)["spec"]["template"]
    projected = [one for volume in pod.get("volumes") or [] for one in
                 (volume.get("projected") or {}).get("sources") or []]  # fmt: skip
    has_token = pod.get("automountServiceAccountToken") is not False or any(
        "serviceAccountToken" in source for source in projected
    )
    account = (_namespace(item), str(pod.get("serviceAccountName")))
    labels = (template.get("metadata") or {}).get("labels") or {}
    return Caller(name_of(item), _namespace(item), labels, has_token and account in bound)


def _of_row(
    row: dict[str, Any], where: str, namespace: str, place: Any, bound: set[tuple[str, str]]
) -> Caller:
    """Pods by the table; `place` is the object, or the values with the name of the release."""

    def filled(text: str) -> str:
        return re.sub(r"\{([^}]+)\}", lambda found: str(_at(place, found[1].split("."))), text)

    token = row.get("token", True)
    has_token = _at(place, token) is not False if isinstance(token, list) else token
    by_chart = row["rights"] and _at(place, row.get("switch") or []) is not False
    by_others = (namespace, filled(row.get("account", ""))) in bound
    labels = {key: filled(text) for key, text in row["labels"].items()}
    labels |= _at(place, row["more_labels"]) or {} if "more_labels" in row else {}
    return Caller(where, namespace, labels, has_token and (by_chart or by_others))


def _bound(items: list[Object]) -> Iterator[tuple[str, str]]:
    """Accounts that some object binds rights to, each with its namespace."""
    for item in items:
        for subject in (item.get("subjects") or []) if item.get("kind") in BINDINGS else []:
            if subject["kind"] == "ServiceAccount":
                yield subject.get("namespace") or _namespace(item), subject["name"]


def _namespace(item: Object) -> str:
    return str(item["metadata"].get("namespace"))


def _at(value: Any, path: list[str]) -> Any:
    """The value at a path, or nothing."""
    for key in path:
        if isinstance(value, list):
            value = value[int(key)] if int(key) < len(value) else None
        else:
            value = value.get(key) if isinstance(value, dict) else None
    return value if path else None


@functools.cache
def _table() -> dict[str, Any]:
    return yaml_reading.read_file(ACCOUNTS)
