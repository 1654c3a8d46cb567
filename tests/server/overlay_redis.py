"""A stack in which every consumer of `redis` is linked to one server, and that server for real.

In: the overlay with the type `redis_server`, or a type of the core; what the catalog tells of.
Out: generated output, the rules of each account, a running server with exactly these accounts.
Must not know: any assertion.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import valkey

from backends import VALKEY
from generated import REPOSITORY, Generated, binary, generate
from output_checker import presets
from pods import free_port, secret_value

OVERLAY = REPOSITORY / "tests" / "server" / "overlays" / "redis"
COMPONENT = "cache"
READY_SECONDS = 30.0

Link = dict[str, Any]


def stacktic(*arguments: str, overlay: Path = OVERLAY) -> str:
    """Return what the program prints with an overlay."""
    done = subprocess.run(
        [binary(), "--catalog", overlay, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout


def consumers(type_name: str) -> dict[str, Link]:
    """Return the links by which pods of ours consume the interface, by the consumer's type.

    Who is installed by a chart has its words in the values of that.
    """
    links: list[Link] = json.loads(stacktic("catalog", "links", "-o", "json"))["links"]
    found = (
        link
        for link in links
        if (link["interface"], link["to"]) == ("redis", type_name) and "settings" in link["effects"]
    )
    # Limits of keys are counted in a server of the core alone.
    return {link["from"]: link for link in found if link["slot"] != "sessions"}


def stack_of(type_name: str, levels: dict[str, str]) -> str:
    """Return a stack in which components, each called after its type, link to one server."""
    lines = ["apiVersion: stacktic.io/v1", "kind: Stack", "name: acme", "domain: acme.example.com"]
    lines += ["components:", f"  {COMPONENT}: {{type: {type_name}}}"]
    for name in levels:
        lines.append(f"  {named(name)}: {{type: {name}, attributes: {required(name)}}}")
    lines.append("links:")
    for name, level in levels.items():
        lines.append(f"  - {{from: {named(name)}, to: {COMPONENT}, access: {level}}}")
    return "\n".join(lines) + "\n"


def required(type_name: str) -> str:
    """Return values for the attributes of a type that have none of their own."""
    entry = presets.read_entry(REPOSITORY / "catalog" / type_name / "component.yaml")
    return json.dumps(presets.required(entry))


def named(type_name: str) -> str:
    """Return the name of the component of a type."""
    return type_name.replace("_", "-")


def generate_stack(folder: Path, type_name: str, levels: dict[str, str]) -> Generated:
    """Generate a stack whose components link to a server at these levels."""
    return generate(folder, stack_of(type_name, levels), "--catalog", str(OVERLAY))


def rules_of(generated: Generated) -> dict[str, list[str]]:
    """Return the rules of each account of the server, in order."""
    (listed,) = generated.objects(COMPONENT, "config/rules.yaml")
    rules: dict[str, list[str]] = {}
    for line in listed or []:
        name, _, rule = line.partition(" ")
        rules.setdefault(name, []).extend(rule.split(" "))
    return rules


@contextmanager
def running_server(folder: Path, generated: Generated) -> Generator[int]:
    """Run the Deployment's command with the accounts' passwords in place; give the port."""
    pod = generated.deployment(COMPONENT)["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    shell, option, script = container["command"]
    (folder / "users").mkdir(parents=True)
    (folder / "tmp").mkdir()
    for name in accounts(pod):
        (folder / "users" / name).write_text(secret_value(name), encoding="utf-8")
    places = {"/rules": generated.base(COMPONENT) / "config", "/users": folder / "users"}
    places["/tmp"] = folder / "tmp"
    script = re.sub(r"/(rules|users|tmp)(?=/)", lambda found: str(places[found[0]]), script)
    script = script.replace("--dir /tmp", f"--dir {places['/tmp']}")
    port = free_port()
    (folder / "bin").mkdir()
    program = folder / "bin" / "redis-server"
    program.write_text(f'#!/bin/sh\nexec {VALKEY} "$@" --port {port} --bind 127.0.0.1\n', "utf-8")
    program.chmod(0o755)
    environ = {"PATH": f"{program.parent}:{os.environ['PATH']}"}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([shell, option, script], stdout=log, stderr=log, env=environ)
    try:
        _wait_until_it_listens(process, port, folder / "log")
        yield port
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(READY_SECONDS)


def accounts(pod: dict[str, Any]) -> list[str]:
    """Return the names of the files with passwords that the pod mounts."""
    (users,) = (one["projected"] for one in pod["volumes"] if one["name"] == "users")
    return [item["path"] for source in users["sources"] for item in source["secret"]["items"]]


def client(port: int, name: str) -> Any:
    """Return a client that logs in as an account."""
    return valkey.Valkey(
        host="127.0.0.1", port=port, username=name, password=secret_value(name), socket_timeout=10
    )


def _wait_until_it_listens(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text(encoding="utf-8")
        try:
            client(port, "nobody").ping()
        except valkey.AuthenticationError:
            return
        except valkey.ConnectionError:
            time.sleep(0.02)
    message = f"the server does not listen: {log.read_text(encoding='utf-8')}"
    raise AssertionError(message)
