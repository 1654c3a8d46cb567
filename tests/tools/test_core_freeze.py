"""The kill switch: a file appears, and nothing is answered until it is gone."""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest

from core_client import Session, post, request
from core_server import OTHER_KEY, Pod, Running, amend, make_pod, running

SECONDS = 5.0
READ = "sample_list"
REASON = "a key was found in a public place\x1b[31m\u202e ask the\nperson on call"
SHOWN = "a key was found in a public place  ask the person on call"


@pytest.fixture(scope="module")
def pod(tmp_path_factory: pytest.TempPathFactory) -> Pod:
    made = make_pod(tmp_path_factory.mktemp("freeze") / "pod")
    amend(made, lambda text: text.replace("timeout_s=0.2", "timeout_s=9.5"))
    made.environ["STACKTIC_FREEZE_FILE"] = str(made.root / "freeze" / "reason")
    made.environ["MCP_SAMPLE_WRITE_ACCESS"] = "true"
    return made


@pytest.fixture(scope="module")
def server(pod: Pod) -> Generator[Running]:
    with running(pod) as started:
        yield started


@pytest.fixture
def switch(pod: Pod) -> Generator[Path]:
    file = Path(pod.environ["STACKTIC_FREEZE_FILE"])
    yield file
    lift(file)


def freeze(file: Path, text: str = REASON) -> None:
    """Put the file in place as a kubelet does: all at once."""
    file.parent.mkdir(exist_ok=True)
    beside = file.with_name("beside")
    beside.write_text(text, encoding="utf-8")
    beside.rename(file)


def lift(file: Path) -> None:
    file.unlink(missing_ok=True)


def wait_until(holds: Callable[[], bool]) -> float:
    started = time.monotonic()
    while not holds():
        assert time.monotonic() - started < SECONDS, "it took too long"
        time.sleep(0.05)
    return time.monotonic() - started


def is_refused(answer: dict[str, Any]) -> bool:
    return answer.get("code") == "E_UNAVAILABLE" and "frozen" in answer.get("hint", "")


def test_under_load_every_call_is_refused_and_goes_on_when_lifted(
    server: Running, switch: Path
) -> None:
    """Sessions of two keys call without end; none of them has to be opened anew."""
    ended = threading.Event()
    answers: list[tuple[float, dict[str, Any]]] = []

    def load(session: Session) -> None:
        while not ended.is_set():
            began = time.monotonic()
            answers.append((began, session.call(READ, {"database": "app_db"})))
            ended.wait(0.25)

    sessions = [Session.opened(server), Session.opened(server, OTHER_KEY)]
    threads = [threading.Thread(target=load, args=(session,)) for session in sessions]
    for thread in threads:
        thread.start()
    try:
        wait_until(lambda: len(answers) >= 4)
        frozen = time.monotonic()
        freeze(switch)
        wait_until(lambda: is_refused(answers[-1][1]))
        time.sleep(1)
        lifted = time.monotonic()
        lift(switch)
        wait_until(lambda: not is_refused(answers[-1][1]))
    finally:
        ended.set()
        for thread in threads:
            thread.join()
    assert all("data" in answer for began, answer in answers if began < frozen - 0.1)
    within = [answer for began, answer in answers if frozen + 0.1 < began < lifted - 0.1]
    assert len(within) >= 4
    assert all(map(is_refused, within))
    assert "data" in answers[-1][1]


def test_everything_but_the_connection_itself_is_refused(server: Running, switch: Path) -> None:
    """A list tells what there is, so it is no exception; a ping keeps the session."""
    session = Session.opened(server)
    freeze(switch)
    for method, params in [
        ("tools/list", {}),
        ("prompts/list", {}),
        ("resources/list", {}),
        ("resources/templates/list", {}),
        ("resources/read", {"uri": "stack://metadata"}),
        ("prompts/get", {"name": "any"}),
        (
            "completion/complete",
            {"ref": {"type": "ref/prompt", "name": "any"}, "argument": {"name": "a", "value": ""}},
        ),
    ]:
        reply = session.send(method, params).json
        assert "result" not in reply, method
        assert reply["error"]["code"] in {-32603, -32601}, method
    assert session.send("ping", {}).json["result"] == {}
    assert Session.opened(server).id != session.id
    lift(switch)
    assert session.result("tools/list", {})["tools"]


def test_a_write_that_is_refused_leaves_no_intent(server: Running, switch: Path) -> None:
    session = Session.opened(server)
    freeze(switch)
    before = len(server.audit())
    answer = session.call("sample_delete", {"database": "app_db", "dry_run": False})
    assert is_refused(answer)
    lines = server.audit()[before:]
    assert [line["decision"] for line in lines if line["tool"]] == ["denied"]


def test_audit_log_and_health_tell_of_it_in_plain_words(server: Running, switch: Path) -> None:
    session = Session.opened(server)
    before = len(server.audit())
    freeze(switch)
    wait_until(lambda: request(server, "GET", "/health").json == {"status": "frozen"})
    refused = session.call(READ, {"database": "app_db"})
    assert refused["hint"].endswith(SHOWN)
    wait_until(lambda: "server/freeze" in {line["method"] for line in server.audit()[before:]})
    lift(switch)
    wait_until(lambda: request(server, "GET", "/health").json == {"status": "ok"})
    wait_until(lambda: "server/lift" in {line["method"] for line in server.audit()[before:]})
    lines = server.audit()[before:]
    told = next(line for line in lines if line["method"] == "server/freeze")
    assert told["arguments"] == {"reason": SHOWN}
    denied = next(line for line in lines if line["tool"] == READ)
    assert (denied["decision"], denied["code"]) == ("denied", "E_UNAVAILABLE")
    assert denied["arguments"] == {"database": "[text of 6]", "[frozen]": SHOWN}
    assert [line["sequence"] for line in server.audit()] == list(
        itertools.islice(itertools.count(1), len(server.audit()))
    )


@pytest.mark.parametrize("text", ["", "x" * 10_000, "\xff\xfe", "pw-of-the-sample"])
def test_any_file_freezes_whatever_it_holds(server: Running, switch: Path, text: str) -> None:
    session = Session.opened(server)
    freeze(switch, text)
    answer = session.call(READ, {"database": "app_db"})
    assert is_refused(answer)
    assert len(answer["hint"]) < 400
    assert "pw-of-the-sample" not in json.dumps(answer)


def test_a_file_that_nobody_can_read_freezes(server: Running, switch: Path) -> None:
    """A folder in its place stands for it here, since a test may run as root."""
    session = Session.opened(server)
    switch.mkdir(parents=True)
    try:
        assert is_refused(session.call(READ, {"database": "app_db"}))
    finally:
        switch.rmdir()
    assert "data" in session.call(READ, {"database": "app_db"})


def test_a_key_is_still_asked_for(server: Running, switch: Path) -> None:
    """Only who may call is told that the server is frozen."""
    freeze(switch)
    reply = post(server, {"method": "tools/list"}, key=None)
    assert reply.status == 401
    assert "public" not in reply.text


def test_work_under_way_is_ended(server: Running, switch: Path) -> None:
    session = Session.opened(server)
    timer = threading.Timer(0.5, freeze, [switch])
    timer.start()
    started = time.monotonic()
    session.call("sample_wait", {"seconds": 9})
    timer.join()
    assert time.monotonic() - started < SECONDS
