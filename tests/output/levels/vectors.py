"""Accounts of vector stores, read from what their jobs are given.

In: the folder of a component. Out: its accounts by principal.
Must not know the catalog: which action makes which level is a fact of the store,
https://docs.weaviate.io/weaviate/configuration/rbac, https://milvus.io/docs/grant_privileges.md
"""

import json
import re
from pathlib import Path

from levels.account import Account, Accounts, Json, even, level, objects, present, sorted_words

GIVES = re.compile(r"^give (\S+) (\S+)$", re.MULTILINE)
WEAVIATE = {
    "read_collections": "read",
    "read_data": "read",
    **dict.fromkeys(("create_data", "update_data", "delete_data"), "write"),
    **dict.fromkeys(("create_collections", "update_collections", "delete_collections"), "own"),
}
# An action may be on all tenants and objects of the one collection.
EVERYTHING = {"collection", "tenant", "object"}
GIVES_IN_A_STEP = re.compile(r'^ *(\S+)\) give (\S+) (\S+) (\S+) "([^"]*)" ;;$', re.MULTILINE)
MILVUS = {
    "CollectionReadOnly": "read",
    **dict.fromkeys(("Insert", "Delete", "Upsert", "Flush"), "write"),
    "CollectionAdmin": "own",
}


def weaviate(folder: Path) -> Accounts:
    """Read the role of each user; one that is not called after its level is beyond all."""
    (data,) = (one["data"] for one in objects(folder, "collections.yaml"))
    return {
        user: role(json.loads(data[f"{user}.role"]), said)
        for user, said in GIVES.findall(data["collections.sh"])
    }


def role(permissions: list[Json], said: str) -> Account:
    rights: dict[str, set[str]] = {}
    grants: dict[str, list[str]] = {"collections": [], "data": []}
    for one in permissions:
        ((place, resource),) = ((key, value) for key, value in one.items() if key != "action")
        is_known = place in grants and resource.keys() <= EVERYTHING
        action = one["action"] if is_known else f"{one['action']} of {place}"
        grants.setdefault(place, []).append(one["action"])
        rights.setdefault(resource["collection"], set()).add(action)
    found = even(level(actions, WEAVIATE) for actions in rights.values())
    words = present({key: sorted_words(value) for key, value in grants.items()})
    return Account(found if found == said else "beyond", {"collections": frozenset(rights)}, words)


def milvus(folder: Path) -> Accounts:
    """Read what is given to each user in the step that has its name."""
    (data,) = (one["data"] for one in objects(folder, "collections.yaml"))
    found: Accounts = {}
    for step, user, said, collection, words in GIVES_IN_A_STEP.findall(data["collections.sh"]):
        meant = level(words.split(), MILVUS)
        is_own = step == user and meant == said and collection != "*"
        found[user] = Account(
            meant if is_own else "beyond",
            {"collections": frozenset({collection})},
            present({"privileges": sorted_words([words])}),
        )
    return found
