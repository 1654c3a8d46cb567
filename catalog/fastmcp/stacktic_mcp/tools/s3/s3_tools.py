"""S3 tools: objects of the linked buckets, in parts and in pages.

In: a link and checked arguments.
Out: bounded answers; a range is sent with every read.
Must not know: the S3 protocol, or other links. No tool makes a presigned address.
"""

import base64
import binascii
import heapq
import time
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, cast

from pydantic import Field

from stacktic_mcp.core.toolkit import Answer, Choice, Link, Position, Refusal, Toolset
from stacktic_mcp.lib.decoding import encoded, whole_characters
from stacktic_mcp.lib.documents import count
from stacktic_mcp.tools.s3.s3_client import call, ensure_key, wider
from stacktic_mcp.tools.s3.s3_reading import Part, etag_of, moment, object_facts, read_part

MAX_WHOLE_PART = 128 * 1024
MAX_OBJECT_BYTES = 1024 * 1024
MAX_CONTENT_CHARACTERS = 4 * MAX_OBJECT_BYTES // 3 + 4
PAGE_KEYS = 1000
STATS_SECONDS = 8.0
LARGEST = 5

KEY_PATTERN = r"^[^\x00-\x1f\x7f\\]+$"
Bucket = Annotated[str, Choice("buckets")]
Key = Annotated[str, Field(min_length=1, max_length=1024, pattern=KEY_PATTERN)]
KeyPrefix = Annotated[str, Field(max_length=1024, pattern=r"^[^\x00-\x1f\x7f\\]*$")]
Offset = Annotated[int, Field(ge=0, le=2**43)]
Length = Annotated[int, Field(ge=1, le=65536)]
Tag = Annotated[str, Field(min_length=1, max_length=128, pattern=r'^[^\x00-\x1f\x7f"]+$')]
ContentType = Annotated[
    str, Field(max_length=100, pattern=r"^[a-z]+/[A-Za-z0-9.+-]+(; charset=utf-8)?$")
]


def register(tools: Toolset) -> None:
    """Register the tools of the S3 links."""
    tools.rights(wider)
    _register_lists(tools)
    _register_objects(tools)
    if tools.write_access:
        _register_writes(tools)


def _register_lists(tools: Toolset) -> None:
    @tools.read
    async def s3_list_buckets(link: Link) -> Answer:
        """Return the linked buckets, and whether each exists and this identity may list it."""
        return await _list_buckets(link)

    @tools.read
    async def s3_list_objects(
        link: Link,
        bucket: Bucket,
        prefix: KeyPrefix = "",
        limit: Annotated[int, Field(ge=1, le=1000)] = 100,
        cursor: Position = None,
    ) -> Answer:
        """Return objects of a bucket in the order of their keys."""
        return await _list_objects(link, bucket, prefix, limit, cursor)

    @tools.read(timeout_s=20)
    async def s3_bucket_stats(
        link: Link,
        bucket: Bucket,
        prefix: KeyPrefix = "",
        max_objects: Annotated[int, Field(ge=1, le=10000)] = 1000,
    ) -> Answer:
        """Return number, size, age and the largest of the objects of a bucket or prefix."""
        return await _bucket_stats(link, bucket, prefix, max_objects)


def _register_objects(tools: Toolset) -> None:
    @tools.read(budget_bytes=MAX_WHOLE_PART, cell_bytes=MAX_WHOLE_PART)
    async def s3_get_object(
        link: Link, bucket: Bucket, key: Key, offset: Offset = 0, length: Length = 16384
    ) -> Answer:
        """Return a part of an object as text, or as base64 when it is not text."""
        ensure_key(key)
        return await _get_object(link, bucket, key, offset, length)

    @tools.read(budget_bytes=MAX_WHOLE_PART, cell_bytes=MAX_WHOLE_PART)
    async def s3_read_text(
        link: Link, bucket: Bucket, key: Key, offset: Offset = 0, length: Length = 16384
    ) -> Answer:
        """Return a part of a UTF-8 text object; an object that is not text is refused."""
        ensure_key(key)
        return await _read_text(link, bucket, key, offset, length)

    @tools.read
    async def s3_head_object(link: Link, bucket: Bucket, key: Key) -> Answer:
        """Return size, type, tag, time and user metadata of an object."""
        ensure_key(key)
        head = await call(link, "head_object", Bucket=bucket, Key=key)
        facts = {"bytes": count(head.get("ContentLength")), **object_facts(head)}
        return Answer({"bucket": bucket, "key": key, **facts, "metadata": head.get("Metadata", {})})


def _register_writes(tools: Toolset) -> None:
    @tools.write(destructive=True, idempotent=True, timeout_s=20)
    async def s3_put_object(
        link: Link,
        bucket: Bucket,
        key: Key,
        content: Annotated[str, Field(max_length=MAX_CONTENT_CHARACTERS)],
        encoding: Literal["utf-8", "base64"] = "utf-8",
        content_type: ContentType = "text/plain; charset=utf-8",
        if_none_match: bool = True,
        dry_run: bool = True,
    ) -> Answer:
        """Store an object; unless if_none_match is false, only where none is yet."""
        ensure_key(key)
        raw = _content(content, encoding)
        target = {"Bucket": bucket, "Key": key}
        return await _put(link, target, raw, content_type, only_new=if_none_match, dry_run=dry_run)

    @tools.write(destructive=True, idempotent=True)
    async def s3_delete_object(
        link: Link, bucket: Bucket, key: Key, if_match: Tag, dry_run: bool = True
    ) -> Answer:
        """Delete one object, if its tag is still the given one."""
        ensure_key(key)
        return await _delete(link, {"Bucket": bucket, "Key": key}, if_match, dry_run=dry_run)


