"""Kafka tools against the stand-in broker of the package noida-db.

In: a broker without credentials, and a stub that refuses every credential.
Out: what each tool answers, what it refuses, and that no topic, group or offset changes.
Must not know: MCP. ACLs are not tested here: the stand-in enforces none.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Awaitable, Callable, Generator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import noida_db
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from conftest import LinkFacts, MakeTools
from stacktic_mcp.core.toolkit import Refusal, Toolset
from stacktic_mcp.tools.kafka.kafka_tools import owner, register

BINARY = Path(noida_db.__file__).parent / "noida-db"
GROUP = "fastapi-kafka-orders"
NEW_GROUP = "billing-kafka-orders"


@dataclass(frozen=True)
class Server:
    """A running broker."""

    port: int

    @property
    def address(self) -> str:
        """Return the bootstrap address."""
        return f"127.0.0.1:{self.port}"


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[Server]:
    """Start a broker in a folder of its own and stop it by its pid."""
    port = free_port()
    folder = tmp_path_factory.mktemp("kafka")
    command = [str(BINARY), "start", "--data-dir", str(folder / "data"), "--host", "127.0.0.1"]
    command += ["--only", "kafka", "--kafka-port", str(port)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            wait_until_ready(port)
            asyncio.run(seed(f"127.0.0.1:{port}"))
            yield Server(port)
        finally:
            process.terminate()
            process.wait(timeout=20)


def wait_until_ready(port: int) -> None:
    """Try until the port answers, for 20 seconds at most."""
    deadline = time.monotonic() + 20
    while True:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


async def seed(address: str) -> None:
    """Make topics, records and one group that committed one of three partitions."""
    admin = AIOKafkaAdminClient(bootstrap_servers=address)
    await admin.start()
    names = {"orders": 3, "binary": 1, "empty": 2, "secret": 1, "many": 40}
    await admin.create_topics([NewTopic(name, count, 1) for name, count in names.items()])
    await admin.close()
    producer: Any = AIOKafkaProducer(bootstrap_servers=address)
    await producer.start()
    for number in range(60):
        headers = [("authorization", b"Bearer token of somebody")]
        value = f"order {number}".encode()
        key = str(number).encode()
        await producer.send_and_wait("orders", value, key, number % 3, headers=headers)
    await producer.send_and_wait("binary", b"\xff\xfe\x00", b"key", 0)
    await producer.send_and_wait("binary", None, b"deleted", 0)
    await producer.send_and_wait("binary", b"x" * 20000, b"large", 0)
    await producer.send_and_wait("secret", b"not for the link", None, 0)
    await producer.stop()
    await commit(address, GROUP, {TopicPartition("orders", 0): 5, TopicPartition("orders", 1): 0})
    await commit(address, "elsewhere", {TopicPartition("secret", 0): 1})


async def commit(address: str, group: str, offsets: dict[TopicPartition, int]) -> None:
    """Commit offsets the way an application does."""
    consumer: Any = AIOKafkaConsumer(
        bootstrap_servers=address, group_id=group, enable_auto_commit=False
    )
    await consumer.start()
    consumer.assign(list(offsets))
    await consumer.commit(offsets)
    await consumer.stop()


def link_to(port: int, **changes: Any) -> LinkFacts:
    """Return the link as the generator describes it."""
    values = {"HOST": "127.0.0.1", "PORT": str(port), "SECURITY_PROTOCOL": "PLAINTEXT"}
    facts = LinkFacts(
        component="kafka",
        type="fastmcp-kafka",
        env="MCP_KAFKA",
        values={**values, "USER": "mcp-ro-fastmcp-kafka"},
        secrets={"PASSWORD": "kafka_password"},
        enums={
            "topics": ["orders", "binary", "empty", "many", "late"],
            "groups": ["fastapi", "billing"],
        },
    )
    return replace(facts, **changes)


@pytest.fixture
def tools(make_tools: MakeTools, server: Server) -> Toolset:
    """Return the registered tools of a link that reads."""
    return make_tools(register, link_to(server.port))


@pytest.fixture
def writing(make_tools: MakeTools, server: Server) -> Toolset:
    """Return the registered tools of a link that may write."""
    return make_tools(register, link_to(server.port, write_access=True))


def call(tools: Toolset, name: str, **arguments: Any) -> dict[str, Any]:
    """Call a tool and return its envelope."""
    return asyncio.run(tools.call(name, arguments))


def refused(tools: Toolset, name: str, **arguments: Any) -> Refusal:
    """Call a tool that must refuse."""
    with pytest.raises(Refusal) as caught:
        call(tools, name, **arguments)
    return caught.value


def state(server: Server) -> Any:
    """Return everything a tool might have changed."""
    return asyncio.run(read_state(server.address))


async def read_state(address: str) -> Any:
    admin = AIOKafkaAdminClient(bootstrap_servers=address)
    await admin.start()
    topics = sorted(await admin.list_topics())
    groups = sorted(await admin.list_consumer_groups())
    offsets = {group: await admin.list_consumer_group_offsets(group) for group, _ in groups}
    described = await admin.describe_topics(topics)
    await admin.close()
    keys = [
        TopicPartition(topic["topic"], partition["partition"])
        for topic in described
        for partition in topic["partitions"]
    ]
    consumer: Any = AIOKafkaConsumer(bootstrap_servers=address)
    await consumer.start()
    ends = await consumer.end_offsets(keys)
    await consumer.stop()
    return topics, groups, offsets, ends


READ_CALLS: list[tuple[str, dict[str, Any]]] = [
    ("kafka_list_topics", {}),
    ("kafka_describe_topic", {"topic": "orders"}),
    ("kafka_offsets", {"topic": "orders", "time_ms": 0}),
    ("kafka_peek", {"topic": "orders", "start": "earliest", "limit": 100}),
    ("kafka_list_groups", {}),
    ("kafka_consumer_lag", {"group": "fastapi"}),
]


def test_every_tool_reads_and_changes_nothing(server: Server, tools: Toolset) -> None:
    assert sorted(name for name, _ in READ_CALLS) == sorted(tool.name for tool in tools.tools)
    before = state(server)
    for name, arguments in READ_CALLS:
        assert call(tools, name, **arguments)["data"], name
    assert state(server) == before


def test_topics_are_the_linked_ones(tools: Toolset) -> None:
    rows = call(tools, "kafka_list_topics")["data"]
    assert [(row["topic"], row.get("partitions")) for row in rows] == [
        ("orders", 3),
        ("binary", 1),
        ("empty", 2),
        ("many", 40),
        ("late", None),
    ]
    assert rows[-1] == {"topic": "late", "missing": True}
    assert refused(tools, "kafka_peek", topic="secret").code == "E_SCOPE"


@pytest.mark.parametrize(
    "name", ["kafka_describe_topic", "kafka_offsets", "kafka_peek", "kafka_produce"]
)
def test_a_missing_topic_is_never_created(server: Server, writing: Toolset, name: str) -> None:
    before = state(server)
    more = {"value": "x"} if name == "kafka_produce" else {}
    assert refused(writing, name, topic="late", **more).code == "E_NOT_FOUND"
    assert state(server) == before


def test_a_topic_is_described_with_offsets(tools: Toolset) -> None:
    data = call(tools, "kafka_describe_topic", topic="orders")["data"]
    assert (data["partitions"], data["replicas"], data["offsets_kept"]) == (3, 1, 60)
    assert [row["latest"] for row in data["detail"]] == [20, 20, 20]


def test_offsets_can_be_asked_for_a_time(tools: Toolset) -> None:
    rows = call(tools, "kafka_offsets", topic="orders", partition=1)["data"]
    assert rows == [{"partition": 1, "earliest": 0, "latest": 20}]
    rows = call(tools, "kafka_offsets", topic="empty", time_ms=0)["data"]
    assert [row["at_time"] for row in rows] == [None, None]
    assert refused(tools, "kafka_offsets", topic="orders", partition=3).code == "E_NOT_FOUND"


def test_a_peek_shows_the_last_records(tools: Toolset) -> None:
    rows = call(tools, "kafka_peek", topic="orders", limit=6)["data"]
    assert sorted(row["value"] for row in rows) == [f"order {number}" for number in range(54, 60)]
    assert rows[0]["headers"] == ["authorization"]
    assert "Bearer" not in str(rows)


def test_a_peek_starts_where_it_is_told(tools: Toolset) -> None:
    answer = call(tools, "kafka_peek", topic="orders", partition=2, start="17")
    assert [row["offset"] for row in answer["data"]] == [17, 18, 19]
    assert answer["truncated_by"] is None
    answer = call(tools, "kafka_peek", topic="orders", partition=2, start="earliest", limit=2)
    assert [row["value"] for row in answer["data"]] == ["order 2", "order 5"]
    assert answer["truncated_by"] == "rows"
    assert call(tools, "kafka_peek", topic="empty")["data"] == []
    assert call(tools, "kafka_peek", topic="orders", partition=2, start="20")["data"] == []


@pytest.mark.parametrize(
    "arguments",
    [
        {"topic": "orders", "start": "3"},
        {"topic": "orders", "partition": 0, "start": "21"},
        {"topic": "orders", "start": "middle"},
        {"topic": "orders", "limit": 101},
        {"topic": "orders", "limit": "5"},
        {"topic": "orders", "max_bytes": 65537},
        {"topic": "orders", "group": "fastapi"},
        {"topic": "many"},
    ],
)
def test_peeks_outside_of_the_limits_are_refused(tools: Toolset, arguments: Any) -> None:
    assert refused(tools, "kafka_peek", **arguments).code == "E_ARG"


def test_bytes_tombstones_and_large_values_are_told_apart(tools: Toolset) -> None:
    answer = call(tools, "kafka_peek", topic="binary", start="earliest", max_bytes=30000)
    rows = answer["data"]
    assert [(row["value"], row["encoding"]) for row in rows[:2]] == [
        ("//4A", "base64"),
        (None, None),
    ]
    assert (len(rows[2]["value"]), rows[2]["value_bytes"]) == (2048, 20000)
    assert answer["truncated_by"] == "cell"
    less = call(tools, "kafka_peek", topic="binary", start="earliest", max_bytes=100)
    assert (less["returned"], less["truncated_by"]) == (2, "bytes")


def test_lag_tells_no_commit_from_zero(tools: Toolset) -> None:
    data = call(tools, "kafka_consumer_lag", group="fastapi")["data"]
    assert [row["group"] for row in data] == [GROUP]
    rows = data[0]["partitions"]
    assert [(row["status"], row["committed"], row["lag"]) for row in rows] == [
        ("committed", 5, 15),
        ("committed", 0, 20),
        ("no_commit", None, None),
    ]
    assert (data[0]["total_lag"], data[0]["no_commit_partitions"]) == (35, 1)
    assert data[0]["topics_without_commit"] == ["binary", "empty", "many"]
    other = call(tools, "kafka_consumer_lag", group="fastapi", topic="empty")["data"]
    assert (other[0]["total_lag"], other[0]["topics_without_commit"]) == (None, ["empty"])


def test_a_consumer_without_a_group_and_one_outside_of_the_link(tools: Toolset) -> None:
    assert refused(tools, "kafka_consumer_lag", group="billing").code == "E_NOT_FOUND"
    assert refused(tools, "kafka_consumer_lag", group="elsewhere").code == "E_SCOPE"
    rows = call(tools, "kafka_list_groups")["data"]
    assert [(row["consumer"], row["group"]) for row in rows] == [
        ("fastapi", GROUP),
        ("billing", None),
    ]


def test_a_working_group_shows_its_members(server: Server, tools: Toolset) -> None:
    async def listed() -> list[dict[str, Any]]:
        consumer: Any = AIOKafkaConsumer(
            "orders", bootstrap_servers=server.address, group_id=NEW_GROUP, client_id="biller"
        )
        await consumer.start()
        try:
            return (await tools.call("kafka_list_groups", {}))["data"]
        finally:
            await consumer.stop()

    rows = {row["consumer"]: row for row in asyncio.run(listed())}
    assert rows["billing"]["state"] == "Stable"
    assert (rows["billing"]["members"], rows["billing"]["clients"]) == (1, ["biller"])
    asyncio.run(delete_group(server.address, NEW_GROUP))


async def delete_group(address: str, group: str) -> None:
    """Wait until a left group has no members any more."""
    admin = AIOKafkaAdminClient(bootstrap_servers=address)
    await admin.start()
    for _ in range(100):
        described = (await admin.describe_consumer_groups([group]))[0].to_object()["groups"][0]
        if not described["members"]:
            break
        await asyncio.sleep(0.05)
    await admin.close()


LONG = "a" * 40


@pytest.mark.parametrize(
    ("group", "expected"),
    [
        ("fastapi", None),
        ("fastapi-kafka", "fastapi"),
        ("fastapi-kafka-orders", "fastapi"),
        ("bridge-fastapi-kafka", "fastapi"),
        ("fastapi-two-kafka-orders", "fastapi-two"),
        ("bridge-fastapi-two-kafka", "fastapi-two"),
        ("fastapi-kafka-kafka-orders", "fastapi-kafka"),
        # One that is gone leaves its groups behind for a while.
        ("fastapi-gone-kafka-orders", None),
        ("fastapi-kafka2-orders", None),
        ("fastapi2", None),
        ("other-fastapi", None),
        ("bridge", None),
        (f"{LONG}-kafka-{'o' * 7}-01234567", LONG),
    ],
)
def test_groups_belong_to_the_consumer_they_are_named_after(
    make_tools: MakeTools, group: str, expected: str | None
) -> None:
    consumers = ["fastapi", "fastapi-two", "fastapi-kafka", LONG]
    tools = make_tools(register, link_to(9092, enums={"groups": consumers}))
    assert owner(group, tools.links[0]) == expected


def test_without_write_access_there_is_no_produce(tools: Toolset, writing: Toolset) -> None:
    assert "kafka_produce" not in {tool.name for tool in tools.tools}
    assert "kafka_produce" in {tool.name for tool in writing.tools}


def test_a_record_is_produced_or_only_checked(server: Server, writing: Toolset) -> None:
    before = state(server)
    arguments = {"topic": "empty", "value": "new \u00fc", "key": "k", "partition": 1}
    dry = call(writing, "kafka_produce", **arguments, dry_run=True)["data"]
    assert (dry["partitions"], dry["bytes"]) == ([1], 6)
    assert state(server) == before
    sent = call(writing, "kafka_produce", **arguments)["data"]
    assert (sent["partition"], sent["offset"]) == (1, 0)
    row = call(writing, "kafka_peek", topic="empty")["data"][0]
    assert (row["value"], row["key"]) == ("new \u00fc", "k")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"topic": "secret"}, "E_SCOPE"),
        ({"partition": 9}, "E_NOT_FOUND"),
        ({"value": "x" * 65537}, "E_ARG"),
        ({"value": "\u00fc" * 65000}, "E_LIMIT"),
        ({"value": 5}, "E_ARG"),
    ],
)
def test_records_outside_of_the_link_are_refused(
    server: Server, writing: Toolset, change: dict[str, Any], code: str
) -> None:
    before = state(server)
    arguments = {"topic": "orders", "value": "x", **change}
    assert refused(writing, "kafka_produce", **arguments).code == code
    assert state(server) == before


def test_an_absent_broker_is_away(make_tools: MakeTools) -> None:
    tools = make_tools(register, link_to(free_port()))
    error = refused(tools, "kafka_list_topics")
    assert (error.code, error.hint) == ("E_UNAVAILABLE", "kafka is away")


def test_an_empty_credential_is_named(make_tools: MakeTools, server: Server) -> None:
    facts = link_to(server.port)
    values = {**facts.values, "SECURITY_PROTOCOL": "SASL_PLAINTEXT"}
    tools = make_tools(register, replace(facts, values=values, secrets={"PASSWORD": ""}))
    error = refused(tools, "kafka_list_topics")
    assert (error.code, "MCP_KAFKA_PASSWORD" in error.hint) == ("E_UNAVAILABLE", True)


@pytest.fixture
def refusing() -> Generator[int]:
    """Serve Kafka's handshake (protocol guide, ApiVersions and SASL) and refuse each user."""
    ready = threading.Event()
    facts: dict[str, Any] = {}

    async def serve() -> None:
        server = await asyncio.start_server(refuse, "127.0.0.1", 0)
        facts["port"] = server.sockets[0].getsockname()[1]
        facts["stop"] = asyncio.Event()
        facts["loop"] = asyncio.get_running_loop()
        ready.set()
        await facts["stop"].wait()
        server.close()

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    assert ready.wait(5)
    yield facts["port"]
    facts["loop"].call_soon_threadsafe(facts["stop"].set)
    thread.join()


