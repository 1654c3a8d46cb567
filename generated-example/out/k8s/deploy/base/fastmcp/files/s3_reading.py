"""Parts of S3 objects as bounded text or base64, and rows about objects.

In: a link, a bucket, a checked key, a part of the object.
Out: plain JSON values.
Must not know: MCP or how the store is spoken to.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from stacktic_mcp.core.toolkit import Link, Refusal
from stacktic_mcp.lib.documents import count
from stacktic_mcp.tools.s3.s3_client import call


@dataclass(frozen=True)
class Part:
    """Some bytes of an object and what is known about the whole."""

    raw: bytes
    total_bytes: int | None
    facts: dict[str, Any]


async def read_part(link: Link, bucket: str, key: str, offset: int, length: int) -> Part:
    """Return at most `length` bytes; a range is always sent, so nothing else is transferred."""
    target: dict[str, Any] = {"Bucket": bucket, "Key": key}
    span = f"bytes={offset}-{offset + length - 1}"
    try:
        answer = await call(link, "get_object", **target, Range=span, max_bytes=length)
    except Refusal as refusal:
        if refusal.code == "E_ARG" and offset == 0:
            # No range lies within an empty object: the store refuses each of them.
            head = await call(link, "head_object", **target)
            if head.get("ContentLength") == 0:
                return Part(b"", 0, object_facts(head))
        raise
    raw, total = cast("bytes", answer["Body"]), _total(answer, offset)
    return Part(raw[:length], total, object_facts(answer))


def _total(answer: dict[str, Any], offset: int) -> int | None:
    """Return the size of the whole, if it is told; refuse another part than was asked for.

    `bytes 0-99/1234` tells it, `bytes 0-99/*` does not; an answer without a range is the whole.
    """
    told = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", str(answer.get("ContentRange", "")))
    if int(told[1]) != offset if told else offset != 0:
        raise Refusal("E_UNAVAILABLE", "the store sent another part than the one asked for")
    if told:
        return int(told[2]) if told[2].isdigit() else None
    return count(answer.get("ContentLength"))


def object_facts(answer: dict[str, Any]) -> dict[str, Any]:
    """Return type, tag and time of an object."""
    return {
        "content_type": answer.get("ContentType"),
        "etag": etag_of(answer),
        "last_modified": moment(answer.get("LastModified")),
    }


def etag_of(answer: dict[str, Any]) -> str:
    """Return the tag without the quotes that HTTP puts round it."""
    return str(answer.get("ETag", "")).strip('"')


def moment(value: Any) -> str | None:
    """Return a time as text."""
    return value.isoformat() if isinstance(value, datetime) else None
