"""Two processes of one server: what both know, what one alone knows, and how one of them ends."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from core_client import Session, request
from core_server import Running, make_pod, running

DRAIN_SECONDS = 2


@pytest.fixture
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, Running]]:
    with ExitStack() as stack:
        started: list[Running] = []
        for name in ("mcp-a", "mcp-b"):
            pod = make_pod(tmp_path_factory.mktemp(name) / "pod")
            pod.environ |= {"STACKTIC_REPLICA": name, "STACKTIC_DRAIN_SECONDS": str(DRAIN_SECONDS)}
            started.append(stack.enter_context(running(pod)))
        yield started[0], started[1]


def test_two_replicas_and_the_graceful_end_of_one(pair: tuple[Running, Running]) -> None:
    first, second = pair
    session = Session.opened(first)
    assert session.call("sample_list", {"database": "app_db"})["returned"] == 60
    # The other one has no such session, says so, and begins another when it is asked.
    moved = Session(second, session.key, session.id)
    assert moved.send("tools/list").status == 404
    again = Session.opened(second)
    assert again.call("sample_list", {"database": "app_db"})["returned"] == 60
    for server, name in zip(pair, ("mcp-a", "mcp-b"), strict=True):
        lines = server.audit()
        assert {line["replica"] for line in lines} == {name}
        assert [bool(line.get("lock")) for line in lines] == [True] + [False] * (len(lines) - 1)
        assert lines[0]["lock"] == pair[0].audit()[0]["lock"]
    ends_gracefully(first, session)
    assert again.send("ping").status == 200


def ends_gracefully(server: Running, session: Session) -> None:
    """Tell a server to end: it says so, serves on, then ends what is under way and is gone."""
    server.process.send_signal(signal.SIGTERM)
    told = time.monotonic()
    while (health := request(server, "GET", "/health")).status == 200:
        assert time.monotonic() - told < DRAIN_SECONDS
    assert (health.status, health.json) == (503, {"status": "draining"})
    reply = session.send("ping")
    assert (reply.status, reply.headers["connection"]) == (200, "close")
    replies: list[Any] = []

    def call() -> None:
        replies.append(session.call("sample_list", {"database": "app_db", "size": 4000}))

    late = threading.Timer(max(0, told + DRAIN_SECONDS - 0.2 - time.monotonic()), call)
    late.start()
    late.join()
    assert replies[0]["data"]
    assert server.process.wait(10) == -signal.SIGTERM
    assert time.monotonic() - told >= DRAIN_SECONDS
