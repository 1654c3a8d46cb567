"""Derives tests/facts/ from published charts and CRDs.

In: a folder with charts/INDEX.yaml, charts/<type>/<chart>/ and crds/ (`--source`).
Out: tests/facts/index.json, charts/<chart>.json, crds/<group>.json: key paths with
types, schemas without prose, Service names and ports, each with source and licence.
Must not know what stacktic generates; the checks in tests/output read what this writes.

    python scripts/derive_facts.py            write
    python scripts/derive_facts.py --check    compare with what is committed
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import yaml

from schema_reduction import Reduction, compact, share_parts

ROOT = Path(__file__).resolve().parent.parent
FACTS = ROOT / "tests" / "facts"
SOURCE = ROOT.parent / "shared"

# Licences whose content may be carried with its source named. Of any other, and where
# none is recorded, only names and types are kept.
CARRIED_LICENCES = frozenset(("Apache-2.0", "MIT", "BSD-3-Clause"))
LONGEST_DEFAULT = 60
MOST_BYTES = 5_000_000


class PlainLoader(yaml.SafeLoader):
    """YAML without dates: a chart's default that looks like one is a string."""


PlainLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def load_yaml(path: Path) -> Any:
    """Parse one YAML file."""
    return yaml.load(path.read_text(encoding="utf-8"), Loader=PlainLoader)


def key_types(value: Any) -> Any:
    """Replace every default by the name of its type; maps keep their keys.

    `map` is an empty map and, like `list`, `null`, `string`, `integer`, `number`, open to
    anything below it.
    """
    if isinstance(value, dict):
        return {str(key): key_types(part) for key, part in value.items()} or "map"
    if value is None:
        return "null"
    names = {bool: "boolean", int: "integer", float: "number", list: "list", str: "string"}
    return names[type(value)]


def short_defaults(value: Any) -> Any:
    """Defaults as a schema sees them: scripts and other long texts become empty."""
    if isinstance(value, dict):
        return {str(key): short_defaults(part) for key, part in value.items()}
    if isinstance(value, list):
        return [short_defaults(part) for part in value]
    too_long = isinstance(value, str) and (len(value) > LONGEST_DEFAULT or "\n" in value)
    return "" if too_long else value


