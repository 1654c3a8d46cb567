"""What NATS tools take and how they show what they get, without a server.

In: arguments, and answers of JetStream as they come.
Out: proof that nothing but a linked name is asked for, and that headers are named only.
Must not know MCP. `tests/lab/test_nats_tools.py` has the tools on a real server.
"""

from __future__ import annotations

import asyncio
import base64
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from conftest import LinkFacts, MakeTools
from stacktic_mcp.core.toolkit import Refusal, Toolset
from stacktic_mcp.tools.nats.nats_tools import register
from stacktic_mcp.tools.nats.nats_views import (
    consumer_view,
    payload_view,
    stored_view,
    stream_line,
    stream_view,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

FACTS = LinkFacts(
    "nats",
    "fastmcp-nats",
    "MCP_NATS",
    values={"HOST": "127.0.0.1", "PORT": "1", "USER": "fastmcp-nats"},
    secrets={"PASSWORD": "looker_password"},
    enums={"streams": ["orders"], "subjects": ["news"]},
)


@pytest.fixture
def tools(make_tools: MakeTools) -> Toolset:
    return make_tools(register, FACTS)


@pytest.fixture
def writing(make_tools: MakeTools) -> Toolset:
    return make_tools(register, replace(FACTS, write_access=True))


def refused(tools: Toolset, name: str, **arguments: Any) -> Refusal:
    with pytest.raises(Refusal) as caught:
        asyncio.run(tools.call(name, arguments))
    return caught.value


def text(value: bytes) -> str:
    return base64.b64encode(value).decode()


def test_a_tool_that_writes_is_there_with_write_access_alone(
    tools: Toolset, writing: Toolset
) -> None:
    assert {tool.tool_class for tool in tools.tools} == {"read"}
    more = {tool.name for tool in writing.tools} - {tool.name for tool in tools.tools}
    assert more == {"nats_publish"}
    assert len(writing.tools) == 8


@pytest.mark.parametrize(
    "subject",
    ["", " ", "a b", "a..b", ".a", "a.", ">", "*", "a.>.b", "a*", "a\r\nSUB > 1", "a" * 256],
)
def test_a_filter_is_a_subject(tools: Toolset, subject: str) -> None:
    for name in ("nats_read", "nats_last", "nats_subjects"):
        assert refused(tools, name, stream="orders", filter=subject).code == "E_ARG"


@pytest.mark.parametrize("below", ["", "a.*", ">", "$JS.API", "a b", "a\nb", "a..b", "a" * 201])
def test_what_is_published_to_lies_below(writing: Toolset, below: str) -> None:
    for place in ({"stream": "orders"}, {"subject": "news"}):
        assert refused(writing, "nats_publish", value="x", below=below, **place).code == "E_ARG"


def test_only_linked_names_are_asked_for(tools: Toolset, writing: Toolset) -> None:
    for name in ("nats_describe_stream", "nats_subjects", "nats_list_consumers", "nats_read"):
        for stream in ("bills", "orders.>", "*", "orders\r\n", "KV_orders"):
            assert refused(tools, name, stream=stream).code == "E_SCOPE"
    for subject in ("gossip", "news.>", ">", "$SYS.>", "_INBOX.>"):
        assert refused(tools, "nats_listen", subject=subject).code == "E_SCOPE"
        assert refused(writing, "nats_publish", subject=subject, value="x").code == "E_SCOPE"
    big = refused(writing, "nats_publish", subject="news", value="é" * 40_000)
    assert big.code == "E_LIMIT"


def test_a_server_that_is_away_is_said_to_be(tools: Toolset) -> None:
    assert refused(tools, "nats_list_streams").code == "E_UNAVAILABLE"


def test_what_is_published_was_taken_before_the_tool_says_so(make_tools: MakeTools) -> None:
    async def told() -> list[bytes]:
        async with spoken_to() as (port, lines):
            facts = replace(FACTS, values={**FACTS.values, "PORT": port}, write_access=True)
            arguments = {"subject": "news", "value": "rain"}
            await make_tools(register, facts).call("nats_publish", arguments)
            return list(lines)

    verbs = [line.split()[0] for line in asyncio.run(told()) if line.strip()]
    assert b"PING" in verbs[verbs.index(b"PUB") :]


@asynccontextmanager
async def spoken_to() -> AsyncGenerator[tuple[str, list[bytes]]]:
    """A server that answers a greeting and each PING, and keeps each line."""
    lines: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b'INFO {"max_payload": 65536}\r\n')
        while line := await reader.readline():
            lines.append(line)
            if line.startswith(b"PING"):
                writer.write(b"PONG\r\n")
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield str(server.sockets[0].getsockname()[1]), lines


def test_headers_are_named_and_bytes_are_marked() -> None:
    headers = b"NATS/1.0\r\nAuthorization: Bearer token of somebody\r\nX-Id: 7\r\n\r\n"
    message = {"seq": 3, "subject": "orders", "time": "t", "data": text(b"\xff"), "hdrs": None}
    row = stored_view({**message, "hdrs": text(headers)}, 10)
    assert row["headers"] == ["Authorization", "X-Id"]
    assert (row["value"], row["encoding"], row["value_bytes"]) == ("/w==", "base64", 1)
    assert stored_view({**message, "data": "no base64"}, 10)["value_bytes"] == 0
    assert payload_view("aé".encode(), 2) == {"value": "a", "encoding": "utf-8", "value_bytes": 3}


def test_what_is_not_told_is_not_known() -> None:
    assert stream_line("orders", None) == {"stream": "orders", "missing": True}
    view = stream_view("orders", {"config": {"max_age": 5_000_000_000, "max_bytes": -1}})
    assert (view["max_age_s"], view["max_bytes"], view["messages"]) == (5, None, None)
    behind = {"cluster": {"leader": "a", "replicas": [{"current": True}, {"current": False}, {}]}}
    assert stream_view("orders", behind)["replicas_behind"] == 2
    assert consumer_view({"num_pending": "many"})["pending"] is None
