"""The running server under strangers and forgetful clients, and with an audit log that is ill."""

from __future__ import annotations

import contextlib
import gc
import json
import os
import socket
import sys
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from mcp_types import JSONRPCRequest, JSONRPCResponse
from starlette.testclient import TestClient

from core_client import PROTOCOL, Session, post, request
from core_server import KEY, OTHER_KEY, Running, make_pod, running
from stacktic_mcp.core.connections import MAX_OF_ONE
from stacktic_mcp.core.server import build_server
from stacktic_mcp.core.sessions import LARGE_BYTES, MAX_OF_KEY
from stacktic_mcp.core.settings import Settings

HALF_OPEN = 700
HALF_HEAD = b"POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer "
JSON = {"content-type": "application/json", "accept": "application/json"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(make_pod(tmp_path_factory.mktemp("server") / "pod")) as started:
        yield started


@contextlib.contextmanager
def half_open(server: Running, count: int) -> Generator[None]:
    with contextlib.ExitStack() as stack:
        held = [stack.enter_context(socket.socket()) for _ in range(count)]
        for connection in held:
            connection.settimeout(30)
            connection.connect(("127.0.0.1", server.port))
            # The server may have left it already.
            with contextlib.suppress(ConnectionError):
                connection.sendall(HALF_HEAD)
        yield


def test_health_and_a_client_get_through_beside_half_open_connections(server: Running) -> None:
    with half_open(server, HALF_OPEN):
        assert request(server, "GET", "/health").status == 200
        assert Session.opened(server).send("tools/list").status == 200
        descriptors = len(list(Path(f"/proc/{server.process.pid}/fd").iterdir()))
        assert descriptors < MAX_OF_ONE + 50


def test_a_key_that_opens_many_sessions_keeps_the_last_of_them(server: Running) -> None:
    opened: list[Session] = []
    while len(opened) < MAX_OF_KEY + 2:
        opened.append(Session.opened(server))
    assert opened[0].send("ping").status == 404
    assert opened[-1].send("ping").status == 200


def resident(server: Running) -> int:
    """Return the memory of the process in KiB."""
    status = Path(f"/proc/{server.process.pid}/status").read_text(encoding="ascii")
    (line,) = (line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1])


def test_an_idle_session_costs_64_kib_at_most_even_after_a_large_answer(server: Running) -> None:
    arguments = {"database": "app_db", "size": 1500}
    # What any session needs once is there from then on.
    for _ in range(2):
        Session.opened(server, OTHER_KEY).call("sample_list", arguments)
    before = resident(server)
    opened = [Session.opened(server, OTHER_KEY) for _ in range(MAX_OF_KEY - 2)]
    for session in opened:
        assert session.call("sample_list", arguments)["returned"] > 0
    assert (resident(server) - before) / len(opened) <= 64


def kept_messages() -> list[int]:
    """Return the sizes of the messages that somebody holds on to."""
    gc.collect()
    kinds = (JSONRPCRequest, JSONRPCResponse)
    return [len(item.model_dump_json()) for item in gc.get_objects() if type(item) in kinds]


def test_an_idle_session_holds_no_large_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pod = make_pod(tmp_path / "pod")
    monkeypatch.setattr(sys, "path", [*sys.path, str(pod.app)])
    settings = Settings({"STACKTIC_AUDIT": "none"}, pod.secrets, pod.config)
    application: Any = build_server(settings, pod.package).app
    with TestClient(application, base_url="http://127.0.0.1:8000") as client:
        sent = {**JSON, "authorization": f"Bearer {KEY}"}

        def send(method: str, **params: Any) -> Any:
            message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
            return client.post("/mcp", json=message, headers=sent)

        about = {"protocolVersion": PROTOCOL, "clientInfo": {"name": "test", "version": "1"}}
        sent["mcp-session-id"] = send("initialize", **about).headers["mcp-session-id"]
        arguments = {"database": "app_db", "size": 1500}
        reply = send("tools/call", name="sample_list", arguments=arguments)
        assert len(reply.content) > LARGE_BYTES
        assert max(kept_messages(), default=0) < LARGE_BYTES
        refused = send("tools/call", name="sample_list", arguments={"database": "x" * 500_000})
        assert "E_" in refused.text
        assert max(kept_messages(), default=0) < LARGE_BYTES
        assert send("ping").status_code == 200


