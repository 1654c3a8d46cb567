"""The audit log: a chain that shows every change, and a sink that may fail."""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path
from typing import Any

import pytest

from audit import FIRST_PREVIOUS, AuditLog, open_audit
from calls import Call
from settings import Settings, SettingsError


def write_calls(log: AuditLog, *tools: str) -> None:
    for tool in tools:
        log.write(Call(method="tools/call", key_name="ci", tool=tool), 3)


def chain_is_whole(lines: list[bytes]) -> bool:
    """Return what `stacktic verify --audit` checks, in its simplest form."""
    previous = FIRST_PREVIOUS
    for line in lines:
        if json.loads(line)["previous"] != previous:
            return False
        previous = hashlib.sha256(line).hexdigest()
    return True


def file_settings(path: Path) -> Settings:
    return Settings({"STACKTIC_AUDIT_FILE": str(path)})


def test_a_line_holds_what_a_reviewer_needs() -> None:
    sink = io.BytesIO()
    call = Call(method="tools/call", key_name="ci", session="s", tool="t", link="valkey")
    call.arguments, call.arguments_digest = {"prefix": "app:"}, "d" * 64
    call.result_bytes = 17
    call.deny("E_SCOPE")
    AuditLog(sink).write(call, 12)
    record: dict[str, Any] = json.loads(sink.getvalue())
    time = record.pop("time")
    assert time.endswith("Z")
    assert record == {
        "sequence": 1,
        "key": "ci",
        "session": "s",
        "method": "tools/call",
        "tool": "t",
        "link": "valkey",
        "arguments": {"prefix": "app:"},
        "arguments_sha256": "d" * 64,
        "decision": "denied",
        "code": "E_SCOPE",
        "duration_ms": 12,
        "bytes": 17,
        "previous": FIRST_PREVIOUS,
    }


@pytest.mark.parametrize("damage", ["change", "remove", "reorder"])
def test_a_changed_removed_or_reordered_line_breaks_the_chain(damage: str) -> None:
    sink = io.BytesIO()
    write_calls(AuditLog(sink), "a", "b", "c", "d")
    lines = sink.getvalue().splitlines()
    assert chain_is_whole(lines)
    if damage == "change":
        lines[1] = lines[1].replace(b'"b"', b'"x"')
    elif damage == "remove":
        del lines[1]
    else:
        lines[1], lines[2] = lines[2], lines[1]
    assert not chain_is_whole(lines)


def test_a_file_is_continued_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    write_calls(open_audit(file_settings(path)), "a", "b")
    write_calls(open_audit(file_settings(path)), "c")
    lines = path.read_bytes().splitlines()
    assert chain_is_whole(lines)
    assert [json.loads(line)["sequence"] for line in lines] == [1, 2, 3]
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_line_torn_by_a_crash_shows_and_is_not_hidden(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    write_calls(open_audit(file_settings(path)), "a", "b")
    path.write_bytes(path.read_bytes()[:-30])
    write_calls(open_audit(file_settings(path)), "c")
    lines = path.read_bytes().splitlines()
    assert len(lines) == 3
    assert json.loads(lines[2])["previous"] == hashlib.sha256(lines[1]).hexdigest()
    with pytest.raises(json.JSONDecodeError):
        json.loads(lines[1])


def test_a_text_cannot_forge_a_line() -> None:
    sink = io.BytesIO()
    AuditLog(sink).write(Call(method='x"}\n{"sequence":9', tool="a\u2028b"), 0)
    assert sink.getvalue().count(b"\n") == 1
    assert json.loads(sink.getvalue())["tool"] == "a\u2028b"


def test_without_a_sink_or_with_a_broken_one_the_log_is_not_ready(tmp_path: Path) -> None:
    assert not open_audit(Settings({"STACKTIC_AUDIT": "none"})).ready()
    path = tmp_path / "audit.jsonl"
    log = open_audit(file_settings(path))
    assert log.ready()
    assert log.sink is not None
    log.sink.close()
    write_calls(log, "a")
    assert not log.ready()


@pytest.mark.parametrize(
    "environ", [{"STACKTIC_AUDIT": "syslog"}, {"STACKTIC_AUDIT_FILE": "/proc/none/audit"}]
)
def test_a_sink_that_cannot_be_opened_stops_the_start(environ: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match="STACKTIC_AUDIT"):
        open_audit(Settings(environ))
