"""The trace tools against stubs of both stores, which keep the same spans.

In: spans that each test keeps.
Out: what each tool answers and refuses, the same whichever store tells, and what was asked.
Must not know: how the toolkit checks arguments beyond what a caller sees.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from conftest import LinkFacts, MakeTools
from servers import traces
from servers.stub import Reply, Stub, serving
from stacktic_mcp.core.toolkit import Toolset
from stacktic_mcp.lib.refusal import Refusal
from stacktic_mcp.tools.traces.traces_shapes import Wanted, moment
from stacktic_mcp.tools.traces.traces_tempo import quoted, traceql
from stacktic_mcp.tools.traces.traces_tools import register

pytestmark = pytest.mark.anyio

NAMES = {"trace_services", "trace_operations", "trace_search", "trace_errors", "trace_get"}
FAST, SLOW = "0" * 16 + "00000000000000aa", "1" * 32
STORES = {"tempo": traces.tempo, "jaeger": traces.jaeger}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def kept() -> traces.Traces:
    kept = traces.Traces()
    kept.keep(FAST, "00000000000000a1", name="GET /cart", ago=60, ms=20)
    kept.keep(SLOW, "00000000000000b1", name="GET /pay", ago=50, ms=900, route="/pay")
    below = {"parent": "00000000000000b1", "service": "bank", "name": "charge"}
    kept.keep(SLOW, "00000000000000b2", ago=49.5, ms=300, error=True, **below)
    return kept


@pytest.fixture(params=sorted(STORES))
def dialect(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def stub(kept: traces.Traces, dialect: str) -> Iterator[Stub]:
    with STORES[dialect](kept) as running:
        yield running


@pytest.fixture
def tools(make_tools: MakeTools, stub: Stub, dialect: str) -> Toolset:
    return make_tools(register, link(stub.port, dialect))


def link(port: int, dialect: str) -> LinkFacts:
    values = {"HOST": "127.0.0.1", "PORT": str(port), "SCHEME": "http", "DIALECT": dialect}
    return LinkFacts(
        component="traces",
        type="fastmcp-tempo",
        env="MCP_TEMPO",
        values=values,
        enums={"components": ["bank", "shop"]},
    )


async def refused(tools: Toolset, tool: str, **arguments: Any) -> Refusal:
    with pytest.raises(Refusal) as caught:
        await tools.call(tool, arguments)
    return caught.value


def test_offers_only_read_tools(tools: Toolset) -> None:
    assert {tool.name for tool in tools.tools} == NAMES
    assert {tool.tool_class for tool in tools.tools} == {"read"}


async def test_names(tools: Toolset) -> None:
    assert (await tools.call("trace_services"))["data"] == ["bank", "shop"]
    cut = await tools.call("trace_services", {"limit": 1})
    assert (cut["data"], cut["truncated_by"]) == (["bank"], "rows")
    answer = await tools.call("trace_operations", {"service": "shop"})
    assert answer["data"] == ["GET /cart", "GET /pay"]
    assert (await tools.call("trace_operations", {"service": "unknown"}))["data"] == []


async def test_a_search_tells_the_latest_first(tools: Toolset) -> None:
    answer = await tools.call("trace_search", {"service": "shop"})
    assert answer["untrusted"] is True
    assert [trace["name"] for trace in answer["data"]] == ["GET /pay", "GET /cart"]
    slow = answer["data"][0]
    assert (slow["trace_id"], slow["service"], slow["duration_ms"]) == (SLOW, "shop", 900)
    assert (slow["span_count"], slow["error_count"]) == (2, 1)
    cut = await tools.call("trace_search", {"service": "shop", "limit": 1})
    assert (cut["returned"], cut["truncated_by"]) == (1, "rows")


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"service": "shop", "operation": "GET /cart"}, ["GET /cart"]),
        ({"service": "shop", "min_duration": "500ms"}, ["GET /pay"]),
        ({"service": "bank", "errors_only": True}, ["GET /pay"]),
        ({"service": "shop", "errors_only": True}, []),
        ({"service": "shop", "start": "now-55s"}, ["GET /pay"]),
        ({"service": 'shop" || true || "'}, []),
    ],
)
async def test_a_search_is_narrowed(
    tools: Toolset, wanted: dict[str, Any], found: list[str]
) -> None:
    answer = await tools.call("trace_search", wanted)
    assert [trace["name"] for trace in answer["data"]] == found


async def test_errors_of_a_component(tools: Toolset) -> None:
    answer = await tools.call("trace_errors", {"component": "bank"})
    assert [trace["trace_id"] for trace in answer["data"]] == [SLOW]
    assert (await tools.call("trace_errors", {"component": "shop"}))["data"] == []
    refusal = await refused(tools, "trace_errors", component="unlinked")
    assert (refusal.code, refusal.allowed_values) == ("E_SCOPE", ("bank", "shop"))


async def test_the_spans_of_a_trace(tools: Toolset) -> None:
    data = (await tools.call("trace_get", {"trace_id": SLOW}))["data"]
    assert (data["services"], data["span_count"], data["error_count"]) == (["bank", "shop"], 2, 1)
    assert data["duration_ms"] == pytest.approx(900, abs=1)
    above, below = data["spans"]
    assert (above["name"], above["parent_id"], above["error"]) == ("GET /pay", "", False)
    assert above["attributes"]["route"] == "/pay"
    assert (below["parent_id"], below["service"]) == (above["span_id"], "bank")
    assert (below["kind"], below["duration_ms"], below["error"]) == ("server", 300, True)
    cut = await tools.call("trace_get", {"trace_id": SLOW, "limit": 1})
    assert (len(cut["data"]["spans"]), cut["truncated_by"]) == (1, "rows")
    assert (await refused(tools, "trace_get", trace_id="2" * 32)).code == "E_NOT_FOUND"


async def test_texts_lose_control_characters_and_known_secrets(
    make_tools: MakeTools, stub: Stub, kept: traces.Traces, dialect: str
) -> None:
    facts = link(stub.port, dialect)
    facts.secrets = {"TOKEN": "hunter2-hunter2"}
    tools = make_tools(register, facts)
    tools.links[0].secret("TOKEN")
    kept.keep("3" * 32, "00000000000000c1", name="\x1b[31mred\u202e", key="hunter2-hunter2")
    data = (await tools.call("trace_get", {"trace_id": "3" * 32}))["data"]
    assert (data["spans"][0]["name"], data["spans"][0]["attributes"]["key"]) == ("red", "[secret]")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"service": "shop", "start": "now-25h"}, "E_ARG"),
        ({"service": "shop", "start": "now", "end": "now-1h"}, "E_ARG"),
        ({"service": "shop", "min_duration": "1 or true"}, "E_ARG"),
        ({"service": "a\nb"}, "E_ARG"),
        ({"service": "shop", "limit": 101}, "E_ARG"),
    ],
)
async def test_what_is_not_asked(
    tools: Toolset, stub: Stub, arguments: dict[str, Any], code: str
) -> None:
    assert (await refused(tools, "trace_search", **arguments)).code == code
    assert stub.requests == []


@pytest.mark.parametrize("trace_id", ["../services", "x", "", "1" * 33])
async def test_an_identifier_is_nothing_else(tools: Toolset, stub: Stub, trace_id: str) -> None:
    assert (await refused(tools, "trace_get", trace_id=trace_id)).code == "E_ARG"
    assert stub.requests == []


async def test_only_read_paths_are_asked(tools: Toolset, stub: Stub) -> None:
    for tool, arguments in {
        "trace_services": {},
        "trace_operations": {"service": "../flush"},
        "trace_search": {"service": "shop"},
        "trace_get": {"trace_id": SLOW},
    }.items():
        await tools.call(tool, arguments)
    assert {request.method for request in stub.requests} == {"GET"}
    assert {request.path[0] for request in stub.requests} == {"api"}


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (Reply(500, "boom: password=x"), "E_UNAVAILABLE"),
        (Reply(400, "parse error"), "E_ARG"),
        (Reply(200, "no json"), "E_UNAVAILABLE"),
        (Reply(200, []), "E_UNAVAILABLE"),
    ],
)
async def test_answers_of_another_form_are_refused(
    make_tools: MakeTools, dialect: str, reply: Reply, code: str
) -> None:
    with serving(lambda _: reply) as stub:
        tools = make_tools(register, link(stub.port, dialect))
        refusal = await refused(tools, "trace_search", service="shop")
    assert refusal.code == code
    assert "password" not in refusal.hint


async def test_an_unknown_store_is_not_asked(make_tools: MakeTools) -> None:
    tools = make_tools(register, link(9, "zipkin"))
    assert (await refused(tools, "trace_services")).code == "E_UNAVAILABLE"


def test_a_text_of_a_caller_stays_a_text() -> None:
    assert quoted('a"b\\') == '"a\\"b\\\\"'
    wanted = Wanted('x" }', 'y\\" || "', "1s", errors_only=True)
    assert traceql(wanted) == (
        '{ resource.service.name = "x\\" }" && name = "y\\\\\\" || \\"" '
        "&& duration > 1s && status = error }"
    )


def test_a_time_that_was_not_told_is_none() -> None:
    assert moment(None) is None
    assert moment(2**70) is None
    assert moment(1_700_000_000_123_456_789) == "2023-11-14T22:13:20.123456Z"
