"""Accounts of query engines, read from the rules that these are given.

In: the folder of a component. Out: its accounts by principal.
Must not know the catalog: rules of Trino are read as its access control by files reads them, the
first that fits. https://trino.io/docs/current/security/file-system-access-control.html
"""

import json
import re
from pathlib import Path

from levels.account import ORDER, Account, Accounts, Json, even, level
from output_checker import yaml_reading

# What every account may look at beside its catalogs: how tables are called.
SYSTEM = "system"
SEEN = {"user", "catalog", "schema"}
RIGHTS = {"SELECT": "read", "INSERT": "write", "UPDATE": "write", "DELETE": "write"}
MODES = {"none": "none", "read-only": "read", "all": "own"}
# Nothing is owned, called, asked in another's name or seen of the engine itself.
EMPTY = ("schemas", "functions", "impersonation", "system_information")


def first(rules: list[Json], **what: str) -> Json:
    """Return the first rule that fits: one that names nothing of a kind fits all of it."""
    for rule in rules:
        if all(re.fullmatch(rule.get(kind, ".*"), what.get(kind, "")) for kind in SEEN):
            return rule
    return {}


def granted(mode: str, words: list[str]) -> str:
    """Return the lesser of what a catalog and its tables allow."""
    both = (MODES[mode], level(words, RIGHTS))
    return "beyond" if "beyond" in both else min(both, key=ORDER.index)


def limits(values: Json, rules: Json, user: str) -> dict[str, tuple[str, ...]]:
    """Return what holds the queries of a user: its group, and what its sessions begin with.

    https://trino.io/docs/current/admin/resource-groups.html
    """
    if "resourceGroups" not in values:
        return {}
    groups: Json = json.loads(values["resourceGroups"]["resourceGroupsConfig"])
    selector = first(groups["selectors"], user=user)
    (group,) = [one for one in groups["rootGroups"] if one["name"] == selector["group"]]
    if "user" not in selector:
        return {}
    defaults: list[Json] = json.loads(values["sessionProperties"]["sessionPropertiesConfig"])
    mine = [one for one in defaults if re.fullmatch(one["user"], user)]
    begun = {name: value for one in mine for name, value in one["sessionProperties"].items()}
    own = [rule for rule in rules["system_session_properties"] if rule.get("user") == user]
    let = {rule["property"] for rule in own if rule["allow"]}
    assert let == begun.keys(), f"{user} sets {let}"
    assert own[-1] == {"user": user, "allow": False}, f"{user} sets more"
    pairs = [("property", name, "value", value) for name, value in begun.items()]
    return {
        "at_once": (str(group["hardConcurrencyLimit"]),),
        "waiting": (str(group["maxQueued"]),),
        "memory": (group["softMemoryLimit"],),
        "session": tuple(sorted(word for pair in pairs for word in pair)),
    }


def trino(folder: Path) -> Accounts:
    values: Json = yaml_reading.read_file(folder / "values.yaml")
    rules: Json = json.loads(values["accessControl"]["rules"]["rules.json"])
    assert all(rules[kind] == [] for kind in EMPTY), f"{folder}: somebody is let do more"
    assert rules["queries"] == [{"allow": ["execute"]}], f"{folder}: queries of others are seen"
    named: list[Json] = [rule for rule in rules["catalogs"] if "user" in rule]
    reached: dict[str, list[str]] = {}
    for rule in named:
        names = reached.setdefault(rule["user"], [])
        names.extend([rule["catalog"]] if rule["catalog"] != SYSTEM else [])
    found: Accounts = {}
    for user, catalogs in reached.items():
        modes = {
            name: first(rules["catalogs"], user=user, catalog=name)["allow"] for name in catalogs
        }
        rights = {
            name: first(rules["tables"], user=user, catalog=name, schema="any")["privileges"]
            for name in catalogs
        }
        levels = [granted(modes[name], rights[name]) for name in catalogs]
        found[user] = Account(
            even(levels),
            {"catalogs": frozenset(catalogs)},
            {
                "catalog": tuple(sorted(set(modes.values()))),
                "tables": tuple(sorted({word for words in rights.values() for word in words})),
                **limits(values, rules, user),
            },
        )
        assert first(rules["catalogs"], user=user, catalog="another")["allow"] == "none"
    return found
