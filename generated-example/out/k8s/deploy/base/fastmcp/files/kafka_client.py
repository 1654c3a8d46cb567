"""Kafka for one call: connections that look, assign and close, and never join a group.

In: a link, topics and partitions that were seen to exist.
Out: metadata, offsets, committed offsets and records; every failure is a `Refusal`.
Must not know: which tool asks. No consumer here has a group, so nothing can be committed, and
no topic is named to a broker before it was seen: naming one might create it.
"""

from __future__ import annotations

import asyncio
import ssl
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

# aiokafka ships no types: what it returns is `Any` here and typed where it leaves this file.
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition, conn, errors
from aiokafka.admin import AIOKafkaAdminClient

from stacktic_mcp.core.toolkit import Code, Link, Refusal
from stacktic_mcp.lib.documents import objects
from stacktic_mcp.tools.kafka.kafka_caps import TooLargeError, cap_library, refused_frames

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence

REQUEST_TIMEOUT_MS = 5000
PROTOCOLS = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
POLL_MS = 500
EMPTY_POLLS = 3
MAX_PARTITION_FETCH_BYTES = 256 * 1024
NO_COMMIT = -1

cap_library()

_MEANINGS: list[tuple[tuple[type[Exception], ...], Code, str]] = [
    (
        (errors.AuthenticationFailedError, errors.SaslAuthenticationFailed),
        "E_UNAVAILABLE",
        "the credential {key} was refused by {name}",
    ),
    (
        (
            errors.TopicAuthorizationFailedError,
            errors.GroupAuthorizationFailedError,
            errors.ClusterAuthorizationFailedError,
        ),
        "E_UNAVAILABLE",
        "the user of {name} has no ACL for this",
    ),
    ((errors.UnknownTopicOrPartitionError,), "E_NOT_FOUND", "{name} has no such partition"),
    ((errors.OffsetOutOfRangeError,), "E_ARG", "the offset is not in the partition any more"),
    (
        (TooLargeError,),
        "E_LIMIT",
        "a batch of records of {name} is larger than any call may read",
    ),
    (
        (errors.UnsupportedCodecError,),
        "E_UNAVAILABLE",
        "the records of {name} are compressed in a way that cannot be read here",
    ),
    (
        (errors.MessageSizeTooLargeError, errors.RecordTooLargeError),
        "E_LIMIT",
        "{name} does not take a record of this size",
    ),
    (
        (errors.KafkaTimeoutError, errors.RequestTimedOutError, TimeoutError),
        "E_TIMEOUT",
        "{name} did not answer in time",
    ),
]


@dataclass(frozen=True)
class Partition:
    """What the metadata says of one partition."""

    number: int
    leader: int
    replicas: tuple[int, ...]
    in_sync: tuple[int, ...]


@dataclass(frozen=True)
class Position:
    """From which offset to which a partition is read; the second is not read any more."""

    start: int
    stop: int


@dataclass
class _Pile:
    """Records up to a number and a size; the first one is kept whatever its size."""

    limit: int
    max_bytes: int
    records: list[Any] = field(default_factory=list[Any])
    size: int = 0
    empty_polls: int = 0
    cut: bool = False

    @property
    def full(self) -> bool:
        """Tell whether nothing more is to be read."""
        return self.cut or len(self.records) >= self.limit or self.empty_polls >= EMPTY_POLLS

    def add(self, record: Any) -> None:
        """Keep a record, or note that there was no room for it."""
        self.size += len(record.value or b"") + len(record.key or b"")
        self.cut = self.size > self.max_bytes and bool(self.records)
        if not self.cut:
            self.records.append(record)


