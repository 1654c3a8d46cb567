"""How topics, groups and records of Kafka are shown, and whose a group is.

In: what the client told of topics, offsets and records; the consumers that are linked.
Out: the rows of a tool's answer.
Must not know: how Kafka is spoken to, or which tool shows what.
"""

from __future__ import annotations

from typing import Any

from stacktic_mcp.core.toolkit import Link
from stacktic_mcp.lib.decoding import encoded, whole_characters
from stacktic_mcp.lib.documents import count
from stacktic_mcp.tools.kafka.kafka_client import NO_COMMIT, Kafka, Partition, partitions_of

MAX_KEY_BYTES = 1024
# The generator cuts a name of more than 63 characters here and puts a digest behind it.
KEPT_CHARACTERS = 54


def owner(group: str, link: Link) -> str | None:
    """Return whose group it is: groups are named after the consumer's links to the cluster.

    Of consumers whose names begin alike, the longest that fits: `api-two-kafka` is not of `api`.
    """
    name = f"{group.removeprefix('bridge-')}-"
    fitting = [
        consumer
        for consumer in link.enums.get("groups", ())
        if _starts(name, f"{consumer}-{link.component}-")
    ]
    return max(fitting, key=len, default=None)


def _starts(name: str, start: str) -> bool:
    """Tell whether a name starts so, as far as a name that was too long has kept its start."""
    return name[:KEPT_CHARACTERS].startswith(start[:KEPT_CHARACTERS])


def topic_line(name: str, partitions: list[Partition] | None) -> dict[str, Any]:
    """Return one line about a topic, also where it is missing."""
    if partitions is None:
        return {"topic": name, "missing": True}
    behind = sum(len(part.in_sync) < len(part.replicas) for part in partitions)
    return {
        "topic": name,
        "partitions": len(partitions),
        "replicas": max((len(part.replicas) for part in partitions), default=0),
        "under_replicated": behind,
    }


async def lag_view(kafka: Kafka, group: str, topics: dict[str, list[Partition]]) -> dict[str, Any]:
    """Return how far a group is behind, in topics that it has committed to."""
    keys = [key for name, parts in topics.items() for key in partitions_of(name, parts)]
    committed = await kafka.committed(group, keys)
    used = {key.topic for key, offset in committed.items() if offset > NO_COMMIT}
    shown = [key for key in keys if key.topic in used]
    bounds = await kafka.bounds(shown) if shown else {}
    rows: list[dict[str, Any]] = []
    for key in shown:
        offset = committed[key] if committed[key] > NO_COMMIT else None
        lag = None if offset is None else max(0, bounds[key].stop - offset)
        rows.append(
            {
                "topic": key.topic,
                "partition": key.partition,
                "status": "no_commit" if offset is None else "committed",
                "committed": offset,
                "latest": bounds[key].stop,
                "lag": lag,
            }
        )
    return {
        "group": group,
        **await kafka.describe_group(group),
        "total_lag": sum(row["lag"] for row in rows if row["lag"] is not None) if rows else None,
        "no_commit_partitions": sum(row["status"] == "no_commit" for row in rows),
        "topics_without_commit": sorted(set(topics) - used),
        "partitions": rows,
    }


def record_view(record: Any, max_bytes: int) -> dict[str, Any]:
    """Headers are named only: producers put credentials and traces of users there."""
    key, key_encoding = _text(record.key, MAX_KEY_BYTES)
    value, encoding = _text(record.value, max_bytes)
    return {
        "partition": record.partition,
        "offset": record.offset,
        "timestamp_ms": count(record.timestamp),
        "key": key,
        "key_encoding": key_encoding,
        "key_bytes": _size(record.key),
        "value": value,
        "encoding": encoding,
        "value_bytes": _size(record.value),
        "headers": sorted({str(name) for name, _ in record.headers})[:50],
    }


def _size(data: bytes | None) -> int | None:
    return None if data is None else len(data)


def _text(data: bytes | None, limit: int) -> tuple[str | None, str | None]:
    """Return at most so many bytes, and how they are written; nothing for a tombstone."""
    if data is None:
        return None, None
    head = data[:limit]
    shown = encoded(whole_characters(head) if len(head) < len(data) else head)
    return shown["value"], shown["encoding"]
