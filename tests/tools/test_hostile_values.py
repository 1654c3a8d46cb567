"""Values that JSON cannot hold, from backends that speak no JSON: shown exactly, and marked.

In: a real Valkey; answers of Kafka and of an object store as their clients give them.
Out: proof that bytes are marked, that numbers stay text, and that one odd entry hides no other.
Must not know: how the clients are capped.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from contextlib import AsyncExitStack
from types import SimpleNamespace
from typing import Any, cast

import pytest

from conftest import LinkFacts, MakeTools
from servers.valkey_server import ValkeyServer, granted_users, link, running_valkey
from stacktic_mcp.core.toolkit import Toolset
from stacktic_mcp.lib.decoding import encoded, exact_number, whole_characters
from stacktic_mcp.lib.documents import mean, sample
from stacktic_mcp.tools.argocd import argocd_shapes
from stacktic_mcp.tools.grafana import grafana_shapes
from stacktic_mcp.tools.kafka import kafka_tools
from stacktic_mcp.tools.kafka.kafka_client import Kafka
from stacktic_mcp.tools.loki import loki_shapes
from stacktic_mcp.tools.prometheus import prometheus_addresses
from stacktic_mcp.tools.s3 import s3_tools
from stacktic_mcp.tools.valkey import valkey_tools

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[ValkeyServer]:
    """One server with keys of every kind, some of whose parts are no text."""
    users = granted_users(["app:", "cache:"])
    with running_valkey(tmp_path_factory.mktemp("valkey"), users) as running:
        admin = cast("Any", running.admin)
        admin.hset("app:hash", mapping={b"\xff\xfe": b"\x00\xff", "text": "a"})
        admin.zadd("app:zset", {b"\xff": float("inf"), "low": float("-inf"), "m": 2**53 + 2})
        admin.zadd("app:zset", {"exact": 0.1})
        admin.xadd("app:stream", {b"\xff": b"\xfe", "text": "half \u00e9"})
        admin.rpush("app:list", b"\xed\xa0\x80", "\x00\x01", "")
        admin.sadd("app:set", "1", "2")
        admin.setbit("app:bits", 7, 1)
        admin.pfadd("app:hll", "a")
        yield running


@pytest.fixture
def reader(server: ValkeyServer, make_tools: MakeTools) -> Toolset:
    return make_tools(valkey_tools.register, link(server))


async def data(tools: Toolset, tool: str, **arguments: Any) -> Any:
    return (await tools.call(tool, arguments))["data"]


async def test_fields_of_a_hash(reader: Toolset) -> None:
    rows = (await data(reader, "valkey_hgetall", key="app:hash"))["fields"]
    assert sorted(rows, key=lambda row: row["field"]) == [
        {
            "field": "//4=",
            "field_encoding": "base64",
            "bytes": 2,
            "encoding": "base64",
            "value": "AP8=",
        },
        {"field": "text", "bytes": 1, "encoding": "utf-8", "value": "a"},
    ]


async def test_scores_are_text(reader: Toolset) -> None:
    items = (await data(reader, "valkey_collection", key="app:zset"))["items"]
    assert [(item["value"], item["score"]) for item in items] == [
        ("low", "-inf"),
        ("exact", "0.1"),
        ("m", "9007199254740994"),
        ("/w==", "inf"),
    ]


async def test_items_of_lists_and_entries(reader: Toolset) -> None:
    items = (await data(reader, "valkey_collection", key="app:list"))["items"]
    assert [(item["encoding"], item["value"]) for item in items] == [
        ("base64", "7aCA"),
        ("base64", "AAE="),
        ("utf-8", ""),
    ]
    (entry,) = (await data(reader, "valkey_collection", key="app:stream"))["items"]
    assert entry["fields"] == [
        {"field": "/w==", "field_encoding": "base64", "encoding": "base64", "value": "/g=="},
        {"field": "text", "encoding": "utf-8", "value": "half é"},
    ]


async def test_every_kind_of_key_has_a_type(reader: Toolset) -> None:
    names = ["hash", "zset", "stream", "list", "set", "bits", "hll", "none"]
    rows = await data(reader, "valkey_type_and_ttl", keys=[f"app:{name}" for name in names])
    kinds = ["hash", "zset", "stream", "list", "set", "string", "string", "none"]
    assert [row["type"] for row in rows] == kinds
    assert [row["exists"] for row in rows] == [True] * 7 + [False]


def record(**changes: Any) -> Any:
    facts = {"partition": 0, "offset": 2**60, "timestamp": 5, "key": b"k", "value": b"v"}
    return SimpleNamespace(**{**facts, "headers": [("h", b"secret")], **changes})


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ({"key": b"\xff"}, {"key": "/w==", "key_encoding": "base64", "key_bytes": 1}),
        ({"key": "é".encode()}, {"key": "é", "key_encoding": "utf-8", "key_bytes": 2}),
        ({"key": b""}, {"key": "", "key_encoding": "utf-8", "key_bytes": 0}),
        ({"key": None}, {"key": None, "key_encoding": None, "key_bytes": None}),
        ({"value": None}, {"value": None, "encoding": None, "value_bytes": None}),
        ({"value": b""}, {"value": "", "encoding": "utf-8", "value_bytes": 0}),
        ({"value": b"\x00\x01\x02"}, {"value": "AAEC", "encoding": "base64"}),
        ({"value": "aé".encode()}, {"value": "a", "encoding": "utf-8", "value_bytes": 3}),
        ({"timestamp": -1}, {"timestamp_ms": None}),
    ],
)
def test_records_say_how_key_and_value_are_written(given: Any, shown: dict[str, Any]) -> None:
    limit = 2 if given.get("value") == "aé".encode() else 100
    row = kafka_tools.record_view(record(**given), limit)
    assert {name: row[name] for name in shown} == shown
    assert row["headers"] == ["h"]


async def test_a_group_of_the_newer_protocol_has_no_known_state() -> None:
    described: dict[str, Any] = {"error_code": 69, "state": "Dead", "members": []}
    reply = SimpleNamespace(to_object=lambda: {"groups": [described]})

    class Admin:
        async def describe_consumer_groups(self, _: Any) -> Any:
            return [reply]

    link: Any = None
    kafka: Any = Kafka(link, {}, AsyncExitStack())
    kafka._admin = Admin()
    assert (await kafka.describe_group("g"))["state"] is None
    described |= {"error_code": 0, "state": "Stable", "members": [{"client_id": None}, {}]}
    assert await kafka.describe_group("g") == {"state": "Stable", "members": 2, "clients": [""]}


async def test_the_sum_of_unknown_sizes_is_not_known(
    make_tools: MakeTools, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = {"Contents": [{"Key": "a", "Size": 5}, {"Key": "b"}, {"Key": "c", "Size": None}]}

    async def call(*_: Any, **__: Any) -> dict[str, Any]:
        return page

    monkeypatch.setattr("stacktic_mcp.tools.s3.s3_listing.call", call)
    facts = LinkFacts("s3", "fastmcp-seaweedfs", "MCP_S3", enums={"buckets": ["b"]})
    tools = make_tools(s3_tools.register, facts)
    stats = await data(tools, "s3_bucket_stats", bucket="b")
    assert (stats["objects"], stats["bytes"], stats["objects_of_unknown_size"]) == (3, None, 2)
    assert stats["largest"] == [{"key": "a", "bytes": 5}]
    assert [row["bytes"] for row in await data(tools, "s3_list_objects", bucket="b")] == [
        5,
        None,
        None,
    ]
    page = {"Contents": [{"Key": "a", "Size": 5}]}
    assert (await data(tools, "s3_bucket_stats", bucket="b"))["bytes"] == 5


@pytest.mark.parametrize(
    ("values", "expected"),
    [([], None), ([1.7e308, 1.7e308], 1.7e308), ([-1.7e308] * 3, -1.7e308), ([1.0, 2.0], 1.5)],
)
def test_means_have_no_overflow(values: list[float], expected: float | None) -> None:
    assert mean(values) == (None if expected is None else pytest.approx(expected))


@pytest.mark.parametrize(
    ("given", "shown"),
    [("1", 1.0), ("+Inf", "+Inf"), ("NaN", "NaN"), ("x", "x"), (None, None), (5, 5), ([], None)],
)
def test_samples(given: Any, shown: Any) -> None:
    assert sample(given) == shown


@pytest.mark.parametrize("text", ["0.1", "-12.5", "1e-7", "5e-324", "99999999999999.9", "1.0E+2"])
def test_a_number_that_a_float_holds_is_one(text: str) -> None:
    assert exact_number(text) == float(text)


@pytest.mark.parametrize("text", ["0.10000000000000000001", "1e999", "-1e-400", "4.9e-324", "1e23"])
def test_a_number_that_a_float_does_not_hold_stays_text(text: str) -> None:
    shown = exact_number(text)
    assert shown == text or repr(shown) == repr(float(text)) == text.replace("e", "e+")


@pytest.mark.parametrize(
    "piece", ["z", "a.", ";a:", "a:", "://", "a://", "a@", "%40", "\x1b[0;", "\x1b]"]
)
def test_texts_of_any_length_are_looked_through_once(piece: str) -> None:
    """A pattern that looks back over a text for each character would stop the whole server.

    Twice the text takes twice the steps: counted in time, with room for a busy machine.
    """
    for plain in (
        prometheus_addresses.without_userinfo,
        argocd_shapes.plain,
        grafana_shapes.plain,
        loki_shapes.plain_text,
    ):
        short, long = (
            min(taken(plain, piece * times) for _ in range(3)) for times in (2**12, 2**16)
        )
        assert long <= 16 * 8 * short + 0.05, (plain, piece)


def taken(plain: Callable[[str], str], text: str) -> float:
    started = time.process_time()
    plain(text)
    return time.process_time() - started


def test_bytes_are_cut_between_characters() -> None:
    assert whole_characters("aé".encode()[:2]) == b"a"
    assert whole_characters(b"\xff\xfe") == b"\xff\xfe"
    assert encoded(b"\xff") == {"encoding": "base64", "value": "/w=="}
