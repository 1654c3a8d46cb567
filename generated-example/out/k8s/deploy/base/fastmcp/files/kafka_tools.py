"""Kafka tools of the MCP server: topics, groups, lag and a look at records.

In: the names of linked topics and of the components that consume them.
Out: metadata, offsets, lag and records, bounded in number and bytes.
Must not know: how Kafka is spoken to, or any group of its own: it has none.
"""

from __future__ import annotations

from typing import Any

from stacktic_mcp.core.toolkit import Answer, DryRunOnRequest, Link, Refusal, Toolset
from stacktic_mcp.tools.kafka import kafka_rows as rows
from stacktic_mcp.tools.kafka.kafka_arguments import (
    MAX_VALUE_BYTES,
    Bytes,
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
    Kafka,
    Partition,
    Position,
    connect,
    partitions_of,
)
from stacktic_mcp.tools.kafka.kafka_views import lag_view, owner, record_view, topic_line

MAX_PEEKED_PARTITIONS = 32


def register(tools: Toolset) -> None:
    """Add the Kafka tools; the one that writes only where a link allows it."""
    tools.introduce("Kafka", prefix="kafka", first="kafka_list_topics")
    _register_topics(tools)
    _register_groups(tools)
    if tools.write_access:
        _register_writes(tools)


def _register_topics(tools: Toolset) -> None:
    @tools.read
    async def kafka_list_topics(link: Link) -> Answer[list[rows.Topic]]:
        """List topics in Kafka: each linked topic with number of partitions, replicas."""
        async with connect(link) as kafka:
            found = await kafka.topics()
        names = link.enums.get("topics", ())
        return Answer([topic_line(name, found.get(name)) for name in names])

    @tools.read
    async def kafka_describe_topic(link: Link, topic: Topic) -> Answer[rows.TopicDetail]:
        """Describe a Kafka topic: partitioned, replicated; partitions, leader, replicas.

        In sync; offsets of each partition.
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
        return Answer({**topic_line(topic, partitions), "offsets_kept": total, "detail": rows})

    @tools.read
    async def kafka_offsets(
        link: Link,
        topic: Topic,
        partition: PartitionNumber = None,
        time_ms: Time = None,
    ) -> Answer[list[rows.Offsets]]:
        """Offsets of a Kafka topic: offset at start (first), at end (latest) or written at a time.

        Each partition: how many records (messages) in it.
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

    @tools.read(title="read records")
    async def kafka_peek(
        link: Link,
        topic: Topic,
        partition: PartitionNumber = None,
        start: Start = "latest",
        limit: Limit = 10,
        max_bytes: Bytes = 16384,
    ) -> Answer[list[rows.Record]]:
        """Peek at messages (records, events) in a Kafka topic: read, look, newest, last.

        Key, value, time; latest 10 by default; no consumer group is joined.
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
    async def kafka_list_groups(link: Link) -> Answer[list[rows.Group]]:
        """List consumer groups in Kafka: each consumer group, consumes, active or absent.

        State, members.
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
    async def kafka_consumer_lag(
        link: Link, group: Group, topic: OnlyTopic = None
    ) -> Answer[list[rows.Lag]]:
        """Lag of a consumer in Kafka: how many messages behind, lagging, backlog, keeping up.

        Slow, building up; workers, events, consumer group, by partition; no_commit: no offset.
        """
        async with connect(link) as kafka:
            groups = [name for name in await kafka.groups() if owner(name, link) == group]
            if not groups:
                hint = f"{group} has no consumer group at {link.component} yet"
                raise Refusal("E_NOT_FOUND", hint)
            topics = await kafka.topics()
            wanted = {name: topics[name] for name in topics if topic in {None, name}}
            rows = [await lag_view(kafka, name, wanted) for name in groups]
        return Answer(rows)


def _register_writes(tools: Toolset) -> None:
    @tools.write(destructive=False, idempotent=False)
    async def kafka_produce(
        link: Link,
        topic: Topic,
        value: Value,
        key: Key = None,
        partition: PartitionNumber = None,
        dry_run: DryRunOnRequest = False,
    ) -> Answer[rows.Produced]:
        """Produce (publish, send, write) a message, record or event in a Kafka topic.

        Returns partition and offset.
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
