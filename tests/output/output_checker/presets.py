"""Entries of the catalog with the presets that they take, and the least that a component gives.

In: a component.yaml, catalog/_shared/presets.yaml. Out: the whole entry, values that it requires.
Must not know a type: an entry is a JSON Merge Patch (RFC 7396) on its presets, and a value is one
that fits.
"""

import re
from pathlib import Path
from typing import Any

from output_checker import yaml_reading
from output_checker.places import ROOT

PRESETS = ROOT / "catalog" / "_shared" / "presets.yaml"
SAMPLES = {
    "image": ["registry.example.com/app:1.0.0"],
    "hostname": ["mail.example.com"],
    "string": [
        "shop.app",
        "https://git.example.com/shop.git",
        "/orders",
        "acme/small",
        "acme/small:1b",
        "STRIPE_API_KEY",
        "team@example.com",
        "30 3 * * *",
    ],
}


def read_entry(path: Path) -> dict[str, Any]:
    """The entry in a file, whole."""
    return _whole(yaml_reading.read_file(path), yaml_reading.read_file(PRESETS))


def required(entry: dict[str, Any]) -> dict[str, Any]:
    """A value for each attribute that has to be given."""
    attributes: dict[str, dict[str, Any]] = entry.get("attributes") or {}
    return {name: _sample(one) for name, one in attributes.items() if one.get("required")}


def _sample(attribute: dict[str, Any]) -> str:
    pattern = re.compile(attribute.get("pattern", ".*"))
    return next(text for text in SAMPLES[attribute["type"]] if pattern.fullmatch(text))


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
