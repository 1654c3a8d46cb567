"""The derived tool schemas: in step with the tool files, and honest about a broken one."""

from __future__ import annotations

import importlib.util
import json
import shutil
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from conftest import PAIRS, REPOSITORY
from core_server import SAMPLE, lock_of, sample_links
from stacktic_mcp.core import bodies, freshness, gate, limits, search, sessions
from stacktic_mcp.core.lock import schema_sha256
from stacktic_mcp.lib import answers


def load_script() -> ModuleType:
    """Return the script as a module."""
    file = REPOSITORY / "scripts" / "derive_tool_schemas.py"
    spec = importlib.util.spec_from_file_location("derive_tool_schemas", file)
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    return script


@pytest.fixture
def derive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return the script, pointed at a folder with one good pair."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    script = load_script()
    folder = pair(tmp_path, "sample")
    shutil.copy(SAMPLE, folder)
    return script


def pair(folder: Path, service: str) -> Path:
    """Make the folder of a pair whose tool file is to lie beside it."""
    place = folder / f"fastmcp-{service}"
    place.mkdir()
    (place / "pair.yaml").write_text(
        f"tools: {{modules: [{service}_tools.py]}}\n", encoding="utf-8"
    )
    return place


def folders(tmp_path: Path) -> list[Path]:
    return sorted(tmp_path.glob("fastmcp-*"))


def derived(tmp_path: Path) -> dict[str, dict[str, Any]]:
    text = (tmp_path / "fastmcp-sample" / "tools.json").read_text(encoding="utf-8")
    return {tool["name"]: tool for tool in json.loads(text)["tools"]}


def test_the_committed_schemas_are_those_of_the_tool_files() -> None:
    script = load_script()
    stale = [
        f"{folder.name}/{name}"
        for folder in PAIRS
        for name, text in script.derived_texts(folder).items()
        if (folder / name).read_text(encoding="utf-8") != text
    ]
    assert stale == []


def test_the_committed_contract_is_what_the_server_enforces() -> None:
    text = (REPOSITORY / "catalog" / "fastmcp" / "contract.json").read_text(encoding="utf-8")
    assert text == load_script().contract_text()
    contract = json.loads(text)
    assert contract["envelope"] == answers.OUTPUT_SCHEMA
    numbers = contract["limits"]
    assert numbers["calls_per_second"] == limits.CALLS_PER_SECOND
    assert numbers["calls_in_a_burst"] == limits.BURST
    assert numbers["calls_at_once"] == limits.CONCURRENT_CALLS
    assert numbers["streams_at_once"] == limits.CONCURRENT_STREAMS
    assert numbers["sessions_at_once"] == sessions.MAX_OF_KEY
    assert numbers["request_bytes"] == bodies.MAX_BODY_BYTES
    assert numbers["answer_ms"] == gate.ANSWER_SECONDS * 1000
    assert contract["list_ttl_ms"] == freshness.LIST_TTL_MS
    assert [tool["name"] for tool in contract["search"]] == [search.SEARCH_TOOL, search.CALL_TOOL]


def test_limits_are_those_that_a_tool_declares(tmp_path: Path, derive: ModuleType) -> None:
    derive.run(folders(tmp_path), check=False)
    tools = derived(tmp_path)
    toolset = derive.register_folder(folders(tmp_path)[0])
    registered = {tool.name: tool for tool in toolset.tools}
    assert tools.keys() == registered.keys()
    for name, tool in tools.items():
        traits = registered[name].traits
        assert tool["timeout_ms"] == traits.timeout_s * 1000, name
        assert tool["result_bytes"] == traits.budget.result_bytes, name
        assert tool["text_bytes"] == traits.budget.cell_bytes, name


def test_an_output_schema_is_the_envelope_with_data_of_its_own(derive: ModuleType) -> None:
    envelope = answers.OUTPUT_SCHEMA
    assert derive.data_schema("a", envelope) == {}
    own = {"type": "object", "properties": {"rows": {"type": "array"}}}
    properties = {**envelope["properties"], "data": own}
    assert derive.data_schema("a", {**envelope, "properties": properties}) == {"data_schema": own}
    properties["link"] = {"type": "integer"}
    with pytest.raises(TypeError, match="the output schema of `a` is not the envelope"):
        derive.data_schema("a", {**envelope, "properties": properties})


