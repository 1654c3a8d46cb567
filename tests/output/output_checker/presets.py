"""Entries of the catalog with the presets that they take.

In: a component.yaml, catalog/_shared/presets.yaml. Out: the whole entry.
Must not know a field: an entry is a JSON Merge Patch (RFC 7396) on its presets.
"""

from pathlib import Path
from typing import Any

from output_checker import yaml_reading
from output_checker.places import ROOT

PRESETS = ROOT / "catalog" / "_shared" / "presets.yaml"


def read_entry(path: Path) -> dict[str, Any]:
    """The entry in a file, whole."""
    return _whole(yaml_reading.read_file(path), yaml_reading.read_file(PRESETS))


def _whole(own: dict[str, Any], presets: dict[str, Any]) -> dict[str, Any]:
    entry: dict[str, Any] = {}
    for name in own.get("use") or []:
        entry = _merged(entry, _whole(presets[name], presets))
    return _merged(entry, own)


def _merged(target: Any, patch: Any) -> Any:
    if not isinstance(patch, dict):
        return patch
    merged: dict[str, Any] = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = _merged(merged.get(key), value)
    return merged
