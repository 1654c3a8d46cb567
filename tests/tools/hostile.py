"""A backend without a socket, and values that no tool may stumble over.

In: a case with a document.
Out: the tools of its link over that document; the document with one place made hostile.
Must not know: any assertion.
"""

from __future__ import annotations

import copy
import hashlib
import importlib
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import pytest

from conftest import LinkFacts, MakeTools
from samples.cases import Case
from samples.cases import Path as Place
from stacktic_mcp.core.toolkit import Toolset
from stacktic_mcp.lib.http_client import Http
from stacktic_mcp.lib.links import Component


def nested(depth: int) -> Any:
    """Return a list in a list, and so on."""
    value: Any = None
    for _ in range(depth):
        value = [value]
    return value


VALUES: list[Any] = [
    None, True, 0, -1, 1.5, 2**63, 10**40, float("nan"), float("-inf"), "", "text", "half \ud800",
    "\x00\u202e", "z" * 5000, "http://[bad", [], [None], [[1, 2]], {}, {"half \udc00": None},
    nested(400),
]  # fmt: skip

MODULES = {
    "prometheus": "stacktic_mcp.tools.prometheus.prometheus_tools",
    "loki": "stacktic_mcp.tools.loki.loki_tools",
    "tempo": "stacktic_mcp.tools.traces.traces_tools",
    "jaeger": "stacktic_mcp.tools.traces.traces_tools",
    "grafana": "stacktic_mcp.tools.grafana.grafana_tools",
    "argo_cd": "stacktic_mcp.tools.argocd.argocd_tools",
    "rabbitmq": "stacktic_mcp.tools.rabbitmq.rabbitmq_tools",
    "fastapi": "stacktic_mcp.tools.fastapi.fastapi_tools",
    "stack_agent": "stacktic_mcp.tools.topology.topology_tools",
}
OPENAPI: dict[str, Any] = {"openapi": "3.1.0", "paths": {"/read": {"get": {"responses": {}}}}}
OPENAPI_BYTES = json.dumps(OPENAPI).encode()
ENUMS: dict[str, list[str]] = {
    "components": ["kafka"],
    "apps": ["kafka"],
    "queues": ["orders"],
    "exchanges": ["events"],
    "operations": ["read"],
    "methods": ["GET.read"],
    "paths": ["/read.read"],
    "safety": ["true.read"],
}
Answer = Callable[[str], bytes]


def link_of(kind: str, *, port: int = 9, write: bool = False) -> LinkFacts:
    """Return a link to a backend on a port, or to one that is never reached."""
    return LinkFacts(
        component="x",
        type=f"fastmcp-{kind}",
        env="MCP_X",
        values={
            "HOST": "127.0.0.1",
            "PORT": str(port),
            "VHOST": "app",
            "PROJECT": "stack-3.dev",
            # Read by the tools of stores of traces alone.
            "DIALECT": kind,
            "USERNAME": "u",
            "OPENAPI_SHA256": hashlib.sha256(OPENAPI_BYTES).hexdigest(),
        },
        secrets=dict.fromkeys(("TOKEN", "WRITE_TOKEN", "PASSWORD", "KEY"), "secret-of-x"),
        enums=ENUMS,
        write_access=write,
    )


def tools_of(kind: str, make_tools: MakeTools, folder: Path, *, write: bool = False) -> Toolset:
    """Return the tools of a link to a backend that is never reached."""
    (folder / "openapi-x.json").write_bytes(OPENAPI_BYTES)
    register = importlib.import_module(MODULES[kind]).register
    kafka = Component("kafka", "kafka", "kafka", "data")
    return make_tools(register, link_of(kind, write=write), components=[kafka])


def answer_with(monkeypatch: pytest.MonkeyPatch, answer: Answer) -> list[tuple[str, str]]:
    """Answer every request without a socket; return the list of what was asked."""
    asked: list[tuple[str, str]] = []

    async def exchange(
        self: Http, method: str, url: str, **_: Any
    ) -> tuple[int, Mapping[str, str], bytes]:
        path = url.split("/", 3)[3]
        asked.append((method, path))
        try:
            return 200, {}, answer(path)
        except KeyError:
            return 404, {}, b"{}"

    monkeypatch.setattr(Http, "_exchange", exchange)
    return asked


def answers_of(case: Case, document: Any) -> Answer:
    """Return the document at the path of a case, and what stands beside it elsewhere."""

    def answer(path: str) -> bytes:
        found = case.beside.get(path, document)
        if case.path and not path.endswith(case.path):
            found = case.beside[path]
        return json.dumps(found).encode()

    return answer


def places(document: Any, here: Place = ()) -> Iterator[Place]:
    """Return the places of all values of a document."""
    yield here
    if isinstance(document, dict):
        for name, item in cast("dict[str, Any]", document).items():
            yield from places(item, (*here, name))
    elif isinstance(document, list):
        for index, item in enumerate(cast("list[Any]", document)):
            yield from places(item, (*here, index))


def changed(document: Any, place: Place, change: Callable[[Any, Any], None]) -> Any:
    """Return a document in which one value was changed within its parent."""
    whole: Any = {"root": copy.deepcopy(document)}
    parent, key = whole, "root"
    for step in place:
        parent, key = parent[key], step
    change(parent, key)
    return whole.get("root")


def replaced(document: Any, place: Place, value: Any) -> Any:
    """Return a document with another value at a place."""
    return changed(document, place, lambda parent, key: parent.__setitem__(key, value))


def removed(document: Any, place: Place) -> Any:
    """Return a document without a value."""
    return changed(document, place, lambda parent, key: parent.__delitem__(key))
