"""Accounts of Kafka, RabbitMQ, SeaweedFS and Argo CD, read from what these are given.

In: the folder of a component. Out: its accounts by principal.
Must not know the catalog: ACLs, permissions and policies are read by the grammar of each service.
"""

import json
import re
from pathlib import Path

from levels.account import (
    Account,
    Accounts,
    Json,
    env_lines,
    even,
    level,
    listed,
    objects,
    present,
    secret_files,
    sorted_words,
)
from levels.sayings import words

# --- Kafka: https://kafka.apache.org/documentation/#operations_in_kafka

KAFKA = {"Describe": "probe", "DescribeConfigs": "probe", "Read": "read", "Write": "write"}


def kafka(folder: Path) -> Accounts:
    users = [
        one for one in objects(folder, "user-*.yaml", "kafka.yaml") if one["kind"] == "KafkaUser"
    ]
    return {user["metadata"]["name"]: kafka_user(user["spec"]) for user in users}


def kafka_user(spec: Json) -> Account:
    can: dict[str, dict[str, set[str]]] = {}
    for acl in spec["authorization"]["acls"]:
        resource = acl["resource"]
        name = resource.get("name", "")
        name += "*" if resource.get("patternType") == "prefix" else ""
        can.setdefault(resource["type"], {}).setdefault(name, set()).update(acl["operations"])
    topics, groups = can.pop("topic", {}), can.pop("group", {})
    joined = {name for name, rights in groups.items() if rights - {"Describe"}}
    how = even(level(rights, KAFKA) for rights in topics.values())
    grants = {
        "topic": sorted_words(set[str]().union(*topics.values())),
        "group": sorted_words(set[str]().union(*(groups[name] for name in joined))),
        "groups": sorted_words(joined),
        "all_groups": sorted_words(groups.get("*", ())),
        "quotas": words(spec.get("quotas") or {}),
    }
    beyond = (
        can
        or "*" in joined
        or level(set[str]().union(*groups.values()), KAFKA) not in {"none", "probe", "read"}
    )
    return Account("beyond" if beyond else how, {"topics": frozenset(topics)}, present(grants))


# --- RabbitMQ: https://www.rabbitmq.com/docs/access-control

# A user who watches sees the names of every queue and exchange of the hosts that it may enter.
WATCHES = {"monitoring"}
# What a permission comes to, among what clients of the stack ask for.
GET = ("get", "consume", "purge")
PUBLISH = ("publish",)
# The exchange of a queue leads to that queue alone.
TO_QUEUE = "queue."
UNDECLARED = ("amq.default", "amq.topic", "queue.other", "other", "")


def rabbitmq(folder: Path) -> Accounts:
    all_objects = list(objects(folder, "user-*.yaml", "queue-*.yaml", "exchange-*.yaml"))
    files = secret_files(folder)
    permissions: dict[str, list[Json]] = {}
    for one in all_objects:
        if one["kind"] == "Permission":
            user = one["spec"]["userReference"]["name"]
            permissions.setdefault(user, []).append(one["spec"]["permissions"])
    names = {
        kind: [one["spec"]["name"] for one in all_objects if one["kind"] == kind]
        for kind in ("Queue", "Exchange")
    }
    found: Accounts = {}
    for user in (one for one in all_objects if one["kind"] == "User"):
        secret = files[user["spec"]["importCredentialsSecret"]["name"]]
        rules = permissions.pop(user["metadata"]["name"], [])
        found[env_lines(secret)["username"]] = rabbitmq_user(user["spec"], rules, names)
    assert not permissions, f"{folder}: permissions of nobody: {permissions}"
    return found