class Kafka:
    """One call's view of a Kafka cluster; opened by `connect`."""

    def __init__(self, link: Link, settings: Mapping[str, Any], stack: AsyncExitStack) -> None:
        """Keep what is needed to open connections when they are needed."""
        self.link = link
        self._settings = settings
        self._stack = stack
        self._admin: Any = None
        self._consumer: Any = None
        self._refused: list[int] = []
        refused_frames.set(self._refused)

    async def topics(self) -> dict[str, list[Partition]]:
        """Return the partitions of every linked topic that exists.

        All topics are asked for and the linked ones kept: a request that names a missing topic
        would create it where brokers are set to do so.
        """
        admin = await self._open_admin()
        linked = set(self.link.enums.get("topics", ()))
        described: list[dict[str, Any]] = await admin.describe_topics()
        return {
            topic["topic"]: sorted(map(_partition, topic["partitions"]), key=lambda p: p.number)
            for topic in described
            if topic["topic"] in linked and topic["error_code"] == 0
        }

    async def groups(self) -> list[str]:
        """Return the names of all consumer groups that the user may see."""
        admin = await self._open_admin()
        return sorted(group[0] for group in await admin.list_consumer_groups())

    async def describe_group(self, group: str) -> dict[str, Any]:
        """Return state and members; one group a request, the only form all versions answer."""
        admin = await self._open_admin()
        described = (await admin.describe_consumer_groups([group]))[0].to_object()["groups"][0]
        if described.get("error_code"):
            # A group of the newer protocol is not described by this request.
            return {"state": None, "members": None, "clients": []}
        members = objects(described.get("members"))
        return {
            "state": described.get("state"),
            "members": len(members),
            "clients": sorted({str(member.get("client_id") or "") for member in members})[:50],
        }

    async def committed(
        self, group: str, partitions: Sequence[TopicPartition]
    ) -> dict[TopicPartition, int]:
        """Return the committed offset of each partition, `NO_COMMIT` where there is none."""
        if not partitions:
            return {}
        admin = await self._open_admin()
        found = await admin.list_consumer_group_offsets(group, partitions=list(partitions))
        return {
            partition: found[partition].offset if partition in found else NO_COMMIT
            for partition in partitions
        }

    async def bounds(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, Position]:
        """Return the first offset kept and the next one to be written."""
        consumer = await self._open_consumer()
        first: dict[TopicPartition, int] = await consumer.beginning_offsets(list(partitions))
        last: dict[TopicPartition, int] = await consumer.end_offsets(list(partitions))
        return {key: Position(first[key], last[key]) for key in partitions}

    async def at_time(
        self, partitions: Sequence[TopicPartition], time_ms: int
    ) -> dict[TopicPartition, int | None]:
        """Return the first offset at or after a time, `None` where there is none."""
        consumer = await self._open_consumer()
        found = await consumer.offsets_for_times(dict.fromkeys(partitions, time_ms))
        return {key: found[key].offset if found.get(key) else None for key in partitions}

    async def read(
        self, wanted: Mapping[TopicPartition, Position], limit: int, max_bytes: int
    ) -> tuple[list[Any], bool]:
        """Read records, one partition after another; the flag tells that bytes ended it.

        The library keeps what it fetched of every assigned partition, so one is assigned at a
        time; and it hands out as many records as it is asked for, so it is asked for one.
        """
        pile = _Pile(limit, max_bytes)
        for key, span in wanted.items():
            if span.start < span.stop and not pile.full:
                await self._read_partition(key, span, pile)
        return pile.records, pile.cut

    async def _read_partition(self, key: TopicPartition, span: Position, pile: _Pile) -> None:
        consumer = await self._open_consumer()
        consumer.assign([key])
        consumer.seek(key, span.start)
        # A position behind the last record is reached too: markers there are no records.
        while not pile.full and await consumer.position(key) < span.stop:
            try:
                batch = await self._poll(consumer, key)
            except TooLargeError:
                if not pile.records:
                    raise
                pile.cut = True
                return
            pile.empty_polls += not batch
            for record in batch:
                if record.offset < span.stop:
                    pile.add(record)

    async def _poll(self, consumer: Any, key: TopicPartition) -> list[Any]:
        """Return the next record; the library would ask for a refused frame for ever."""
        batch = await consumer.getmany(key, timeout_ms=POLL_MS, max_records=1)
        if self._refused and not batch:
            raise TooLargeError
        return batch.get(key, [])

    async def produce(
        self, topic: str, partition: int | None, key: str | None, value: str
    ) -> dict[str, Any]:
        """Send one record and wait until all in-sync replicas have it."""
        producer: Any = AIOKafkaProducer(**self._settings, acks="all")
        self._stack.push_async_callback(producer.stop)
        await producer.start()
        sent = await producer.send_and_wait(
            topic,
            value.encode(),
            key=None if key is None else key.encode(),
            partition=partition,
        )
        return {"partition": sent.partition, "offset": sent.offset, "timestamp_ms": sent.timestamp}

    async def _open_admin(self) -> Any:
        if self._admin is None:
            self._admin = AIOKafkaAdminClient(**self._settings)
            self._stack.push_async_callback(self._admin.close)
            await self._admin.start()
        return self._admin

    async def _open_consumer(self) -> Any:
        if self._consumer is None:
            self._consumer = AIOKafkaConsumer(
                **self._settings,
                group_id=None,
                enable_auto_commit=False,
                auto_offset_reset="none",
                isolation_level="read_committed",
                max_partition_fetch_bytes=MAX_PARTITION_FETCH_BYTES,
                fetch_max_bytes=4 * MAX_PARTITION_FETCH_BYTES,
            )
            self._stack.push_async_callback(self._consumer.stop)
            await self._consumer.start()
        return self._consumer


