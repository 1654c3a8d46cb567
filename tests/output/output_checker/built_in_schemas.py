"""Validates built-in Kubernetes kinds against the schemas of pip `kubernetes-validate`.

In: one object. Out: findings, unknown fields included.
Must not know custom resources.

The package's own `validate` reads a megabyte of definitions for every object and stops
at the first error; this keeps one validator a kind and reports every error.
"""

import functools
import importlib.resources
import json
from importlib.resources.abc import Traversable
from typing import Any

import jsonschema
import jsonschema.protocols
import referencing
import referencing.jsonschema

from output_checker.finding import Finding, Object, group_and_version, name_of

OLDEST = (1, 31)
"""The oldest Kubernetes that a stack is for."""
STRICT = "-local-strict"
DEFINITIONS = "/api/_definitions.json"
BUILT_IN_GROUPS = frozenset(("", "apps", "batch", "autoscaling", "policy"))
CLUSTER_WIDE = frozenset(
    [
        "Namespace",
        "ClusterRole",
        "ClusterRoleBinding",
        "CustomResourceDefinition",
        "PriorityClass",
        "StorageClass",
        "IngressClass",
        "RuntimeClass",
        "PersistentVolume",
        "APIService",
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
        "ValidatingWebhookConfiguration",
        "MutatingWebhookConfiguration",
    ]
)


@functools.cache
def versions() -> list[str]:
    """Every Kubernetes from the oldest on that the package knows, such as `1.31`."""
    folders = (path.name for path in _schemas().iterdir() if path.name.endswith(STRICT))
    known = [tuple(map(int, name.removeprefix("v").split(".")[:2])) for name in folders]
    return [f"{major}.{minor}" for major, minor in sorted(known) if (major, minor) >= OLDEST]


def is_known(item: Object) -> bool:
    """Whether Kubernetes itself serves this kind."""
    return _validator(versions()[0], *group_and_version(item), str(item.get("kind"))) is not None


def check_built_in(item: Object, kubernetes: str | None = None) -> list[Finding]:
    """All differences to the schema of a built-in kind, of the oldest version by default."""
    version = kubernetes or versions()[0]
    validator = _validator(version, *group_and_version(item), str(item.get("kind")))
    if validator is None:
        fact = f"no schema for {item.get('apiVersion')} {item.get('kind')} in {version}"
        return [Finding(name_of(item), "unknown-kind", fact)]
    findings = [
        Finding(name_of(item), "schema", f"{error.json_path}: {error.message[:300]}")
        for error in validator.iter_errors(item)
    ]
    return findings + _check_scope(item)


def _check_scope(item: Object) -> list[Finding]:
    namespace = str((item.get("metadata") or {}).get("namespace") or "")
    if item["kind"] in CLUSTER_WIDE:
        facts = ["is cluster-wide but has a namespace"] if namespace else []
    elif not namespace:
        facts = ["has no namespace"]
    else:
        reserved = namespace == "default" or namespace.startswith("kube-")
        facts = [f"lies in the reserved namespace {namespace}"] if reserved else []
    return [Finding(name_of(item), "namespace", fact) for fact in facts]


@functools.cache
def _validator(
    kubernetes: str, group: str, version: str, kind: str
) -> jsonschema.protocols.Validator | None:
    if group not in BUILT_IN_GROUPS and not group.endswith(".k8s.io"):
        return None
    short_group = group.partition(".")[0]
    name = "-".join(part for part in (kind.lower(), short_group, version) if part)
    schema = _read(kubernetes, f"{name}.json")
    if schema is None or not _is_an_object(schema):
        return None
    return jsonschema.Draft202012Validator(schema, registry=_definitions(kubernetes))


def _is_an_object(schema: dict[str, Any]) -> bool:
    """The package also has schemas of parts, which nobody can apply."""
    return {"apiVersion", "kind", "metadata"} <= schema.get("properties", {}).keys()


@functools.cache
def _definitions(kubernetes: str) -> referencing.Registry:
    """The definitions that all kinds share, indexed once: a megabyte."""
    resource = referencing.Resource.from_contents(
        _read(kubernetes, "_definitions.json"),
        default_specification=referencing.jsonschema.DRAFT202012,
    )
    return referencing.Registry().with_resource(DEFINITIONS, resource).crawl()


def _schemas() -> Traversable:
    return importlib.resources.files("kubernetes_validate") / "kubernetes-json-schema"


def _read(kubernetes: str, name: str) -> dict[str, Any] | None:
    path = _schemas() / f"v{kubernetes}.0{STRICT}" / name
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None
