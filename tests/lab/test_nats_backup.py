"""A backup of NATS is made by the generated job, and restored by the same job.

In: a generated stack, a real server, a real S3 gateway with its identities, the CLI and curl. Out:
messages, and what consumers have acknowledged, are as they were; the account that makes backups
does nothing else, and no key stands in what is printed.
"""

import json
import os
import re
import shutil
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
from servers.seaweedfs_server import Seaweed, running_seaweed
from storage_rights import actions

SERVICE = "storage-s3.storage.svc.cluster.local:8333"
BUCKET = "backups"
KEYS = {"ACCESS_KEY": "WRITER", "SECRET_KEY": "writer_secret"}
NAME = re.compile(r"\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ")
USER = "api-events-orders"

Json = dict[str, Any]


def document(*, restores: bool) -> Json:
    """A stream with a writer, and a bucket for its backups."""
    image = {"image": "registry.example.com/api:1.0.0"}
    return {
        "apiVersion": "stacktic.io/v1",
        "kind": "Stack",
        "name": "shop",
        "domain": "shop.example.com",
        "components": {
            "events": {
                "type": "nats",
                "attributes": {"restores": restores},
                "sub_components": {"orders": {"type": "stream"}, "bills": {"type": "stream"}},
            },
            "storage": {"type": "seaweedfs", "sub_components": {BUCKET: {"type": "bucket"}}},
            "api": {"type": "fastapi", "attributes": image},
        },
        "links": [
            {"from": "events", "to": f"storage/{BUCKET}", "access": "write"},
            {"from": "api", "to": "events/orders", "access": "write"},
        ],
    }


def generated(binary: Path, folder: Path, *, restores: bool) -> Release:
    done = runs.gen(binary, folder, document(restores=restores))
    assert done.returncode == 0, done.stderr
    return Release(folder / "out", "events")


@dataclass(frozen=True)
class Stage:
    """What was generated, and where it runs."""

    release: Release
    folder: Path
    port: int
    storage: Seaweed

    def connect(self, user: str, key: str, inbox: str = "_INBOX") -> Client:
        return nats_client.connect(self.port, user, password(key), inbox=inbox)

    def run(self, job: str, key: str, **more: str) -> str:
        places = {
            "events.nats.svc.cluster.local:4222": f"127.0.0.1:{self.port}",
            SERVICE: f"127.0.0.1:{self.storage.port}",
        }
        variables = {"NATS_PASSWORD": password(key), **more}
        return self.release.run(self.folder / job, job, places, variables)

    def back_up(self, restore: str = "") -> str:
        return self.run("backup", "password", RESTORE=restore, **KEYS)

    def held(self) -> Json:
        """The stream, and what its consumer has acknowledged, to its writer."""
        with self.connect(USER, USER) as client:
            stream = client.ask("$JS.API.STREAM.INFO.orders").json()["state"]
            consumer = client.ask(f"$JS.API.CONSUMER.INFO.orders.{USER}").json()
            kept = {key: stream[key] for key in ("messages", "first_seq", "last_seq")}
            return kept | {"acknowledged": consumer["ack_floor"]["stream_seq"]}