@asynccontextmanager
async def connect(link: Link) -> AsyncGenerator[Kafka]:
    """Yield a view of the cluster; connections open when used and close at the end."""
    settings = _settings(link)
    try:
        async with AsyncExitStack() as stack:
            yield Kafka(link, settings, stack)
    except (errors.KafkaConnectionError, errors.NoBrokersAvailable) as error:
        raise await _why_away(link, settings) from error
    except (errors.KafkaError, TimeoutError, OSError) as error:
        raise _refusal_of(error, link) from error


def partitions_of(topic: str, partitions: Iterable[Partition]) -> list[TopicPartition]:
    """Return the keys under which offsets of a topic's partitions are asked for."""
    return [TopicPartition(topic, partition.number) for partition in partitions]


def _settings(link: Link) -> dict[str, Any]:
    protocol = link.value("SECURITY_PROTOCOL", "SASL_PLAINTEXT")
    if protocol not in PROTOCOLS:
        hint = f"the setting {link.env}_SECURITY_PROTOCOL is not one of {', '.join(PROTOCOLS)}"
        raise Refusal("E_UNAVAILABLE", hint)
    settings: dict[str, Any] = {
        "bootstrap_servers": f"{link.value('HOST')}:{link.number('PORT', 9092)}",
        "client_id": "stacktic-mcp",
        "request_timeout_ms": REQUEST_TIMEOUT_MS,
        "security_protocol": protocol,
    }
    if protocol.endswith("SSL"):
        settings["ssl_context"] = ssl.create_default_context(cafile=link.authority())
    if protocol.startswith("SASL"):
        settings |= _sasl(link)
    return settings


def _sasl(link: Link) -> dict[str, str]:
    mechanism = link.value("SASL_MECHANISM", "SCRAM-SHA-512")
    if mechanism not in MECHANISMS:
        hint = f"the setting {link.env}_SASL_MECHANISM is not one of {', '.join(MECHANISMS)}"
        raise Refusal("E_UNAVAILABLE", hint)
    return {
        "sasl_mechanism": mechanism,
        "sasl_plain_username": link.value("USER"),
        "sasl_plain_password": link.secret("PASSWORD"),
    }


async def _why_away(link: Link, settings: Mapping[str, Any]) -> Refusal:
    """Connect once more by hand: the client library swallows why a first connection failed."""
    options = {name: value for name, value in settings.items() if name != "bootstrap_servers"}
    create: Any = getattr(conn, "create_conn")  # noqa: B009 -- its parameters have no types
    host, _, port = settings["bootstrap_servers"].rpartition(":")
    try:
        async with asyncio.timeout(3.0):
            connection: Any = await create(host, int(port), **options)
        connection.close()
    except (errors.AuthenticationFailedError, errors.SaslAuthenticationFailed) as error:
        return _refusal_of(error, link)
    except (errors.KafkaError, TimeoutError, OSError):
        pass
    return Refusal("E_UNAVAILABLE", f"{link.component} is away")


def _refusal_of(error: Exception, link: Link) -> Refusal:
    for kinds, code, text in _MEANINGS:
        if isinstance(error, kinds):
            key = f"{link.env}_PASSWORD"
            return Refusal(code, text.format(key=key, name=link.component))
    return Refusal("E_UNAVAILABLE", f"{link.component} gave an error ({type(error).__name__})")


def _partition(facts: Mapping[str, Any]) -> Partition:
    return Partition(
        facts["partition"], facts["leader"], tuple(facts["replicas"]), tuple(facts["isr"])
    )
