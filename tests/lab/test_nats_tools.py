"""NATS tools on a real server, set up by the generated values: what they see and never do.

In: a generated stack with MCP servers that are linked to some of two streams and two subjects, by
reading and by writing. Out: answers, refusals by the tools and by the account alone, and streams
that are as they were. Must not know MCP.
"""

import asyncio
import json
import threading
import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import nats_client
import nats_server
from levels import runs
from nats_client import Client, RefusedError
from nats_release import Release, password
from stacktic_mcp.core.cursors import CursorSigner
from stacktic_mcp.core.governed import Runtime
from stacktic_mcp.core.settings import Settings
from stacktic_mcp.core.toolkit import Link, Toolset
from stacktic_mcp.core.topology import Topology
from stacktic_mcp.lib.refusal import Refusal
from stacktic_mcp.tools.nats.nats_tools import register

HOST = "events.nats.svc.cluster.local"
READER, WRITER = "looker-events", "changer-events"
WRITES = "writer-events-"
Json = dict[str, Any]


def document() -> Json:
    """An application writes to all; one MCP server looks at some, another publishes there too."""
    some = ["events/orders", "events/news"]
    everything = [*some, "events/bills", "events/gossip"]
    return {
        "apiVersion": "stacktic.io/v1",
        "kind": "Stack",
        "name": "shop",
        "domain": "shop.example.com",
        "components": {
            "events": {
                "type": "nats",
                "sub_components": {
                    "orders": {"type": "stream"},
                    "bills": {"type": "stream", "attributes": {"subject": "invoices"}},
                    "news": {"type": "subject"},
                    "gossip": {"type": "subject"},
                },
            },
            "looker": {"type": "fastmcp", "attributes": {"subdomain": "looker"}},
            "auditor": {"type": "fastmcp", "attributes": {"subdomain": "auditor"}},
            "changer": {"type": "fastmcp", "attributes": {"subdomain": "changer"}},
            "writer": {
                "type": "fastapi",
                "attributes": {"image": "registry.example.com/app:1.0.0"},
            },
        },
        "links": [
            {"from": "looker", "to": some},
            {"from": "changer", "to": some, "access": "write"},
            {"from": "auditor", "to": ["events/orders", "events/bills"]},
            {"from": "writer", "to": everything, "access": "write"},
        ],
    }


@dataclass(frozen=True)
class Stage:
    """A running server, and what was generated for it."""

    release: Release
    folder: Path
    port: int

    def connect(self, user: str, inbox: str = "_INBOX") -> Client:
        return nats_client.connect(self.port, user, password(user), inbox=inbox)

    def fill(self) -> None:
        """Lay streams out as the job does, and publish."""
        variables = {"NATS_PASSWORD": self.release.secrets["events-users"]["streams"]}
        places = {f"{HOST}:4222": f"127.0.0.1:{self.port}"}
        self.release.run(self.folder / "streams", "streams", places, variables)
        with self.connect(f"{WRITES}orders") as writer:
            for number in range(7):
                kind = "made" if number % 2 else "paid"
                writer.ask(f"orders.{kind}.eu", f"order {number}".encode())
            writer.ask("orders", b"\xff\xfe")
            writer.ask("orders.large", b"x" * 200_000)
            made = {"durable_name": f"{WRITES}orders", "ack_policy": "explicit"}
            body = json.dumps({"stream_name": "orders", "config": made}).encode()
            writer.ask(f"$JS.API.CONSUMER.CREATE.orders.{WRITES}orders", body)
        with self.connect(f"{WRITES}bills") as writer:
            writer.ask("invoices.one", b"secret bill")

    def state(self) -> Any:
        """Return all of both streams, and their consumers."""
        found: list[Any] = []
        for stream in ("orders", "bills"):
            inbox, name = "_INBOX.streams", f"streams.{stream}"
            with nats_client.connect(self.port, name, password("streams"), inbox=inbox) as client:
                answer = client.ask(f"$JS.API.STREAM.INFO.{stream}").json()
                found.append([answer["config"], answer["state"]])
        return found


