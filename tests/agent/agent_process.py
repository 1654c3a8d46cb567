"""The real Stack Agent: started, asked, and ended by its own pid.

In: metadata, a folder of secrets, an environment.
Out: replies as they came, the lines of its log, or the reason why it did not start.
Must not know: what is in the metadata, or any assertion.
"""

from __future__ import annotations

import hashlib
import json
import signal
import subprocess
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from generated import binary

# Long enough for a machine that has other work: nothing is judged by them.
START_SECONDS = 120.0
STOP_SECONDS = 60.0
REPLY_SECONDS = 120.0
HOLD_SECONDS = 120.0
KEY_NAME = "client-of-tests"


def digest(key: str) -> str:
    """Return what the agent is given of a key."""
    return hashlib.sha256(key.encode()).hexdigest()


@dataclass(frozen=True)
class Setup:
    """What an agent is started with."""

    metadata: Path
    secrets: Path
    folder: Path
    environ: Mapping[str, str]
    key: str

    def start(self, listen: str = "127.0.0.1:0") -> subprocess.Popen[bytes]:
        """Start the process; what it prints goes to files of the folder."""
        self.folder.mkdir(parents=True, exist_ok=True)
        command = [str(binary()), "agent", "serve", "--listen", listen]
        command += ["--metadata", str(self.metadata), "--secrets", str(self.secrets)]
        with (self.folder / "stdout").open("wb") as out, (self.folder / "stderr").open("wb") as log:
            return subprocess.Popen(
                command, env=self.environ, stdin=subprocess.DEVNULL, stdout=out, stderr=log
            )


@dataclass(frozen=True)
class Agent:
    """An agent that listens."""

    setup: Setup
    process: subprocess.Popen[bytes]
    port: int

    @property
    def url(self) -> str:
        """Return where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def headers(self) -> dict[str, str]:
        """Return the header that presents the key."""
        return {"authorization": f"Bearer {self.setup.key}"}

    def send(
        self,
        method: str,
        path: str,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """Send one request on a connection of its own, with the key unless headers are given."""
        sent = self.headers() if headers is None else dict(headers)
        with httpx.Client(timeout=REPLY_SECONDS, trust_env=False) as client:
            return client.request(method, self.url + path, content=content, headers=sent)

    def post(self, body: Mapping[str, Any]) -> httpx.Response:
        """Ask a question, and return the reply whatever its status is."""
        return self.send("POST", "/metadata/q", json.dumps(body).encode())

    def ask(self, source: str, **body: Any) -> dict[str, Any]:
        """Ask a question that is answered."""
        reply = self.post({"source": source, **body})
        assert reply.status_code == 200, reply.text
        return reply.json()

    def refused(self, source: str, **body: Any) -> dict[str, Any]:
        """Ask a question that is refused, and return the error."""
        reply = self.post({"source": source, **body})
        assert reply.status_code == 422, reply.text
        return reply.json()["error"]

    def log(self) -> str:
        """Return what it wrote to stderr so far."""
        return (self.setup.folder / "stderr").read_text(encoding="utf-8")

    def log_lines(self) -> list[dict[str, Any]]:
        """Return the lines of its log; each is JSON or this fails."""
        return [json.loads(line) for line in self.log().splitlines()]

    def stop(self) -> int:
        """Tell it to stop, wait, and return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait(STOP_SECONDS)


@contextmanager
def running_agent(setup: Setup, listen: str = "127.0.0.1:0") -> Generator[Agent]:
    """Start an agent, wait until it listens, and end that process at the end."""
    process = setup.start(listen)
    agent = Agent(setup, process, 0)
    try:
        yield Agent(setup, process, _port(agent))
    finally:
        agent.stop()


@dataclass(frozen=True)
class Ended:
    """An agent that did not start."""

    code: int
    stdout: str
    stderr: str


def refused_start(setup: Setup, listen: str = "127.0.0.1:0") -> Ended:
    """Start an agent that is expected to end by itself."""
    process = setup.start(listen)
    try:
        code = process.wait(START_SECONDS)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    texts = [(setup.folder / name).read_text(encoding="utf-8") for name in ("stdout", "stderr")]
    return Ended(code, *texts)


def _port(agent: Agent) -> int:
    """Read the port from the first line of the log."""
    wait_until(lambda: "\n" in agent.log() or agent.process.poll() is not None, START_SECONDS)
    assert agent.process.poll() is None, agent.log()
    first = agent.log_lines()[0]
    assert first["event"] == "listening", first
    host, _, port = first["address"].rpartition(":")
    assert host in {"127.0.0.1", "[::]", "0.0.0.0"}, first
    return int(port)


def wait_until(holds: Callable[[], object], seconds: float = HOLD_SECONDS) -> None:
    """Wait until something holds; it is an error when it does not in time."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            message = f"it did not come to hold in {seconds:.0f} s"
            raise AssertionError(message)
        time.sleep(0.01)


def is_alive(pid: int) -> bool:
    """Tell whether a process exists and has not ended."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] not in {"Z", "X"}


def children(pid: int) -> list[int]:
    """Return the processes whose parent is `pid`."""
    found: list[int] = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            status = path.read_text(encoding="utf-8", errors="replace")
            if int(status.rpartition(")")[2].split()[1]) == pid:
                found.append(int(path.parent.name))
    return found
