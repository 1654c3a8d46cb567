"""What of RabbitMQ's answers is shown: chosen fields, in plain names.

In: decoded JSON of the management API, of RabbitMQ 3 or 4, with statistics or without.
Out: small dictionaries; a number that the broker does not tell is null.
Must not know: HTTP, MCP or links.
"""

from typing import Any

from stacktic_mcp.lib.documents import (
    Facts,
    at,
    count,
    facts_of,
    flag,
    number,
    objects,
    text,
    texts,
    word,
)

Row = dict[str, Any]

# Arguments and policies that say how a queue behaves; others may hold anything.
SHOWN_ARGUMENTS = (
    "x-queue-type",
    "x-dead-letter-exchange",
    "x-dead-letter-routing-key",
    "x-message-ttl",
    "x-expires",
    "x-max-length",
    "x-max-length-bytes",
    "x-overflow",
    "x-max-priority",
    "x-delivery-limit",
    "x-single-active-consumer",
)
RATES = ("publish", "deliver_get", "ack", "redeliver")


COUNTS = ("messages", "messages_ready", "messages_unacknowledged")


def overview_view(facts: Facts) -> Row:
    """Return versions, totals and rates of the cluster."""
    names = ("rabbitmq_version", "erlang_version", "cluster_name")
    totals = facts_of(facts.get("object_totals"))
    return {
        **{name: word(facts.get(name)) for name in names},
        "object_totals": {name: count(told) for name, told in totals.items()},
        "messages": {name: count(at(facts, "queue_totals", name)) for name in COUNTS},
        "rates_per_s": rates(facts),
    }


def rates(facts: Facts) -> dict[str, float | None]:
    """Return the rates of a queue or cluster."""
    return {name: _rate(facts, name) for name in RATES}


def _rate(facts: Facts, name: str) -> float | None:
    return number(at(facts, "message_stats", f"{name}_details", "rate"))


def queue_row(facts: Facts, linked: bool) -> Row:
    """Return one line about a queue."""
    return {
        "queue": text(facts.get("name")),
        "linked": linked,
        "type": word(facts.get("type")),
        "state": word(facts.get("state")),
        **{name: count(facts.get(name)) for name in (*COUNTS, "consumers", "memory")},
        "publish_rate": _rate(facts, "publish"),
        "deliver_rate": _rate(facts, "deliver_get"),
    }


def queue_view(facts: Facts) -> Row:
    """Return a queue with its behaviour, counters and consumers."""
    arguments = facts_of(facts.get("arguments"))
    policy = facts_of(facts.get("effective_policy_definition"))
    allowed = {name.removeprefix("x-") for name in SHOWN_ARGUMENTS}
    return {
        **queue_row(facts, linked=True),
        "durable": flag(facts.get("durable")),
        "policy": word(facts.get("policy")),
        "effective_policy": {name: value for name, value in policy.items() if name in allowed},
        "arguments": {name: arguments[name] for name in SHOWN_ARGUMENTS if name in arguments},
        "rates_per_s": rates(facts),
        "node": word(facts.get("node")),
        "members": texts(facts.get("members")),
        "online": texts(facts.get("online")),
        "consumer_details": list(map(_consumer, objects(facts.get("consumer_details")))),
    }


def _consumer(facts: Facts) -> Row:
    return {
        "tag": word(facts.get("consumer_tag")),
        "user": word(at(facts, "channel_details", "user")),
        "connection": word(at(facts, "channel_details", "connection_name")),
        "prefetch": count(facts.get("prefetch_count")),
        "ack_required": flag(facts.get("ack_required")),
        "active": flag(facts.get("active")),
    }


def exchange_row(facts: Facts, linked: bool) -> Row:
    """Return one line about an exchange; the default one has no name of its own."""
    return {
        "exchange": text(facts.get("name")) or "(default)",
        "linked": linked,
        "type": word(facts.get("type")),
        "durable": flag(facts.get("durable")),
        "internal": flag(facts.get("internal")),
        "policy": word(facts.get("policy")),
        "in_rate": _rate(facts, "publish_in"),
        "out_rate": _rate(facts, "publish_out"),
    }


def binding_row(facts: Facts) -> Row:
    """Return one line about a binding."""
    return {
        "from": text(facts.get("source")) or "(default)",
        "to": text(facts.get("destination")),
        "to_type": word(facts.get("destination_type")),
        "routing_key": text(facts.get("routing_key")),
        "arguments": dict(facts_of(facts.get("arguments"))),
    }


def connection_row(facts: Facts) -> Row:
    """Return one line about a connection; of the client's own words only its name."""
    return {
        "name": word(at(facts, "client_properties", "connection_name")) or word(facts.get("name")),
        "user": word(facts.get("user")),
        "state": word(facts.get("state")),
        "protocol": word(facts.get("protocol")),
        "tls": flag(facts.get("ssl")),
        "channels": count(facts.get("channels")),
        "connected_at_ms": count(facts.get("connected_at")),
        "receive_bytes_per_s": number(at(facts, "recv_oct_details", "rate")),
        "send_bytes_per_s": number(at(facts, "send_oct_details", "rate")),
    }


def node_view(facts: Facts) -> Row:
    """Return a node's state, alarms and limits."""
    partitions = facts.get("partitions")
    flags = ("running", "mem_alarm", "disk_free_alarm")
    numbers = ("mem_used", "mem_limit", "disk_free", "disk_free_limit", "fd_used", "fd_total")
    return {
        "node": text(facts.get("name")),
        **{name: flag(facts.get(name)) for name in flags},
        "partitions": texts(partitions) if isinstance(partitions, list) else None,
        **{name: count(facts.get(name)) for name in (*numbers, "uptime")},
    }


def health_view(nodes: list[Row]) -> Row:
    """Return whether all is well; null while nothing is wrong but not everything is told."""
    found = [problem for node in nodes for problem in problems(node)]
    told = bool(nodes) and all(map(_is_told, nodes))
    return {
        "healthy": False if found else True if told else None,
        "problems": found,
        "nodes": nodes,
    }


def _is_told(node: Row) -> bool:
    """Tell whether a node says that it runs, and anything about alarms: they come together."""
    alarms = (node["mem_alarm"], node["disk_free_alarm"])
    return node["running"] is True and any(isinstance(alarm, bool) for alarm in alarms)


def problems(node: Row) -> list[str]:
    """Return what is wrong with a node, in words."""
    name = node["node"]
    if node["running"] is False:
        return [f"{name} is not running"]
    found: list[str] = []
    if node["mem_alarm"]:
        found.append(f"{name} has a memory alarm: publishers are blocked")
    if node["disk_free_alarm"]:
        found.append(f"{name} has a disk alarm: publishers are blocked")
    if node["partitions"]:
        found.append(f"{name} does not see some other nodes")
    return found


def message_view(facts: Facts) -> Row:
    """Return one message as the broker gave it, its payload cut by the broker."""
    headers = facts_of(at(facts, "properties", "headers"))
    return {
        "exchange": text(facts.get("exchange")) or "(default)",
        "routing_key": text(facts.get("routing_key")),
        "redelivered": flag(facts.get("redelivered")),
        "delivery_count": count(headers.get("x-delivery-count")),
        "content_type": word(at(facts, "properties", "content_type")),
        "headers": dict(headers),
        "payload_bytes": count(facts.get("payload_bytes")),
        "encoding": {"string": "utf-8"}.get(text(facts.get("payload_encoding")), "base64"),
        "payload": text(facts.get("payload")),
    }
