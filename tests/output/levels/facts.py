"""A generated tree as facts that belong to links: keys, accounts, edges, rows.

In: a generated tree. Out: a set of facts, each with its kind and its place.
Must not know which link a fact is of: trees with and without a link are compared.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from levels import sayings
from levels.account import env_lines, listed, objects
from levels.granted import BASE, accounts_of
from levels.sayings import LOCK, METADATA, TOOLS, TOPOLOGY, rows


class Fact(NamedTuple):
    """One thing that a tree says."""

    kind: str
    # Component, or the document.
    place: str
    text: str


def facts(out: Path) -> set[Fact]:
    return {*keys(out), *accounts(out), *edges(out), *documented(out), *scopes(out)}


def keys(out: Path) -> Iterator[Fact]:
    """Every plain key with its value, and every secret one."""
    for path in (out / BASE).glob("*/*/*.env"):
        for key, value in env_lines(path).items():
            yield Fact("key", path.parts[-3], f"{path.parts[-2]}/{path.name} {key}={value}")


def accounts(out: Path) -> Iterator[Fact]:
    for component in json.loads((out / METADATA).read_text())["components"]:
        for principal, account in accounts_of(out, component).items():
            lists = {**account.scope, **(account.grants or {})}
            words = [f"{key} {word}" for key, names in lists.items() for word in names]
            for word in (f"level {account.level}", *words):
                yield Fact("account", component["name"], f"{principal} {word}")


def edges(out: Path) -> Iterator[Fact]:
    """Every peer of every policy, with its ports."""
    for folder in sorted((out / BASE).iterdir()):
        for policy in objects(folder, "networkpolicy*.yaml"):
            spec = policy["spec"]
            for way, word in (("ingress", "from"), ("egress", "to")):
                for rule in listed(spec.get(way)):
                    for peer in listed(rule.get(word)) or [None]:
                        edge = json.dumps([peer, rule.get("ports")], sort_keys=True)
                        yield Fact("edge", folder.name, f"{way} {edge}")


def documented(out: Path) -> Iterator[Fact]:
    """The rows and arrows of links, without the closed lists that follow from other links.

    What an account is granted is a fact of the account, which links may share.
    """
    for document, said in (
        (METADATA, sayings.in_metadata(out)),
        (TOPOLOGY, sayings.in_topology(out)),
        (LOCK, sayings.in_lock(out)),
        (TOOLS, sayings.in_tools(out)),
    ):
        for name, one in said.items():
            keys = sorted(one.keys or ())
            yield Fact("row", document, f"{name} {one.level} {one.principal} {keys}")
            holder = one.principal or name
            for key, granted in (one.grants or {}).items():
                kind = "account" if one.principal else "row"
                for word in (key, *(f"{key} {word}" for word in granted)):
                    yield Fact(kind, document, f"{holder} {word}")
    for start, end, level in sayings.drawn(out):
        yield Fact("row", TOPOLOGY, f"{start} {end} {level}")
    for server, lock in json.loads((out / LOCK).read_text())["servers"].items():
        for tool in lock["tools"]:
            for component in tool["link"]:
                yield Fact("row", LOCK, f"{server} {tool['name']} {component}")


def scopes(out: Path) -> Iterator[Fact]:
    """Closed lists, and who uses a part: both follow from other links as well."""
    for name, one in sayings.in_lock(out).items():
        for key, names in (one.scope or {}).items():
            for item in names:
                yield Fact("scope", f"{name} {key}", item)
    text = (out / TOPOLOGY).read_text().partition("## Sub-components")[2].partition("## Links")[0]
    for component, part, _, users in list(rows(text))[1:]:
        for user in filter(None, users.split(", ")):
            yield Fact("scope", f"{component}/{part} users", user)
