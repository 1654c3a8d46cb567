"""Where rejected and expired messages of a queue go, step by step.

In: a broker and a queue of the topology.
Out: the steps, each with the queues that take the message, and why the way ends.
Must not know: MCP or how requests travel.
"""

from dataclasses import dataclass, field

from stacktic_mcp.core.toolkit import Refusal
from stacktic_mcp.lib.documents import Facts, at, count, text
from stacktic_mcp.tools.rabbitmq.rabbitmq_api import Broker, Row

MAX_STEPS = 5
MAX_QUEUES = 20


@dataclass
class Trace:
    """The way so far."""

    steps: list[Row] = field(default_factory=list[Row])
    seen: set[str] = field(default_factory=set[str])
    end: str = ""


async def trace(broker: Broker, queue: str) -> Row:
    """Follow dead letters from a queue until they stay, vanish or come back."""
    way = Trace()
    waiting: list[str] = [queue]
    while waiting and len(way.steps) < MAX_STEPS:
        name = waiting.pop(0)
        if name in way.seen:
            way.end = f"a cycle: messages come back to `{name}`"
            continue
        way.seen.add(name)
        step = await _step(broker, name)
        way.steps.append(step)
        waiting += step["routed_to"][:MAX_QUEUES]
    return {"queue": queue, "steps": way.steps, "end": way.end or _end(way, waiting)}


def _end(way: Trace, waiting: list[str]) -> str:
    if waiting:
        return f"stopped after {MAX_STEPS} steps"
    last = way.steps[-1]
    if last["dead_letter_exchange"] is None:
        return f"`{last['queue']}` has no dead-letter exchange: its dead messages are dropped"
    return f"no queue takes what `{last['queue']}` dead-letters: it is dropped"


async def _step(broker: Broker, name: str) -> Row:
    facts = await broker.queue(name)
    exchange, key = dead_letter_target(facts)
    step: Row = {
        "queue": name,
        "messages": count(facts.get("messages")),
        "consumers": count(facts.get("consumers")),
        "dead_letter_exchange": exchange,
        "routing_key": key if key is not None else "(the message's own)",
        "routed_to": [],
    }
    if exchange is not None:
        step["routed_to"] = await _receivers(broker, exchange, key)
    return step


def dead_letter_target(facts: Facts) -> tuple[str | None, str | None]:
    """Return exchange and routing key; an argument of the queue wins over a policy."""
    exchange = _told(facts, "dead-letter-exchange")
    return exchange, _told(facts, "dead-letter-routing-key")


def _told(facts: Facts, name: str) -> str | None:
    of_queue = at(facts, "arguments", f"x-{name}")
    value = of_queue if of_queue is not None else at(facts, "effective_policy_definition", name)
    return None if value is None else text(value)


async def _receivers(broker: Broker, exchange: str, key: str | None) -> list[str]:
    if not exchange:
        return [key] if key else []
    try:
        kind = str((await broker.exchange(exchange)).get("type"))
        bindings = await broker.bindings(exchange=exchange)
    except Refusal as refusal:
        if refusal.code == "E_NOT_FOUND":
            return []
        raise
    found = [
        text(row.get("destination"))
        for row in bindings
        if row.get("destination_type") == "queue"
        and matches(kind, text(row.get("routing_key")), key)
    ]
    return sorted(set(found))


def matches(kind: str, pattern: str, key: str | None) -> bool:
    """Tell whether a binding takes a key; an unknown key may match every binding."""
    if key is None or kind in {"fanout", "headers"}:
        return True
    if kind == "topic":
        return _topic(pattern.split("."), key.split("."))
    return pattern == key


def _topic(pattern: list[str], words: list[str]) -> bool:
    """Match word by word, keeping every place in the pattern that could be reached."""
    reached = _skip_hashes(pattern, {0})
    for word in words:
        stepped: set[int] = set()
        for place in reached:
            if place < len(pattern) and pattern[place] == "#":
                stepped.add(place)
            elif place < len(pattern) and pattern[place] in {"*", word}:
                stepped.add(place + 1)
        reached = _skip_hashes(pattern, stepped)
    return len(pattern) in reached


def _skip_hashes(pattern: list[str], places: set[int]) -> set[int]:
    """Add the places behind each `#`, which may stand for no word at all."""
    reached = set(places)
    for place in range(len(pattern)):
        if place in reached and pattern[place] == "#":
            reached.add(place + 1)
    return reached
