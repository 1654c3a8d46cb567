"""What of RabbitMQ's answers is shown: chosen fields, in plain names.

In: decoded JSON of the management API.
Out: small dictionaries.
Must not know: HTTP, MCP or links.
"""

from typing import Any, cast

Facts = dict[str, Any]

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


def overview_view(facts: Facts) -> Facts:
    """Return versions, totals and rates of the cluster."""
    return {
        "rabbitmq_version": facts.get("rabbitmq_version"),
        "erlang_version": facts.get("erlang_version"),
        "cluster_name": facts.get("cluster_name"),
        "object_totals": facts.get("object_totals", {}),
        "messages": {
            name: facts.get("queue_totals", {}).get(name, 0)
            for name in ("messages", "messages_ready", "messages_unacknowledged")
        },
        "rates_per_s": rates(facts),
    }


def rates(facts: Facts) -> dict[str, float]:
    """Return the rates of a queue or cluster, zero where none is known."""
    counters = cast("Facts", facts.get("message_stats") or {})
    return {name: counters.get(f"{name}_details", {}).get("rate", 0.0) for name in RATES}


def queue_row(facts: Facts, linked: bool) -> Facts:
    """Return one line about a queue."""
    names = ("messages", "messages_ready", "messages_unacknowledged", "consumers", "memory")
    return {
        "queue": facts["name"],
        "linked": linked,
        "type": facts.get("type", "classic"),
        "state": facts.get("state"),
        **{name: facts.get(name, 0) for name in names},
        "publish_rate": rates(facts)["publish"],
        "deliver_rate": rates(facts)["deliver_get"],
    }


def queue_view(facts: Facts) -> Facts:
    """Return a queue with its behaviour, counters and consumers."""
    arguments = cast("Facts", facts.get("arguments") or {})
    return {
        **queue_row(facts, linked=True),
        "durable": facts.get("durable"),
        "policy": facts.get("policy"),
        "effective_policy": _known(cast("Facts", facts.get("effective_policy_definition") or {})),
        "arguments": {name: arguments[name] for name in SHOWN_ARGUMENTS if name in arguments},
        "rates_per_s": rates(facts),
        "node": facts.get("node"),
        "members": facts.get("members", []),
        "online": facts.get("online", []),
        "consumer_details": [_consumer(consumer) for consumer in facts.get("consumer_details", [])],
    }


def _known(policy: Facts) -> Facts:
    allowed = {name.removeprefix("x-") for name in SHOWN_ARGUMENTS}
    return {name: value for name, value in policy.items() if name in allowed}


def _consumer(facts: Facts) -> Facts:
    channel = cast("Facts", facts.get("channel_details") or {})
    return {
        "tag": facts.get("consumer_tag"),
        "user": channel.get("user"),
        "connection": channel.get("connection_name"),
        "prefetch": facts.get("prefetch_count"),
        "ack_required": facts.get("ack_required"),
        "active": facts.get("active"),
    }


def exchange_row(facts: Facts, linked: bool) -> Facts:
    """Return one line about an exchange; the default one has no name of its own."""
    counters = cast("Facts", facts.get("message_stats") or {})
    return {
        "exchange": facts["name"] or "(default)",
        "linked": linked,
        "type": facts.get("type"),
        "durable": facts.get("durable"),
        "internal": facts.get("internal"),
        "policy": facts.get("policy"),
        "in_rate": counters.get("publish_in_details", {}).get("rate", 0.0),
        "out_rate": counters.get("publish_out_details", {}).get("rate", 0.0),
    }


def binding_row(facts: Facts) -> Facts:
    """Return one line about a binding."""
    return {
        "from": facts["source"] or "(default)",
        "to": facts["destination"],
        "to_type": facts["destination_type"],
        "routing_key": facts["routing_key"],
        "arguments": facts.get("arguments", {}),
    }


def connection_row(facts: Facts) -> Facts:
    """Return one line about a connection; of the client's own words only its name."""
    client = cast("Facts", facts.get("client_properties") or {})
    return {
        "name": client.get("connection_name") or facts.get("name"),
        "user": facts.get("user"),
        "state": facts.get("state"),
        "protocol": facts.get("protocol"),
        "tls": facts.get("ssl"),
        "channels": facts.get("channels", 0),
        "connected_at_ms": facts.get("connected_at"),
        "receive_bytes_per_s": facts.get("recv_oct_details", {}).get("rate", 0.0),
        "send_bytes_per_s": facts.get("send_oct_details", {}).get("rate", 0.0),
    }


def node_view(facts: Facts) -> Facts:
    """Return a node's state, alarms and limits."""
    names = ("running", "mem_alarm", "disk_free_alarm", "partitions", "mem_used", "mem_limit")
    more = ("disk_free", "disk_free_limit", "fd_used", "fd_total", "uptime")
    return {"node": facts["name"], **{name: facts.get(name) for name in names + more}}


def problems(node: Facts) -> list[str]:
    """Return what is wrong with a node, in words."""
    name = node["node"]
    if not node["running"]:
        return [f"{name} is not running"]
    found: list[str] = []
    if node["mem_alarm"]:
        found.append(f"{name} has a memory alarm: publishers are blocked")
    if node["disk_free_alarm"]:
        found.append(f"{name} has a disk alarm: publishers are blocked")
    if node["partitions"]:
        found.append(f"{name} does not see some other nodes")
    return found


def message_view(facts: Facts) -> Facts:
    """Return one message as the broker gave it, its payload cut by the broker."""
    properties = facts.get("properties")
    known = cast("Facts", properties) if isinstance(properties, dict) else {}
    headers = cast("Facts", known.get("headers") or {})
    return {
        "exchange": facts["exchange"] or "(default)",
        "routing_key": facts["routing_key"],
        "redelivered": facts["redelivered"],
        "delivery_count": headers.get("x-delivery-count", 0),
        "content_type": known.get("content_type"),
        "headers": headers,
        "payload_bytes": facts["payload_bytes"],
        "encoding": "utf-8" if facts["payload_encoding"] == "string" else "base64",
        "payload": facts["payload"],
    }
