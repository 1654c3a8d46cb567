"""Rules of RabbitMQ that the tools work out themselves.

In: routing keys, and what a broker tells about a queue.
Out: whether a binding takes a key, and which delivery limit holds.
Must not know: HTTP or MCP.
"""

from __future__ import annotations

import pytest

from stacktic_mcp.tools.rabbitmq.rabbitmq_dead_letters import matches
from stacktic_mcp.tools.rabbitmq.rabbitmq_peeking import delivery_limit


@pytest.mark.parametrize(
    ("kind", "pattern", "key", "expected"),
    [
        ("direct", "a", "a", True),
        ("direct", "a", "b", False),
        ("fanout", "", "b", True),
        ("topic", "order.*", "order.new", True),
        ("topic", "order.*", "order.new.eu", False),
        ("topic", "order.#", "order", True),
        ("topic", "order.#", "order.new.eu", True),
        ("topic", "#", "", True),
        ("topic", "#.eu", "order.new.eu", True),
        ("topic", "#.eu", "order.us", False),
        ("topic", "*.#.*", "a", False),
        ("topic", "*.#.*", "a.b.c.d", True),
        ("topic", "#.#.#.#.#.#.#.#.x", ".".join("a" * 120), False),
        ("direct", "a", None, True),
    ],
)
def test_routing_keys(kind: str, pattern: str, key: str | None, expected: bool) -> None:
    """Keys match as the broker matches them, in bounded time."""
    assert matches(kind, pattern, key) is expected


def test_delivery_limit_is_the_lowest_told() -> None:
    """Arguments, policy and the broker's own word."""
    assert delivery_limit({}) == 20
    assert delivery_limit({"delivery_limit": 7, "arguments": {"x-delivery-limit": 9}}) == 7
    policy = {"effective_policy_definition": {"delivery-limit": 3}}
    assert delivery_limit({"arguments": {"x-delivery-limit": -1}, **policy}) == 3
    assert delivery_limit({"arguments": {"x-delivery-limit": -1}}) is None