@pytest.fixture(scope="module")
def storage(binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Generator[Seaweed]:
    if not shutil.which("curl"):
        pytest.skip("no `curl` on PATH: no backup of NATS was made and restored")
    folder = tmp_path_factory.mktemp("storage")
    release = generated(binary, folder, restores=False)
    with running_seaweed(folder / "weed", {"writer": actions(release.out)}) as storage:
        storage.admin.create_bucket(Bucket=BUCKET)
        yield storage


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the server keeps its streams, also when it is started anew."""
    return tmp_path_factory.mktemp("nats")


@pytest.fixture(scope="module")
def backup(binary: Path, folder: Path, storage: Seaweed) -> tuple[str, Json]:
    """The name of a backup, and what was in the stream; then all of it is lost."""
    release = generated(binary, folder, restores=False)
    values = release.values()
    with nats_server.running(folder, values, release.secrets) as (port,):
        stage = Stage(release, folder, port, storage)
        stage.run("streams", "streams")
        with stage.connect(USER, USER) as client:
            config = {"durable_name": USER, "ack_policy": "explicit"}
            whole = json.dumps({"stream_name": "orders", "config": config}).encode()
            client.ask(f"$JS.API.CONSUMER.CREATE.orders.{USER}", whole)
            for number in range(50):
                client.ask("orders.created", b"%d" % number * 1000)
            client.ask(client.pull("orders", USER).reply, b"+ACK")
        held = stage.held()
        printed = stage.back_up()
        assert '"stream":"backups"' in printed
        for word in (*KEYS.values(), password("password")):
            assert word not in printed
        check_refusals(stage)
    shutil.rmtree(folder / "data-0")
    (name,) = set(NAME.findall(printed))
    return name, held


def check_refusals(stage: Stage) -> None:
    """Who makes backups may do nothing else, and the job that lays out may not read."""
    for user, key in (("backup.orders", "password"), ("streams.orders", "streams")):
        inbox = f"_INBOX.{user.split('.')[0]}"
        for request in (
            "orders.created",
            "$JS.API.STREAM.DELETE.orders",
            "$JS.API.STREAM.PURGE.orders",
            "$JS.API.STREAM.RESTORE.orders",
            "$JS.API.STREAM.MSG.GET.orders",
            "$JS.API.CONSUMER.CREATE.orders",
        ):
            with (
                stage.connect(user, key, inbox) as client,
                pytest.raises(RefusedError, match="Permissions Violation"),
            ):
                client.ask(request)


def test_it_lies_where_the_page_says(
    binary: Path, tmp_path: Path, storage: Seaweed, backup: tuple[str, Json]
) -> None:
    name, _ = backup
    page = generated(binary, tmp_path, restores=False).out / "docs/restore/events.md"
    assert "`shop/events`" in page.read_text()
    keys = {key for _, key in storage.snapshot([BUCKET])}
    assert {key.split("/")[:3] == ["shop", "events", name] for key in keys} == {True}
    assert {key.split("/")[3] for key in keys} == {"orders", "bills"}


def test_the_job_restores_what_was_there(
    binary: Path, folder: Path, storage: Seaweed, backup: tuple[str, Json]
) -> None:
    name, held = backup
    release = generated(binary, folder, restores=True)
    values = release.values()
    with nats_server.running(folder, values, release.secrets) as (port,):
        stage = Stage(release, folder, port, storage)
        # As after a new installation: the streams are there, and empty.
        stage.run("streams", "streams")
        assert f"restored {name}" in stage.back_up(name)
        assert stage.held() == held
        with stage.connect(USER, USER) as client:
            assert client.pull("orders", USER).body == b"1" * 1000
        # The way back may be gone again, and the job that lays streams out finds nothing to do.
        stage.run("streams", "streams")
        assert f"restored {name}" in stage.back_up(name)
        assert stage.held() == held


def test_its_bucket_takes_the_rule_of_the_page(
    binary: Path, tmp_path: Path, storage: Seaweed, backup: tuple[str, Json]
) -> None:
    page = generated(binary, tmp_path, restores=False).out / "docs/restore/events.md"
    (rules,) = re.findall(r"'(\{\"Rules\".*\})'", page.read_text())
    client = storage.client(KEYS["ACCESS_KEY"], KEYS["SECRET_KEY"])
    client.put_bucket_lifecycle_configuration(
        Bucket=BUCKET, LifecycleConfiguration=json.loads(rules)
    )
    (rule,) = client.get_bucket_lifecycle_configuration(Bucket=BUCKET)["Rules"]
    assert all(key.startswith(rule["Filter"]["Prefix"]) for _, key in storage.snapshot([BUCKET]))
    assert backup[0]


def test_what_cannot_be_copied_is_no_backup(
    binary: Path, tmp_path: Path, storage: Seaweed, monkeypatch: pytest.MonkeyPatch
) -> None:
    fails = tmp_path / "programs/dd"
    fails.parent.mkdir()
    fails.write_text("#!/bin/sh\necho read error >&2\nexit 1\n")
    fails.chmod(0o755)
    release = generated(binary, tmp_path, restores=False)
    values = release.values()
    with nats_server.running(tmp_path, values, release.secrets) as (port,):
        stage = Stage(release, tmp_path, port, storage)
        stage.run("streams", "streams")
        monkeypatch.setenv("PATH", f"{fails.parent}:{os.environ['PATH']}")
        with pytest.raises(AssertionError, match="read error"):
            stage.back_up()
        with stage.connect("backup", "password", "_INBOX.backup") as client:
            told = client.ask("$JS.API.STREAM.INFO.backups").json()
        assert told["error"]["code"] == 404
