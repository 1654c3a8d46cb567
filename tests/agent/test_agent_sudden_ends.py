"""What is left when an agent, or who asked it, ends in the middle of a check.

In: agents of their own, whose programs are actors.
Out: exit codes, answers that still came, and processes that are gone.
Must not know: how a program is ended.
"""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from agent_process import Agent, children, is_alive, running_agent, wait_until
from check_recorder import Recorder
from world import World

pytest_plugins = ["agent_fixtures"]

GONE_SECONDS = 60.0
HEAD_SECONDS = 10.0
ATTEMPTS = 3
PODS = "kubectl get pods -n {namespace} -l do="


@pytest.fixture
def own_agent(acting_world: World, tmp_path: Path) -> Generator[Agent]:
    """Run an agent that a test may end."""
    with running_agent(replace(acting_world, folder=tmp_path / "own").setup()) as agent:
        yield agent


def pids(recorder: Recorder) -> set[int]:
    """Return the processes that told the recorder who they are."""
    return {told["pid"] for told in recorder.told}


def test_a_killed_agent_takes_its_checks_along(own_agent: Agent, recorder: Recorder) -> None:
    with ThreadPoolExecutor() as pool:
        asked = pool.submit(own_agent.post, {"source": "kafka", "command": PODS + "slow-60000"})
        wait_until(lambda: recorder.alive == 1)
        own_agent.process.kill()
        with pytest.raises(httpx.TransportError):
            asked.result(GONE_SECONDS)
    wait_until(lambda: not any(map(is_alive, pids(recorder))), GONE_SECONDS)


def test_a_killed_agent_takes_the_children_of_its_checks_along(
    own_agent: Agent, recorder: Recorder
) -> None:
    with ThreadPoolExecutor() as pool:
        asked = pool.submit(own_agent.post, {"source": "kafka", "command": PODS + "family"})
        wait_until(lambda: len(pids(recorder)) == 2)
        own_agent.process.kill()
        with pytest.raises(httpx.TransportError):
            asked.result(GONE_SECONDS)
    try:
        wait_until(lambda: not any(map(is_alive, pids(recorder))), GONE_SECONDS)
    finally:
        for pid in filter(is_alive, pids(recorder)):
            os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("streams", ["quiet", "loud"])
def test_a_killed_agent_takes_the_daemons_of_its_checks_along(
    own_agent: Agent, recorder: Recorder, streams: str
) -> None:
    word = f"daemon-{streams}-waits"
    with ThreadPoolExecutor() as pool:
        asked = pool.submit(own_agent.post, {"source": "kafka", "command": PODS + word})
        wait_until(lambda: len(pids(recorder)) == 2)
        assert all(map(is_alive, pids(recorder)))
        own_agent.process.kill()
        with pytest.raises(httpx.TransportError):
            asked.result(GONE_SECONDS)
    try:
        wait_until(lambda: not any(map(is_alive, pids(recorder))), GONE_SECONDS)
    finally:
        for pid in filter(is_alive, pids(recorder)):
            os.kill(pid, signal.SIGKILL)


def test_an_agent_serves_again_after_it_was_killed(own_agent: Agent) -> None:
    setup, port = own_agent.setup, own_agent.port
    own_agent.process.kill()
    own_agent.process.wait()
    with running_agent(setup, listen=f"127.0.0.1:{port}") as again:
        assert again.port == port
        assert again.ask("kafka", command=PODS + "lines-1")["status"] == "passed"


def test_a_client_that_leaves_takes_its_check_along(acting: Agent, recorder: Recorder) -> None:
    body = b'{"source": "kafka", "command": "' + (PODS + "family").encode() + b'"}'
    head = "POST /metadata/q HTTP/1.1\r\nhost: x\r\nauthorization: "
    head += acting.headers()["authorization"]
    with socket.create_connection(("127.0.0.1", acting.port)) as connection:
        connection.sendall(f"{head}\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body)
        wait_until(lambda: len(pids(recorder)) == 2)
    wait_until(lambda: recorder.alive == 0, GONE_SECONDS)
    assert not any(map(is_alive, pids(recorder)))
    assert acting.ask("kafka", command=PODS + "lines-1")["status"] == "passed"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stopping_agent_answers_what_it_was_asked(
    own_agent: Agent, recorder: Recorder, number: int
) -> None:
    with ThreadPoolExecutor() as pool:
        asked = pool.submit(own_agent.ask, "kafka", command=PODS + "held")
        wait_until(lambda: recorder.alive == 1)
        own_agent.process.send_signal(number)
        wait_until(lambda: not _accepts(own_agent.port))
        recorder.let_go()
        assert asked.result(GONE_SECONDS)["output"] == "done"
    assert own_agent.process.wait(GONE_SECONDS) == 0
    assert own_agent.log_lines()[-1]["event"] == "stopped"
    wait_until(lambda: recorder.alive == 0, GONE_SECONDS)


def test_a_stopping_agent_takes_no_new_clients(own_agent: Agent, recorder: Recorder) -> None:
    with ThreadPoolExecutor() as pool:
        asked = pool.submit(own_agent.ask, "kafka", command=PODS + "held")
        wait_until(lambda: recorder.alive == 1)
        own_agent.process.send_signal(signal.SIGTERM)
        wait_until(lambda: not _accepts(own_agent.port))
        assert not asked.done(), "the check was given up"
        recorder.let_go()
        assert asked.result(GONE_SECONDS)["status"] == "passed"
    assert own_agent.process.wait(GONE_SECONDS) == 0


def test_a_stopped_agent_leaves_no_process(own_agent: Agent, recorder: Recorder) -> None:
    for word in ("lines-1", "orphan"):
        assert own_agent.ask("kafka", command=PODS + word)["status"] == "passed"
    wait_until(lambda: not children(own_agent.process.pid))
    assert own_agent.stop() == 0
    wait_until(lambda: not any(map(is_alive, pids(recorder))), GONE_SECONDS)


def test_an_idle_agent_stops_at_once(own_agent: Agent) -> None:
    """One that waits for a request's head takes ten seconds each time; a busy machine does not."""
    taken: list[float] = []
    for _ in range(ATTEMPTS):
        with (
            running_agent(own_agent.setup) as agent,
            socket.create_connection(("127.0.0.1", agent.port)),
        ):
            started = time.monotonic()
            assert agent.stop() == 0
            taken.append(time.monotonic() - started)
        if taken[-1] < HEAD_SECONDS:
            return
    pytest.fail(f"an idle connection held it up: {taken}")


def _accepts(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False
