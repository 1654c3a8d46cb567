"""What stands in line in front of the application, and what is answered to who waited in vain.

In: a request of a known key, and the line that it stands in.
Out: a place while it is served; else a refusal in the form that the message has for it: a tool
error that a model can read, a JSON-RPC error, or a status.
Must not know: tools, sessions, or how many may wait.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast

from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS
from starlette.responses import JSONResponse

from stacktic_mcp.core.bodies import MAX_NOTED_CHARACTERS, Body, header_of, read_body
from stacktic_mcp.core.calls import Call
from stacktic_mcp.core.cursors import digest
from stacktic_mcp.core.governed import mask_name, mask_value
from stacktic_mcp.core.limits import (
    BURST,
    CALLS_PER_SECOND,
    CONCURRENT_CALLS,
    WAIT_SECONDS,
    WAITING_CALLS,
)
from stacktic_mcp.core.watching import Watch
from stacktic_mcp.lib.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator, Mapping

    from starlette.types import Receive, Scope

    from stacktic_mcp.core.calls import Exchange
    from stacktic_mcp.core.limits import Line, Uses

# Whoever finds the line full is answered no sooner: a flood is not served at its own pace.
REFUSED_AFTER_SECONDS = 0.25
# A longer body of who finds the line full is not read.
REFUSED_BODY_BYTES = 16 * 1024
# Of those that JSON-RPC leaves to servers.
LIMIT_EXCEEDED = -32005
TOO_MUCH = (
    f"a key makes {CALLS_PER_SECOND:g} calls a second after a burst of {BURST:g}, and "
    f"{CONCURRENT_CALLS} at once while {WAITING_CALLS} wait; nothing was done: wait for answers "
    "to earlier calls, then send this one again"
)
# As the SDK answers a request that its client has called back.
CANCELLED = -32800


@dataclass(eq=False)
class NoTurn(Exception):  # noqa: N818 -- a decision, not a fault
    """A request whose turn does not come; without a body, one that was not read."""

    body: Body | None
    # The sender is gone, or has called its request back.
    left: bool = False


@contextlib.asynccontextmanager
async def entered(uses: Uses, scope: Scope, receive: Receive) -> AsyncGenerator[None]:
    """Be one of the requests of a key; of too many, only short bodies are read."""
    if not uses.enter():
        await asyncio.sleep(REFUSED_AFTER_SECONDS)
        declared = header_of(scope, b"content-length")
        is_short = declared.isdigit() and int(declared) <= REFUSED_BODY_BYTES
        raise NoTurn(await read_body(scope, receive) if is_short else None)
    try:
        yield
    finally:
        uses.leave()


@contextlib.asynccontextmanager
async def turn(
    line: Line, exchange: Exchange, body: Body | None, receive: Receive
) -> AsyncGenerator[None]:
    """Wait for a turn, and end it. The sender may leave meanwhile, which lets others come."""
    if not line.join():
        await asyncio.sleep(REFUSED_AFTER_SECONDS)
        raise NoTurn(body)
    try:
        await _start(line, exchange, body, receive)
        try:
            yield
        finally:
            line.end()
    finally:
        line.leave()


async def _start(line: Line, exchange: Exchange, body: Body | None, receive: Receive) -> None:
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(WAIT_SECONDS) as limit, Watch(receive, exchange).kept():
            exchange.when_gone(lambda: limit.reschedule(loop.time()))
            await line.start()
    except TimeoutError:
        raise NoTurn(body, exchange.gone) from None
    finally:
        exchange.when_gone(_nothing)


@contextlib.contextmanager
def may_be_called_back(uses: Uses, exchange: Exchange, body: Body) -> Generator[None]:
    """Let the client call a request back before its turn, where it has a session to say so in."""
    name = (exchange.session, body.request_id or "")
    if all(name):
        uses.waiting[name] = exchange.leave
    try:
        yield
    finally:
        uses.waiting.pop(name, None)


def call_back(uses: Uses, exchange: Exchange, body: Body) -> None:
    """Have a request that this message calls back wait no longer."""
    uses.waiting.get((exchange.session, body.cancelled_id or ""), _nothing)()


def answer_of(no_turn: NoTurn, scope: Scope) -> JSONResponse:
    """Return what the caller gets to read."""
    headers = {"cache-control": "no-store", "retry-after": "1"}
    body, refusal = no_turn.body, Refusal("E_LIMIT", TOO_MUCH)
    if body is None or not body.awaits_answer:
        error = {"error": {"code": refusal.code, "hint": refusal.hint}}
        return JSONResponse(error, HTTPStatus.TOO_MANY_REQUESTS, headers)
    about = {"jsonrpc": "2.0", "id": body.message["id"]}
    if no_turn.left:
        error = {"code": CANCELLED, "message": "Request cancelled"}
        return JSONResponse({**about, "error": error})
    if body.message.get("method") == "tools/call":
        return JSONResponse({**about, "result": _tool_error(refusal, scope)})
    error = {"code": LIMIT_EXCEEDED, "message": f"{refusal.code}: {refusal.hint}"}
    return JSONResponse({**about, "error": error}, HTTPStatus.TOO_MANY_REQUESTS, headers)


def _tool_error(refusal: Refusal, scope: Scope) -> dict[str, Any]:
    result = {"content": [{"type": "text", "text": refusal.text()}], "isError": True}
    version = header_of(scope, b"mcp-protocol-version")
    # Revisions without a handshake tell how far a result goes.
    is_handshaken = not version or version in HANDSHAKE_PROTOCOL_VERSIONS
    return result if is_handshaken else {**result, "resultType": "complete"}


def call_of(no_turn: NoTurn, exchange: Exchange, scope: Scope) -> Call:
    """Return what the audit log is told."""
    message = no_turn.body.message if no_turn.body is not None else {}
    method: object = message.get("method")
    name = method if isinstance(method, str) else f"{scope['method']} {scope['path']}"
    call = Call(
        method=name[:MAX_NOTED_CHARACTERS], key_name=exchange.key_name, session=exchange.session
    )
    params: object = message.get("params")
    if isinstance(params, dict):
        _note(call, cast("dict[str, Any]", params))
    if no_turn.left:
        call.fail("E_TIMEOUT")
    else:
        call.deny("E_LIMIT")
    return call


def _note(call: Call, params: Mapping[str, Any]) -> None:
    name, arguments = params.get("name"), params.get("arguments")
    call.tool = mask_name(name) if isinstance(name, str) else ""
    if isinstance(arguments, dict):
        given = cast("dict[str, Any]", arguments)
        call.arguments_digest = digest(given)
        call.arguments = {mask_name(key): mask_value(item) for key, item in given.items()}


def _nothing() -> None:
    """Do nothing: who leaves now ends no waiting."""
