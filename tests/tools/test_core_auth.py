"""Keys: named, hashed, several at once, and nothing else is let in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from conftest import REPOSITORY
from stacktic_mcp.core.auth import FAULTS, load_keys, parse_keys
from stacktic_mcp.core.settings import Settings, SettingsError

VECTORS: dict[str, Any] = json.loads(
    (REPOSITORY / "tests" / "vectors" / "keys.json").read_text(encoding="utf-8")
)


@pytest.mark.parametrize("case", VECTORS["texts"], ids=lambda case: case["why"])
def test_the_grammar_of_keys_is_that_of_the_agent(case: dict[str, Any]) -> None:
    if "accepted" in case:
        assert [name for name, _ in parse_keys(case["text"]).hashes] == case["accepted"]
        return
    with pytest.raises(SettingsError) as refused:
        parse_keys(case["text"])
    expected = f"entry {case['entry']} of `MCP_API_KEYS` {FAULTS[case['refused']]}"
    assert str(refused.value) == expected


@pytest.mark.parametrize("case", VECTORS["presented"], ids=lambda case: case["why"])
def test_only_a_known_key_has_a_name(case: dict[str, Any]) -> None:
    headers = [header.encode("utf-8") for header in case["headers"]]
    assert parse_keys(case["keys"]).name_of(headers) == case["name"]


def test_without_keys_nobody_is_let_in(tmp_path: Path) -> None:
    ring = load_keys(Settings({}, secret_directory=tmp_path))
    assert ring.name_of([b"Bearer "]) is None
    assert ring.name_of([b"Bearer x"]) is None
