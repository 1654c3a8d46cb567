"""What the published schema of a tool accepts, the server accepts, and nothing else.

In: every tool of the catalog, with its gate open; values made from its schema by fixed seeds.
Out: proof that an independent reader of the schema and the server's own check agree.
Must not know: what any tool does with its arguments.
"""

from __future__ import annotations

import importlib.util
import random
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import pytest

from conftest import PAIRS, REPOSITORY
from core_client import Session
from core_server import make_pod, running
from schema_values import ODD, Judge, Values, op, regex
from stacktic_mcp.core.toolkit import Toolset
from stacktic_mcp.core.topology import Topology
from stacktic_mcp.lib.arguments import Arguments
from stacktic_mcp.lib.links import Link
from stacktic_mcp.lib.refusal import Refusal

ROUNDS = 40


def _derive() -> ModuleType:
    path = REPOSITORY / "scripts" / "derive_tool_schemas.py"
    spec = importlib.util.spec_from_file_location("derive_for_arguments", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


DERIVE = _derive()


def tools_of(folder: Path, names: Sequence[str] = ("only",)) -> dict[str, Arguments]:
    """Return the arguments of each tool of a folder, over links of these names."""
    placeholder = DERIVE.placeholder_link(folder.name)
    links = [
        Link(name, folder.name, True, placeholder.enums, {}, "MCP_X", placeholder.settings)
        for name in names
    ]
    topology = Topology(stack="s", domain="", server="", components=(), modules=())
    runtime = DERIVE.Runtime(placeholder.settings, topology, DERIVE.CursorSigner(b""), lambda: True)
    toolset = Toolset(links, runtime)
    with DERIVE.placed(folder) as name:
        importlib.import_module(name).register(toolset)
    return {tool.name: cast("Any", tool)._body.arguments for tool in toolset.tools}


TOOLS = {name: tool for folder in PAIRS for name, tool in tools_of(folder).items()}


def accepts(tool: Arguments, raw: dict[str, Any]) -> bool:
    try:
        tool.bind(raw)
    except Refusal:
        return False
    return True


def candidates(tool: Arguments, values: Values) -> Iterator[dict[str, Any]]:
    """Return arguments that fit, that are spoiled in one place or in two, and odd ones."""
    schema = tool.schema
    for _ in range(ROUNDS):
        fitting = values.arguments(schema)
        yield fitting
        spoiled = {**fitting}
        for _ in range(2):
            name = values.random.choice([*schema["properties"], "unknown"])
            spoiled[name] = values.spoiled(fitting.get(name, values.random.choice(ODD)))
            yield spoiled
    fitting = values.arguments(schema)
    for name in schema["properties"]:
        for odd in ODD:
            yield {**fitting, name: odd}
        yield {key: value for key, value in fitting.items() if key != name}


@pytest.mark.parametrize("name", sorted(TOOLS))
def test_schema_and_server_accept_the_same(name: str) -> None:
    tool = TOOLS[name]
    values, judge = Values(len(name)), Judge(tool.schema)
    accepted = 0
    for raw in candidates(tool, values):
        expected = judge.is_valid(raw)
        assert accepts(tool, raw) == expected, (expected, raw)
        accepted += expected
    # Both sides of the border were seen, wherever there is one.
    assert accepted >= ROUNDS
    assert not accepts(tool, {"unknown": 1})


@pytest.mark.parametrize("name", sorted(TOOLS))
def test_null_for_an_optional_argument_is_its_absence(name: str) -> None:
    tool = TOOLS[name]
    schema, values = tool.schema, Values(7)
    required = set(schema.get("required", []))
    given = {key: values.fitting(schema["properties"][key]) for key in required}
    nulls = {key: None for key in schema["properties"] if key not in required}
    assert Judge(schema).is_valid(given | nulls)
    assert tool.bind(given | nulls).values == tool.bind(given).values
    for key in required:
        assert not accepts(tool, {**given, key: None})


@pytest.mark.parametrize("folder", PAIRS, ids=lambda folder: folder.name)
def test_one_of_several_instances_has_to_be_named(folder: Path) -> None:
    for name, tool in tools_of(folder, ("first", "second")).items():
        values, judge = Values(len(name)), Judge(tool.schema)
        for _ in range(10):
            raw = values.arguments(tool.schema)
            chosen = {**raw, tool.instance_name: random.Random(1).choice(["first", "second"])}
            assert judge.is_valid(chosen)
            assert accepts(tool, chosen)
            for wrong in cast("list[Any]", ["third", None, 1, ["first"], {}]):
                other = {**raw, tool.instance_name: wrong}
                assert not judge.is_valid(other)
                assert not accepts(tool, other)


def patterns_in(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        facts = cast("dict[str, Any]", schema)
        if isinstance(facts.get("pattern"), str):
            yield facts["pattern"]
        yield from facts.get("patternProperties", {})
        for part in facts.values():
            yield from patterns_in(part)
    elif isinstance(schema, list):
        for part in cast("list[Any]", schema):
            yield from patterns_in(part)


@pytest.mark.parametrize("name", sorted(TOOLS))
def test_patterns_mean_the_same_to_every_reader(name: str) -> None:
    """`.`, `\\s`, `\\w` and the like differ between ECMA-262, Rust and Python."""
    known = {op.LITERAL, op.NOT_LITERAL, op.IN, op.MAX_REPEAT, op.SUBPATTERN, op.BRANCH, op.AT}
    for pattern in patterns_in(TOOLS[name].schema):
        assert pattern.startswith("^")
        assert pattern.endswith("$")
        assert not re.search(r"\\[dDsSwWbBAZzpP]|\(\?[^:]", pattern), pattern
        assert {code for code, _ in regex.parse(pattern)} <= known, pattern


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "\ud800", b"x", {1}, object()])
def test_what_is_no_json_is_refused_in_words(value: Any) -> None:
    for name, tool in TOOLS.items():
        for argument in tool.schema["properties"]:
            with pytest.raises(Refusal) as refused:
                tool.bind({argument: value})
            assert refused.value.code in {"E_ARG", "E_SCOPE"}, name
            assert "``" not in refused.value.hint


def test_no_number_is_lost_in_nested_values() -> None:
    body = {"a": [1.0, 1.5, {"b": 2.0}], "n": None}
    values = TOOLS["api_call_write"].bind({"operation_id": "<topology:operations>", "body": body})
    assert repr(values.values["body"]) == "{'a': [1, 1.5, {'b': 2}], 'n': None}"


def test_clients_may_send_null_for_arguments_over_http(tmp_path: Path) -> None:
    with running(make_pod(tmp_path)) as server:
        session = Session.opened(server)
        full = session.call(
            "sample_list", {"database": "app_db", "size": None, "view": None, "cursor": None}
        )
        assert full["data"] == session.call("sample_list", {"database": "app_db"})["data"]
        for arguments in cast("list[Any]", [None, {}]):
            reply = session.result("tools/call", {"name": "sample_echo", "arguments": arguments})
            assert reply["structuredContent"]["returned"] == 1
