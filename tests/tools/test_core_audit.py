"""The audit log: a chain that shows every change, and a sink that may fail."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import io
import json
import os
import socket
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest

from stacktic_mcp.core import outlet
from stacktic_mcp.core.audit import FIRST_PREVIOUS, AuditLog, open_audit
from stacktic_mcp.core.calls import Call
from stacktic_mcp.core.settings import Settings, SettingsError


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
    AuditLog(sink, replica="mcp-7d4").write(call, 12)
    record: dict[str, Any] = json.loads(sink.getvalue())
    time = record.pop("time")
    assert time.endswith("Z")
    assert record == {
        "replica": "mcp-7d4",
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


def test_each_replica_has_a_chain_of_its_own_whose_first_line_tells_the_lock() -> None:
    sink = io.BytesIO()
    logs = [AuditLog(sink, replica=name, lock=name * 64) for name in ("a", "b")]
    for _ in range(3):
        for log in logs:
            write_calls(log, "t")
    lines = sink.getvalue().splitlines()
    for name in ("a", "b"):
        own = [line for line in lines if json.loads(line)["replica"] == name]
        assert chain_is_whole(own)
        assert [json.loads(line).get("lock") for line in own] == [name * 64, None, None]


def test_a_replica_is_called_like_its_host_or_as_it_is_told(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    write_calls(open_audit(file_settings(path)), "a")
    told = {"STACKTIC_AUDIT_FILE": str(path), "STACKTIC_REPLICA": "x" * 300}
    write_calls(open_audit(Settings(told)), "b")
    names = [json.loads(line)["replica"] for line in path.read_bytes().splitlines()]
    assert names == [socket.gethostname(), "x" * 253]
    assert chain_is_whole(path.read_bytes().splitlines())


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


def full_settings(**environ: str) -> Settings:
    # Every write to this device fails as on a full disk.
    return Settings({"STACKTIC_AUDIT_FILE": "/dev/full", **environ})


@contextlib.contextmanager
def piped() -> Generator[tuple[AuditLog, int]]:
    """Return a log on a pipe, and the end that its lines come out of."""
    reading, writing = os.pipe()
    with os.fdopen(writing, "wb", buffering=0) as sink:
        try:
            yield AuditLog(sink), reading
        finally:
            with contextlib.suppress(OSError):
                os.close(reading)


def lines_of(content: bytes) -> list[dict[str, Any]]:
    assert chain_is_whole(content.splitlines())
    return [json.loads(line) for line in content.splitlines()]


def fill(log: AuditLog) -> int:
    """Write until the sink takes no more; return how many lines were written."""
    written = 0
    while log.ready():
        write_calls(log, "a")
        written += 1
    return written


@pytest.mark.anyio
async def test_a_write_leaves_a_line_before_its_effect_and_one_after_it() -> None:
    sink = io.BytesIO()
    log = AuditLog(sink)
    call = Call(method="tools/call", key_name="ci", tool="t", arguments={"key": "[text of 5]"})
    assert await log.intend(call)
    (intent,) = lines_of(sink.getvalue())
    assert (intent["decision"], intent["code"], intent["tool"]) == ("intended", None, "t")
    assert intent["arguments"] == {"key": "[text of 5]"}
    assert "intent" not in intent
    log.write(call, 3)
    _, outcome = lines_of(sink.getvalue())
    assert (outcome["decision"], outcome["intent"]) == ("allowed", intent["sequence"])


@pytest.mark.anyio
async def test_on_a_full_disk_nothing_may_be_changed_and_health_says_so() -> None:
    log = open_audit(full_settings())
    assert not await log.intend(Call(method="tools/call", tool="t"))
    assert not log.ready()
    assert log.health() == {"status": "degraded", "audit": "unwritable"}


@pytest.mark.anyio
async def test_a_closed_pipe_is_a_sink_that_takes_no_lines() -> None:
    with piped() as (log, reading):
        assert log.health() == {"status": "ok"}
        os.close(reading)
        assert not await log.intend(Call(method="tools/call"))
        assert log.health()["audit"] == "unwritable"


@pytest.mark.anyio
async def test_a_blocked_pipe_stops_nobody_and_gets_every_line_later() -> None:
    with piped() as (log, reading):
        written = fill(log)
        write_calls(log, "late", "later")
        assert not await log.intend(Call(method="tools/call", tool="never"))
        content = bytearray()
        while len(content.splitlines()) < written + 3 or not log.ready():
            content += os.read(reading, 65536)
            log.ready()
        lines = lines_of(bytes(content))
        assert [line["sequence"] for line in lines] == list(range(1, written + 4))
        assert [line["tool"] for line in lines[-3:]] == ["late", "later", "never"]
        assert log.health() == {"status": "ok"}


@pytest.mark.anyio
async def test_a_sink_that_is_behind_for_a_moment_is_waited_for() -> None:
    with piped() as (log, reading):
        fill(log)
        intended = asyncio.create_task(log.intend(Call(method="tools/call")))
        await asyncio.sleep(0)
        assert not intended.done()
        os.read(reading, 1 << 20)
        assert await intended


def test_lines_that_find_no_room_leave_a_gap_and_are_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(outlet, "MAX_WAITING_BYTES", 2000)
    with piped() as (log, reading):
        fill(log)
        write_calls(log, *"abcdefghij")
        content = os.read(reading, 1 << 20)
        assert log.ready()
        write_calls(log, "last")
        content += os.read(reading, 1 << 20)
        lines = lines_of(content)
        missing = lines[-1]["sequence"] - len(lines)
        assert missing > 0
        assert log.health()["audit"] == "lost"


def written_file(path: Path) -> list[bytes]:
    """Write a file of three lines, as a server does that then ends."""
    write_calls(open_audit(file_settings(path)), "a", "b", "c")
    return path.read_bytes().splitlines(keepends=True)


def cut(path: Path, lines: list[bytes]) -> None:
    path.write_bytes(b"".join(lines[:-1]))


def empty(path: Path, lines: list[bytes]) -> None:
    path.write_bytes(b"")


def remove(path: Path, lines: list[bytes]) -> None:
    path.unlink()


def tear(path: Path, lines: list[bytes]) -> None:
    path.write_bytes(b"".join(lines)[:-10])


def append(path: Path, lines: list[bytes]) -> None:
    path.write_bytes(b"".join(lines) + b'{"sequence":9}\n')


def append_text(path: Path, lines: list[bytes]) -> None:
    path.write_bytes(b"".join(lines) + b"a line of somebody\n")


def change(path: Path, lines: list[bytes]) -> None:
    path.write_bytes(b"".join(lines).replace(b'"tool":"c"', b'"tool":"x"'))


def forget(path: Path, lines: list[bytes]) -> None:
    path.with_name(f"{path.name}.head").unlink()


def leave(path: Path, lines: list[bytes]) -> None:
    pass


@pytest.mark.parametrize(
    ("damage", "word"),
    [
        (leave, None),
        (cut, "cut"),
        (empty, "cut"),
        (remove, "cut"),
        (tear, "torn"),
        (append, "foreign"),
        (append_text, "foreign"),
        (change, "foreign"),
        (forget, "unproven"),
    ],
)
def test_an_end_that_is_not_as_it_was_left_is_noticed_at_the_start(
    tmp_path: Path, damage: Callable[[Path, list[bytes]], None], word: str | None
) -> None:
    path = tmp_path / "audit.jsonl"
    damage(path, written_file(path))
    log = open_audit(file_settings(path))
    assert log.health().get("audit") == word
    # It goes on all the same, with a number that was not used yet.
    write_calls(log, "next")
    assert json.loads(path.read_bytes().splitlines()[-1])["sequence"] >= 4
    # The next start finds what this one left.
    assert open_audit(file_settings(path)).health() == {"status": "ok"}


def test_lines_after_the_last_that_was_remembered_belong_to_the_log(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    head = path.with_name("audit.jsonl.head")
    written_file(path)
    remembered = head.read_bytes()
    write_calls(open_audit(file_settings(path)), "d", "e")
    # As if the machine had gone down before the last two were remembered.
    head.write_bytes(remembered)
    assert open_audit(file_settings(path)).health() == {"status": "ok"}


def test_a_line_of_very_many_arguments_stays_a_line() -> None:
    sink = io.BytesIO()
    call = Call(method="tools/call", arguments={f"name_{n}": "[text of 1]" for n in range(9000)})
    AuditLog(sink).write(call, 0)
    (line,) = lines_of(sink.getvalue())
    assert line["arguments"] == {"[arguments]": 9000}


def test_without_a_sink_only_what_is_required_is_missed() -> None:
    assert open_audit(Settings({"STACKTIC_AUDIT": "none"})).health() == {"status": "ok"}
    environ = {"STACKTIC_AUDIT": "none", "STACKTIC_AUDIT_REQUIRED": "true"}
    assert open_audit(Settings(environ)).health()["audit"] == "none"


@pytest.mark.parametrize(
    "environ", [{"STACKTIC_AUDIT": "syslog"}, {"STACKTIC_AUDIT_FILE": "/proc/none/audit"}]
)
def test_a_sink_that_cannot_be_opened_stops_the_start(environ: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match="STACKTIC_AUDIT"):
        open_audit(Settings(environ))
