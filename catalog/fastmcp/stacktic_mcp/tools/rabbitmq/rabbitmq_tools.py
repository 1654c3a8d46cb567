"""RabbitMQ tools: queues, exchanges, bindings and connections of one virtual host.

In: a link and checked arguments; queues and exchanges are closed lists of the topology.
Out: chosen fields of the management API.
Must not know: how requests travel, or other links. No tool reaches definitions, users,
policies or shovels.
"""

from typing import Annotated, Any, Literal

from pydantic import Field

from stacktic_mcp.core.toolkit import Answer, Choice, Link, Refusal, Toolset
from stacktic_mcp.lib.documents import Facts, count, known_number, text
from stacktic_mcp.tools.rabbitmq.rabbitmq_api import Broker
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

MAX_PAYLOAD_BYTES = 64 * 1024
PEEKED_BYTES = 2000

Queue = Annotated[str, Choice("queues")]
Exchange = Annotated[str, Choice("exchanges")]
RoutingKey = Annotated[str, Field(max_length=255, pattern=r"^[^\x00-\x1f\x7f]*$")]
Limit = Annotated[int, Field(ge=1, le=200)]
Depth = Annotated[int, Field(ge=0, le=2**53 - 1)]


def register(tools: Toolset) -> None:
    """Register the tools of the RabbitMQ links."""
    tools.rights(lambda link: Broker.wider(link, tools.grants(link).get("tags", ())))
    _register_cluster(tools)
    _register_queues(tools)
    _register_routes(tools)
    if tools.write_access:
        _register_writes(tools)


def _register_cluster(tools: Toolset) -> None:
    @tools.read
    async def rabbitmq_overview(link: Link) -> Answer:
        """Return versions, totals and message rates of the cluster."""
        return Answer(overview_view(await Broker(link).overview()))

    @tools.read
    async def rabbitmq_health(link: Link) -> Answer:
        """Return the nodes with their alarms, and whether all is well."""
        return Answer(health_view([node_view(node) for node in await Broker(link).nodes()]))

    @tools.read
    async def rabbitmq_list_connections(
        link: Link, state: Literal["running", "blocked", "any"] = "any", limit: Limit = 50
    ) -> Answer:
        """Return client connections to the virtual host, the busiest first."""
        rows = await Broker(link).connections()
        shown = [connection_row(row) for row in rows if _in_state(row, state)]
        shown.sort(key=lambda row: _downwards(_traffic(row)))
        return _cut(shown, limit, complete=True)


def _register_queues(tools: Toolset) -> None:
    @tools.read
    async def rabbitmq_list_queues(
        link: Link,
        min_depth: Depth = 0,
        no_consumers: bool = False,
        sort: Literal["messages", "name", "consumers", "memory", "publish_rate"] = "messages",
        limit: Limit = 50,
    ) -> Answer:
        """Return queues of the virtual host, filtered by depth and by missing consumers."""
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
    async def rabbitmq_get_queue(link: Link, queue: Queue) -> Answer:
        """Return one linked queue with its behaviour, counters and consumers."""
        return Answer(queue_view(await Broker(link).queue(queue)))

    @tools.read
    async def rabbitmq_trace_dead_letters(link: Link, queue: Queue) -> Answer:
        """Return where rejected and expired messages of a linked queue go, step by step."""
        return Answer(await trace(Broker(link), queue))


def _register_routes(tools: Toolset) -> None:
    @tools.read
    async def rabbitmq_list_exchanges(link: Link, limit: Limit = 100) -> Answer:
        """Return the exchanges of the virtual host with their rates."""
        known = link.enums["exchanges"]
        rows, complete = await Broker(link).exchanges(
            lambda facts: exchange_row(facts, facts.get("name") in known)
        )
        return _cut(sorted(rows, key=lambda row: row["exchange"]), limit, complete=complete)

    @tools.read
    async def rabbitmq_list_bindings(
        link: Link,
        queue: Queue | None = None,
        exchange: Exchange | None = None,
        limit: Limit = 100,
    ) -> Answer:
        """Return bindings, of one queue or exchange when named."""
        rows = [binding_row(row) for row in await Broker(link).bindings(queue, exchange)]
        rows.sort(key=lambda row: (row["from"], row["to"], row["routing_key"]))
        return _cut(rows, limit, complete=True)


def _register_writes(tools: Toolset) -> None:
    @tools.write(destructive=False, idempotent=False)
    async def rabbitmq_publish(
        link: Link,
        exchange: Exchange,
        routing_key: RoutingKey,
        payload: Annotated[str, Field(max_length=MAX_PAYLOAD_BYTES)],
        content_type: Literal["application/json", "text/plain"] = "application/json",
        persistent: bool = True,
        dry_run: bool = False,
    ) -> Answer:
        """Publish one message to a linked exchange and tell whether a queue took it."""
        mode = 2 if persistent else 1
        properties = {"content_type": content_type, "delivery_mode": mode}
        return await _publish(link, exchange, routing_key, payload, properties, dry_run=dry_run)

    @tools.side_effect()
    async def rabbitmq_peek(
        link: Link, queue: Queue, count: Annotated[int, Field(ge=1, le=10)] = 1
    ) -> Answer:
        """Return the first messages of a linked queue and give them back, marked redelivered."""
        return await _peek(link, queue, count)

    @tools.write(destructive=True, idempotent=True)
    async def rabbitmq_purge(
        link: Link, queue: Queue, expect_depth_max: Depth, dry_run: bool = True
    ) -> Answer:
        """Drop all ready messages of a linked queue, if it held no more than expected 5 s ago."""
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