def rabbitmq_user(spec: Json, rules: list[Json], names: dict[str, list[str]]) -> Account:
    def matched(right: str, candidates: list[str]) -> set[str]:
        near = [name + more for name in candidates for more in ("", "2")]
        tried = {*near, *UNDECLARED}
        return {name for name in tried if any(re.search(one[right], name) for one in rules)} - {""}

    tags = set(spec.get("tags") or [])
    reads, writes = matched("read", names["Queue"]), matched("write", names["Exchange"])
    declares = matched("configure", [*names["Queue"], *names["Exchange"]])
    to_queues = {name.removeprefix(TO_QUEUE) for name in writes if name.startswith(TO_QUEUE)}
    exchanges = {name for name in writes if not name.startswith(TO_QUEUE)}
    watches = bool(tags & WATCHES)
    queues = reads | to_queues | set(names["Queue"] if watches else [])
    seen = (
        {name for name in names["Exchange"] if not name.startswith(TO_QUEUE)}
        if watches
        else set[str]()
    )
    grants = {
        "tags": sorted_words(tags),
        "limits": words(spec.get("limits") or {}),
        "read": sorted_words({one for rule in rules for one in alternatives(rule["read"])}),
        "write": sorted_words({one for rule in rules for one in alternatives(rule["write"])}),
    }
    grants["may"] = sorted_words(
        [*(GET if matched("read", names["Queue"]) else ()), *(PUBLISH if writes else ())]
    )
    can = "write" if writes else "read" if reads or watches else "none"
    return Account(
        "beyond" if declares or tags - WATCHES else can,
        {"queues": frozenset(queues), "exchanges": frozenset(exchanges | seen)},
        present(grants),
    )


def alternatives(pattern: str) -> list[str]:
    """Return the names of `^a$` and of `^(a|b)$`; `^$` is none."""
    inner = pattern.removeprefix("^").removesuffix("$")
    inner = inner[1:-1] if inner.startswith("(") else inner
    return list(filter(None, inner.split("|")))


# --- SeaweedFS: https://github.com/seaweedfs/seaweedfs/wiki/Amazon-S3-API

# What the gateway of 4.44 asks for Write and no more (weed/s3api/s3api_server.go).
SETTINGS = ("cors", "lifecycle", "versioning", "object-lock", "retention", "legal-hold")
SEAWEEDFS = {"Read": "read", "List": "read", "Write": "write"}


def seaweedfs(folder: Path) -> Accounts:
    (config,) = objects(folder, "identities.yaml")
    identities = json.loads(config["data"]["s3.json"])["identities"]
    return {one["name"]: identity(one["actions"]) for one in identities}


def identity(actions: list[str]) -> Account:
    can: dict[str, set[str]] = {}
    for action in actions:
        right, colon, bucket = action.partition(":")
        can.setdefault(bucket if colon else "*", set()).add(right)
    how = even(level(rights, SEAWEEDFS) for rights in can.values())
    rights = set[str]().union(*can.values())
    settings = SETTINGS if "Write" in rights else ()
    grants = {"actions": sorted_words(rights), "settings": sorted_words(settings)}
    return Account(how, {"buckets": frozenset(can)}, present(grants))


# --- Argo CD: https://argo-cd.readthedocs.io/en/stable/operator-manual/rbac/

ARGO_CD = {"get": "read", "sync": "write"}
POLICY = re.compile(r"^p, proj:([\w.-]+):([\w.-]+), (\w+), (\w+), (\S+), allow$")


def argo_cd(folder: Path) -> Accounts:
    """Read the roles of the project; `folder` is that of the Applications of an environment."""
    (project,) = objects(folder, "project.yaml")
    name = project["metadata"]["name"]
    apps = {
        one["metadata"]["name"].removeprefix(f"{name}.")
        for one in objects(folder, "applications/*.yaml")
    }
    return {
        role["name"]: role_of(role, name, apps) for role in listed(project["spec"].get("roles"))
    }


def role_of(role: Json, project: str, apps: set[str]) -> Account:
    can: dict[str, set[str]] = {}
    granted: list[str] = []
    stack = project.removesuffix(".dev")
    for policy in role["policies"]:
        found = POLICY.match(policy)
        whole = found and (found[1], found[2], found[3]) == (project, role["name"], "applications")
        action, where = (found[4], found[5]) if found and whole else (policy, "*")
        can.setdefault(where, set()).add(action)
        granted += [action, where.replace(f"{stack}.dev/", f"{stack}.<environment>/")]
    named = {where.removeprefix(f"{project}/") for where in can}
    reached = {app for where in named for app in (apps if where == "*" else {where})}
    reached |= set() if all(where.startswith(f"{project}/") for where in can) else {"*"}
    how = even(level(rights, ARGO_CD) for rights in can.values())
    return Account(
        how, {"apps": frozenset(reached)}, present({"applications": sorted_words(granted)})
    )
