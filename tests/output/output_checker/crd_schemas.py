"""Validates custom resources against the CRD schemas in tests/facts.

In: one object. Out: findings, unknown fields included.
Must not know the built-in Kubernetes kinds.

A CRD schema is OpenAPI v3: the API server drops or refuses what `properties` does not
list, reads `nullable` and `x-kubernetes-int-or-string`, and knows lists keyed like maps.
JSON Schema knows none of this, so `close_schema` writes it into the schema.
"""

import functools
import json
from collections.abc import Iterator
from typing import Any

import jsonschema
import jsonschema.protocols
import jsonschema.validators

from output_checker import facts
from output_checker.finding import Finding, Object, group_and_version, name_of

Schema = dict[str, Any]

STRING = {"type": "string"}
STRING_MAP = {"type": "object", "additionalProperties": STRING}
METADATA: Schema = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "name": STRING,
        "generateName": STRING,
        "namespace": STRING,
        "labels": STRING_MAP,
        "annotations": STRING_MAP,
        "finalizers": {"type": "array", "items": STRING},
        "ownerReferences": {"type": "array", "items": {"type": "object"}},
    },
}
# Gatekeeper makes these kinds of templates, while it runs: nobody publishes a schema of them.
MADE_OF_TEMPLATES = "constraints.gatekeeper.sh"
IDENTITY: Schema = {"apiVersion": STRING, "kind": STRING, "metadata": METADATA}


def is_known(item: Object) -> bool:
    """Whether tests/facts has a schema for this group, version and kind."""
    group, key = _key(item)
    return group == MADE_OF_TEMPLATES or _validator(group, key) is not None


def check_custom_resource(item: Object) -> list[Finding]:
    """All differences to the CRD's schema."""
    group, key = _key(item)
    if group == MADE_OF_TEMPLATES:
        return []
    validator = _validator(group, key)
    if validator is None:
        return [Finding(name_of(item), "unknown-kind", f"no schema for {group}/{key}")]
    findings = [_as_finding(item, error) for error in validator.iter_errors(item)]
    return findings + _check_scope(item, group, key)


def _key(item: Object) -> tuple[str, str]:
    group, version = group_and_version(item)
    return group, f"{item.get('kind')}/{version}"


def _as_finding(item: Object, error: jsonschema.ValidationError) -> Finding:
    return Finding(name_of(item), "schema", f"{error.json_path}: {error.message[:300]}")


def _check_scope(item: Object, group: str, key: str) -> list[Finding]:
    known = facts.crd_group(group)
    namespaced = bool(known) and known["kinds"][key]["scope"] == "Namespaced"
    has_namespace = bool((item.get("metadata") or {}).get("namespace"))
    if namespaced == has_namespace:
        return []
    fact = "has no namespace" if namespaced else "is cluster-wide but has a namespace"
    return [Finding(name_of(item), "namespace", fact)]


@functools.cache
def _validator(group: str, key: str) -> jsonschema.protocols.Validator | None:
    known = facts.crd_group(group)
    if known is None or key not in known["schemas"]:
        return None
    definitions = {name: close_schema(part) for name, part in known["definitions"].items()}
    root = close_schema(known["schemas"][key])
    if "properties" in root:
        root["properties"] = root["properties"] | IDENTITY
    return ClosedValidator({**root, "definitions": definitions})


def close_schema(schema: Any) -> Any:
    """Say in JSON Schema what the API server does with this OpenAPI schema."""
    if not isinstance(schema, dict):
        return schema
    closed = dict(schema)
    if "properties" in schema:
        closed["properties"] = {
            name: close_schema(part) for name, part in schema["properties"].items()
        }
    for word in ("items", "additionalProperties"):
        if word in schema:
            closed[word] = close_schema(schema[word])
    if schema.get("x-kubernetes-int-or-string"):
        closed["type"] = ["integer", "string"]
    _close_object(closed)
    _allow_null(closed)
    _readable_pattern(closed)
    return closed


def _close_object(schema: Schema) -> None:
    if schema.get("type") != "object" or "additionalProperties" in schema:
        return
    if schema.get("x-kubernetes-embedded-resource"):
        schema["properties"] = IDENTITY | schema.get("properties", {})
    if not schema.get("x-kubernetes-preserve-unknown-fields"):
        schema["additionalProperties"] = False


def _allow_null(schema: Schema) -> None:
    if not schema.get("nullable") or "type" not in schema:
        return
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    schema["type"] = [*types, "null"]
    if "enum" in schema:
        schema["enum"] = [*schema["enum"], None]


def _readable_pattern(schema: Schema) -> None:
    """Go allows `(?i)` anywhere in a pattern, Python at its start alone."""
    pattern = schema.get("pattern")
    if pattern and "(?i)" in pattern:
        schema["pattern"] = "(?i)" + pattern.replace("(?i)", "")


def _unique_keys(
    _validator: Any, keys: list[str], items: Any, _schema: Schema
) -> Iterator[jsonschema.ValidationError]:
    """`x-kubernetes-list-map-keys`: two entries with equal keys are one for the server."""
    if not isinstance(items, list):
        return
    seen: set[str] = set()
    for entry in items:
        key = json.dumps([entry.get(name) for name in keys] if isinstance(entry, dict) else entry)
        if key in seen:
            yield jsonschema.ValidationError(f"two entries have the key {key}")
        seen.add(key)


ClosedValidator = jsonschema.validators.extend(
    jsonschema.Draft202012Validator, {"x-kubernetes-list-map-keys": _unique_keys}
)
