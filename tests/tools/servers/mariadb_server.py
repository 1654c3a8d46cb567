"""MariaDB for tests: a real server, of the packages of Debian or Ubuntu.

In: the programs of `mariadb-server-core` and `mariadb-client-core`, unpacked below `target/debs`
where they are not installed. Out: a running server, and what its client says.
Must not know the catalog.
"""

from __future__ import annotations

import functools
import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from servers.debian import find_program, library_path

ADMIN = ("admin", "admin_password")
NOBODY = 65534
STARTED_WITHIN = 60
SERVER, CLIENT, BACKUP = "mariadb-server-core", "mariadb-client-core", "mariadb-backup"
# What makes the database `mysql`, as mariadb-install-db does for images without anonymous users.
TABLES = (
    "mysql_system_tables.sql",
    "mysql_performance_tables.sql",
    "mysql_system_tables_data.sql",
)
BEFORE = (
    "CREATE DATABASE mysql;\nUSE mysql;\nSET @auth_root_socket=NULL;\nSET @skip_auth_anonymous=1;\n"
)


class StatementError(RuntimeError):
    """The server refused: the number and the text of its error."""


@dataclass(frozen=True)
class Server:
    """A running MariaDB."""

    port: int
    folder: Path

    def run(self, sql: str, user: str = ADMIN[0], password: str = ADMIN[1]) -> str:
        """Run statements with the client, and return rows with tabs."""
        words = ["--no-defaults", "--batch", "--skip-column-names", "--skip-ssl"]
        words += ["--protocol=tcp", "--host=127.0.0.1", f"--port={self.port}", f"--user={user}"]
        done = subprocess.run(
            [find_program("mariadb", CLIENT), *words, f"--execute={sql}"],
            env=_environment(CLIENT) | {"MYSQL_PWD": password},
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        if done.returncode:
            raise StatementError(done.stderr.strip())
        return done.stdout

    def backup(self) -> None:
        """Read a whole backup, as the operator's job does, and throw it away."""
        words = ["--no-defaults", "--backup", "--stream=xbstream", "--host=127.0.0.1"]
        words += [f"--port={self.port}", f"--user={ADMIN[0]}", f"--password={ADMIN[1]}"]
        words += [f"--datadir={self.folder / 'data'}", f"--target-dir={self.folder / 'tmp'}"]
        subprocess.run(
            [*_demoted(), find_program("mariadb-backup", BACKUP), *words],
            env=_environment(BACKUP), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            timeout=120, check=True,
        )  # fmt: skip


@contextmanager
def running_mariadb() -> Generator[Server]:
    """Start a server in a folder of its own and stop it by its pid."""
    with tempfile.TemporaryDirectory(prefix="stacktic-mariadb-") as name:
        yield from _run_in(Path(name))


def _run_in(folder: Path) -> Generator[Server]:
    base = find_program("mariadb-install-db", SERVER).parents[1]
    _folders(folder)
    words = [*_demoted(), str(base / "sbin" / "mariadbd"), "--no-defaults", f"--basedir={base}"]
    words += [f"--datadir={folder / 'data'}", f"--tmpdir={folder / 'tmp'}"]
    words += [f"--lc-messages-dir={base / 'share/mysql'}", "--innodb-buffer-pool-size=16M"]
    words += [f"--character-sets-dir={base / 'share/mysql/charsets'}"]
    scripts = [(base / "share/mysql" / name).read_text(encoding="utf-8") for name in TABLES]
    environment = _environment(SERVER)
    subprocess.run(
        [*words, "--bootstrap"], input=BEFORE + "".join(scripts), text=True, env=environment,
        capture_output=True, timeout=STARTED_WITHIN, check=True,
    )  # fmt: skip
    server = Server(_free_port(), folder)
    words += ["--bind-address=127.0.0.1", f"--port={server.port}", "--skip-name-resolve"]
    words += [f"--socket={folder / 'tmp' / 'socket'}", f"--init-file={folder / 'init.sql'}"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(words, env=environment, stdout=log, stderr=log)
    try:
        _wait(server, process)
        yield server
    finally:
        process.terminate()
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(timeout=30)


def _folders(folder: Path) -> None:
    """Make what the server writes to; as root it runs as nobody."""
    folder.chmod(0o711)
    init = folder / "init.sql"
    name, password = ADMIN
    init.write_text(
        f"CREATE USER '{name}'@'%' IDENTIFIED BY '{password}';\n"
        f"GRANT ALL ON *.* TO '{name}'@'%' WITH GRANT OPTION;\n",
        encoding="utf-8",
    )
    for made in (folder / "data", folder / "tmp"):
        made.mkdir()
        if os.geteuid() == 0:
            os.chown(made, NOBODY, NOBODY)


def _wait(server: Server, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + STARTED_WITHIN
    while True:
        try:
            server.run("SELECT 1")
        except StatementError:
            if time.monotonic() > deadline or process.poll() is not None:
                raise
            time.sleep(0.1)
        else:
            return


@functools.cache
def _environment(package: str) -> dict[str, str]:
    """Where its libraries are, asked once: the packages' tool takes a second for it."""
    return library_path(package)


def _demoted() -> list[str]:
    """MariaDB refuses to run as root: then it runs as nobody."""
    if os.geteuid() != 0:
        return []
    return ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
