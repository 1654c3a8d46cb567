"""Keys: named, hashed, several at once, and nothing else is let in."""

from __future__ import annotations

import json
from typing import Any

import pytest

from conftest import REPOSITORY
from stacktic_mcp.core.auth import FAULTS, parse_keys
from stacktic_mcp.core.settings import SettingsError

VECTORS: dict[str, Any] = json.loads(
    (REPOSITORY / "tests" / "vectors" / "keys.json").read_text(encoding="utf-8")
)


@pytest.mark.parametrize("case", VECTORS["texts"], ids=lambda case: case["why"])
def test_the_grammar_of_keys_is_that_of_the_agent(case: dict[str, Any]) -> None:
    if "accepted" in case:
        assert [key.name for key in parse_keys(case["text"]).keys] == case["accepted"]
        return
    with pytest.raises(SettingsError) as refused:
        parse_keys(case["text"])
    expected = f"entry {case['entry']} of `MCP_API_KEYS` {FAULTS[case['refused']]}"
    assert str(refused.value) == expected


@pytest.mark.parametrize("case", VECTORS["presented"], ids=lambda case: case["why"])
def test_only_a_known_key_has_a_name(case: dict[str, Any]) -> None:
    headers = [header.encode("utf-8") for header in case["headers"]]
    key = parse_keys(case["keys"]).key_of(headers)
    assert (None if key is None else key.name) == case["name"]
