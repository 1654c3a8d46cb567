"""What the RabbitMQ tools answer with: the fields of each answer and their types.

In: nothing.
Out: typed dictionaries that the return annotations of the tools name.
Must not know: how an answer is made.
"""

from typing import Any, NotRequired, TypedDict


class Messages(TypedDict):
    """How many messages there are."""

    messages: int | None
    messages_ready: int | None
    messages_unacknowledged: int | None


class Rates(TypedDict):
    """Messages a second."""

    publish: float | None
    deliver_get: float | None
    ack: float | None
    redeliver: float | None


class Overview(TypedDict):
    """The cluster as a whole."""

    rabbitmq_version: str | None
    erlang_version: str | None
    cluster_name: str | None
    object_totals: dict[str, int | None]
    messages: Messages
    rates_per_s: Rates


class Node(TypedDict):
    """A node with its alarms and limits."""

    node: str
    running: bool | None
    mem_alarm: bool | None
    disk_free_alarm: bool | None
    partitions: list[str] | None
    mem_used: int | None
    mem_limit: int | None
    disk_free: int | None
    disk_free_limit: int | None
    fd_used: int | None
    fd_total: int | None
    uptime: int | None


class Health(TypedDict):
    """Whether all is well."""

    healthy: bool | None
    problems: list[str]
    nodes: list[Node]


class Connection(TypedDict):
    """A client's connection."""

    name: str | None
    user: str | None
    state: str | None
    protocol: str | None
    tls: bool | None
    channels: int | None
    connected_at_ms: int | None
    receive_bytes_per_s: float | None
    send_bytes_per_s: float | None


class QueueRow(Messages):
    """One line about a queue."""

    queue: str
    linked: bool
    type: str | None
    state: str | None
    consumers: int | None
    memory: int | None
    publish_rate: float | None
    deliver_rate: float | None


class Consumer(TypedDict):
    """Who consumes a queue."""

    tag: str | None
    user: str | None
    connection: str | None
    prefetch: int | None
    ack_required: bool | None
    active: bool | None


class Queue(QueueRow):
    """A queue with its behaviour."""

    durable: bool | None
    policy: str | None
    effective_policy: dict[str, Any]
    arguments: dict[str, Any]
    rates_per_s: Rates
    node: str | None
    members: list[str]
    online: list[str]
    consumer_details: list[Consumer]


class Step(TypedDict):
    """A queue on the way of dead letters."""

    queue: str
    messages: int | None
    consumers: int | None
    dead_letter_exchange: str | None
    routing_key: str
    routed_to: list[str]


class DeadLetters(TypedDict):
    """The way of dead letters, and why it ends."""

    queue: str
    steps: list[Step]
    end: str


class Exchange(TypedDict):
    """One line about an exchange."""

    exchange: str
    linked: bool
    type: str | None
    durable: bool | None
    internal: bool | None
    policy: str | None
    in_rate: float | None
    out_rate: float | None


Binding = TypedDict(
    "Binding",
    {
        "from": str,
        "to": str,
        "to_type": str | None,
        "routing_key": str,
        "arguments": dict[str, Any],
    },
)


class Message(TypedDict):
    """A message as the broker gave it."""

    exchange: str
    routing_key: str
    redelivered: bool | None
    delivery_count: int | None
    content_type: str | None
    headers: dict[str, Any]
    payload_bytes: int | None
    encoding: str
    payload: str


class Published(TypedDict):
    """What became of a message, or would."""

    exchange: str
    routing_key: str
    payload_bytes: int
    dry_run: bool
    would_route_to: NotRequired[list[str]]
    routed: NotRequired[bool | None]


class Purged(TypedDict):
    """How much was dropped, or would be."""

    queue: str
    ready: int
    unacknowledged_that_stay: int | None
    dry_run: bool
