"""S3 tools: objects of the linked buckets, in parts and in pages.

In: a link and checked arguments.
Out: bounded answers; a range is sent with every read.
Must not know: the S3 protocol, or other links. No tool makes a presigned address.
"""

from typing import Annotated, Any, Literal, cast

from pydantic import Field

from stacktic_mcp.core.toolkit import Answer, Choice, DryRun, Link, Position, Refusal, Toolset
from stacktic_mcp.lib.decoding import encoded, whole_characters
from stacktic_mcp.lib.documents import count
from stacktic_mcp.tools.s3.s3_client import call, ensure_key, wider
from stacktic_mcp.tools.s3.s3_forms import (
    BucketRow,
    BucketStats,
    Deleted,
    ObjectFacts,
    ObjectPart,
    ObjectRow,
    Stored,
    TextPart,
)
from stacktic_mcp.tools.s3.s3_listing import bucket_stats, object_row, page_of
from stacktic_mcp.tools.s3.s3_reading import Part, moment, object_facts, read_part
from stacktic_mcp.tools.s3.s3_writing import (
    MAX_CONTENT_CHARACTERS,
    content_bytes,
    delete_object,
    put_object,
)

MAX_WHOLE_PART = 128 * 1024

KEY_PATTERN = r"^[^\x00-\x1f\x7f\\]+$"
Bucket = Annotated[str, Choice("buckets"), Field(description="a linked bucket")]
Key = Annotated[
    str,
    Field(min_length=1, max_length=1024, pattern=KEY_PATTERN, description="full key: in/june.csv"),
]
KeyPrefix = Annotated[
    str,
    Field(
        max_length=1024,
        pattern=r"^[^\x00-\x1f\x7f\\]*$",
        description="folder or beginning of keys: in/",
    ),
]
Offset = Annotated[int, Field(ge=0, le=2**43, description="first byte")]
Length = Annotated[int, Field(ge=1, le=65536, description="bytes at most")]
Tag = Annotated[
    str,
    Field(
        min_length=1,
        max_length=128,
        pattern=r'^[^\x00-\x1f\x7f"]+$',
        description="etag as s3_head_object tells it",
    ),
]
ContentType = Annotated[
    str,
    Field(
        max_length=100,
        pattern=r"^[a-z]+/[A-Za-z0-9.+-]+(; charset=utf-8)?$",
        description="media type",
    ),
]


def register(tools: Toolset) -> None:
    """Register the tools of the S3 links."""
    tools.introduce("S3", prefix="s3", first="s3_list_buckets")
    tools.rights(wider)
    _register_lists(tools)
    _register_objects(tools)
    if tools.write_access:
        _register_writes(tools)


def _register_lists(tools: Toolset) -> None:
    @tools.read
    async def s3_list_buckets(link: Link) -> Answer[list[BucketRow]]:
        """List buckets in S3 (object storage, SeaweedFS, MinIO): each linked bucket.

        Readable or not, created.
        """
        return await _list_buckets(link)

    @tools.read
    async def s3_list_objects(
        link: Link,
        bucket: Bucket,
        prefix: KeyPrefix = "",
        limit: Annotated[int, Field(ge=1, le=1000, description="objects at most")] = 100,
        cursor: Position = None,
    ) -> Answer[list[ObjectRow]]:
        """List files (objects) in an S3 bucket or folder: each file, object by name (key).

        Size in bytes, last modified, etag. At most 1000 a page.
        """
        return await _list_objects(link, bucket, prefix, limit, cursor)

    @tools.read(timeout_s=20)
    async def s3_bucket_stats(
        link: Link,
        bucket: Bucket,
        prefix: KeyPrefix = "",
        max_objects: Annotated[int, Field(ge=1, le=10000, description="objects to count")] = 1000,
    ) -> Answer[BucketStats]:
        """Statistics of an S3 bucket or folder: total size, big, space, number of files.

        Number of objects, storage used in bytes, oldest, newest, largest.
        """
        return await bucket_stats(link, bucket, prefix, max_objects)


def _register_objects(tools: Toolset) -> None:
    @tools.read(budget_bytes=MAX_WHOLE_PART, cell_bytes=MAX_WHOLE_PART)
    async def s3_get_object(
        link: Link, bucket: Bucket, key: Key, offset: Offset = 0, length: Length = 16384
    ) -> Answer[ObjectPart]:
        """Download a file (object) of an S3 bucket: get content, binary as base64, image.

        At most 64 KiB at a time, from an offset.
        """
        ensure_key(key)
        return await _get_object(link, bucket, key, offset, length)

    @tools.read(budget_bytes=MAX_WHOLE_PART, cell_bytes=MAX_WHOLE_PART)
    async def s3_read_text(
        link: Link, bucket: Bucket, key: Key, offset: Offset = 0, length: Length = 16384
    ) -> Answer[TextPart]:
        """Read a text file in an S3 bucket: open, print, first lines of CSV, JSON, YAML, TXT.

        Log. UTF-8 alone; at most 64 KiB at a time, from an offset.
        """
        ensure_key(key)
        return await _read_text(link, bucket, key, offset, length)

    @tools.read
    async def s3_head_object(link: Link, bucket: Bucket, key: Key) -> Answer[ObjectFacts]:
        """Metadata of a file (object) in an S3 bucket: large, last changed; no download.

        Size, exists, uploaded, modified, content type, etag.
        """
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
        content: Annotated[
            str, Field(max_length=MAX_CONTENT_CHARACTERS, description="text, or bytes as base64")
        ],
        encoding: Annotated[Literal["utf-8", "base64"], Field(description="of content")] = "utf-8",
        content_type: ContentType = "text/plain; charset=utf-8",
        if_none_match: Annotated[bool, Field(description="false replaces an existing one")] = True,
        dry_run: DryRun = True,
    ) -> Answer[Stored]:
        """Put a file (object) in an S3 bucket: upload, save, store, write, create.

        Absent keys alone unless if_none_match false. At most 1 MiB.
        """
        ensure_key(key)
        raw = content_bytes(content, encoding)
        target = {"Bucket": bucket, "Key": key}
        return await put_object(
            link, target, raw, content_type, only_new=if_none_match, dry_run=dry_run
        )

    @tools.write(destructive=True, idempotent=True)
    async def s3_delete_object(
        link: Link, bucket: Bucket, key: Key, if_match: Tag, dry_run: DryRun = True
    ) -> Answer[Deleted]:
        """Delete (remove) a file (object) from an S3 bucket, with unchanged etag."""
        ensure_key(key)
        return await delete_object(link, {"Bucket": bucket, "Key": key}, if_match, dry_run=dry_run)


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
    page = await page_of(link, bucket, prefix, limit, cast("str | None", position))
    rows = [object_row(item) for item in page.get("Contents", [])]
    more = bool(page.get("IsTruncated")) and bool(rows)
    return Answer(
        data=rows,
        truncated_by="rows" if more else None,
        next_position=rows[-1]["key"] if more else None,
        position_at=lambda kept: rows[kept - 1]["key"],
    )


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
