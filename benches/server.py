#!/usr/bin/env python3
"""Measure what strangers and clients leave behind in the MCP server: its memory, and `/health`.

In: the binary (STACKTIC_BIN, default target/release/stacktic), the example stack, the Python
environment of the tests. Out: a Markdown table on standard output: resident memory and the time
that `/health` takes at the start, beside half-open connections, with sessions that have listed
the tools, and after many calls. Numbers: `--connections`, `--sessions`, `--calls`.
Nothing here is a test: no machine has to be fast. Everything listens on 127.0.0.1.
"""

import argparse
import contextlib
import http.client
import json
import socket
import time
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

# It leads to the tests' modules, so it comes first.
from example_pod import example_pod

from mcp_client import JSON, bearer, message, open_session
from pods import KEYS, Running, running

HALF_HEAD = b"POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: "
# As many keys work at once; each of them may call ten times a second.
WORKERS = 16
WARM_SECONDS = 3.0
HEALTH_SECONDS = 5.0


def resident_mib(server: Running) -> float:
    status = Path(f"/proc/{server.process.pid}/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) / 1024


def health(server: Running) -> str:
    started = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=HEALTH_SECONDS)
    with contextlib.closing(connection):
        try:
            connection.request("GET", "/health")
            status = connection.getresponse().status
        except OSError as error:
            return type(error).__name__
    return f"{status} in {(time.perf_counter() - started) * 1000:.0f} ms"


def show(server: Running, start: float, what: str) -> None:
    now = resident_mib(server)
    print(f"| {what} | {now:.1f} | {now - start:+.1f} | {health(server)} |", flush=True)


@contextlib.contextmanager
def half_open(server: Running, count: int) -> Generator[None]:
    """Hold connections that have sent half a head; the server may end them at any time."""
    with contextlib.ExitStack() as stack:
        for _ in range(count):
            held = stack.enter_context(socket.socket())
            with contextlib.suppress(OSError):
                held.settimeout(HEALTH_SECONDS)
                held.connect(("127.0.0.1", server.port))
                held.sendall(HALF_HEAD)
        yield


def spread(count: int, work: Callable[[int, int], None]) -> None:
    """Do the work `count` times by keys of their own: `work(key, times)`."""
    share = [count // WORKERS + (number < count % WORKERS) for number in range(WORKERS)]
    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(work, range(WORKERS), share))


def list_in_sessions(server: Running) -> Callable[[int, int], None]:
    """Open sessions that list the tools and are left alone then."""

    def work(first: int, times: int) -> None:
        for number in range(times):
            # Two calls a session: no key comes to its limit of calls.
            key = (first + number * WORKERS) % KEYS
            headers = {**JSON, **bearer(key), "mcp-session-id": open_session(server, key)}
            send(server, headers, [message("tools/list")])

    return work


def call_tools(server: Running) -> Callable[[int, int], None]:
    """Call a tool that asks its backend, in one session a key."""
    called = message("tools/call", name="list_components", arguments={})

    def work(first: int, times: int) -> None:
        keys = range(first, KEYS, WORKERS)
        for key in keys:
            headers = {**JSON, **bearer(key), "mcp-session-id": open_session(server, key)}
            send(server, headers, [called] * (times // len(keys)))

    return work


def send(server: Running, headers: dict[str, str], bodies: list[bytes]) -> None:
    """Send requests on one connection; a refusal for the rate of a key is waited for."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    with contextlib.closing(connection):
        for body in bodies:
            while True:
                connection.request("POST", "/mcp", body=body, headers=headers)
                response = connection.getresponse()
                content = response.read()
                if response.status != 429:  # noqa: PLR2004
                    break
                time.sleep(0.1)
            assert "result" in json.loads(content), content[:200]


def measure(server: Running, arguments: argparse.Namespace) -> None:
    time.sleep(WARM_SECONDS)
    start = resident_mib(server)
    print("| state | MiB | growth | /health |\n|---|---|---|---|")
    show(server, start, "start")
    with half_open(server, arguments.connections):
        show(server, start, f"{arguments.connections} half-open connections")
    spread(arguments.sessions, list_in_sessions(server))
    show(server, start, f"{arguments.sessions} sessions that listed the tools")
    spread(arguments.calls, call_tools(server))
    show(server, start, f"{arguments.calls} calls")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("connections", 2000), ("sessions", 200), ("calls", 20000)):
        parser.add_argument(f"--{name}", type=int, default=default)
    arguments = parser.parse_args()
    with example_pod() as pod, running(pod, fresh=True) as server:
        measure(server, arguments)


if __name__ == "__main__":
    main()
