"""Connections: how many, how long, and what is no request. An application of one line behind."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import threading
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import uvicorn

from stacktic_mcp.core import connections
from stacktic_mcp.core.connections import GuardedProtocol, Places, open_socket

# Long enough for any machine; a test that waits for it has failed.
PATIENCE = 30.0
REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
HAS_IPV6 = socket.has_dualstack_ipv6()
LARGE = 32 * 1024 * 1024


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Answer with the path; on `/slow` later than a head may take, on `/large` with a lot."""
    if scope["path"] == "/slow":
        await asyncio.sleep(connections.HEAD_SECONDS * 2)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for _ in range(LARGE // 65536 if scope["path"] == "/large" else 0):
        await send({"type": "http.response.body", "body": bytes(65536), "more_body": True})
    await send({"type": "http.response.body", "body": scope["path"].encode()})


@dataclass
class Small:
    """A running server in this process."""

    port: int
    places: Places

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Iterator[Small]:
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.5)
    monkeypatch.setattr(connections, "WRITE_SECONDS", 0.5)
    with serving(Places()) as server:
        yield server


@contextlib.contextmanager
def serving(held: Places) -> Generator[Small]:
    class Protocol(GuardedProtocol):
        places = held

    listener = open_socket("127.0.0.1", 0)
    config = uvicorn.Config(application, http=Protocol, log_config=None, ws="none", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield Small(listener.getsockname()[1], held)
    finally:
        server.should_exit = True
        thread.join(PATIENCE)


def rest(connection: socket.socket) -> bytes:
    """Return all that comes until the connection ends; one that stays open is an error."""
    parts: list[bytes] = []
    with contextlib.suppress(ConnectionError):
        while part := connection.recv(65536):
            parts.append(part)
    return b"".join(parts)


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"G",
        b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ",
        REQUEST,
        REQUEST + b"GET / HTTP/1.1\r\nHo",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhal",
    ],
)
def test_whoever_sends_no_whole_request_is_left(small: Small, sent: bytes) -> None:
    with small.connect() as connection:
        connection.sendall(sent)
        rest(connection)
    assert len(small.places) == 0


def test_a_byte_now_and_then_does_not_keep_a_connection(small: Small) -> None:
    stop = threading.Event()
    with small.connect() as connection:
        connection.sendall(REQUEST[:-4] + b"\r\nX-Slow: ")

        def drip() -> None:
            with contextlib.suppress(OSError):
                while not stop.wait(0.05):
                    connection.sendall(b"a")

        dripping = threading.Thread(target=drip)
        dripping.start()
        rest(connection)
        stop.set()
        dripping.join()


def test_whoever_does_not_read_on_is_left(small: Small) -> None:
    with small.connect() as connection:
        connection.sendall(REQUEST.replace(b"/ ", b"/large ", 1))
        while len(small.places) == 0:
            threading.Event().wait(0.01)
        # Not a byte is read until the server has given the connection up.
        while len(small.places) > 0:
            threading.Event().wait(0.01)
        assert len(rest(connection)) < LARGE


def test_an_answer_may_take_its_time(small: Small) -> None:
    with small.connect() as connection:
        connection.sendall(REQUEST.replace(b"/ ", b"/slow ", 1))
        assert rest(connection).endswith(b"/slow\r\n0\r\n\r\n")


@pytest.mark.parametrize(
    "head",
    [
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + b"x" * 17000 + b"\r\n\r\n",
        b"GET /" + b"x" * 17000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 3000 + b"\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\n",
        b"nonsense\r\n\r\n",
    ],
)
def test_a_head_that_could_be_read_in_two_ways_is_refused_and_ends(
    small: Small, head: bytes
) -> None:
    with small.connect() as connection:
        connection.sendall(head + b"0\r\n\r\n" + REQUEST)
        reply = rest(connection)
    assert reply.startswith(b"HTTP/1.1 400 ") or reply == b""
    assert b"200" not in reply


def test_a_full_house_lets_the_next_one_in_instead_of_the_one_that_waits_longest() -> None:
    with serving(Places(most=6, most_of_one=4)) as small, contextlib.ExitStack() as stack:
        held = [stack.enter_context(small.connect()) for _ in range(12)]
        # Each was let in before the next: all of them come to be served in their order.
        for connection in held[-4:]:
            connection.sendall(REQUEST)
            assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")
        assert len(small.places) == 4
        assert [rest(connection) for connection in held[:8]] == [b""] * 8


class Held:
    """A connection that only has an address."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.ended = False

    def end(self) -> None:
        self.ended = True


def test_an_address_takes_its_share_and_gives_way_by_its_own() -> None:
    places = Places(most=5, most_of_one=3)

    def come(address: str, *, waits: bool = True) -> Any:
        held: Any = Held(address)
        held.admitted = places.admit(held)
        if held.admitted and waits:
            places.wait(held)
        return held

    first, second, third = (come("a") for _ in range(3))
    places.work(first)
    fourth = come("a")
    assert (first.ended, second.ended, third.ended, fourth.admitted) == (False, True, False, True)
    others = [come("b"), come("c")]
    # All five places are taken: whoever holds most gives way, and of those the oldest that waits.
    last = come("d")
    assert last.admitted
    assert third.ended
    assert not any(other.ended for other in others)
    places.work(last)
    places.work(fourth)
    assert len(places) == 5


def test_whoever_is_served_gives_way_to_nobody() -> None:
    places = Places(most=2, most_of_one=2)
    held: list[Any] = [Held("a"), Held("a")]
    assert [places.admit(each) for each in held] == [True, True]
    late: Any = Held("a")
    assert not places.admit(late)
    places.leave(held[0])
    assert places.admit(late)
    assert len(places) == 2


@pytest.mark.parametrize("address", ["127.0.0.1", *(["::1"] if HAS_IPV6 else [])])
def test_both_families_are_listened_on(address: str) -> None:
    with open_socket("::", 0) as listener:
        port = listener.getsockname()[1]
        with socket.create_connection((address, port), timeout=PATIENCE):
            pass


@pytest.mark.parametrize("missing", ["kernel", "address"])
def test_without_ipv6_all_of_ipv4_is_listened_on(
    monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    if missing == "kernel":
        monkeypatch.setattr(socket, "has_dualstack_ipv6", lambda: False)
    create = socket.create_server

    def create_server(address: Any, **options: Any) -> socket.socket:
        if options["family"] == socket.AF_INET6:
            raise OSError(errno.EADDRNOTAVAIL, "no address")
        return create(address, **options)

    monkeypatch.setattr(socket, "create_server", create_server)
    with open_socket("::", 0) as listener:
        assert listener.getsockname()[0] == "0.0.0.0"


@pytest.mark.parametrize("host", ["127.0.0.1", "::"])
def test_an_answer_in_pieces_waits_for_no_confirmation(host: str) -> None:
    with open_socket(host, 0) as listener:
        port = listener.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE):
            accepted, _ = listener.accept()
            with accepted:
                assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


@pytest.mark.parametrize("host", ["127.0.0.1", *(["::1"] if HAS_IPV6 else [])])
def test_one_address_is_one_address(host: str) -> None:
    with open_socket(host, 0) as listener:
        assert listener.getsockname()[0] == host
