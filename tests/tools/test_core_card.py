"""The card of a server: there when it was generated, read whole, and never guessed."""

from __future__ import annotations

from pathlib import Path

import pytest

from stacktic_mcp.core.card import CARD_PATH, Card, load_card
from stacktic_mcp.core.settings import Settings, SettingsError


def settings(folder: Path) -> Settings:
    return Settings(environ={}, config_directory=folder, secret_directory=folder)


def test_what_was_not_generated_is_not_served(tmp_path: Path) -> None:
    assert load_card(settings(tmp_path)) is None


@pytest.mark.parametrize("text", ["", "{", "[]", '"card"'])
def test_a_card_that_is_none_stops_the_start(tmp_path: Path, text: str) -> None:
    (tmp_path / "server-card.json").write_text(text)
    with pytest.raises(SettingsError, match=r"server-card\.json"):
        load_card(settings(tmp_path))


def test_it_is_served_as_it_was_written(tmp_path: Path) -> None:
    (tmp_path / "server-card.json").write_bytes(b'{ "name": "a/b" }\n')
    card = load_card(settings(tmp_path))
    assert card is not None
    assert card.body == b'{ "name": "a/b" }\n'


def test_the_tag_follows_from_the_bytes() -> None:
    assert Card(b"{}").tag == Card(b"{}").tag != Card(b"{ }").tag


@pytest.mark.parametrize(
    ("method", "path", "asked"),
    [
        ("GET", CARD_PATH, True),
        ("HEAD", CARD_PATH, True),
        ("OPTIONS", CARD_PATH, True),
        ("POST", CARD_PATH, False),
        ("GET", CARD_PATH + "/", False),
        ("GET", "/mcp", False),
    ],
)
def test_what_asks_for_it(method: str, path: str, asked: bool) -> None:
    assert Card(b"{}").is_asked({"method": method, "path": path}) is asked
