"""The S3 client of a link, and the fence round object keys.

In: a link (host, port, key pair, buckets) and the name of an S3 operation with its parameters.
Out: the decoded answer; every failure is a refusal in words of our own.
Must not know: MCP, tools, or how an answer is shown.
"""

import asyncio
import unicodedata
from typing import Any, cast
from urllib.parse import unquote
from weakref import WeakKeyDictionary

from boto3.session import Session
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    ReadTimeoutError,
)

from stacktic_mcp.core.toolkit import Code, Link, Refusal
from stacktic_mcp.tools.s3.s3_transport import AnswerTooLargeError, cap_answers

CONNECT_TIMEOUT_S = 3
READ_TIMEOUT_S = 8
MAX_DECODINGS = 8
MAX_KEY_BYTES = 1024
SERVER_TROUBLE = 500
# SeaweedFS has no regions; the signature needs some name.
REGION = "us-east-1"
# Enough to see that an identity is not the one of its link.
TRIED_BUCKETS = 8
NOBODY = "stacktic-rights"
DENIED = {"AccessDenied", "403"}

BAD_CREDENTIALS = {"InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidAccessKey"}
CODES: dict[str, tuple[Code, str]] = {
    "NoSuchKey": ("E_NOT_FOUND", "there is no such object"),
    "NoSuchBucket": ("E_NOT_FOUND", "there is no such bucket"),
    "404": ("E_NOT_FOUND", "there is no such object"),
    "PreconditionFailed": ("E_CONFLICT", "the object is not in the state that was asked for"),
    "412": ("E_CONFLICT", "the object is not in the state that was asked for"),
    "ConditionalRequestConflict": ("E_CONFLICT", "the object changes at this moment"),
    "InvalidRange": ("E_ARG", "the offset is behind the end of the object"),
    "416": ("E_ARG", "the offset is behind the end of the object"),
    "RequestTimeout": ("E_TIMEOUT", "the store did not answer in time"),
}

# A client is made once a link and pair of keys: it reads its own service description from disk.
_clients: WeakKeyDictionary[Link, tuple[tuple[str, str], Any]] = WeakKeyDictionary()


async def call(
    link: Link, operation: str, *, max_bytes: int = 0, **parameters: Any
) -> dict[str, Any]:
    """Run one S3 operation in a thread and return its answer, at most `max_bytes` of a body."""
    try:
        return await asyncio.to_thread(_call, link, operation, max_bytes, parameters)
    except ClientError as error:
        raise refusal_of(link, error) from error
    except (ConnectTimeoutError, ReadTimeoutError) as error:
        raise Refusal("E_TIMEOUT", f"{link.component} did not answer in time") from error
    except (EndpointConnectionError, HTTPClientError) as error:
        raise Refusal("E_UNAVAILABLE", f"{link.component} is away") from error
    except AnswerTooLargeError as error:
        raise Refusal("E_LIMIT", f"{link.component} answered with too much") from error
    except BotoCoreError as error:
        raise Refusal("E_UNAVAILABLE", f"{link.component} could not be asked") from error


async def wider(link: Link) -> list[str]:
    """Return what the identity may do beyond the linked buckets and the level of its link.

    A store tells nobody what they may do. To abort an upload that nobody began takes the right to
    write, and changes nothing; a store lists the buckets that it lets somebody into.
    """
    linked = link.enums.get("buckets", ())[:TRIED_BUCKETS]
    found: list[str] = []
    if not link.writable:
        upload = {"Key": NOBODY, "UploadId": NOBODY}
        tried = [
            await _may(link, "abort_multipart_upload", Bucket=name, **upload) for name in linked
        ]
        found += ["it may write to a linked bucket"] * any(tried)
    if await _may(link, "list_buckets"):
        listed: list[dict[str, Any]] = (await call(link, "list_buckets")).get("Buckets") or []
        names = [str(one.get("Name")) for one in listed]
        foreign = [name for name in names if name not in link.enums.get("buckets", ())]
        reached = [
            await _may(link, "list_objects_v2", Bucket=name, MaxKeys=1)
            for name in foreign[:TRIED_BUCKETS]
        ]
        found += ["it reads buckets that are not linked"] * any(reached)
    return found


