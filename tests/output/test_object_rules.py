"""Each rule for objects and workloads refuses one change of a sound object.

In: the built sample. Out: one assertion a rule.
Must not know files; test_check_output.py breaks trees.
"""

from collections.abc import Callable
from typing import Any

import pytest

from output_checker import object_rules, tree_rules, workload_rules

Object = dict[str, Any]
Item = Callable[[str], Object]
REMOVED = object()

READ_ONLY = "readOnlyRootFilesystem"
ESCALATION = "allowPrivilegeEscalation"
SECRET_VARIABLE = [{"name": "T", "valueFrom": {"secretKeyRef": {"name": "x", "key": "y"}}}]

# Case, path below the pod or `container`, new value, rule, part of the fact.
POD = [
    ("host_network", ("hostNetwork",), True, "pod-security", "hostNetwork"),
    ("host_path", ("volumes", 0), {"hostPath": {"path": "/"}}, "pod-security", "hostPath"),
    ("token", ("automountServiceAccountToken",), REMOVED, "token", "automount"),
    ("service_account", ("serviceAccountName",), "default", "token", "ServiceAccount"),
    ("root", ("securityContext", "runAsNonRoot"), False, "pod-security", "runAsNonRoot"),
    ("user_0", ("securityContext", "runAsUser"), 0, "pod-security", "root"),
    ("other_user", ("securityContext", "runAsUser"), 1000, "pod-security", "10001"),
    ("seccomp", ("securityContext", "seccompProfile"), REMOVED, "pod-security", "seccomp"),
    ("secret_mode", ("volumes", 1, "secret", "defaultMode"), 0o644, "secret", "0400"),
    ("secret_items", ("volumes", 1, "secret", "items"), REMOVED, "secret", "list its keys"),
    ("secret_name", ("volumes", 1, "secret", "secretName"), "other", "reference", "other"),
]  # fmt: skip
CONTAINER = [
    ("writable", ("securityContext", READ_ONLY), REMOVED, "pod-security", READ_ONLY),
    ("escalation", ("securityContext", ESCALATION), True, "pod-security", ESCALATION),
    ("capabilities", ("securityContext", "capabilities"), {"drop": ["X"]}, "pod-security", "ALL"),
    ("added", ("securityContext", "capabilities", "add"), ["SYS_TIME"], "pod-security", "adds"),
    ("privileged", ("securityContext", "privileged"), True, "pod-security", "privileged"),
    ("own_root", ("securityContext", "runAsUser"), 0, "pod-security", "root"),
    ("host_port", ("ports", 0, "hostPort"), 80, "pod-security", "host port"),
    ("limits", ("resources", "limits"), REMOVED, "resources", "limits"),
    ("memory", ("resources", "requests", "memory"), REMOVED, "resources", "memory"),
    ("liveness", ("livenessProbe",), REMOVED, "probes", "liveness"),
    ("readiness", ("readinessProbe",), REMOVED, "probes", "readiness"),
    ("env_from", ("envFrom", 0), {"secretRef": {"name": "x"}}, "env-secret", "envFrom"),
    ("env_key", ("env",), SECRET_VARIABLE, "env-secret", "T"),
    ("config_gone", ("envFrom", 0, "configMapRef", "name"), "other", "reference", "other"),
]  # fmt: skip


def change(value: Any, path: tuple[str | int, ...], new: object) -> None:
    for key in path[:-1]:
        value = value[key]
    if new is REMOVED:
        del value[path[-1]]
    else:
        value[path[-1]] = new


def rules_of(items: list[Object]) -> list[str]:
    return [f"{one.rule}: {one.fact}" for one in workload_rules.check_workloads(items)]


def test_the_built_sample_is_accepted(built: list[Object]) -> None:
    assert tree_rules.check_items(built) == []


@pytest.mark.parametrize(
    ("path", "new", "rule", "fact"), [c[1:] for c in POD], ids=[c[0] for c in POD]
)
def test_a_pod_is_refused(
    built: list[Object], item: Item, path: tuple[str | int, ...], new: object, rule: str, fact: str
) -> None:
    deployment = item("Deployment")
    change(workload_rules.pod_of(deployment), path, new)
    others = [one for one in built if one["kind"] != "Deployment"]
    assert any(text.startswith(rule) and fact in text for text in rules_of([*others, deployment]))


@pytest.mark.parametrize(
    ("path", "new", "rule", "fact"), [c[1:] for c in CONTAINER], ids=[c[0] for c in CONTAINER]
)
def test_a_container_is_refused(
    built: list[Object], item: Item, path: tuple[str | int, ...], new: object, rule: str, fact: str
) -> None:
    deployment = item("Deployment")
    change(workload_rules.pod_of(deployment)["containers"][0], path, new)
    others = [one for one in built if one["kind"] != "Deployment"]
    assert any(text.startswith(rule) and fact in text for text in rules_of([*others, deployment]))


