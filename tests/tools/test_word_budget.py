"""What a model reads of the tools before it calls any stays within a budget of tokens.

No tokenizer is at hand without a download, so tokens are bytes of UTF-8 by a rule: 3.5 bytes are
one token. Over the whole catalog cl100k_base takes 3.8 bytes and the tokenizer that Anthropic
published for its older models 3.6, so that the rule rather counts too many.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, cast

from conftest import PAIRS, REPOSITORY

BYTES_A_TOKEN = 3.5
MOST_A_TOOL = 230
MOST_OF_THE_EXAMPLE = 22_000
MOST_OF_FOUR_SERVICES = 8_000
# An output schema is read by programs, and stands in the same list.
MOST_OF_AN_OUTPUT = 1_100
FOUR = ("fastmcp-stack_agent", "fastmcp-cnpg", "fastmcp-prometheus", "fastmcp-loki")


def tools_of(pair: str) -> list[dict[str, Any]]:
    """Return the tools of a pair."""
    text = (REPOSITORY / "link-types" / "pairs" / pair / "tools.json").read_text(encoding="utf-8")
    return json.loads(text)["tools"]


def every_tool() -> list[dict[str, Any]]:
    """Return all tools of the catalog."""
    return [tool for folder in PAIRS for tool in tools_of(folder.name)]


def tokens(tools: Iterable[dict[str, Any]]) -> float:
    """Return what a model reads of tools: the list as clients hand it on."""
    size = 0
    for tool in tools:
        seen = {
            "name": tool["name"],
            "title": tool["title"],
            "description": tool["description"],
            "inputSchema": tool["input_schema"],
        }
        size += len(json.dumps(seen, ensure_ascii=False, separators=(",", ":")).encode())
    return size / BYTES_A_TOKEN


def test_a_tool_on_average() -> None:
    tools = every_tool()
    average = tokens(tools) / len(tools)
    print(f"{len(tools)} tools, {average:.0f} tokens each")
    assert average <= MOST_A_TOOL


def test_the_full_example() -> None:
    lock = (REPOSITORY / "generated-example/out/tools.lock.json").read_text(encoding="utf-8")
    names = {
        tool["name"] for server in json.loads(lock)["servers"].values() for tool in server["tools"]
    }
    tools = [tool for tool in every_tool() if tool["name"] in names]
    assert len(tools) >= len(names) - 1
    total = tokens(tools)
    print(f"{len(tools)} tools of the example, {total:.0f} tokens")
    assert total <= MOST_OF_THE_EXAMPLE


def test_four_services() -> None:
    total = tokens(tool for pair in FOUR for tool in tools_of(pair))
    print(f"{total:.0f} tokens")
    assert total <= MOST_OF_FOUR_SERVICES


def test_output_schemas_are_small_and_say_the_form_of_the_data() -> None:
    sizes: dict[str, int] = {}
    for tool in every_tool():
        schema = tool.get("data_schema")
        if schema is not None:
            text = json.dumps(schema, separators=(",", ":"))
            assert "description" not in _keys(schema), tool["name"]
            sizes[tool["name"]] = len(text.encode())
    print(f"{len(sizes)} schemas, {sum(sizes.values()) / BYTES_A_TOKEN:.0f} tokens together")
    assert max(sizes.values()) <= MOST_OF_AN_OUTPUT * BYTES_A_TOKEN
    untyped = {tool["name"] for tool in every_tool()} - sizes.keys()
    # What these give is the agent's own, and grows with it.
    assert untyped <= {"get_available_fields", "get_stack_dna"}


def test_a_dry_run_tells_what_holds_by_default() -> None:
    for tool in every_tool():
        argument = tool["input_schema"]["properties"].get("dry_run")
        if argument is not None:
            word = "true (default)" if argument["default"] else "false (default)"
            assert word in argument["description"], tool["name"]
            is_write = tool["class"] == "write"
            assert argument["default"] or not (is_write and tool["destructive"]), tool["name"]


def _keys(schema: Any) -> set[str]:
    """Return the words of a schema, the names of its properties left out."""
    if isinstance(schema, list):
        return {key for item in cast("list[Any]", schema) for key in _keys(item)}
    if not isinstance(schema, dict):
        return set()
    known = cast("dict[str, Any]", schema)
    found = set(known)
    for key, item in known.items():
        parts = item.values() if key == "properties" else [item]
        found |= {word for part in parts for word in _keys(part)}
    return found
