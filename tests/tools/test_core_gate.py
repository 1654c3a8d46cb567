"""The door: bodies, sessions and ids, before an application that does as a test says."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from stacktic_mcp.core import bodies, gate, sessions
from stacktic_mcp.core.audit import AuditLog
from stacktic_mcp.core.bodies import INVALID_REQUEST, PARSE_ERROR
from stacktic_mcp.core.callers import Callers
from stacktic_mcp.core.gate import Gate
from stacktic_mcp.core.limits import CONCURRENT_CALLS, Limits
from stacktic_mcp.core.sessions import MAX_OF_ALL, MAX_OF_KEY, Opening, Sessions

pytestmark = pytest.mark.anyio

KEY = "key-of-the-gate-tests"
SCOPE: dict[str, Any] = {"type": "http", "headers": [(b"host", b"fastmcp")]}
Answering = Callable[[dict[str, Any], dict[str, Any]], Awaitable[tuple[int, Any]]]


@dataclass
class Application:
    """Opens a session for every `initialize`, ends them, and answers as a test says."""

    answer: Answering
    opened: int = 0
    requests: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        headers = dict(scope["headers"])
        session = headers.get(b"mcp-session-id", b"").decode()
        body = (await receive())["body"]
        message: dict[str, Any] = json.loads(body) if body else {}
        status, reply = await self.answer(scope, message)
        names: list[tuple[bytes, bytes]] = []
        if message.get("method") == "initialize" and not session:
            self.opened += 1
            names = [(b"mcp-session-id", f"s{self.opened}".encode())]
        self.requests.append((f"{scope['method']} {message.get('method', '')}".strip(), session))
        await send({"type": "http.response.start", "status": status, "headers": names})
        await send({"type": "http.response.body", "body": json.dumps(reply).encode()})


@dataclass
class Reply:
    status: int = 0
    headers: dict[bytes, bytes] = field(default_factory=dict[bytes, bytes])
    body: bytes = b""

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Door:
    """A gate with one key."""

    application: Application
    limits: Limits
    gate: Gate = field(init=False)

    def __post_init__(self) -> None:
        keys = f"ci:{hashlib.sha256(KEY.encode()).hexdigest()}"
        self.gate = Gate(
            self.application, Callers(lambda: keys), self.limits, AuditLog(io.BytesIO())
        )

    async def send(
        self, body: bytes | None, session: str = "", *, method: str = "POST", path: str = "/mcp"
    ) -> Reply:
        given = [(b"host", b"fastmcp"), (b"authorization", f"Bearer {KEY}".encode())]
        if session:
            given.append((b"mcp-session-id", session.encode()))
        scope = {"type": "http", "method": method, "path": path, "headers": given}
        reply = Reply()
        unread = [] if body is None else [body]

        async def receive() -> Any:
            if not unread:
                await asyncio.Event().wait()
            return {"type": "http.request", "body": unread.pop(), "more_body": False}

        async def send(message: Any) -> None:
            reply.status = message.get("status", reply.status)
            reply.headers |= dict(message.get("headers", []))
            reply.body += message.get("body", b"")

        await self.gate(scope, receive, send)
        return reply

    async def open(self) -> Reply:
        return await self.send(rpc("initialize", 0))


async def result(scope: Any, message: Any) -> tuple[int, Any]:
    return 200, {"jsonrpc": "2.0", "id": message.get("id"), "result": {}}


def rpc(method: str, number: Any) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": {}}).encode()


def door(answer: Answering = result) -> Door:
    """Return a gate that no rate stops."""
    # Every look at the clock is a day later than the last.
    days = iter(range(0, 10**9, 86400))
    return Door(Application(answer), Limits(clock=lambda: float(next(days))))


@pytest.mark.parametrize(
    ("first", "second", "refused"),
    [(7, 7, True), (7, "7", True), ("a", "a", True), (7, 8, False), ("a", "b", False)],
)
async def test_an_id_that_awaits_its_answer_is_not_taken_twice(
    first: Any, second: Any, refused: bool
) -> None:
    go = asyncio.Event()

    async def wait(scope: Any, message: Any) -> tuple[int, Any]:
        if message.get("method") == "tools/call":
            await go.wait()
        return await result(scope, message)

    guarded = door(wait)
    session = (await guarded.open()).headers[b"mcp-session-id"].decode()
    under_way = asyncio.create_task(guarded.send(rpc("tools/call", first), session))
    await asyncio.sleep(0)
    again = asyncio.create_task(guarded.send(rpc("tools/call", second), session))
    if refused:
        reply = await again
        assert (reply.status, reply.json["error"]["code"]) == (400, INVALID_REQUEST)
    go.set()
    assert (await under_way).status == 200
    assert (await again).status == (400 if refused else 200)
    # The id is free again, and so is every place of the key.
    replies = await asyncio.gather(
        *(guarded.send(rpc("tools/call", first + first * n), session) for n in range(4))
    )
    assert [reply.status for reply in replies] == [200] * CONCURRENT_CALLS


async def test_the_same_id_in_two_sessions_is_two_ids() -> None:
    guarded = door()
    names = [(await guarded.open()).headers[b"mcp-session-id"].decode() for _ in range(2)]
    replies = await asyncio.gather(*(guarded.send(rpc("tools/call", 7), name) for name in names))
    assert [reply.status for reply in replies] == [200, 200]


async def test_a_call_that_is_never_answered_gives_its_place_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(gate, "ANSWER_SECONDS", 0.05)

    async def never(scope: Any, message: Any) -> tuple[int, Any]:
        if message.get("method") == "tools/call":
            await asyncio.Event().wait()
        return await result(scope, message)

    guarded = door(never)
    session = (await guarded.open()).headers[b"mcp-session-id"].decode()
    for _ in range(2):
        calls = (guarded.send(rpc("tools/call", n), session) for n in range(CONCURRENT_CALLS))
        assert [reply.status for reply in await asyncio.gather(*calls)] == [504] * CONCURRENT_CALLS
    assert (await guarded.send(rpc("tools/list", 1), session)).status == 200


@pytest.mark.parametrize(
    "body",
    [
        b'{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}',
        b'{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":{"b":1,"b":1}}}',
        b'{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":[[{"b":1,"\\u0062":2}]]}}',
        b'[{"id":1,"id":1}]',
        b"{",
        b"",
        b'{"id":NaN}',
        b'{"id":Infinity}',
        '{"id":1}'.encode("utf-16"),
        b"\xef\xbb\xbf{}",
        b"\xff",
        b"[" * 100_000,
        b'{"id":' + b"9" * 10_000 + b"}",
    ],
)
async def test_a_body_that_two_readers_read_differently_goes_no_further(body: bytes) -> None:
    guarded = door()
    reply = await guarded.send(body)
    assert (reply.status, reply.json["error"]["code"]) == (400, PARSE_ERROR)
    assert reply.json["id"] is None
    assert guarded.application.requests == []


async def test_a_body_that_comes_too_slowly_ends_the_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bodies, "BODY_SECONDS", 0.05)
    guarded = door()
    for _ in range(2 * CONCURRENT_CALLS):
        reply = await guarded.send(None)
        assert (reply.status, reply.headers[b"connection"]) == (408, b"close")
    assert guarded.application.requests == []


@pytest.mark.parametrize("path", ["/mcp", "/mcp/"])
async def test_both_spellings_are_served_as_one(path: str) -> None:
    guarded = door()
    assert (await guarded.send(rpc("ping", 1), path=path)).status == 200


@pytest.mark.parametrize("path", ["/", "/mcp//", "//mcp", "/mcp/x", "/MCP", "/health/", "/m%63p"])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "OPTIONS"])
async def test_every_other_path_is_none_and_nothing_is_a_redirect(path: str, method: str) -> None:
    guarded = door()
    assert (await guarded.send(rpc("ping", 1), path=path, method=method)).status == 404
    assert guarded.application.requests == []


async def test_a_refused_initialize_leaves_no_session() -> None:
    async def refuse(scope: Any, message: Any) -> tuple[int, Any]:
        error = {"code": -32602, "message": "no"}
        return 200, {"jsonrpc": "2.0", "id": message.get("id"), "error": error}

    guarded = door(refuse)
    reply = await guarded.open()
    assert "error" in reply.json
    assert b"mcp-session-id" not in reply.headers
    assert guarded.application.requests == [("POST initialize", ""), ("DELETE", "s1")]


async def test_a_key_that_holds_all_its_sessions_loses_the_one_it_left_alone_longest() -> None:
    guarded = door()
    names = [(await guarded.open()).headers[b"mcp-session-id"].decode() for _ in range(MAX_OF_KEY)]
    await guarded.send(rpc("ping", 1), names[0])
    assert (await guarded.open()).status == 200
    assert guarded.application.requests[-2:] == [("DELETE", names[1]), ("POST initialize", "")]
    # One that the client has ended, or that is gone, takes no place.
    before = len(guarded.application.requests)
    await guarded.send(b"", names[2], method="DELETE")
    assert (await guarded.open()).status == 200
    ended = [session for _, session in guarded.application.requests[before:] if session]
    assert ended == [names[2]]


async def test_a_session_at_work_is_not_ended() -> None:
    held = Sessions(Application(result))
    for number in range(MAX_OF_KEY):
        held.opened("ci", f"s{number}")
        assert held.enter("ci", f"s{number}", None)
    assert not await held.make_room("ci", SCOPE)
    held.leave("ci", "s5", None)
    assert await held.make_room("ci", SCOPE)
    assert await held.make_room("other", SCOPE)


async def test_when_all_hold_too_many_whoever_holds_most_gives_way() -> None:
    application = Application(result)
    held = Sessions(application)
    keys = MAX_OF_ALL // MAX_OF_KEY
    for key in range(keys):
        for number in range(MAX_OF_KEY - (key > 0)):
            held.opened(f"k{key}", f"k{key}-{number}")
    for number in range(keys - 1):
        held.opened("last", f"last-{number}")
    assert await held.make_room("new", SCOPE)
    assert application.requests == [("DELETE", "k0-0")]


async def test_a_large_message_is_followed_by_a_small_one_that_leaves_no_line() -> None:
    async def large(scope: Any, message: Any) -> tuple[int, Any]:
        return 200, {"result": "x" * (sessions.LARGE_BYTES if message["id"] == 1 else 1)}

    guarded = door(large)
    session = (await guarded.open()).headers[b"mcp-session-id"].decode()
    before = guarded.gate.audit.sequence
    await guarded.send(rpc("tools/list", 2), session)
    assert guarded.application.requests[-1] == ("POST tools/list", session)
    await guarded.send(rpc("tools/list", 1), session)
    assert guarded.application.requests[-2:] == [
        ("POST tools/list", session),
        ("POST ping", session),
    ]
    assert guarded.gate.audit.sequence == before + 2


async def test_an_answer_that_is_no_result_opens_nothing() -> None:
    for body in (b"", b"{", b"[]", b'{"error":{}}'):
        opening = Opening()
        await opening({"type": "http.response.start", "status": 200, "headers": []})
        await opening({"type": "http.response.body", "body": body})
        assert opening.failed
