#!/usr/bin/env python3
"""Compare the generated MCP server with a bare FastMCP of the same version and the same tools.

In: the binary (STACKTIC_BIN, default target/release/stacktic), the example stack, the Python
environment of the tests. Out: a Markdown table of ratios on standard output; above 1 our server
costs more. Start and resident memory, then CPU seconds and time of calls and lists, in sessions
of an older revision and without one in the newest. Rounds of both servers take turns, and the
median of the rounds' ratios is shown. Numbers: `--rounds`, `--requests` in a round.
Nothing here is a test: no machine has to be fast. Everything listens on 127.0.0.1.
"""

import argparse
import contextlib
import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# It leads to the tests' modules, so it comes first.
from example_pod import ROOT, example_pod

from mcp_client import JSON, bearer, message, open_session
from pods import KEYS, Pod, Running, free_port, running

REVISION = "2026-07-28"
META = {
    "io.modelcontextprotocol/protocolVersion": REVISION,
    "io.modelcontextprotocol/clientInfo": {"name": "bench", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}
# A tool of little work of its own: what is compared is what stands around a tool.
TOOL = "get_stack_dna"
ARGUMENTS = {"detail": "brief"}
START_SECONDS = 60.0
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Subject:
    """A server under test."""

    pid: int
    port: int
    # The seconds of CPU until it listened.
    start: float

    def cpu(self) -> float:
        """Return the seconds of CPU that it has used."""
        return cpu_seconds(self.pid)

    def resident_kib(self) -> int:
        """Return its resident memory."""
        status = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
        line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
        return int(line.split()[1])


@dataclass(frozen=True)
class Request:
    """One kind of request, and what to send for it; `era` is how its revision is told."""

    name: str
    method: str
    params: dict[str, Any]

    def modern(self) -> tuple[bytes, dict[str, str]]:
        """Return the request as the newest revision wants it, without a session."""
        headers = {**JSON, "mcp-protocol-version": REVISION, "mcp-method": self.method}
        if "name" in self.params:
            headers["mcp-name"] = self.params["name"]
        return message(self.method, **self.params, _meta=META), headers

    def older(self) -> tuple[bytes, dict[str, str]]:
        """Return the request as older revisions want it; the session is added to the headers."""
        return message(self.method, **self.params), dict(JSON)


REQUESTS = (
    Request("tools/call", "tools/call", {"name": TOOL, "arguments": ARGUMENTS}),
    Request("tools/list", "tools/list", {}),
)


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


@contextlib.contextmanager
def ours(pod: Pod) -> Generator[tuple[Subject, Running]]:
    """Run the generated server."""
    with running(pod, fresh=True) as server:
        pid = server.process.pid
        yield Subject(pid, server.port, cpu_seconds(pid)), server


@contextlib.contextmanager
def bare(listing: Path) -> Generator[Subject]:
    """Run the library alone with the same tools."""
    port = free_port()
    command = [sys.executable, str(ROOT / "benches" / "bare_server.py"), str(port), str(listing)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        wait_until_it_listens(process, port)
        yield Subject(process.pid, port, cpu_seconds(process.pid))
    finally:
        process.terminate()
        process.wait(timeout=30)


def wait_until_it_listens(process: subprocess.Popen[bytes], port: int) -> None:
    ends = time.monotonic() + START_SECONDS
    while time.monotonic() < ends and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise SystemExit("the bare server did not start")


def told_by(server: Running) -> dict[str, Any]:
    """Return what the generated server lists, and what it answers to the call."""
    replies: list[Any] = []
    for request in REQUESTS:
        body, headers = request.modern()
        replies.append(result_of(server.port, body, headers | bearer(0)))
    return {"answer": replies[0]["content"][0]["text"], "tools": replies[1]["tools"]}


def result_of(port: int, body: bytes, headers: dict[str, str]) -> Any:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    with contextlib.closing(connection):
        connection.request("POST", "/mcp", body=body, headers=headers)
        return json.loads(connection.getresponse().read())["result"]


Prepare = Callable[[int], tuple[bytes, dict[str, str]]]


def send(subject: Subject, prepare: Prepare, count: int) -> tuple[float, float]:
    """Send requests on one connection, of all keys in turn; return CPU and time in seconds."""
    prepared = [prepare(key) for key in range(KEYS)]
    connection = http.client.HTTPConnection("127.0.0.1", subject.port, timeout=60)
    with contextlib.closing(connection):
        cpu, started = subject.cpu(), time.perf_counter()
        for number in range(count):
            body, headers = prepared[number % KEYS]
            connection.request("POST", "/mcp", body=body, headers=headers)
            response = connection.getresponse()
            content = response.read()
            if response.status != 200 or b'"result"' not in content:  # noqa: PLR2004
                raise SystemExit(f"{response.status}: {content[:200]!r}")
        return subject.cpu() - cpu, time.perf_counter() - started


def without_session(request: Request) -> Prepare:
    body, headers = request.modern()
    return lambda key: (body, headers | bearer(key))


def in_sessions(request: Request, server: Running) -> Prepare:
    """Prepare requests of sessions that are open, one a key."""
    body, headers = request.older()
    sessions = [open_session(server, key) for key in range(KEYS)]
    return lambda key: (body, headers | bearer(key) | {"mcp-session-id": sessions[key]})


def measure(own: Subject, own_server: Running, other: Subject, numbers: argparse.Namespace) -> None:
    print("| what | ours | bare | ratio |\n|---|---|---|---|")
    show("start, CPU s", own.start, other.start)
    # The bare one has no keys: an open session is all that its requests have to name.
    other_server = Running(own_server.process, other.port, own_server.pod)
    for request in REQUESTS:
        for era, prepares in (
            ("2026-07-28", (without_session(request), without_session(request))),
            ("sessions", (in_sessions(request, own_server), in_sessions(request, other_server))),
        ):
            rounds = [
                (
                    send(own, prepares[0], numbers.requests),
                    send(other, prepares[1], numbers.requests),
                )
                for _ in range(numbers.rounds + 1)
            ][1:]
            for index, unit in enumerate(("CPU ms", "ms")):
                show(
                    f"{request.name}, {era}, {unit}",
                    *(
                        statistics.median(
                            1000 * pair[side][index] / numbers.requests for pair in rounds
                        )
                        for side in (0, 1)
                    ),
                )
    show("resident MiB", own.resident_kib() / 1024, other.resident_kib() / 1024)


def show(what: str, own: float, other: float) -> None:
    print(f"| {what} | {own:.2f} | {other:.2f} | {own / other:.2f} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("rounds", 5), ("requests", 600)):
        parser.add_argument(f"--{name}", type=int, default=default)
    numbers = parser.parse_args()
    with example_pod() as pod, ours(pod) as (own, server):
        listing = pod.root / "listing.json"
        listing.write_text(json.dumps(told_by(server)), encoding="utf-8")
        with bare(listing) as other:
            measure(own, server, other, numbers)


if __name__ == "__main__":
    main()
