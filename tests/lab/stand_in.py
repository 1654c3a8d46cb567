"""What stands in for charts and operators of other projects, which no registry of packages has.

In: a name, the facts about it. Out: a chart that reads the same values: it has the project's
defaults and values schema where they are known, brings the same kinds, and keeps what it was given
in a ConfigMap; an operator without a chart is its kinds. Must not know what the output gives it.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import crds
from output_checker import facts
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
    known = facts.chart(name)
    assert known is not None, f"nothing is known of the chart {name}"
    path = folder / name
    (path / "templates").mkdir(parents=True)
    (path / "crds").mkdir()
    about = {"apiVersion": "v2", "name": name, "version": version}
    (path / "Chart.yaml").write_text(json.dumps(about))
    (path / "values.yaml").write_text(json.dumps(known.get("defaults") or {}))
    (path / "templates" / "values.yaml").write_text(VALUES)
    if known.get("schema"):
        (path / "values.schema.json").write_text(json.dumps(known["schema"]))
    for definition in _definitions(one for one in facts.index().values() if name in one["charts"]):
        file = path / "crds" / f"{definition['metadata']['name']}.yaml"
        file.write_text(json.dumps(definition))
    return path


def operator(repository: str) -> list[Object]:
    """The kinds that come from a repository without a chart."""
    name = repository.rpartition("/")[2]
    known = [one for one in facts.index().values() if one["source"]]
    found = _definitions(one for one in known if name in one["source"]["repo"])
    assert found, f"nothing is known of {repository}"
    return found


def _definitions(types: Iterable[dict[str, Any]]) -> list[Object]:
    """The kinds that come with component types, by the names of their schemas."""
    named = [name.split("_") for one in types for name in one["custom_resources"]]
    kinds = {(group, kind) for group, kind, _ in named}
    known = crds.definitions({group for group, _ in kinds})
    return [one for one in known if _named(one) in kinds]


def _named(definition: Object) -> tuple[str, str]:
    group, kind = crds.defined(definition)
    return group, kind.lower()
