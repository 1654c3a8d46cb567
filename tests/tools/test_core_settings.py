"""Settings: flags, plain values, secrets and their redaction."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from refusal import Refusal
from settings import Settings, SettingsError, parse_flag


@pytest.mark.parametrize(
    ("text", "expected"),
    [("true", True), ("True", True), ("TRUE", True), ("false", False), ("False", False)],
)
def test_flag_reads_true_and_false_in_any_case(text: str, expected: bool) -> None:
    assert parse_flag("MCP_VALKEY_WRITE_ACCESS", text) is expected


@pytest.mark.parametrize(
    "text", ["", "1", "0", "yes", "on", " true", "true ", "t", "nein", "tru\u0435"]
)
def test_any_other_word_stops_the_start(text: str) -> None:
    settings = Settings({"MCP_VALKEY_WRITE_ACCESS": text})
    with pytest.raises(SettingsError, match="MCP_VALKEY_WRITE_ACCESS"):
        settings.check_flags()


def test_an_absent_flag_is_false() -> None:
    assert not Settings({}).flag("MCP_VALKEY_WRITE_ACCESS")


def test_a_secret_loses_one_final_newline_and_is_read_once(tmp_path: Path) -> None:
    file = tmp_path / "MCP_GRAFANA_TOKEN"
    file.write_text("tok\n\n", encoding="utf-8")
    settings = Settings({}, secret_directory=tmp_path)
    assert settings.secret("MCP_GRAFANA_TOKEN") == "tok\n"
    file.write_text("other", encoding="utf-8")
    assert settings.secret("MCP_GRAFANA_TOKEN") == "tok\n"


@pytest.mark.parametrize("content", [None, b"", b"\n", b"\xff\xfe"])
def test_a_secret_that_cannot_be_had_is_named_by_its_key(
    tmp_path: Path, content: bytes | None
) -> None:
    if content is not None:
        (tmp_path / "MCP_GRAFANA_TOKEN").write_bytes(content)
    with pytest.raises(Refusal) as refused:
        Settings({}, secret_directory=tmp_path).secret("MCP_GRAFANA_TOKEN")
    assert refused.value.code == "E_UNAVAILABLE"
    assert "MCP_GRAFANA_TOKEN" in refused.value.hint


def test_known_secrets_are_redacted_the_longer_first(tmp_path: Path) -> None:
    (tmp_path / "A").write_text("hunter", encoding="utf-8")
    (tmp_path / "B").write_text("hunter22", encoding="utf-8")
    settings = Settings({}, secret_directory=tmp_path)
    assert settings.redact("hunter22") == "hunter22"
    settings.secret("A")
    settings.secret("B")
    assert settings.redact("x hunter22 y hunter z") == "x [secret] y [secret] z"


def test_a_value_that_is_missing_or_not_a_number_is_told_by_name() -> None:
    settings = Settings({"MCP_X_PORT": "54x2"})
    for read in (lambda: settings.number("MCP_X_PORT"), lambda: settings.value("MCP_X_HOST")):
        with pytest.raises(Refusal, match="MCP_X_"):
            read()
    assert settings.number("MCP_Y_PORT", 5432) == 5432


@pytest.mark.parametrize("text", [None, "", "[]", "{", '"x"'])
def test_a_configuration_file_must_be_a_json_object(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "topology.json").write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match=r"topology\.json"):
        Settings({}, config_directory=tmp_path).config("topology.json")


@pytest.mark.parametrize("cuts", [(), (1,), (4, 9), (2, 3, 4, 5)])
def test_the_parts_of_a_configuration_file_are_joined(
    tmp_path: Path, cuts: tuple[int, ...]
) -> None:
    text = '{"a": "äö→", "b": [1]}'.encode()
    places = [0, *cuts, len(text)]
    for number, (start, end) in enumerate(itertools.pairwise(places)):
        name = "topology.json" + (f".{number:03}" if number else "")
        (tmp_path / name).write_bytes(text[start:end])
    settings = Settings({}, config_directory=tmp_path)
    assert settings.config("topology.json") == {"a": "äö→", "b": [1]}
    (tmp_path / "topology.json").unlink()
    with pytest.raises(SettingsError, match=r"topology\.json"):
        settings.config("topology.json")
