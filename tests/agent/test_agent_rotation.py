"""Secrets that change, or cannot be read, while the agent serves.

In: the shared agent, whose folder of secrets is changed under it.
Out: what programs were given, and what of it is shown.
Must not know: when the agent reads a secret.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import secrets
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from agent_process import Agent
from canaries import leaks
from check_recorder import Recorder
from secret_calls import DATABASES, Body
from secret_calls import acting as act

pytest_plugins = ["agent_fixtures"]

ROTATED_CALLS = 40


@contextmanager
def holding(path: Path, content: bytes) -> Generator[None]:
    """Let a file hold something else until the block ends."""
    before = path.read_bytes() if path.exists() else None
    path.write_bytes(content)
    try:
        yield
    finally:
        path.unlink()
        if before is not None:
            path.write_bytes(before)


@contextmanager
def rotating(path: Path, values: list[str]) -> Generator[None]:
    """Put one value after another in a file's place, as fast as it goes, until the block ends."""
    done = threading.Event()

    def rotate() -> None:
        for value in itertools.cycle(values):
            path.with_name(".next").write_text(value, encoding="utf-8")
            path.with_name(".next").replace(path)
            if done.is_set():
                return

    with holding(path, values[0].encode()):
        thread = threading.Thread(target=rotate)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()


def test_a_rotated_secret_is_used_and_taken_out_at_once(acting: Agent) -> None:
    rotated = secrets.token_hex(12)
    body: Body = {**DATABASES, "where": {"name": "app_db"}}
    with holding(acting.setup.secrets / "cnpg.app_db.password", rotated.encode()):
        facts = acting.ask(**body, command=act("facts"))["output"]
        said = acting.ask(**body, command=act("say-plain-out"))["output"]
    assert json.loads(facts)["hash"] == hashlib.sha256(rotated.encode()).hexdigest()
    assert said == "begin [secret] end"


def test_a_secret_that_is_rotated_at_any_moment_is_taken_out(acting: Agent) -> None:
    """What a program is given and what is looked for in its output must be one reading."""
    values = [secrets.token_hex(12), secrets.token_hex(12)]
    body: Body = {**DATABASES, "where": {"name": "app_db"}, "command": act("say-plain-out")}
    with rotating(acting.setup.secrets / "cnpg.app_db.password", values):
        replies = [acting.post(body).text for _ in range(ROTATED_CALLS)]
    assert sum(bool(leaks(reply, values)) for reply in replies) == 0
    assert all("begin [secret] end" in reply for reply in replies)


def test_without_all_secrets_nothing_runs(acting: Agent, recorder: Recorder) -> None:
    """What cannot be read cannot be taken out of an output, whoever printed it."""
    body: Body = {**DATABASES, "command": act("say-plain-out")}
    with holding(acting.setup.secrets / "unreadable", b"\xff\xfe"):
        reply = acting.post(body)
    assert reply.status_code == 500
    assert reply.json()["error"]["code"].startswith("E_")
    assert recorder.told == []
