"""Kafka tools of the MCP server: topics, groups, lag and a look at records.

In: the names of linked topics and of the components that consume them.
Out: metadata, offsets, lag and records, bounded in number and bytes.
Must not know: how Kafka is spoken to, or any group of its own: it has none.
"""

from __future__ import annotations

from typing import Any

from stacktic_mcp.core.toolkit import Answer, Link, Refusal, Toolset
from stacktic_mcp.lib.decoding import encoded, whole_characters
from stacktic_mcp.lib.documents import count
from stacktic_mcp.tools.kafka.kafka_arguments import (
    MAX_VALUE_BYTES,
    Bytes,
    DryRun,
    Group,
    Key,
    Limit,
    OnlyTopic,
    PartitionNumber,
    Start,
    Time,
    Topic,
    Value,
)
from stacktic_mcp.tools.kafka.kafka_client import (
    NO_COMMIT,
    Kafka,
    Partition,
    Position,
    connect,
    partitions_of,
)

MAX_PEEKED_PARTITIONS = 32
MAX_KEY_BYTES = 1024
# The generator cuts a name of more than 63 characters here and puts a digest behind it.
KEPT_CHARACTERS = 54


def register(tools: Toolset) -> None:
    """Add the Kafka tools; the one that writes only where a link allows it."""
    _register_topics(tools)
    _register_groups(tools)
    if tools.write_access:
        _register_writes(tools)


def _register_topics(tools: Toolset) -> None:
    @tools.read
    async def kafka_list_topics(link: Link) -> Answer:
        """Topics of Kafka: the linked topics with partitions, replicas and whether one is missing.

        For which topics there are and which are under-replicated.
        """
        async with connect(link) as kafka:
            found = await kafka.topics()
        names = link.enums.get("topics", ())
        return Answer([_topic_line(name, found.get(name)) for name in names])

    @tools.read
    async def kafka_describe_topic(link: Link, topic: Topic) -> Answer:
        """One Kafka topic: leader, replicas, in-sync replicas and offsets of each partition.

        For how many partitions it has and whether they are in sync.
        """
        async with connect(link) as kafka:
            partitions = await _existing(kafka, topic)
            bounds = await kafka.bounds(partitions_of(topic, partitions))
        rows = [
            {
                "partition": partition.number,
                "leader": partition.leader,
                "replicas": list(partition.replicas),
                "in_sync": list(partition.in_sync),
                "earliest": span.start,
                "latest": span.stop,
            }
            for partition, span in zip(partitions, bounds.values(), strict=True)
        ]
        total = sum(span.stop - span.start for span in bounds.values())
        return Answer({**_topic_line(topic, partitions), "offsets_kept": total, "detail": rows})

    @tools.read
    async def kafka_offsets(
        link: Link,
        topic: Topic,
        partition: PartitionNumber = None,
        time_ms: Time = None,
    ) -> Answer:
        """Offsets of a Kafka topic: first and next offset of each partition, or at a time.

        For where records of a moment begin; start them with kafka_peek.
        """
        async with connect(link) as kafka:
            keys = partitions_of(topic, await _chosen(kafka, topic, partition))
            bounds = await kafka.bounds(keys)
            timed = await kafka.at_time(keys, time_ms) if time_ms is not None else {}
        rows: list[dict[str, Any]] = []
        for key in keys:
            span = bounds[key]
            row = {"partition": key.partition, "earliest": span.start, "latest": span.stop}
            rows.append(row | ({"at_time": timed[key]} if time_ms is not None else {}))
        return Answer(rows)

    @tools.read
    async def kafka_peek(
        link: Link,
        topic: Topic,
        partition: PartitionNumber = None,
        start: Start = "latest",
        limit: Limit = 10,
        max_bytes: Bytes = 16384,
    ) -> Answer:
        """Read records (messages, events) of a Kafka topic: key, value, time, names of headers.

        No consumer group is joined and no offset committed. Returns the latest 10 unless told.
        """
        async with connect(link) as kafka:
            partitions = await _chosen(kafka, topic, partition)
            spans = await _spans(kafka, (topic, partitions), start, limit)
            records, cut = await kafka.read(spans, limit, max_bytes)
        rows = [record_view(record, max_bytes) for record in records]
        more = any(span.stop - span.start > limit for span in spans.values())
        ended_by = "bytes" if cut else "rows" if more and len(rows) >= limit else None
        return Answer(rows, truncated_by=ended_by)


