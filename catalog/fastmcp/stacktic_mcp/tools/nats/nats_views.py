"""How streams, consumers and messages of NATS are shown.

In: answers of JetStream's API, messages as a client has them.
Out: plain JSON; of headers the names alone, since producers put credentials there.
Must not know: connections, links or tools.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any

from stacktic_mcp.lib.decoding import encoded, whole_characters
from stacktic_mcp.lib.documents import Facts, at, count, items, texts, word

MAX_HEADERS = 50
NANOSECONDS = 1_000_000_000
_HEADER = re.compile(rb"^([^:\r\n]{1,200}):", re.MULTILINE)


def stream_line(name: str, info: Facts | None) -> dict[str, Any]:
    """Return what a stream holds, or that there is none."""
    if info is None:
        return {"stream": name, "missing": True}
    state = at(info, "state")
    return {
        "stream": name,
        "subjects": texts(at(info, "config", "subjects")),
        "messages": count(at(state, "messages")),
        "bytes": count(at(state, "bytes")),
        "first_seq": count(at(state, "first_seq")),
        "last_seq": count(at(state, "last_seq")),
        "consumers": count(at(state, "consumer_count")),
    }


def stream_view(name: str, info: Facts) -> dict[str, Any]:
    """Return a stream with its limits and where it lies."""
    config, age = at(info, "config"), count(at(info, "config", "max_age"))
    return {
        **stream_line(name, info),
        "first_time": word(at(info, "state", "first_ts")),
        "last_time": word(at(info, "state", "last_ts")),
        "deleted": count(at(info, "state", "num_deleted")),
        "retention": word(at(config, "retention")),
        "discard": word(at(config, "discard")),
        "storage": word(at(config, "storage")),
        "replicas": count(at(config, "num_replicas")),
        "max_age_s": age // NANOSECONDS if age is not None else None,
        # -1 stands for no limit.
        "max_bytes": count(at(config, "max_bytes")),
        "leader": word(at(info, "cluster", "leader")),
        "replicas_behind": sum(
            at(one, "current") is not True for one in items(at(info, "cluster", "replicas"))
        ),
    }


def consumer_view(info: Facts) -> dict[str, Any]:
    """Return how far a consumer is, and what it waits for."""
    return {
        "consumer": word(at(info, "name")),
        "filter": word(at(info, "config", "filter_subject")),
        "ack_policy": word(at(info, "config", "ack_policy")),
        "pending": count(at(info, "num_pending")),
        "not_acknowledged": count(at(info, "num_ack_pending")),
        "redelivered": count(at(info, "num_redelivered")),
        "waiting_pulls": count(at(info, "num_waiting")),
        "delivered_seq": count(at(info, "delivered", "stream_seq")),
        "acknowledged_seq": count(at(info, "ack_floor", "stream_seq")),
        "last_delivered": word(at(info, "delivered", "last_active")),
    }


def stored_view(message: Facts, max_bytes: int) -> dict[str, Any]:
    """Return a message as a stream keeps it."""
    headers = _HEADER.findall(_bytes(at(message, "hdrs")))
    return {
        "seq": count(at(message, "seq")),
        "subject": word(at(message, "subject")),
        "time": word(at(message, "time")),
        **payload_view(_bytes(at(message, "data")), max_bytes),
        "headers": sorted({name.decode("utf-8", "replace") for name in headers})[:MAX_HEADERS],
    }


def payload_view(data: bytes, max_bytes: int) -> dict[str, Any]:
    """Return what a message says, or its first bytes, and how they are written."""
    head = data[:max_bytes]
    shown = encoded(whole_characters(head) if len(head) < len(data) else head)
    return {"value": shown["value"], "encoding": shown["encoding"], "value_bytes": len(data)}


def _bytes(text: Any) -> bytes:
    try:
        return base64.b64decode(text, validate=True) if isinstance(text, str) else b""
    except binascii.Error:
        return b""
