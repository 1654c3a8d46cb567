"""Checks Helm values against what tests/facts holds of the chart.

In: the values of one release and the chart's facts. Out: findings.
Must not know where the values were found.

Two checks: every key must be one that the chart reads, and where the chart ships a
values schema, the values merged over the defaults must fit it.
"""

import difflib
import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import jsonschema.validators

from output_checker import facts, yaml_reading
from output_checker.finding import Finding

Path_ = tuple[str, ...]
Facts = dict[str, Any]

CLOSED = "boolean"
FREE_MAPS = Path(__file__).with_name("free_maps.yaml")


def check_keys(where: str, values: Any, chart: Facts) -> list[Finding]:
    """Keys that the chart does not read, and switches that are not booleans."""
    if not isinstance(values, dict):
        fact = "the values are not a map"
        return [] if values is None else [Finding(where, "values-key", fact)]
    unknown = sorted({bad for path, _ in leaves(values) if (bad := unknown_part(path, chart))})
    findings = [_unknown(where, path, chart) for path in unknown]
    findings += [
        Finding(where, "values-type", fact)
        for path, value in leaves(values)
        if (fact := wrong_type(path, value, chart))
    ]
    return findings


def leaves(values: dict[str, Any], above: Path_ = ()) -> Iterator[tuple[Path_, Any]]:
    """Every key path whose value is not a map with keys of its own."""
    for key, value in values.items():
        path = (*above, str(key))
        if isinstance(value, dict) and value:
            yield from leaves(value, path)
        else:
            yield path, value


def unknown_part(path: Path_, chart: Facts) -> Path_ | None:
    """The shortest beginning of a path that the chart does not read."""
    return next(
        (path[:end] for end in range(1, len(path) + 1) if not is_read(path[:end], chart)), None
    )


def is_read(path: Path_, chart: Facts) -> bool:
    """Whether the chart, or the sub-chart a path belongs to, reads the path."""
    return (
        path[0] == "global"
        or default_type(path, chart) is not None
        or _is_optional(path, chart)
        or _is_free(path, chart)
        or _is_read_by_sub_chart(path, chart)
    )


def default_type(path: Path_, chart: Facts) -> Any:
    """The type of the default at a path; `open` below an open default; None when unknown."""
    node = chart["values"]
    for key in path:
        if not isinstance(node, dict):
            return None if node == CLOSED else "open"
        if key not in node:
            return None
        node = node[key]
    return node


def _is_optional(path: Path_, chart: Facts) -> bool:
    dotted = ".".join(path)
    return any(
        optional == dotted or optional.startswith(f"{dotted}.") or dotted.startswith(f"{optional}.")
        for optional in chart["optional_keys"]
    )


def _is_free(path: Path_, chart: Facts) -> bool:
    free = [tuple(entry["path"]) for entry in free_maps().get(chart["chart"], [])]
    return any(keys == path[: len(keys)] for keys in free)


@functools.cache
def free_maps() -> dict[str, list[dict[str, Any]]]:
    """By chart, the maps whose keys are the user's own."""
    return yaml_reading.read_file(FREE_MAPS) or {}


def _is_read_by_sub_chart(path: Path_, chart: Facts) -> bool:
    if path[0] not in chart["sub_charts"]:
        return False
    sub_chart = facts.chart(chart["sub_charts"][path[0]])
    return sub_chart is None or len(path) == 1 or is_read(path[1:], sub_chart)


def wrong_type(path: Path_, value: Any, chart: Facts) -> str | None:
    """A switch must get a boolean, and a map with known keys a map."""
    dotted = ".".join(path)
    kind = default_type(path, chart)
    if kind == "boolean" and not isinstance(value, bool | None):
        return f"`{dotted}` is a switch, not {value!r}"
    if isinstance(kind, dict) and not isinstance(value, dict | None):
        return f"`{dotted}` is a map with known keys, not {value!r}"
    return None


def _unknown(where: str, path: Path_, chart: Facts) -> Finding:
    above = default_type(path[:-1], chart) if path[:-1] else chart["values"]
    known = list(above) if isinstance(above, dict) else []
    near = difflib.get_close_matches(path[-1], known, 1)
    hint = f"; did you mean `{near[0]}`?" if near else ""
    fact = f"chart {chart['chart']} {chart['version']} reads no `{'.'.join(path)}`{hint}"
    return Finding(where, "values-key", fact)


def merge(defaults: Any, values: Any) -> Any:
    """Lay values over defaults as Helm does: maps merge, null removes, all else replaces."""
    if not (isinstance(defaults, dict) and isinstance(values, dict)):
        return values
    merged = dict(defaults)
    for key, value in values.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge(defaults[key], value) if key in defaults else value
    return merged


def check_values_schema(where: str, values: dict[str, Any], chart: Facts) -> list[Finding]:
    """What Helm itself would refuse, where the chart ships a schema."""
    if "schema" not in chart:
        return []
    schema = chart["schema"]
    kind = jsonschema.validators.validator_for(schema, default=jsonschema.Draft7Validator)
    errors = kind(schema).iter_errors(merge(chart.get("defaults", {}), values))
    return [
        Finding(where, "values-schema", f"{error.json_path}: {error.message[:300]}")
        for error in errors
    ]
