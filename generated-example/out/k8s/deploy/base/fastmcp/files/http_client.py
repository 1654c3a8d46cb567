"""HTTP for tools: one fixed origin a link, encoded path segments, capped answers.

In: a link, path segments and parameters that a tool made.
Out: JSON or text of a successful answer; everything else is a `Refusal`.
Must not know: which API it speaks to. It follows no redirect, uses no proxy of the
environment, keeps no cookie, and hands no error text of a backend to a caller.

An answer is read up to its cap and no further. It is asked for uncompressed, since a few bytes
can become any number of them, and one that is compressed all the same is not unpacked.
"""

from __future__ import annotations

import asyncio
import json
import logging
import ssl
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any
from urllib.parse import quote
from weakref import WeakKeyDictionary

import httpx

from stacktic_mcp.lib.decoding import decode_json
from stacktic_mcp.lib.links import Link
from stacktic_mcp.lib.refusal import Refusal

CONNECT_TIMEOUT_SECONDS = 3.0
READ_TIMEOUT_SECONDS = 30.0
MAX_RESPONSE_BYTES = 4 * 1024 * 1024
MAX_ERROR_BYTES = 64 * 1024
MAX_LOGGED_BYTES = 2048
SCHEMES = ("http", "https")
NOT_LET_IN = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})
TOO_LATE = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.GATEWAY_TIMEOUT})

Params = Mapping[str, Any] | Sequence[tuple[str, Any]]
ErrorHint = Callable[[int, bytes], str | None]

logger = logging.getLogger("stacktic.http")

# One pool a running event loop: a pool must not outlive the loop it was made in.
_clients: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, httpx.AsyncClient]] = (
    WeakKeyDictionary()
)


