"""A real Spring Boot application, which sets nothing itself, works with the generated settings.

In: a stack with a link to each kind of store, a Redis and a Kafka that show certificates for the
generated names, and an application in a folder of the lab. Out: probes and metrics answer where
the manifests ask, values and records go through, another authority is refused, and every word of
the convention is a property of Spring Boot. Must not know how settings come about.
"""

import json
import re
import shutil
import subprocess
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Generator, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

import kafka_broker
import lab_programs
import maven
from levels import runs
from output_checker.places import ROOT
from servers.certificates import Authority, make_authority
from servers.redis_server import running_redis, shown

IMAGE = "registry.example.com/shop:1.0.0"
STACK = {
    "apiVersion": "stacktic.io/v1",
    "kind": "Stack",
    "name": "shop",
    "domain": "shop.example.com",
    "components": {
        "cert-manager": {"type": "cert_manager", "sub_components": {"ca": {"type": "issuer"}}},
        "valkey": {"type": "valkey"},
        "kafka": {"type": "kafka", "sub_components": {"orders": {"type": "topic"}}},
        "rabbitmq": {"type": "rabbitmq", "sub_components": {"jobs": {"type": "queue"}}},
        "cnpg": {"type": "cnpg", "sub_components": {"orders": {"type": "database"}}},
        "otel": {"type": "otel"},
        "shop": {"type": "spring_boot", "attributes": {"image": IMAGE}},
    },
    "links": [
        {"from": name, "to": "cert-manager/ca"} for name in ("valkey", "kafka", "rabbitmq", "cnpg")
    ]
    + [
        {"from": "shop", "to": to, "access": "write"}
        for to in ("valkey", "kafka/orders", "rabbitmq/jobs", "cnpg/orders", "otel")
    ],
}
BASE = Path("out/k8s/deploy/base")
# Of the first pod of a pool, as Strimzi names it behind the headless Service.
BROKER = "kafka-kafka-nodes-0.kafka-kafka-brokers.kafka.svc"
MOUNTED = {"secrets": "/run/secrets/stacktic/", "authorities": "/run/authorities/"}
PASSWORD = "password-of-the-test"
START_SECONDS = 90.0
# What Java is told beside the generated options, so that the test takes little of the machine.
SMALL = ["-Xmx256m", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData"]


@dataclass(frozen=True)
class Stage:
    """What was generated, and where the stores are."""

    folder: Path
    container: dict[str, Any]
    files: dict[str, str]
    plain: dict[str, str]
    ports: dict[str, int]
    own: Authority
    other: Authority


@dataclass(frozen=True)
class Running:
    """The application while it runs."""

    port: int
    management: int
    log: Path

    def ask(self, path: str, port: int | None = None) -> tuple[int, str]:
        """Return status and body of an answer."""
        try:
            url = f"http://127.0.0.1:{port or self.port}{path}"
            with urllib.request.urlopen(url, timeout=60) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()


@pytest.fixture(scope="module")
def stage(binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Generator[Stage]:
    """Generate the stack, and run the stores that it is to find."""
    if not maven.has_java():
        pytest.skip("no `java` or no `mvn` on PATH: no Spring Boot application was started")
    folder = tmp_path_factory.mktemp("spring")
    said = runs.gen(binary, folder, STACK)
    assert said.returncode == 0, said.stdout + said.stderr
    deployment = yaml.safe_load((folder / BASE / "shop/deployment.yaml").read_text("utf-8"))
    pod = deployment["spec"]["template"]["spec"]
    (mounted,) = (one["secret"] for one in pod["volumes"] if one["name"] == "credentials")
    files = {one["path"]: one["key"] for one in mounted["items"]}
    own, other = make_authority(folder / "own", "own"), make_authority(folder / "other", "other")
    plain = settings(folder / BASE / "shop")
    kafka_user = plain["SPRING_KAFKA_JAAS_OPTIONS_USERNAME"]
    with ExitStack() as running:
        ports = {}
        for name in ("valkey", "kafka"):
            (folder / name).mkdir()
        rule = f"on >{PASSWORD} ~app:* +@read +@write +@connection"
        # The client of Redis asks a server for names, and reads no file of this test.
        signed = own.sign(folder / "redis-tls", [*hosts(folder, "valkey"), "localhost"])
        shutil.copy(own.ca_file, signed / "ca.crt")
        redis = running_redis(
            folder / "valkey", {plain["SPRING_DATA_REDIS_USERNAME"]: rule}, shown(signed)
        )
        ports["6379"] = running.enter_context(redis)
        broker = kafka_broker.running(
            folder / "kafka",
            own.sign(folder / "kafka-tls", hosts(folder, "kafka")),
            BROKER,
            {kafka_user: PASSWORD},
            told_port=0,
        )
        ports["9093"] = running.enter_context(broker)
        yield Stage(folder, pod["containers"][0], files, plain, ports, own, other)


def hosts(folder: Path, component: str) -> list[str]:
    """Return the names that the certificate of a component is for."""
    text = (folder / BASE / component / "certificate.yaml").read_text("utf-8")
    names: list[str] = yaml.safe_load(text)["spec"]["dnsNames"]
    return names


def settings(component: Path) -> dict[str, str]:
    """Return the plain settings of a component."""
    lines = (component / "config" / "cloud.env").read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if not line.startswith("#"))


@pytest.fixture(scope="module")
def classes(stage: Stage) -> Path:
    """Compile the application."""
    target = stage.folder / "classes"
    source = maven.JAVA / "spring" / "App.java"
    jars = f"{maven.libraries('spring')}/*"
    command = ["javac", "-parameters", "-cp", jars, "-d", target, source]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    return target


@contextmanager
def application(stage: Stage, classes: Path, trusted: Authority, name: str) -> Iterator[Running]:
    """Run the application as its pod runs, with its folders and names on this machine."""
    home = stage.folder / name
    secrets, authorities = home / "secrets", home / "authorities"
    secrets.mkdir(parents=True)
    for path in stage.files:
        (secrets / path).write_text(PASSWORD, encoding="utf-8")
    for provider in ("valkey", "kafka", "rabbitmq", "cnpg"):
        (authorities / provider).mkdir(parents=True)
        shutil.copy(trusted.ca_file, authorities / provider / "ca.crt")
    port, management = lab_programs.free_port(), lab_programs.free_port()
    own = {one["name"]: one["value"] for one in stage.container["env"]}
    assert own.pop("SERVER_PORT") == "8080"
    assert own.pop("MANAGEMENT_SERVER_PORT") == "9090"
    environ = {key: here(stage, home, value) for key, value in (stage.plain | own).items()}
    environ |= {"SERVER_PORT": str(port), "MANAGEMENT_SERVER_PORT": str(management)}
    assert environ["SPRING_DATA_REDIS_HOST"] in hosts(stage.folder, "valkey")
    environ["SPRING_DATA_REDIS_HOST"] = "localhost"
    names = {value.split(":")[0] for value in stage.plain.values() if ".svc" in value}
    known = home / "hosts"
    known.write_text("".join(f"127.0.0.1 {one}\n" for one in {*names, BROKER, "localhost"}))
    command: list[str | Path] = ["env", "-i", "PATH=/usr/bin:/bin", f"TMPDIR={home}"]
    command += [f"{key}={value}" for key, value in environ.items()]
    command += ["java", *SMALL, f"-Djdk.net.hosts.file={known}", f"-Djava.io.tmpdir={home}"]
    command += ["-cp", f"{classes}:{maven.libraries('spring')}/*", "App"]
    log = home / "log"
    with lab_programs.running(command, log) as process:
        running = Running(port, management, log)
        until_ready(process, running)
        yield running


def here(stage: Stage, home: Path, value: str) -> str:
    """Return a setting with the folders and ports of this machine."""
    for name, folder in MOUNTED.items():
        value = value.replace(folder, f"{home / name}/")
    for port, real in stage.ports.items():
        value = re.sub(rf"(^|:){port}$", rf"\g<1>{real}", value)
    return value


def until_ready(process: subprocess.Popen[bytes], running: Running) -> None:
    """Ask as the kubelet does until the application is ready."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            if running.ask("/readyz")[0] == 200:
                return
        except OSError:
            pass
        text = running.log.read_text(encoding="utf-8", errors="replace")
        assert process.poll() is None, text
        assert time.monotonic() < deadline, text
        time.sleep(0.3)


@pytest.fixture(scope="module")
def shop(stage: Stage, classes: Path) -> Generator[Running]:
    """Run the application with the authority that signed the certificates."""
    with application(stage, classes, stage.own, "shop") as running:
        yield running


def test_probes_and_metrics_answer_where_the_manifests_ask(stage: Stage, shop: Running) -> None:
    kinds = ("startupProbe", "readinessProbe", "livenessProbe")
    paths = {stage.container[kind]["httpGet"]["path"] for kind in kinds}
    assert {shop.ask(path) for path in paths} == {(200, '{"status":"UP"}')}
    status, told = shop.ask("/actuator/prometheus", shop.management)
    facts = yaml.safe_load((ROOT / "tests/facts/metrics/spring_boot.yaml").read_text("utf-8"))
    wanted = {name for source in facts for name in source["metrics"]}
    missing = {name for name in wanted if not re.search(rf"^{name}{{", told, re.MULTILINE)}
    assert (status, missing) == (200, set())
    # What a gateway publishes tells nothing of the inside.
    assert shop.ask("/actuator/prometheus")[0] == 404


def test_memory_is_what_the_pod_has(shop: Running) -> None:
    assert "Picked up JAVA_TOOL_OPTIONS: -XX:MaxRAMPercentage=60" in shop.log.read_text("utf-8")


def test_a_value_and_a_record_go_through(shop: Running) -> None:
    assert shop.ask("/redis/app:none") == (200, "")
    assert shop.ask("/kafka/one") == (200, "0")
    # The fence of the account holds.
    assert shop.ask("/redis/other:none")[0] == 500


def test_what_is_not_asked_has_its_settings(stage: Stage, shop: Running) -> None:
    status, told = shop.ask("/clients")
    found = json.loads(told)
    home = stage.folder / "shop"
    assert status == 200
    assert found["database.url"].endswith("/orders?sslmode=verify-full")
    assert found["database.password"] == PASSWORD
    authority = str(home / "authorities/cnpg/ca.crt")
    assert found["database.properties"] == {"sslrootcert": authority}
    assert (found["rabbit.address"].split(":")[1], found["rabbit.tls"]) == ("5671", True)
    endpoint = stage.plain["OTEL_EXPORTER_OTLP_ENDPOINT"]
    name = "management.opentelemetry.tracing.export.otlp.endpoint"
    assert shop.ask(f"/property/{name}") == (200, f"{endpoint}/v1/traces")


def test_another_authority_is_refused(stage: Stage, classes: Path) -> None:
    with application(stage, classes, stage.other, "stranger") as stranger:
        assert stranger.ask("/redis/app:none")[0] == 500
        why = "unable to find valid certification path"
        assert why in stranger.log.read_text(encoding="utf-8")


def test_every_word_is_a_property() -> None:
    """A variable of the environment binds to the property of its letters."""
    known = properties(maven.libraries("spring")) | properties(maven.libraries("spring-metadata"))
    text = (ROOT / "link-types/conventions/spring.yaml").read_text("utf-8")
    convention = yaml.safe_load(text)
    parts = [*convention["interfaces"].values(), {"fixed": convention["always"]}]
    words = {word for part in parts for word in set(fixed(part)) if not word.startswith("{")}
    assert len(words) > 30
    assert {word for word in words if not is_known(word, known)} == set()


def fixed(part: Mapping[str, Any]) -> Iterator[str]:
    """Return the words of an interface that Spring Boot reads."""
    for kind in ("fixed", "constant", "files"):
        yield from part.get(kind, {})
    for more in part.get("when", {}).values():
        yield from fixed(more)


def properties(folder: Path) -> dict[str, bool]:
    """Return the properties in their uniform form, and whether each takes further names."""
    found: dict[str, bool] = {}
    for jar in folder.glob("*.jar"):
        with zipfile.ZipFile(jar) as archive:
            name = "META-INF/spring-configuration-metadata.json"
            if name in archive.namelist():
                for one in json.loads(archive.read(name))["properties"]:
                    if one.get("deprecation", {}).get("level") != "error":
                        kind = one.get("type", "")
                        found[uniform(one["name"])] = "Map<" in kind or "Properties" in kind
    return found


def is_known(word: str, known: Mapping[str, bool]) -> bool:
    """Say whether a word is a property, or a name below one that takes any."""
    text = uniform(word)
    below = (name for name, is_open in known.items() if is_open)
    return text in known or any(text.startswith(name) for name in below)


def uniform(name: str) -> str:
    """Return the letters and digits of a name."""
    return re.sub("[^a-z0-9]", "", name.lower())
