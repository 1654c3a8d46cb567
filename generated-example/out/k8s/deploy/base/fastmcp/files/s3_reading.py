"""Parts of S3 objects as bounded text or base64, and rows about objects.

In: a link, a bucket, a checked key, a part of the object.
Out: plain JSON values.
Must not know: MCP or how the store is spoken to.
"""

import base64
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from s3_client import call
from toolkit import Link, Refusal


@dataclass(frozen=True)
class Part:
    """Some bytes of an object and what is known about the whole."""

    raw: bytes
    total_bytes: int
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
            if head["ContentLength"] == 0:
                return Part(b"", 0, object_facts(head))
        raise
    return Part(cast("bytes", answer["Body"]), _total(answer), object_facts(answer))


def _total(answer: dict[str, Any]) -> int:
    """Return the size of the whole: `bytes 0-99/1234` says it, a whole answer is it."""
    _, _, total = str(answer.get("ContentRange", "")).rpartition("/")
    return int(total) if total.isdigit() else int(answer["ContentLength"])


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


def shown(raw: bytes) -> dict[str, str]:
    """Return bytes as text where they are text, else as base64."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return {"encoding": "base64", "value": base64.b64encode(raw).decode("ascii")}
    # Control characters take six characters each in JSON, more than base64 does.
    if len(json.dumps(text, ensure_ascii=False)) > 2 + len(text) * 3 // 2:
        return {"encoding": "base64", "value": base64.b64encode(raw).decode("ascii")}
    return {"encoding": "utf-8", "value": text}


def whole_characters(raw: bytes) -> bytes:
    """Drop the start of a character that the end of a part has cut, if the rest is text."""
    for cut in range(min(4, len(raw))):
        head = raw[: len(raw) - cut]
        try:
            head.decode("utf-8")
        except UnicodeDecodeError:
            continue
        return head
    return raw
