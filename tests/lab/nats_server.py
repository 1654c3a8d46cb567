"""NATS servers on loopback, set up by generated values as the chart sets them up.

In: the values of a release, the keys of its Secrets, folders that stand for mounted ones. Out: the
ports of running servers. Must not know who connects, nor what they may do.

The chart, which no registry has, makes the configuration of a few lines with `config.merge` over
them, takes the quotes off `<< … >>`, and sorts the variables of `container.env` by name
(files/config/*.yaml, nats.formatConfig, nats.env). Kubernetes knows `$(NAME)` of those before.
"""

import json
import re
import subprocess
import time
import urllib.request
from collections.abc import Generator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import go_tools
import lab_programs

READY_SECONDS = 60.0
UNQUOTED = re.compile(r'"<<\s+(.*?)\s+>>"')
NAMED = re.compile(r"\$\((\w+)\)")

Json = dict[str, Any]
Secrets = Mapping[str, Mapping[str, str]]


@contextmanager
def running(
    folder: Path, values: Json, secrets: Secrets, mounted: Mapping[str, Path] | None = None
) -> Generator[list[int]]:
    """Start as many servers as the values say, and return where clients find them."""
    cluster = values["config"]["cluster"]
    servers = range(cluster["replicas"] if cluster["enabled"] else 1)
    ports, routes, monitors = ([lab_programs.free_port() for _ in servers] for _ in range(3))
    environment = variables(values["container"]["env"], secrets)
    for number, route in enumerate(routes):
        name = f"ROUTE_{number}"
        environment[name] = re.sub(r"@[^:]+:6222", f"@localhost:{route}", environment[name])
    with ExitStack() as started:
        logs = [folder / f"log-{number}" for number in servers]
        processes: list[subprocess.Popen[bytes]] = []
        for number in servers:
            config = folder / f"{number}.conf"
            own = _own(folder, number, ports[number], routes[number], monitors[number])
            config.write_text(configuration(own, values, mounted or {}))
            command = [go_tools.program("nats-server"), "--config", config]
            program = lab_programs.running(command, logs[number], environment)
            processes.append(started.enter_context(program))
        for process, monitor, log in zip(processes, monitors, logs, strict=True):
            _await(process, monitor, log)
        yield ports


def variables(env: Json, secrets: Secrets) -> dict[str, str]:
    """Return the variables of the container."""
    found: dict[str, str] = {}
    for name in sorted(env):
        value = env[name]
        if isinstance(value, str):
            found[name] = NAMED.sub(lambda one: found[one[1]], value)
        elif "secretKeyRef" in value["valueFrom"]:
            key = value["valueFrom"]["secretKeyRef"]
            found[name] = secrets[key["name"]][key["key"]]
    return found


def configuration(own: Json, values: Json, mounted: Mapping[str, Path]) -> str:
    """Return the text of nats.conf; `own` is what differs from server to server."""
    config = values["config"]
    whole = {**own, "jetstream": {**own["jetstream"], "max_memory_store": 0}}
    if tls := config.get("nats", {}).get("tls"):
        whole["tls"] = _pair(mounted[tls["secretName"]])
    if config["cluster"]["enabled"]:
        whole["cluster"] = {"name": "nats", "no_advertise": True} | own["cluster"]
        if tls := config["cluster"].get("tls"):
            folder = mounted[tls["secretName"]]
            whole["cluster"]["tls"] = _pair(folder) | {"ca_file": str(folder / "ca.crt")}
        whole["cluster"] |= config["cluster"]["merge"]
    else:
        del whole["cluster"]
    return UNQUOTED.sub(r"\1", json.dumps(whole | config["merge"], indent=1))


def _own(folder: Path, number: int, port: int, route: int, monitor: int) -> Json:
    return {
        "server_name": f"nats-{number}",
        "listen": f"127.0.0.1:{port}",
        "http": f"127.0.0.1:{monitor}",
        "jetstream": {"store_dir": str(folder / f"data-{number}"), "max_file_store": 2**33},
        "cluster": {"listen": f"127.0.0.1:{route}"},
    }


def _pair(folder: Path) -> Json:
    return {"cert_file": str(folder / "tls.crt"), "key_file": str(folder / "tls.key")}


def _await(process: subprocess.Popen[bytes], monitor: int, log: Path) -> None:
    """Wait until a server answers the probe that the chart gives it."""
    deadline = time.monotonic() + READY_SECONDS
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{monitor}/healthz", timeout=2):
                return
        except OSError:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
