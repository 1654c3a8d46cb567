"""An application with the generated settings connects to Kafka by TLS, and to nobody else.

In: the stack of a golden case, a real broker whose listener is set up as the operator sets it up,
and a certificate for exactly the names of the generated Certificate. Out: records go through; with
another authority the client refuses. Must not know how settings come about.
"""

import asyncio
import socket
import ssl
from collections.abc import Generator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import aiokafka
import pytest
import yaml
from aiokafka import errors

import kafka_broker
import maven
from levels import runs
from output_checker.places import ROOT
from servers.certificates import Authority, make_authority
from stacktic_mcp.core.settings import Settings
from stacktic_mcp.core.toolkit import Link
from stacktic_mcp.lib.refusal import Refusal
from stacktic_mcp.tools.kafka import kafka_client

CASE = ROOT / "tests/golden/brokers_and_stores_are_verified_by_all_who_connect/stack.yaml"
BASE = Path("out/k8s/deploy/base")
PASSWORD = "password-of-the-test"
# Of the first pod of a pool, as Strimzi names it behind the headless Service.
BROKER = "kafka-kafka-nodes-0.kafka-kafka-brokers.kafka.svc"


@dataclass(frozen=True)
class Lab:
    """A broker, who signed its certificate, who did not, and the settings of an application."""

    port: int
    own: Authority
    other: Authority
    settings: dict[str, str]
    tools: dict[str, str]


@pytest.fixture(scope="module")
def lab(binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Generator[Lab]:
    """Run a broker for the output of the golden case."""
    if not maven.has_java():
        pytest.skip("no `java` or no `mvn` on PATH: nothing was tried on a real Kafka")
    folder = tmp_path_factory.mktemp("kafka")
    document = yaml.safe_load(CASE.read_text(encoding="utf-8"))
    assert runs.gen(binary, folder, document).returncode == 0
    certificate = yaml.safe_load((folder / BASE / "kafka/certificate.yaml").read_text("utf-8"))
    own, other = make_authority(folder / "own", "own"), make_authority(folder / "other", "other")
    signed = own.sign(folder / "tls", certificate["spec"]["dnsNames"])
    settings, tools = (plain(folder / BASE / name) for name in ("api", "fastmcp"))
    users = {settings["KAFKA_ORDERS_USERNAME"]: PASSWORD, tools["MCP_KAFKA_USER"]: PASSWORD}
    with kafka_broker.running(folder, signed, BROKER, users) as port:
        yield Lab(port, own, other, settings, tools)


def plain(component: Path) -> dict[str, str]:
    """Return the plain settings of a component."""
    lines = (component / "config" / "cloud.env").read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if not line.startswith("#"))


@pytest.fixture(autouse=True)
def resolved(monkeypatch: pytest.MonkeyPatch, lab: Lab) -> None:
    """Lead every name of the namespace to the broker."""
    real = socket.getaddrinfo

    def resolve(host: Any, port: Any, *more: Any, **named: Any) -> Any:
        if ".kafka.svc" in str(host):
            return real("127.0.0.1", lab.port, *more, **named)
        return real(host, port, *more, **named)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)


def client(lab: Lab, trusted: Authority) -> Any:
    """Return a producer as an application makes it of its settings."""
    own = {name: lab.settings[f"KAFKA_ORDERS_{name}"] for name in ("USERNAME", "CA_FILE")}
    assert own["CA_FILE"] == "/run/authorities/kafka/ca.crt"
    made: Any = aiokafka.AIOKafkaProducer
    return made(
        bootstrap_servers=lab.settings["KAFKA_ORDERS_BOOTSTRAP_SERVERS"],
        security_protocol=lab.settings["KAFKA_ORDERS_SECURITY_PROTOCOL"],
        sasl_mechanism=lab.settings["KAFKA_ORDERS_SASL_MECHANISM"],
        sasl_plain_username=own["USERNAME"],
        sasl_plain_password=PASSWORD,
        ssl_context=ssl.create_default_context(cafile=str(trusted.ca_file)),
        request_timeout_ms=10000,
    )


async def sent(lab: Lab, trusted: Authority) -> int:
    """Send one record and return its offset."""
    producer = client(lab, trusted)
    try:
        await producer.start()
        record = await producer.send_and_wait(lab.settings["KAFKA_ORDERS_TOPIC"], b"one")
        offset: int = record.offset
        return offset
    finally:
        await producer.stop()


def test_a_record_goes_through(lab: Lab) -> None:
    assert asyncio.run(sent(lab, lab.own)) >= 0


def test_another_authority_is_refused(lab: Lab, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(errors.KafkaConnectionError):
        asyncio.run(sent(lab, lab.other))
    assert "CERTIFICATE_VERIFY_FAILED" in caplog.text


def test_another_name_is_refused(lab: Lab, caplog: pytest.LogCaptureFixture) -> None:
    host = "other-kafka-bootstrap.kafka.svc.cluster.local"
    other = lab.settings | {"KAFKA_ORDERS_BOOTSTRAP_SERVERS": f"{host}:9093"}
    with pytest.raises(errors.KafkaConnectionError):
        asyncio.run(sent(replace(lab, settings=other), lab.own))
    assert "Hostname mismatch" in caplog.text


def link(lab: Lab, folder: Path, trusted: Authority) -> Link:
    """Return the link of the MCP server as its tools read it; only the file lies elsewhere."""
    environ = lab.tools | {"MCP_KAFKA_CA_FILE": str(trusted.ca_file)}
    (folder / "MCP_KAFKA_PASSWORD").write_text(PASSWORD, encoding="utf-8")
    settings = Settings(environ=environ, secret_directory=folder)
    enums = {"topics": (lab.settings["KAFKA_ORDERS_TOPIC"],)}
    return Link("kafka", "fastmcp-kafka", False, enums, {}, "MCP_KAFKA", settings)


async def seen(one: Link) -> set[str]:
    """Return the topics that the tools see."""
    async with kafka_client.connect(one) as kafka:
        return set(await kafka.topics())


def test_tools_verify_the_broker(lab: Lab, tmp_path: Path) -> None:
    asyncio.run(sent(lab, lab.own))
    assert asyncio.run(seen(link(lab, tmp_path, lab.own))) == {"orders"}
    with pytest.raises(Refusal) as caught:
        asyncio.run(seen(link(lab, tmp_path, lab.other)))
    assert caught.value.code == "E_UNAVAILABLE"
