"""What the account of a link is said to do and to reach, beside what its provider is told.

In: a component of a generated tree, and what documents say of the links to it. Out: differences.
Must not know what the catalog says of a level.
"""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from levels import (
    databases,
    documents,
    engines,
    identity,
    images,
    mariadb,
    minio,
    models,
    nats,
    postgres,
    search,
    secrets,
    services,
    vectors,
)
from levels.account import Account, Accounts, Provider
from levels.sayings import LOCK, METADATA, TOPOLOGY, Json, Lists, Saying, Words
from output_checker import yaml_reading
from output_checker.places import ROOT

BASE = Path("k8s/deploy/base")

PROVIDERS: dict[str, Provider] = {
    "cnpg": postgres.postgres,
    "clickhouse": databases.clickhouse,
    "mongodb": documents.mongodb,
    "cassandra": documents.cassandra,
    "neo4j": documents.neo4j,
    "opensearch": search.opensearch,
    "elasticsearch": search.elasticsearch,
    "mariadb": mariadb.mariadb,
    "valkey": databases.valkey,
    "kafka": services.kafka,
    "rabbitmq": services.rabbitmq,
    "nats": nats.nats,
    "openbao": secrets.openbao,
    "seaweedfs": services.seaweedfs,
    "minio": minio.minio,
    "argo_cd": services.argo_cd,
    "harbor": images.harbor,
    "keycloak": identity.keycloak,
    "weaviate": vectors.weaviate,
    "milvus": vectors.milvus,
    "ollama": models.ollama,
    "litellm": models.litellm,
    "vllm": models.vllm,
    "trino": engines.trino,
}
# What a link may do stands in a token that people sign, and in nothing that is rendered.
SIGNED = {"qdrant"}
# Accounts that are there without a link: of a provider's own jobs, probes and administrators.
OWN = {
    "clickhouse": {"stacktic_backup", "stacktic_schema"},
    "mongodb": {"stacktic_exporter", "stacktic_upkeep"},
    "opensearch": {"stacktic_backup", "stacktic_exporter"},
    "elasticsearch": {"stacktic_backup", "stacktic_exporter", "stacktic_indices"},
    "valkey": {"admin", "default", "exporter"},
    "seaweedfs": {"nobody"},
    "nats": {"admin"},
    "weaviate": {"backup"},
}
# Kinds of parts that have an account each, whether or not a link ends there.
OWN_PARTS = {"vllm": "model"}
# What a link reaches, as parts of its target: the list, the type of the parts, their attribute.
REACH = {
    "postgres": [("databases", "database", "database")],
    "clickhouse": [("databases", "database", "database")],
    "mongodb": [("databases", "database", "database")],
    "cql": [("keyspaces", "keyspace", "keyspace")],
    "search": [("indices", "index", "index")],
    "mysql": [("databases", "database", "database")],
    "kafka": [("topics", "topic", "topic")],
    "kafka_bridge": [("topics", "topic", "topic")],
    "amqp": [("queues", "queue", "queue"), ("exchanges", "exchange", "exchange")],
    "rabbitmq_management": [("queues", "queue", "queue"), ("exchanges", "exchange", "exchange")],
    "nats": [("streams", "stream", "stream"), ("subjects", "subject", "subject")],
    "s3": [("buckets", "bucket", "bucket")],
    "keycloak_admin": [("realms", "realm", "realm")],
    "oci": [("projects", "project", "project")],
    "vector": [("collections", "collection", "collection")],
    "sql": [("catalogs", "catalog", "catalog")],
    "vault": [("mounts", "path", "path"), ("folders", "policy", "folder")],
}
# Interfaces whose accounts are rendered: the others have a credential that somebody else issues.
HELD = {*REACH, "redis", "argocd_api", "openai", "bolt"}


@dataclass
class Told:
    """One link of the metadata, and what each document says of it."""

    link: Json
    name: str
    by: dict[str, Saying]

    @property
    def saying(self) -> Saying:
        return self.by[METADATA]


def accounts_of(out: Path, component: Json) -> Accounts:
    """Return what the component, where it is a provider, is told of its accounts."""
    read = PROVIDERS.get(component["type"])
    folder = (
        out / "argocd" / "dev" if component["type"] == "argo_cd" else out / BASE / component["name"]
    )
    return read(folder) if read else {}


def at_provider(out: Path, component: Json, told: list[Told]) -> list[str]:
    """Compare every account of a component with the links that have it."""
    if component["type"] in SIGNED:
        return []
    accounts = accounts_of(out, component)
    by_principal: dict[str, list[Told]] = {}
    for one in told:
        if one.saying.principal and one.link["interface"] in HELD:
            by_principal.setdefault(one.saying.principal, []).append(one)
    strange = accounts.keys() - by_principal.keys() - own_accounts(component)
    found = [f"{component['name']}: the account {name} is of no link" for name in sorted(strange)]
    for principal, links in by_principal.items():
        account = accounts.get(principal)
        differences = at_account(account, component, links) if account else ["is not there"]
        found += [f"{links[0].name}: account {principal} {one}" for one in differences]
    return found


