"""A real Prometheus for tests: configured, started and stopped.

In: a folder of the test's own; the package `prometheus` of Debian or Ubuntu.
Out: the port of a server that scrapes itself and a closed port, with one firing alert;
two of its targets carry a user and a password in their address.
Must not know: MCP or any tool, nor where the program comes from.
"""

from __future__ import annotations

import json
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from servers.debian import find_program

JOBS = 4
READY_SECONDS = 30.0
REQUEST_SECONDS = 5.0

CONFIGURATION = """
global: {{scrape_interval: 1s, evaluation_interval: 1s, scrape_timeout: 1s}}
rule_files: [rules.yml]
scrape_configs:
  - job_name: prometheus
    static_configs: [{{targets: ["127.0.0.1:{port}"]}}]
  - job_name: kafka
    params: {{token: [scrape-parameter]}}
    static_configs: [{{targets: ["127.0.0.1:{closed}"]}}]
  - job_name: valkey
    static_configs: [{{targets: ["scraper:scrape-password@127.0.0.1:{closed}"]}}]
  - job_name: loki
    params: {{target: ["http://prober:probe-password@127.0.0.1/"]}}
    static_configs: [{{targets: ["127.0.0.1:{closed}"]}}]
    relabel_configs:
      - {{source_labels: [__param_target], target_label: instance}}
"""
RULES = """
groups:
  - name: links
    rules:
      - {alert: KafkaDown, expr: 'up{job="kafka"} == 0', labels: {severity: critical}}
      - {record: "job:up:sum", expr: sum by (job) (up)}
"""


@dataclass(frozen=True)
class Server:
    """A running server and the port on which nothing listens."""

    port: int
    closed_port: int


@contextmanager
def running(folder: Path) -> Generator[Server]:
    """Start a server in a folder, wait until its alert fires, stop it at the end."""
    server = Server(*_free_ports(2))
    folder.mkdir(parents=True, exist_ok=True)
    text = CONFIGURATION.format(port=server.port, closed=server.closed_port)
    (folder / "prometheus.yml").write_text(text, encoding="utf-8")
    (folder / "rules.yml").write_text(RULES, encoding="utf-8")
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(_command(folder, server), stdout=log, stderr=log)
        try:
            _wait_until_firing(server, process)
            yield server
        finally:
            process.terminate()
            process.wait(timeout=20)


def _command(folder: Path, server: Server) -> list[str]:
    return [
        str(find_program("prometheus", "prometheus")),
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'tsdb'}",
        f"--web.listen-address=127.0.0.1:{server.port}",
    ]


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


def _wait_until_firing(server: Server, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            message = f"prometheus ended with {process.returncode}; see its log"
            raise RuntimeError(message)
        if _is_ready(server):
            return
        time.sleep(0.2)
    message = f"prometheus was not ready in {READY_SECONDS:.0f} s"
    raise RuntimeError(message)


def _is_ready(server: Server) -> bool:
    """The alert fires after the closed port was scraped, which is after the server's own start."""
    try:
        alerts = fetch(server, "alerts")["alerts"]
        samples = fetch(server, "query?query=job:up:sum")["result"]
    except (OSError, urllib.error.URLError):
        return False
    return any(alert["state"] == "firing" for alert in alerts) and len(samples) == JOBS


def fetch(server: Server, path: str) -> Any:
    """Return the `data` of a read path, past the tools, to compare with what they say."""
    url = f"http://127.0.0.1:{server.port}/api/v1/{path}"
    with urllib.request.urlopen(url, timeout=REQUEST_SECONDS) as reply:
        return json.load(reply)["data"]
