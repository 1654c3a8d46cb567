"""A real SeaweedFS with its S3 gateway on loopback for tests.

In: a folder and the identities of its S3 configuration.
Out: a running gateway, its admin client, and a snapshot of every object.
Must not know: any tool.
"""

from __future__ import annotations

import contextlib
import json
import random
import socket
import subprocess
import sys
import time
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from boto3.session import Session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

HOST = "127.0.0.1"
READY_SECONDS = 60.0
STOP_SECONDS = 3.0
# Each of its ports also opens the port 10000 above it.
GRPC_DISTANCE = 10000


@dataclass(frozen=True)
class Seaweed:
    """A running gateway and its administrator."""

    port: int
    admin: Any

    def client(self, access_key: str, secret_key: str) -> Any:
        """Return a client for another identity."""
        return s3_client(self.port, access_key, secret_key)

    def snapshot(self, buckets: Sequence[str]) -> dict[tuple[str, str], tuple[bytes, str]]:
        """Return content and tag of every object."""
        held: dict[tuple[str, str], tuple[bytes, str]] = {}
        for bucket in buckets:
            for item in self.admin.list_objects_v2(Bucket=bucket).get("Contents", []):
                answer = self.admin.get_object(Bucket=bucket, Key=item["Key"])
                held[bucket, item["Key"]] = (answer["Body"].read(), answer["ETag"])
        return held


def s3_client(port: int, access_key: str, secret_key: str) -> Any:
    """Return a plain client of the gateway."""
    session = cast("Any", Session)(
        aws_access_key_id=access_key, aws_secret_access_key=secret_key, region_name="us-east-1"
    )
    config = Config(
        s3={"addressing_style": "path"},
        retries={"total_max_attempts": 1},
        proxies={},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    return session.client("s3", endpoint_url=f"http://{HOST}:{port}", config=config)


@contextlib.contextmanager
def running_seaweed(folder: Path, identities: Mapping[str, Sequence[str]]) -> Generator[Seaweed]:
    """Start a gateway; each identity's key is its name in capitals, its secret `<name>_secret`."""
    ports = _free_ports(4)
    named = {"admin": ["Admin", "Read", "List", "Tagging", "Write"], **identities}
    (folder / "s3.json").write_text(_configuration(named), encoding="utf-8")
    (folder / "data").mkdir()
    log = (folder / "weed.log").open("wb")
    process = subprocess.Popen(_command(folder, ports), stdout=log, stderr=log)
    try:
        admin = s3_client(ports[3], "ADMIN", "admin_secret")
        _wait(admin, process)
        yield Seaweed(ports[3], admin)
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        log.close()


def _configuration(identities: Mapping[str, Sequence[str]]) -> str:
    rows = [
        {
            "name": name,
            "credentials": [{"accessKey": name.upper(), "secretKey": f"{name}_secret"}],
            "actions": list(actions),
        }
        for name, actions in identities.items()
    ]
    return json.dumps({"identities": rows})


def _command(folder: Path, ports: Sequence[int]) -> list[str]:
    master, volume, filer, gateway = ports
    binary = Path(sys.executable).parent / "weed"
    return [
        str(binary),
        "-logtostderr=true",
        "server",
        f"-dir={folder}/data",
        f"-ip={HOST}",
        f"-ip.bind={HOST}",
        f"-master.port={master}",
        f"-volume.port={volume}",
        "-filer",
        f"-filer.port={filer}",
        "-s3",
        f"-s3.port={gateway}",
        f"-s3.config={folder}/s3.json",
        "-s3.iam=false",
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        "-master.volumeSizeLimitMB=64",
        "-volume.max=30",
        "-master.electionTimeout=1s",
        "-master.telemetry=false",
    ]


def _free_ports(count: int) -> list[int]:
    found: list[int] = []
    while len(found) < count:
        port = random.randrange(20000, 45000)
        if port not in found and _is_free(port) and _is_free(port + GRPC_DISTANCE):
            found.append(port)
    return found


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) != 0


def _wait(admin: Any, process: subprocess.Popen[bytes]) -> None:
    """Wait until an object can be stored: the port answers long before."""
    deadline = time.monotonic() + READY_SECONDS
    while True:
        try:
            admin.create_bucket(Bucket="ready")
            admin.put_object(Bucket="ready", Key="ready", Body=b"1")
        except (BotoCoreError, ClientError):
            if process.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return