def test_an_initialize_that_fails_names_no_session(server: Running) -> None:
    wrong: list[dict[str, Any]] = [{}, {"protocolVersion": 7}, {"capabilities": []}]
    for params in wrong:
        reply = post(server, {"method": "initialize", "params": params})
        assert "error" in reply.json
        assert "mcp-session-id" not in reply.headers


def decisions(lines: list[dict[str, Any]]) -> list[str]:
    return [line["decision"] for line in lines if line["tool"] == "sample_delete"]


def test_a_write_is_in_the_log_before_and_after_its_effect(tmp_path: Path) -> None:
    pod = make_pod(tmp_path / "pod")
    pod.environ["MCP_SAMPLE_WRITE_ACCESS"] = "true"
    with running(pod) as server:
        session = Session.opened(server)
        session.call("sample_delete", {"database": "app_db", "dry_run": False})
        session.call("sample_delete", {"database": "unknown", "dry_run": False})
        assert decisions(server.audit()) == ["intended", "allowed", "denied"]


@pytest.mark.parametrize("required", ["false", "true"])
def test_a_full_disk_stops_writes_and_where_it_is_required_everything(
    tmp_path: Path, required: str
) -> None:
    pod = make_pod(tmp_path / "pod")
    pod.environ |= {"MCP_SAMPLE_WRITE_ACCESS": "true", "STACKTIC_AUDIT_FILE": "/dev/full"}
    pod.environ["STACKTIC_AUDIT_REQUIRED"] = required
    with running(pod) as server:
        session = Session.opened(server)
        written = session.call("sample_delete", {"database": "app_db", "dry_run": False})
        read = session.call("sample_list", {"database": "app_db"})
        if required == "true":
            assert (written["code"], read["code"]) == ("E_UNAVAILABLE", "E_UNAVAILABLE")
        else:
            assert (written["code"], read["returned"]) == ("E_WRITE_DISABLED", 60)
        # Probes do not fail: no restart would make room on the disk.
        health = request(server, "GET", "/health")
        assert (health.status, health.json["audit"]) == (200, "unwritable")


def test_a_pipe_that_nobody_reads_does_not_stop_the_server(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    pod = make_pod(tmp_path / "pod")
    pod.environ |= {"MCP_SAMPLE_WRITE_ACCESS": "true", "STACKTIC_AUDIT_FILE": str(pipe)}
    with running(pod) as server:
        session = Session.opened(server)
        # Every refused stranger leaves a line.
        while request(server, "GET", "/health").json["status"] == "ok":
            for _ in range(20):
                request(server, "GET", "/mcp")
        refused = session.call("sample_delete", {"database": "app_db", "dry_run": False})
        assert refused["code"] == "E_WRITE_DISABLED"
        assert session.call("sample_list", {"database": "app_db"})["returned"] == 60
        reading = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
        content = b""
        while request(server, "GET", "/health").json["status"] != "ok":
            content += os.read(reading, 1 << 20)
        content += os.read(reading, 1 << 20)
        os.close(reading)
        lines = [json.loads(line) for line in content.splitlines()]
        assert [line["sequence"] for line in lines] == list(range(1, len(lines) + 1))
        assert decisions(lines) == ["intended", "denied"]


def test_a_secret_that_no_tool_has_read_is_hidden_and_the_answer_says_so(tmp_path: Path) -> None:
    pod = make_pod(tmp_path / "pod")
    # A name in the data stands in for a backend that knows somebody else's password.
    (pod.secrets / "MCP_OTHER_PASSWORD").write_text("sample_db", encoding="utf-8")
    with running(pod) as server:
        session = Session.opened(server)
        plain = session.call("sample_list", {"database": "app_db"})
        masked = session.call("sample_list", {"database": "sample_db"})
        assert (plain["redacted"], masked["redacted"]) == (False, True)
        assert {row["database"] for row in masked["data"]} == {"[secret]"}
