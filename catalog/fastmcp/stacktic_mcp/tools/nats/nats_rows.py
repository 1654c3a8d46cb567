"""What the NATS tools answer with: the fields of each answer and their types.

In: nothing.
Out: typed dictionaries that the return annotations of the tools name.
Must not know: how an answer is made.
"""

from typing import NotRequired, TypedDict


class StreamLine(TypedDict):
    """A linked stream; nothing but its name where it is missing."""

    stream: str
    missing: NotRequired[bool]
    subjects: NotRequired[list[str]]
    messages: NotRequired[int | None]
    bytes: NotRequired[int | None]
    first_seq: NotRequired[int | None]
    last_seq: NotRequired[int | None]
    consumers: NotRequired[int | None]


class StreamDetail(StreamLine):
    """A stream with its limits; -1 stands for no limit of bytes."""

    first_time: str | None
    last_time: str | None
    deleted: int | None
    retention: str | None
    discard: str | None
    storage: str | None
    replicas: int | None
    max_age_s: int | None
    max_bytes: int | None
    leader: str | None
    replicas_behind: int


class SubjectRow(TypedDict):
    """A subject with the number of its messages."""

    subject: str
    messages: int | None


class ConsumerRow(TypedDict):
    """How far a consumer is, and what it waits for."""

    consumer: str | None
    filter: str | None
    ack_policy: str | None
    pending: int | None
    not_acknowledged: int | None
    redelivered: int | None
    waiting_pulls: int | None
    delivered_seq: int | None
    acknowledged_seq: int | None
    last_delivered: str | None


class Payload(TypedDict):
    """What a message says, with the names of its headers."""

    value: str
    encoding: str
    value_bytes: int
    headers: list[str]


class Stored(Payload):
    """A message as a stream keeps it."""

    seq: int | None
    subject: str | None
    time: str | None


class Heard(Payload):
    """A message that was heard."""

    subject: str
    wants_an_answer: bool


class Published(TypedDict):
    """Where a message went, or would go."""

    subject: str
    bytes: int
    dry_run: bool
    stream: NotRequired[str | None]
    seq: NotRequired[int | None]
