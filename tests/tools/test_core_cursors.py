"""Cursors: only for the same caller, tool, link and arguments, and for 15 minutes."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest

from stacktic_mcp.core.cursors import CursorSigner, Page, digest
from stacktic_mcp.lib.refusal import Refusal

PAGE = Page("valkey_scan_keys", "valkey", digest({"prefix": "app:"}), "first")


def refuse(signer: CursorSigner, page: Page, cursor: str) -> str:
    with pytest.raises(Refusal) as refused:
        signer.open(page, cursor)
    assert refused.value.code == "E_ARG"
    return refused.value.hint


def test_a_cursor_opens_for_what_it_was_made_for() -> None:
    signer = CursorSigner(b"k")
    position = {"offset": 5, "seen": ["a", None]}
    assert signer.open(PAGE, signer.sign(PAGE, position)) == position


@pytest.mark.parametrize(
    "other",
    [
        replace(PAGE, tool="valkey_get"),
        replace(PAGE, component="cache"),
        replace(PAGE, arguments=digest({"prefix": "other:"})),
        replace(PAGE, key_name="second"),
    ],
)
def test_a_cursor_is_bound_to_its_call(other: Page) -> None:
    signer = CursorSigner(b"k")
    assert "another" in refuse(signer, other, signer.sign(PAGE, 1))


def test_a_cursor_of_another_server_key_is_refused() -> None:
    refuse(CursorSigner(b"k"), PAGE, CursorSigner(b"other").sign(PAGE, 1))


def test_a_changed_position_is_refused() -> None:
    signer = CursorSigner(b"k")
    raw = base64.urlsafe_b64decode(signer.sign(PAGE, 111))
    changed = base64.urlsafe_b64encode(raw.replace(b"111", b"999")).decode()
    refuse(signer, PAGE, changed)


@pytest.mark.parametrize("text", ["", "x", "====", "naïve", "a" * 4000])
def test_any_other_text_is_refused(text: str) -> None:
    refuse(CursorSigner(b"k"), PAGE, text)


def test_a_cursor_ends_after_fifteen_minutes() -> None:
    now = 1000.0
    signer = CursorSigner(b"k", clock=lambda: now)
    cursor = signer.sign(PAGE, 1)
    now += 15 * 60
    assert signer.open(PAGE, cursor) == 1
    now += 1
    assert "15 minutes" in refuse(signer, PAGE, cursor)
