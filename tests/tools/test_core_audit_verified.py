"""What the server writes and `stacktic verify --audit` reads: whole, tampered and mixed logs.

In: logs written by the server's own code, the program (`STACKTIC_BIN`).
Must not know: how the program finds out.
"""

from __future__ import annotations

import asyncio
import io
import json
import os
import random
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stacktic_mcp.core.audit import AuditLog, open_audit
from stacktic_mcp.core.calls import Call
from stacktic_mcp.core.settings import Settings

SEED = 20261130
Lines = list[bytes]


def calls(log: AuditLog, rounds: int, key: str = "ci") -> None:
    """Let a log tell of reads, denials, failures and writes, with what a caller may have sent."""
    for number in range(rounds):
        odd = float("nan") if number % 2 else float("-inf")
        hostile = {"q": '\ud800\u202e\x00\n"}', "deep": [[{"previous": "x", "sequence": odd}]]}
        read = Call(method="tools/call", key_name=key, tool="get_rows", link="cnpg")
        read.arguments, read.result_bytes = hostile, number
        log.write(read, 3)
        denied = Call(method="tools/call", key_name="desk", tool="\u00e4\ud800", link="")
        denied.deny("E_SCOPE")
        log.write(denied, 1)
        write = Call(method="tools/call", key_name="ci", tool="set_key", link="valkey")
        asyncio.run(log.intend(write))
        if number % 3 == 0:
            write.fail("E_TIMEOUT")
        log.write(write, 5)


def written(rounds: int = 5, key: str = "ci") -> Lines:
    sink = io.BytesIO()
    calls(AuditLog(sink), rounds, key)
    return sink.getvalue().splitlines()


def verify(*files: Path, text: bytes = b"", options: tuple[str, ...] = ()) -> tuple[int, Any]:
    command = [os.environ["STACKTIC_BIN"], "verify", "-o", "json", *options, "--audit", *files]
    ran = subprocess.run(command, input=text, capture_output=True, timeout=60, check=False)
    return ran.returncode, json.loads(ran.stdout)


def kinds(lines: Lines) -> list[tuple[str, int]]:
    _, told = verify(Path("-"), text=b"\n".join(lines) + b"\n")
    return [(flaw["kind"], flaw["at"]["line"]) for flaw in told["flaws"]]


def test_a_log_of_the_server_is_whole_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    settings = Settings({"STACKTIC_AUDIT_FILE": str(path)})
    calls(open_audit(settings), 4)
    # A restart goes on where the file ends.
    calls(open_audit(settings), 2)
    code, told = verify(path)
    assert (code, told["flaws"]) == (0, [])
    assert told["lines"] == 24
    assert told["all"] == {"requests": 18, "calls": 18, "denied": 6, "failed": 3, "writes": 6}
    assert told["keys"]["desk"]["denied"] == 6
    assert told["codes"] == {"E_SCOPE": 6, "E_TIMEOUT": 3}
    head = (tmp_path / "audit.jsonl.head").read_text(encoding="ascii").split()
    assert told["logs"][0]["head"] == {"sequence": int(head[0]), "sha256": head[1]}


def test_what_no_later_line_tells_is_told_by_the_head_beside(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    calls(open_audit(Settings({"STACKTIC_AUDIT_FILE": str(path)})), 3)
    whole = path.read_bytes()
    lines = whole.splitlines(keepends=True)
    for tampered in (b"".join(lines[:-4]), b"", whole.replace(b'"bytes":0}', b'"bytes":1}')):
        if tampered != whole:
            path.write_bytes(tampered)
            assert verify(path)[0] == 1
    changed = lines[-1].replace(b'"duration_ms":5', b'"duration_ms":6')
    assert changed != lines[-1]
    path.write_bytes(b"".join([*lines[:-1], changed]))
    _, told = verify(path)
    assert told["flaws"][0]["kind"] == "changed"
    # Lines of the log's own process between those of the pod's, as a cluster shows them.
    noisy = b"".join(b"2026-11-30T10:00:00Z stdout F " + line + b"INFO ready\n" for line in lines)
    path.write_bytes(noisy)
    assert verify(path)[0] == 0


def moved(lines: Lines) -> Lines:
    return [*lines[:8], lines[9], lines[8], *lines[10:]]


TAMPERINGS: dict[str, tuple[Callable[[Lines], Lines], tuple[str, int]]] = {
    "changed": (
        lambda lines: [*lines[:5], lines[5].replace(b'"desk"', b'"disk"'), *lines[6:]],
        ("changed", 6),
    ),
    "removed": (lambda lines: lines[:5] + lines[6:], ("removed", 6)),
    "reordered": (moved, ("reordered", 10)),
    "begin cut": (lambda lines: lines[4:], ("cut", 1)),
    "end cut within a write": (lambda lines: lines[:-1], ("unfinished", 19)),
    "duplicated": (lambda lines: [*lines[:6], lines[5], *lines[6:]], ("duplicated", 7)),
    "forged": (
        lambda lines: [*lines[:5], lines[5].replace(b"desk", b"none"), *lines[5:]],
        ("foreign", 6),
    ),
    "a key twice": (
        lambda lines: [*lines[:5], lines[5].replace(b'"key"', b'"key":"x","key"'), *lines[6:]],
        ("foreign", 6),
    ),
    "no text": (
        lambda lines: [*lines[:5], lines[5].replace(b"desk", b"de\xffk"), *lines[6:]],
        ("foreign", 6),
    ),
}


@pytest.mark.parametrize("name", TAMPERINGS)
def test_each_tampering_is_found_at_its_line(name: str) -> None:
    tamper, expected = TAMPERINGS[name]
    assert kinds(written()) == []
    assert expected in kinds(tamper(written()))


def test_two_logs_in_one_file_are_told() -> None:
    one, other = written(3), written(4, "other")
    mixed = [line for pair in zip(one, other, strict=False) for line in pair]
    assert ("mixed", 3) in kinds(mixed)


def test_whatever_is_done_anywhere_is_found(tmp_path: Path) -> None:
    chance = random.Random(SEED)
    path = tmp_path / "audit.jsonl"
    calls(open_audit(Settings({"STACKTIC_AUDIT_FILE": str(path)})), 6)
    whole = path.read_bytes().splitlines()
    for _ in range(60):
        lines = list(whole)
        at = chance.randrange(len(lines))
        action = chance.randrange(5)
        if action == 0:
            place = chance.randrange(len(lines[at]))
            byte = (lines[at][place] + chance.randrange(1, 256)) % 256
            lines[at] = lines[at][:place] + bytes([byte]) + lines[at][place + 1 :]
        elif action == 1:
            del lines[at]
        elif action == 2:
            lines.insert(at, lines[at])
        elif action == 3:
            other = (at + chance.randrange(1, len(lines))) % len(lines)
            lines[at], lines[other] = lines[other], lines[at]
        else:
            del lines[at:]
        path.write_bytes(b"".join(line + b"\n" for line in lines))
        assert verify(path)[0] == 1, (action, at)
