"""One Kafka broker of Maven's packages on loopback, with the listener that Strimzi makes of ours.

In: a folder, the files of a certificate, the name by which clients are sent on to the broker, and
users. Out: the port of the listener: SASL_SSL, SCRAM, certificate and key as PEM. Must not know
who connects.
"""

import shutil
import socket
import subprocess
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

import lab_programs
from output_checker.places import ROOT

POM = Path(__file__).resolve().parent / "java" / "kafka" / "pom.xml"
VERSION = "4.2.1"
LIBRARIES = ROOT / "target" / "lab" / f"kafka-{VERSION}"
COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"
CLUSTER = "MkU3OEVBNTcwNTJENDM2Qg"
READY_SECONDS = 60.0
SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule required;"


def has_java() -> bool:
    """Say whether a broker can be had on this machine."""
    return bool(shutil.which("java") and shutil.which("mvn"))


def libraries() -> Path:
    """Return the folder with the broker and what it needs, fetched once."""
    if not LIBRARIES.exists():
        folder = LIBRARIES.with_name(f"{LIBRARIES.name}.new")
        command = ["mvn", "-q", "-B", "-f", POM, COPY, f"-DoutputDirectory={folder}"]
        subprocess.run(command, check=True, capture_output=True, timeout=600)
        folder.rename(LIBRARIES)
    return LIBRARIES


@contextmanager
def running(folder: Path, certificate: Path, name: str, users: Mapping[str, str]) -> Generator[int]:
    """Start a broker; `name` is what it tells clients to connect to, on the port 9093."""
    port, controller, inside = (lab_programs.free_port() for _ in range(3))
    java = ["java", "-Xmx512m", "-cp", f"{libraries()}/*"]
    settings = {
        "process.roles": "broker,controller",
        "node.id": "1",
        "log.dirs": str(folder / "data"),
        "controller.quorum.bootstrap.servers": f"127.0.0.1:{controller}",
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "INSIDE",
        "listeners": f"TLS://127.0.0.1:{port},INSIDE://127.0.0.1:{inside},"
        f"CONTROLLER://127.0.0.1:{controller}",
        "advertised.listeners": f"TLS://{name}:9093,INSIDE://127.0.0.1:{inside},"
        f"CONTROLLER://127.0.0.1:{controller}",
        "listener.security.protocol.map": "TLS:SASL_SSL,INSIDE:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "listener.name.tls.sasl.enabled.mechanisms": "SCRAM-SHA-512",
        "listener.name.tls.scram-sha-512.sasl.jaas.config": SCRAM,
        "listener.name.tls.ssl.keystore.type": "PEM",
        "listener.name.tls.ssl.keystore.certificate.chain": _pem(certificate / "tls.crt"),
        "listener.name.tls.ssl.keystore.key": _pem(certificate / "tls.key"),
        "offsets.topic.replication.factor": "1",
        "auto.create.topics.enable": "true",
        "num.partitions": "1",
    }
    config = folder / "server.properties"
    config.write_text("".join(f"{key}={value}\n" for key, value in settings.items()))
    scram = [f"SCRAM-SHA-512=[name={user},password={word}]" for user, word in users.items()]
    options = [word for one in scram for word in ("--add-scram", one)]
    form = ["format", "-t", CLUSTER, "-c", config, "--standalone", *options]
    subprocess.run(
        [*java, "kafka.tools.StorageTool", *form], check=True, capture_output=True, timeout=120
    )
    log = folder / "log"
    with lab_programs.running([*java, "kafka.Kafka", config], log) as process:
        _await(process, log, port)
        yield port


def _pem(path: Path) -> str:
    """Return a file as the value of one line."""
    return path.read_text(encoding="utf-8").strip().replace("\n", "\\n")


def _await(process: subprocess.Popen[bytes], log: Path, port: int) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while True:
        try:
            with socket.create_connection(("127.0.0.1", port), 1):
                return
        except OSError:
            text = log.read_text(encoding="utf-8", errors="replace")
            assert process.poll() is None, text
            assert time.monotonic() < deadline, text
            time.sleep(0.2)
