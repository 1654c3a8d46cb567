"""Accounts of OpenBao, read from what its job writes into it.

In: the folder of a component. Out: its roles by name. Must not know the catalog.

A role is for the ServiceAccounts of its lists, with a token for its audience, and has the policies
of its own list alone: https://openbao.org/docs/api/auth/kubernetes/
"""

import json
import re
from pathlib import Path

from levels.account import Account, Accounts, Json, objects, present, sorted_words

RULE = re.compile(r'^path "([^"]+)" \{ capabilities = \[("[^\]]*")\] \}$')
# What a token may do about itself.
SELF = {
    "auth/token/lookup-self": "read",
    "auth/token/renew-self": "update",
    "auth/token/revoke-self": "update",
}
ENTRIES = re.compile(r"^([A-Za-z0-9_-]+)/data/(?:([A-Za-z0-9_/-]+)/)?\*$")
POLICY = ".hcl"
PREFIX = "link."


def openbao(folder: Path) -> Accounts:
    (config,) = (one["data"] for one in objects(folder, "setup.yaml"))
    names = [name.removesuffix(POLICY) for name in config if name.endswith(POLICY)]
    links = [name for name in names if name.startswith(PREFIX)]
    admitted = set(re.findall(r"^admit (\S+)$", config["setup.sh"], re.MULTILINE))
    assert admitted >= set(links)
    return {name: role(name, config) for name in links}


def role(name: str, config: Json) -> Account:
    binding = json.loads(config[f"{name}.json"])
    rights = policy(config[f"{name}{POLICY}"])
    reads = rights.keys() - SELF.keys()
    places = [ENTRIES.match(path) for path in reads]
    is_own = (
        binding["token_policies"] == [name]
        and binding["token_no_default_policy"] is True
        and bool(binding["audience"])
        and len(binding["bound_service_account_names"]) == 1
        and len(binding["bound_service_account_namespaces"]) == 1
        and all(places)
        and all(right == SELF.get(path, "read") for path, right in rights.items())
    )
    grants = {
        "reads": sorted_words(reads),
        "service_account": sorted_words(binding["bound_service_account_names"]),
        "namespace": sorted_words(binding["bound_service_account_namespaces"]),
    }
    found = [place.groups() for place in places if place]
    scope = {
        "mounts": frozenset(mount for mount, inside in found if not inside),
        "folders": frozenset(inside for _, inside in found if inside),
    }
    return Account("read" if is_own else "beyond", scope, present(grants))


def policy(text: str) -> dict[str, str]:
    """Return the right on each path; several on one are written as they stand."""
    rules = [RULE.match(line) for line in text.splitlines() if line and not line.startswith("#")]
    assert all(rules), text
    return {rule[1]: rule[2].replace('"', "") for rule in rules if rule}
