"""Accounts of MariaDB on a real server: each level may do what it says, in its database alone.

In: a generated stack, the server and client of Debian's packages, and the statements by which the
mariadb-operator makes what its User and Grant objects say (pkg/sql/sql.go of v26.6.0).
Out: what is allowed and what is refused; the status by which alerts know of trouble and backups.
Must not know the templates.
"""

import json
import re
import subprocess
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from levels.account import objects, of_kind
from output_checker.places import ROOT
from servers.mariadb_server import Server, StatementError, running_mariadb

LEVELS = ("read", "write", "own")
# The name of the other is one that the pattern `app_db` takes for its own.
DATABASES = ("app_db", "appxdb")
PASSWORD = "app_password"
DENIED = re.compile(r"^ERROR (1044|1045|1142|1227|1370|1410)\b", re.MULTILINE)
LOCKED = re.compile(r"^ERROR 4151\b", re.MULTILINE)
SEED = """
CREATE TABLE app_db.orders (id int AUTO_INCREMENT PRIMARY KEY, name text);
CREATE TABLE app_db.spare (id int PRIMARY KEY);
CREATE TABLE appxdb.orders (id int PRIMARY KEY, name text);
INSERT INTO app_db.orders VALUES (1, 'first');
CREATE VIEW app_db.names AS SELECT name FROM app_db.orders;
CREATE PROCEDURE app_db.sneaky() SQL SECURITY DEFINER DELETE FROM app_db.orders;
"""

Json = dict[str, Any]


def document(access: dict[str, str]) -> Json:
    """Applications that are linked to one of two databases, each at a level of its own."""
    image = {"image": "registry.example.com/app:1.0.0"}
    applications = {name: {"type": "django", "attributes": image} for name in access}
    databases = {name: {"type": "database"} for name in DATABASES}
    return {
        "apiVersion": "stacktic.io/v1",
        "kind": "Stack",
        "name": "shop",
        "domain": "shop.example.com",
        "components": {**applications, "sql": {"type": "mariadb", "sub_components": databases}},
        "links": [
            {"from": name, "to": f"sql/{DATABASES[0]}", "access": level}
            for name, level in access.items()
        ],
    }


def generated(binary: Path, folder: Path, access: dict[str, str]) -> list[Json]:
    """Generate the stack and return the objects of the server's accounts."""
    stack = folder / "stack.yaml"
    stack.write_text(json.dumps(document(access)), encoding="utf-8")
    subprocess.run([binary, "gen", stack, "--out", folder / "out"], check=True, capture_output=True)
    return list(objects(folder / "out/k8s/deploy/base/sql", "user-*.yaml", "database-*.yaml"))


@dataclass
class Operator:
    """What the operator tells the server, with the privileges that it remembers of each grant."""

    server: Server
    granted: dict[str, list[str]]

    def make(self, made: list[Json], password: str = PASSWORD) -> None:
        """Make databases, users and grants, and take away what a grant had before."""
        for database in of_kind(made, "Database"):
            self.server.run(f"CREATE DATABASE IF NOT EXISTS `{database['name']}`")
        for user in of_kind(made, "User"):
            who = f"'{user['name']}'@'{user['host']}'"
            words = f"IDENTIFIED BY '{password}' " if password else ""
            words += f"WITH MAX_USER_CONNECTIONS {user['maxUserConnections']} "
            closed = not password and "require" not in user
            words += "ACCOUNT LOCK PASSWORD EXPIRE" if closed else ""
            self.server.run(f"CREATE USER IF NOT EXISTS {who} {words}")
        for grant in of_kind(made, "Grant"):
            self.grant(grant)

    def grant(self, grant: Json) -> None:
        who = f"'{grant['username']}'@'{grant['host']}'"
        where = f"`{grant['database']}`.{grant['table']}"
        before = self.granted.get(who, [])
        gone = [one for one in before if one not in grant["privileges"]]
        if gone:
            self.server.run(f"REVOKE {', '.join(gone)} ON {where} FROM {who}")
        self.server.run(f"GRANT {','.join(grant['privileges'])} ON {where} TO {who}")
        self.granted[who] = grant["privileges"]


@pytest.fixture(scope="module")
def operator() -> Generator[Operator]:
    with running_mariadb() as server:
        yield Operator(server, {})


