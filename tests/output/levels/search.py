"""Accounts of OpenSearch and Elasticsearch, read from what lays them out.

In: the folder of a component. Out: its accounts by principal.
Must not know the catalog: actions and privileges are read by what the servers let them do.
"""

import json
import re
from collections.abc import Iterable
from pathlib import Path

from levels.account import (
    Account,
    Accounts,
    Json,
    even,
    level,
    listed,
    objects,
    present,
    sorted_words,
)
from output_checker import yaml_reading

# https://docs.opensearch.org/latest/security/access-control/permissions/
OPENSEARCH_CLUSTER = {
    "cluster:monitor/main": "read",
    "cluster:monitor/health": "read",
    "indices:data/read/mget": "read",
    "indices:data/read/msearch": "read",
    "indices:data/read/scroll": "read",
    "indices:data/read/scroll/clear": "read",
    "indices:data/write/bulk": "write",
}
OPENSEARCH_INDEX = {
    "indices:data/read/*": "read",
    "indices:data/read/search": "read",
    "indices:data/read/get": "read",
    "indices:monitor/stats": "read",
    "indices:admin/get": "read",
    "indices:admin/mappings/get": "read",
    "indices:admin/mappings/fields/get*": "read",
    "indices:admin/resolve/index": "read",
    "indices:data/write/*": "write",
    "indices:admin/mapping/put": "write",
    "indices:admin/refresh*": "write",
    "indices:admin/*": "own",
    "indices:monitor/*": "own",
}
# https://www.elastic.co/docs/reference/elasticsearch/security-privileges
ELASTICSEARCH_CLUSTER = {"cluster:monitor/main": "read"}
ELASTICSEARCH_INDEX = {
    "read": "read",
    "view_index_metadata": "read",
    "write": "write",
    "indices:admin/refresh*": "write",
    "manage": "own",
}
ROLE = re.compile(r"^role\.(.+)\.json$")


def opensearch(folder: Path) -> Accounts:
    """Return the roles that the job lays out; a user has that of its own name alone."""
    (scripts,) = [one["data"] for one in objects(folder, "accounts.yaml")]
    return {
        found[1]: opensearch_role(json.loads(text))
        for name, text in scripts.items()
        if (found := ROLE.match(name))
    }


def opensearch_role(role: Json) -> Account:
    cluster = role["cluster_permissions"]
    strange = bool(role["tenant_permissions"])
    by_index = {
        index: set(one["allowed_actions"])
        for one in role["index_permissions"]
        for index in one["index_patterns"]
    }
    return account(cluster, by_index, (OPENSEARCH_CLUSTER, OPENSEARCH_INDEX), strange)


def elasticsearch(folder: Path) -> Accounts:
    """Return the roles of the file that the operator reads; a user has that of its own name."""
    (secret,) = objects(folder, "roles.yaml")
    (roles,) = yaml_reading.read_all(secret["stringData"]["roles.yml"])
    return {name: elasticsearch_role(role) for name, role in roles.items()}


def elasticsearch_role(role: Json) -> Account:
    by_index = {
        index: set(one["privileges"])
        for one in listed(role.get("indices"))
        for index in one["names"]
    }
    strange = bool(role.keys() - {"cluster", "indices"})
    meanings = (ELASTICSEARCH_CLUSTER, ELASTICSEARCH_INDEX)
    return account(role["cluster"], by_index, meanings, strange)


def account(
    cluster: Iterable[str],
    by_index: dict[str, set[str]],
    meanings: tuple[dict[str, str], dict[str, str]],
    strange: bool,
) -> Account:
    """Return the level of the rights on indices; those on the cluster may not be greater."""
    each = even(level(rights, meanings[1]) for rights in by_index.values())
    wider = level(cluster, meanings[0]) == "beyond" or strange
    grants = {
        "cluster": sorted_words(cluster),
        "index": sorted_words(set[str]().union(*by_index.values())),
    }
    return Account("beyond" if wider else each, {"indices": frozenset(by_index)}, present(grants))
