"""Settings: flags, plain values, secrets and their redaction."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from stacktic_mcp.core.settings import Settings, SettingsError, parse_flag
from stacktic_mcp.lib.refusal import Refusal


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


def put(folder: Path, name: str, text: str) -> None:
    """Replace a file as Kubernetes does: another file under the same name."""
    fresh = folder / ".fresh"
    fresh.write_text(text, encoding="utf-8")
    fresh.rename(folder / name)


def test_a_secret_is_the_text_of_its_file_without_line_ends(tmp_path: Path) -> None:
    put(tmp_path, "MCP_GRAFANA_TOKEN", "token 1234\r\n\n")
    assert Settings({}, secret_directory=tmp_path).secret("MCP_GRAFANA_TOKEN") == "token 1234"


def test_a_secret_that_was_replaced_is_read_anew_and_hidden_with_both_values(
    tmp_path: Path,
) -> None:
    settings = Settings({}, secret_directory=tmp_path)
    put(tmp_path, "MCP_GRAFANA_TOKEN", "first-token-17")
    assert settings.secret("MCP_GRAFANA_TOKEN") == "first-token-17"
    put(tmp_path, "MCP_GRAFANA_TOKEN", "other-token-42")
    # Before anyone has asked for it: a backend may know it already.
    assert settings.redact("first-token-17 other-token-42") == "[secret] [secret]"
    assert settings.secret("MCP_GRAFANA_TOKEN") == "other-token-42"
    assert settings.redact("first-token-17 other-token-42") == "[secret] [secret]"


def test_a_new_value_that_cannot_be_hidden_is_not_used(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = Settings({}, secret_directory=tmp_path)
    put(tmp_path, "MCP_GRAFANA_TOKEN", "first-token-17")
    settings.check_secrets()
    put(tmp_path, "MCP_GRAFANA_TOKEN", "postgres")
    assert settings.secret("MCP_GRAFANA_TOKEN") == "first-token-17"
    assert "MCP_GRAFANA_TOKEN" in caplog.text
    assert "postgres" not in caplog.text


def test_a_secret_that_is_gone_is_hidden_still(tmp_path: Path) -> None:
    settings = Settings({}, secret_directory=tmp_path)
    put(tmp_path, "MCP_GRAFANA_TOKEN", "first-token-17")
    settings.check_secrets()
    (tmp_path / "MCP_GRAFANA_TOKEN").unlink()
    with pytest.raises(Refusal, match="MCP_GRAFANA_TOKEN"):
        settings.secret("MCP_GRAFANA_TOKEN")
    assert settings.redact("first-token-17") == "[secret]"


def test_a_value_that_cannot_be_hidden_stops_the_start_by_the_name_of_its_key(
    tmp_path: Path,
) -> None:
    put(tmp_path, "MCP_API_KEYS", "ci:abc")
    put(tmp_path, "MCP_EMPTY", "\n")
    put(tmp_path, "..data", "x")
    settings = Settings({}, secret_directory=tmp_path)
    settings.check_secrets()
    put(tmp_path, "MCP_CNPG_PASSWORD", "password1")
    with pytest.raises(SettingsError, match="`MCP_CNPG_PASSWORD` is a common one") as refused:
        settings.check_secrets()
    assert "password1" not in str(refused.value)


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


def test_every_mounted_secret_is_hidden_before_anyone_asked_for_it(tmp_path: Path) -> None:
    put(tmp_path, "A", "hunter-of-22")
    put(tmp_path, "B", "hunter-of-2222")
    settings = Settings({}, secret_directory=tmp_path)
    assert settings.redact("x hunter-of-2222 y hunter-of-22 z") == "x [secret] y [secret] z"


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


def test_the_name_of_a_key_is_told_where_its_value_is_like_it(tmp_path: Path) -> None:
    put(tmp_path, "MCP_KAFKA_PASSWORD", "kafka_password")
    text = "MCP_KAFKA_PASSWORD was refused: kafka_password"
    expected = "MCP_KAFKA_PASSWORD was refused: [secret]"
    assert Settings({}, secret_directory=tmp_path).redact(text) == expected


def test_a_value_that_is_the_name_of_a_key_is_hidden_all_the_same(tmp_path: Path) -> None:
    put(tmp_path, "MCP_KAFKA_PASSWORD", "MCP_KAFKA_PASSWORD")
    settings = Settings({}, secret_directory=tmp_path)
    assert settings.redact("x MCP_KAFKA_PASSWORD y") == "x [secret] y"
