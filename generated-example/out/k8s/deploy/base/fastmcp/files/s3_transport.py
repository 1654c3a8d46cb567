"""The HTTP of the S3 client with a cap: the driver reads an answer whole, whatever its size.

In: a client of the driver.
Out: the same client, a linked component end at a cap of bytes and never carry a compressed answer.
Must not know: MCP, links, or what is asked for.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from botocore.exceptions import BotoCoreError, HTTPClientError, ReadTimeoutError
from botocore.httpsession import URLLib3Session
from urllib3.exceptions import HTTPError
from urllib3.exceptions import ReadTimeoutError as SilenceError

# A page of 1000 keys of 1024 bytes, each escaped and with its facts, is below 4 MiB.
MAX_ANSWER_BYTES = 4 * 1024 * 1024
# That page has 12 tags an object; each becomes an object of Python.
MAX_TAGS = 40_000
MAX_SECONDS = 30.0
CHUNK_BYTES = 64 * 1024
FIRST_ERROR_STATUS = 300


class AnswerTooLargeError(BotoCoreError):
    """An answer that no call may keep in memory."""

    fmt = "the answer is too large"


class _Capped:
    """A raw answer that stops at a cap; everything else is the answer's own."""

    def __init__(self, raw: Any, address: str) -> None:
        self._raw = raw
        self._address = address
        self._left = MAX_ANSWER_BYTES
        self._deadline = time.monotonic() + MAX_SECONDS

    def __getattr__(self, name: str) -> Any:
        return getattr(self._raw, name)

    def stream(self, *_: Any, **__: Any) -> Iterator[bytes]:
        """Yield the answer piece by piece, as the driver asks for it."""
        try:
            while chunk := self.read(CHUNK_BYTES):
                yield chunk
        except SilenceError as error:
            raise ReadTimeoutError(endpoint_url=self._address, error=error) from error
        except HTTPError as error:
            raise HTTPClientError(error=error) from error

    def read(self, size: int | None = None, **_: Any) -> bytes:
        """Return at most so many bytes, as they were sent."""
        wanted = self._left + 1 if size is None else min(size, self._left + 1)
        data: bytes = self._raw.read(wanted, decode_content=False)
        self._left -= len(data)
        if self._left < 0:
            raise AnswerTooLargeError
        if time.monotonic() > self._deadline:
            raise ReadTimeoutError(endpoint_url=self._address)
        return data


def cap_answers(client: Any, config: Any, authority: str | None) -> None:
    """Send the client's requests here, where the size of an answer is kept in mind.

    A store that answers over TLS shows a certificate of this authority, or of one that all know.
    """
    # The path of a file as well, which is not what the signature says.
    verify: Any = authority or True
    session: Any = URLLib3Session(
        verify=verify,
        proxies={},
        timeout=(config.connect_timeout, config.read_timeout),
        max_pool_connections=config.max_pool_connections,
    )

    def send(request: Any, **_: Any) -> Any:
        streamed = request.stream_output
        # Otherwise the whole answer is read before anything can be said about it.
        request.stream_output = True
        answer = session.send(request)
        answer.raw = _Capped(answer.raw, request.url)
        if not streamed or answer.status_code >= FIRST_ERROR_STATUS:
            _ensure_light(answer.content)
        return answer

    client.meta.events.register("before-send.s3", send)


def _ensure_light(document: bytes) -> None:
    """Refuse a document that few bytes make large: many tags, or entities of its own."""
    if document.count(b"<") > MAX_TAGS or b"<!ENTITY" in document:
        raise AnswerTooLargeError
