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
ATTEMPTS = 3


@dataclass(frozen=True)
class Seaweed:
    """A running gateway and its administrator."""

    port: int
    admin: Any
    certificate: Path | None = None

    def client(self, access_key: str, secret_key: str) -> Any:
        """Return a client for another identity."""
        return s3_client(self.port, access_key, secret_key, self.certificate)

    def snapshot(self, buckets: Sequence[str]) -> dict[tuple[str, str], tuple[bytes, str]]:
        """Return content and tag of every object."""
        held: dict[tuple[str, str], tuple[bytes, str]] = {}
        for bucket in buckets:
            for item in self.admin.list_objects_v2(Bucket=bucket).get("Contents", []):
                answer = self.admin.get_object(Bucket=bucket, Key=item["Key"])
                held[bucket, item["Key"]] = (answer["Body"].read(), answer["ETag"])
        return held


def s3_client(port: int, access_key: str, secret_key: str, certificate: Path | None = None) -> Any:
    """Return a client of the gateway, which verifies it where it shows a certificate."""
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
    origin = f"https://localhost:{port}" if certificate else f"http://{HOST}:{port}"
    verify = str(certificate / "ca.crt") if certificate else None
    return session.client("s3", endpoint_url=origin, config=config, verify=verify)


@contextlib.contextmanager
def running_seaweed(
    folder: Path, identities: Mapping[str, Sequence[str]], certificate: Path | None = None
) -> Generator[Seaweed]:
    """Start a gateway; each identity's key is its name in capitals, its secret `<name>_secret`.

    With the folder of a certificate for `localhost`, its port shows it and speaks TLS alone.
    """
    named = {"admin": ["Admin", "Read", "List", "Tagging", "Write"], **identities}
    process, seaweed = _started(folder, _configuration(named), certificate)
    try:
        yield seaweed
    finally:
        _stop(process)


def _started(
    folder: Path, configuration: str, certificate: Path | None
) -> tuple[subprocess.Popen[bytes], Seaweed]:
    """Start it; another program may take a port first, so there is more than one attempt."""
    for attempt in range(ATTEMPTS):
        place = folder / f"attempt-{attempt}"
        (place / "data").mkdir(parents=True)
        (place / "s3.json").write_text(configuration, encoding="utf-8")
        ports = _free_ports(4)
        with (place / "weed.log").open("wb") as log:
            command = [*_command(place, ports), *_showing(certificate)]
            process = subprocess.Popen(command, stdout=log, stderr=log)
        admin = s3_client(ports[3], "ADMIN", "admin_secret", certificate)
        if _is_ready(admin, process):
            return process, Seaweed(ports[3], admin, certificate)
        _stop(process)
    message = f"SeaweedFS did not start in {ATTEMPTS} attempts; its logs are in {folder}"
    raise RuntimeError(message)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


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


def _showing(certificate: Path | None) -> list[str]:
    """Return the words of the chart's gateway, for the program that is all of them at once."""
    if certificate is None:
        return []
    return [f"-s3.cert.file={certificate}/tls.crt", f"-s3.key.file={certificate}/tls.key"]


def _free_ports(count: int) -> list[int]:
    """Return ports that, like their twins, the system gives to no outgoing connection."""
    found: list[int] = []
    while len(found) < count:
        port = random.randrange(11000, 21000)
        if port not in found and _is_free(port) and _is_free(port + GRPC_DISTANCE):
            found.append(port)
    return found


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def _is_ready(admin: Any, process: subprocess.Popen[bytes]) -> bool:
    """Wait until an object can be stored, long after the port answers; false when it ends first."""
    deadline = time.monotonic() + READY_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with contextlib.suppress(ClientError):  # it is there since the last round
                admin.create_bucket(Bucket="ready")
            admin.put_object(Bucket="ready", Key="ready", Body=b"1")
        except (BotoCoreError, ClientError):
            time.sleep(0.1)
        else:
            return True
    return False
