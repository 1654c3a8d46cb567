"""The Grafana tools against a stub that knows two roles and keeps annotations.

In: the dashboards, data sources and alerts of `servers/grafana.py`.
Out: what each tool answers and refuses, and what it left behind in Grafana.
Must not know: how the toolkit checks arguments beyond what a caller sees.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from conftest import LinkFacts, MakeTools
from servers import grafana
from servers.stub import Stub
from stacktic_mcp.core.toolkit import Toolset
from stacktic_mcp.lib.refusal import Refusal
from stacktic_mcp.tools.grafana.grafana_shapes import plain
from stacktic_mcp.tools.grafana.grafana_tools import register

pytestmark = pytest.mark.anyio

READS: dict[str, dict[str, Any]] = {
    "grafana_list_dashboards": {},
    "grafana_get_dashboard": {"uid": "kafka-overview", "view": "json"},
    "grafana_get_panel_queries": {"uid": "kafka-overview", "panel_id": 1},
    "grafana_link": {"uid": "kafka-overview"},
    "grafana_list_datasources": {},
    "grafana_list_folders": {},
    "grafana_get_alerts": {"state": "all"},
}
WRITE = "grafana_create_annotation"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def state() -> grafana.State:
    return grafana.State()


@pytest.fixture
def stub(state: grafana.State) -> Iterator[Stub]:
    with grafana.running(state) as running:
        yield running


@pytest.fixture
def tools(make_tools: MakeTools, stub: Stub) -> Toolset:
    return make_tools(register, link(stub.port, write_access=True))


def link(port: int, *, write_access: bool = False, **secrets: str) -> LinkFacts:
    return LinkFacts(
        component="grafana",
        type="fastmcp-grafana",
        env="MCP_GRAFANA",
        values={"HOST": "127.0.0.1", "PORT": str(port), "SCHEME": "http"},
        secrets=secrets or {"TOKEN": grafana.VIEWER, "WRITE_TOKEN": grafana.EDITOR},
        write_access=write_access,
    )


async def refused(tools: Toolset, tool: str, **arguments: Any) -> Refusal:
    with pytest.raises(Refusal) as caught:
        await tools.call(tool, arguments)
    return caught.value


def test_the_write_tool_exists_with_write_access_alone(
    make_tools: MakeTools, stub: Stub, tools: Toolset
) -> None:
    assert {tool.name for tool in tools.tools} == {*READS, WRITE}
    read_only = make_tools(register, link(stub.port))
    assert {tool.name for tool in read_only.tools} == set(READS)
    assert {tool.tool_class for tool in read_only.tools} == {"read"}


async def test_dashboards(tools: Toolset) -> None:
    answer = await tools.call("grafana_list_dashboards", {"tag": "kafka", "title_like": "OVER"})
    assert answer["data"] == [
        {"uid": "kafka-overview", "title": "Kafka overview", "folder": "Broker", "tags": ["kafka"]}
    ]
    cut = await tools.call("grafana_list_dashboards", {"limit": 1})
    assert (cut["returned"], cut["truncated_by"]) == (1, "rows")


async def test_folders(tools: Toolset) -> None:
    folders = (await tools.call("grafana_list_folders"))["data"]
    assert [(folder["uid"], folder["parent_uid"]) for folder in folders] == [
        ("infra", ""),
        ("broker", "infra"),
    ]


async def test_views_of_a_dashboard(tools: Toolset) -> None:
    async def view(name: str) -> Any:
        arguments = {"uid": "kafka-overview", "view": name}
        return (await tools.call("grafana_get_dashboard", arguments))["data"]

    summary = await view("summary")
    assert summary["panels"] == [{"id": 1, "title": "Lag"}, {"id": 3, "title": "Errors"}]
    assert (summary["folder"], summary["variables"]) == ("Broker", ["topic"])
    assert [panel["datasource"]["uid"] for panel in await view("panels")] == ["prom", "Loki"]
    (variable,) = await view("variables")
    assert (variable["current"], len(variable["options"])) == ("orders", 20)
    model = await view("json")
    assert model["panels"][0]["targets"][0]["expr"] == "sum(kafka_lag)"
    assert "links" not in model


async def test_queries_of_a_panel(tools: Toolset) -> None:
    arguments = {"uid": "kafka-overview", "panel_id": 3}
    (query,) = (await tools.call("grafana_get_panel_queries", arguments))["data"]
    assert (query["query"], query["hidden"]) == ('{app="kafka"}', True)
    refusal = await refused(tools, "grafana_get_panel_queries", uid="kafka-overview", panel_id=9)
    assert (refusal.code, refusal.allowed_values) == ("E_NOT_FOUND", ("1", "3"))


async def test_link_is_a_path(tools: Toolset) -> None:
    data = (await tools.call("grafana_link", {"uid": "kafka-overview", "panel_id": 1}))["data"]
    assert data["path"] == "/d/kafka-overview?from=now-6h&to=now&viewPanel=1"


async def test_datasources_are_name_type_and_uid(tools: Toolset) -> None:
    answer = await tools.call("grafana_list_datasources")
    assert answer["data"] == [
        {"name": "Prometheus", "type": "prometheus", "uid": "prom", "default": True}
    ]


@pytest.mark.parametrize(
    ("state", "names"),
    [
        ("active", ["Lag", "Disk"]),
        ("alerting", ["Lag"]),
        ("normal", ["Heap"]),
        ("all", ["Lag", "Disk", "Heap"]),
        ("error", []),
    ],
)
async def test_alerts_by_state(tools: Toolset, state: str, names: list[str]) -> None:
    answer = await tools.call("grafana_get_alerts", {"state": state})
    assert [alert["name"] for alert in answer["data"]] == names


async def test_reading_hides_settings_and_changes_nothing(
    tools: Toolset, stub: Stub, state: grafana.State
) -> None:
    for name, arguments in READS.items():
        answer = json.dumps(await tools.call(name, arguments))
        assert grafana.HIDDEN not in answer, name
        assert "://" not in answer, name
        assert "glsa_" not in answer, name
    assert {request.method for request in stub.requests} == {"GET"}
    tokens = {request.headers["authorization"] for request in stub.requests}
    assert tokens == {f"Bearer {grafana.VIEWER}"}
    assert state.annotations == []


async def test_annotation_of_a_panel(tools: Toolset, state: grafana.State, stub: Stub) -> None:
    arguments = {
        "text": "deploy of orders",
        "tags": ["deploy"],
        "dashboard_uid": "kafka-overview",
        "panel_id": 1,
        "time": "2026-01-31T12:00:00Z",
        "time_end": "2026-01-31T14:00:00+01:00",
    }
    preview = await tools.call(WRITE, {**arguments, "dry_run": True})
    assert state.annotations == []
    answer = await tools.call(WRITE, arguments)
    assert state.annotations == [preview["data"]["would_create"]]
    assert answer["data"]["id"] == 1
    (body,) = state.annotations
    assert (body["tags"], body["timeEnd"] - body["time"]) == (["deploy", "mcp"], 3_600_000)
    assert stub.requests[-1].headers["authorization"] == f"Bearer {grafana.EDITOR}"


async def test_annotation_of_the_organisation(tools: Toolset, state: grafana.State) -> None:
    await tools.call(WRITE, {"text": "two\nlines"})
    assert state.annotations == [{"tags": ["mcp"], "text": "two\nlines"}]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"text": "x", "panel_id": 1}, "E_ARG"),
        ({"text": "x", "time_end": "2026-01-31T12:00:00Z"}, "E_ARG"),
        ({"text": "x", "time": "2026-01-31T12:00:00"}, "E_ARG"),
        ({"text": "x", "time": "2026-99-31T12:00:00Z"}, "E_ARG"),
        ({"text": ""}, "E_ARG"),
        ({"text": "x" * 1001}, "E_ARG"),
        ({"text": "a\x00b"}, "E_ARG"),
        ({"text": "a\u202eb"}, "E_ARG"),
        ({"text": "x", "tags": ["t"] * 11}, "E_ARG"),
        ({"text": "x", "tags": ["a\nb"]}, "E_ARG"),
        ({"text": "x", "dashboard_uid": "unknown"}, "E_NOT_FOUND"),
        ({"text": "x", "dashboard_uid": "kafka-overview", "panel_id": 9}, "E_NOT_FOUND"),
    ],
)
async def test_wrong_annotations(
    tools: Toolset, state: grafana.State, arguments: dict[str, Any], code: str
) -> None:
    assert (await refused(tools, WRITE, **arguments)).code == code
    assert state.annotations == []


async def test_a_viewer_token_cannot_write(
    make_tools: MakeTools, stub: Stub, state: grafana.State
) -> None:
    """With the gate open and every check passed, the principal is what refuses."""
    facts = link(stub.port, write_access=True, TOKEN=grafana.VIEWER, WRITE_TOKEN=grafana.VIEWER)
    tools = make_tools(register, facts)
    refusal = await refused(tools, WRITE, text="x")
    assert refusal.hint == "the credential MCP_GRAFANA_WRITE_TOKEN was refused"
    assert state.annotations == []


@pytest.mark.parametrize(
    ("token", "hint"),
    [
        ("wrong", "the credential MCP_GRAFANA_TOKEN was refused"),
        ("", "the credential MCP_GRAFANA_TOKEN is empty; fill it in secret/cloud.env"),
    ],
)
async def test_refused_credentials_are_named_by_their_key(
    make_tools: MakeTools, stub: Stub, token: str, hint: str
) -> None:
    tools = make_tools(register, link(stub.port, TOKEN=token))
    refusal = await refused(tools, "grafana_list_folders")
    assert (refusal.code, refusal.hint) == ("E_UNAVAILABLE", hint)


@pytest.mark.parametrize(
    "uid", ["", "../../datasources/proxy/1", "a/b", "a%2Fb", "a" * 41, "a b", "a\n"]
)
async def test_uid_is_one_segment(tools: Toolset, stub: Stub, uid: str) -> None:
    assert (await refused(tools, "grafana_get_dashboard", uid=uid)).code == "E_ARG"
    assert stub.requests == []


async def test_unknown_dashboard(tools: Toolset) -> None:
    assert (await refused(tools, "grafana_get_dashboard", uid="unknown")).code == "E_NOT_FOUND"


def test_plain() -> None:
    value = {
        "jsonData": 1,
        "runbook_url": 2,
        "slugUrl": 3,
        "text": "see http://u:p@h/x, or (https://h) here",
        "list": [{"links": 1, "kept": True}],
    }
    text = "see [address] or ([address]) here"
    assert plain(value) == {"text": text, "list": [{"kept": True}]}
