"""Writes of S3: an object is stored, or deleted while its tag is still the known one.

In: a link that may be written to, and checked arguments.
Out: what was done, or would be.
Must not know: MCP, or how the store is spoken to.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

from stacktic_mcp.core.toolkit import Answer, Link, Refusal
from stacktic_mcp.lib.documents import count
from stacktic_mcp.tools.s3.s3_client import call
from stacktic_mcp.tools.s3.s3_reading import etag_of

MAX_OBJECT_BYTES = 1024 * 1024
MAX_CONTENT_CHARACTERS = 4 * MAX_OBJECT_BYTES // 3 + 4


def content_bytes(content: str, encoding: str) -> bytes:
    """Return the bytes that a caller sent."""
    try:
        raw = content.encode() if encoding == "utf-8" else base64.b64decode(content, validate=True)
    except (UnicodeEncodeError, binascii.Error) as error:
        raise Refusal("E_ARG", f"the content is not {encoding}") from error
    if len(raw) > MAX_OBJECT_BYTES:
        raise Refusal("E_LIMIT", f"an object stored here has at most {MAX_OBJECT_BYTES} bytes")
    return raw


async def _head(link: Link, target: dict[str, Any]) -> dict[str, Any] | None:
    try:
        return await call(link, "head_object", **target)
    except Refusal as refusal:
        if refusal.code == "E_NOT_FOUND":
            return None
        raise


async def put_object(
    link: Link,
    target: dict[str, Any],
    raw: bytes,
    content_type: str,
    *,
    only_new: bool,
    dry_run: bool,
) -> Answer:
    """Store an object, or say what would be done."""
    before = await _head(link, target)
    if only_new and before is not None:
        raise Refusal("E_CONFLICT", "there is an object with this key; if_none_match refuses it")
    tag = None
    if not dry_run:
        condition: dict[str, Any] = {"IfNoneMatch": "*"} if only_new else {}
        answer = await call(
            link, "put_object", **target, Body=raw, ContentType=content_type, **condition
        )
        tag = etag_of(answer)
    effect = "created" if before is None else "replaced"
    data = {"bucket": target["Bucket"], "key": target["Key"], "bytes": len(raw), "etag": tag}
    return Answer({**data, "effect": effect, "dry_run": dry_run})


async def delete_object(link: Link, target: dict[str, Any], tag: str, *, dry_run: bool) -> Answer:
    """Delete an object while its tag is the known one, or say what would be done."""
    before = await _head(link, target)
    if before is None:
        raise Refusal("E_NOT_FOUND", "there is no such object")
    if etag_of(before) != tag:
        raise Refusal("E_CONFLICT", "the object has another tag by now")
    if not dry_run:
        await call(link, "delete_object", **target, IfMatch=f'"{tag}"')
    data = {
        "bucket": target["Bucket"],
        "key": target["Key"],
        "bytes": count(before.get("ContentLength")),
    }
    return Answer({**data, "effect": "deleted", "dry_run": dry_run})
