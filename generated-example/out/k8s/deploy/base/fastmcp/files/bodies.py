"""The body of a request: read within its limits, and read in one way only.

In: an ASGI request of a known key.
Out: the bytes and the one JSON-RPC message in them, or a `Stop`.
Must not know: sessions, tools, or who asks.

Two habits of plain `curl` are let through, because a key was shown and no browser sends
them without an `Origin` header: its default content type, and an `initialize` without
`capabilities`.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NoReturn, cast

if TYPE_CHECKING:
    from starlette.types import Receive, Scope

MAX_BODY_BYTES = 1024 * 1024
BODY_SECONDS = 10.0
MAX_NOTED_CHARACTERS = 64
PARSE_ERROR = -32700
INVALID_REQUEST = -32600
CURL_CONTENT_TYPES = (b"", b"application/x-www-form-urlencoded")


@dataclass(eq=False)
class Stop(Exception):  # noqa: N818 -- a decision, not a fault
    """A request that goes no further; `json_rpc` is its code where the message is at fault."""

    status: int
    code: str
    hint: str
    json_rpc: int | None = None
    # What `WWW-Authenticate` asks for.
    challenge: str = ""

    def body(self) -> dict[str, Any]:
        """Return what the caller gets to read."""
        if self.json_rpc is None:
            return {"error": {"code": self.code, "hint": self.hint}}
        error = {"code": self.json_rpc, "message": f"{self.code}: {self.hint}"}
        return {"jsonrpc": "2.0", "id": None, "error": error}


@dataclass(frozen=True)
class Body:
    """A body, and the message in it where it is one JSON object."""

    raw: bytes
    message: dict[str, Any]

    @property
    def opens_session(self) -> bool:
        """Tell whether this is the first message of a session."""
        return self.message.get("method") == "initialize"

    @property
    def awaits_answer(self) -> bool:
        """Tell whether this is a request, and no message that only tells something."""
        number: object = self.message.get("id")
        is_id = isinstance(number, (int, str)) and not isinstance(number, bool)
        return is_id and isinstance(self.message.get("method"), str)

    @property
    def request_id(self) -> str | None:
        """Return the id under which the answer is awaited; 7 and "7" are one, as in the SDK."""
        return _id_text(self.message.get("id")) if "method" in self.message else None

    @property
    def cancelled_id(self) -> str | None:
        """Return the id of the request that this message calls back."""
        params: object = self.message.get("params")
        if self.message.get("method") != "notifications/cancelled" or not isinstance(params, dict):
            return None
        return _id_text(cast("dict[str, Any]", params).get("requestId"))


def _id_text(number: object) -> str | None:
    if not isinstance(number, (int, str)):
        return None
    try:
        return str(int(number))
    except ValueError:
        return str(number)


async def read_body(scope: Scope, receive: Receive) -> Body:
    """Read the whole body; `curl` gets what it left out."""
    raw = await _read(scope, receive)
    if scope["method"] != "POST":
        return Body(raw, {})
    body = Body(raw, _parse(raw))
    return body if headers_of(scope, b"origin") else _accept_curl(scope, body)


def headers_of(scope: Scope, name: bytes) -> list[bytes]:
    """Return all values of a header."""
    return [value for key, value in scope["headers"] if key == name]


def header_of(scope: Scope, name: bytes) -> str:
    """Return the first value of a header, short enough to be noted."""
    values = headers_of(scope, name)
    return values[0].decode("latin-1")[:MAX_NOTED_CHARACTERS] if values else ""


async def _read(scope: Scope, receive: Receive) -> bytes:
    declared = header_of(scope, b"content-length")
    if declared.isdigit() and int(declared) > MAX_BODY_BYTES:
        raise Stop(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "E_LIMIT", "a request body is at most 1 MiB"
        )
    chunks: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            more = True
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise Stop(HTTPStatus.BAD_REQUEST, "E_ARG", "the request body ended early")
                chunk = message.get("body", b"")
                size += len(chunk)
                if size > MAX_BODY_BYTES:
                    raise Stop(
                        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                        "E_LIMIT",
                        "a request body is at most 1 MiB",
                    )
                chunks.append(chunk)
                more = message.get("more_body", False)
    except TimeoutError:
        raise Stop(
            HTTPStatus.REQUEST_TIMEOUT, "E_TIMEOUT", "the request body came too slowly"
        ) from None
    return b"".join(chunks)


def _parse(raw: bytes) -> dict[str, Any]:
    """Read JSON as every reader reads it: in UTF-8, each key once, no word that is no number."""
    try:
        message: object = json.loads(
            raw.decode("utf-8"), object_pairs_hook=_object, parse_constant=_refuse_constant
        )
    except (ValueError, RecursionError):
        raise Stop(
            HTTPStatus.BAD_REQUEST, "E_ARG", "the request body is not JSON", PARSE_ERROR
        ) from None
    # A list is the protocol layer's to refuse.
    return cast("dict[str, Any]", message) if isinstance(message, dict) else {}


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Stop(
            HTTPStatus.BAD_REQUEST,
            "E_ARG",
            "an object of the request body names a key twice",
            PARSE_ERROR,
        )
    return found


def _refuse_constant(word: str) -> NoReturn:
    raise ValueError(word)


def _accept_curl(scope: Scope, body: Body) -> Body:
    """Read curl's default content type as JSON, and give `initialize` its missing field."""
    content_type = header_of(scope, b"content-type").encode("latin-1")
    if content_type in CURL_CONTENT_TYPES:
        kept = [item for item in scope["headers"] if item[0] != b"content-type"]
        scope["headers"] = [*kept, (b"content-type", b"application/json")]
    if not headers_of(scope, b"accept"):
        # No header means that anything is accepted.
        scope["headers"] = [*scope["headers"], (b"accept", b"*/*")]
    return _with_capabilities(body)


def _with_capabilities(body: Body) -> Body:
    params: object = body.message.get("params")
    if not body.opens_session or not isinstance(params, dict) or "capabilities" in params:
        return body
    given: dict[str, Any] = {**cast("dict[str, Any]", params), "capabilities": {}}
    message: dict[str, Any] = {**body.message, "params": given}
    return Body(json.dumps(message).encode("utf-8"), message)
