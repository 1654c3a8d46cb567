"""The RabbitMQ tools against a stand-in that keeps state and refuses as the broker does.

In: `fastmcp-rabbitmq` as written; users with the permissions that catalog/rabbitmq makes.
Out: proof of what each tool returns and of what each layer refuses.
Must not know: FastMCP's HTTP side.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from conftest import LinkFacts, MakeTools
from servers.certificates import make_authority
from servers.rabbitmq_stub import Broker, User
from servers.stub import Stub, serving
from stacktic_mcp.core.toolkit import Toolset
from stacktic_mcp.lib.refusal import Refusal
from stacktic_mcp.tools.rabbitmq.rabbitmq_tools import register

pytestmark = pytest.mark.anyio

READ_CALLS: dict[str, dict[str, Any]] = {
    "rabbitmq_overview": {},
    "rabbitmq_health": {},
    "rabbitmq_list_queues": {},
    "rabbitmq_get_queue": {"queue": "orders"},
    "rabbitmq_list_exchanges": {},
    "rabbitmq_list_bindings": {},
    "rabbitmq_list_connections": {},
    "rabbitmq_trace_dead_letters": {"queue": "orders"},
}
GATED_CALLS: dict[str, dict[str, Any]] = {
    "rabbitmq_publish": {"exchange": "events", "routing_key": "order.new", "payload": "{}"},
    "rabbitmq_peek": {"queue": "orders"},
    "rabbitmq_purge": {"queue": "orders", "expect_depth_max": 5, "dry_run": False},
}


@dataclass
class Running:
    """The stand-in and its state."""

    stub: Stub
    broker: Broker


@pytest.fixture
def running() -> Generator[Running]:
    """A broker with a dead-letter chain, a quorum queue and a queue that is not linked."""
    broker = Broker(
        users={
            "mcp_ro": User("ro_pw"),
            "mcp_rw": User("rw_pw", write="^(events)$", read="^(orders|quorum|stream)$"),
        },
        exchanges={"": "direct", "events": "topic", "dlx": "direct", "private": "fanout"},
        bindings=[
            ("events", "orders", "order.new"),
            ("events", "quorum", "audit"),
            ("dlx", "dead", "dead"),
        ],
        nodes=[{"name": "rabbit@a", "running": True, "mem_alarm": False, "partitions": []}],
    )
    broker.declare("orders", x_dead_letter_exchange="dlx", x_dead_letter_routing_key="dead")
    broker.declare("dead", x_dead_letter_exchange="", x_dead_letter_routing_key="orders")
    broker.declare("quorum", "quorum", x_delivery_limit=4)
    broker.declare("stream", "stream")
    broker.declare("private/queue")
    broker.put("orders", b'{"id": 1}')
    broker.put("orders", b"\xff\xfe")
    broker.put("quorum", b"audit")
    with serving(broker.answer) as stub:
        yield Running(stub, broker)


def link(running: Running, *, write: bool = False, **changes: Any) -> LinkFacts:
    """Return the facts of a link to the broker."""
    user, password = ("mcp_rw", "rw_pw") if write else ("mcp_ro", "ro_pw")
    port = str(running.stub.port)
    facts: dict[str, Any] = {
        "component": "rabbitmq",
        "type": "fastmcp-rabbitmq",
        "env": "MCP_RABBITMQ",
        "values": {"HOST": "127.0.0.1", "PORT": port, "VHOST": "app", "USERNAME": user},
        "secrets": {"PASSWORD": password},
        "enums": {"queues": ["orders", "quorum", "stream"], "exchanges": ["events"]},
        "write_access": write,
    }
    return LinkFacts(**(facts | changes))


@pytest.fixture
def reader(running: Running, make_tools: MakeTools) -> Toolset:
    """Return the tools of a read link."""
    return make_tools(register, link(running))


@pytest.fixture
def writer(running: Running, make_tools: MakeTools) -> Toolset:
    """Return the tools of a link with write access."""
    return make_tools(register, link(running, write=True))


async def refusal(tools: Toolset, name: str, **arguments: Any) -> Refusal:
    """Return the refusal a call must end in."""
    with pytest.raises(Refusal) as caught:
        await tools.call(name, arguments)
    return caught.value


def test_gated_tools_exist_only_with_write_access(reader: Toolset, writer: Toolset) -> None:
    """A peek is gated as a write."""
    assert {tool.name for tool in reader.tools} == set(READ_CALLS)
    assert {tool.name for tool in writer.tools} == set(READ_CALLS) | set(GATED_CALLS)


@pytest.mark.parametrize("name", sorted(READ_CALLS))
async def test_read_tools_send_only_get_and_change_nothing(
    running: Running, reader: Toolset, name: str
) -> None:
    """Each read tool answers as the monitoring user."""
    before = running.broker.snapshot()
    answer = await reader.call(name, READ_CALLS[name])
    assert answer["link"] == "rabbitmq"
    assert running.broker.snapshot() == before
    assert {request.method for request in running.stub.requests} == {"GET"}


async def test_overview_shows_no_addresses(reader: Toolset) -> None:
    """Listeners and paths of the broker stay where they are."""
    answer = await reader.call("rabbitmq_overview", {})
    assert answer["data"]["rabbitmq_version"] == "4.2.6"
    assert answer["data"]["rates_per_s"]["publish"] == 1.5
    assert "10.0.0.7" not in str(answer)


async def test_health_names_alarms(running: Running, reader: Toolset) -> None:
    """An alarm or a lost node is told in words."""
    assert (await reader.call("rabbitmq_health", {}))["data"]["healthy"] is True
    running.broker.nodes += [
        {"name": "rabbit@b", "running": True, "mem_alarm": True, "disk_free_alarm": True},
        {"name": "rabbit@c", "running": False},
    ]
    data = (await reader.call("rabbitmq_health", {}))["data"]
    assert data["healthy"] is False
    assert [problem.split()[0] for problem in data["problems"]] == [
        "rabbit@b",
        "rabbit@b",
        "rabbit@c",
    ]


async def test_queues_are_filtered_sorted_and_cut(running: Running, reader: Toolset) -> None:
    """Depth and missing consumers are asked of every page of the broker."""
    running.broker.queues["orders"]["consumers"] = 2
    for number in range(600):
        running.broker.declare(f"bulk-{number:03}")
    running.broker.put("bulk-599", b"deep")
    answer = await reader.call("rabbitmq_list_queues", {"min_depth": 1})
    rows = [(row["queue"], row["messages"], row["linked"]) for row in answer["data"]]
    assert rows == [("orders", 2, True), ("bulk-599", 1, False), ("quorum", 1, True)]
    answer = await reader.call("rabbitmq_list_queues", {"min_depth": 1, "no_consumers": True})
    assert [row["queue"] for row in answer["data"]] == ["bulk-599", "quorum"]
    answer = await reader.call("rabbitmq_list_queues", {"sort": "name", "limit": 3})
    assert [row["queue"] for row in answer["data"]] == ["bulk-000", "bulk-001", "bulk-002"]
    assert answer["truncated_by"] == "rows"


async def test_queue_shows_behaviour(reader: Toolset) -> None:
    """Type, limits and dead-letter route are shown; unknown arguments are not."""
    data = (await reader.call("rabbitmq_get_queue", {"queue": "quorum"}))["data"]
    assert (data["type"], data["arguments"]) == ("quorum", {"x-delivery-limit": 4})


async def test_bindings_by_queue_and_exchange(reader: Toolset) -> None:
    """Bindings of one end, or of both."""
    answer = await reader.call("rabbitmq_list_bindings", {"exchange": "events"})
    assert [row["to"] for row in answer["data"]] == ["orders", "quorum"]
    both = {"exchange": "events", "queue": "orders"}
    answer = await reader.call("rabbitmq_list_bindings", both)
    assert [(row["from"], row["routing_key"]) for row in answer["data"]] == [
        ("events", "order.new")
    ]


async def test_connections_show_the_busiest_first(running: Running, reader: Toolset) -> None:
    """Of what a client says of itself only its name is shown."""
    running.broker.connections = [
        {
            "name": f"10.0.0.{number}:1 -> 10.0.0.9:5672",
            "user": "app",
            "state": state,
            "client_properties": {"connection_name": f"c{number}", "secret": "hidden"},
            "recv_oct_details": {"rate": float(number)},
        }
        for number, state in enumerate(["running", "blocked", "running"])
    ]
    answer = await reader.call("rabbitmq_list_connections", {})
    assert [row["name"] for row in answer["data"]] == ["c2", "c1", "c0"]
    assert "hidden" not in str(answer)
    answer = await reader.call("rabbitmq_list_connections", {"state": "blocked"})
    assert [row["name"] for row in answer["data"]] == ["c1"]


async def test_dead_letters_are_followed_into_a_cycle(reader: Toolset) -> None:
    """The default exchange leads by the name of the queue."""
    data = (await reader.call("rabbitmq_trace_dead_letters", {"queue": "orders"}))["data"]
    assert [(step["queue"], step["routed_to"]) for step in data["steps"]] == [
        ("orders", ["dead"]),
        ("dead", ["orders"]),
    ]
    assert "cycle" in data["end"]
    data = (await reader.call("rabbitmq_trace_dead_letters", {"queue": "quorum"}))["data"]
    assert "dropped" in data["end"]


@pytest.mark.parametrize(
    ("name", "arguments", "code"),
    [
        ("rabbitmq_get_queue", {"queue": "private/queue"}, "E_SCOPE"),
        ("rabbitmq_get_queue", {"queue": "../../overview"}, "E_SCOPE"),
        ("rabbitmq_list_bindings", {"exchange": "private"}, "E_SCOPE"),
        ("rabbitmq_trace_dead_letters", {"queue": "dead"}, "E_SCOPE"),
        ("rabbitmq_list_queues", {"limit": 201}, "E_ARG"),
        ("rabbitmq_list_queues", {"limit": "5"}, "E_ARG"),
        ("rabbitmq_list_queues", {"vhost": "/"}, "E_ARG"),
        ("rabbitmq_list_queues", {"sort": "password"}, "E_ARG"),
    ],
)
async def test_read_refusals(
    running: Running, reader: Toolset, name: str, arguments: dict[str, Any], code: str
) -> None:
    """Nothing is sent for a call that is refused."""
    assert (await refusal(reader, name, **arguments)).code == code
    assert running.stub.requests == []


async def test_publish(running: Running, writer: Toolset) -> None:
    """A dry run names the queues; the real one says whether any took the message."""
    before = running.broker.snapshot()
    call = GATED_CALLS["rabbitmq_publish"]
    tried = await writer.call("rabbitmq_publish", {**call, "dry_run": True})
    assert tried["data"]["would_route_to"] == ["orders"]
    assert running.broker.snapshot() == before
    done = await writer.call("rabbitmq_publish", call)
    assert done["data"]["routed"] is True
    message = running.broker.messages["orders"][-1]
    assert (message["payload"], message["properties"]["delivery_mode"]) == (b"{}", 2)
    lost = await writer.call("rabbitmq_publish", {**call, "routing_key": "nobody"})
    assert lost["data"]["routed"] is False


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"exchange": "private"}, "E_SCOPE"),
        ({"exchange": ""}, "E_SCOPE"),
        ({"payload": "ü" * 40000}, "E_LIMIT"),
        ({"payload": "x" * 65537}, "E_ARG"),
        ({"routing_key": "a\nb"}, "E_ARG"),
        ({"headers": {}}, "E_ARG"),
    ],
)
async def test_publish_refusals(
    running: Running, writer: Toolset, changes: dict[str, Any], code: str
) -> None:
    """The default exchange, which reaches every queue, is never a choice."""
    before = running.broker.snapshot()
    call = GATED_CALLS["rabbitmq_publish"] | changes
    assert (await refusal(writer, "rabbitmq_publish", **call)).code == code
    assert running.broker.snapshot() == before


async def test_peek_gives_messages_back(running: Running, writer: Toolset) -> None:
    """Text as text, other payloads as base64; each is marked redelivered afterwards."""
    running.broker.put("orders", b"y" * 5000)
    first = await writer.call("rabbitmq_peek", {"queue": "orders", "count": 10})
    assert [(row["encoding"], row["redelivered"]) for row in first["data"]] == [
        ("utf-8", False),
        ("base64", False),
        ("utf-8", False),
    ]
    assert (first["truncated_by"], first["data"][2]["payload_bytes"]) == ("cell", 5000)
    again = await writer.call("rabbitmq_peek", {"queue": "orders"})
    assert again["data"][0]["redelivered"] is True
    assert len(running.broker.messages["orders"]) == 3


@pytest.mark.parametrize(
    ("version", "limit", "allowed"),
    [
        ("4.2.6", 4, False),
        ("4.2.6", None, False),
        ("3.13.7", 4, False),
        ("unknown", 4, False),
        ("4.2.6", -1, True),
        ("4.3.0", 4, True),
        ("5.0.1", 4, True),
    ],
)
async def test_peek_never_drops_a_message_of_a_quorum_queue(
    running: Running, writer: Toolset, version: str, limit: int | None, allowed: bool
) -> None:
    """Where the broker counts a peek, the peek is refused; elsewhere many lose nothing."""
    arguments = {} if limit is None else {"x_delivery_limit": limit}
    running.broker.declare("quorum", "quorum", **arguments)
    running.broker.put("quorum", b"audit")
    running.broker.version = version
    for _ in range(8):
        if allowed:
            await writer.call("rabbitmq_peek", {"queue": "quorum"})
        else:
            assert (await refusal(writer, "rabbitmq_peek", queue="quorum")).code == "E_LIMIT"
    assert len(running.broker.messages["quorum"]) == 1
    assert (running.broker.messages["quorum"][0]["taken"] > 0) is allowed


async def test_peek_refuses_a_stream(writer: Toolset) -> None:
    """A stream is read by offset, not taken from."""
    assert (await refusal(writer, "rabbitmq_peek", queue="stream")).code == "E_ARG"
    assert (await refusal(writer, "rabbitmq_peek", queue="orders", count=11)).code == "E_ARG"


async def test_purge_tries_first_and_holds_to_the_expected_depth(
    running: Running, writer: Toolset
) -> None:
    """A dry run is the default; more messages than expected are a conflict."""
    before = running.broker.snapshot()
    tried = await writer.call("rabbitmq_purge", {"queue": "orders", "expect_depth_max": 2})
    assert (tried["data"]["ready"], tried["data"]["dry_run"]) == (2, True)
    call = {"queue": "orders", "dry_run": False}
    error = await refusal(writer, "rabbitmq_purge", **call, expect_depth_max=1)
    assert error.code == "E_CONFLICT"
    assert running.broker.snapshot() == before
    await writer.call("rabbitmq_purge", {**call, "expect_depth_max": 2})
    assert running.broker.messages["orders"] == []
    assert len(running.broker.messages["quorum"]) == 1


@pytest.mark.parametrize("name", sorted(GATED_CALLS))
async def test_a_write_link_without_the_principal_is_stopped_by_the_broker(
    running: Running, make_tools: MakeTools, name: str
) -> None:
    """Write flags without the permission change nothing."""
    values = {**link(running).values, "USERNAME": "mcp_ro"}
    secrets = {"PASSWORD": "ro_pw"}
    tools = make_tools(register, link(running, write=True, values=values, secrets=secrets))
    before = running.broker.snapshot()
    error = await refusal(tools, name, **GATED_CALLS[name])
    assert (error.code, "lacks a grant" in error.hint) == ("E_UNAVAILABLE", True)
    assert running.broker.snapshot() == before


async def test_a_link_that_lost_write_access_is_refused_at_call_time(
    running: Running, make_tools: MakeTools
) -> None:
    """With two instances the tools exist, but not for the one that is read-only."""
    other = link(running, component="events-mq", env="MCP_EVENTS_MQ")
    tools = make_tools(register, link(running, write=True), other)
    call = {"component": "events-mq", **GATED_CALLS["rabbitmq_purge"]}
    assert (await refusal(tools, "rabbitmq_purge", **call)).code == "E_WRITE_DISABLED"
    assert running.stub.requests == []


async def test_names_travel_as_one_encoded_segment(running: Running, make_tools: MakeTools) -> None:
    """A queue or virtual host with a slash stays one segment of the path."""
    enums = {"queues": ["private/queue"], "exchanges": []}
    tools = make_tools(register, link(running, enums=enums))
    answer = await tools.call("rabbitmq_get_queue", {"queue": "private/queue"})
    assert answer["data"]["queue"] == "private/queue"
    assert running.stub.requests[-1].path == ("api", "queues", "app", "private/queue")


async def test_credentials_and_absence_are_told_without_values(
    running: Running, make_tools: MakeTools
) -> None:
    """A wrong password, an absent queue and an absent broker read differently."""
    wrong = make_tools(register, link(running, secrets={"PASSWORD": "wrong_pw"}))
    error = await refusal(wrong, "rabbitmq_overview")
    assert (error.code, "MCP_RABBITMQ_PASSWORD was refused" in error.hint) == (
        "E_UNAVAILABLE",
        True,
    )
    assert "wrong_pw" not in error.text()
    enums = {"queues": ["planned"], "exchanges": []}
    planned = make_tools(register, link(running, enums=enums))
    assert (await refusal(planned, "rabbitmq_get_queue", queue="planned")).code == "E_NOT_FOUND"
    values = {**link(running).values, "PORT": "1"}
    away = make_tools(register, link(running, values=values))
    assert (await refusal(away, "rabbitmq_overview")).hint == "rabbitmq is away"


@pytest.mark.parametrize("trusted", ["own", "other"])
async def test_a_broker_with_a_certificate_is_verified_by_the_authority_of_the_link(
    running: Running, make_tools: MakeTools, tmp_path: Path, trusted: str
) -> None:
    """The credential is never sent to a server that another authority vouches for."""
    own = make_authority(tmp_path / "own", "own")
    other = make_authority(tmp_path / "other", "other")
    secret = own.sign(tmp_path / "tls", ["localhost"])
    with serving(running.broker.answer, secret) as stub:
        authority = own if trusted == "own" else other
        facts = link(running)
        where = {"HOST": "localhost", "PORT": str(stub.port), "SCHEME": "https"}
        values = {**facts.values, **where, "CA_FILE": str(authority.ca_file)}
        tools = make_tools(register, link(running, values=values))
        if trusted == "own":
            assert (await tools.call("rabbitmq_health", {}))["data"]
        else:
            assert (await refusal(tools, "rabbitmq_health")).code == "E_UNAVAILABLE"
        assert bool(stub.requests) == (trusted == "own")
