"""What stands in for charts and operators of other projects, which no registry of packages has.

In: a name, the facts about it, and the kinds that the catalog says it brings. Out: a chart that
reads the same values: it has the project's defaults and values schema where they are known, and
keeps what it was given in a ConfigMap; an operator without a chart is its kinds. Must not know what
the output gives it.
"""

import functools
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import crds
from output_checker import facts, places, yaml_reading
from output_checker.finding import Object

VALUES = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}.values
data:
  values.json: {{ toJson .Values | quote }}
"""


def chart(name: str, version: str, folder: Path) -> Path:
    """Write the chart and return its folder."""
    known = facts.chart(name) or {}
    path = folder / name
    (path / "templates").mkdir(parents=True)
    (path / "crds").mkdir()
    about = {"apiVersion": "v2", "name": name, "version": version}
    (path / "Chart.yaml").write_text(json.dumps(about))
    (path / "values.yaml").write_text(json.dumps(known.get("defaults") or {}))
    (path / "templates" / "values.yaml").write_text(VALUES)
    if known.get("schema"):
        (path / "values.schema.json").write_text(json.dumps(known["schema"]))
    for definition in _brought(lambda source: source.get("name") == name):
        file = path / "crds" / f"{definition['metadata']['name']}.yaml"
        file.write_text(json.dumps(definition))
    return path


def operator(address: str) -> list[Object]:
    """The kinds that come from a repository without a chart."""
    found = _brought(lambda source: urlsplit(source["repository"]).path.strip("/") in address)
    assert found, f"nothing is known of {address}"
    return found


def _brought(is_it: Callable[[dict[str, Any]], bool]) -> list[Object]:
    """The definitions that the catalog says a source brings."""
    kinds = {kind for kind, source in _sources() if is_it(source) and kind[0] in source["groups"]}
    known = crds.definitions({group for group, _ in kinds})
    return [one for one in known if _named(one) in kinds]


@functools.cache
def _sources() -> list[tuple[tuple[str, str], dict[str, Any]]]:
    """Each kind that a type uses, with each source of the type that brings kinds."""
    found: list[tuple[tuple[str, str], dict[str, Any]]] = []
    for name, about in facts.index().items():
        file = places.ROOT / "catalog" / name / "component.yaml"
        sources = list(_with_groups(yaml_reading.read_file(file))) if file.is_file() else []
        for schema in about["custom_resources"]:
            group, kind, _ = schema.split("_")
            found += [((group, kind), source) for source in sources]
    return found


def _with_groups(value: Any) -> Iterator[dict[str, Any]]:
    """Charts and repositories of an entry that bring kinds."""
    if isinstance(value, list):
        for part in value:
            yield from _with_groups(part)
    elif isinstance(value, dict):
        if "repository" in value and "groups" in value:
            yield value
        for part in value.values():
            yield from _with_groups(part)


def _named(definition: Object) -> tuple[str, str]:
    group, kind = crds.defined(definition)
    return group, kind.lower()
