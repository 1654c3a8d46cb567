"""One connection to NATS for one tool call, as the account of the link.

In: a link (host, port, authority, user, password), requests to JetStream's API.
Out: decoded answers and messages; every failure is a refusal in words of our own.
Must not know: MCP, tools, or how an answer is shown.

The server does not answer what an account may not ask: it says so beside, and that is waited for
together with the answer.
"""

from __future__ import annotations

import asyncio
import json
import ssl
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, cast

import nats
from nats.errors import AuthorizationError, Error, NoRespondersError, NoServersError

from stacktic_mcp.core.toolkit import Link, Refusal
from stacktic_mcp.lib.decoding import decode_json
from stacktic_mcp.lib.documents import at, count, ensure_object

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from nats.aio.client import Client
    from nats.aio.msg import Msg

    from stacktic_mcp.lib.documents import Facts

CONNECT_TIMEOUT_S = 3
ANSWER_TIMEOUT_S = 5.0
NOT_FOUND = 404
# What waits to be taken from a subject; the server's messages are 1 MB at most.
PENDING_MESSAGES = 200
PENDING_BYTES = 2 * 1024 * 1024


class Nats:
    """Asks, listens and publishes over a connection of its own."""

    def __init__(self, link: Link, client: Client, refusals: asyncio.Queue[str]) -> None:
        """Take an open connection; `connect` makes one."""
        self._link = link
        self._client = client
        self._refusals = refusals

    async def ask(self, request: str, body: Facts | None = None) -> Facts:
        """Return the answer of JetStream to a request about a stream."""
        answer = await self._answer(f"$JS.API.{request}", json.dumps(body or {}).encode())
        code = count(at(answer, "error", "code"))
        if code == NOT_FOUND:
            raise Refusal("E_NOT_FOUND", "there is no such stream, or no such message in it")
        if "error" in answer:
            hint = f"{self._link.component} refused the request (error {code})"
            raise Refusal("E_UNAVAILABLE", hint)
        return answer

    async def put(self, subject: str, value: bytes) -> Facts:
        """Publish to a stream and return the text of the message."""
        return await self._answer(subject, value)

    async def tell(self, subject: str, value: bytes) -> None:
        """Publish to whoever listens; nobody answers."""
        await self._client.publish(subject, value)
        await self._settle()
        if not self._refusals.empty():
            raise self._may_not()

    async def listen(self, subjects: list[str], seconds: float, limit: int) -> list[Msg]:
        """Return what arrives at subjects within a time, and no more than was asked for."""
        arrived: asyncio.Queue[Msg] = asyncio.Queue(limit)

        async def take(message: Msg) -> None:
            with suppress(asyncio.QueueFull):
                arrived.put_nowait(message)

        subscribe: Any = cast("Any", self._client).subscribe
        for subject in subjects:
            await subscribe(
                subject,
                cb=take,
                pending_msgs_limit=PENDING_MESSAGES,
                pending_bytes_limit=PENDING_BYTES,
            )
        await self._settle()
        found: list[Msg] = []
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while len(found) < limit and self._refusals.empty():
                    found.append(await arrived.get())
        if not self._refusals.empty():
            raise self._may_not()
        return found

    async def _settle(self) -> None:
        """Wait until the server has taken what was sent, and has said what it refuses of it.

        The client writes a flush's PING at once and what was sent before it a moment later, so the
        first answer says nothing of it; the second one does.
        """
        for _ in range(2):
            await self._client.flush(timeout=CONNECT_TIMEOUT_S)
        await asyncio.sleep(0)

    async def _answer(self, subject: str, body: bytes) -> Facts:
        asked = asyncio.ensure_future(self._client.request(subject, body, ANSWER_TIMEOUT_S))
        refused = asyncio.ensure_future(self._refusals.get())
        try:
            await asyncio.wait({asked, refused}, return_when=asyncio.FIRST_COMPLETED)
            if not asked.done():
                raise self._may_not()
            return ensure_object(decode_json((await asked).data))
        except ValueError as error:
            hint = f"{self._link.component} answered in a form that is not known"
            raise Refusal("E_UNAVAILABLE", hint) from error
        finally:
            for task in (asked, refused):
                task.cancel()
            await asyncio.gather(asked, refused, return_exceptions=True)

    def _may_not(self) -> Refusal:
        return Refusal("E_SCOPE", f"the account of this link on {self._link.component} may not")


@asynccontextmanager
async def connect(link: Link) -> AsyncGenerator[Nats]:
    """Open a connection and close it whatever happens; it is never made a second time."""
    refusals: asyncio.Queue[str] = asyncio.Queue()

    async def note(error: Exception) -> None:
        text = str(error).lower()
        if "permissions violation" in text or "authorization" in text:
            refusals.put_nowait(text)

    client = await _open(link, note)
    try:
        yield Nats(link, client, refusals)
    except (Error, OSError) as error:
        raise refusal_of(error, link) from error
    finally:
        with suppress(Error, OSError):
            await client.close()


async def _open(link: Link, note: Any) -> Client:
    authority = link.value("CA_FILE", "")
    host, port = link.value("HOST"), link.number("PORT", 4222)
    made: Any = cast("Any", nats).connect
    try:
        return await made(
            f"{'tls' if authority else 'nats'}://{host}:{port}",
            name="stacktic-mcp",
            user=link.value("USER"),
            password=link.secret("PASSWORD"),
            allow_reconnect=False,
            # Without these it tries a server that is away for two minutes, even the first time.
            max_reconnect_attempts=1,
            reconnect_time_wait=0,
            connect_timeout=CONNECT_TIMEOUT_S,
            error_cb=note,
            tls=ssl.create_default_context(cafile=authority) if authority else None,
            tls_hostname=host if authority else None,
        )
    except (Error, OSError) as error:
        raise refusal_of(error, link) from error


def refusal_of(error: Exception, link: Link) -> Refusal:
    """Translate a driver error; its text stays behind as the cause, for the log."""
    if isinstance(error, AuthorizationError) or "authorization" in str(error).lower():
        hint = f"the credential {link.env}_PASSWORD was refused by {link.component}"
        return Refusal("E_UNAVAILABLE", hint)
    if isinstance(error, NoRespondersError):
        hint = f"nobody at {link.component} answers: the stream is not there, or has no leader"
        return Refusal("E_NOT_FOUND", hint)
    if isinstance(error, TimeoutError) and not isinstance(error, NoServersError):
        return Refusal("E_TIMEOUT", f"{link.component} did not answer in time")
    return Refusal("E_UNAVAILABLE", f"{link.component} is away")
