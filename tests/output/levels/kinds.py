"""The legal links of the catalog, and what a component of a type needs to stand in a stack.

In: what `stacktic catalog links` and `catalog show` print. Out: kinds of links, forms of types.
Must not know a type by its name.
"""

import json
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# A line of a section: name, default, words of help.
ATTRIBUTE = re.compile(r"^  (\w+) +(\S+)?")
SECTION = re.compile(r"^(?:Attributes|Sub-component (\w+)|Links)\b")


@dataclass(frozen=True)
class Kind:
    """One legal link."""

    name: str
    source: str
    target: str
    sub: str | None
    interface: str
    slot: str
    levels: tuple[str, ...]
    default: str
    effects: tuple[str, ...]

    @property
    def brings_tools(self) -> bool:
        """Whether an MCP server reaches its target by it."""
        return any(effect.startswith("tools of ") for effect in self.effects)


@dataclass(frozen=True)
class Form:
    """A component type as a stack writes it: defaults by attribute, of itself and of its parts."""

    attributes: dict[str, str]
    parts: dict[str, dict[str, str]]


def ask(binary: Path, *arguments: str) -> str:
    command = [str(binary), "catalog", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def legal(binary: Path) -> list[Kind]:
    found: list[dict[str, Any]] = json.loads(ask(binary, "links", "-o", "json"))["links"]
    return [
        Kind(
            one["type"],
            one["from"],
            one["to"],
            one["sub_component"],
            one["interface"],
            one["slot"],
            tuple(one["levels"]),
            one["default"],
            tuple(one["effects"]),
        )
        for one in found
    ]


def forms(binary: Path, kinds: list[Kind]) -> dict[str, Form]:
    names = {kind.source for kind in kinds} | {kind.target for kind in kinds}
    return {name: form(ask(binary, "show", name)) for name in sorted(names)}


def form(text: str) -> Form:
    """Read the sections of attributes; a default that no attribute has is printed as `-`."""
    own: dict[str, str] = {}
    parts: dict[str, dict[str, str]] = {}
    here: dict[str, str] | None = None
    for line in text.splitlines():
        if section := SECTION.match(line):
            if part := section[1]:
                here = parts.setdefault(part, {})
            else:
                here = own if line.startswith("Attributes") else None
        elif here is not None and (found := ATTRIBUTE.match(line)):
            here[found[1]] = found[2] or ""
    return Form(own, parts)
