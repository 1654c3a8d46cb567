"""Debian's Redis with TLS: the servers of PyPI are built without it.

In: a folder, users with their ACL rules, and the files of a certificate. Out: the port of a server
that speaks TLS alone, as the chart of Valkey sets it up. Must not know who connects.
"""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from servers.debian import find_program, library_path

READY_SECONDS = 20.0


@dataclass(frozen=True)
class Shown:
    """The files of the certificate that a server shows."""

    certificate: Path
    key: Path
    authority: Path


def shown(folder: Path) -> Shown:
    """Return the files by the names that they have in a Secret of cert-manager."""
    return Shown(folder / "tls.crt", folder / "tls.key", folder / "ca.crt")


@contextmanager
def running_redis(folder: Path, users: Mapping[str, str], files: Shown) -> Generator[int]:
    """Start a server whose users are those given as name and ACL rule."""
    port = _free_port()
    known = {"default": "off resetpass"} | dict(users)
    lines = [f"user {name} {rule}" for name, rule in known.items()]
    (folder / "users.acl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    settings = {
        "bind": "127.0.0.1",
        "port": "0",
        "tls-port": str(port),
        "tls-cert-file": str(files.certificate),
        "tls-key-file": str(files.key),
        "tls-ca-cert-file": str(files.authority),
        "tls-auth-clients": "no",
        "dir": str(folder),
        "aclfile": str(folder / "users.acl"),
        "save": '""',
    }
    config = folder / "valkey.conf"
    config.write_text("".join(f"{name} {value}\n" for name, value in settings.items()))
    # One program that does what its name says, and the package has it under another of its names.
    program = find_program("redis-check-rdb", "redis-tools")
    command, environ = ["redis-server", config], library_path("redis-tools")
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, executable=program, stdout=log, stderr=log, env=environ)
    try:
        _await(process, folder / "log", port)
        yield port
    finally:
        process.terminate()
        process.wait(10)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


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
            time.sleep(0.05)
