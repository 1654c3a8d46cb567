"""The guard before Ollama on a real HAProxy: a key opens what its link may ask, and nothing else.

In: the values of a golden case, the Debian package `haproxy`, a server that says what reaches it.
Out: answers by key, method and path; a guard with an empty key that does not start.
"""

import http.client
import os
import socket
import subprocess
import threading
import time
from collections.abc import Generator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from output_checker import yaml_reading
from output_checker.places import ROOT
from servers.debian import find_program, library_path

CASE = ROOT / "tests/golden/models_answer_whom_a_link_admits/stack.yaml"
STARTS_WITHIN_S = 30
KEYS = {"KEY_API_OLLAMA_EMBEDDINGS": "a" * 40, "KEY_API_OLLAMA_SMALL": "b" * 40}
OTHER = {"KEY_PORTAL_OLLAMA_SMALL": "c" * 40}
ASKED = [
    ("GET", "/v1/models"),
    ("POST", "/v1/chat/completions"),
    ("POST", "/v1/embeddings?timeout=5"),
]
REFUSED = [
    ("DELETE", "/api/delete"),
    ("POST", "/api/pull"),
    ("POST", "/api/chat"),
    ("GET", "/"),
    ("POST", "/v1/models"),
    ("DELETE", "/v1/models"),
    ("POST", "/v1/chat/completions/../../api/pull"),
    ("POST", "//v1/chat/completions"),
    ("POST", "/v1/%63hat/completions"),
]
WRONG = ["Bearer wrong", "Bearer ", "Bearer", "Basic YTph", ""]


class Ollama(BaseHTTPRequestHandler):
    """Says what reaches it."""

    def do_GET(self) -> None:
        said = f"{self.command} {self.path} {self.headers['Authorization']}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def do_POST(self) -> None:
        self.do_GET()

    def do_DELETE(self) -> None:
        self.do_GET()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- the base's name
        """Nothing."""


@dataclass(frozen=True)
class Guard:
    """The sidecar of the chart's values, and the ports that stand for those of its pod."""

    sidecar: dict[str, Any]
    ports: dict[str, int]

    def start(self, folder: Path, keys: dict[str, str]) -> "subprocess.Popen[str]":
        program = find_program("haproxy", "haproxy")
        libraries = [library_path(name) for name in ("haproxy", "libopentracing-c-wrapper0")]
        known = ":".join(one["LD_LIBRARY_PATH"] for one in libraries if "LD_LIBRARY_PATH" in one)
        text: str = self.sidecar["env"][0]["value"]
        for port, own in self.ports.items():
            text = text.replace(port, f"127.0.0.1:{own}")
        shell, options, script = self.sidecar["command"]
        script = script.replace("/tmp/haproxy.cfg", str(folder / "haproxy.cfg"))
        script = script.replace(
            "exec haproxy -W -db", f"LD_LIBRARY_PATH={known} exec {program} -db"
        )
        return subprocess.Popen(
            [shell, options, script],
            env={"PATH": os.environ["PATH"], "GUARD": text, **keys},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def ask(self, method: str, path: str, key: str | None, port: str = ":8080") -> tuple[int, str]:
        caller = http.client.HTTPConnection("127.0.0.1", self.ports[port], timeout=10)
        caller.request(method, path, headers={} if key is None else {"Authorization": key})
        answer = caller.getresponse()
        return answer.status, answer.read().decode()


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.fixture(scope="module")
def guard(binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Generator[Guard]:
    folder = tmp_path_factory.mktemp("ollama")
    subprocess.run([binary, "gen", CASE, "--out", folder / "out"], check=True, capture_output=True)
    values = yaml_reading.read_file(folder / "out/k8s/deploy/base/ollama/values.yaml")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Ollama)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    ports = {
        "127.0.0.1:11434": server.server_address[1],
        ":8080": free_port(),
        ":8404": free_port(),
    }
    yield Guard(values["initContainers"][0], ports)
    server.shutdown()


@pytest.fixture(scope="module")
def running(guard: Guard, tmp_path_factory: pytest.TempPathFactory) -> Generator[Guard]:
    process = guard.start(tmp_path_factory.mktemp("guard"), {**KEYS, **OTHER})
    until = time.monotonic() + STARTS_WITHIN_S
    while True:
        try:
            assert guard.ask("GET", "/health", None)[0] == 200
            break
        except (OSError, AssertionError):
            assert process.poll() is None, process.communicate()[0]
            assert time.monotonic() < until
            time.sleep(0.2)
    yield guard
    process.terminate()
    process.communicate(timeout=30)


def test_a_key_asks_models_and_stays_in_the_guard(running: Guard) -> None:
    for key in (KEYS | OTHER).values():
        for method, path in ASKED:
            assert running.ask(method, path, f"Bearer {key}") == (200, f"{method} {path} None")


@pytest.mark.parametrize(("method", "path"), REFUSED)
def test_a_key_does_nothing_else(running: Guard, method: str, path: str) -> None:
    for key in KEYS.values():
        assert running.ask(method, path, f"Bearer {key}")[0] == 401


@pytest.mark.parametrize("key", [None, *WRONG])
def test_nobody_else_is_admitted(running: Guard, key: str | None) -> None:
    for method, path in ASKED:
        assert running.ask(method, path, key)[0] == 401


def test_refusals_are_counted(running: Guard) -> None:
    running.ask("GET", "/v1/models", None)
    status, said = running.ask("GET", "/metrics", None, ":8404")
    assert status == 200
    (line,) = [
        one
        for one in said.splitlines()
        if one.startswith('haproxy_frontend_requests_denied_total{proxy="openai"}')
    ]
    assert int(line.split()[-1]) > 0
    assert 'haproxy_server_status{proxy="ollama",server="ollama",state="UP"} 1' in said


def test_an_empty_key_is_no_key(guard: Guard, tmp_path: Path) -> None:
    process = guard.start(tmp_path, {**KEYS, "KEY_PORTAL_OLLAMA_SMALL": ""})
    said = process.communicate(timeout=30)[0]
    assert (process.returncode, said) == (1, "KEY_PORTAL_OLLAMA_SMALL is empty\n")