@dataclass(frozen=True)
class Reply:
    """A successful answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Http:
    """A client for the one origin that a link names."""

    def __init__(
        self,
        link: Link,
        *,
        headers: Callable[[], dict[str, str]] | None = None,
        auth: httpx.Auth | tuple[str, str] | None = None,
        base_path: str = "",
        credential: str | None = None,
        error_hint: ErrorHint | None = None,
        max_bytes: int = MAX_RESPONSE_BYTES,
    ) -> None:
        """`base_path` is a constant of the tool file; `credential` the suffix of its secret."""
        self.link = link
        self._headers = headers
        self._auth = auth
        self._base_path = base_path.rstrip("/")
        self._credential = credential
        self._error_hint = error_hint
        self._max_bytes = max_bytes

    async def get_json(
        self,
        path_segments: Sequence[str],
        params: Params = (),
        *,
        error_hint: ErrorHint | None = None,
    ) -> Any:
        """Return the decoded JSON of a GET."""
        reply = await self.request("GET", path_segments, params=params, error_hint=error_hint)
        return self._decoded(reply)

    async def get_text(
        self,
        path_segments: Sequence[str],
        params: Params = (),
        *,
        error_hint: ErrorHint | None = None,
    ) -> str:
        """Return the text of a GET."""
        reply = await self.request("GET", path_segments, params=params, error_hint=error_hint)
        return reply.body.decode("utf-8", "replace")

    async def send_json(
        self,
        method: str,
        path_segments: Sequence[str],
        body: Any = None,
        params: Params = (),
        *,
        error_hint: ErrorHint | None = None,
    ) -> Any:
        """Send a JSON body and return the decoded JSON, `None` for an empty answer."""
        content = b"" if body is None else json.dumps(body, ensure_ascii=False).encode()
        reply = await self.request(
            method,
            path_segments,
            params=params,
            content=content,
            content_type="application/json",
            error_hint=error_hint,
        )
        return self._decoded(reply) if reply.body.strip() else None

    async def request(
        self,
        method: str,
        path_segments: Sequence[str],
        *,
        params: Params = (),
        content: bytes = b"",
        content_type: str | None = None,
        error_hint: ErrorHint | None = None,
    ) -> Reply:
        """Send one request; the answer is a success, or a refusal is raised."""
        status, reply_headers, body = await self._exchange(
            method,
            self.url(path_segments),
            params=params,
            content=content,
            content_type=content_type,
        )
        if not httpx.codes.is_success(status):
            raise self.refusal(status, body, error_hint or self._error_hint)
        return Reply(status, reply_headers, body)

    def url(self, path_segments: Sequence[str]) -> str:
        """Return the address that a request goes to."""
        scheme = self.link.value("SCHEME", "http")
        if scheme not in SCHEMES:
            hint = f"the setting {self.link.env}_SCHEME is neither http nor https"
            raise Refusal("E_UNAVAILABLE", hint)
        origin = f"{scheme}://{self.link.value('HOST')}:{self.link.number('PORT')}"
        return f"{origin}{self._base_path}/{'/'.join(map(encode_segment, path_segments))}"

    @asynccontextmanager
    async def stream(
        self,
        method: str,
        url: str,
        *,
        params: Params = (),
        content: bytes = b"",
        content_type: str | None = None,
    ) -> AsyncGenerator[httpx.Response]:
        """Send one request; its answer is read by the caller, as far as that wants to.

        What goes wrong on the way is a refusal, also while the answer is read.
        """
        headers = {"accept": "application/json", "accept-encoding": "identity"}
        headers |= self._headers() if self._headers else {}
        if content_type is not None and content:
            headers["content-type"] = content_type
        try:
            async with self._client().stream(
                method,
                url,
                params=httpx.QueryParams(_pairs(params)) or None,
                content=content or None,
                headers=headers,
                auth=self._auth,
            ) as response:
                if response.headers.get("content-encoding", "identity") != "identity":
                    hint = f"{self.link.component} answered compressed, unasked"
                    raise Refusal("E_UNAVAILABLE", hint)
                yield response
        except httpx.TimeoutException as error:
            self.log(error)
            hint = f"{self.link.component} did not answer in time"
            raise Refusal("E_TIMEOUT", hint) from None
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            self.log(error)
            raise self._away() from None

    async def _exchange(
        self, method: str, url: str, **sent: Any
    ) -> tuple[int, Mapping[str, str], bytes]:
        async with self.stream(method, url, **sent) as response:
            body = await self._body(response)
            return response.status_code, response.headers, body

    async def _body(self, response: httpx.Response) -> bytes:
        """Read a success up to the cap of answers, an error up to that of errors."""
        cap = self._max_bytes if response.is_success else MAX_ERROR_BYTES
        body = bytearray()
        async for chunk in response.aiter_raw():
            body += chunk[: cap + 1 - len(body)]
            if len(body) > cap:
                break
        if len(body) > cap and response.is_success:
            hint = f"{self.link.component} answered with too much; ask for less"
            raise Refusal("E_LIMIT", hint)
        return bytes(body[:cap])

    def _client(self) -> httpx.AsyncClient:
        clients = _clients.setdefault(asyncio.get_running_loop(), {})
        authority = self.link.authority() or ""
        kind = f"{self.link.value('SCHEME', 'http')} {authority}"
        if kind not in clients:
            clients[kind] = _new_client(kind.startswith("https"), authority)
        return clients[kind]

    def _decoded(self, reply: Reply) -> Any:
        try:
            return decode_json(reply.body)
        except ValueError as error:
            self.log(error)
            hint = f"{self.link.component} did not answer with JSON"
            raise Refusal("E_UNAVAILABLE", hint) from None

    def refusal(self, status: int, body: bytes, error_hint: ErrorHint | None) -> Refusal:
        """Return what an answer that is no success means to a caller."""
        text = body[:MAX_LOGGED_BYTES].decode("utf-8", "replace")
        logger.warning(
            "%s answered %d: %s",
            self.link.component,
            status,
            self.link.redact(text),
        )
        fact = error_hint(status, body) if error_hint else None
        return self._refusal_of_status(status, fact)

    def _refusal_of_status(self, status: int, fact: str | None) -> Refusal:
        name = self.link.component
        if status in NOT_LET_IN:
            return Refusal("E_UNAVAILABLE", fact or self._not_let_in())
        if status == HTTPStatus.NOT_FOUND:
            return Refusal("E_NOT_FOUND", fact or f"{name} does not know this")
        if status in TOO_LATE:
            return Refusal("E_TIMEOUT", fact or f"{name} did not answer in time")
        if status == HTTPStatus.CONFLICT:
            return Refusal("E_CONFLICT", fact or f"{name} holds another state")
        if httpx.codes.is_client_error(status) and status != HTTPStatus.TOO_MANY_REQUESTS:
            return Refusal("E_ARG", fact or f"{name} refused the arguments")
        return Refusal("E_UNAVAILABLE", fact) if fact else self._away()

    def _not_let_in(self) -> str:
        if self._credential is None:
            return f"{self.link.component} asks for a credential, and a link to it has none"
        return f"the credential {self.link.env}_{self._credential} was refused"

    def _away(self) -> Refusal:
        hint = f"{self.link.component} is away"
        return Refusal("E_UNAVAILABLE", hint)

    def log(self, error: Exception) -> None:
        """Put an error of the driver or the backend into the server's log, without secrets."""
        text = self.link.redact(f"{type(error).__name__}: {error}")
        logger.warning("%s: %s", self.link.component, text)


def encode_segment(segment: str) -> str:
    """Encode one path segment, so that it can be nothing but one segment."""
    if segment in {"", ".", ".."}:
        raise Refusal("E_ARG", "a name is empty or made of dots only")
    return quote(segment, safe="", errors="replace")


def _pairs(params: Params) -> list[tuple[str, Any]]:
    items = params.items() if isinstance(params, Mapping) else params
    return [(name, value) for name, value in items if value is not None]


def _new_client(secure: bool, authority: str) -> httpx.AsyncClient:
    context = ssl.create_default_context(cafile=authority or None) if secure else False
    no_cookies = CookieJar(policy=DefaultCookiePolicy(allowed_domains=[]))
    return httpx.AsyncClient(
        verify=context,
        trust_env=False,
        follow_redirects=False,
        cookies=no_cookies,
        timeout=httpx.Timeout(READ_TIMEOUT_SECONDS, connect=CONNECT_TIMEOUT_SECONDS),
        limits=httpx.Limits(max_connections=64, max_keepalive_connections=16),
    )
