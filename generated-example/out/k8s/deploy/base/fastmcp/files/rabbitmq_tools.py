"""RabbitMQ tools: queues, exchanges, bindings and connections of one virtual host.

In: a link and checked arguments; queues and exchanges are closed lists of the topology.
Out: chosen fields of the management API.
Must not know: how requests travel, or other links. No tool reaches definitions, users,
policies or shovels.
"""

from typing import Any

from stacktic_mcp.core.toolkit import Answer, DryRun, DryRunOnRequest, Link, Refusal, Toolset
from stacktic_mcp.lib.documents import Facts, count, known_number, text
from stacktic_mcp.tools.rabbitmq import rabbitmq_rows as rows
from stacktic_mcp.tools.rabbitmq.rabbitmq_api import Broker
from stacktic_mcp.tools.rabbitmq.rabbitmq_arguments import (
    MAX_PAYLOAD_BYTES,
    ConnectionState,
    ContentType,
    Count,
    Exchange,
    Limit,
    MaxDepth,
    MinDepth,
    NoConsumers,
    OfExchange,
    OfQueue,
    Payload,
    Persistent,
    Queue,
    RoutingKey,
    Sort,
)
from stacktic_mcp.tools.rabbitmq.rabbitmq_dead_letters import matches, trace
from stacktic_mcp.tools.rabbitmq.rabbitmq_peeking import ensure_peekable
from stacktic_mcp.tools.rabbitmq.rabbitmq_views import (
    binding_row,
    connection_row,
    exchange_row,
    health_view,
    message_view,
    node_view,
    overview_view,
    queue_row,
    queue_view,
)

PEEKED_BYTES = 2000


def register(tools: Toolset) -> None:
    """Register the tools of the RabbitMQ links."""
    tools.introduce("RabbitMQ", prefix="rabbitmq", first="rabbitmq_list_queues")
    tools.rights(lambda link: Broker.wider(link, tools.grants(link).get("tags", ())))
    _register_cluster(tools)
    _register_queues(tools)
    _register_routes(tools)
    if tools.write_access:
        _register_writes(tools)


def _register_cluster(tools: Toolset) -> None:
    @tools.read
    async def rabbitmq_overview(link: Link) -> Answer[rows.Overview]:
        """Overview of RabbitMQ (Rabbit): version, statistics, big picture, glance.

        Message rates, totals. Number of queues, connections, channels, consumers, messages passing.
        """
        return Answer(overview_view(await Broker(link).overview()))

    @tools.read
    async def rabbitmq_health(link: Link) -> Answer[rows.Health]:
        """Health of RabbitMQ (Rabbit, message broker): running, up, healthy, ok; cluster nodes.

        Status, memory alarm, disk alarm, alarms, blocked publishers, partitions.
        """
        return Answer(health_view([node_view(node) for node in await Broker(link).nodes()]))

    @tools.read
    async def rabbitmq_list_connections(
        link: Link, state: ConnectionState = "any", limit: Limit = 50
    ) -> Answer[list[rows.Connection]]:
        """List connections to RabbitMQ (Rabbit, message broker): connected clients, users.

        State, blocked, channels, traffic; 50 by default.
        """
        rows = await Broker(link).connections()
        shown = [connection_row(row) for row in rows if _in_state(row, state)]
        shown.sort(key=lambda row: _downwards(_traffic(row)))
        return _cut(shown, limit, complete=True)


def _register_queues(tools: Toolset) -> None:
    @tools.read
    async def rabbitmq_list_queues(
        link: Link,
        min_depth: MinDepth = 0,
        no_consumers: NoConsumers = False,
        sort: Sort = "messages",
        limit: Limit = 50,
    ) -> Answer[list[rows.QueueRow]]:
        """List queues in RabbitMQ (Rabbit): each queue, full, growing, piling up, backlog, longest.

        Queues without consumers, rates, memory; 50 by default, fullest first.
        """
        known = link.enums["queues"]
        rows, complete = await Broker(link).queues(
            lambda facts: queue_row(facts, facts.get("name") in known)
        )
        # A filter leaves out what does not fit, and keeps what nobody has counted.
        found = [row for row in rows if row["messages"] is None or row["messages"] >= min_depth]
        if no_consumers:
            found = [row for row in found if not row["consumers"]]
        return _cut(_sorted_queues(found, sort), limit, complete=complete)

    @tools.read
    async def rabbitmq_get_queue(link: Link, queue: Queue) -> Answer[rows.Queue]:
        """Get one RabbitMQ (Rabbit) queue: how many messages, stuck, consumers.

        Details, depth, backing up, rates, type, TTL, max length, policy.
        """
        return Answer(queue_view(await Broker(link).queue(queue)))

    @tools.read
    async def rabbitmq_trace_dead_letters(link: Link, queue: Queue) -> Answer[rows.DeadLetters]:
        """Dead letters of a RabbitMQ (Rabbit) queue: dead-lettered messages in DLQ, DLX.

        Rejected, expired messages: dead letter exchange and queues, step by step.
        """
        return Answer(await trace(Broker(link), queue))


def _register_routes(tools: Toolset) -> None:
    @tools.read
    async def rabbitmq_list_exchanges(
        link: Link, limit: Limit = 100
    ) -> Answer[list[rows.Exchange]]:
        """List exchanges in RabbitMQ (Rabbit): each exchange with type, durable, rates.

        100 by default.
        """
        known = link.enums["exchanges"]
        rows, complete = await Broker(link).exchanges(
            lambda facts: exchange_row(facts, facts.get("name") in known)
        )
        return _cut(sorted(rows, key=lambda row: row["exchange"]), limit, complete=complete)

    @tools.read
    async def rabbitmq_list_bindings(
        link: Link,
        queue: OfQueue = None,
        exchange: OfExchange = None,
        limit: Limit = 100,
    ) -> Answer[list[rows.Binding]]:
        """List bindings in RabbitMQ (Rabbit): messages routed from exchange to queue.

        Bound queues, binding and routing keys, routes; 100 by default.
        """
        rows = [binding_row(row) for row in await Broker(link).bindings(queue, exchange)]
        rows.sort(key=lambda row: (row["from"], row["to"], row["routing_key"]))
        return _cut(rows, limit, complete=True)


