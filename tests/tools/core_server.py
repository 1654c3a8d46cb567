"""A generated server in small, for tests: its folders made by hand, its process started.

In: the sample tool file, and what a test wants to be different.
Out: a folder as the pod would mount it, and a running server on loopback.
Must not know: any assertion.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
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

import samples.sample_tools
from conftest import PACKAGE
from stacktic_mcp.core.cursors import CursorSigner
from stacktic_mcp.core.governed import Runtime
from stacktic_mcp.core.lock import LOCK_VERSION, hashes_of
from stacktic_mcp.core.settings import Settings
from stacktic_mcp.core.toolkit import Toolset
from stacktic_mcp.core.topology import Topology
from stacktic_mcp.lib.links import Link

SAMPLE = Path(__file__).parent / "samples" / "sample_tools.py"
KEY = "first-key-of-the-test"
OTHER_KEY = "second-key-of-the-test"
START_SECONDS = 60.0
COMMAND = [sys.executable, "-m", "stacktic_mcp.core.server"]


@dataclass
class Pod:
    """The folders of a pod, and the environment of its process."""

    root: Path
    environ: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def app(self) -> Path:
        return self.root / "app"

    @property
    def package(self) -> Path:
        return self.app / PACKAGE.name

    @property
    def tool_file(self) -> Path:
        return self.package / "tools" / "sample" / SAMPLE.name

    @property
    def config(self) -> Path:
        return self.root / "config"

    @property
    def secrets(self) -> Path:
        return self.root / "secrets"

    def read(self, name: str) -> dict[str, Any]:
        return json.loads((self.config / name).read_text(encoding="utf-8"))

    def write(self, name: str, value: object) -> None:
        (self.config / name).write_text(json.dumps(value), encoding="utf-8")


def sample_links(*components: str) -> list[dict[str, Any]]:
    """Return links to samples, `sample` by default, that may be written to."""
    names = components or ("sample",)
    several = len(names) > 1
    return [
        {
            "component": name,
            "type": "fastmcp-sample",
            "env": f"MCP_{name.upper().replace('-', '_')}" if several else "MCP_SAMPLE",
            "write_access": True,
            "enums": {"databases": ["app_db", f"{name}_db".replace("-", "_")]},
            "data": {},
        }
        for name in names
    ]


def make_pod(root: Path, links: list[dict[str, Any]] | None = None) -> Pod:
    """Write everything the generator would have written."""
    pod = Pod(root)
    facts = links if links is not None else sample_links()
    unwanted = shutil.ignore_patterns("__pycache__", "tools")
    shutil.copytree(PACKAGE, pod.package, ignore=unwanted)
    pod.tool_file.parent.mkdir(parents=True)
    shutil.copy(SAMPLE, pod.tool_file)
    pod.config.mkdir()
    pod.secrets.mkdir()
    digest = hashlib.sha256(SAMPLE.read_bytes()).hexdigest()
    topology = {
        "stack": "stack-3",
        "domain": "stack-3.source-lab.io",
        "server": "fastmcp",
        "modules": [{"service": "sample", "file": SAMPLE.name, "sha256": digest, "links": facts}],
        "offers": [{"type": "sample", "prefix": "sample_"}],
        "components": [
            {
                "name": "fastmcp",
                "type": "fastmcp",
                "namespace": "mcp",
                "group": "governance",
                "endpoints": ["http"],
            }
        ],
    }
    pod.write("topology.json", topology)
    pod.write("tools.lock.json", lock_of(facts))
    keys = {"first": KEY, "second": OTHER_KEY}
    text = ",".join(f"{name}:{_sha256(key)}" for name, key in keys.items())
    (pod.secrets / "MCP_API_KEYS").write_text(text + "\n", encoding="utf-8")
    for link in facts:
        (pod.secrets / f"{link['env']}_PASSWORD").write_text("pw-of-the-sample", encoding="utf-8")
    return pod


def amend(pod: Pod, change: Callable[[str], str]) -> None:
    """Change the tool file of a pod, and what the generator would have written of it."""
    before = pod.tool_file.read_text(encoding="utf-8")
    text = change(before)
    assert text != before
    pod.tool_file.write_text(text, encoding="utf-8")
    topology = pod.read("topology.json")
    topology["modules"][0]["sha256"] = hashlib.sha256(text.encode()).hexdigest()
    pod.write("topology.json", topology)


def lock_of(facts: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the lock of the sample tools, every gate open."""
    settings = Settings({})
    links = [
        Link(
            component=item["component"],
            type=item["type"],
            write_access=True,
            enums={name: tuple(values) for name, values in item["enums"].items()},
            data={},
            env=item["env"],
            settings=settings,
        )
        for item in facts
    ]
    topology = Topology("stack-3", "", "fastmcp", (), ())
    tools = Toolset(links, Runtime(settings, topology, CursorSigner(b""), lambda: True))
    samples.sample_tools.register(tools)
    gates = [f"{item['env']}_WRITE_ACCESS" for item in facts]
    gate = gates[0] if len(gates) == 1 else gates
    return {
        "version": LOCK_VERSION,
        "tools": [
            {
                "name": tool.name,
                "class": tool.tool_class,
                "link": [item["component"] for item in facts],
                "gate": None if tool.tool_class == "read" else gate,
                **hashes_of(tool.to_mcp_tool()),
            }
            for tool in tools.tools
        ],
    }


@dataclass
class Reply:
    """What an HTTP request came back with."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


@dataclass
class Running:
    """A server that listens, and its output so far."""

    process: subprocess.Popen[bytes]
    port: int
    root: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/mcp"

    def audit(self) -> list[dict[str, Any]]:
        """Return the audit lines written so far."""
        text = (self.root / "stdout").read_text(encoding="utf-8")
        return [json.loads(line) for line in text.splitlines()]

    def log(self) -> str:
        return (self.root / "stderr").read_text(encoding="utf-8")


@contextmanager
def running(pod: Pod) -> Generator[Running]:
    """Start the server as the pod does, and stop that process again."""
    port = free_port()
    with (pod.root / "stdout").open("wb") as out, (pod.root / "stderr").open("wb") as errors:
        process = subprocess.Popen(
            COMMAND,
            cwd=pod.app,
            env=process_environ(pod, port),
            stdout=out,
            stderr=errors,
        )
    server = Running(process, port, pod.root)
    try:
        _wait_until_ready(server)
        yield server
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def start_and_fail(pod: Pod) -> subprocess.CompletedProcess[str]:
    """Start a server that must refuse to start."""
    return subprocess.run(
        COMMAND,
        cwd=pod.app,
        env=process_environ(pod, free_port()),
        capture_output=True,
        text=True,
        timeout=START_SECONDS,
        check=False,
    )


def process_environ(pod: Pod, port: int) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "PYTHONDONTWRITEBYTECODE": "1",
        "STACKTIC_CONFIG_DIR": str(pod.config),
        "STACKTIC_SECRET_DIR": str(pod.secrets),
        "STACKTIC_HOST": "127.0.0.1",
        "STACKTIC_PORT": str(port),
        **pod.environ,
    }


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait_until_ready(server: Running) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if server.process.poll() is not None:
            message = f"the server ended at its start: {server.log()}"
            raise AssertionError(message)
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/health", timeout=1):
                return
        except OSError:
            time.sleep(0.05)
    message = "the server did not become ready"
    raise AssertionError(message)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