async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer ApiVersions and SaslHandshake, and SaslAuthenticate with error 58."""
    answers: dict[int, Callable[[], bytes]] = {
        18: lambda: struct.pack(">hi", 0, 2) + struct.pack(">6h", 17, 0, 1, 36, 0, 0),
        17: lambda: struct.pack(">hih", 0, 1, 5) + b"PLAIN",
        36: lambda: struct.pack(">hhi", 58, -1, 0),
    }
    read: Callable[[int], Awaitable[bytes]] = reader.readexactly
    try:
        while True:
            (size,) = struct.unpack(">i", await read(4))
            api, _, correlation = struct.unpack(">hhi", (await read(size))[:8])
            body = struct.pack(">i", correlation) + answers[api]()
            writer.write(struct.pack(">i", len(body)) + body)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


def test_a_refused_credential_is_named_without_its_value(
    make_tools: MakeTools, refusing: int, caplog: pytest.LogCaptureFixture
) -> None:
    facts = link_to(refusing)
    sasl = {"SECURITY_PROTOCOL": "SASL_PLAINTEXT", "SASL_MECHANISM": "PLAIN"}
    tools = make_tools(register, replace(facts, values={**facts.values, **sasl}))
    error = refused(tools, "kafka_list_topics")
    assert error.code == "E_UNAVAILABLE"
    assert error.hint == "the credential MCP_KAFKA_PASSWORD was refused by kafka"
    assert "kafka_password" not in caplog.text