def test_every_gated_tool_is_derived_with_its_class(tmp_path: Path, derive: ModuleType) -> None:
    assert derive.run(folders(tmp_path), check=False)
    tools = derived(tmp_path)
    classes = {name: tool["class"] for name, tool in tools.items()}
    assert classes["sample_list"] == "read"
    assert classes["sample_peek"] == "side_effect"
    assert classes["sample_delete"] == "write"
    assert tools["sample_delete"]["destructive"] is True


def test_placeholders_stand_for_the_lists_of_the_topology(
    tmp_path: Path, derive: ModuleType
) -> None:
    derive.run(folders(tmp_path), check=False)
    schema = derived(tmp_path)["sample_list"]["input_schema"]
    assert "component" not in schema["properties"]
    assert schema["properties"]["database"]["enum"] == ["<topology:databases>"]
    assert schema["required"] == ["database"]
    instance = json.loads(derive.contract_text())["instance"]
    assert instance["enum"] == ["<topology:components>"]


def fill(schema: Any, lists: dict[str, list[str]]) -> Any:
    """Do what the generator does with a placeholder."""
    text = json.dumps(schema)
    for name, values in lists.items():
        text = text.replace(f'["<topology:{name}>"]', json.dumps(sorted(values)))
    assert "<topology:" not in text
    return json.loads(text)


@pytest.mark.parametrize("components", [["sample"], ["one", "two"]])
def test_a_filled_schema_has_the_hash_of_the_live_tool(
    tmp_path: Path, derive: ModuleType, components: list[str]
) -> None:
    derive.run(folders(tmp_path), check=False)
    links = sample_links(*components)
    databases = {value for link in links for value in link["enums"]["databases"]}
    lists = {"databases": list(databases), "components": components}
    live = {tool["name"]: tool["input_sha256"] for tool in lock_of(links)["tools"]}
    instance = fill(derive.instance_schema(), lists)
    for name, tool in derived(tmp_path).items():
        schema = fill(tool["input_schema"], lists)
        if len(components) > 1:
            argument = tool["instance_argument"]
            schema["properties"][argument] = instance
            schema["required"] = [argument, *schema.get("required", [])]
        assert schema_sha256(schema) == live[name], name


def test_check_finds_drift_and_writes_nothing(
    tmp_path: Path, derive: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    assert derive.run(folders(tmp_path), check=False)
    assert derive.run(folders(tmp_path), check=True)
    target = tmp_path / "fastmcp-sample" / "tools.json"
    changed = target.read_text(encoding="utf-8").replace("Delete everything.", "Delete nothing.")
    target.write_text(changed, encoding="utf-8")
    assert not derive.run(folders(tmp_path), check=True)
    assert "`fastmcp-sample/tools.json` is out of date" in capsys.readouterr().err
    assert target.read_text(encoding="utf-8") == changed


def test_a_broken_tool_file_is_told_and_the_others_are_written(
    tmp_path: Path, derive: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = pair(tmp_path, "broken")
    text = "import a_module_that_is_not_there\n"
    (broken / "broken_tools.py").write_text(text, encoding="utf-8")
    assert not derive.run(folders(tmp_path), check=False)
    message = capsys.readouterr().err
    assert "`fastmcp-broken` does not register" in message
    assert "a_module_that_is_not_there" in message
    assert not (broken / "tools.json").exists()
    assert "sample_list" in derived(tmp_path)


@pytest.mark.parametrize("folder", PAIRS, ids=lambda folder: folder.name)
def test_every_tool_of_the_catalog_keeps_the_contract(folder: Path) -> None:
    tools = json.loads((folder / "tools.json").read_text(encoding="utf-8"))["tools"]
    assert tools
    for tool in tools:
        name, schema = tool["name"], tool["input_schema"]
        assert schema["additionalProperties"] is False, name
        assert tool["description"].isascii(), name
        assert len(tool["description"]) <= 300, name
        for argument, part in schema["properties"].items():
            assert argument not in {"url", "host", "headers", "password", "token"}, name
            texts = [part, *part.get("anyOf", []), part.get("items", {})]
            for text in texts:
                if text.get("type") == "string":
                    limited = {"enum", "const", "pattern", "maxLength", "format"} & text.keys()
                    assert limited, f"{name}({argument}) takes a text of any length"
                if text.get("type") in {"integer", "number"}:
                    assert {"minimum", "maximum"} <= text.keys() or "const" in text, (
                        f"{name}({argument}) takes a number of any size"
                    )
