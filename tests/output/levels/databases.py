"""Accounts of ClickHouse and Valkey, read from what the operator and the chart are given.

In: the folder of a component. Out: its accounts by principal.
Must not know the catalog: grants and ACLs are read by the grammar of their servers.
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
from output_checker import yaml_reading

# --- ClickHouse: https://clickhouse.com/docs/sql-reference/statements/grant

LAYOUT = ("CREATE TABLE", "CREATE VIEW", "ALTER", "DROP TABLE", "DROP VIEW", "TRUNCATE", "OPTIMIZE")
CLICKHOUSE = {"SELECT": "read", "INSERT": "write", **dict.fromkeys(LAYOUT, "own")}
GRANTED = re.compile(r"^GRANT ([A-Z ,]+) ON (\S+)$")
# A table of one row that every user may read, so that none has all grants for having none.
ONE_ROW = "system.one"
SYSTEM = "system."


def clickhouse(folder: Path) -> Accounts:
    (server,) = of_kind(list(objects(folder, "clickhouse.yaml")), "ClickHouseInstallation")
    settings = server["configuration"]
    users: dict[str, Json] = {}
    for path, value in settings["users"].items():
        name, _, key = path.partition("/")
        users.setdefault(name, {})[key] = value
    return {name: clickhouse_user(user, settings["profiles"]) for name, user in users.items()}


def is_look(where: str, rights: set[str]) -> bool:
    return where.startswith(SYSTEM) and where != f"{SYSTEM}*" and rights == {"SELECT"}


def clickhouse_user(user: Json, profiles: Json) -> Account:
    can: dict[str, set[str]] = {}
    for line in user["grants/query"]:
        found = GRANTED.match(line)
        privileges = {one.strip() for one in found[1].split(",")} if found else {line}
        where = found[2] if found else "*.*"
        if (where, privileges) != (ONE_ROW, {"SELECT"}):
            can.setdefault(where, set()).update(privileges)
    # Beside its own, what the server says of them: rows of others are not shown to it.
    looks = {where for where, rights in can.items() if is_look(where, rights)}
    can = {where: rights for where, rights in can.items() if where not in looks}
    whole = {where[:-2]: rights for where, rights in can.items() if where.endswith(".*")}
    tables = {where: rights for where, rights in can.items() if not where.endswith(".*")}
    levels = [level(rights, CLICKHOUSE) for rights in can.values()]
    reader = profiles.get(f"{user['profile']}/readonly") in {"1", "2"}
    uneven = len({frozenset(one) for one in whole.values()}) > 1
    most = level({right for rights in can.values() for right in rights}, CLICKHOUSE)
    grants = {
        "profile": (user["profile"],),
        "quota": (user["quota"],),
        "databases": sorted_words(set[str]().union(*whole.values())),
        "tables": sorted_words(set[str]().union(*tables.values())),
        "system": sorted_words({where.removeprefix(SYSTEM) for where in looks}),
    }
    capped = "read" if reader and "beyond" not in levels else most
    return Account(
        even(["read", "write"]) if uneven else capped,
        {"databases": frozenset(whole), "tables": frozenset(tables)},
        present(grants),
    )


# --- Valkey: https://valkey.io/topics/acl/

READS = "@read dbsize exists get getrange hlen hmget hscan hstrlen llen lrange memory|usage mget"
MORE_READS = "pttl scan scard sscan strlen type xlen xrange zcard zrange"
WRITES = "@write set incr unlink del eval evalsha script|load publish @pubsub"
# No key is in reach of these.
PROBES = "ping info @connection @transaction multi exec"
VALKEY = {
    **dict.fromkeys(PROBES.split(), "probe"),
    **dict.fromkeys([*READS.split(), *MORE_READS.split()], "read"),
    **dict.fromkeys(WRITES.split(), "write"),
}
PATTERN = re.compile(r"^(%RW?~|%W~|~)(.*)$")
CHANNEL = "&"
CLOSED = ["resetkeys", "resetchannels", "-@all"]


def valkey(folder: Path) -> Accounts:
    values = yaml_reading.read_file(folder / "values.yaml")
    users = values["auth"]["aclUsers"].items()
    return {name: acl_user(user["permissions"].split()) for name, user in users}


def acl_user(rules: list[str]) -> Account:
    closed = rules[: len(CLOSED)] == CLOSED
    patterns = [found for rule in rules if (found := PATTERN.match(rule))]
    commands = [rule for rule in rules[len(CLOSED) :] if rule[0] in "+-"]
    taken = next((at for at, rule in enumerate(commands) if rule[0] == "-"), len(commands))
    allowed = [rule[1:] for rule in commands if rule[0] == "+"]
    strange = [
        rule for rule in rules[len(CLOSED) :] if rule[0] not in "+-&" and not PATTERN.match(rule)
    ]
    writes = any("R" not in found[1] or "W" in found[1] for found in patterns)
    fence = "none" if not patterns else "write" if writes else "read"
    might = level(allowed, VALKEY)
    can = min(might, fence, key=("none", "probe", "read", "write", "beyond").index)
    reach = [
        found[2].removesuffix("*") if found[2].endswith("*") else found[2] for found in patterns
    ]
    grants = {
        "allow": sorted_words(rule for rule in commands[:taken] if rule[0] == "+"),
        "deny": sorted_words(rule for rule in commands if rule[0] == "-"),
        "again": sorted_words(rule for rule in commands[taken:] if rule[0] == "+"),
        "keys": sorted_words({found[1] for found in patterns}),
        "channels": sorted_words(
            rule[1:].removesuffix("*") for rule in rules if rule.startswith(CHANNEL)
        ),
    }
    beyond = not closed or strange or might == "beyond"
    return Account(
        "beyond" if beyond else "probe" if fence == "none" else can,
        {"prefixes": frozenset(reach)},
        present(grants),
    )
