"""Whether a peek at a queue can lose a message.

In: what the broker tells about a queue, and its version.
Out: nothing, or a refusal.
Must not know: HTTP, MCP or links.

A peek takes messages and gives them back by nack. Up to RabbitMQ 4.2 a quorum queue counts each
time a message is taken, and drops or dead-letters it when the count passes the delivery limit.
The count of a message is not visible before it is taken, and counters of the whole queue start
again with the broker, so no peek at such a queue can be proved harmless: it is refused.
From 4.3 on only a reject or a lost consumer counts, and a classic queue counts nothing. A queue
of a kind that is not told, or that is not known here, might count: it is refused as well.
"""

import re

from stacktic_mcp.core.toolkit import Refusal
from stacktic_mcp.lib.documents import Facts, at

# Of RabbitMQ 4; version 3 has none, and is treated as if it had.
DEFAULT_DELIVERY_LIMIT = 20
FIRST_THAT_DOES_NOT_COUNT = (4, 3)


def ensure_peekable(facts: Facts, version: str) -> None:
    """Refuse where the delivery limit could be passed."""
    kind = _kind(facts)
    if kind == "stream":
        raise Refusal("E_ARG", "a stream has no messages that could be taken one by one")
    if kind not in {"classic", "quorum"}:
        hint = "the broker does not tell a kind of this queue for which a peek is known to be safe"
        raise Refusal("E_UNAVAILABLE", hint)
    limit = delivery_limit(facts)
    if kind == "classic" or limit is None or _number(version) >= FIRST_THAT_DOES_NOT_COUNT:
        return
    hint = (
        f"a peek could drop a message: RabbitMQ {version} counts it against the delivery limit"
        f" of {limit}; version 4.3 does not, nor does a queue whose delivery-limit is -1"
    )
    raise Refusal("E_LIMIT", hint)


def _kind(facts: Facts) -> str:
    """Return the kind as its short word: `rabbit_quorum_queue` is how some versions write it."""
    told = facts.get("type") or at(facts, "arguments", "x-queue-type")
    return re.sub("^rabbit_|_queue$", "", told) if isinstance(told, str) else ""


def delivery_limit(facts: Facts) -> int | None:
    """Return the lowest limit that is told for a queue; none when it is switched off."""
    told = [
        facts.get("delivery_limit"),
        at(facts, "arguments", "x-delivery-limit"),
        at(facts, "effective_policy_definition", "delivery-limit"),
    ]
    limits = [value for value in told if type(value) is int]
    if not limits:
        return DEFAULT_DELIVERY_LIMIT
    counted = [value for value in limits if value >= 0]
    return min(counted) if counted else None


def _number(version: str) -> tuple[int, int]:
    """Return major and minor; what does not read as a version is the oldest."""
    found = re.match(r"(\d{1,4})\.(\d{1,4})", version)
    return (int(found[1]), int(found[2])) if found else (0, 0)
