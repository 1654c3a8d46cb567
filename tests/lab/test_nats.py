"""A link's account at a real NATS server does what its level says, and nothing else.

In: a generated stack, the server of its chart's version, the CLI of its jobs. Out: who reads cannot
publish, who has one stream sees no other, whoever has no name gets nowhere; the same behind TLS and
on three servers. Must not know how values come about.
"""

import json
import os
import re
import ssl
import subprocess
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
from output_checker import yaml_reading
from servers.certificates import Authority, make_authority

HOST = "events.nats.svc.cluster.local"
IMAGE = "registry.example.com/app:1.0.0"
PEER = ("peer-events-news", "_INBOX.peer-events-news")
PATCH = "k8s/deploy/overlays/prod/events/patch-configmap-events-streams.yaml"
Json = dict[str, Any]


def document(*, tls: bool = False) -> Json:
    """Two streams and a subject; `reader` reads all, `writer` and `peer` write."""
    components: Json = {
        "events": {
            "type": "nats",
            "sub_components": {
                "orders": {"type": "stream"},
                "bills": {"type": "stream", "attributes": {"subject": "invoices"}},
                "news": {"type": "subject"},
            },
        },
        "ca": {"type": "cert_manager", "sub_components": {"own": {"type": "issuer"}}},
    }
    for name in ("reader", "writer", "peer"):
        components[name] = {"type": "fastapi", "attributes": {"image": IMAGE}}
    return {
        "apiVersion": "stacktic.io/v1",
        "kind": "Stack",
        "name": "shop",
        "domain": "shop.example.com",
        "environments": {"dev": {}, "prod": {"profile": "ha"}},
        "components": components,
        "links": [
            {"from": "reader", "to": ["events/orders", "events/news"]},
            {"from": "writer", "to": ["events/orders", "events/news"], "access": "write"},
            {"from": "peer", "to": "events/news", "access": "write"},
            {"from": "peer", "to": "events/bills"},
            *([{"from": "events", "to": "ca/own"}] if tls else []),
        ],
    }


def generated(binary: Path, folder: Path, *, tls: bool = False) -> Release:
    done = runs.gen(binary, folder, document(tls=tls))
    assert done.returncode == 0, done.stderr
    return Release(folder / "out", "events")


@dataclass(frozen=True)
class Stage:
    """A running server, and what was generated for it."""

    release: Release
    folder: Path
    port: int

    def connect(self, user: str, inbox: str = "_INBOX") -> Client:
        return nats_client.connect(self.port, user, password(user), inbox=inbox)

    def streams(self) -> str:
        """Run the job that lays streams out."""
        variables = {"NATS_PASSWORD": self.release.secrets["events-users"]["streams"]}
        places = {f"{HOST}:4222": f"127.0.0.1:{self.port}"}
        return self.release.run(self.folder / "streams", "streams", places, variables)

    def info(self, stream: str) -> Json:
        """What the server says of a stream to the user of the job."""
        inbox = "_INBOX.streams"
        name = f"streams.{stream}"
        with nats_client.connect(self.port, name, password("streams"), inbox=inbox) as client:
            return client.ask(f"$JS.API.STREAM.INFO.{stream}").json()


