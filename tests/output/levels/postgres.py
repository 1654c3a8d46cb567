"""Accounts of PostgreSQL, read from what its operator is given.

In: the folder of a component. Out: its accounts by principal.
Must not know the catalog: statements and access rules are read by the grammar of the server,
https://www.postgresql.org/docs/current/ddl-priv.html
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from levels.account import (
    UNEVEN,
    Account,
    Accounts,
    Json,
    even,
    level,
    listed,
    objects,
    of_kind,
    present,
    sorted_words,
)

TABLE_RIGHTS = {"SELECT": "read", "INSERT": "write", "UPDATE": "write", "DELETE": "write"}
POSTGRES = {"CONNECT": "probe", "USAGE": "probe", **TABLE_RIGHTS, "OWNER": "own"}
POWERS = ("superuser", "createdb", "createrole", "replication", "bypassrls")
# The group of owners reaches no table, but runs functions that a reader may not.
OWNERS = "stacktic_owners"
STATEMENT = re.compile(r"(?:;|\\gexec)[ \t]*$", re.MULTILINE)
GRANT = re.compile(r"\bGRANT ([A-Z ,]+?) ON ")
RECIPIENT = re.compile(r""":['"](\w+)['"]|\bTO (\w+)""")
FIELD = re.compile(r'"[^"]*"|\S+')
# A keyword of pg_hba.conf; in quotes it is a name.
ALL = "all"


@dataclass
class Cluster:
    """The roles of a cluster, their groups, and who may do what in which database."""

    roles: dict[str, Json]
    rules: list[list[str]]
    owners: dict[str, str]
    # By database, then by group.
    rights: dict[str, dict[str, set[str]]] = field(default_factory=dict[str, dict[str, set[str]]])
    words: dict[str, str] = field(default_factory=dict[str, str])
    # By role, then by database.
    sessions: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])

    def groups(self, role: str) -> set[str]:
        """Return the role and all that it inherits from."""
        found, left = {role}, [role]
        while left:
            for group in listed(self.roles.get(left.pop(), {}).get("inRoles")):
                left += [] if group in found else [group]
                found.add(group)
        return found

    def admits(self, role: str, database: str) -> bool:
        """Return what the first rule that fits says."""
        for _, databases, names, *_, method in self.rules:
            if is_meant(databases, database) and is_meant(names, role):
                return method == "scram-sha-256"
        return False

    def is_admitted_to_all(self, role: str) -> bool:
        """Say whether a rule lets it into databases that nobody has declared."""
        admitting = (rule for rule in self.rules if rule[-1] != "reject")
        return any(rule[1] == ALL and is_meant(rule[2], role) for rule in admitting)

    def can(self, role: str, database: str) -> set[str]:
        groups = self.groups(role)
        given = self.rights.get(database, {})
        rights = {right for group in {*groups, "PUBLIC"} for right in given.get(group, ())}
        rights |= {"OWNER"} if self.owners[database] in groups else set()
        known = groups <= self.roles.keys() and not any(self.roles[role].get(one) for one in POWERS)
        return rights if known else rights | {"POWER"}

    def account(self, role: str) -> Account:
        reached = [database for database in self.owners if self.admits(role, database)]
        can = {database: self.can(role, database) for database in reached}
        rights = set[str]().union(*can.values())
        owns = "OWNER" in rights
        trusted = OWNERS in self.groups(role) and not owns
        groups = [
            self.words[one] for one in listed(self.roles[role].get("inRoles")) if one in self.words
        ]
        grants = {
            "groups": sorted_words(set(groups)),
            "tables": sorted_words(rights & TABLE_RIGHTS.keys()),
            "connections": sorted_words([self.roles[role].get("connectionLimit", "")]),
            "session": self.session(role, reached),
        }
        how = even(level(one, POSTGRES) for one in can.values())
        return Account(
            "beyond" if trusted else how,
            {"databases": frozenset([*reached, ALL] if self.is_admitted_to_all(role) else reached)},
            None if owns else present(grants),
        )

    def session(self, role: str, reached: list[str]) -> tuple[str, ...]:
        """Return the settings of the role's sessions, the same in each database that it reaches."""
        settings = self.sessions.get(role, {})
        known = {settings.get(database, UNEVEN) for database in reached} if settings else set[str]()
        return sorted_words(one.replace(";", " ") for one in known)


def is_meant(field: str, name: str) -> bool:
    return field in {ALL, name, f'"{name}"'}


def postgres(folder: Path) -> Accounts:
    all_objects = list(objects(folder, "access.yaml", "cluster.yaml", "database-*.yaml"))
    (cluster,) = of_kind(all_objects, "Cluster")
    roles: dict[str, Json] = {}
    for role in of_kind(all_objects, "DatabaseRole"):
        # Two objects of one role would each give it what they say.
        known = roles.setdefault(role["name"], {**role, "inRoles": []})
        known["inRoles"] = [*known["inRoles"], *listed(role.get("inRoles"))]
    found = Cluster(
        roles,
        [FIELD.findall(rule) for rule in cluster["postgresql"]["pg_hba"]],
        {one["name"]: one["owner"] for one in of_kind(all_objects, "Database")},
    )
    scripts = next(one["data"] for one in all_objects if one["kind"] == "ConfigMap")
    granted = list(statements(scripts["grants.sql"]))
    for job in of_kind(all_objects, "CronJob"):
        read_job(found, job, granted)
    return {name: found.account(name) for name, role in roles.items() if role["login"]}


def statements(script: str) -> Iterator[tuple[set[str], set[str]]]:
    """Read the privileges that each statement grants, and the variables or roles that it names."""
    code = "\n".join(line for line in script.splitlines() if not line.strip().startswith("--"))
    for statement in STATEMENT.split(code):
        if granted := GRANT.search(statement):
            privileges = {word.strip() for word in granted[1].split(",")}
            names = RECIPIENT.findall(statement)
            yield privileges, {variable or role for variable, role in names}


def read_job(cluster: Cluster, job: Json, granted: list[tuple[set[str], set[str]]]) -> None:
    """Read one job: grants as the owner of its database, and settings as other accounts."""
    for container in job["jobTemplate"]["spec"]["template"]["spec"]["containers"]:
        env = {one["name"]: one.get("value") for one in container["env"]}
        given = [
            one.removeprefix("--set=") for one in container["command"] if one.startswith("--set=")
        ]
        names = dict(one.split("=", 1) for one in given)
        database = env["PGDATABASE"]
        if "settings" in names:
            cluster.sessions.setdefault(str(env["PGUSER"]), {})[str(database)] = names["settings"]
            continue
        cluster.words |= {group: word for word, group in names.items() if word != "ON_ERROR_STOP"}
        rights = cluster.rights.setdefault(database, {})
        for privileges, recipients in granted:
            for one in recipients:
                rights.setdefault(names.get(one, "PUBLIC"), set()).update(privileges)
