#!/usr/bin/env python3
"""Write which modules the MCP server's Python has, for the law about imports of tool files.

In: the environment that runs this, a Python 3.12 with the packages of
`catalog/fastmcp/build/requirements.txt`.
Out: `src/catalog/check/python/import_names.json`: the standard library, and the modules of each
locked distribution. With `--check` nothing is written and a difference is exit code 1.
Must not know: any tool file.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import re
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
LOCK = REPOSITORY / "catalog" / "fastmcp" / "build" / "requirements.txt"
TABLE = REPOSITORY / "src" / "catalog" / "check" / "python" / "import_names.json"


def normalized(name: str) -> str:
    """Return the one form of a distribution's name."""
    return re.sub(r"[-_.]+", "-", name).lower()


def locked() -> set[str]:
    """Return the distributions of the lock."""
    lines = LOCK.read_text(encoding="utf-8").splitlines()
    return {
        normalized(line.split("==")[0].strip()) for line in lines if re.match(r"[\w.-]+==", line)
    }


def table() -> dict[str, object]:
    """Return the standard library, and the modules of each locked distribution."""
    modules: dict[str, list[str]] = {name: [] for name in locked()}
    for module, distributions in importlib.metadata.packages_distributions().items():
        for name in {normalized(name) for name in distributions} & modules.keys():
            if module.isidentifier() and module != "__pycache__":
                modules[name].append(module)
    return {
        "standard_library": sorted(sys.stdlib_module_names),
        "distributions": {name: sorted(found) for name, found in sorted(modules.items())},
    }


def main() -> int:
    """Write the table, or tell whether it would change."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing, exit 1 on drift")
    arguments = parser.parse_args()
    text = json.dumps(table(), indent=1) + "\n"
    if arguments.check:
        same = TABLE.is_file() and TABLE.read_text(encoding="utf-8") == text
        if not same:
            print(f"error: `{TABLE.relative_to(REPOSITORY)}` is out of date", file=sys.stderr)
        return 0 if same else 1
    TABLE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
