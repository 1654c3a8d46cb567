#!/usr/bin/env python3
"""Write what the generator must know of the server's Python: its tools and their contract.

In: the server's modules, and the tool files that `modules` of each `pair.yaml` names, beside it or
in the package of the server, registered on one link whose closed lists hold placeholders, every
gate open.
Out: `tools.json` beside `pair.yaml`: name, class, hints, limits, title, texts and input schema of
each tool, as MCP clients list them, and `prompts.json` with the steps of its prompts.
`contract.json` beside the server's `component.yaml`: what
all tools share, so that it stands once; pairs of an overlay leave it alone. With `--check` nothing
is written and a difference is exit code 1.
Must not know: any single service, or Rust.

The generator replaces what is marked: the one value `<topology:NAME>` of an `enum` becomes
the sorted values of that closed list over all linked instances. Where several instances are
linked it adds the argument `instance_argument`, required and in front, with the schema
`instance` of the contract. The output schema is the contract's `envelope`; a tool whose `data`
has a schema of its own says so in `data_schema`.
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
SERVER = REPOSITORY / "catalog" / "fastmcp"
PACKAGE = "stacktic_mcp"
PAIRS = REPOSITORY / "link-types" / "pairs"
PLACEHOLDER = "<topology:components>"

sys.path.insert(0, str(SERVER))
sys.dont_write_bytecode = True

from stacktic_mcp.core import (  # noqa: E402 -- after the path is set
    bodies,
    freshness,
    gate,
    identity,
    limits,
    search,
    sessions,
)
from stacktic_mcp.core.cursors import CursorSigner  # noqa: E402
from stacktic_mcp.core.governed import Runtime  # noqa: E402
from stacktic_mcp.core.settings import Settings  # noqa: E402
from stacktic_mcp.core.toolkit import Toolset  # noqa: E402
from stacktic_mcp.core.topology import Topology  # noqa: E402
from stacktic_mcp.lib.answers import OUTPUT_SCHEMA, Answer  # noqa: E402
from stacktic_mcp.lib.arguments import Arguments  # noqa: E402
from stacktic_mcp.lib.links import Link  # noqa: E402

if TYPE_CHECKING:
    from mcp_types import Tool as ListedTool

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


def register_folder(folder: Path) -> Toolset:
    """Import the tool files of a pair, which then register what they have."""
    link = placeholder_link(folder.name)
    topology = Topology(stack="placeholder", domain="", server="", components=(), modules=())
    runtime = Runtime(link.settings, topology, CursorSigner(b""), lambda: True)
    toolset = Toolset([link], runtime)
    with placed(folder) as name:
        importlib.import_module(name).register(toolset)
    return toolset


def describe(tool: GovernedTool) -> dict[str, Any]:
    """Return what a reviewer and the generator need to know of one tool."""
    listed = tool.to_mcp_tool()
    hints = listed.annotations
    budget = tool.traits.budget
    return {
        "name": listed.name,
        "class": tool.tool_class,
        "destructive": bool(hints and hints.destructive_hint),
        "idempotent": bool(hints and hints.idempotent_hint),
        "timeout_ms": round(tool.traits.timeout_s * 1000),
        "result_bytes": budget.result_bytes,
        "text_bytes": budget.cell_bytes,
        "instance_argument": tool.instance_argument,
        "title": listed.title,
        "description": listed.description,
        "input_schema": listed.input_schema,
        **data_schema(listed.name, listed.output_schema),
    }


def data_schema(name: str, output_schema: Any) -> dict[str, Any]:
    """Return what a tool's output schema says beside the envelope: the form of its `data`."""
    if output_schema == OUTPUT_SCHEMA:
        return {}
    own = output_schema["properties"]["data"]
    shared = {**OUTPUT_SCHEMA, "properties": {**OUTPUT_SCHEMA["properties"], "data": own}}
    if output_schema != shared:
        message = f"the output schema of `{name}` is not the envelope with `data` of its own"
        raise TypeError(message)
    return {"data_schema": own}


def derived_texts(folder: Path) -> dict[str, str]:
    """Return the text of each file beside a folder's `pair.yaml`: tools, and prompts if any."""
    toolset = register_folder(folder)
    tools = sorted(toolset.tools, key=lambda tool: tool.name)
    texts = {"tools.json": as_text({"tools": [describe(tool) for tool in tools]})}
    if toolset.playbooks:
        texts["prompts.json"] = as_text({"prompts": [*prompts_of(toolset)]})
    return texts


