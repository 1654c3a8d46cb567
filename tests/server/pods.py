"""A pod of the generated MCP server: its folders, its environment, its process.

In: generated output, values for credentials, changes of the plain settings.
Out: a running server on loopback, or the reason why it refused to start.
Must not know: any assertion, or what a tool does.

A server is a process of its own in either way of starting it. `fresh` is the pod's command.
The other way forks a process that has loaded the libraries but none of our modules, which
saves two seconds of imports a start.
"""

from __future__ import annotations

import contextlib
import hashlib
import multiprocessing
import os
import random
import runpy
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from generated import REPOSITORY, Generated

START_SECONDS = 60.0
STOP_SECONDS = 10.0
KEYS = 60
PORTS = (20000, 30000)
PRELOADED = [
    "fastmcp.server.server", "key_value.aio.adapters.pydantic", "key_value.aio.stores.memory",
    "griffe", "jsonschema", "anyio._backends._asyncio", "uvicorn", "uvicorn.lifespan.on",
    "uvicorn.protocols.http.auto", "aiokafka", "boto3", "psycopg", "valkey.asyncio", "yaml",
]  # fmt: skip


def api_key(number: int) -> str:
    """Return one of the keys that every pod of the tests knows."""
    return f"api-key-number-{number}"


def key_name(number: int) -> str:
    """Return the name under which the server knows a key."""
    return f"client-{number}"


def secret_value(key: str) -> str:
    """Return the value of a credential: a word that occurs nowhere else."""
    return f"canary-{hashlib.sha256(key.encode()).hexdigest()[:20]}"


def _known_keys() -> str:
    hashes = (hashlib.sha256(api_key(n).encode()).hexdigest() for n in range(KEYS))
    return ",".join(f"{key_name(n)}:{digest}" for n, digest in enumerate(hashes))


@dataclass
class Pod:
    """What a pod mounts, runs and is given; `app` and `config` are copies a test may change."""

    root: Path
    # The arguments of the interpreter, which the pod runs in `app`.
    command: list[str]
    environ: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def app(self) -> Path:
        return self.root / "app"

    def file(self, name: str) -> Path:
        """Return the file of the package that has this name, which is unique."""
        (found,) = self.app.rglob(name)
        return found

    def tool_files(self, service: str) -> list[Path]:
        """Return the tool files of a service."""
        return sorted(self.app.glob(f"*/tools/{service}/*.py"))

    @property
    def config(self) -> Path:
        return self.root / "config"

    @property
    def secrets(self) -> Path:
        return self.root / "secrets"

    def fill(self, values: Mapping[str, str]) -> None:
        """Fill in credentials."""
        for key, value in values.items():
            (self.secrets / key).write_text(value + "\n", encoding="utf-8")


def make_pod(root: Path, generated: Generated, **environ: str) -> Pod:
    """Copy what the pod mounts, fill in every credential, apply changes of plain settings."""
    (container,) = generated.deployment("fastmcp")["spec"]["template"]["spec"]["containers"]
    python, *command = container["command"]
    assert (python, container["workingDir"]) == ("python", _mount_path(container, "package"))
    pod = Pod(root, command, generated.environ() | environ)
    for path, source in generated.mounted("fastmcp", "package").items():
        (pod.app / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, pod.app / path)
    shutil.copytree(generated.config, pod.config)
    pod.secrets.mkdir()
    pod.fill({key: secret_value(key) for key in generated.secret_keys()})
    pod.fill({"MCP_API_KEYS": _known_keys()})
    return pod


def _mount_path(container: Mapping[str, Any], volume: str) -> str:
    (path,) = (m["mountPath"] for m in container["volumeMounts"] if m["name"] == volume)
    return path


@dataclass(frozen=True)
class Process:
    """A started process, however it was started; `wait` returns its exit code once it ended."""

    pid: int
    send: Callable[[int], None]
    wait: Callable[[float], int | None]

    def stop(self) -> None:
        """End exactly this process."""
        if self.wait(0) is None:
            self.send(signal.SIGTERM)
        if self.wait(STOP_SECONDS) is None:
            self.send(signal.SIGKILL)
            self.wait(STOP_SECONDS)