async def _list_buckets(link: Link) -> Answer:
    answer = await call(link, "list_buckets")
    seen = {item["Name"]: item.get("CreationDate") for item in answer.get("Buckets", [])}
    rows = [
        {"bucket": name, "visible": name in seen, "created": moment(seen.get(name))}
        for name in link.enums["buckets"]
    ]
    return Answer(rows)


async def _list_objects(link: Link, bucket: str, prefix: str, limit: int, position: Any) -> Answer:
    ensure_key(prefix)
    page = await _page(link, bucket, prefix, limit, cast("str | None", position))
    rows = [_row(item) for item in page.get("Contents", [])]
    more = bool(page.get("IsTruncated")) and bool(rows)
    return Answer(
        data=rows,
        truncated_by="rows" if more else None,
        next_position=rows[-1]["key"] if more else None,
        position_at=lambda kept: rows[kept - 1]["key"],
    )


async def _page(
    link: Link, bucket: str, prefix: str, limit: int, after: str | None
) -> dict[str, Any]:
    start: dict[str, Any] = {} if after is None else {"StartAfter": after}
    return await call(link, "list_objects_v2", Bucket=bucket, Prefix=prefix, MaxKeys=limit, **start)


def _row(item: dict[str, Any]) -> dict[str, Any]:
    return {
        "key": item["Key"],
        "bytes": count(item.get("Size")),
        "last_modified": moment(item.get("LastModified")),
        "etag": etag_of(item),
    }


async def _bucket_stats(link: Link, bucket: str, prefix: str, max_objects: int) -> Answer:
    ensure_key(prefix)
    totals = _Totals()
    after: str | None = None
    deadline = time.monotonic() + STATS_SECONDS
    truncated_by: Literal["rows", "time"] | None = None
    while truncated_by is None:
        wanted = min(PAGE_KEYS, max_objects - totals.objects)
        page = await _page(link, bucket, prefix, wanted, after)
        rows = [_row(item) for item in page.get("Contents", [])]
        totals.add(rows)
        if not page.get("IsTruncated") or not rows:
            break
        after = rows[-1]["key"]
        if totals.objects >= max_objects:
            truncated_by = "rows"
        elif time.monotonic() > deadline:
            truncated_by = "time"
    return Answer({"bucket": bucket, "prefix": prefix, **totals.view()}, truncated_by)


@dataclass
class _Totals:
    """What is known of the objects seen so far; of their names only the largest are kept."""

    objects: int = 0
    bytes: int = 0
    of_unknown_size: int = 0
    times: list[str] = field(default_factory=list[str])
    largest: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    def add(self, rows: list[dict[str, Any]]) -> None:
        """Count one page."""
        sized = [row for row in rows if row["bytes"] is not None]
        self.objects += len(rows)
        self.bytes += sum(row["bytes"] for row in sized)
        self.of_unknown_size += len(rows) - len(sized)
        times = [*self.times, *(row["last_modified"] for row in rows if row["last_modified"])]
        self.times = [min(times), max(times)] if times else []
        order = [*self.largest, *({"key": row["key"], "bytes": row["bytes"]} for row in sized)]
        self.largest = heapq.nsmallest(LARGEST, order, key=lambda row: (-row["bytes"], row["key"]))

    def view(self) -> dict[str, Any]:
        """Return the totals; the sum is not known while one of its parts is not."""
        unknown = {"objects_of_unknown_size": self.of_unknown_size} if self.of_unknown_size else {}
        return {
            "objects": self.objects,
            "bytes": None if self.of_unknown_size else self.bytes,
            **unknown,
            "oldest": self.times[0] if self.times else None,
            "newest": self.times[-1] if self.times else None,
            "largest": self.largest,
        }


async def _get_object(link: Link, bucket: str, key: str, offset: int, length: int) -> Answer:
    part = await read_part(link, bucket, key, offset, length)
    raw, more = _shown_part(part, offset, length)
    facts = {**encoded(raw), **part.facts}
    return _part_answer((bucket, key), (offset, raw, part.total_bytes), facts, more=more)


async def _read_text(link: Link, bucket: str, key: str, offset: int, length: int) -> Answer:
    part = await read_part(link, bucket, key, offset, length)
    raw, more = _shown_part(part, offset, length)
    content = encoded(raw)
    if content["encoding"] != "utf-8":
        raise Refusal("E_ARG", "this part is not UTF-8 text; s3_get_object gives it as base64")
    facts = {"text": content["value"]}
    return _part_answer((bucket, key), (offset, raw, part.total_bytes), facts, more=more)


def _shown_part(part: Part, offset: int, length: int) -> tuple[bytes, bool]:
    """Return whole characters, and whether more follows; of unknown size, when the part is full."""
    end = offset + len(part.raw)
    more = len(part.raw) == length if part.total_bytes is None else end < part.total_bytes
    return (whole_characters(part.raw) if more else part.raw), more


def _part_answer(
    name: tuple[str, str],
    part: tuple[int, bytes, int | None],
    facts: dict[str, Any],
    *,
    more: bool,
) -> Answer:
    offset, raw, total = part
    data = {
        "bucket": name[0],
        "key": name[1],
        "total_bytes": total,
        "offset": offset,
        "bytes": len(raw),
        "next_offset": offset + len(raw) if more else None,
        **facts,
    }
    return Answer(data, "bytes" if more else None)


def _content(content: str, encoding: str) -> bytes:
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


async def _put(
    link: Link,
    target: dict[str, Any],
    raw: bytes,
    content_type: str,
    *,
    only_new: bool,
    dry_run: bool,
) -> Answer:
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


async def _delete(link: Link, target: dict[str, Any], tag: str, *, dry_run: bool) -> Answer:
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
