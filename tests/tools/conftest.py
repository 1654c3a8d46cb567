"""Shared ground for tests of tool files.

In: a tool file's `register` and the facts of one or more links.
Out: a registered `Toolset` whose tools are called without a server.
Must not know: any single tool file.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from checked_tools import CheckedToolset
from stacktic_mcp.core.cursors import CursorSigner
from stacktic_mcp.core.governed import Runtime
from stacktic_mcp.core.settings import Settings
from stacktic_mcp.core.toolkit import Toolset
from stacktic_mcp.core.topology import Module, Offer, Topology
from stacktic_mcp.lib.links import Component, Link

REPOSITORY = Path(__file__).resolve().parents[2]
PACKAGE = REPOSITORY / "catalog" / "fastmcp" / "stacktic_mcp"
PAIRS = sorted(file.parent for file in (REPOSITORY / "link-types/pairs").glob("*/tools.json"))


def pair_of(folder: Path) -> dict[str, Any]:
    """Return what the catalog says of a pair."""
    return yaml.safe_load((folder / "pair.yaml").read_text(encoding="utf-8"))


def tool_files(pair: Path) -> list[Path]:
    """Return the tool files that a pair of the catalog brings."""
    modules = pair_of(pair)["tools"]["modules"]
    service = modules[0].removesuffix("_tools.py")
    return [PACKAGE / "tools" / service / name for name in modules]


@dataclass
class LinkFacts:
    """What the generator would know about a link, with values a test chooses."""

    component: str
    type: str
    env: str
    values: Mapping[str, str] = field(default_factory=dict[str, str])
    secrets: Mapping[str, str] = field(default_factory=dict[str, str])
    enums: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])
    data: Mapping[str, Any] = field(default_factory=dict[str, Any])
    write_access: bool = False
    # Where it is not called like the type that the link ends at.
    service: str = ""


Register = Callable[[Toolset], None]
MakeTools = Callable[..., Toolset]


def build_link(facts: LinkFacts, settings: Settings) -> Link:
    """Return the link as the server would have read it."""
    return Link(
        component=facts.component,
        type=facts.type,
        write_access=facts.write_access,
        enums={name: tuple(values) for name, values in facts.enums.items()},
        data=facts.data,
        env=facts.env,
        settings=settings,
    )


def modules_of(facts: Sequence[LinkFacts], links: Sequence[Link]) -> tuple[Module, ...]:
    """Return one module for each service, with the links that bring it."""
    brought: dict[str, list[Link]] = {}
    for fact, link in zip(facts, links, strict=True):
        service = fact.service or fact.type.partition("-")[2]
        brought.setdefault(service, []).append(link)
    return tuple(
        Module(service, f"{service}_tools.py", "", tuple(found))
        for service, found in brought.items()
    )


@pytest.fixture
def anyio_backend() -> str:
    """Run async tests on asyncio, the one loop the server uses."""
    return "asyncio"


def build_tools(
    folder: Path,
    register: Register,
    *links: LinkFacts,
    components: Sequence[Component] = (),
    offers: Sequence[Offer] = (),
    audit_ready: bool = True,
) -> Toolset:
    """Return registered tools; secrets lie in a folder as they do in the pod."""
    environ: dict[str, str] = {}
    secrets = folder / "secrets"
    secrets.mkdir(exist_ok=True)
    for facts in links:
        environ |= {f"{facts.env}_{key}": value for key, value in facts.values.items()}
        for key, value in facts.secrets.items():
            (secrets / f"{facts.env}_{key}").write_text(value, encoding="utf-8")
    settings = Settings(environ=environ, secret_directory=secrets, config_directory=folder)
    built = tuple(build_link(facts, settings) for facts in links)
    topology = Topology(
        stack="stack-3",
        domain="stack-3.source-lab.io",
        server="fastmcp",
        components=tuple(components),
        modules=modules_of(links, built),
        offers=tuple(offers),
    )
    runtime = Runtime(
        settings=settings,
        topology=topology,
        signer=CursorSigner(b"key of the test"),
        audit_ready=lambda: audit_ready,
    )
    tools = CheckedToolset(built, runtime)
    register(tools)
    return tools


@pytest.fixture
def make_tools(tmp_path: Path) -> MakeTools:
    """Return a builder: `make_tools(register, LinkFacts(...), components=[...])`."""
    return functools.partial(build_tools, tmp_path)
