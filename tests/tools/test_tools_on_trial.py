"""The trial of tools that say they read: `stacktic catalog check` calls them against a recorder.

In: a catalog with one tool module, the program (`STACKTIC_BIN`), this environment.
Out: a finding for a read that writes, none for one that reads, none for the program's own tools.
Must not know: how the trial makes its arguments.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from conftest import PACKAGE, REPOSITORY, tool_files

SCRIPT = REPOSITORY / "src" / "command" / "catalog_check" / "tools_on_trial.py"
# Their backends are asked over HTTP, and no question of theirs is a POST.
OVER_HTTP = [
    "argo_cd",
    "fastapi",
    "grafana",
    "loki",
    "opensearch",
    "prometheus",
    "rabbitmq",
    "tempo",
]
PAIR = """\
from: fastmcp
to: grafana
title: dashboards of a team's own
interface: grafana_api
levels: [{levels}]
keys: {{HOST: host, PORT: port, SCHEME: scheme}}
tools: {{modules: [own_tools.py]}}
"""
MODULE = '''\
"""Tools of a team's own."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from stacktic_mcp.core.toolkit import Answer, Link, Toolset
from stacktic_mcp.lib.http_client import Http

Limit = Annotated[int, Field(ge=1, le=9, description="most rows")]


def register(tools: Toolset) -> None:
    """Register the tool."""

    @tools.read
    async def own_list(link: Link, limit: Limit = 5) -> Answer:
        """Return rows."""
        http = Http(link)
        rows = await http.get_json(("rows",), {"limit": limit})
        BODY
        return Answer(rows)