def own_accounts(component: Json) -> set[str]:
    """Return those that are there without a link: also the owners of databases."""
    attributes = [part["attributes"] for part in component["sub_components"]]
    owners = {str(one["username"]) for one in attributes if "username" in one}
    kind = OWN_PARTS.get(component["type"])
    parts_of_it = {
        one["name"].lower().replace("_", "-")
        for one in component["sub_components"]
        if one["type"] == kind
    }
    return OWN.get(component["type"], set[str]()) | owners | parts_of_it


def at_account(account: Account, component: Json, links: list[Told]) -> list[str]:
    """Compare an account with what its links together are said to have."""
    lists = [reach(one, component) for one in links]
    keys = {key for one in lists for key in one}
    scope: Lists = {
        key: frozenset(name for one in lists for name in one.get(key, ())) for key in keys
    }
    grants = together([one.by[TOPOLOGY].grants or {} for one in links])
    # Rights on tables of ClickHouse are granted on each that is declared, which may be none.
    has_no_table = not scope.get("tables") and "profile" in grants
    written = grants.pop("tables", ()) if has_no_table else ()
    found = [difference for one in links for difference in to_the_end(one, component)]
    found += compared_scope(scope, account) + compared_grants(grants, account)
    found += [
        f"reaches {key} {sorted(names)}, {TOPOLOGY} says {sorted(said)}"
        for one in links
        for key, names in scope.items()
        if one.saying.level != "probe"
        and (said := (one.by[TOPOLOGY].reaches or {}).get(key, frozenset())) != names
    ]
    found += [
        f"is {account.level}, said is {one.saying.level}"
        for one in links
        if account.level != one.saying.level and not written
    ]
    return found


def to_the_end(told: Told, component: Json) -> list[str]:
    """Compare the lists of the lock with the parts that the link ends at."""
    lists = told.by[LOCK].scope or {} if LOCK in told.by else {}
    return [
        f"ends at {key} {sorted(names)}, said is {sorted(lists.get(key, ()))}"
        for key, names in parts(told, component).items()
        if lists and lists.get(key, frozenset()) != names
    ]


def reach(told: Told, component: Json) -> Lists:
    """Return what a link is said to reach: its closed lists, or else the parts that it ends at."""
    if LOCK not in told.by:
        return parts(told, component)
    lists = told.by[LOCK].scope or {}
    # Groups are names to look at, not groups that the account joins.
    return {key: names for key, names in lists.items() if key != "groups"}


def narrowed(link: str) -> list[str]:
    """Return the prefixes that all links of a type have, where its pair says so."""
    pair = ROOT / "link-types" / "pairs" / link / "pair.yaml"
    said: Json = (yaml_reading.read_file(pair) or {}) if pair.is_file() else {}
    scope: Json = said.get("scope") or {}
    prefixes: dict[str, list[str]] = scope.get("prefixes") or {}
    return prefixes.get("values") or []


def parts(told: Told, component: Json) -> Lists:
    interface, end = told.link["interface"], told.link["sub_component"]
    if interface == "redis":
        prefixes = narrowed(told.link["type"]) or component["attributes"]["key_prefixes"].split(",")
        return {"prefixes": frozenset(prefixes)}
    return {
        key: frozenset(
            str(part["attributes"][attribute])
            for part in component["sub_components"]
            if part["type"] == kind and end in {None, part["name"]}
        )
        for key, kind, attribute in REACH.get(interface, [])
    }


def compared_scope(said: Lists, account: Account) -> list[str]:
    """Compare what is reached; a list that only narrows another, as tables do, may be empty."""
    if account.level == "probe":
        return [f"reaches {account.scope}"] if any(account.scope.values()) else []
    return [
        f"reaches {key} {sorted(names)}, said is {sorted(said.get(key, ()))}"
        for key, names in account.scope.items()
        if names != said.get(key, frozenset()) and (names or key != "tables")
    ]


def together(grants: list[Words]) -> Words:
    """Links that share an account have their lists together, each word as often as one says it."""
    found: dict[str, Counter[str]] = {}
    for said in grants:
        for key, names in said.items():
            found[key] = found.get(key, Counter()) | Counter(names)
    return {key: tuple(sorted(names.elements())) for key, names in found.items() if names}


def compared_grants(said: Words, account: Account) -> list[str]:
    if account.grants is None:
        return []
    return [
        f"is granted {key} {account.grants.get(key, ())}, said is {said.get(key, ())}"
        for key in sorted(said.keys() | account.grants.keys())
        if account.grants.get(key, ()) != said.get(key, ())
    ]