@pytest.fixture(scope="module")
def accounts(
    operator: Operator, binary: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    """Make an account of each level, and return their names."""
    folder = tmp_path_factory.mktemp("levels")
    operator.make(generated(binary, folder, {f"a-{level}": level for level in LEVELS}))
    for statement in filter(str.strip, SEED.split(";\n")):
        operator.server.run(statement)
    return {level: f"app_a_{level}_sql_app_db" for level in LEVELS}


def attempt(server: Server, user: str, sql: str, password: str = PASSWORD) -> str:
    """Return what comes of statements: `done`, or how they are refused."""
    try:
        server.run(sql, user, password)
    except StatementError as refusal:
        text = str(refusal)
        return "denied" if DENIED.search(text) else "locked" if LOCKED.search(text) else text
    return "done"


@pytest.mark.parametrize(
    ("sql", "least"),
    [
        ("SELECT count(*) FROM app_db.orders", "read"),
        ("SELECT name FROM app_db.names", "read"),
        ("SHOW CREATE VIEW app_db.names", "read"),
        ("INSERT INTO app_db.orders (name) VALUES ('second')", "write"),
        ("UPDATE app_db.orders SET name = 'x' WHERE id = 2", "write"),
        ("DELETE FROM app_db.orders WHERE id = 2", "write"),
        # Writing never means the layout.
        ("CREATE TABLE app_db.more (id int PRIMARY KEY)", "own"),
        ("ALTER TABLE app_db.spare ADD x int", "own"),
        ("CREATE INDEX by_x ON app_db.spare (x)", "own"),
        ("TRUNCATE app_db.spare", "own"),
        ("DROP TABLE app_db.spare", "own"),
        ("CREATE VIEW app_db.ids AS SELECT id FROM app_db.orders", "own"),
        ("CREATE TRIGGER app_db.t BEFORE INSERT ON app_db.more FOR EACH ROW SET @x = 1", "own"),
        ("LOCK TABLES app_db.orders READ; UNLOCK TABLES", "own"),
        # A routine runs with the rights of whoever made it.
        ("CALL app_db.sneaky()", "own"),
        # Nobody goes beyond the database, into one of a like name or into the server.
        ("SELECT count(*) FROM appxdb.orders", "nobody"),
        ("CREATE TABLE appxdb.mine (id int PRIMARY KEY)", "nobody"),
        ("CREATE DATABASE app_db2", "nobody"),
        ("SELECT user FROM mysql.user", "nobody"),
        ("CREATE USER somebody", "nobody"),
        ("SET GLOBAL max_connections = 1", "nobody"),
        ("GRANT SELECT ON app_db.* TO app_a_read_sql_app_db", "nobody"),
        ("SELECT * FROM app_db.orders INTO OUTFILE '/tmp/stacktic-orders'", "nobody"),
    ],
)
def test_a_level_is_what_its_account_may_do(
    operator: Operator, accounts: dict[str, str], sql: str, least: str
) -> None:
    may = LEVELS[LEVELS.index(least) :] if least in LEVELS else ()
    for level in LEVELS:
        told = attempt(operator.server, accounts[level], sql)
        assert told == ("done" if level in may else "denied"), level


def test_only_the_own_database_is_seen(operator: Operator, accounts: dict[str, str]) -> None:
    for name in accounts.values():
        seen = operator.server.run("SHOW DATABASES", name, PASSWORD).split()
        assert sorted(seen) == ["app_db", "information_schema"]


@pytest.mark.usefixtures("accounts")
def test_a_link_that_asks_for_less_loses_the_rest(
    operator: Operator, binary: Path, tmp_path: Path
) -> None:
    sql, name = "DELETE FROM app_db.orders WHERE id = 9", "app_less_sql_app_db"
    operator.make(generated(binary, tmp_path, {"less": "own"}))
    assert attempt(operator.server, name, sql) == "done"
    operator.make(generated(binary, tmp_path, {"less": "read"}))
    assert attempt(operator.server, name, sql) == "denied"
    assert attempt(operator.server, name, "SELECT 1 FROM app_db.orders") == "done"


@pytest.mark.usefixtures("accounts")
def test_an_account_without_a_password_is_nobodys(
    operator: Operator, binary: Path, tmp_path: Path
) -> None:
    operator.make(generated(binary, tmp_path, {"empty": "read"}), password="")
    for password in ("", PASSWORD):
        told = attempt(operator.server, "app_empty_sql_app_db", "SELECT 1", password)
        assert told in {"denied", "locked"}


def test_what_is_measured_is_there(operator: Operator) -> None:
    """Names that the exporter makes of the status and the variables of the server."""
    known = operator.server.run("SHOW GLOBAL STATUS") + operator.server.run("SHOW VARIABLES")
    names = {line.split("\t")[0].lower() for line in known.splitlines()}
    document = ROOT / "tests" / "facts" / "metrics" / "mariadb.yaml"
    sources = yaml.safe_load(document.read_text(encoding="utf-8"))
    found = [re.match(r"mysql_global_(?:status|variables)_(.+)", name)
             for source in sources for name in source["metrics"]]  # fmt: skip
    asked = {one[1] for one in found if one} - {"commands_total", "connection_errors_total"}
    # The library of Galera alone has it.
    assert asked - names == {"wsrep_flow_control_paused_ns"}
    assert {"com_backup", "connection_errors_max_connections"} <= names


def test_a_backup_moves_the_counter_of_its_alert(operator: Operator) -> None:
    def count() -> int:
        return int(operator.server.run("SHOW GLOBAL STATUS LIKE 'Com_backup'").split()[1])

    before = count()
    operator.server.run("SELECT 1")
    assert count() == before
    operator.server.backup()
    assert count() > before
