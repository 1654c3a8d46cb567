"""Accounts of MariaDB, read from what its operator is given.

In: the folder of a component. Out: its accounts by principal.
Must not know the catalog: grants are read by the grammar of the server, in which the name of a
database is a pattern, https://mariadb.com/docs/server/reference/sql-statements/account-management-sql-statements/grant
"""

import re
from pathlib import Path

from levels.account import Account, Accounts, even, level, objects, of_kind, present, sorted_words

READS = ("SELECT", "SHOW VIEW")
WRITES = ("INSERT", "UPDATE", "DELETE")
LAYOUT = (
    "CREATE", "ALTER", "DROP", "INDEX", "REFERENCES", "CREATE VIEW", "CREATE TEMPORARY TABLES",
    "LOCK TABLES", "TRIGGER", "CREATE ROUTINE", "ALTER ROUTINE", "EXECUTE", "EVENT",
)  # fmt: skip
MARIADB = {
    **dict.fromkeys(READS, "read"),
    **dict.fromkeys(WRITES, "write"),
    **dict.fromkeys(LAYOUT, "own"),
}
# Every other account may have as many connections as the component says.
OF_TOOLS = "mcp_ro_"
WILDCARD = re.compile(r"(?<!\\)[_%]")


def mariadb(folder: Path) -> Accounts:
    all_objects = list(objects(folder, "user-*.yaml"))
    can: dict[str, dict[str, set[str]]] = {
        user["name"]: {} for user in of_kind(all_objects, "User")
    }
    connections = {
        user["name"]: user["maxUserConnections"]
        for user in of_kind(all_objects, "User")
        if user["name"].startswith(OF_TOOLS)
    }
    for grant in of_kind(all_objects, "Grant"):
        rights = set(grant["privileges"])
        # Whoever hands on what they have, or has it beyond one database, is of no level.
        rights |= {"WITH GRANT OPTION"} if grant["grantOption"] or grant["table"] != "*" else set()
        can[grant["username"]].setdefault(meant(grant["database"]), set()).update(rights)
    return {name: account(databases, connections.get(name, "")) for name, databases in can.items()}


def meant(pattern: str) -> str:
    """Return the one database of that name; a pattern that others have as well stays one."""
    return pattern if WILDCARD.search(pattern) else re.sub(r"\\(.)", r"\1", pattern)


def account(databases: dict[str, set[str]], connections: int | str) -> Account:
    privileges = set[str]().union(*databases.values())
    return Account(
        even(level(rights, MARIADB) for rights in databases.values()),
        {"databases": frozenset(databases)},
        present(
            {
                "privileges": sorted_words(privileges),
                "connections": sorted_words([connections]),
            }
        ),
    )
