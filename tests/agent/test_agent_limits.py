"""What a check's program gets and may do: judged by what the program itself sees.

In: an agent whose programs are actors.
Out: outcomes, what the actors saw, and which processes are left.
Must not know: how the limits are set.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

import pytest

from agent_process import Agent, children, is_alive, wait_until
from check_recorder import Recorder
from generated import binary

pytest_plugins = ["agent_fixtures"]

PSQL = "psql -h {host} -p {port} -U {username} -d {database} -c \"SELECT '%s'\""


def pods(word: str, rest: str = "") -> str:
    """Return a check of pods whose program acts by a word."""
    return f"kubectl get pods -n {{namespace}} -l do={word}{rest}"


def run(acting: Agent, word: str, rest: str = "", **body: Any) -> dict[str, Any]:
    """Run one check and return its one result."""
    (result,) = acting.ask("kafka", command=pods(word, rest), **body)["results"]
    return result


def test_psql_gets_these_variables_and_no_others(acting: Agent) -> None:
    command = "PGPASSWORD={password} " + PSQL % "facts"
    answer = acting.ask("cnpg", target="sub_components", where={"name": "app_db"}, command=command)
    facts = json.loads(answer["output"])
    names = {"APPNAME", "CONNECT_TIMEOUT", "OPTIONS", "PASSWORD", "REQUIREAUTH"}
    assert set(facts["names"]) == {"HOME", "LC_ALL", *(f"PG{name}" for name in names)}
    assert facts["hash"] == hashlib.sha256(b"value-of-cnpg.app_db.password").hexdigest()


def test_a_password_is_given_whether_or_not_the_sentence_names_it(acting: Agent) -> None:
    answer = acting.ask("cnpg", target="sub_components", command=PSQL % "facts")
    hashes = [json.loads(result["output"])["hash"] for result in answer["results"]]
    files = ("cnpg.app_db.password", "cnpg.keycloak_db.password")
    assert hashes == [hashlib.sha256(f"value-of-{name}".encode()).hexdigest() for name in files]


def test_kubectl_gets_no_secret_and_nothing_of_the_agents(acting: Agent) -> None:
    facts = json.loads(run(acting, "facts")["output"])
    assert facts["names"] == ["GOMEMLIMIT", "HOME", "KUBECACHEDIR", "LC_ALL"]
    assert facts["argv"][-1] == "--request-timeout=8s"


def test_a_program_is_closed_in(acting: Agent) -> None:
    facts = json.loads(run(acting, "facts")["output"])
    assert facts["directory"] == "/"
    assert facts["stdin"] == ""
    assert facts["group"] != os.getpgid(acting.process.pid), "it runs in the agent's process group"
    assert facts["no_new_privileges"] == "1"
    assert facts["limits"] == {"cpu": [5, 6], "core": [0, 0], "files": [0, 0], "open": [256, 256]}
    (own,) = facts["descriptors"]
    assert own.startswith("socket:"), "the actor's own line to the recorder, and nothing else"


def test_no_file_can_be_written(acting: Agent) -> None:
    assert run(acting, "write")["output"] == f"refused {errno.EFBIG}"


def test_wall_time_ends_the_whole_group(acting: Agent, recorder: Recorder) -> None:
    """Judged by order: of two that began together, the one with the shorter time ends first."""
    bodies: dict[str, dict[str, Any]] = {"longest": {}, "short": {"timeout": 1}}
    with ThreadPoolExecutor() as pool:
        asked = {pool.submit(run, acting, "family", **body): name for name, body in bodies.items()}
        ended = [(asked[done], done.result()) for done in as_completed(asked)]
    assert [name for name, _ in ended] == ["short", "longest"]
    for _, result in ended:
        assert result["status"] == "failed"
        assert result["output"] == "no answer in time; the check was stopped"
    pids = {told["pid"] for told in recorder.told}
    assert len(pids) == 4, "two programs and their children"
    wait_until(lambda: not any(is_alive(pid) for pid in pids))


def test_what_a_program_leaves_behind_goes_with_it(acting: Agent, recorder: Recorder) -> None:
    assert run(acting, "orphan")["status"] == "passed"
    wait_until(lambda: len(recorder.told) == 2 and recorder.alive == 0)


@pytest.mark.parametrize("streams", ["quiet", "loud"])
def test_a_daemon_goes_with_the_program_that_left_it(
    acting: Agent, recorder: Recorder, streams: str
) -> None:
    assert run(acting, f"daemon-{streams}-ends")["output"] == "done"
    assert_gone(recorder)


@pytest.mark.parametrize("streams", ["quiet", "loud"])
def test_a_daemon_goes_when_time_is_over(acting: Agent, recorder: Recorder, streams: str) -> None:
    result = run(acting, f"daemon-{streams}-waits", timeout=3)
    assert result["output"] == "no answer in time; the check was stopped"
    assert_gone(recorder)


def test_a_program_that_ends_its_launcher_is_ended_all_the_same(
    acting: Agent, recorder: Recorder
) -> None:
    assert run(acting, "usurper", timeout=3)["status"] == "failed"
    assert_gone(recorder)
    assert run(acting, "lines-1")["status"] == "passed"
    wait_until(lambda: not children(acting.process.pid))


def assert_gone(recorder: Recorder) -> None:
    """Wait until a program and its daemon, which left its group and session, are gone."""
    wait_until(lambda: len(recorder.told) == 2)
    program, daemon = sorted(recorder.told, key=lambda told: "session" in told)
    assert daemon["session"] not in {program["pid"], os.getsid(0)}
    wait_until(lambda: not any(is_alive(told["pid"]) for told in recorder.told))


@pytest.mark.parametrize(
    ("word", "number"), [("burn", signal.SIGXCPU), ("stubborn", signal.SIGKILL)]
)
def test_processor_time_ends_with_a_signal(
    acting: Agent, recorder: Recorder, word: str, number: int
) -> None:
    """The launcher alone: on a busy machine the agent's wall clock would come first."""
    program = str(Path(acting.setup.environ["PATH"]) / "kubectl")
    words = [str(binary()), "agent", "launch", "--parent", str(os.getpid())]
    process = subprocess.Popen([*words, "--", program, f"do={word}"], process_group=0)
    try:
        assert process.wait() == -number
    finally:
        process.kill()
        process.wait()
    wait_until(lambda: recorder.alive == 0)


