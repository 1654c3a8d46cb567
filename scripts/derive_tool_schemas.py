#!/usr/bin/env python3
"""Write `tools.json` of each link type that brings tools from its Python tool files.

In: the tool files that `modules` of its `pair.yaml` names, beside it or in the package of the
server, registered on a link whose closed lists hold placeholders, every gate open.
Out: `tools.json` beside `pair.yaml`: name, class, destructive, idempotent, description,
input and output schema of each tool, as MCP clients list them. With `--check` nothing is
written and a difference is exit code 1.
Must not know: any single service, or Rust.

The generator replaces what is marked: the one value `<topology:NAME>` of an `enum` becomes
the sorted values of that closed list over all linked instances. The first property, whose
`enum` is `<topology:components>` and whose name is `instance_argument`, stays only when
several instances are linked; it is dropped from `required` too, and an empty `required`
is dropped altogether.
"""

from __future__ import annotations

import argparse
import importlib
import json
import shutil
import sys
import tempfile
import traceback
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

REPOSITORY = Path(__file__).resolve().parents[1]
SOURCES = REPOSITORY / "catalog" / "fastmcp"
PACKAGE = "stacktic_mcp"
PAIRS = REPOSITORY / "link-types" / "pairs"
PLACEHOLDER = "<topology:components>"

sys.path.insert(0, str(SOURCES))
sys.dont_write_bytecode = True

from stacktic_mcp.core.cursors import CursorSigner  # noqa: E402 -- after the path is set
from stacktic_mcp.core.governed import Runtime  # noqa: E402
from stacktic_mcp.core.settings import Settings  # noqa: E402
from stacktic_mcp.core.toolkit import Toolset  # noqa: E402
from stacktic_mcp.core.topology import Topology  # noqa: E402
from stacktic_mcp.lib.links import Link  # noqa: E402

if TYPE_CHECKING:
    from stacktic_mcp.core.governed import GovernedTool


class PlaceholderEnums(Mapping[str, tuple[str, ...]]):
    """Closed lists that hold one marked value each, whatever they are called."""

    def __getitem__(self, name: str) -> tuple[str, ...]:
        """Return the mark of a list."""
        return (f"<topology:{name}>",)

    def __iter__(self) -> Iterator[str]:
        """List nothing: every name is there."""
        return iter(())

    def __len__(self) -> int:
        """Count nothing."""
        return 0


def placeholder_link(link_type: str) -> Link:
    """Return a link that stands for any link of its type."""
    return Link(
        component=PLACEHOLDER,
        type=link_type,
        write_access=True,
        enums=PlaceholderEnums(),
        data={},
        env="MCP_PLACEHOLDER",
        settings=Settings({}, Path("/nonexistent"), Path("/nonexistent")),
    )


def modules_of(folder: Path) -> list[str]:
    """Return the names of the tool files of a pair; the first one registers."""
    facts = yaml.safe_load((folder / "pair.yaml").read_text(encoding="utf-8"))
    return facts.get("tools", {}).get("modules", [])


@contextmanager
def placed(folder: Path) -> Generator[str]:
    """Give the name to import a pair's tools by; files beside it go where the pod has them."""
    names = modules_of(folder)
    service = names[0].removesuffix("_tools.py")
    with tempfile.TemporaryDirectory() as root:
        place = Path(root, PACKAGE, "tools", service)
        place.mkdir(parents=True)
        for name in names:
            if (folder / name).is_file():
                shutil.copy(folder / name, place)
        sys.path.append(root)
        importlib.invalidate_caches()
        try:
            yield f"{PACKAGE}.tools.{service}.{service}_tools"
        finally:
            sys.path.remove(root)


def register_folder(folder: Path) -> list[GovernedTool]:
    """Import the tool files of a link type and return what they register."""
    # Two links of one type: the argument that chooses among them is then part of the schema.
    links = [placeholder_link(folder.name), placeholder_link(folder.name)]
    topology = Topology(stack="placeholder", domain="", server="", components=(), modules=())
    runtime = Runtime(links[0].settings, topology, CursorSigner(b""), lambda: True)
    toolset = Toolset(links, runtime)
    with placed(folder) as name:
        importlib.import_module(name).register(toolset)
    return sorted(toolset.tools, key=lambda tool: tool.name)


def describe(tool: GovernedTool) -> dict[str, Any]:
    """Return what a reviewer and the generator need to know of one tool."""
    listed = tool.to_mcp_tool()
    hints = listed.annotations
    return {
        "name": listed.name,
        "class": tool.tool_class,
        "destructive": bool(hints and hints.destructive_hint),
        "idempotent": bool(hints and hints.idempotent_hint),
        "instance_argument": tool.instance_argument,
        "description": listed.description,
        "input_schema": listed.input_schema,
        "output_schema": listed.output_schema,
    }


def derived_text(folder: Path) -> str:
    """Return the text of a folder's `tools.json`."""
    tools = [describe(tool) for tool in register_folder(folder)]
    return json.dumps({"tools": tools}, indent=2, ensure_ascii=False) + "\n"


def update(folder: Path, text: str, *, check: bool) -> bool:
    """Write the file, or tell whether it would change; true when all is well."""
    target = folder / "tools.json"
    if target.is_file() and target.read_text(encoding="utf-8") == text:
        return True
    if check:
        print(f"error: `{folder.name}/{target.name}` is out of date", file=sys.stderr)
        return False
    with tempfile.NamedTemporaryFile("w", dir=folder, delete=False, encoding="utf-8") as new:
        new.write(text)
    Path(new.name).chmod(0o644)
    Path(new.name).replace(target)
    return True


def run(folders: list[Path], *, check: bool) -> bool:
    """Derive every folder; one that fails does not keep the others from being written."""
    good = True
    for folder in folders:
        try:
            if not modules_of(folder):
                continue
            text = derived_text(folder)
        except Exception as error:  # noqa: BLE001 -- whatever a tool file raises is reported
            place = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{Path(place.filename).name}:{place.lineno}"
            print(f"error: `{folder.name}` does not register: {where}: {error}", file=sys.stderr)
            good = False
            continue
        good = update(folder, text, check=check) and good
    if check and not good:
        print("hint: run `python scripts/derive_tool_schemas.py`", file=sys.stderr)
    return good


def main() -> int:
    """Derive all folders, or those that are named."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="pairs; all of them when none is named")
    parser.add_argument(
        "--pairs", type=Path, default=PAIRS, help="folder of pairs, ours by default"
    )
    parser.add_argument("--check", action="store_true", help="write nothing, exit 1 on drift")
    arguments = parser.parse_args()
    folders = sorted(file.parent for file in arguments.pairs.glob("*/pair.yaml"))
    if arguments.names:
        folders = [folder for folder in folders if folder.name in arguments.names]
    return 0 if run(folders, check=arguments.check) else 1


if __name__ == "__main__":
    sys.exit(main())
