"""The metrics, read by a real Prometheus.

In: the shared agent, a Prometheus that scrapes it.
Out: samples as Prometheus keeps them.
Must not know: how metrics are written.
"""

from __future__ import annotations

import json
import socket
import subprocess
from collections.abc import Generator
from typing import Any
from urllib.parse import quote

import pytest

from agent_process import Agent, wait_until
from generated import Generated
from servers import prometheus
from servers.debian import find_program

pytest_plugins = ["agent_fixtures"]


@pytest.fixture(scope="module")
def scraper(
    tmp_path_factory: pytest.TempPathFactory, shared_agent: Agent
) -> Generator[prometheus.Server]:
    """Run a Prometheus that scrapes the agent and nothing else."""
    folder = tmp_path_factory.mktemp("scraper")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    targets = [{"targets": [f"127.0.0.1:{shared_agent.port}"]}]
    config = {"job_name": "agent", "scrape_interval": "1s", "static_configs": targets}
    (folder / "config.json").write_text(json.dumps({"scrape_configs": [config]}), encoding="utf-8")
    command = [find_program("prometheus", "prometheus"), f"--config.file={folder}/config.json"]
    command += [f"--storage.tsdb.path={folder}/tsdb", f"--web.listen-address=127.0.0.1:{port}"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        yield prometheus.Server(port, 0)
    finally:
        process.terminate()
        process.wait(20)


def test_prometheus_reads_the_metrics(
    acting: Agent, scraper: prometheus.Server, output: Generated
) -> None:
    acting.refused("nothing-of-that-name")
    wait_until(lambda: _samples(scraper, "up == 1"), 30)
    components = len(output.metadata()["components"])
    wanted = f"stacktic_agent_components == {components}"
    refusals = 'stacktic_agent_refusals_total{code="E_SOURCE"} >= 1'
    requests = 'stacktic_agent_requests_total{route="/metadata/q",status="422"} >= 1'
    buckets = 'stacktic_agent_request_seconds_bucket{le="+Inf",route="/metadata/q"} >= 1'
    for query in (wanted, refusals, requests, buckets, "stacktic_agent_checks_running == 0"):
        wait_until(lambda query=query: _samples(scraper, query), 10)


def _samples(scraper: prometheus.Server, query: str) -> list[Any]:
    try:
        return prometheus.fetch(scraper, f"query?query={quote(query)}")["result"]
    except OSError:
        return []


def test_metrics_name_routes_and_no_caller(acting: Agent) -> None:
    acting.send("GET", "/a-path-of-the-caller")
    acting.ask("kafka", command="kubectl get pods -n {namespace}")
    text = acting.send("GET", "/metrics", headers={}).text
    for word in ("a-path-of-the-caller", "kafka", "client-of-tests", acting.setup.key):
        assert word not in text
    assert 'stacktic_agent_checks_total{program="kubectl",outcome="passed"}' in text