def prompts_of(toolset: Toolset) -> Iterator[dict[str, Any]]:
    """Return what the generator needs to write each prompt as a skill."""
    for prompt in sorted(toolset.prompts, key=lambda prompt: prompt.name):
        if prompt.name in toolset.playbooks:
            yield {
                "name": prompt.name,
                "description": prompt.description,
                "arguments": [argument.name for argument in prompt.arguments or []],
                **toolset.playbooks[prompt.name].facts(),
            }


def contract_text() -> str:
    """Return the text of the server's `contract.json`."""
    return as_text(
        {
            "envelope": OUTPUT_SCHEMA,
            "instance": instance_schema(),
            "limits": key_limits(),
            "list_ttl_ms": freshness.LIST_TTL_MS,
            "search": [search_tool(tool.to_mcp_tool()) for tool in search.own_tools()],
            "identity": identity.identity(),
        }
    )


def search_tool(listed: ListedTool) -> dict[str, Any]:
    """Return one of the SDK's own tools, which stand in front of all others on request."""
    return {
        "name": listed.name,
        "calls": listed.name == search.CALL_TOOL,
        "title": listed.title or "",
        "description": listed.description,
        "input_schema": listed.input_schema,
        "output_schema": listed.output_schema,
    }


def instance_schema() -> Any:
    """Return the argument that chooses among several instances."""
    links = [placeholder_link("placeholder"), placeholder_link("placeholder")]
    return Arguments(_tool_without_arguments, links).schema["properties"]["component"]


async def _tool_without_arguments(link: Link) -> Answer:
    return Answer({"component": link.component})


def key_limits() -> dict[str, int]:
    """Return what the server holds each key to, whatever the tool."""
    return {
        "calls_per_second": whole(limits.CALLS_PER_SECOND),
        "calls_in_a_burst": whole(limits.BURST),
        "calls_at_once": limits.CONCURRENT_CALLS,
        "streams_at_once": limits.CONCURRENT_STREAMS,
        "sessions_at_once": sessions.MAX_OF_KEY,
        "request_bytes": bodies.MAX_BODY_BYTES,
        "answer_ms": whole(gate.ANSWER_SECONDS * 1000),
    }


def whole(number: float) -> int:
    """Return a number that must be whole; the contract holds no fractions."""
    if not float(number).is_integer():
        message = f"{number} is not a whole number"
        raise ValueError(message)
    return int(number)


def as_text(document: Any) -> str:
    """Return a document as it is committed."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def update(target: Path, text: str, *, check: bool) -> bool:
    """Write the file, or tell whether it would change; true when all is well."""
    if target.is_file() and target.read_text(encoding="utf-8") == text:
        return True
    if check:
        print(f"error: `{target.parent.name}/{target.name}` is out of date", file=sys.stderr)
        return False
    with tempfile.NamedTemporaryFile("w", dir=target.parent, delete=False, encoding="utf-8") as new:
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
            texts = derived_texts(folder)
        except Exception as error:  # noqa: BLE001 -- whatever a tool file raises is reported
            place = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{Path(place.filename).name}:{place.lineno}"
            print(f"error: `{folder.name}` does not register: {where}: {error}", file=sys.stderr)
            good = False
            continue
        for name, text in texts.items():
            good = update(folder / name, text, check=check) and good
    return good


def main() -> int:
    """Derive all folders, or those that are named."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="pairs; all of them when none is named")
    parser.add_argument(
        "--pairs", type=Path, default=PAIRS, help="folder of pairs, those of the core by default"
    )
    parser.add_argument("--check", action="store_true", help="write nothing, exit 1 on drift")
    arguments = parser.parse_args()
    folders = sorted(file.parent for file in arguments.pairs.glob("*/pair.yaml"))
    if arguments.names:
        folders = [folder for folder in folders if folder.name in arguments.names]
    good = run(folders, check=arguments.check)
    if arguments.pairs.resolve() == PAIRS:
        contract = update(SERVER / "contract.json", contract_text(), check=arguments.check)
        good = good and contract
    if arguments.check and not good:
        print("hint: run the same command without `--check`", file=sys.stderr)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
