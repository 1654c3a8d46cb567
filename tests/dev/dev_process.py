"""`stacktic dev` as a process of its own.

In: a stack file, more arguments.
Out: what it announced, its log, the processes it started; it is gone when the test is done.
Must not know: any assertion.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from generated import EXAMPLE, binary

# All that `dev` can run: a server and its agent.
SMALLEST = """\
apiVersion: stacktic.io/v1
kind: Stack
name: shop
domain: shop.example.com
components:
  fastmcp: {type: fastmcp}
  stack-agent: {type: stack_agent}
links:
  - {from: fastmcp, to: stack-agent}
"""
START_SECONDS = 120.0
# Long enough for a machine that has other work: nothing is judged by it.
STOP_SECONDS = 120.0
PAUSE_SECONDS = 0.05
# The environment of this very test has the server's packages.
PACKAGES = Path(sys.prefix)


@dataclass(frozen=True)
class DevRun:
    """A run that has announced itself."""

    process: subprocess.Popen[bytes]
    folder: Path

    @property
    def announced(self) -> dict[str, Any]:
        """Return what `-o json` told on standard output."""
        return json.loads((self.folder / "stdout").read_text(encoding="utf-8"))

    @property
    def url(self) -> str:
        return self.announced["url"]

    @property
    def key(self) -> str:
        return self.announced["key"]

    def log(self) -> list[str]:
        """Return the lines of standard error so far."""
        return (self.folder / "stderr").read_text(encoding="utf-8").splitlines()

    def run_folder(self) -> Path:
        """Return the folder that holds the keys of this run."""
        (found,) = (self.folder / "cache" / "stacks").glob("*/run")
        return found

    def signalled(self, number: int) -> int:
        """Send a signal to exactly this process, and return its exit code."""
        self.process.send_signal(number)
        return self.process.wait(STOP_SECONDS)


def command(folder: Path, stack: Path, environment: Path | None) -> list[str]:
    """Return the command with a cache of its own."""
    words = [str(binary()), "dev", str(stack), "--cache", str(folder / "cache")]
    return words if environment is None else [*words, "--environment", str(environment)]


@contextmanager
def running(
    folder: Path, stack: Path = EXAMPLE, *more: str, environment: Path | None = PACKAGES
) -> Generator[DevRun]:
    """Start it on a free port, wait for the announcement, and end it in any case."""
    with (folder / "stdout").open("wb") as out, (folder / "stderr").open("wb") as errors:
        words = [*command(folder, stack, environment), "--port", "0", *(more or ("-o", "json"))]
        environ = {"PATH": os.environ["PATH"]}
        process = subprocess.Popen(words, stdout=out, stderr=errors, env=environ)
    run = DevRun(process, folder)
    try:
        announced = wait_until(lambda: _is_announced(run) or process.poll() is not None)
        assert announced, run.log()
        assert process.poll() is None, run.log()
        yield run
    finally:
        started = children(process.pid)
        if process.poll() is None:
            process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for pid in started:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def refused(
    folder: Path,
    stack: Path = EXAMPLE,
    *more: str,
    environment: Path | None = PACKAGES,
    **environ: str,
) -> subprocess.CompletedProcess[str]:
    """Run it where it is expected to end by itself."""
    words = [*command(folder, stack, environment), *more]
    environ = {"PATH": os.environ["PATH"], **environ}
    return subprocess.run(
        words, capture_output=True, text=True, env=environ, timeout=START_SECONDS, check=False
    )


def children(pid: int) -> dict[int, str]:
    """Return the running processes that a process started, with what they are."""
    found: dict[int, str] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        # One that ends while it is looked at is no longer there to be found.
        with contextlib.suppress(OSError):
            state, parent = (folder / "stat").read_text().rpartition(")")[2].split()[:2]
            if int(parent) == pid and state != "Z":
                words = (folder / "cmdline").read_bytes().split(b"\0")
                found[int(folder.name)] = b" ".join(words).decode()
    return found


def is_running(pid: int) -> bool:
    """Tell whether a process has not ended; one nobody waited for has."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_until(condition: Callable[[], bool], seconds: float = START_SECONDS) -> bool:
    """Ask until it is so, or the time is over."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(PAUSE_SECONDS)
    return True


def _is_announced(run: DevRun) -> bool:
    text = (run.folder / "stdout").read_text(encoding="utf-8")
    return text.endswith(("}\n", "after that.\n"))