'''
SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "limit": {
            "anyOf": [{"type": "integer", "minimum": 1, "maximum": 9}, {"type": "null"}],
            "default": 5,
            "description": "most rows",
        }
    },
}


def write_catalog(folder: Path, body: str, tool_class: str = "read") -> Path:
    """Write a catalog with one tool, which does `body` after it has read."""
    home = folder / "link-types" / "pairs" / "fastmcp-grafana"
    home.mkdir(parents=True)
    levels = "read" if tool_class == "read" else "read, write"
    (home / "pair.yaml").write_text(PAIR.format(levels=levels), encoding="utf-8")
    (home / "own_tools.py").write_text(MODULE.replace("BODY", body), encoding="utf-8")
    tool: dict[str, Any] = {
        "name": "own_list",
        "class": tool_class,
        "destructive": False,
        "idempotent": True,
        "timeout_ms": 10_000,
        "result_bytes": 32_768,
        "text_bytes": 2_048,
        "instance_argument": "component",
        "title": "Own: list",
        "description": "Return rows.",
        "input_schema": SCHEMA,
    }
    (home / "tools.json").write_text(json.dumps({"tools": [tool]}), encoding="utf-8")
    return folder


def checked(folder: Path, *arguments: str) -> tuple[list[str], list[str]]:
    """Return the messages of the findings, and the notes."""
    command = [
        os.environ["STACKTIC_BIN"],
        "catalog",
        "check",
        str(folder),
        "-o",
        "json",
        *arguments,
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    report = json.loads(done.stdout)
    return [finding["message"] for finding in report["findings"]], report.get("notes", [])


def in_this_environment(folder: Path) -> tuple[list[str], list[str]]:
    return checked(folder, "--environment", sys.prefix)


@pytest.mark.parametrize(
    ("body", "request_line"),
    [
        ("await http.send_json('DELETE', ('rows',))", "DELETE /rows"),
        ("await http.send_json('POST', ('rows', 'new'), {})", "POST /rows/new"),
        ("await http.send_json('PUT', ('rows',), {})", "PUT /rows"),
    ],
)
def test_a_read_that_writes_is_caught(tmp_path: Path, body: str, request_line: str) -> None:
    findings, _ = in_this_environment(write_catalog(tmp_path, body))
    assert findings == [f"`own_list` says that it reads, and sends `{request_line}`"]


@pytest.mark.parametrize("body", ["", "await http.get_json(('more',))"])
def test_a_read_that_reads_is_good(tmp_path: Path, body: str) -> None:
    assert in_this_environment(write_catalog(tmp_path, body)) == ([], [])


def test_a_question_by_post_is_named_by_its_module(tmp_path: Path) -> None:
    folder = write_catalog(tmp_path, "await http.send_json('POST', ('rows', 'search'), {})")
    module = folder / "link-types" / "pairs" / "fastmcp-grafana" / "own_tools.py"
    text = module.read_text(encoding="utf-8")
    text = text.replace("\nLimit =", '\nREADS_BY_POST = ("/rows/search",)\nLimit =', 1)
    module.write_text(text, encoding="utf-8")
    assert in_this_environment(folder) == ([], [])


def test_a_class_that_differs_from_the_module_is_told(tmp_path: Path) -> None:
    findings, _ = in_this_environment(write_catalog(tmp_path, "", tool_class="write"))
    assert findings == ["`own_list` is `write` here and `read` in its module"]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("description", "Return all rows."),
        ("timeout_ms", 9_000),
        ("result_bytes", 1_024),
        ("idempotent", False),
        ("instance_argument", "instance"),
        ("input_schema", {**SCHEMA, "properties": {}}),
    ],
)
def test_a_definition_that_differs_from_the_module_is_told(
    tmp_path: Path, key: str, value: Any
) -> None:
    folder = write_catalog(tmp_path, "")
    definitions = folder / "link-types" / "pairs" / "fastmcp-grafana" / "tools.json"
    held = json.loads(definitions.read_text(encoding="utf-8"))
    held["tools"][0][key] = value
    definitions.write_text(json.dumps(held), encoding="utf-8")
    findings, _ = in_this_environment(folder)
    assert findings == [f"`own_list` has another `{key}` here than in its module"]


def test_another_way_than_http_is_told(tmp_path: Path) -> None:
    body = "import socket; socket.create_connection(('127.0.0.1', 9), 1)"
    findings, notes = in_this_environment(write_catalog(tmp_path, body))
    assert findings == []
    assert "what it does after `socket.connect`" in notes[0]


def test_a_file_is_not_written(tmp_path: Path) -> None:
    target = tmp_path / "written"
    folder = write_catalog(tmp_path / "catalog", f"open({str(target)!r}, 'w').close()")
    _, notes = in_this_environment(folder)
    assert "what it does after `open`" in notes[0]
    assert not target.exists()


def test_a_module_that_does_not_register_is_told(tmp_path: Path) -> None:
    folder = write_catalog(tmp_path, "")
    module = folder / "link-types" / "pairs" / "fastmcp-grafana" / "own_tools.py"
    module.write_text('"""Broken."""\n\nraise ValueError("no")\n', encoding="utf-8")
    findings, _ = in_this_environment(folder)
    assert findings == ["the modules do not register: ValueError: no"]


def test_a_module_that_asks_while_it_is_imported_is_told(tmp_path: Path) -> None:
    folder = write_catalog(tmp_path, "")
    module = folder / "link-types" / "pairs" / "fastmcp-grafana" / "own_tools.py"
    text = 'import socket\n\nsocket.create_connection(("127.0.0.1", 9), 1)\n'
    module.write_text(text, encoding="utf-8")
    findings, _ = in_this_environment(folder)
    told = "the modules do not register: PermissionError: socket.connect is not for a tool on trial"
    assert findings == [told]


def test_without_an_environment_it_is_said(tmp_path: Path) -> None:
    folder = write_catalog(tmp_path / "catalog", "await http.send_json('DELETE', ('rows',))")
    findings, notes = checked(folder, "--cache", str(tmp_path / "cache"))
    assert findings == []
    assert len(notes) == 1
    assert "were not called" in notes[0]
    assert "`stacktic dev` makes one" in notes[0]


def module_of(file: Path) -> str:
    """Return the name by which a file of the package is imported."""
    return ".".join(file.relative_to(PACKAGE.parent).with_suffix("").parts)


def sources(files: Iterable[Path]) -> dict[str, str]:
    """Return the texts of modules of the package."""
    return {module_of(file): file.read_text(encoding="utf-8") for file in files}


@pytest.mark.parametrize("name", OVER_HTTP)
def test_the_reads_of_the_program_write_nothing(name: str) -> None:
    folder = REPOSITORY / "link-types" / "pairs" / f"fastmcp-{name}"
    tools = json.loads((folder / "tools.json").read_text(encoding="utf-8"))["tools"]
    given = {
        "core": sources(PACKAGE.rglob("*.py")),
        "modules": sources(tool_files(folder)),
        "tools": tools,
        "type": folder.name,
    }
    command = [sys.executable, "-I", "-B", str(SCRIPT)]
    done = subprocess.run(
        command, input=json.dumps(given), capture_output=True, text=True, check=True, timeout=120
    )
    report = json.loads(done.stdout)
    assert (report["writes"], report["differs"], report["broken"]) == ([], [], None)