@dataclass(frozen=True)
class Running:
    """A server that listens."""

    process: Process
    port: int
    pod: Pod

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/mcp"

    def audit(self) -> list[bytes]:
        """Return the audit lines written so far."""
        return (self.pod.root / "stdout").read_bytes().splitlines()

    def log(self) -> str:
        return _log(self.pod)


@dataclass(frozen=True)
class Ended:
    """A server that did not start."""

    code: int | None
    log: str


@contextmanager
def running(pod: Pod, *, fresh: bool = False) -> Generator[Running]:
    """Start the server, wait until it listens, and stop that process again."""
    port = free_port()
    process = _start(pod, port, fresh=fresh)
    server = Running(process, port, pod)
    try:
        _wait_until_ready(server)
        yield server
    finally:
        process.stop()


def refused_start(pod: Pod) -> Ended:
    """Start a server that is expected to end by itself; one that listens has not."""
    port = free_port()
    process = _start(pod, port, fresh=False)
    try:
        listens = _listens(process, port)
    finally:
        process.stop()
    return Ended(None if listens else process.wait(0), _log(pod))


def free_port() -> int:
    """Return a port on which nothing listens; below those that outgoing connections take."""
    while True:
        port = random.randrange(*PORTS)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def _log(pod: Pod) -> str:
    return (pod.root / "stderr").read_text(encoding="utf-8")


def _start(pod: Pod, port: int, *, fresh: bool) -> Process:
    environ = {
        "PATH": os.environ["PATH"],
        "PYTHONDONTWRITEBYTECODE": "1",
        "STACKTIC_CONFIG_DIR": str(pod.config),
        "STACKTIC_SECRET_DIR": str(pod.secrets),
        "STACKTIC_HOST": "127.0.0.1",
        "STACKTIC_PORT": str(port),
        **pod.environ,
    }
    return (_spawned if fresh else _forked)(pod, environ)


def _spawned(pod: Pod, environ: Mapping[str, str]) -> Process:
    with (pod.root / "stdout").open("wb") as out, (pod.root / "stderr").open("wb") as errors:
        process = subprocess.Popen(
            [sys.executable, *pod.command], cwd=pod.app, env=environ, stdout=out, stderr=errors
        )

    def wait(seconds: float) -> int | None:
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    return Process(process.pid, process.send_signal, wait)


def _forked(pod: Pod, environ: Mapping[str, str]) -> Process:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    process = context.Process(target=_serve, args=(pod, dict(environ)))
    process.start()
    pid = process.pid
    assert pid is not None

    def wait(seconds: float) -> int | None:
        process.join(seconds)
        return process.exitcode

    return Process(pid, lambda number: os.kill(pid, number), wait)


def _serve(pod: Pod, environ: dict[str, str]) -> None:
    """Become the server: its environment, its streams, and no module path of the repository."""
    for number, name in ((1, "stdout"), (2, "stderr")):
        stream = os.open(pod.root / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(stream, number)
        os.close(stream)
    os.environ.clear()
    os.environ.update(environ)
    sys.dont_write_bytecode = True
    option, module = pod.command
    assert option == "-m"
    os.chdir(pod.app)
    sys.argv = [module]
    sys.path[:] = [str(pod.app), *(path for path in sys.path if not _is_source(path))]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def _is_source(path: str) -> bool:
    """Tell a folder that tests import from: a file missing in the pod must be missed."""
    sources = ("catalog", "link-types", "tests")
    return any(Path(path).is_relative_to(REPOSITORY / source) for source in sources)


def _wait_until_ready(server: Running) -> None:
    listens = _listens(server.process, server.port)
    assert listens, f"the server ended with {server.process.wait(0)}: {server.log()}"


def _listens(process: Process, port: int) -> bool:
    """Wait until the server answers, true, or has ended, false."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.wait(0) is not None:
            return False
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=1):
                return True
        except OSError:
            time.sleep(0.02)
    message = "the server neither listens nor ends"
    raise AssertionError(message)
