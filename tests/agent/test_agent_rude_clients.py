"""Clients that hold connections, send without end, or leave the log unread: the others get answers.

In: an agent, and sockets that misbehave from another loopback address.
Out: answers to a client that behaves.
Must not know: what a query means.
"""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Generator
from contextlib import ExitStack, contextmanager

import httpx
import pytest

from agent_process import Agent
from generated import binary
from world import World

pytest_plugins = ["agent_fixtures"]

CROWD = 600  # more than the agent takes in all
REPLY_SECONDS = 120.0
ATTEMPTS = 5
OTHERS = ["127.0.0.2"]
SAME = ["127.0.0.1"]
MANY = ["127.0.0.2", "127.0.0.3", "127.0.0.4"]
PIPELINED = b"GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n" * 200
# Enough lines to fill a pipe that nobody reads several times.
UNREAD = 3000


@contextmanager
def crowd(agent: Agent, payload: bytes, addresses: list[str]) -> Generator[list[socket.socket]]:
    """Hold connections that have sent something and read nothing."""
    with ExitStack() as held:
        sockets: list[socket.socket] = []
        for number in range(CROWD):
            connection = held.enter_context(socket.socket())
            connection.bind((addresses[number % len(addresses)], 0))
            connection.connect(("127.0.0.1", agent.port))
            connection.setblocking(False)
            try:
                connection.send(payload)
            except OSError:
                continue
            sockets.append(connection)
        yield sockets


def is_healthy(agent: Agent) -> bool:
    with httpx.Client(timeout=REPLY_SECONDS, trust_env=False) as client:
        return client.get(f"{agent.url}/health").status_code == 200


def are_held(sockets: list[socket.socket]) -> bool:
    """Tell whether the agent still keeps some of them."""
    return any(is_open(connection) for connection in sockets)


def is_open(connection: socket.socket) -> bool:
    try:
        while connection.recv(1 << 16):
            pass
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


@pytest.mark.parametrize("addresses", [OTHERS, SAME, MANY], ids=["another", "the same", "many"])
@pytest.mark.parametrize("payload", [b"GET /hea", PIPELINED], ids=["waits", "never reads"])
def test_a_crowd_leaves_room(acting: Agent, payload: bytes, addresses: list[str]) -> None:
    """Judged by state: the answers came while the crowd was still there."""
    for _ in range(ATTEMPTS):
        with crowd(acting, payload, addresses) as sockets:
            assert is_healthy(acting)
            assert acting.ask("kafka")["results"]
            if are_held(sockets):
                return
    pytest.fail("the crowd was never there long enough to be in the way")


def test_a_head_without_end_is_cut_off(acting: Agent) -> None:
    with socket.create_connection(("127.0.0.1", acting.port), timeout=REPLY_SECONDS) as connection:
        connection.sendall(b"GET /health HTTP/1.1\r\nx: " + b"a" * 64 * 1024)
        try:
            reply = connection.recv(64)
        except ConnectionResetError:
            reply = b""
    assert not reply or reply.startswith(b"HTTP/1.1 431")
    assert is_healthy(acting)


def test_a_log_that_nobody_reads_stops_no_answer(acting_world: World) -> None:
    """The reader of the pipe reads one line, which tells the port, and then stands still."""
    setup = acting_world.setup()
    command = [str(binary()), "agent", "serve", "--listen", "127.0.0.1:0"]
    command += ["--metadata", str(setup.metadata), "--secrets", str(setup.secrets)]
    reading, writing = os.pipe()
    process = subprocess.Popen(command, env=setup.environ, stderr=writing)
    os.close(writing)
    try:
        with os.fdopen(reading, "rb", buffering=0) as log:
            first = log.read(4096).decode()
            port = int(first.partition('"address":"127.0.0.1:')[2].partition('"')[0])
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=REPLY_SECONDS) as client:
                for _ in range(UNREAD):
                    assert client.get("/metadata/structure").status_code == 401
                assert client.get("/health").status_code == 200
    finally:
        process.kill()
        process.wait()