async def _may(link: Link, operation: str, **parameters: Any) -> bool:
    """Tell whether an operation is let in, whatever comes of it."""
    try:
        await asyncio.to_thread(_call, link, operation, 0, parameters)
    except ClientError as error:
        code = error_code(error)
        status = cast("dict[str, Any]", error.response)["ResponseMetadata"]["HTTPStatusCode"]
        if code in BAD_CREDENTIALS or status >= SERVER_TROUBLE:
            raise refusal_of(link, error) from error
        return code not in DENIED and code != "NoSuchBucket"
    except BotoCoreError as error:
        raise Refusal("E_UNAVAILABLE", f"{link.component} is away") from error
    return True


def _call(link: Link, operation: str, max_bytes: int, parameters: dict[str, Any]) -> dict[str, Any]:
    answer = cast("dict[str, Any]", getattr(_client(link), operation)(**parameters))
    body = answer.get("Body")
    if body is not None:
        # The limit holds whatever the store sends for the range it was asked for.
        with body:
            answer["Body"] = body.read(max_bytes)
    return answer


def _client(link: Link) -> Any:
    """Return the client of a link; keys that were replaced need another."""
    keys = (link.secret("ACCESS_KEY"), link.secret("SECRET_KEY"))
    known = _clients.get(link)
    if known is None or known[0] != keys:
        known = _clients[link] = (keys, _new_client(link))
    return known[1]


def _new_client(link: Link) -> Any:
    origin = f"{link.value('SCHEME', 'http')}://{link.value('HOST')}:{link.number('PORT')}"
    config = Config(
        signature_version="s3v4",
        s3={"addressing_style": "path"},
        connect_timeout=CONNECT_TIMEOUT_S,
        read_timeout=READ_TIMEOUT_S,
        retries={"total_max_attempts": 1},
        proxies={},  # none, also when the environment names some
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    session = cast("Any", Session)(
        aws_access_key_id=link.secret("ACCESS_KEY"),
        aws_secret_access_key=link.secret("SECRET_KEY"),
        region_name=REGION,
    )
    client = session.client("s3", endpoint_url=origin, config=config)
    cap_answers(client, config, link.authority())
    return client


def refusal_of(link: Link, error: ClientError) -> Refusal:
    """Translate the store's error code; its text stays behind as the cause, for the log."""
    code = error_code(error)
    if code in BAD_CREDENTIALS:
        return Refusal("E_UNAVAILABLE", f"the credential {link.env}_SECRET_KEY was refused")
    if code in DENIED:
        hint = f"the identity of this link on {link.component} lacks a grant it needs"
        return Refusal("E_UNAVAILABLE", hint)
    known = CODES.get(code)
    return Refusal(*known) if known else Refusal("E_UNAVAILABLE", f"{link.component} is away")


def error_code(error: ClientError) -> str:
    """Return the store's code of an error."""
    details = cast("dict[str, Any]", error.response)
    return str(details.get("Error", {}).get("Code", ""))


def ensure_key(key: str) -> None:
    """Refuse a key or prefix that some decoder on the way could read as another path."""
    if len(key.encode("utf-8", "replace")) > MAX_KEY_BYTES:
        raise Refusal("E_ARG", f"a key has at most {MAX_KEY_BYTES} bytes")
    for reading in _readings(key):
        if any(segment in {".", ".."} for segment in reading.split("/")):
            raise Refusal("E_ARG", "a segment of the key is made of dots only")
        if "\\" in reading or any(unicodedata.category(sign) in {"Cc", "Cs"} for sign in reading):
            raise Refusal("E_ARG", "the key holds a backslash or a control character")


def _readings(key: str) -> list[str]:
    """Return the key as it is, percent-decoded until it stays the same, and each normalised."""
    readings = [key]
    while (decoded := unquote(readings[-1], errors="replace")) != readings[-1]:
        if len(readings) > MAX_DECODINGS:
            raise Refusal("E_ARG", "the key is encoded too often")
        readings.append(decoded)
    return readings + [unicodedata.normalize("NFKC", reading) for reading in readings]