def _register_writes(tools: Toolset) -> None:
    @tools.write(destructive=False, idempotent=False)
    async def rabbitmq_publish(
        link: Link,
        exchange: Exchange,
        routing_key: RoutingKey,
        payload: Payload,
        content_type: ContentType = "application/json",
        persistent: Persistent = True,
        dry_run: DryRunOnRequest = False,
    ) -> Answer[rows.Published]:
        """Publish (send, put) a test message to a RabbitMQ (Rabbit) exchange with a routing key.

        Tells if a queue took it.
        """
        mode = 2 if persistent else 1
        properties = {"content_type": content_type, "delivery_mode": mode}
        return await _publish(link, exchange, routing_key, payload, properties, dry_run=dry_run)

    @tools.side_effect(title="look at messages")
    async def rabbitmq_peek(
        link: Link, queue: Queue, count: Count = 1
    ) -> Answer[list[rows.Message]]:
        """Peek at messages in a RabbitMQ (Rabbit) queue: look, read, inspect a sample message.

        First messages, dead letter, without removing. Payload, headers; marked redelivered; 1 by
        default, 10 at most.
        """
        return await _peek(link, queue, count)

    @tools.write(destructive=True, idempotent=True)
    async def rabbitmq_purge(
        link: Link, queue: Queue, expect_depth_max: MaxDepth, dry_run: DryRun = True
    ) -> Answer[rows.Purged]:
        """Purge a RabbitMQ (Rabbit) queue: clear out, empty, throw away, delete everything.

        All its messages; refused beyond expect_depth_max.
        """
        return await _purge(link, queue, expect_depth_max, dry_run=dry_run)


def _in_state(row: Facts, state: str) -> bool:
    if state == "any":
        return True
    told = text(row.get("state"))
    return told in {"blocked", "blocking", "flow"} if state == "blocked" else told == state


def _sorted_queues(rows: list[dict[str, Any]], sort: str) -> list[dict[str, Any]]:
    """Sort by name upwards, by numbers downwards with the name to settle ties."""
    if sort == "name":
        return sorted(rows, key=lambda row: row["queue"])
    return sorted(rows, key=lambda row: (_downwards(row[sort]), row["queue"]))


def _downwards(number: float | None) -> tuple[bool, float]:
    """Return a key that puts large numbers first, and those that are not known last."""
    return number is None, -(number or 0)


def _traffic(row: dict[str, Any]) -> float | None:
    told = [row[name] for name in ("receive_bytes_per_s", "send_bytes_per_s") if row[name]]
    return sum(told) if told else row["receive_bytes_per_s"]


def _cut(rows: list[dict[str, Any]], limit: int, *, complete: bool) -> Answer:
    more = len(rows) > limit or not complete
    return Answer(rows[:limit], "rows" if more else None)


async def _publish(
    link: Link,
    exchange: str,
    routing_key: str,
    payload: str,
    properties: dict[str, Any],
    *,
    dry_run: bool,
) -> Answer:
    size = len(payload.encode("utf-8"))
    if size > MAX_PAYLOAD_BYTES:
        raise Refusal("E_LIMIT", f"a payload has at most {MAX_PAYLOAD_BYTES} bytes")
    broker = Broker(link)
    data = {"exchange": exchange, "routing_key": routing_key, "payload_bytes": size}
    if dry_run:
        kind = str((await broker.exchange(exchange)).get("type"))
        targets = [
            text(row.get("destination"))
            for row in await broker.bindings(exchange=exchange)
            if matches(kind, text(row.get("routing_key")), routing_key)
        ]
        return Answer({**data, "would_route_to": sorted(set(targets)), "dry_run": True})
    body = {
        "properties": properties,
        "routing_key": routing_key,
        "payload": payload,
        "payload_encoding": "string",
    }
    return Answer({**data, "routed": await broker.publish(exchange, body), "dry_run": False})


async def _peek(link: Link, queue: str, count: int) -> Answer:
    broker = Broker(link)
    version = text((await broker.overview()).get("rabbitmq_version"))
    ensure_peekable(await broker.queue(queue), version)
    # This mode gives back by nack, the other one by reject, which every quorum queue counts.
    body = {
        "count": count,
        "ackmode": "ack_requeue_true",
        "encoding": "auto",
        "truncate": PEEKED_BYTES,
    }
    messages = [message_view(facts) for facts in await broker.get_and_requeue(queue, body)]
    cut = any((message["payload_bytes"] or 0) > PEEKED_BYTES for message in messages)
    return Answer(messages, "cell" if cut else None)


async def _purge(link: Link, queue: str, expect_depth_max: int, *, dry_run: bool) -> Answer:
    broker = Broker(link)
    facts = await broker.queue(queue)
    depth = known_number(facts.get("messages_ready"), f"how many messages `{queue}` holds")
    if depth > expect_depth_max:
        hint = f"the queue holds {depth} ready messages, more than the {expect_depth_max} expected"
        raise Refusal("E_CONFLICT", hint)
    if not dry_run:
        await broker.purge(queue)
    unacknowledged = count(facts.get("messages_unacknowledged"))
    data = {"queue": queue, "ready": depth, "unacknowledged_that_stay": unacknowledged}
    return Answer({**data, "dry_run": dry_run})
