"""Whoever links to a store with a certificate connects by TLS, and to nobody else.

In: the stack of a golden case, a real SeaweedFS with the words of the generated values, and a
certificate for the names that the generated Certificate asks for. Out: clients with the generated
settings get in; with another authority they refuse. Must not know how a client is made.
"""

from __future__ import annotations

import socket
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest
from boto3.session import Session
from botocore.exceptions import ConnectionClosedError, SSLError

from generated import REPOSITORY, Generated, generate
from mcp_client import call
from pods import make_pod, running
from servers.certificates import Authority, make_authority
from servers.seaweedfs_server import Seaweed, running_seaweed

pytest_plugins = ["server_fixtures"]

CASE = REPOSITORY / "tests/golden/stores_and_logins_are_verified_by_all_who_connect"
HOST = "storage-s3.storage.svc.cluster.local"
# A key that is a word would be taken for no secret.
NAME = "k7q2x9v4b1"
# Tools are withdrawn from an account that may write.
READER = "r3d8m1t5w2"
MOUNTED = "/run/authorities/storage/ca.crt"


@dataclass(frozen=True)
class Stage:
    """What was generated, the store, and who signed its certificate."""

    output: Generated
    store: Seaweed
    own: Authority
    other: Authority


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Generator[Stage]:
    folder = tmp_path_factory.mktemp("stores")
    output = generate(folder / "stack", (CASE / "stack.yaml").read_text(encoding="utf-8"))
    own, other = (make_authority(folder / name, name) for name in ("own", "other"))
    (certificate,) = output.objects("storage", "certificate.yaml")
    # The pod of these tests finds the store on its own machine.
    secret = own.sign(folder / "tls", [*certificate["spec"]["dnsNames"], "localhost"])
    everything = ["Read", "List", "Write"]
    with running_seaweed(
        folder / "weed", {NAME: everything, READER: ["Read:files", "List:files"]}, secret
    ) as store:
        store.admin.create_bucket(Bucket="files")
        yield Stage(output, store, own, other)


def test_the_gateway_gets_the_words_of_this_test(stage: Stage) -> None:
    """`-port.https` would leave the port that speaks without TLS."""
    (values,) = stage.output.objects("storage", "values.yaml")
    words = [word for word in values["s3"]["extraArgs"] if "file=" in word or "https" in word]
    folder = "/run/certificate"
    assert words == [f"-cert.file={folder}/tls.crt", f"-key.file={folder}/tls.key"]
    probes = ("readinessProbe", "livenessProbe")
    assert {values["s3"][probe]["httpGet"]["scheme"] for probe in probes} == {"HTTPS"}


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch, stage: Stage) -> None:
    """Lead the name of the store to where it is."""
    real = socket.getaddrinfo

    def resolve(host: str, port: int, *more: Any, **named: Any) -> Any:
        if host == HOST:
            return real("127.0.0.1", stage.store.port, *more, **named)
        return real(host, port, *more, **named)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)


def put(stage: Stage, monkeypatch: pytest.MonkeyPatch, ca_file: Path | None, **changes: str) -> Any:
    """Put an object as an application does that reads the settings of Django."""
    lines = (stage.output.base("site") / "config" / "cloud.env").read_text("utf-8").splitlines()
    told = dict(cast("Any", (line.split("=", 1) for line in lines if "=" in line))) | changes
    assert told["AWS_CA_BUNDLE"] == MOUNTED
    monkeypatch.setenv("AWS_CA_BUNDLE", str(ca_file))
    session = cast("Any", Session)(
        NAME.upper(), f"{NAME}_secret", region_name=told["AWS_S3_REGION_NAME"]
    )
    client = session.client("s3", endpoint_url=told["AWS_S3_ENDPOINT_URL"])
    return client.put_object(Bucket=told["AWS_STORAGE_BUCKET_NAME"], Key="a", Body=b"a")


@pytest.mark.usefixtures("cluster")
def test_an_application_verifies_its_store(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    assert put(stage, monkeypatch, stage.own.ca_file)["ETag"]
    with pytest.raises(SSLError, match="CERTIFICATE_VERIFY_FAILED"):
        put(stage, monkeypatch, stage.other.ca_file)
    plain = f"http://{HOST}:8333"
    with pytest.raises(ConnectionClosedError):
        put(stage, monkeypatch, stage.own.ca_file, AWS_S3_ENDPOINT_URL=plain)


@pytest.mark.parametrize("trusted", ["own", "other", None])
def test_tools_verify_their_store(
    tmp_path: Path, stage: Stage, key: int, trusted: str | None
) -> None:
    assert stage.output.environ()["MCP_S3_SCHEME"] == "https"
    assert stage.output.environ()["MCP_S3_CA_FILE"] == MOUNTED
    authority = getattr(stage, trusted).ca_file if trusted else ""
    where = {"MCP_S3_HOST": "localhost", "MCP_S3_PORT": str(stage.store.port)}
    pod = make_pod(tmp_path / "pod", stage.output, **where, MCP_S3_CA_FILE=str(authority))
    pod.fill({"MCP_S3_ACCESS_KEY": READER.upper(), "MCP_S3_SECRET_KEY": f"{READER}_secret"})
    with running(pod) as started:
        answer = call(started, key, "s3_list_objects", bucket="files")
    assert answer.get("code") == (None if trusted == "own" else "E_UNAVAILABLE"), answer
