"""What the tests of the OpenSearch tools ask: a server that was laid out, and tools of its links.

In: a running server, and what was generated for it. Out: indices with documents, all that a call
could change, and tools with the settings of a link. Must not know what a tool answers.
"""

import asyncio
import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import opensearch_server
from output_checker import yaml_reading
from stacktic_mcp.core.cursors import CursorSigner
from stacktic_mcp.core.governed import Runtime
from stacktic_mcp.core.settings import Settings
from stacktic_mcp.core.toolkit import Link, Toolset
from stacktic_mcp.core.topology import Topology
from stacktic_mcp.lib.refusal import Refusal
from stacktic_mcp.tools.opensearch.opensearch_tools import register

HOST = "find.search.svc.cluster.local"
WORD = 'Zq7 $HOME "\\fox-hill '
PLACES = ("orders", "articles", "payroll")
# A login is slow by purpose, and is not remembered after a change of roles.
ASKED_AGAIN = 3
Json = dict[str, Any]


def document() -> Json:
    """One MCP server reads two indices, one reads all, three applications have one each."""
    some = ["find/orders", "find/articles"]
    app = {"type": "fastapi", "attributes": {"image": "registry.example.com/app:1.0.0"}}
    return {
        "apiVersion": "stacktic.io/v1",
        "kind": "Stack",
        "name": "shop",
        "domain": "shop.example.com",
        "components": {
            "cert-manager": {"type": "cert_manager"},
            "find": {
                "type": "opensearch",
                "sub_components": {name: {"type": "index"} for name in PLACES},
            },
            "looker": {"type": "fastmcp", "attributes": {"subdomain": "looker"}},
            "whole": {"type": "fastmcp", "attributes": {"subdomain": "whole"}},
            "seer": app,
            "writer": app,
            "owner": app,
        },
        "links": [
            {"from": "looker", "to": some},
            {"from": "whole", "to": "find"},
            {"from": "seer", "to": "find/orders"},
            {"from": "writer", "to": "find/orders", "access": "write"},
            {"from": "owner", "to": "find/orders", "access": "own"},
        ],
    }


@dataclass(frozen=True)
class Stage:
    """A running server, and what was generated for it."""

    server: opensearch_server.Server
    folder: Path

    @property
    def base(self) -> Path:
        return self.folder / "out/k8s/deploy/base"

    def admin(self, method: str, path: str, body: Any = None) -> Any:
        status, answer = self.server.ask("admin", WORD, method, path, body)
        assert status < 300, answer
        return answer

    def lay_out(self) -> list[str]:
        """Run the generated job once, and return what it says that it did."""
        scripts, words = self.folder / "scripts", self.folder / "passwords"
        for folder in (scripts, words):
            folder.mkdir(exist_ok=True)
        for name, text in yaml_reading.read_file(self.base / "find/accounts.yaml")["data"].items():
            (scripts / name).write_text(text, "utf-8")
        for user in re.findall(r"(?m)^ *admit (\S+) ", (scripts / "accounts.sh").read_text()):
            (words / user).write_text(word(user), "utf-8")
        variables = {
            "SERVER": f"http://127.0.0.1:{self.server.port}",
            "PASSWORDS": str(words),
            "ADMIN_PASSWORD": WORD,
            "EXPORTER_PASSWORD": word("stacktic_exporter"),
            "BACKUP_PASSWORD": word("stacktic_backup"),
        }
        script = str(scripts / "accounts.sh")
        return opensearch_server.run(script, self.folder, variables).splitlines()

    def fill(self) -> None:
        for number in range(30):
            order = {
                "title": f"red shoes {number}" if number % 2 else f"blue hat {number}",
                "state": "paid" if number % 3 else "open",
                "price": number + 0.5,
                "at": f"2026-11-{number % 10 + 1:02}T10:00:00Z",
                "who": {"name": "Ann Lee"},
            }
            self.admin("PUT", f"orders/_doc/{number:02}", order)
        self.admin("PUT", "orders/_doc/odd%2Fid", {"title": "z" * 5000})
        self.admin("PUT", "payroll/_doc/1", {"word": "blue", "salary": "canary-salary"})
        self.admin("POST", "_refresh")

    def state(self) -> Any:
        """Return all that somebody could have changed."""
        found: list[Any] = [
            self.admin("GET", f"{name}/_search?size=1000&sort=_doc&version=true")["hits"]["hits"]
            for name in PLACES
        ]
        paths = ["_mapping", "_settings", "_alias", "_cluster/settings", "_template", "_snapshot"]
        paths += ["_index_template", "_ingest/pipeline", "_search/pipeline", "_scripts/x"]
        api = "_plugins/_security/api"
        paths += [f"{api}/roles", f"{api}/internalusers", f"{api}/rolesmapping"]
        return [*found, *(self.server.ask("admin", WORD, "GET", path) for path in paths)]


def word(user: str) -> str:
    """Return a password that a careless reader would take for something else.

    The server refuses one that is like the name of its user.
    """
    return f'Qz4 "\\{hashlib.sha256(user.encode()).hexdigest()[:12]} $HOME'


def tools_of(stage: Stage, folder: Path, server: str = "looker", **changes: Any) -> Toolset:
    """Return the tools of an MCP server with the settings that were generated for it."""
    link = link_of(stage, folder, server, **changes)
    topology = Topology(stack="shop", domain="", server="", components=(), modules=())
    tools = Toolset([link], Runtime(link.settings, topology, CursorSigner(b"key"), lambda: True))  # type: ignore[arg-type]
    register(tools)
    return tools


def link_of(
    stage: Stage,
    folder: Path,
    server: str = "looker",
    *,
    password: str | None = None,
    indices: tuple[str, ...] | None = None,
) -> Link:
    base = stage.base / server / "config"
    lines = (base / "cloud.env").read_text("utf-8").splitlines()
    plain = dict(line.split("=", 1) for line in lines if not line.startswith("#"))
    user = f"mcp_ro_{server}_find"
    assert (plain["MCP_OPENSEARCH_HOST"], plain["MCP_OPENSEARCH_USER"]) == (HOST, user)
    secrets = folder / "secrets"
    secrets.mkdir(parents=True, exist_ok=True)
    (secrets / "MCP_OPENSEARCH_PASSWORD").write_text(password or word(user), "utf-8")
    places = {"MCP_OPENSEARCH_HOST": "127.0.0.1", "MCP_OPENSEARCH_PORT": str(stage.server.port)}
    modules = json.loads((base / "topology.json").read_text("utf-8"))["modules"]
    (link,) = next(one["links"] for one in modules if one["file"] == "opensearch_tools.py")
    enums = {name: tuple(values) for name, values in link["enums"].items()}
    return Link(
        component="find",
        type="fastmcp-opensearch",
        write_access=False,
        enums=enums if indices is None else {"indices": indices},
        data={},
        env="MCP_OPENSEARCH",
        settings=Settings(plain | places, secrets, folder),
    )


def call(tools: Toolset, name: str, **arguments: Any) -> Json:
    """Ask a tool, and again when a machine that is busy did not answer it in time."""
    for _ in range(ASKED_AGAIN):
        try:
            return asyncio.run(tools.call(f"opensearch_{name}", arguments))
        except Refusal as refusal:
            if refusal.code != "E_TIMEOUT":
                raise
    return asyncio.run(tools.call(f"opensearch_{name}", arguments))


def refused(tools: Toolset, name: str, **arguments: Any) -> Refusal:
    with pytest.raises(Refusal) as caught:
        call(tools, name, **arguments)
    return caught.value
