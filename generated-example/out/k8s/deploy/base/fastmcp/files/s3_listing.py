"""Pages of S3 objects, and what the objects of a bucket come to.

In: a link, a bucket, a checked prefix.
Out: rows, and totals that end at a number of objects or at a time.
Must not know: MCP, or how the store is spoken to.
"""

from __future__ import annotations

import heapq
import time
from dataclasses import dataclass, field
from typing import Any, Literal

from stacktic_mcp.core.toolkit import Answer, Link
from stacktic_mcp.lib.documents import count
from stacktic_mcp.tools.s3.s3_client import call, ensure_key
from stacktic_mcp.tools.s3.s3_reading import etag_of, moment

PAGE_KEYS = 1000
STATS_SECONDS = 8.0
LARGEST = 5


async def page_of(
    link: Link, bucket: str, prefix: str, limit: int, after: str | None
) -> dict[str, Any]:
    """Return a page of a bucket, from behind a key."""
    start: dict[str, Any] = {} if after is None else {"StartAfter": after}
    return await call(link, "list_objects_v2", Bucket=bucket, Prefix=prefix, MaxKeys=limit, **start)


def object_row(item: dict[str, Any]) -> dict[str, Any]:
    """Return the row of an object."""
    return {
        "key": item["Key"],
        "bytes": count(item.get("Size")),
        "last_modified": moment(item.get("LastModified")),
        "etag": etag_of(item),
    }


async def bucket_stats(link: Link, bucket: str, prefix: str, max_objects: int) -> Answer:
    """Return what the objects of a bucket come to, until there are too many or time is up."""
    ensure_key(prefix)
    totals = _Totals()
    after: str | None = None
    deadline = time.monotonic() + STATS_SECONDS
    truncated_by: Literal["rows", "time"] | None = None
    while truncated_by is None:
        wanted = min(PAGE_KEYS, max_objects - totals.objects)
        page = await page_of(link, bucket, prefix, wanted, after)
        rows = [object_row(item) for item in page.get("Contents", [])]
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
