"""Makes CustomResourceDefinitions of the schemas that the project knows.

In: API groups. Out: one definition a kind, with every version that is known. Must not know which
objects will be made of them.

Whole schemas lie in `crds/` beside a clone, in `shared/`, or where STACKTIC_SHARED says; without
them those of tests/facts serve, which of some licences have types and fields alone.
"""

import functools
import itertools
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from typing import Any

import yaml

from output_checker import facts, places
from output_checker.finding import Object

SHARED = Path(os.environ.get("STACKTIC_SHARED", places.ROOT.parent / "shared")) / "crds"


@dataclass(frozen=True)
class Version:
    """One version of a kind, as a group's project serves it."""

    group: str
    kind: str
    name: str
    plural: str
    scope: str
    is_stored: bool
    schema: dict[str, Any]


def definitions(groups: Iterable[str]) -> list[Object]:
    """The definitions of all kinds of these groups; a group that is not known has none."""
    return [
        _definition(list(versions))
        for group in sorted(groups)
        for _, versions in itertools.groupby(
            sorted(_versions(group), key=attrgetter("kind", "name")), key=attrgetter("kind")
        )
    ]


def defined(definition: Object) -> tuple[str, str]:
    """The group and the kind of a definition."""
    return definition["spec"]["group"], definition["spec"]["names"]["kind"]


def _versions(group: str) -> Iterator[Version]:
    found = list(_whole(group))
    yield from found or _reduced(group)


@functools.cache
def _index() -> dict[str, dict[str, Any]]:
    path = SHARED / "INDEX.yaml"
    if not path.is_file():
        return {}
    return yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)["files"]


def _whole(group: str) -> Iterator[Version]:
    for name, entry in _index().items():
        if entry["group"] == group:
            schema = _structural(json.loads((SHARED / name).read_text(encoding="utf-8")))
            about = (entry[word] for word in ("kind", "version", "plural", "scope"))
            yield Version(group, *about, bool(entry["storage"]), schema)


def _reduced(group: str) -> Iterator[Version]:
    known = facts.crd_group(group) or {"kinds": {}, "definitions": {}}
    for key, entry in known["kinds"].items():
        kind, name = key.split("/")
        schema = _structural(known["schemas"][key], known["definitions"])
        yield Version(group, kind, name, entry["plural"], entry["scope"], False, schema)


def _structural(part: Any, definitions: dict[str, Any] | None = None) -> Any:
    """The schema as a CRD takes it: repeated parts in place, never closed as JSON Schema is."""
    if isinstance(part, list):
        return [_structural(one, definitions) for one in part]
    if not isinstance(part, dict):
        return part
    if definitions and isinstance(part.get("$ref"), str):
        return _structural(definitions[part["$ref"].rpartition("/")[2]], definitions)
    return {
        key: _structural(value, definitions)
        for key, value in part.items()
        if (key, value) != ("additionalProperties", False)
    }


def _definition(versions: list[Version]) -> Object:
    one = versions[-1]
    stored = next((each.name for each in versions if each.is_stored), one.name)
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": f"{one.plural}.{one.group}",
            # Kubernetes keeps `*.k8s.io` for groups that its reviewers have seen, or that say so.
            "annotations": {"api-approved.kubernetes.io": "unapproved, rebuilt for a test"},
        },
        "spec": {
            "group": one.group,
            "scope": one.scope,
            "names": {
                "kind": one.kind,
                "listKind": f"{one.kind}List",
                "plural": one.plural,
                "singular": one.kind.lower(),
            },
            "versions": [
                {
                    "name": each.name,
                    "served": True,
                    "storage": each.name == stored,
                    "schema": {"openAPIV3Schema": each.schema},
                    "subresources": {"status": {}},
                }
                for each in versions
            ],
        },
    }