@pytest.mark.parametrize("number", [signal.SIGXCPU, signal.SIGKILL, signal.SIGTERM])
def test_a_program_that_a_signal_ended_is_told_so(acting: Agent, number: signal.Signals) -> None:
    result = run(acting, f"die-{int(number)}")
    expected = ("failed", f"it was stopped by signal {int(number)}")
    assert (result["status"], result["output"]) == expected


def test_endless_output_holds_nothing_up(acting: Agent, recorder: Recorder) -> None:
    result = run(acting, "endless", timeout=1)
    assert result["status"] == "failed"
    wait_until(lambda: recorder.alive == 0)
    assert run(acting, "lines-1")["status"] == "passed"


def test_a_long_stream_is_cut(acting: Agent) -> None:
    line = "pod-0 1/1 Running 0 1d\n"
    result = run(acting, "lines-5000")
    assert result["status"] == "passed"
    assert 15 * 1024 < len(result["output"]) <= 16 * 1024
    assert (line * 5000).startswith(result["output"])


@pytest.mark.parametrize("rest", [" | grep -c Running", " | grep -v Pending", " | grep Running"])
def test_what_is_counted_is_never_counted_wrong(acting: Agent, rest: str) -> None:
    whole = run(acting, "lines-700", rest)
    assert whole["status"] == "passed"
    assert whole["output"] in {"700", "\n".join(["pod-0 1/1 Running 0 1d"] * 700)}
    cut = run(acting, "lines-5000", rest)
    assert cut["status"] == "failed"
    assert cut["output"].startswith("the output is longer than 16 KiB")


@pytest.mark.parametrize("comparison", ["-gt 0", "-eq 0", "-lt 9999", "-ne 5000"])
def test_a_test_of_cut_output_fails(acting: Agent, comparison: str) -> None:
    command = f'pods=$({pods("lines-5000")} | grep -c Running); test "$pods" {comparison}'
    answer = acting.ask("kafka", command=command)
    assert answer["status"] == "failed"
    assert answer["output"].startswith("the output is longer than 16 KiB")


def test_a_failed_program_fails_its_check_whatever_is_counted(acting: Agent) -> None:
    command = f'pods=$({pods("say-argv-both")} | grep -c Nothing); test "$pods" -eq 0'
    assert acting.ask("kafka", command=command)["status"] == "failed"
