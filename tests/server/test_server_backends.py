"""Real backends asked through the generated server: they answer, and nothing in them changes.

In: the example, a real Prometheus, a real PostgreSQL with the generated roles and scripts.
Out: envelopes with what the backend holds; refusals; the backend's state afterwards.
Must not know: how a tool asks.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Generator
from pathlib import Path

import psycopg
import pytest

from backends import Postgres, grant_as_generated, running_postgres
from generated import Generated, binary, example
from mcp_client import call
from pods import Running, make_pod, running, secret_value
from servers import prometheus

pytest_plugins = ["server_fixtures"]

READER = "mcp_ro_fastmcp_cnpg"
PASSWORD = secret_value("MCP_CNPG_PASSWORD")
ORDERS = [(1, "first"), (2, "second")]


@pytest.fixture(scope="module")
def postgres(
    tmp_path_factory: pytest.TempPathFactory, example_output: Generated
) -> Generator[Postgres]:
    """Run PostgreSQL with what the generated objects make of it."""
    with running_postgres(tmp_path_factory.mktemp("postgres")) as server:
        grant_as_generated(server, example_output, PASSWORD)
        yield server


@pytest.fixture(scope="module")
def metrics(tmp_path_factory: pytest.TempPathFactory) -> Generator[prometheus.Server]:
    """Run Prometheus."""
    with prometheus.running(tmp_path_factory.mktemp("prometheus")) as server:
        yield server


@pytest.fixture(scope="module")
def server(
    tmp_path_factory: pytest.TempPathFactory,
    example_output: Generated,
    postgres: Postgres,
    metrics: prometheus.Server,
) -> Generator[Running]:
    """Run the example's server in front of both; only hosts, ports and TLS differ."""
    pod = make_pod(
        tmp_path_factory.mktemp("pod") / "pod",
        example_output,
        MCP_CNPG_HOST="127.0.0.1",
        MCP_CNPG_PORT=str(postgres.port),
        MCP_CNPG_SSLMODE="disable",
        MCP_PROMETHEUS_HOST="127.0.0.1",
        MCP_PROMETHEUS_PORT=str(metrics.port),
    )
    with running(pod) as started:
        yield started


def test_prometheus_answers_a_query(server: Running, metrics: prometheus.Server, key: int) -> None:
    answer = call(server, key, "prom_query", query="up")
    jobs = {
        sample["metric"]["job"] for sample in prometheus.fetch(metrics, "query?query=up")["result"]
    }
    assert answer["link"] == "prometheus"
    assert answer["returned"] == len(jobs) == 4
    assert all(job in str(answer["data"]) for job in jobs)
    assert "scrape-password" not in str(call(server, key, "prom_targets"))


def test_prometheus_tells_a_wrong_query_apart(server: Running, key: int) -> None:
    assert call(server, key, "prom_query", query="up{")["code"] == "E_ARG"
    assert call(server, key, "prom_query", query='{job=~".+"}')["code"] == "E_ARG"
    assert call(server, key, "prom_query", query="up", time=1.5)["code"] == "E_ARG"


def test_postgresql_answers_a_query(server: Running, key: int) -> None:
    sql = "SELECT id, note FROM orders WHERE id > $1 ORDER BY id"
    answer = call(server, key, "cnpg_query", database="app_db", sql=sql, params=[0], limit=1)
    assert answer["data"]["rows"] == [[1, "first"]]
    assert (answer["returned"], answer["truncated_by"]) == (1, "rows")


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO orders VALUES (3, 'third')",
        "WITH gone AS (DELETE FROM orders RETURNING id) SELECT * FROM gone",
        "SELECT 1; INSERT INTO orders VALUES (3, 'third')",
        "SELECT 1; COMMIT; INSERT INTO orders VALUES (3, 'third')",
        "SELECT * FROM orders FOR UPDATE",
        "SELECT id INTO copied FROM orders",
        "SELECT set_config('default_transaction_read_only', 'off', false)",
        "SELECT pg_notify('orders', 'changed')",
        "SELECT lo_create(0)",
    ],
)
def test_postgresql_is_not_changed(server: Running, postgres: Postgres, key: int, sql: str) -> None:
    before = postgres.run("SELECT oid, relname FROM pg_class WHERE oid >= 16384", "app_db")
    refused = call(server, key, "cnpg_query", database="app_db", sql=sql)
    assert refused["code"] in {"E_SQL", "E_ARG"}
    assert postgres.run("SELECT * FROM orders ORDER BY id", "app_db") == ORDERS
    assert postgres.run("SELECT oid, relname FROM pg_class WHERE oid >= 16384", "app_db") == before
    assert postgres.run("SELECT count(*) FROM pg_largeobject_metadata", "app_db") == [(0,)]


