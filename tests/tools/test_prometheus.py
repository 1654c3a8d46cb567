"""The Prometheus tools against a real Prometheus that scrapes itself and a closed port.

In: the program of Debian's package `prometheus`, found or unpacked by `servers/prometheus.py`.
Out: what each tool answers and refuses.
Must not know: how the toolkit checks arguments beyond what a caller sees.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from conftest import LinkFacts, MakeTools
from servers import debian, prometheus
from stacktic_mcp.core.toolkit import Toolset
from stacktic_mcp.lib.refusal import Refusal
from stacktic_mcp.tools.prometheus.prometheus_query import TIMES, ensure_narrow, ensure_selector
from stacktic_mcp.tools.prometheus.prometheus_shapes import target_view, thinned, without_userinfo
from stacktic_mcp.tools.prometheus.prometheus_tools import register

pytestmark = pytest.mark.anyio

NAMES = {
    "prom_query",
    "prom_query_range",
    "prom_alerts",
    "prom_targets",
    "prom_rules",
    "prom_label_values",
    "prom_series",
    "prom_metrics",
    "prom_cardinality",
}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[prometheus.Server]:
    with prometheus.running(tmp_path_factory.mktemp("prometheus")) as running:
        yield running


@pytest.fixture
def tools(make_tools: MakeTools, server: prometheus.Server) -> Toolset:
    return make_tools(register, link(server.port))


def link(port: int, name: str = "prometheus") -> LinkFacts:
    return LinkFacts(
        component=name,
        type="fastmcp-prometheus",
        env=f"MCP_{name.upper()}",
        values={"HOST": "127.0.0.1", "PORT": str(port), "SCHEME": "http"},
        enums={"components": ["kafka", "prometheus", "tempo"]},
    )


async def refused(tools: Toolset, tool: str, **arguments: Any) -> str:
    with pytest.raises(Refusal) as caught:
        await tools.call(tool, arguments)
    return caught.value.code


def test_offers_only_read_tools(tools: Toolset) -> None:
    assert {tool.name for tool in tools.tools} == NAMES
    assert {tool.tool_class for tool in tools.tools} == {"read"}


async def test_query_answers_each_series_with_its_labels(tools: Toolset) -> None:
    answer = await tools.call("prom_query", {"query": "up"})
    values = {item["labels"]["job"]: item["value"] for item in answer["data"]["series"]}
    assert values == {"prometheus": 1.0, "kafka": 0.0, "valkey": 0.0, "loki": 0.0}
    assert answer["data"]["result_type"] == "vector"
    assert (answer["returned"], answer["truncated"]) == (4, False)


async def test_query_says_that_there_are_more_series(tools: Toolset) -> None:
    answer = await tools.call("prom_query", {"query": "up", "limit": 1})
    assert (answer["returned"], answer["truncated_by"]) == (1, "series")


async def test_query_answers_scalars_and_values_json_has_no_number_for(tools: Toolset) -> None:
    scalar = await tools.call("prom_query", {"query": "scalar(up{job='prometheus'})"})
    assert scalar["data"]["series"] == [{"labels": {}, "value": 1.0}]
    infinite = await tools.call("prom_query", {"query": 'up{job="prometheus"} / 0'})
    assert infinite["data"]["series"][0]["value"] == "+Inf"


async def test_query_at_a_time_before_the_server_is_empty(tools: Toolset) -> None:
    answer = await tools.call("prom_query", {"query": "up", "time": "now-1h"})
    assert answer["data"]["series"] == []


async def test_query_hides_userinfo_in_labels(tools: Toolset) -> None:
    answer = await tools.call(
        "prom_query", {"query": 'label_replace(up, "url", "http://u:p4ss@h/", "job", "kafka")'}
    )
    assert "p4ss" not in json.dumps(answer)
    assert "http://h/" in json.dumps(answer)


async def test_errors_of_prometheus_do_not_reach_the_caller(tools: Toolset) -> None:
    with pytest.raises(Refusal) as caught:
        await tools.call("prom_query", {"query": "sum(up"})
    assert caught.value.code == "E_ARG"
    assert caught.value.hint == "Prometheus could not read the query"


async def test_query_range_sums_up_and_thins_the_points(tools: Toolset) -> None:
    arguments = {"query": "up", "start": "now-1m", "step": "1s", "max_points": 2}
    data = (await tools.call("prom_query_range", arguments))["data"]
    kafka = next(item for item in data["series"] if item["labels"]["job"] == "kafka")
    assert (kafka["min"], kafka["max"], kafka["avg"], kafka["last"]) == (0, 0, 0, 0)
    assert kafka["points_found"] >= len(kafka["points"]) > 0
    assert data["step_s"] == 1


async def test_query_range_auto_step_keeps_to_max_points(tools: Toolset) -> None:
    arguments = {"query": "sum by (job) (up)", "start": "now-2h", "max_points": 5}
    data = (await tools.call("prom_query_range", arguments))["data"]
    assert data["step_s"] == pytest.approx(1800)
    assert all(len(item["points"]) <= 5 for item in data["series"])


async def test_query_range_cuts_series(tools: Toolset) -> None:
    arguments = {"query": "up", "start": "now-1m", "max_series": 1}
    answer = await tools.call("prom_query_range", arguments)
    assert (len(answer["data"]["series"]), answer["truncated_by"]) == (1, "series")


@pytest.mark.parametrize(
    ("start", "end", "step", "code"),
    [
        ("now-31d", "now", "auto", "E_ARG"),
        ("now", "now-1h", "auto", "E_ARG"),
        ("now-1h", "now", "1s", "E_LIMIT"),
        ("now-1h", "now", "0s", "E_LIMIT"),
        ("2026-13-01T00:00:00Z", "now", "auto", "E_ARG"),
        ("yesterday", "now", "auto", "E_ARG"),
    ],
)
async def test_query_range_refuses_windows(
    tools: Toolset, start: str, end: str, step: str, code: str
) -> None:
    arguments = {"query": "up", "start": start, "end": end, "step": step}
    assert await refused(tools, "prom_query_range", **arguments) == code


async def test_alerts_of_a_component(tools: Toolset) -> None:
    alerts = (await tools.call("prom_alerts", {"component": "kafka"}))["data"]
    assert [(alert["name"], alert["state"]) for alert in alerts] == [("KafkaDown", "firing")]
    assert (await tools.call("prom_alerts", {"component": "tempo"}))["data"] == []
    assert (await tools.call("prom_alerts", {"state": "pending"}))["data"] == []
    assert await refused(tools, "prom_alerts", component="unlinked") == "E_SCOPE"


async def test_targets_show_what_each_link_promises(tools: Toolset) -> None:
    data = (await tools.call("prom_targets"))["data"]
    assert data["expected_by_link"] == [
        {"component": "kafka", "targets": 1, "up": 0, "state": "down"},
        {"component": "prometheus", "targets": 1, "up": 1, "state": "up"},
        {"component": "tempo", "targets": 0, "up": 0, "state": "missing"},
    ]


async def test_targets_of_a_component(tools: Toolset, server: prometheus.Server) -> None:
    data = (await tools.call("prom_targets", {"state": "down", "component": "kafka"}))["data"]
    assert [row["component"] for row in data["expected_by_link"]] == ["kafka"]
    (target,) = data["targets"]
    assert target["address"] == f"http://127.0.0.1:{server.closed_port}/metrics"
    assert "connection refused" in target["last_error"]


async def test_no_answer_holds_userinfo_or_parameters(
    tools: Toolset, server: prometheus.Server
) -> None:
    raw = json.dumps(prometheus.fetch(server, "targets"))
    secrets = ("scrape-password", "probe-password", "scrape-parameter")
    assert all(secret in raw for secret in secrets)
    calls: list[tuple[str, dict[str, Any]]] = [
        ("prom_targets", {}),
        ("prom_query", {"query": "up"}),
        ("prom_query_range", {"query": "up", "start": "now-1m"}),
        ("prom_alerts", {}),
        ("prom_rules", {}),
        ("prom_series", {"match": ["up"]}),
        ("prom_label_values", {"label": "instance"}),
    ]
    for name, arguments in calls:
        shown = json.dumps(await tools.call(name, arguments))
        assert str(server.closed_port) in shown or name in {"prom_alerts", "prom_rules"}
        assert not [secret for secret in secrets if secret in shown], name


async def test_rules(tools: Toolset) -> None:
    rules = (await tools.call("prom_rules", {"type": "alert"}))["data"]
    assert [(rule["name"], rule["state"], rule["active"]) for rule in rules] == [
        ("KafkaDown", "firing", 1)
    ]
    recorded = (await tools.call("prom_rules", {"name_like": "JOB:UP"}))["data"]
    assert [rule["type"] for rule in recorded] == ["recording"]
    assert (await tools.call("prom_rules", {"limit": 1}))["truncated_by"] == "rows"


async def test_names(tools: Toolset) -> None:
    jobs = await tools.call("prom_label_values", {"label": "job"})
    assert jobs["data"] == ["kafka", "loki", "prometheus", "valkey"]
    within = await tools.call("prom_label_values", {"label": "job", "match": 'up{job="kafka"}'})
    assert within["data"] == ["kafka"]
    series = await tools.call("prom_series", {"match": ["up", 'up{job="kafka"}'], "limit": 1})
    assert (series["returned"], series["truncated_by"]) == (1, "series")
    metrics = await tools.call("prom_metrics", {"name_like": "prometheus_tsdb_head_series"})
    assert metrics["data"][0]["type"] == "gauge"
    counts = await tools.call("prom_cardinality", {"limit": 3})
    assert len(counts["data"]["by_metric"]) == 3
    assert counts["data"]["series"] > 100


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("prom_query", {"query": "up", "limit": 501}),
        ("prom_query", {"query": "up", "limit": "5"}),
        ("prom_query", {"query": "x" * 4097}),
        ("prom_query", {"query": "up", "url": "http://127.0.0.1/"}),
        ("prom_query_range", {"query": "up", "start": "now-1h", "max_points": 1}),
        ("prom_query_range", {"query": "up", "start": "now-1h", "max_series": 101}),
        ("prom_label_values", {"label": "../../admin/tsdb/snapshot"}),
        ("prom_series", {"match": []}),
        ("prom_series", {"match": ["up"] * 6}),
        ("prom_series", {"match": ["up"], "since": "25h"}),
        ("prom_series", {"match": ["up + up"]}),
        ("prom_series", {"match": ['{job=~".+"}']}),
        ("prom_label_values", {"label": "job", "match": '{job=~".+"}'}),
        ("prom_query", {"query": '{job=~".+"}'}),
        ("prom_query_range", {"query": '{job=~".+"}', "start": "now-1h"}),
    ],
)
async def test_arguments_out_of_range(tools: Toolset, tool: str, arguments: dict[str, Any]) -> None:
    assert await refused(tools, tool, **arguments) == "E_ARG"


async def test_reading_changes_nothing(tools: Toolset, server: prometheus.Server) -> None:
    def state() -> Any:
        return [prometheus.fetch(server, path) for path in ("status/config", "status/flags")]

    before = state()
    for name in sorted(NAMES - {"prom_query", "prom_query_range", "prom_label_values"}):
        await tools.call(name, {"match": ["up"]} if name == "prom_series" else {})
    assert state() == before


async def test_a_server_that_is_away(make_tools: MakeTools, server: prometheus.Server) -> None:
    tools = make_tools(register, link(server.closed_port))
    assert await refused(tools, "prom_query", query="up") == "E_UNAVAILABLE"


async def test_two_instances_are_told_apart(
    make_tools: MakeTools, server: prometheus.Server
) -> None:
    tools = make_tools(register, link(server.port), link(server.closed_port, "other"))
    assert await refused(tools, "prom_query", query="up") == "E_ARG"
    answer = await tools.call("prom_query", {"query": "up", "component": "prometheus"})
    assert (answer["link"], answer["returned"]) == ("prometheus", 4)
    arguments = {"instance": "other", "component": "kafka"}
    assert await refused(tools, "prom_alerts", **arguments) == "E_UNAVAILABLE"


NARROW = [
    "up",
    'up{job="kafka"}',
    "sum by (job) (rate(http_requests_total[5m]))",
    "sum(rate(a[5m])) by (le, job)",
    "topk(5, up) > bool 1",
    'a * on(instance) group_left(node) b{x!="y"}',
    "a * on(x) group_left b",
    "a unless on(instance) b",
    "a AND b or c atan2 d",
    "-up offset 5m",
    "up @ end()",
    "max_over_time(up[1d:5m])",
    "max_over_time(up[1h:])",
    '{__name__="up"}',
    '{__name__=~"node_.*|up"}',
    '{job=~"kafka-\\\\d"}',
    "{job=~`kafka\\.example`}",
    '{"http.requests", job!="a"}',
    "sum(up{job='a, {b}'}) + 1e-5 - Inf",
    "histogram_quantile(0.9, sum by (le) (rate(x_bucket[5m])))",
    "sum",
]

BROAD = [
    "",
    "1 + 1",
    "vector(1)",
    "time()",
    "{}",
    '{job=~".+"}',
    '{job=~".*"}',
    '{job=~"a|.*"}',
    '{job=~"a?.*"}',
    '{job=~"a{0}.*"}',
    '{job=~"(?i).*"}',
    '{job=~"a\\x7c.*"}',
    '{job=~"a\\174.*"}',
    "{job=~'\\u002e+'}",
    '{job!=""}',
    '{job!="x"}',
    '{job!~"x"}',
    '{job=""}',
    '{""}',
    '{__name__=~".+"}',
    'up or {job=~".+"}',
    'up and on(job) {job=~".+"}',
    'up newoperator {job=~".+"}',
    'sum(up) newoperator {job=~".+"}',
    'count by (__name__) ({job!=""})',
    'up + ({__name__!="x"})',
    'up # {job="x"',
    'up{job="x"',
    'up{job="x}',
    "up{job=x}",
    'up{job="x" instance="y"}',
    "up[31d]",
    "max_over_time(up[30d:1s])",
    "max_over_time(up[5d:])",
    "rate(up[5m * 100000])",
    "rate(up[5m)",
    "sum by (job (up)",
    "up; up",
    "ùp",
]


@pytest.mark.parametrize("query", NARROW)
def test_narrow_queries_pass(query: str) -> None:
    ensure_narrow(query)


@pytest.mark.parametrize("query", BROAD)
def test_broad_queries_are_refused(query: str) -> None:
    with pytest.raises(Refusal):
        ensure_narrow(query)


@pytest.mark.parametrize("selector", ["up", 'up{job=~".*"}', '{job="a"}', '{job="a",x!="b",}'])
def test_selectors_pass(selector: str) -> None:
    ensure_selector(selector)


@pytest.mark.parametrize(
    "selector", ["", "sum(up)", "up[5m]", 'up{job="a"} or up', "{}", "by", "1"]
)
def test_other_texts_are_no_selectors(selector: str) -> None:
    with pytest.raises(Refusal):
        ensure_selector(selector)


@pytest.mark.parametrize("query", [query for query in NARROW if '{"http' not in query])
async def test_narrow_queries_are_promql(query: str, tools: Toolset) -> None:
    """The list above proves nothing about real queries unless Prometheus reads them too."""
    await tools.call("prom_query", {"query": query})


def test_times() -> None:
    now = time.time()

    def check(text: str, expected: float) -> None:
        assert TIMES.time_of(text, now) == pytest.approx(expected)

    check("now", now)
    check("now-1h30m", now - 5400)
    check("1700000000.5", 1700000000.5)
    check("2026-01-01T00:00:00Z", 1767225600)
    check("2026-01-01T02:00:00+02:00", 1767225600)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("http://u:p@h/x", "http://h/x"),
        ("http://u:p@ss@h/", "http://h/"),
        ('Get "https://tok@h:1/?a=b": refused', 'Get "https://h:1/?a=b": refused'),
        ("mail a@b.c", "mail a@b.c"),
        ("u:p@h:1", "h:1"),
        ("address u:p@[::1]:1: refused", "address [::1]:1: refused"),
        ("http://h/?target=http%3A%2F%2Fu%3Ap%40x", "http://h/?target=http%3A%2F%2Fu%3Ap%40x"),
        ("at 10:30 @ noon", "at 10:30 @ noon"),
        ("http://h/a@b", "http://h/a@b"),
    ],
)
def test_userinfo_goes(text: str, expected: str) -> None:
    assert without_userinfo(text) == expected


def test_points_are_thinned_evenly_with_both_ends() -> None:
    assert thinned(range(101), 3) == [0, 50, 100]
    assert thinned([1, 2], 3) == [1, 2]


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ({"job": "z", "component": "kafka"}, "kafka"),
        ({"job": "kafka", "component": "tempo"}, None),
        ({"job": "kafka"}, "kafka"),
        ({"job": "messaging/kafka"}, "kafka"),
        ({"job": "x", "service": "kafka"}, "kafka"),
        ({"job": "kafka-2"}, None),
    ],
)
def test_owner_of_a_target(labels: dict[str, str], expected: str | None) -> None:
    target = {"labels": labels, "health": "up", "scrapeUrl": "http://h:1/m"}
    assert target_view(target, ["kafka"])["component"] == expected


def test_a_missing_package_is_said_plainly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(debian, "DEBS", tmp_path)
    with pytest.raises(debian.PackageMissingError, match="`prometheus` could not be unpacked"):
        debian.find_program("prometheus", "prometheus")
