"""The Loki tools against a stub that keeps pushed lines and tells tenants apart.

In: lines pushed by each test.
Out: what each tool answers and refuses, and which requests reached the stub.
Must not know: how the toolkit checks arguments beyond what a caller sees.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from conftest import LinkFacts, MakeTools
from servers import loki
from servers.stub import Reply, Stub
from stacktic_mcp.core.toolkit import Toolset
from stacktic_mcp.lib.refusal import Refusal
from stacktic_mcp.tools.loki.loki_query import ensure_selector, nanoseconds, quoted, reach_of
from stacktic_mcp.tools.loki.loki_shapes import plain_text
from stacktic_mcp.tools.loki.loki_tools import register

pytestmark = pytest.mark.anyio

NAMES = {
    "loki_query",
    "loki_query_range",
    "loki_labels",
    "loki_label_values",
    "loki_series",
    "loki_errors",
    "loki_stats",
}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def lines() -> loki.Lines:
    lines = loki.Lines()
    lines.push("started", ago=50, component="kafka", namespace="kafka")
    lines.push("ERROR broker lost", ago=40, component="kafka", namespace="kafka")
    lines.push("all good", ago=30, component="valkey", namespace="cache")
    lines.push("secret of another tenant", tenant="other", component="kafka", namespace="kafka")
    return lines


@pytest.fixture
def stub(lines: loki.Lines) -> Iterator[Stub]:
    with loki.running(lines) as running:
        yield running


@pytest.fixture
def tools(make_tools: MakeTools, stub: Stub) -> Toolset:
    return make_tools(register, link(stub.port))


def link(port: int, tenant: str = loki.TENANT) -> LinkFacts:
    return LinkFacts(
        component="loki",
        type="fastmcp-loki",
        env="MCP_LOKI",
        values={"HOST": "127.0.0.1", "PORT": str(port), "SCHEME": "http"},
        enums={"components": ["kafka", "valkey"]},
        data={"tenant": tenant, "component_label": "component"},
    )


async def refused(tools: Toolset, tool: str, **arguments: Any) -> Refusal:
    with pytest.raises(Refusal) as caught:
        await tools.call(tool, arguments)
    return caught.value


def test_offers_only_read_tools(tools: Toolset) -> None:
    assert {tool.name for tool in tools.tools} == NAMES
    assert {tool.tool_class for tool in tools.tools} == {"read"}


async def test_lines_come_in_one_order_of_time_from_the_own_tenant(tools: Toolset) -> None:
    query = '{namespace="kafka"}'
    answer = await tools.call("loki_query_range", {"logql": query})
    assert [entry["line"] for entry in answer["data"]] == ["ERROR broker lost", "started"]
    assert answer["untrusted"] is True
    forward = await tools.call("loki_query_range", {"logql": query, "direction": "forward"})
    assert [entry["line"] for entry in forward["data"]] == ["started", "ERROR broker lost"]
    cut = await tools.call("loki_query_range", {"logql": query, "limit": 1})
    assert (cut["returned"], cut["truncated_by"]) == (1, "rows")


async def test_lines_lose_control_characters_and_known_secrets(
    make_tools: MakeTools, stub: Stub, lines: loki.Lines
) -> None:
    facts = link(stub.port)
    facts.secrets = {"TOKEN": "hunter2-hunter2"}
    tools = make_tools(register, facts)
    tools.links[0].secret("TOKEN")
    lines.push("\x1b[31mred\x1b[0m\r\n\u202eturned\x07 hunter2-hunter2", component="valkey")
    answer = await tools.call("loki_query_range", {"logql": '{component="valkey"}', "limit": 1})
    assert answer["data"][0]["line"] == "red   turned  [secret]"


async def test_metric_queries(tools: Toolset) -> None:
    query = 'sum by (component) (count_over_time({namespace="kafka"}[5m]))'
    data = (await tools.call("loki_query", {"logql": query}))["data"]
    assert data == {
        "result_type": "vector",
        "series": [{"labels": {"component": "kafka"}, "value": 2.0}],
    }
    ranged = await tools.call("loki_query_range", {"logql": query, "start": "now-10m"})
    (series,) = ranged["data"]["series"]
    assert series["points"][-1][1] == 2.0
    assert len(series["points"]) <= 61


async def test_a_log_query_is_no_metric_query(tools: Toolset, stub: Stub) -> None:
    refusal = await refused(tools, "loki_query", logql='{namespace="kafka"}')
    assert refusal.code == "E_ARG"
    assert stub.requests == []


async def test_names(tools: Toolset) -> None:
    assert (await tools.call("loki_labels"))["data"] == ["component", "namespace"]
    values = await tools.call("loki_label_values", {"label": "namespace"})
    assert values["data"] == ["cache", "kafka"]
    assert (await tools.call("loki_label_values", {"label": "unknown"}))["data"] == []
    series = await tools.call("loki_series", {"match": '{namespace="kafka"}'})
    assert series["data"] == [{"component": "kafka", "namespace": "kafka"}]
    stats = await tools.call("loki_stats", {"match": '{namespace="kafka"}'})
    assert stats["data"] == {"streams": 1, "chunks": 1, "entries": 2, "bytes": 200}


async def test_errors_of_a_component(tools: Toolset) -> None:
    answer = await tools.call("loki_errors", {"component": "kafka"})
    assert [entry["line"] for entry in answer["data"]] == ["ERROR broker lost"]
    refusal = await refused(tools, "loki_errors", component="unlinked")
    assert (refusal.code, refusal.allowed_values) == ("E_SCOPE", ("kafka", "valkey"))


async def test_size_is_asked_before_the_query_runs(
    tools: Toolset, stub: Stub, lines: loki.Lines
) -> None:
    lines.bytes_per_entry = 512 * 1024**2
    await tools.call("loki_query_range", {"logql": '{namespace="kafka"}'})
    lines.bytes_per_entry += 1
    stub.requests.clear()
    refusal = await refused(tools, "loki_query_range", logql='{namespace="kafka"}')
    assert refusal.code == "E_LIMIT"
    assert [request.path[-1] for request in stub.requests] == ["stats"]


async def test_size_counts_every_selector_and_the_range(
    tools: Toolset, stub: Stub, lines: loki.Lines
) -> None:
    lines.bytes_per_entry = 400 * 1024**2
    one = 'count_over_time({namespace="kafka"}[1h])'
    other = 'count_over_time({namespace="cache"}[1h])'
    assert (await tools.call("loki_query", {"logql": one}))["returned"] == 1
    assert (await refused(tools, "loki_query", logql=f"{one} + {other}")).code == "E_LIMIT"
    stats = stub.asked("loki", "api", "v1", "index", "stats")[0]
    hour = int(stats.first("end")) - int(stats.first("start"))
    assert hour == 3600 * loki.NANO


@pytest.mark.parametrize(
    ("stats", "code"),
    [
        (Reply(404, "404 page not found"), "E_NOT_FOUND"),
        (Reply(500, "boom"), "E_UNAVAILABLE"),
        (Reply(200, {}), "E_UNAVAILABLE"),
        (Reply(200, {"bytes": "1"}), "E_UNAVAILABLE"),
        (Reply(200, {"bytes": -1}), "E_UNAVAILABLE"),
        (Reply(200, "not JSON"), "E_UNAVAILABLE"),
    ],
)
async def test_without_statistics_no_query_runs(
    tools: Toolset, stub: Stub, lines: loki.Lines, stats: Reply, code: str
) -> None:
    lines.stats = stats
    refusal = await refused(tools, "loki_query_range", logql='{namespace="kafka"}')
    assert refusal.code == code
    assert "is not run" in refusal.hint
    assert not stub.asked("loki", "api", "v1", "query_range")


async def test_the_tenant_comes_from_the_link_alone(make_tools: MakeTools, stub: Stub) -> None:
    tools = make_tools(register, link(stub.port, tenant=""))
    refusal = await refused(tools, "loki_labels")
    assert refusal.code == "E_UNAVAILABLE"
    other = make_tools(register, link(stub.port, tenant="other"))
    answer = await other.call("loki_query_range", {"logql": '{component="kafka"}'})
    assert [entry["line"] for entry in answer["data"]] == ["secret of another tenant"]
    assert (await refused(other, "loki_labels", tenant="stack-3")).code == "E_ARG"


async def test_only_reads_reach_loki(tools: Toolset, stub: Stub, lines: loki.Lines) -> None:
    before = list(lines.entries)
    selector = {"match": '{namespace="kafka"}'}
    calls: dict[str, dict[str, Any]] = {
        "loki_query": {"logql": 'count_over_time({namespace="kafka"}[5m])'},
        "loki_query_range": {"logql": '{namespace="kafka"}'},
        "loki_labels": {},
        "loki_label_values": {"label": "namespace"},
        "loki_series": selector,
        "loki_errors": {"component": "kafka"},
        "loki_stats": selector,
    }
    assert set(calls) == NAMES
    for name, arguments in calls.items():
        await tools.call(name, arguments)
    assert {request.method for request in stub.requests} == {"GET"}
    assert lines.entries == before


async def test_texts_of_loki_do_not_reach_the_caller(tools: Toolset) -> None:
    refusal = await refused(tools, "loki_query_range", logql='{namespace="kafka"} | nonsense')
    assert (refusal.code, refusal.hint) == ("E_ARG", "Loki could not read the query")


@pytest.mark.parametrize(
    ("tool", "arguments", "code"),
    [
        ("loki_query_range", {"logql": '{a="b"}', "limit": 201}, "E_ARG"),
        ("loki_query_range", {"logql": '{a="b"}', "limit": True}, "E_ARG"),
        ("loki_query_range", {"logql": '{a="b"}', "start": "now-25h"}, "E_ARG"),
        ("loki_query_range", {"logql": '{a="b"}', "start": "now", "end": "now-1h"}, "E_ARG"),
        ("loki_query_range", {"logql": '{a="b"}', "direction": "sideways"}, "E_ARG"),
        ("loki_query_range", {"logql": '{a="b"}' + " " * 4096}, "E_ARG"),
        ("loki_query", {"logql": 'rate({a="b"}[25h])'}, "E_LIMIT"),
        ("loki_query", {"logql": 'rate({a="b"}[1h] offset 24h)'}, "E_LIMIT"),
        ("loki_label_values", {"label": "../../push"}, "E_ARG"),
        ("loki_labels", {"since": "25h"}, "E_ARG"),
        ("loki_series", {"match": '{a=~".+"}'}, "E_ARG"),
        ("loki_series", {"match": '{a="b"} |= "x"'}, "E_ARG"),
        ("loki_stats", {"match": "{}"}, "E_ARG"),
    ],
)
async def test_arguments_out_of_range(
    tools: Toolset, stub: Stub, tool: str, arguments: dict[str, Any], code: str
) -> None:
    assert (await refused(tools, tool, **arguments)).code == code
    assert stub.requests == []


NARROW = [
    '{namespace="kafka"}',
    '{namespace="kafka", pod=~".+"}',
    '{namespace=`kafka`} |= "{a=~\\".+\\"}" | json | line_format "{{.msg}}"',
    'sum by (pod) (rate({namespace="kafka"} != `{}` | logfmt [5m] offset 1h)) / 2 > bool 0',
    'quantile_over_time(0.9, {a="b"} | unwrap duration(x) [5m]) by (c)',
    'rate({a="b"} |~ `x` [5m]) or rate({c="d"}[1h30m])',
    'rate({a="b"}[5m] offset -5m)',
]

BROAD = [
    "",
    "{}",
    '{a=~".+"}',
    '{a=~".+", b=~"c.+"}',
    '{a!="b"}',
    '{a=""}',
    "{a=``}",
    "vector(1)",
    '{a="b"} # "',
    '{a="b"} // `\n + {a=~".+"} // `',
    '{a="b" /* x */}',
    'rate({a="b"}[5m]) + rate({a=~".+"}[5m])',
    '{a="b"} or {c!="d"}',
    '{a="b"',
    '{a="b}',
    "{a=b}",
    '{a="b" c="d"}',
    '{"a"="b"}',
    'rate({a="b"}[5x])',
    'rate({a="b"}[5m',
    'rate({a="b"}[5m] offset)',
    'rate({a="b"}[23h]) - rate({a="b"}[1h] offset 2h)',
]


@pytest.mark.parametrize("query", NARROW)
def test_narrow_queries_pass(query: str) -> None:
    assert reach_of(query).selectors


@pytest.mark.parametrize("query", BROAD)
def test_broad_queries_are_refused(query: str) -> None:
    with pytest.raises(Refusal):
        reach_of(query)


def test_reach_names_selectors_and_lookback() -> None:
    reach = reach_of('rate({a="b"}[5m]) + rate({ c = "d" }[1h] offset 1h)')
    assert reach.selectors == ('{a="b"}', '{ c = "d" }')
    assert reach.lookback_seconds == 7200


def test_selectors() -> None:
    ensure_selector('{a="b", c!~"d"}')
    for text in ["", "a", '{a="b"} {c="d"}', 'rate({a="b"}[5m])']:
        with pytest.raises(Refusal):
            ensure_selector(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain ünïcode", "plain ünïcode"),
        ("\x1b]0;title\x07shown", "shown"),
        ("a\x00b\x9bc\u2028d\u200be\ufefff", "a b c d e f"),
        ("\x1b[1;31mred\x1b[0m", "red"),
    ],
)
def test_plain_text(text: str, expected: str) -> None:
    assert plain_text(text) == expected


def test_small_parts() -> None:
    assert quoted('a"b\\') == json.dumps('a"b\\')
    assert nanoseconds(1.5) == "1500000000"
