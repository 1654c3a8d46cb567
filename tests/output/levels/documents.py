"""Accounts of MongoDB, Neo4j and Cassandra, read from what an operator or a job is given.

In: the folder of a component. Out: its accounts by principal.
Must not know the catalog: roles are read by what MongoDB lets them do.
"""

import re
from pathlib import Path

from levels.account import (
    Account,
    Accounts,
    Json,
    even,
    level,
    objects,
    of_kind,
    present,
    sorted_words,
)

# https://www.mongodb.com/docs/manual/reference/built-in-roles/ and .../privilege-actions/
BUILT_IN = {"read": "read", "readWrite": "own", "dbAdmin": "own"}
ACTIONS = {"find": "read", "insert": "write", "update": "write", "remove": "write"}
# Every collection of a database but those of the system.
ALL = ""
ELSEWHERE = "elsewhere"
GIVES = re.compile(r'^ *(\S+)\) give (\S+) "([^"]*)" ;;$', re.MULTILINE)
# https://cassandra.apache.org/doc/latest/cassandra/developing/cql/security.html
PERMISSIONS = {
    "SELECT": "read",
    "MODIFY": "write",
    **dict.fromkeys(("CREATE", "ALTER", "DROP"), "own"),
}
# Users that the job of Neo4j does not drop; https://neo4j.com/docs/operations-manual/5/introduction/
KEPT = re.compile(r"^ *(app_\S+)\) ;;$", re.MULTILINE)


def mongodb(folder: Path) -> Accounts:
    (cluster,) = of_kind(list(objects(folder, "mongodb.yaml")), "PerconaServerMongoDB")
    roles: dict[tuple[str, str], set[str]] = {}
    for role in cluster["roles"]:
        roles[role["role"], role["db"]] = set(actions_of(role))
    return {user["name"]: mongodb_user(user, roles) for user in cluster["users"]}


def actions_of(role: Json) -> list[str]:
    """Return what a role may do in its own database; what it may elsewhere is an action of none."""
    own = {"db": role["db"], "collection": ALL}
    found = [
        action if privilege["resource"] == own else ELSEWHERE
        for privilege in role["privileges"]
        for action in privilege["actions"]
    ]
    return [*found, ELSEWHERE] if role.get("roles") else found


def mongodb_user(user: Json, roles: dict[tuple[str, str], set[str]]) -> Account:
    built_in: dict[str, set[str]] = {}
    actions: dict[str, set[str]] = {}
    for role in user["roles"]:
        name, database = role["name"], role["db"]
        built_in.setdefault(database, set())
        own = roles.get((name, database))
        if own is None:
            built_in[database].add(name)
        else:
            actions.setdefault(database, set()).update(own)
    meanings = BUILT_IN | ACTIONS
    levels = [
        level(names | actions.get(database, set()), meanings)
        for database, names in built_in.items()
    ]
    grants = {
        "roles": sorted_words(set[str]().union(*built_in.values())),
        "actions": sorted_words(set[str]().union(*actions.values())),
    }
    return Account(even(levels), {"databases": frozenset(built_in)}, present(grants))


def neo4j(folder: Path) -> Accounts:
    """The Community Edition has no roles: who is a user may do everything."""
    (data,) = (one["data"] for one in objects(folder, "users.yaml"))
    everything = present({"privileges": sorted_words(["everything"])})
    return {user: Account("own", {}, everything) for user in KEPT.findall(data["users.sh"])}


def cassandra(folder: Path) -> Accounts:
    """Read what each role is given in its keyspace."""
    (data,) = (one["data"] for one in objects(folder, "roles.yaml"))
    return {
        role: Account(
            level(words.split(), PERMISSIONS),
            {"keyspaces": frozenset({keyspace})},
            present({"permissions": sorted_words(words.split())}),
        )
        for role, keyspace, words in GIVES.findall(data["roles.sh"])
    }
