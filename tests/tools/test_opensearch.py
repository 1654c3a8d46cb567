"""The OpenSearch tools against a stand-in that keeps state and refuses as the server does.

In: indices that each test keeps, and the role that the pair grants.
Out: what each tool asks, shows and refuses; what is left when a layer is taken away.
Must not know: how the server reads a query; tests/lab asks a real one.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import pytest

from conftest import REPOSITORY, LinkFacts, MakeTools, pair_of
from servers.opensearch_stub import ACTIONS, READ, Cluster, User
from servers.stub import Reply, Request, Stub, serving
from stacktic_mcp.core.toolkit import Toolset
from stacktic_mcp.lib.refusal import Refusal
from stacktic_mcp.tools.opensearch.opensearch_query import (
    Condition,
    Grouping,
    Wanted,
    Window,
    groups_body,
    query_of,
)
from stacktic_mcp.tools.opensearch.opensearch_tools import register

pytestmark = pytest.mark.anyio

USER = "mcp_ro_fastmcp_opensearch"
READ_CALLS: dict[str, dict[str, Any]] = {
    "opensearch_list_indices": {},
    "opensearch_describe_index": {"index": "orders"},
    "opensearch_search": {"index": "orders", "text": "shoes"},
    "opensearch_get_document": {"index": "orders", "id": "a/b"},
    "opensearch_count": {"index": "orders"},
    "opensearch_aggregate": {"index": "orders", "kind": "terms", "field": "state"},
    "opensearch_cluster_health": {},
}


@dataclass
class Running:
    """The stand-in and its state."""

    stub: Stub
    cluster: Cluster


@pytest.fixture
def running() -> Generator[Running]:
    """Two indices, of which one is linked."""
    cluster = Cluster(
        users={USER: User("ro_pw", ["orders", "planned"])},
        indices={
            "orders": {f"{number}": {"title": f"shoes {number}"} for number in range(25)},
            "payroll": {"1": {"salary": "canary"}},
        },
        mappings={
            "orders": {
                "properties": {
                    "title": {"type": "text", "fields": {"keyword": {"type": "keyword"}}},
                    "who": {"properties": {"name": {"type": "keyword", "index": False}}},
                }
            }
        },
    )
    cluster.indices["orders"]["a/b"] = {"title": "odd", "note": "n" * 5000}
    with serving(cluster.answer) as stub:
        yield Running(stub, cluster)


def link(running: Running, **changes: Any) -> LinkFacts:
    facts: dict[str, Any] = {
        "component": "opensearch",
        "type": "fastmcp-opensearch",
        "env": "MCP_OPENSEARCH",
        "values": {"HOST": "127.0.0.1", "PORT": str(running.stub.port), "USER": USER},
        "secrets": {"PASSWORD": "ro_pw"},
        "enums": {"indices": ["orders", "planned"]},
    }
    return LinkFacts(**(facts | changes))


@pytest.fixture
def tools(running: Running, make_tools: MakeTools) -> Toolset:
    return make_tools(register, link(running))


async def refused(tools: Toolset, name: str, **arguments: Any) -> Refusal:
    with pytest.raises(Refusal) as caught:
        await tools.call(name, arguments)
    return caught.value


def test_the_stand_in_grants_what_the_pair_does() -> None:
    pair = pair_of(REPOSITORY / "link-types/pairs/fastmcp-opensearch")
    assert sorted(pair["account"]["levels"]["read"]["index"]) == sorted(READ)


@pytest.mark.parametrize("name", sorted(READ_CALLS))
async def test_read_tools_send_only_get(running: Running, tools: Toolset, name: str) -> None:
    assert {tool.name for tool in tools.tools} == set(READ_CALLS)
    before = running.cluster.snapshot()
    answer = await tools.call(name, READ_CALLS[name])
    assert (answer["link"], answer["untrusted"]) == ("opensearch", True)
    assert {request.method for request in running.stub.requests} == {"GET"}
    assert running.cluster.snapshot() == before


async def test_views(tools: Toolset) -> None:
    rows = (await tools.call("opensearch_list_indices"))["data"]
    assert [(row["index"], row["documents"], row["exists"]) for row in rows] == [
        ("orders", 26, True),
        ("planned", None, False),
    ]
    rows = (await tools.call("opensearch_describe_index", {"index": "orders"}))["data"]
    assert [(row["field"], row["kind"], row["searchable"]) for row in rows] == [
        ("title", "text", True),
        ("title.keyword", "keyword", True),
        ("who", "object", True),
        ("who.name", "keyword", False),
    ]
    one = await tools.call("opensearch_get_document", {"index": "orders", "id": "a/b"})
    assert (len(one["data"]["document"]["note"]), one["truncated_by"]) == (2048, "cell")


async def test_pages(tools: Toolset) -> None:
    seen: list[str] = []
    cursor = None
    while True:
        arguments = {"index": "orders", "limit": 10, "cursor": cursor}
        page = await tools.call("opensearch_search", arguments)
        seen += [row["id"] for row in page["data"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == [*map(str, range(25)), "a/b"]


async def test_a_page_that_is_cut_to_the_budget_goes_on(running: Running, tools: Toolset) -> None:
    rows = {f"{number:03}": {"note": "é" * 900} for number in range(60)}
    running.cluster.indices["orders"] = rows
    seen: list[str] = []
    cursor = None
    while True:
        arguments = {"index": "orders", "limit": 60, "cursor": cursor}
        page = await tools.call("opensearch_search", arguments)
        seen += [row["id"] for row in page["data"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
        assert page["truncated_by"] == "bytes"
    assert seen == sorted(rows)


async def test_what_is_asked(running: Running, tools: Toolset) -> None:
    arguments = {"index": "orders", "sort_by": "at", "order": "asc", "fields": ["at"], "limit": 5}
    await tools.call("opensearch_search", arguments)
    (asked,) = running.stub.asked("orders", "_search")
    assert asked.first("cancel_after_time_interval") == "9s"
    assert asked.body == {
        "query": {"bool": {"must": [], "filter": [], "must_not": []}},
        "from": 0,
        "size": 6,
        "timeout": "8s",
        "track_total_hits": False,
        "_source": {"includes": ["at"]},
        "sort": [{"at": {"order": "asc"}}],
        "track_scores": False,
    }


def test_queries() -> None:
    wanted = Wanted(
        text='x" OR *:*',
        words="any",
        conditions=[Condition("a", "differs", 1), Condition("b", "at_most", 2.5)],
        window=Window("at", 0, 1.5),
    )
    bounds = {
        "gte": "1970-01-01T00:00:00.000Z",
        "lt": "1970-01-01T00:00:01.500Z",
        "format": "strict_date_time",
    }
    text = {"query": 'x" OR *:*', "lenient": True, "type": "best_fields", "operator": "or"}
    assert query_of(wanted) == {
        "bool": {
            "must": [{"multi_match": text}],
            "filter": [{"range": {"b": {"lte": 2.5}}}, {"range": {"at": bounds}}],
            "must_not": [{"match": {"a": {"query": 1, "operator": "and"}}}],
        }
    }
    by_day = Grouping("date_histogram", "at")
    body = groups_body(Wanted(window=Window("at", 0, 86_400 * 900)), by_day, 5)
    group = {"field": "at", "calendar_interval": "day", "min_doc_count": 1}
    assert body["aggs"] == {"groups": {"date_histogram": group}}
    for wanted in (Wanted(), Wanted(window=Window("at", 0, 86_400 * 1001))):
        with pytest.raises(Refusal):
            groups_body(wanted, by_day, 5)


async def test_what_is_not_all_is_not_shown_as_all(running: Running, tools: Toolset) -> None:
    running.cluster.timed_out = True
    for name in ("opensearch_search", "opensearch_count", "opensearch_aggregate"):
        assert (await tools.call(name, READ_CALLS[name]))["truncated_by"] == "time"
    running.cluster.shards = {"total": 2, "successful": 1, "failed": 1}
    for name in ("opensearch_search", "opensearch_count", "opensearch_aggregate"):
        assert (await refused(tools, name, **READ_CALLS[name])).code == "E_UNAVAILABLE"


@pytest.mark.parametrize(
    ("status", "reason", "code", "hint"),
    [
        (400, "Text fields are not optimised for", "E_ARG", "keyword"),
        (400, "No mapping found for [x] in order to sort on", "E_ARG", "no such field"),
        (400, "failed to parse date field [canary]", "E_ARG", "kind of its field"),
        (429, "circuit_breaking_exception canary", "E_UNAVAILABLE", "too much"),
        (503, "canary", "E_UNAVAILABLE", "too much"),
        (500, "canary", "E_UNAVAILABLE", "away"),
        (403, "no permissions for [canary]", "E_UNAVAILABLE", "lacks a grant"),
        (302, "canary", "E_UNAVAILABLE", "away"),
    ],
)
async def test_errors_are_in_words_of_our_own(
    running: Running, tools: Toolset, status: int, reason: str, code: str, hint: str
) -> None:
    running.cluster.answer_next = Reply(status, {"error": {"reason": reason}})
    refusal = await refused(tools, "opensearch_search", index="orders")
    assert (refusal.code, hint in refusal.hint) == (code, True)
    assert "canary" not in refusal.text()


async def test_who_goes_away_ends_the_question(make_tools: MakeTools, running: Running) -> None:
    """The connection is closed, at which the server ends the search."""
    closed = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = await reader.readuntil(b"\r\n\r\n")
        if b"authinfo" in asked:
            told = {"user_name": USER, "roles": [USER], "backend_roles": []}
            content = json.dumps(told).encode()
            head = f"HTTP/1.1 200 OK\r\ncontent-length: {len(content)}\r\n\r\n".encode()
            writer.write(head + content)
            await reader.readuntil(b"\r\n\r\n")
        while await reader.read(1024):
            pass
        closed.set()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    values = {"HOST": "127.0.0.1", "PORT": str(port), "USER": USER}
    tools = make_tools(register, link(running, values=values))
    async with server:
        task = asyncio.create_task(tools.call("opensearch_count", {"index": "orders"}))
        await asyncio.sleep(0.5)
        task.cancel()
        await asyncio.wait_for(closed.wait(), 5)


EVIL = ["*", "_all", "payroll", "orders,payroll", "orders/../payroll", "..", "", "-orders", "o?"]
FIELDS = ["*", "_id", "_source", "ti*", "a,b", "title^9", "a\\b", "a\nb", "", " x", "x" * 201]
FILTERS: list[Any] = [
    {"field": "a", "op": "script", "value": "1"},
    {"field": "a", "op": "regexp", "value": "(a+)+"},
    {"field": "a", "op": "equals"},
    {"field": "a", "op": "exists", "value": 1},
    {"field": "a", "op": "equals", "value": {"index": "payroll", "id": "1", "path": "x"}},
    {"field": "a", "op": "equals", "value": ["a"]},
    {"field": "a", "op": "equals", "value": "x" * 501},
    {"field": "a", "op": "equals", "value": "x", "boost": 9},
    {"field": "a", "op": "starts_with", "value": 1},
    {"script": {"source": "1"}},
    "a:x",
]
HOSTILE: list[tuple[str, dict[str, Any]]] = [
    *[(name, {"index": one}) for one in EVIL for name in ("search", "count", "describe_index")],
    *[("search", {"index": "orders", "sort_by": one}) for one in FIELDS],
    *[("search", {"index": "orders", "fields": [one]}) for one in FIELDS],
    *[("search", {"index": "orders", "filters": [one]}) for one in FILTERS],
    *[
        ("get_document", {"index": "orders", "id": one})
        for one in ("", ".", "..", "a\n", "x" * 513)
    ],
    ("search", {"index": "orders", "limit": 101}),
    ("search", {"index": "orders", "query": {"match_all": {}}}),
    ("search", {"index": "orders", "cursor": "10001"}),
    ("aggregate", {"index": "orders", "kind": "scripted_metric", "field": "a"}),
    ("aggregate", {"index": "orders", "kind": "terms", "field": "a", "metric": "avg"}),
    ("aggregate", {"index": "orders", "kind": "date_histogram", "field": "a"}),
]


@pytest.mark.parametrize(("name", "arguments"), HOSTILE)
async def test_hostile_calls_reach_nothing(
    running: Running, tools: Toolset, name: str, arguments: dict[str, Any]
) -> None:
    before = running.cluster.snapshot()
    refusal = await refused(tools, f"opensearch_{name}", **arguments)
    assert refusal.code in {"E_ARG", "E_SCOPE", "E_LIMIT"}
    assert [one for one in running.stub.requests if one.path[0] != "_plugins"] == []
    assert running.cluster.snapshot() == before


@pytest.mark.parametrize("index", EVIL[:6])
async def test_without_the_closed_list_the_role_holds(
    running: Running, make_tools: MakeTools, index: str
) -> None:
    tools = make_tools(register, link(running, enums={"indices": [index]}))
    before = running.cluster.snapshot()
    for name in ("search", "count", "describe_index"):
        refusal = await refused(tools, f"opensearch_{name}", index=index)
        assert refusal.code in {"E_UNAVAILABLE", "E_ARG"}
    assert running.cluster.snapshot() == before


@pytest.mark.parametrize("action", sorted(ACTIONS))
async def test_the_credential_alone_writes_nothing(
    running: Running, action: tuple[str, str]
) -> None:
    before = running.cluster.snapshot()
    word = base64.b64encode(f"{USER}:ro_pw".encode()).decode()
    told = {"authorization": f"Basic {word}"}
    for index in ("orders", "payroll"):
        path = (index, action[1], "1")
        reply = running.cluster.answer(Request(action[0], path, [], told, {"size": 1}))
        may = index == "orders" and action[0] == "GET"
        assert (reply.status != 403) == may
    assert running.cluster.snapshot() == before


async def test_a_user_with_more_is_not_worked_as(running: Running, tools: Toolset) -> None:
    running.cluster.users[USER].more_roles = ["all_access"]
    refusal = await refused(tools, "opensearch_count", index="orders")
    assert (refusal.code, "other roles" in refusal.hint) == ("E_UNAVAILABLE", True)
    assert running.stub.asked("orders", "_search") == []


async def test_a_wrong_password(running: Running, make_tools: MakeTools) -> None:
    tools = make_tools(register, link(running, secrets={"PASSWORD": "other"}))
    refusal = await refused(tools, "opensearch_count", index="orders")
    assert (refusal.code, "MCP_OPENSEARCH_PASSWORD" in refusal.hint) == ("E_UNAVAILABLE", True)
