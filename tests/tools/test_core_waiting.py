"""The line in front of the application: who waits, who leaves, and what who waited in vain gets."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from stacktic_mcp.core import waiting
from stacktic_mcp.core.audit import AuditLog
from stacktic_mcp.core.callers import Callers
from stacktic_mcp.core.gate import Gate
from stacktic_mcp.core.limits import (
    BURST,
    CALLS_PER_SECOND,
    CONCURRENT_CALLS,
    CONCURRENT_STREAMS,
    KEPT_KEYS,
    WAITING_CALLS,
    Limits,
)

pytestmark = pytest.mark.anyio

KEYS = {"ci": "first-key-of-the-line", "dev": "second-key-of-the-line"}
MODERN = "2026-07-28"
PRESENT = CONCURRENT_CALLS + WAITING_CALLS


@dataclass
class Slow:
    """An application whose calls last until they may end, and which notes who came."""

    seconds: float = 0.0
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    begun: list[Any] = field(default_factory=list[Any])
    at_once: int = 0
    most: int = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        message = json.loads((await receive())["body"] or b"{}")
        self.begun.append(message.get("id", message.get("method")))
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        try:
            if message.get("method") == "tools/call":
                await (asyncio.sleep(self.seconds) if self.seconds else self.gate.wait())
        finally:
            self.at_once -= 1
        body = json.dumps({"jsonrpc": "2.0", "id": message.get("id"), "result": {}}).encode()
        status = 200 if "id" in message else 202
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": body})


@dataclass
class Reply:
    status: int = 0
    headers: dict[bytes, bytes] = field(default_factory=dict[bytes, bytes])
    body: bytes = b""

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def refusal(self) -> dict[str, Any]:
        """Return what a model reads of a tool error."""
        result = self.json["result"]
        assert result["isError"] is True
        return json.loads(result["content"][0]["text"])


class Front:
    """A gate with two keys."""

    def __init__(self, app: Slow, limits: Limits | None = None) -> None:
        pairs = (f"{name}:{hashlib.sha256(key.encode()).hexdigest()}" for name, key in KEYS.items())
        self.app = app
        self.sink = io.BytesIO()
        keys = ",".join(pairs)
        self.gate = Gate(app, Callers(lambda: keys), limits or fast(), AuditLog(self.sink))

    async def send(
        self,
        message: dict[str, Any],
        key: str = "ci",
        headers: Mapping[str, str] | None = None,
        leaves: asyncio.Event | None = None,
    ) -> Reply:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        given = {"host": "fastmcp", "authorization": f"Bearer {KEYS[key]}"}
        given |= {"content-length": str(len(body)), **(headers or {})}
        encoded = [(name.encode(), value.encode()) for name, value in given.items()]
        scope = {"type": "http", "method": "POST", "path": "/mcp", "headers": encoded}
        unread = [body]
        reply = Reply()

        async def receive() -> Any:
            if unread:
                return {"type": "http.request", "body": unread.pop(), "more_body": False}
            await (leaves or asyncio.Event()).wait()
            return {"type": "http.disconnect"}

        async def send(part: Any) -> None:
            reply.status = part.get("status", reply.status)
            reply.headers |= dict(part.get("headers", []))
            reply.body += part.get("body", b"")

        await self.gate(scope, receive, send)
        return reply

    async def calls(self, count: int, headers: Mapping[str, str] | None = None) -> list[Reply]:
        sent = (self.send(call(n), headers=headers) for n in range(count))
        return await asyncio.gather(*sent)

    def lines(self, code: str) -> list[dict[str, Any]]:
        """Return the audit lines of one code."""
        lines = [json.loads(line) for line in self.sink.getvalue().splitlines()]
        return [line for line in lines if line["code"] == code]


def fast() -> Limits:
    """Return limits of places, not of rate: every look at the clock is a day later."""
    days = iter(range(0, 10**9, 86400))
    return Limits(clock=lambda: float(next(days)))


def call(number: int, **arguments: Any) -> dict[str, Any]:
    return {
        "id": number,
        "method": "tools/call",
        "params": {"name": "sample_wait", "arguments": arguments},
    }


async def until(condition: Callable[[], bool]) -> None:
    for _ in range(1000):
        if condition():
            return
        await asyncio.sleep(0.005)
    raise AssertionError(condition)


async def test_eight_parallel_calls_are_all_served_four_at_once_in_the_order_they_came() -> None:
    front = Front(Slow(seconds=0.05))
    replies = await front.calls(8)
    assert [reply.status for reply in replies] == [200] * 8
    assert [reply.json["result"] for reply in replies] == [{}] * 8
    assert front.app.begun == list(range(8))
    assert front.app.most == CONCURRENT_CALLS


@pytest.mark.parametrize("version", ["", "2025-06-18", MODERN])
async def test_who_waits_in_vain_reads_a_tool_error_and_leaves_one_line(
    monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    monkeypatch.setattr(waiting, "WAIT_SECONDS", 0.1)
    front = Front(Slow())
    headers = {"mcp-protocol-version": version} if version else {}
    held = asyncio.create_task(front.calls(CONCURRENT_CALLS, headers))
    await until(lambda: len(front.app.begun) == CONCURRENT_CALLS)
    reply = await front.send(call(9, seconds=1), headers=headers)
    assert (reply.status, reply.json["id"]) == (200, 9)
    assert reply.refusal["code"] == "E_LIMIT"
    assert "again" in reply.refusal["hint"]
    assert reply.json["result"].get("resultType") == ("complete" if version == MODERN else None)
    (line,) = front.lines("E_LIMIT")
    told = {name: line[name] for name in ("key", "method", "tool", "decision", "arguments")}
    assert told == {
        "key": "ci",
        "method": "tools/call",
        "tool": "sample_wait",
        "decision": "denied",
        "arguments": {"seconds": 1},
    }
    assert len(line["arguments_sha256"]) == 64
    front.app.gate.set()
    assert [reply.status for reply in await held] == [200] * CONCURRENT_CALLS


async def test_another_method_that_waits_in_vain_gets_an_error_of_json_rpc(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(waiting, "WAIT_SECONDS", 0.1)
    front = Front(Slow())
    held = asyncio.create_task(front.calls(CONCURRENT_CALLS))
    await until(lambda: len(front.app.begun) == CONCURRENT_CALLS)
    for method in ("tools/list", "initialize"):
        reply = await front.send({"id": "x", "method": method})
        assert (reply.status, reply.headers[b"retry-after"]) == (429, b"1")
        assert (reply.json["id"], reply.json["error"]["code"]) == ("x", waiting.LIMIT_EXCEEDED)
        assert reply.json["error"]["message"].startswith("E_LIMIT: ")
    assert [line["method"] for line in front.lines("E_LIMIT")] == ["tools/list", "initialize"]
    front.app.gate.set()
    await held


async def test_a_hundred_at_once_are_served_or_told_and_another_key_is_not_slowed() -> None:
    front = Front(Slow())
    flood = asyncio.create_task(front.calls(100))
    await until(lambda: len(front.app.begun) == CONCURRENT_CALLS)
    started = time.monotonic()
    await front.send({"id": 1, "method": "tools/list"}, "dev")
    assert time.monotonic() - started < 0.1
    await until(lambda: len(front.lines("E_LIMIT")) == 100 - PRESENT)
    front.app.gate.set()
    replies = await flood
    assert [reply.status for reply in replies] == [200] * 100
    served = [reply for reply in replies if not reply.json["result"].get("isError")]
    assert len(served) == PRESENT
    assert len(front.lines("E_LIMIT")) == 100 - PRESENT
    # Every place is free again.
    assert all(not reply.json["result"].get("isError") for reply in await front.calls(PRESENT))


async def test_a_long_body_of_who_finds_the_door_full_is_not_read() -> None:
    front = Front(Slow())
    flood = asyncio.create_task(front.calls(100))
    await until(lambda: len(front.app.begun) == CONCURRENT_CALLS)
    reply = await front.send(call(1, text="x" * waiting.REFUSED_BODY_BYTES))
    assert (reply.status, reply.json["error"]["code"]) == (429, "E_LIMIT")
    front.app.gate.set()
    await flood


async def test_who_leaves_while_waiting_is_never_served_and_gives_the_place_back() -> None:
    front = Front(Slow())
    held = asyncio.create_task(front.calls(CONCURRENT_CALLS))
    await until(lambda: len(front.app.begun) == CONCURRENT_CALLS)
    leaves = asyncio.Event()
    gone = [
        asyncio.create_task(front.send(call(100 + n), leaves=leaves)) for n in range(WAITING_CALLS)
    ]
    await asyncio.sleep(0.1)
    leaves.set()
    await asyncio.gather(*gone)
    assert [line["decision"] for line in front.lines("E_TIMEOUT")] == ["failed"] * WAITING_CALLS
    next_one = asyncio.create_task(front.send(call(200)))
    front.app.gate.set()
    assert (await next_one).json["result"] == {}
    await held
    assert [n for n in front.app.begun if 100 <= n < 200] == []


async def test_a_call_that_is_called_back_while_it_waits_never_begins() -> None:
    front = Front(Slow())
    session = {"mcp-session-id": "s"}
    held = asyncio.create_task(front.calls(CONCURRENT_CALLS, session))
    await until(lambda: len(front.app.begun) == CONCURRENT_CALLS)
    waits = asyncio.create_task(front.send(call(77), headers=session))
    elsewhere = asyncio.create_task(front.send(call(77), headers={"mcp-session-id": "another"}))
    await asyncio.sleep(0.05)
    word = {"method": "notifications/cancelled", "params": {"requestId": 77}}
    # It comes in beside the calls that are under way.
    assert (await front.send(word, headers=session)).status == 202
    assert (await waits).json["error"]["code"] == waiting.CANCELLED
    front.app.gate.set()
    assert (await elsewhere).json["result"] == {}
    await held
    assert front.app.begun.count(77) == 1


async def test_a_key_has_a_burst_then_its_rate_and_no_more() -> None:
    now = 0.0
    limits = Limits(clock=lambda: now)
    tokens = limits.of("ci").calls.tokens

    async def taken(most: int) -> int:
        return [await tokens.take() for _ in range(most)].count(0.0)

    assert await taken(50) == BURST
    assert await tokens.take() == pytest.approx(1 / CALLS_PER_SECOND)
    now += 1.0
    assert await taken(50) == CALLS_PER_SECOND
    assert await limits.of("another key").calls.tokens.take() == 0.0


@pytest.mark.parametrize(("shares", "burst", "at_once"), [(1, 20, 4), (2, 10, 2), (9, 2, 1)])
async def test_limits_are_divided_among_the_pods_that_a_key_may_reach(
    shares: int, burst: int, at_once: int
) -> None:
    limits = Limits(clock=lambda: 0.0, shares=shares)
    tokens = limits.of("ci").calls.tokens
    assert [await tokens.take() for _ in range(50)].count(0.0) == burst
    front = Front(Slow(seconds=0.02), fast_among(shares))
    await front.calls(8)
    assert front.app.most == at_once


def fast_among(shares: int) -> Limits:
    limits = fast()
    limits.shares = shares
    return limits


async def test_a_sequence_is_slowed_to_the_rate_and_never_refused() -> None:
    front = Front(Slow(seconds=0.001), Limits())
    started = time.monotonic()
    replies = [await front.send(call(n)) for n in range(int(BURST) + 5)]
    assert all("isError" not in reply.json["result"] for reply in replies)
    assert time.monotonic() - started >= 0.4


async def test_a_key_opens_sessions_slowly() -> None:
    now = 0.0
    tokens = Limits(clock=lambda: now).of("ci").sessions.tokens
    assert [await tokens.take() for _ in range(61)] == [0.0] * 60 + [1.0]
    now += 2.0
    assert [await tokens.take() for _ in range(3)] == [0.0, 0.0, 1.0]


async def test_streams_of_a_key_are_counted() -> None:
    uses = Limits().of("ci")
    assert [uses.start_stream() for _ in range(CONCURRENT_STREAMS + 1)][-2:] == [True, False]
    uses.end_stream()
    assert uses.start_stream()


async def test_idle_keys_are_forgotten_when_there_are_many_and_busy_ones_are_not() -> None:
    limits = Limits(clock=lambda: 0.0)
    assert await limits.of("spent").calls.tokens.take() == 0.0
    for number in range(KEPT_KEYS * 2):
        limits.of(f"k{number}")
    assert limits.of("k0") is not limits.of("k1")
    assert len(limits.kept()) <= KEPT_KEYS
    assert [await limits.of("spent").calls.tokens.take() for _ in range(int(BURST))][-1] > 0