def test_the_role_alone_keeps_postgresql_unchanged(postgres: Postgres) -> None:
    """No server, no cursor, no read-only transaction: what is left is the missing grant."""
    with postgres.connect(READER, PASSWORD, "app_db") as session:
        session.execute("SET default_transaction_read_only = off")
        assert session.execute("SELECT * FROM orders ORDER BY id").fetchall() == ORDERS
        for sql in ("INSERT INTO orders VALUES (3, 'third')", "CREATE TABLE mine (id integer)"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                session.execute(sql.encode())
    assert postgres.run("SELECT * FROM orders ORDER BY id", "app_db") == ORDERS


def test_a_database_that_is_not_linked_is_out_of_scope(server: Running, key: int) -> None:
    refused = call(server, key, "cnpg_query", database="postgres", sql="SELECT 1")
    assert refused["code"] == "E_SCOPE"
    assert refused["allowed_values"] == ["app_db", "keycloak_db"]


def test_a_linked_database_that_is_not_there_is_told_without_driver_text(
    server: Running, key: int
) -> None:
    refused = call(server, key, "cnpg_query", database="keycloak_db", sql="SELECT 1")
    assert refused["code"] == "E_NOT_FOUND"
    assert "FATAL" not in str(refused)


def test_one_read_is_the_generated_document_and_the_schemas_that_links_may_see(
    server: Running, postgres: Postgres, key: int
) -> None:
    before = postgres.run("SELECT oid, relname FROM pg_class WHERE oid >= 16384", "app_db")
    command = [str(binary()), "dna", "-", "--detail", "full"]
    printed = subprocess.run(command, input=example(), capture_output=True, text=True, check=True)
    data = call(server, key, "get_stack_dna", detail="full")["data"]
    assert data["document"] == printed.stdout
    assert data["live"]["lines"] == ["cnpg/app_db public.orders | id integer, note text"]
    missing = {line.partition(":")[0]: line for line in data["live"]["not_read"]}
    assert {"cnpg/keycloak_db", "clickhouse/analytics"} <= missing.keys()
    assert "FATAL" not in str(missing)
    assert "canary-" not in str(data)
    assert postgres.run("SELECT oid, relname FROM pg_class WHERE oid >= 16384", "app_db") == before
    lines = [json.loads(line) for line in server.audit()]
    calls: list[str] = [line["tool"] for line in lines if line["method"] == "tools/call"]
    first = calls.index("cnpg_list_tables")
    assert calls[first:][:2] == ["cnpg_list_tables", "cnpg_describe_table"]
    assert calls[-1] == "get_stack_dna"


def test_a_backend_that_is_away_is_named_and_the_server_goes_on(
    tmp_path: Path, example_output: Generated, key: int
) -> None:
    away = {"MCP_PROMETHEUS_HOST": "127.0.0.1", "MCP_PROMETHEUS_PORT": "9"}
    with running(make_pod(tmp_path / "pod", example_output, **away)) as server:
        refused = call(server, key, "prom_query", query="up")
        assert (refused["code"], refused["hint"]) == ("E_UNAVAILABLE", "prometheus is away")
        assert call(server, key, "explain_access", tool="prom_query")["link"] == "stack-agent"
