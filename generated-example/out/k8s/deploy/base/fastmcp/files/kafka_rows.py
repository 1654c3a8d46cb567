"""What the Kafka tools answer with: the fields of each answer and their types.

In: nothing.
Out: typed dictionaries that the return annotations of the tools name.
Must not know: how an answer is made.
"""

from typing import NotRequired, TypedDict


class Topic(TypedDict):
    """A linked topic; nothing but its name where it is missing."""

    topic: str
    missing: NotRequired[bool]
    partitions: NotRequired[int]
    replicas: NotRequired[int]
    under_replicated: NotRequired[int]


class PartitionRow(TypedDict):
    """A partition; `latest` is the next offset to be written."""

    partition: int
    leader: int
    replicas: list[int]
    in_sync: list[int]
    earliest: int
    latest: int


class TopicDetail(Topic):
    """A topic with its partitions."""

    offsets_kept: int
    detail: list[PartitionRow]


class Offsets(TypedDict):
    """Offsets of a partition; `at_time` where a time was named."""

    partition: int
    earliest: int
    latest: int
    at_time: NotRequired[int | None]


class Record(TypedDict):
    """A record with the names of its headers."""

    partition: int
    offset: int
    timestamp_ms: int | None
    key: str | None
    key_encoding: str | None
    key_bytes: int | None
    value: str | None
    encoding: str | None
    value_bytes: int | None
    headers: list[str]


class Group(TypedDict):
    """A group of a linked consumer, or that it has none."""

    consumer: str
    group: str | None
    state: str | None
    members: NotRequired[int | None]
    clients: NotRequired[list[str]]


class PartitionLag(TypedDict):
    """How far a group is behind in a partition."""

    topic: str
    partition: int
    status: str
    committed: int | None
    latest: int
    lag: int | None


class Lag(TypedDict):
    """How far a group is behind."""

    group: str
    state: str | None
    members: int | None
    clients: list[str]
    total_lag: int | None
    no_commit_partitions: int
    topics_without_commit: list[str]
    partitions: list[PartitionLag]


class Produced(TypedDict):
    """Where a record is now, or the partitions it could go to."""

    topic: str
    dry_run: bool
    bytes: int
    partitions: NotRequired[list[int]]
    partition: NotRequired[int]
    offset: NotRequired[int]
    timestamp_ms: NotRequired[int]