def derive_chart(type_name: str, entry: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Collect the facts of one chart."""
    values = load_yaml(folder / "values.yaml") or {}
    values = values.get("_internal_defaults_do_not_set", values)
    seen = load_yaml(folder / "facts.yaml") if (folder / "facts.yaml").exists() else {}
    facts: dict[str, Any] = {
        "type": type_name,
        "chart": entry["chart"],
        "repository": entry["repository"],
        "version": entry["version"],
        "app_version": entry["app_version"],
        "licence": entry["licence"],
        "source": entry["source"],
        "naming": entry.get("naming"),
        "fullname_override": entry.get("fullname_override", False),
        "services": entry.get("services") or [],
        "secrets": seen.get("secrets") or [],
        "images": seen.get("images") or [],
        "sub_charts": derive_sub_charts(folder),
        "refuses_unknown_keys": bool(entry.get("schema_refuses_unknown_top_level_keys")),
        "optional_keys": sorted(seen.get("keys_read_by_templates_but_not_in_values_yaml") or []),
        "values": key_types(values),
    }
    return facts | derive_values_schema(facts["licence"], values, folder)


def derive_sub_charts(folder: Path) -> dict[str, str]:
    """Top-level key of each sub-chart, with the name of its chart."""
    dependencies = load_yaml(folder / "Chart.yaml").get("dependencies") or []
    return {part.get("alias") or part["name"]: part["name"] for part in dependencies}


def derive_values_schema(licence: str | None, values: Any, folder: Path) -> dict[str, Any]:
    """Reduce the values schema, and keep the defaults that it is to be read with."""
    path = folder / "values.schema.json"
    if not path.exists():
        return {}
    bare = licence not in CARRIED_LICENCES
    reduction = Reduction(bare=bare, defaults_are_filled=False)
    schema = reduction.reduce(json.loads(path.read_text(encoding="utf-8")))
    return {"schema": schema} if bare else {"schema": schema, "defaults": short_defaults(values)}


def derive_group(group: str, files: dict[str, dict[str, Any]], folder: Path) -> dict[str, Any]:
    """All served kinds of one API group, sharing their repeated parts."""
    schemas, kinds = {}, {}
    for name, entry in sorted(files.items()):
        bare = entry["licence"] not in CARRIED_LICENCES
        reduction = Reduction(bare=bare, defaults_are_filled=True)
        key = f"{entry['kind']}/{entry['version']}"
        schemas[key] = reduction.reduce(json.loads((folder / name).read_text(encoding="utf-8")))
        kinds[key] = {
            "scope": entry["scope"],
            "plural": entry["plural"],
            "licence": entry["licence"],
            "source": {word: entry.get(word) for word in ("source", "ref", "commit", "path")},
        }
    shared, parts = share_parts(schemas)
    return {"group": group, "kinds": kinds, "schemas": shared, "definitions": parts}


def derive_index(types: dict[str, Any]) -> dict[str, Any]:
    """Say what each component type installs, and the Services and kinds it is reached by."""
    return {
        name: {
            "install": entry["install"],
            "charts": [chart["chart"] for chart in entry.get("charts") or []],
            "services": entry["services"] or [],
            "images": entry["main_images"] or [],
            "custom_resources": [
                path.removeprefix("crds/").removesuffix(".json")
                for path in entry.get("custom_resources") or []
            ],
            "licence": entry["licence"],
            "source": entry["source"],
        }
        for name, entry in types.items()
    }


def derive(source: Path) -> dict[str, str]:
    """Every facts file as text, by its path below tests/facts."""
    types = load_yaml(source / "charts" / "INDEX.yaml")["types"]
    files = {"index.json": derive_index(types)}
    for type_name, entry in types.items():
        for chart in entry.get("charts") or []:
            folder = source / "charts" / chart["dir"]
            path = f"charts/{chart['chart']}.json"
            if path in files:
                raise ValueError(f"two charts are called {chart['chart']}")
            files[path] = derive_chart(type_name, chart, folder)
    for group, members in groups(source).items():
        files[f"crds/{group}.json"] = derive_group(group, members, source / "crds")
    return {path: as_text(facts) for path, facts in sorted(files.items())}


def groups(source: Path) -> dict[str, dict[str, Any]]:
    """Sort the CRD files by API group."""
    by_group: dict[str, dict[str, Any]] = {}
    for name, entry in load_yaml(source / "crds" / "INDEX.yaml")["files"].items():
        by_group.setdefault(entry["group"], {})[name] = entry
    return by_group


def as_text(facts: dict[str, Any]) -> str:
    """JSON with one line a top-level key, so that a change shows in a diff."""
    lines = [f"{compact(key)}:{compact(value)}" for key, value in sorted(facts.items())]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def committed() -> dict[str, str]:
    """Read what tests/facts holds now."""
    return {
        path.relative_to(FACTS).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(FACTS.rglob("*.json"))
    }


def differences(wanted: dict[str, str], found: dict[str, str]) -> list[str]:
    """One line for each file that is missing, changed or no longer derived."""
    lines = [f"missing: {path}" for path in wanted if path not in found]
    lines += [f"not derived: {path}" for path in found if path not in wanted]
    lines += [
        f"differs: {path}" for path in wanted if found.get(path, wanted[path]) != wanted[path]
    ]
    return sorted(lines)


def write(files: dict[str, str]) -> None:
    """Make tests/facts hold these files and no other JSON."""
    for path in committed():
        if path not in files:
            (FACTS / path).unlink()
    for path, text in files.items():
        (FACTS / path).parent.mkdir(parents=True, exist_ok=True)
        (FACTS / path).write_text(text, encoding="utf-8", newline="\n")


def main() -> int:
    """Write the facts, or compare them."""
    parser = argparse.ArgumentParser(description="derive tests/facts from charts and CRDs")
    parser.add_argument("--source", type=Path, default=SOURCE)
    parser.add_argument("--check", action="store_true", help="write nothing, compare")
    args = parser.parse_args()
    if not (args.source / "charts" / "INDEX.yaml").exists():
        print(f"source folder {args.source} is absent: nothing was derived", file=sys.stderr)
        return 0 if args.check else 1
    files = derive(args.source)
    size = sum(len(text.encode()) for text in files.values())
    if size > MOST_BYTES:
        print(f"error: {size} bytes of facts, {MOST_BYTES} allowed", file=sys.stderr)
        return 1
    if not args.check:
        write(files)
        print(f"{len(files)} files, {size} bytes", file=sys.stderr)
        return 0
    lines = differences(files, committed())
    print("\n".join(lines) or f"{len(files)} files are up to date", file=sys.stderr)
    return 2 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
