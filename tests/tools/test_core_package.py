"""The package of the server: arrows between its folders, and names that fit one folder.

In: the sources of the package.
Out: what imports what it must not know.
Must not know: what any module does.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import PACKAGE

MODULES = sorted(PACKAGE.rglob("*.py"))
# The one module of `core` that tool files may use.
SEAM = "stacktic_mcp.core.toolkit"


def name_of(file: Path) -> str:
    return ".".join(file.relative_to(PACKAGE.parent).with_suffix("").parts)


def imports_of(text: str) -> Iterator[str]:
    """Return the modules of the package that a source names, wherever it does."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        yield from (name for name in names if name.split(".")[0] == PACKAGE.name)


def is_allowed(source: str, target: str) -> bool:
    """Tell whether an arrow points from tools to core's seam, or from either to lib."""
    folder, other = source.split(".")[1], target.split(".")[1]
    if other == "lib":
        return True
    if folder == "tools" and other == "tools":
        return source.split(".")[2] == target.split(".")[2]
    return folder == other or (folder == "tools" and target == SEAM)


@pytest.mark.parametrize(
    ("source", "target", "allowed"),
    [
        ("stacktic_mcp.tools.loki.loki_tools", SEAM, True),
        ("stacktic_mcp.tools.loki.loki_tools", "stacktic_mcp.core.gate", False),
        ("stacktic_mcp.tools.loki.loki_tools", "stacktic_mcp.tools.cnpg.cnpg_rows", False),
        ("stacktic_mcp.tools.loki.loki_tools", "stacktic_mcp.tools.loki.loki_query", True),
        ("stacktic_mcp.lib.answers", "stacktic_mcp.core.calls", False),
        ("stacktic_mcp.core.gate", "stacktic_mcp.tools.loki.loki_tools", False),
        ("stacktic_mcp.core.gate", "stacktic_mcp.lib.answers", True),
    ],
)
def test_the_rule_tells_arrows_apart(source: str, target: str, allowed: bool) -> None:
    assert is_allowed(source, target) is allowed


@pytest.mark.parametrize("file", MODULES, ids=name_of)
def test_arrows_point_from_tools_to_core_to_lib(file: Path) -> None:
    source = name_of(file)
    imported = list(imports_of(file.read_text(encoding="utf-8")))
    assert [target for target in imported if not is_allowed(source, target)] == []


def test_names_are_unique_since_the_output_has_one_folder() -> None:
    times = Counter(file.name for file in MODULES)
    assert [name for name, found in times.items() if found > 1] == []
    assert not list(PACKAGE.rglob("__init__.py"))