@pytest.fixture(scope="module")
def stage(binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Generator[Stage]:
    folder = tmp_path_factory.mktemp("nats")
    done = runs.gen(binary, folder, document())
    assert done.returncode == 0, done.stderr
    release = Release(folder / "out", "events")
    with nats_server.running(folder, release.values(), release.secrets) as (port,):
        stage = Stage(release, folder, port)
        stage.fill()
        yield stage


def tools_of(stage: Stage, folder: Path, user: str, word: str | None = None) -> Toolset:
    """Return the tools of an MCP server with the settings that were generated for it."""
    base = stage.folder / "out/k8s/deploy/base" / user.removesuffix("-events") / "config"
    lines = (base / "cloud.env").read_text("utf-8").splitlines()
    plain = dict(line.split("=", 1) for line in lines if not line.startswith("#"))
    assert (plain["MCP_NATS_HOST"], plain["MCP_NATS_USER"]) == (HOST, user)
    secrets = folder / "secrets"
    secrets.mkdir(exist_ok=True)
    (secrets / "MCP_NATS_PASSWORD").write_text(word or password(user), "utf-8")
    places = {"MCP_NATS_HOST": "127.0.0.1", "MCP_NATS_PORT": str(stage.port)}
    settings = Settings(plain | places, secrets, folder)
    modules = json.loads((base / "topology.json").read_text("utf-8"))["modules"]
    (link,) = next(one["links"] for one in modules if one["file"] == "nats_tools.py")
    made = Link(
        component="events",
        type="fastmcp-nats",
        write_access=link["write_access"],
        enums={name: tuple(values) for name, values in link["enums"].items()},
        data={},
        env="MCP_NATS",
        settings=settings,
    )
    topology = Topology(stack="shop", domain="", server="", components=(), modules=())
    tools = Toolset([made], Runtime(settings, topology, CursorSigner(b"key"), lambda: True))
    register(tools)
    return tools


@pytest.fixture
def tools(stage: Stage, tmp_path: Path) -> Toolset:
    return tools_of(stage, tmp_path, READER)


@pytest.fixture
def writing(stage: Stage, tmp_path: Path) -> Toolset:
    return tools_of(stage, tmp_path, WRITER)


def call(tools: Toolset, name: str, **arguments: Any) -> Json:
    return asyncio.run(tools.call(name, arguments))


def refused(tools: Toolset, name: str, **arguments: Any) -> Refusal:
    with pytest.raises(Refusal) as caught:
        call(tools, name, **arguments)
    return caught.value


READ_CALLS: list[tuple[str, Json]] = [
    ("nats_list_streams", {}),
    ("nats_describe_stream", {"stream": "orders"}),
    ("nats_subjects", {"stream": "orders"}),
    ("nats_list_consumers", {"stream": "orders"}),
    ("nats_read", {"stream": "orders"}),
    ("nats_last", {"stream": "orders"}),
    ("nats_listen", {"subject": "news", "seconds": 1}),
]


def test_every_tool_reads_and_changes_nothing(stage: Stage, tools: Toolset) -> None:
    assert sorted(name for name, _ in READ_CALLS) == sorted(tool.name for tool in tools.tools)
    before = stage.state()
    for name, arguments in READ_CALLS:
        assert call(tools, name, **arguments)["link"] == "events", name
    assert stage.state() == before


def test_streams_and_consumers(tools: Toolset) -> None:
    (row,) = call(tools, "nats_list_streams")["data"]
    assert (row["stream"], row["messages"], row["consumers"]) == ("orders", 9, 1)
    data = call(tools, "nats_describe_stream", stream="orders")["data"]
    assert (data["max_age_s"], data["retention"]) == (604800, "limits")
    (consumer,) = call(tools, "nats_list_consumers", stream="orders")["data"]
    assert (consumer["consumer"], consumer["pending"]) == (f"{WRITES}orders", 9)
    page = call(tools, "nats_subjects", stream="orders", limit=2)
    assert page["data"] == [
        {"subject": "orders", "messages": 1},
        {"subject": "orders.large", "messages": 1},
    ]
    more = call(tools, "nats_subjects", stream="orders", limit=2, cursor=page["next_cursor"])
    assert [row["subject"] for row in more["data"]] == ["orders.made.eu", "orders.paid.eu"]


def test_one_account_sees_several_streams(stage: Stage, tmp_path: Path) -> None:
    rows = call(tools_of(stage, tmp_path, "auditor-events"), "nats_list_streams")["data"]
    assert [(row["stream"], row["subjects"][0]) for row in rows] == [
        ("bills", "invoices"),
        ("orders", "orders"),
    ]


def test_messages_come_in_pages(tools: Toolset) -> None:
    seen: list[str] = []
    cursor = None
    while True:
        asked = {"stream": "orders", "filter": "orders.paid.>", "limit": 3, "cursor": cursor}
        page = call(tools, "nats_read", **asked)
        seen += [row["value"] for row in page["data"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == ["order 0", "order 2", "order 4", "order 6"]
    (row,) = call(tools, "nats_read", stream="orders", start_seq=8, limit=1)["data"]
    assert (row["seq"], row["encoding"], row["value"]) == (8, "base64", "//4=")
    last = call(tools, "nats_last", stream="orders", max_bytes=10)["data"]
    assert (last["value"], last["value_bytes"]) == ("x" * 10, 200_000)
    none = refused(tools, "nats_last", stream="orders", filter="orders.never")
    assert none.code == "E_NOT_FOUND"


def test_somebody_listens(stage: Stage, tools: Toolset) -> None:
    def publish() -> None:
        time.sleep(1)
        inbox = f"_INBOX.{WRITES}news"
        with stage.connect(f"{WRITES}news", inbox) as writer:
            writer.publish("news.local", b"rain")
            writer.publish("news", b"sun", f"{inbox}.answer")
            writer.settle()

    thread = threading.Thread(target=publish)
    thread.start()
    page = call(tools, "nats_listen", subject="news", seconds=8, limit=2)
    thread.join()
    assert [(row["subject"], row["value"]) for row in page["data"]] == [
        ("news.local", "rain"),
        ("news", "sun"),
    ]
    quiet = call(tools, "nats_listen", subject="news", seconds=1)
    assert (quiet["data"], quiet["truncated_by"]) == ([], "time")


def test_what_is_not_linked_is_not_asked(tools: Toolset) -> None:
    for name in ("nats_describe_stream", "nats_subjects", "nats_list_consumers", "nats_read"):
        assert refused(tools, name, stream="bills").code == "E_SCOPE"
    assert refused(tools, "nats_listen", subject="gossip").code == "E_SCOPE"
    for odd in ("orders. x", "orders..x", ">", "$JS.>", "orders\r\nPUB x 0", "a" * 300):
        if odd != "$JS.>":
            assert refused(tools, "nats_read", stream="orders", filter=odd).code == "E_ARG"
    # A filter of another account's subjects finds nothing in this stream.
    assert call(tools, "nats_read", stream="orders", filter="$JS.>")["data"] == []
    assert call(tools, "nats_read", stream="orders", filter="invoices.>")["data"] == []


CHANGES = [
    "$JS.API.STREAM.PURGE.orders",
    "$JS.API.STREAM.DELETE.orders",
    "$JS.API.STREAM.UPDATE.orders",
    "$JS.API.STREAM.CREATE.mine",
    "$JS.API.STREAM.MSG.DELETE.orders",
    "$JS.API.STREAM.SNAPSHOT.orders",
    "$JS.API.STREAM.LIST",
    "$JS.API.STREAM.NAMES",
    "$JS.API.CONSUMER.CREATE.orders",
    "$JS.API.CONSUMER.CREATE.orders.mine",
    "$JS.API.CONSUMER.DURABLE.CREATE.orders.mine",
    f"$JS.API.CONSUMER.DELETE.orders.{WRITES}orders",
    f"$JS.API.CONSUMER.PAUSE.orders.{WRITES}orders",
    f"$JS.API.CONSUMER.MSG.NEXT.orders.{WRITES}orders",
    f"$JS.ACK.orders.{WRITES}orders.1.1.1.1.1",
    "$JS.API.STREAM.INFO.bills",
    "$JS.API.STREAM.MSG.GET.bills",
    "$JS.API.CONSUMER.LIST.bills",
    "$JS.API.INFO",
    "$SYS.REQ.SERVER.PING",
    "invoices.mine",
    "gossip",
]


@pytest.mark.parametrize("user", [READER, WRITER])
def test_the_account_alone_keeps_streams(stage: Stage, user: str) -> None:
    before = stage.state()
    with stage.connect(user) as client:
        for request in CHANGES:
            with pytest.raises(RefusedError, match="Permissions Violation for Publish"):
                client.ask(request)
        for subject in (">", "orders.>", "orders", "invoices.>", "gossip", "$JS.>", "$SYS.>"):
            client.subscribe(subject)
            client.settle()
            assert "Permissions Violation for Subscription" in client.refusals.pop()
    assert stage.state() == before


def test_who_looks_publishes_nothing(stage: Stage) -> None:
    before = stage.state()
    with stage.connect(READER) as client:
        for subject in ("orders", "orders.mine", "news", "news.mine"):
            with pytest.raises(RefusedError, match="Permissions Violation for Publish"):
                client.ask(subject, b"forged")
        # Nor has the server do it: an answer that should go to a stream stays in the account.
        client.publish("$JS.API.STREAM.INFO.orders", b"", "orders.forged")
        client.settle()
    assert stage.state() == before


def test_who_may_publish_does(stage: Stage, writing: Toolset) -> None:
    before = stage.state()
    tried = call(writing, "nats_publish", stream="orders", value="one", below="mine", dry_run=True)
    assert tried["data"] == {"subject": "orders.mine", "bytes": 3, "dry_run": True}
    assert stage.state() == before
    done = call(writing, "nats_publish", stream="orders", value="one", below="mine")["data"]
    assert (done["stream"], done["seq"]) == ("orders", 10)
    for arguments in ({}, {"stream": "orders", "subject": "news"}):
        assert refused(writing, "nats_publish", value="x", **arguments).code == "E_ARG"
    for below in ("a.>", "*", "a b", "a\r\nPUB news 0", "$JS", "a..b", ".a"):
        error = refused(writing, "nats_publish", stream="orders", value="x", below=below)
        assert error.code == "E_ARG"
    assert refused(writing, "nats_publish", stream="bills", value="x").code == "E_SCOPE"


def test_a_subject_is_told(stage: Stage, writing: Toolset) -> None:
    heard: Json = {}
    with stage.connect(f"{WRITES}news", f"_INBOX.{WRITES}news") as listener:
        listener.subscribe("news.>")
        listener.settle()
        heard = call(writing, "nats_publish", subject="news", below="local", value="rain")["data"]
        listener.settle()
        assert [(one.subject, one.body) for one in listener.messages] == [("news.local", b"rain")]
    assert heard == {"subject": "news.local", "bytes": 4, "dry_run": False}


def test_errors_are_in_words_of_our_own(stage: Stage, tmp_path: Path) -> None:
    error = refused(tools_of(stage, tmp_path, READER, "wrong-password"), "nats_list_streams")
    assert (error.code, "MCP_NATS_PASSWORD" in error.hint) == ("E_UNAVAILABLE", True)