@pytest.fixture(scope="module")
def stage(binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Generator[Stage]:
    folder = tmp_path_factory.mktemp("nats")
    release = generated(binary, folder)
    values = release.values("dev")
    with nats_server.running(folder, values, release.secrets) as (port,):
        stage = Stage(release, folder, port)
        stage.streams()
        yield stage


def consumer(name: str) -> bytes:
    config = {"durable_name": name, "ack_policy": "explicit"}
    return json.dumps({"stream_name": "orders", "config": config}).encode()


# The connection may be closed before its reason is read.
TURNED_AWAY = "Authorization Violation|reset by peer|was closed|Broken pipe"
READER = "reader-events-orders"
MADE = f"$JS.API.CONSUMER.CREATE.orders.{READER}"


def test_the_job_makes_streams_and_changes_nothing_the_next_time(stage: Stage) -> None:
    first = stage.info("bills")["config"]
    assert first["subjects"] == ["invoices", "invoices.>"]
    assert (first["max_age"], first["num_replicas"]) == (604800 * 10**9, 1)
    stage.streams()
    assert stage.info("bills")["config"] == first


def test_what_is_published_is_read_and_acknowledged(stage: Stage) -> None:
    with stage.connect("writer-events-orders") as writer, stage.connect(READER) as reader:
        put = writer.ask("orders.created", b"one").json()
        assert put["stream"] == "orders"
        assert "error" not in reader.ask(MADE, consumer(READER)).json()
        message = reader.pull("orders", READER)
        assert (message.subject, message.body) == ("orders.created", b"one")
        reader.ask(message.reply, b"+ACK")
        state = reader.ask(f"$JS.API.CONSUMER.INFO.orders.{READER}").json()
        assert state["ack_floor"]["stream_seq"] == put["seq"]


def test_who_reads_cannot_publish(stage: Stage) -> None:
    with stage.connect(READER) as reader:
        for subject in ("orders", "orders.created", "invoices", "news"):
            reader.publish(subject, b"mine")
            reader.settle()
            assert reader.refusals.pop() == f'Permissions Violation for Publish to "{subject}"'


def test_who_reads_cannot_have_the_server_publish(stage: Stage) -> None:
    """The server sends an answer wherever a request wants it, without asking who may publish."""
    with stage.connect("writer-events-orders") as writer, stage.connect(READER) as reader:
        writer.ask("orders.created", b"two")
        reader.ask(MADE, consumer(READER))
        before = stage.info("orders")["state"]["last_seq"]
        for request in (
            "$JS.API.INFO",
            "$JS.API.STREAM.INFO.orders",
            f"$JS.API.CONSUMER.INFO.orders.{READER}",
            f"$JS.API.CONSUMER.MSG.NEXT.orders.{READER}",
        ):
            reader.publish(request, b"", "orders.forged")
        sent = {"name": READER, "ack_policy": "none", "deliver_subject": "orders.forged"}
        whole = json.dumps({"stream_name": "orders", "config": sent}).encode()
        assert "error" in reader.ask(MADE, whole).json()
        reader.settle()
        assert stage.info("orders")["state"]["last_seq"] == before


OTHERS = [
    "$JS.API.STREAM.INFO.bills",
    "$JS.API.STREAM.MSG.GET.bills",
    "$JS.API.CONSUMER.CREATE.bills.reader-events-orders",
    "$JS.API.CONSUMER.MSG.NEXT.bills.peer-events-bills",
    "$JS.API.CONSUMER.MSG.NEXT.orders.writer-events-orders",
    "$JS.API.STREAM.NAMES",
    "$JS.API.STREAM.LIST",
    "$JS.API.STREAM.CREATE.mine",
    "$JS.API.STREAM.UPDATE.orders",
    "$JS.API.STREAM.PURGE.orders",
    "$JS.API.STREAM.DELETE.orders",
    "$JS.API.STREAM.SNAPSHOT.orders",
    "$SYS.REQ.SERVER.PING",
]


@pytest.mark.parametrize("user", [READER, "writer-events-orders"])
def test_who_has_a_stream_sees_no_other(stage: Stage, user: str) -> None:
    with stage.connect(user) as client:
        for request in (one.replace("reader-events-orders", user) for one in OTHERS):
            if user in request.removeprefix("$JS.API.CONSUMER.MSG.NEXT.orders"):
                request = request.replace("NEXT.orders", "NEXT.bills")
            with pytest.raises(RefusedError, match="Permissions Violation for Publish"):
                client.ask(request)
        for subject in (">", "invoices.>", "orders.>", "$JS.>", "$SYS.>"):
            client.subscribe(subject)
            client.settle()
            assert "Permissions Violation for Subscription" in client.refusals.pop()


def test_a_subject_is_read_by_who_may(stage: Stage) -> None:
    with (
        stage.connect("reader-events-news") as reader,
        stage.connect(*PEER) as peer,
    ):
        # It has no inbox, since it asks nobody.
        reader.settle()
        assert "Violation for Subscription" in reader.refusals.pop()
        reader.subscribe("news.>")
        reader.settle()
        peer.publish("news.local", b"rain")
        peer.settle()
        reader.settle()
        assert [one.body for one in reader.messages] == [b"rain"]
        for subject in ("news.local", "orders.created", f"{PEER[1]}.1"):
            reader.publish(subject, b"sun")
            reader.settle()
            assert "Permissions Violation for Publish" in reader.refusals.pop()


def test_an_answer_reaches_who_asked_alone(stage: Stage) -> None:
    own = "_INBOX.writer-events-news"
    with (
        stage.connect("writer-events-news", own) as asks,
        stage.connect(*PEER) as peer,
    ):
        peer.subscribe("news.ask")
        peer.subscribe(f"{own}.>")
        peer.settle()
        assert "Violation for Subscription" in peer.refusals.pop()
        asks.publish("news.ask", b"weather?", f"{own}.answer")
        asks.settle()
        peer.settle()
        (request,) = peer.messages
        peer.publish(request.reply, b"rain")
        peer.publish(request.reply, b"once more")
        peer.settle()
        assert "Permissions Violation for Publish" in peer.refusals.pop()
        asks.settle()
        assert [one.body for one in asks.messages] == [b"rain"]


@pytest.mark.parametrize(
    ("user", "word"),
    [("", ""), (READER, ""), (READER, "wrong"), ("nobody", ""), ("admin", password("streams"))],
)
def test_nobody_else_gets_in(stage: Stage, user: str, word: str) -> None:
    with pytest.raises(RefusedError, match=TURNED_AWAY):
        nats_client.connect(stage.port, user, word)


@pytest.mark.parametrize(
    ("word", "fault"),
    [
        (password("admin"), ""),
        ("", "is empty"),
        ("it's", "has a single quote in it"),
        ("two\nit's", "has a single quote in it"),
    ],
)
def test_a_server_waits_for_passwords_that_it_can_read(stage: Stage, word: str, fault: str) -> None:
    pod = stage.release.values("dev")["podTemplate"]["merge"]["spec"]
    (checks,) = pod["initContainers"]
    # Kubernetes would read these itself.
    assert not re.search(r"\$[$(]", checks["command"][-1])
    given = {one["name"]: "good" for one in checks["env"]} | {"PASSWORD_admin": word}
    done = subprocess.run(
        checks["command"],
        env={"PATH": os.environ["PATH"], **given},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    told = f"PASSWORD_admin {fault}\n" if fault else ""
    assert (bool(done.returncode), done.stdout) == (bool(fault), told)


def test_without_a_link_nobody_gets_in(binary: Path, tmp_path: Path) -> None:
    alone: Json = document() | {"links": [], "components": {"events": {"type": "nats"}}}
    assert runs.gen(binary, tmp_path, alone).returncode == 0
    release = Release(tmp_path / "out", "events")
    values = release.values()
    with (
        nats_server.running(tmp_path, values, release.secrets) as (port,),
        pytest.raises(RefusedError, match=TURNED_AWAY),
    ):
        nats_client.connect(port, "", "")


def certificates(release: Release, folder: Path, authority: Authority) -> dict[str, Path]:
    """Sign what cert-manager would sign; routes lead to `localhost` here."""
    signed: dict[str, Path] = {}
    for name, more in (("certificate", ()), ("routes", ("localhost",))):
        spec: Json = yaml_reading.read_file(release.base / f"{name}.yaml")["spec"]
        secret: str = spec["secretName"]
        both_ways = "client auth" in spec["usages"]
        hosts = [*spec["dnsNames"], *more]
        signed[secret] = authority.sign(folder / secret, hosts, both_ways=both_ways)
    return signed


def test_three_servers_with_certificates_are_one(binary: Path, tmp_path: Path) -> None:
    release = generated(binary, tmp_path, tls=True)
    own, other = (make_authority(tmp_path / name, name) for name in ("own", "other"))
    values, secrets = release.values("prod"), release.secrets
    signed = certificates(release, tmp_path / "secrets", own)
    patches = yaml_reading.read_file(release.out / PATCH)
    (orders,) = (one["value"] for one in patches if one["path"].endswith("orders.json"))

    def connect(port: int, user: str, key: str, inbox: str = "_INBOX") -> Client:
        trusted = ssl.create_default_context(cafile=str(own.ca_file))
        word = password(key)
        return nats_client.connect(port, user, word, inbox=inbox, trusted=trusted, host=HOST)

    with nats_server.running(tmp_path, values, secrets, signed) as (first, second, third):
        with connect(first, "streams.orders", "streams", "_INBOX.streams") as client:
            made = client.ask("$JS.API.STREAM.CREATE.orders", orders.encode()).json()
            assert len(made["cluster"]["replicas"]) == 2
        writer = "writer-events-orders"
        with connect(third, writer, writer) as client:
            assert client.ask("orders.created", b"one").json()["seq"] == 1
        with pytest.raises(RefusedError):
            nats_client.connect(second, READER, password(READER))
        for authority, host in ((other, HOST), (own, "other.nats.svc.cluster.local")):
            wrong = ssl.create_default_context(cafile=str(authority.ca_file))
            with pytest.raises(ssl.SSLCertVerificationError):
                nats_client.connect(first, READER, password(READER), trusted=wrong, host=host)