@pytest.mark.parametrize("kind", ["Job", "CronJob", "Pod", "StatefulSet", "DaemonSet"])
def test_every_kind_with_a_pod_is_read(item: Item, kind: str) -> None:
    template = item("Deployment")["spec"]["template"]
    template["spec"]["hostPID"] = True
    specs = {
        "Job": {"template": template},
        "CronJob": {"jobTemplate": {"spec": {"template": template}}},
        "Pod": template["spec"],
    }
    workload = {
        "kind": kind,
        "metadata": {"name": "x"},
        "spec": specs.get(kind, {"template": template}),
    }
    assert "pod-security: hostPID is set" in rules_of([workload])


def test_an_init_container_is_held_to_the_same_rules(item: Item) -> None:
    deployment = item("Deployment")
    workload_rules.pod_of(deployment)["initContainers"] = [{"name": "first", "image": "x:1"}]
    texts = rules_of([deployment])
    assert any("container first: readOnlyRootFilesystem" in text for text in texts)
    assert not any("container first: has no livenessProbe" in text for text in texts)


@pytest.mark.parametrize("label", ["name", "instance", "part-of", "managed-by"])
def test_a_missing_label_is_refused(item: Item, label: str) -> None:
    deployment = item("Deployment")
    del deployment["metadata"]["labels"][f"app.kubernetes.io/{label}"]
    assert any(label in text for text in rules_of([deployment]) if text.startswith("labels"))


def test_another_manager_is_refused(item: Item) -> None:
    deployment = item("Deployment")
    deployment["metadata"]["labels"]["app.kubernetes.io/managed-by"] = "Helm"
    assert "labels: app.kubernetes.io/managed-by is not stacktic" in rules_of([deployment])


def test_an_external_secret_makes_its_target(built: list[Object], item: Item) -> None:
    external = {
        "kind": "ExternalSecret",
        "metadata": {"name": "any", "namespace": "mcp"},
        "spec": {"target": {"name": "other"}},
    }
    deployment = item("Deployment")
    workload_rules.pod_of(deployment)["volumes"][1]["secret"]["secretName"] = "other"
    others = [one for one in built if one["kind"] not in ("Deployment", "Secret")]
    assert rules_of([*others, external, deployment]) == []


def test_the_same_object_twice_is_refused(item: Item) -> None:
    service = item("Service")
    assert [one.rule for one in object_rules.check_identities([service, service])] == ["duplicate"]


def test_the_same_object_in_two_versions_is_refused(item: Item) -> None:
    topic, older = item("KafkaTopic"), item("KafkaTopic")
    older["apiVersion"] = "kafka.strimzi.io/v1beta2"
    assert object_rules.check_identities([topic, older])


def test_the_same_name_in_two_namespaces_is_accepted(item: Item) -> None:
    first, second = item("Service"), item("Service")
    second["metadata"]["namespace"] = "other"
    assert object_rules.check_identities([first, second]) == []


@pytest.mark.parametrize(
    ("kind", "length", "refused"),
    [
        ("Service", 63, False),
        ("Service", 64, True),
        ("CronJob", 52, False),
        ("CronJob", 53, True),
        ("StatefulSet", 53, True),
    ],
)
def test_names_have_a_limit(kind: str, length: int, refused: bool) -> None:
    named = {"apiVersion": "v1", "kind": kind, "metadata": {"name": "a" * length}}
    assert bool(object_rules.check_name(named)) is refused


def test_a_long_label_is_refused(item: Item) -> None:
    service = item("Service")
    service["metadata"]["labels"] = {"owner": "a" * 64}
    assert "label owner has 64 characters" in object_rules.check_name(service)[0].fact


def test_server_side_apply_lifts_the_annotation_limit() -> None:
    large: Object = {
        "kind": "KafkaTopic",
        "metadata": {"name": "x"},
        "spec": {"text": "a" * 300_000},
    }
    assert object_rules.check_size(large)
    large["metadata"]["annotations"] = {"argocd.argoproj.io/sync-options": "ServerSideApply=true"}
    assert object_rules.check_size(large) == []


@pytest.mark.parametrize(
    ("image", "refused"),
    [
        ("nginx", True),
        ("nginx:latest", True),
        ("localhost:5000/nginx", True),
        ("nginx:latest-alpine", True),
        ("nginx:1.29.1", False),
        ("localhost:5000/nginx:1.29.1", False),
        ("nginx@sha256:" + "0" * 64, False),
    ],
)
def test_images_have_an_exact_tag(image: str, refused: bool) -> None:
    assert bool(object_rules.image_fault(image)) is refused


def test_images_of_custom_resources_are_read() -> None:
    cluster = {
        "kind": "Cluster",
        "metadata": {"name": "x"},
        "spec": {"imageName": "postgresql:latest"},
    }
    assert object_rules.check_images(cluster)
