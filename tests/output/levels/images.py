"""Robots of a registry of images, read from what its job makes them of.

In: the folder of a component. Out: its robots by account.
Must not know the catalog: actions are those of Harbor
(https://github.com/goharbor/harbor/blob/v2.15.1/src/common/rbac/const.go).
"""

from pathlib import Path

from levels.account import Account, Accounts, level, objects, present, sorted_words

ACTIONS: dict[str, str] = {"pull": "read", "push": "write"}


def harbor(folder: Path) -> Accounts:
    (config,) = objects(folder, "accounts.yaml")
    found: Accounts = {}
    for line in config["data"]["accounts"].splitlines():
        name, project, actions = line.split()
        words = actions.split(",")
        found[name] = Account(
            level(words, ACTIONS),
            {"projects": frozenset({project})},
            present({"actions": sorted_words(words)}),
        )
    return found
