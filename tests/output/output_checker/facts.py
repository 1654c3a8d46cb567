"""Loads tests/facts.

In: nothing but the committed facts. Out: chart facts by chart name, CRD facts by group.
Must not know how they are used.
"""

import functools
import json
from pathlib import Path
from typing import Any

from output_checker import places


@functools.cache
def chart(name: str) -> dict[str, Any] | None:
    """The facts of a chart, None for a chart that is not known."""
    return _load(places.FACTS / "charts" / f"{name}.json")


@functools.cache
def crd_group(group: str) -> dict[str, Any] | None:
    """The kinds of an API group, None for a group that is not known."""
    return _load(places.FACTS / "crds" / f"{group}.json")


def crd_groups() -> list[str]:
    """The API groups that are known."""
    return sorted(path.stem for path in (places.FACTS / "crds").glob("*.json"))


@functools.cache
def index() -> dict[str, Any]:
    """What each component type installs."""
    return _load(places.FACTS / "index.json") or {}


def _load(path: Path) -> dict[str, Any] | None:
    if not path.is_file():
        return None
    return json.loads(path.read_text(encoding="utf-8"))