def _register_groups(tools: Toolset) -> None:
    @tools.read
    async def kafka_list_groups(link: Link) -> Answer:
        """Consumer groups of Kafka with state and members: who consumes.

        For whether a consumer is running. A component without a group is marked absent.
        """
        async with connect(link) as kafka:
            names = await kafka.groups()
            rows: list[dict[str, Any]] = []
            for consumer in link.enums.get("groups", ()):
                groups = [name for name in names if owner(name, link) == consumer]
                for group in groups:
                    described = await kafka.describe_group(group)
                    rows.append({"consumer": consumer, "group": group, **described})
                if not groups:
                    rows.append({"consumer": consumer, "group": None, "state": "absent"})
        return Answer(rows)

    @tools.read
    async def kafka_consumer_lag(link: Link, group: Group, topic: OnlyTopic = None) -> Answer:
        """Consumer lag in Kafka: how many records a consumer is behind, for each partition.

        For whether it keeps up or is stuck. no_commit: nothing was committed yet, which is not a
        lag of 0.
        """
        async with connect(link) as kafka:
            groups = [name for name in await kafka.groups() if owner(name, link) == group]
            if not groups:
                hint = f"{group} has no consumer group at {link.component} yet"
                raise Refusal("E_NOT_FOUND", hint)
            topics = await kafka.topics()
            wanted = {name: topics[name] for name in topics if topic in {None, name}}
            rows = [await _lag(kafka, name, wanted) for name in groups]
        return Answer(rows)


def _register_writes(tools: Toolset) -> None:
    @tools.write(destructive=False, idempotent=False)
    async def kafka_produce(
        link: Link,
        topic: Topic,
        value: Value,
        key: Key = None,
        partition: PartitionNumber = None,
        dry_run: DryRun = False,
    ) -> Answer:
        """Send (produce, publish) one record to a Kafka topic; returns partition and offset.

        It is sent at once: dry_run is false by default.
        """
        size = len(value.encode())
        if size > MAX_VALUE_BYTES:
            raise Refusal("E_LIMIT", f"the value is larger than {MAX_VALUE_BYTES} bytes")
        async with connect(link) as kafka:
            partitions = await _chosen(kafka, topic, partition)
            data = {"topic": topic, "dry_run": dry_run, "bytes": size}
            if dry_run:
                return Answer({**data, "partitions": [part.number for part in partitions]})
            return Answer({**data, **await kafka.produce(topic, partition, key, value)})


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


def _topic_line(name: str, partitions: list[Partition] | None) -> dict[str, Any]:
    if partitions is None:
        return {"topic": name, "missing": True}
    behind = sum(len(part.in_sync) < len(part.replicas) for part in partitions)
    return {
        "topic": name,
        "partitions": len(partitions),
        "replicas": max((len(part.replicas) for part in partitions), default=0),
        "under_replicated": behind,
    }


async def _existing(kafka: Kafka, topic: str) -> list[Partition]:
    partitions = (await kafka.topics()).get(topic)
    if partitions is None:
        raise Refusal("E_NOT_FOUND", f"{topic} does not exist, or the link may not see it")
    return partitions


async def _chosen(kafka: Kafka, topic: str, number: int | None) -> list[Partition]:
    """Return all partitions of a topic, or the one that was asked for."""
    partitions = await _existing(kafka, topic)
    if number is None:
        return partitions
    chosen = [partition for partition in partitions if partition.number == number]
    if not chosen:
        raise Refusal("E_NOT_FOUND", f"{topic} has {len(partitions)} partitions, from 0 on")
    return chosen


async def _spans(
    kafka: Kafka, target: tuple[str, list[Partition]], start: str, limit: int
) -> dict[Any, Position]:
    """Work out from where to where each partition is read."""
    topic, partitions = target
    if len(partitions) > MAX_PEEKED_PARTITIONS:
        raise Refusal("E_ARG", f"{topic} has {len(partitions)} partitions; name one")
    bounds = await kafka.bounds(partitions_of(topic, partitions))
    if start == "earliest":
        return bounds
    if start == "latest":
        share = -(-limit // len(partitions))
        return {
            key: Position(max(span.start, span.stop - share), span.stop)
            for key, span in bounds.items()
        }
    if len(partitions) != 1:
        raise Refusal("E_ARG", "an offset needs a partition")
    return {key: _from_offset(int(start), span) for key, span in bounds.items()}


def _from_offset(offset: int, span: Position) -> Position:
    if not span.start <= offset <= span.stop:
        raise Refusal("E_ARG", f"the partition holds offsets {span.start} to {span.stop - 1}")
    return Position(offset, span.stop)


async def _lag(kafka: Kafka, group: str, topics: dict[str, list[Partition]]) -> dict[str, Any]:
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
