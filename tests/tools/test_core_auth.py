"""Keys: named, hashed, several at once, and nothing else is let in."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from auth import load_keys, parse_keys
from limits import Limits
from settings import Settings, SettingsError


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


RING = parse_keys(f"ci:{sha256('k-one')}, desk-top.2:{sha256('k-two')},\n")


@pytest.mark.parametrize(
    ("header", "name"),
    [
        (b"Bearer k-one", "ci"),
        (b"bearer k-two", "desk-top.2"),
        (b"Bearer  k-one ", "ci"),
        (b"Bearer k-three", None),
        (b"Bearer ", None),
        (b"Bearer", None),
        (b"", None),
        (b"Basic k-one", None),
        (b"k-one", None),
        (b"Bearer k-one k-two", None),
        (b"Bearer " + sha256("k-one").encode(), None),
        (b"Bearer ci", None),
        (b"Bearer " + b"x" * 2000, None),
        (b"Bearer \xff\xfe", None),
    ],
)
def test_only_a_known_key_has_a_name(header: bytes, name: str | None) -> None:
    assert RING.name_of([header]) == name


def test_exactly_one_header_counts() -> None:
    assert RING.name_of([]) is None
    assert RING.name_of([b"Bearer k-one", b"Bearer k-one"]) is None


@pytest.mark.parametrize(
    "text",
    ["plain-key", "ci:abc", f"ci:{'G' * 64}", f":{'a' * 64}", f"a b:{'a' * 64}", f"ci:{'A' * 64}"],
)
def test_an_entry_of_another_form_stops_the_start_without_being_shown(text: str) -> None:
    with pytest.raises(SettingsError, match="entry 2") as refused:
        parse_keys(f"ok:{'0' * 64},{text}")
    assert text not in str(refused.value)


def test_a_name_is_given_once() -> None:
    with pytest.raises(SettingsError, match="repeats"):
        parse_keys(f"ci:{'0' * 64},ci:{'1' * 64}")


def test_without_keys_nobody_is_let_in(tmp_path: Path) -> None:
    ring = load_keys(Settings({}, secret_directory=tmp_path))
    assert ring.name_of([b"Bearer "]) is None
    assert ring.name_of([b"Bearer x"]) is None


def test_a_key_has_a_burst_of_twenty_then_ten_a_second() -> None:
    now = 0.0
    limits = Limits(clock=lambda: now)

    def calls(count: int) -> int:
        started = 0
        for _ in range(count):
            if limits.start_call("ci"):
                limits.end_call("ci")
                started += 1
        return started

    assert calls(50) == 20
    now += 1.0
    assert calls(50) == 10
    assert limits.start_call("another key")


def test_a_key_has_four_calls_at_once() -> None:
    limits = Limits()
    assert [limits.start_call("ci") for _ in range(5)] == [True] * 4 + [False]
    limits.end_call("ci")
    assert limits.start_call("ci")


def test_a_key_opens_sessions_slowly() -> None:
    now = 0.0
    limits = Limits(clock=lambda: now)
    assert [limits.open_session("ci") for _ in range(61)] == [True] * 60 + [False]
    now += 2.0
    assert [limits.open_session("ci") for _ in range(3)] == [True, True, False]
