"""A number that a backend does not tell is not zero: null in a view, a refusal in a guard.

In: every tool that decides by a number it reads, and the views that show one.
Out: proof that nothing is done while the number is not known.
Must not know: where each number comes from.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conftest import MakeTools
from hostile import answer_with, tools_of
from samples.documents import LOKI_BESIDE, NODE, OVERVIEW, QUEUE, SELECTOR, VECTOR, ok
from stacktic_mcp.lib.documents import count, known_number
from stacktic_mcp.lib.refusal import Refusal
from stacktic_mcp.tools.rabbitmq.rabbitmq_peeking import ensure_peekable
from stacktic_mcp.tools.s3.s3_reading import read_part
from stacktic_mcp.tools.valkey import valkey_collections

pytestmark = pytest.mark.anyio

NO_COUNTS: list[Any] = [
    None,
    "",
    "0",
    "2",
    True,
    False,
    -1,
    0.5,
    float("nan"),
    [],
    [0],
    {},
    "absent",
]
GONE = object()


def with_value(facts: dict[str, Any], name: str, value: Any) -> dict[str, Any]:
    rest = {key: item for key, item in facts.items() if key != name}
    return rest if value == "absent" else {**rest, name: value}


@pytest.mark.parametrize("value", NO_COUNTS, ids=repr)
def test_what_is_no_count_is_not_known(value: Any) -> None:
    assert count(value) is None
    with pytest.raises(Refusal) as refused:
        known_number(value, "it")
    assert (refused.value.code, refused.value.hint) == (
        "E_UNAVAILABLE",
        "the backend does not tell it, so nothing is done",
    )
    assert (count(0), count(3.0), known_number(5, "it")) == (0, 3, 5)


@pytest.mark.parametrize("value", NO_COUNTS, ids=repr)
@pytest.mark.parametrize("dry_run", [True, False])
async def test_a_purge_needs_the_depth(
    make_tools: MakeTools,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    value: Any,
    dry_run: bool,
) -> None:
    document = with_value(QUEUE, "messages_ready", value)
    asked = answer_with(monkeypatch, lambda _: json.dumps(document).encode())
    tools = tools_of("rabbitmq", make_tools, tmp_path, write=True)
    arguments = {"queue": "orders", "expect_depth_max": 0, "dry_run": dry_run}
    with pytest.raises(Refusal) as refused:
        await tools.call("rabbitmq_purge", arguments)
    assert refused.value.code == "E_UNAVAILABLE"
    assert "does not tell how many messages `orders` holds" in refused.value.hint
    assert [method for method, _ in asked] == ["GET"]


@pytest.mark.parametrize(
    ("facts", "allowed"),
    [
        ({}, False),
        ({"type": None}, False),
        ({"type": "rabbit_mqtt_qos0_queue"}, False),
        ({"type": "stream"}, False),
        ({"type": "rabbit_quorum_queue"}, False),
        ({"arguments": {"x-queue-type": "quorum"}}, False),
        ({"type": "quorum", "arguments": {"x-delivery-limit": True}}, False),
        ({"type": "quorum", "arguments": []}, False),
        ({"type": "quorum", "delivery_limit": -1}, True),
        ({"type": "classic"}, True),
        ({"type": "rabbit_classic_queue", "arguments": []}, True),
    ],
)
def test_a_peek_needs_a_kind_that_is_known_to_be_safe(facts: Any, allowed: bool) -> None:
    if allowed:
        ensure_peekable(facts, "3.13.7")
        return
    with pytest.raises(Refusal):
        ensure_peekable(facts, "3.13.7")


@pytest.mark.parametrize("value", [*NO_COUNTS, 0], ids=repr)
@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("loki_query", {"logql": f"count_over_time({SELECTOR}[5m])"}),
        ("loki_query_range", {"logql": SELECTOR}),
        ("loki_errors", {"component": "kafka"}),
    ],
)
async def test_a_query_of_logs_needs_its_size(
    make_tools: MakeTools,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    value: Any,
    tool: str,
    arguments: dict[str, Any],
) -> None:
    """No bytes beside some lines is what an index says that keeps no sizes."""
    stats = with_value(LOKI_BESIDE["loki/api/v1/index/stats"], "bytes", value)
    asked = answer_with(
        monkeypatch, lambda path: json.dumps(stats if "stats" in path else VECTOR).encode()
    )
    with pytest.raises(Refusal) as refused:
        await tools_of("loki", make_tools, tmp_path).call(tool, arguments)
    assert refused.value.code == "E_UNAVAILABLE"
    assert [path.rpartition("/")[2] for _, path in asked] == ["stats"]


class Silent:
    """A Valkey connection that has no answer to MEMORY USAGE."""

    def __init__(self) -> None:
        self.asked: list[Any] = []

    async def run(self, *words: Any) -> Any:
        self.asked.append(words[0])
        return None if words[0] == "MEMORY" else 5


@pytest.mark.parametrize("kind", ["list", "set", "zset", "stream"])
async def test_items_of_unknown_size_are_not_read(kind: str) -> None:
    client: Any = Silent()
    with pytest.raises(Refusal) as refused:
        await valkey_collections.read_collection(client, "app:k", kind, 0, 5)
    assert refused.value.code == "E_NOT_FOUND"
    assert client.asked[1:] == ["MEMORY"]


Answer = Callable[..., Any]


def s3_answers(monkeypatch: pytest.MonkeyPatch, **facts: Any) -> None:
    async def call(*_: Any, **__: Any) -> dict[str, Any]:
        return {"Body": b"0123", **facts}

    monkeypatch.setattr("stacktic_mcp.tools.s3.s3_reading.call", call)


@pytest.mark.parametrize(
    ("told", "offset", "total"),
    [
        ({"ContentRange": "bytes 0-3/10", "ContentLength": 4}, 0, 10),
        ({"ContentRange": "bytes 0-3/*", "ContentLength": 4}, 0, None),
        ({"ContentRange": "bytes 8-9/10"}, 8, 10),
        ({"ContentLength": 4}, 0, 4),
        ({}, 0, None),
        ({"ContentRange": "bytes 0-3/10"}, 8, GONE),
        ({"ContentLength": 4}, 8, GONE),
    ],
)
async def test_the_size_of_an_object_is_told_or_null(
    monkeypatch: pytest.MonkeyPatch, told: dict[str, Any], offset: int, total: Any
) -> None:
    """A store that ignores the range must not pass its beginning off as another part."""
    link: Any = None
    s3_answers(monkeypatch, **told)
    if total is GONE:
        with pytest.raises(Refusal):
            await read_part(link, "b", "k", offset, 4)
    else:
        assert (await read_part(link, "b", "k", offset, 4)).total_bytes == total


async def view(
    make_tools: MakeTools,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    tool: str,
    document: Any,
    **arguments: Any,
) -> Any:
    answer_with(monkeypatch, lambda _: json.dumps(document).encode())
    return (await tools_of(kind, make_tools, tmp_path).call(tool, arguments))["data"]


async def test_views_show_null(
    make_tools: MakeTools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_hand = (make_tools, tmp_path, monkeypatch)
    overview = await view(*at_hand, "rabbitmq", "rabbitmq_overview", {"rabbitmq_version": "4"})
    assert set(overview["messages"].values()) == {None}
    assert set(overview["rates_per_s"].values()) == {None}
    known = await view(*at_hand, "rabbitmq", "rabbitmq_overview", OVERVIEW)
    assert (known["messages"]["messages"], known["rates_per_s"]["publish"]) == (1, 1.5)
    named = {"name": "orders"}
    queue = await view(*at_hand, "rabbitmq", "rabbitmq_get_queue", named, queue="orders")
    names = ("type", "messages", "messages_ready", "consumers", "memory", "publish_rate")
    assert [queue[name] for name in names] == [None] * 6
    trace = await view(*at_hand, "rabbitmq", "rabbitmq_trace_dead_letters", named, queue="orders")
    assert trace["steps"][0]["messages"] is None
    rules = ok({"groups": [{"rules": [{"type": "alerting"}]}]})
    (rule,) = await view(*at_hand, "prometheus", "prom_rules", rules)
    assert (rule["for_s"], rule["active"]) == (None, None)
    cardinality = await view(*at_hand, "prometheus", "prom_cardinality", ok({}))
    assert cardinality["series"] is None
    stats = await view(*at_hand, "loki", "loki_stats", {"bytes": 0}, match=SELECTOR)
    assert stats == {"streams": None, "chunks": None, "entries": None, "bytes": 0}


async def test_filters_keep_what_nobody_has_counted(
    make_tools: MakeTools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [{"name": "small", "messages": 1, "consumers": 1}, {"name": "unknown"}, QUEUE]
    document = {"items": rows, "page_count": 1}
    at_hand = (make_tools, tmp_path, monkeypatch, "rabbitmq", "rabbitmq_list_queues", document)
    for sort in ("messages", "consumers", "memory", "publish_rate"):
        found = await view(*at_hand, min_depth=2, sort=sort)
        assert [row["queue"] for row in found] == ["orders", "unknown"]
    assert [row["queue"] for row in await view(*at_hand, no_consumers=True)] == ["unknown"]


@pytest.mark.parametrize(
    ("nodes", "healthy"),
    [
        ([NODE], True),
        ([], None),
        ([{"name": "a"}], None),
        ([{"name": "a", "running": True}], None),
        ([NODE, {"name": "b", "running": None}], None),
        ([{"name": "a", "running": False}], False),
        ([NODE, {**NODE, "mem_alarm": True}], False),
    ],
)
async def test_health_is_not_known_where_alarms_are_not_told(
    make_tools: MakeTools,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    nodes: Any,
    healthy: bool | None,
) -> None:
    at_hand = (make_tools, tmp_path, monkeypatch)
    assert (await view(*at_hand, "rabbitmq", "rabbitmq_health", nodes))["healthy"] is healthy
