"""What a link takes with it: its own keys, account, edges and rows, and nothing of another link.

In: trees with and without the link, and what it gives where it is alone, but for the links that it
works with. Out: every breach.
Must not know how an account is granted, or how a key is named.
"""

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from levels.facts import Fact, facts
from levels.granted import BASE
from levels.sayings import METADATA, Sayings, in_metadata
from levels.stacks import GATEWAY, ROUTES, SIGNS_IN, Draft, Link
from output_checker import yaml_reading
from output_checker.places import ROOT

Files = dict[str, bytes]
Keys = dict[str, dict[str, str]]

# The interface of issuers.
CERTIFIES = "tls"
# The interfaces of those for whom a store of secrets keeps, and of where it has the values.
KEEPS = "secret_store"
VAULT = "vault"
# Documents of the whole stack are compared by their facts.
DOCUMENTS = {
    METADATA,
    "tools.lock.json",
    "docs/topology.md",
    "docs/tools.md",
    "docs/install.md",
    "docs/operations.md",
    "helmfile.yaml",
    ".stacktic/lock.json",
}
# In folders of others: closed lists of servers, what they tell of the stack, and the metadata
# that agents answer from.
COPIES = re.compile(
    r"^(k8s/deploy/base/[^/]+/config/(tools\.lock|topology|stack-metadata|stack-dna)\.json"
    r"|docs/skills/[^/]+/SKILL\.md|docs/mcp/[^/]+/bom\.cdx\.json)$"
)
APPLICATION = re.compile(r"^argocd/dev/applications/([^/]+)\.yaml$")
# Backups of some are made by an operator beside their own.
BRING_OPERATORS = {("cnpg", "s3")}
OPERATOR = re.compile(
    r"^(argocd/dev/(operators/[^/]+|kustomization|project)\.yaml|k8s/deploy/base/_operators/)"
)
# A page about the link alone.
PAGE = re.compile(r"^docs/(?:restore|build|open)/([^/]+)\.md$")
ANYWHERE = "egress [null,"
BUILD = Path("k8s/build/base")
OVERLAY = BASE.parent / "overlays" / "dev"
DASHBOARDS = re.compile(rf"^{BASE}/[^/]+/values-dashboards\.yaml$")
# How servers are reached: told where gateways publish them, and where callers sign in.
CLIENTS = re.compile(r"^docs/(clients|mcp)/")
# The user of Valkey for those without an account: also a word of other files.
UNMADE = "default"
# A values file that a hook makes of links: an Application lists those that there are.
VALUES = re.compile(r"^\s*- ['\"]?\$values/\S+/values-[a-z-]+\.yaml['\"]?$")
# A component whose overlay comes or goes with a fact of its link is built from another folder.
FOLDER = re.compile(r"^\s*(path: \S+/|- (\.\./\.\./base/)?)(?P<name>[a-z0-9-]+)$")
WAVE = re.compile(r'^\s*argocd\.argoproj\.io/sync-wave: "-?\d+"$')


@dataclass(frozen=True)
class Tree:
    """The facts of a tree, its files, and what its metadata says of links."""

    facts: set[Fact]
    files: Files
    links: Sayings

    @classmethod
    def read(cls, out: Path) -> "Tree":
        paths = [path for path in out.rglob("*") if path.is_file()]
        files = {path.relative_to(out).as_posix(): path.read_bytes() for path in paths}
        return cls(facts(out), files, in_metadata(out))


@dataclass(frozen=True)
class Own:
    """What a link gives, and what stands in its place where it is not there."""

    gives: set[Fact]
    replaces: set[Fact]


def bound(draft: Draft, link: Link) -> list[Link]:
    """Return the other links that say with it what follows.

    An issuer's link tells those who connect what to trust, and each of theirs which one it is.
    """
    others = [one for one in draft.links if one is not link]
    if link.kind.interface == CERTIFIES:
        return [one for one in others if one.target == link.source]
    return [one for one in others if one.kind.interface == CERTIFIES and one.source == link.target]


def always() -> set[str]:
    """Keys that a component has once, as soon as any link gives it a secret."""
    found: set[str] = set()
    for path in (ROOT / "link-types" / "conventions").glob("*.yaml"):
        found |= set(yaml_reading.read_file(path).get("always") or {})
    return found


def fixed(interface: str) -> set[str]:
    """Keys that links of an interface to one server have in common: their names say of none."""
    whole = yaml_reading.read_file(ROOT / "link-types" / "interfaces" / f"{interface}.yaml")
    conventions: dict[str, Keys] = whole.get("conventions") or {}
    said: list[Keys] = [whole.get("keys") or {}, *conventions.values()]
    return {name for keys in said for name in keys.get("fixed") or {} if "{" not in name}


def breaches(draft: Draft, link: Link, before: Tree, after: Tree, own: Own) -> list[str]:
    """Compare what is lost with what is the link's own."""
    others = [one for one in draft.links if one is not link]
    lost, gained = before.facts - after.facts, after.facts - before.facts
    # An account that loses its only tables to a link that goes is left with a lower level.
    came = sorted(
        fact
        for fact in gained - own.replaces
        if not (is_level(fact) and is_shared(fact, link, others, before.links))
    )
    found = [f"came: {fact}" for fact in came]
    absent = sorted(own.gives - before.facts)
    found += [
        f"never was: {fact}"
        for fact in absent
        if not (is_level(fact) and is_shared(fact, link, others, before.links))
    ]
    not_own = sorted(lost - own.gives)
    found += [f"not its own: {fact}" for fact in not_own if not follows(fact, link, others)]
    kept = sorted(own.gives & after.facts)
    found += [f"stayed: {fact}" for fact in kept if not is_shared(fact, link, others, before.links)]
    return found + files(draft, link, before, after)


def is_level(fact: Fact) -> bool:
    """Say whether it is the highest level of an account, which a link beside may raise.

    A writer of a database without tables writes to none.
    """
    return fact.kind == "account" and fact.text.split()[1] == "level"


def follows(fact: Fact, link: Link, others: list[Link]) -> bool:
    """Closed lists tell who consumes, watches and is reached: those of others lose its ends.

    People are sent to each gateway of whoever signs them in, and so is who signs them in.
    """
    if link.kind.interface in SIGNS_IN and fact.kind == "edge":
        routes = (one for one in others if ROUTES in one.kind.effects)
        gates = {one.source for one in routes if one.target == link.target}
        return fact.place in gates or any(f'"{gate}"' in fact.text for gate in gates)
    is_own = fact.place.startswith(f"{key_of(link)} ")
    return fact.kind == "scope" and (is_own or fact.text in {link.source, link.target, link.end})


def is_shared(fact: Fact, link: Link, others: list[Link], links: Sayings) -> bool:
    """Say whether a link that stays gives the same."""
    beside = [one for one in others if (one.source, one.target) == (link.source, link.target)]
    if fact.kind == "key" and fact.place == link.source:
        name = fact.text.split()[1].partition("=")[0]
        alike = [one for one in beside if one.kind.interface == link.kind.interface]
        is_of_all = bool(alike) and name in fixed(link.kind.interface)
        return bool(beside and link.kind.brings_tools) or name in always() or is_of_all
    if fact.kind in {"account", "key"}:
        principal = links[key_of(link)].principal
        # A document names an account without its provider, of which two may have one of that name.
        at_target = [one for one in others if fact.place in DOCUMENTS or one.target == link.target]
        return any(links[key_of(one)].principal == principal for one in at_target)
    # A way to no component in particular, such as the Kubernetes API, is there for links of a slot.
    if fact.kind == "edge" and fact.place == link.source and fact.text.startswith(ANYWHERE):
        alike = [one for one in others if one.source == link.source]
        return any(one.kind.interface == link.kind.interface for one in alike)
    if fact.kind == "scope":
        return bool([one for one in others if fact.text in {one.source, one.target, one.end}])
    return bool(beside)


def key_of(link: Link) -> str:
    return f"{link.arrow} {link.kind.name}"


def files(draft: Draft, link: Link, before: Tree, after: Tree) -> list[str]:
    """Changed files lie at the two ends, and no changed line of them is another link's.

    Whoever connects to what is certified verifies it, so that a link to an issuer has more ends.
    """
    found: list[str] = []
    beside = bound(draft, link) if link.kind.interface == CERTIFIES else []
    # The gateway of a draft verifies what it publishes as well.
    is_published = link.kind.interface == CERTIFIES and link.source in draft.signing()
    gates = {GATEWAY} if is_published else set[str]()
    own = [link, *beside]
    others = [one for one in draft.links if not any(one is mine for mine in own)]
    paths = before.files.keys() | after.files.keys()
    for path in sorted(paths):
        old, new = before.files.get(path, b""), after.files.get(path, b"")
        if old != new and path not in DOCUMENTS and not COPIES.match(path):
            found += [
                f"{path}: {one}"
                for one in in_file(own, path, changed(old, new), others, before.links, gates)
            ]
    return found


def changed(old: bytes, new: bytes) -> list[str]:
    """Return the lines that only one of the two has."""
    lines = [Counter(content.decode(errors="replace").splitlines()) for content in (old, new)]
    return [*(lines[0] - lines[1]), *(lines[1] - lines[0])]


def told_beside(link: Link, others: list[Link]) -> set[str]:
    """Return those beside its ends whose files say something of the link."""
    # Who signs people in is reached where it is published.
    if link.kind.interface in SIGNS_IN:
        routes = [one for one in others if one.target == link.target and ROUTES in one.kind.effects]
        return {GATEWAY} | {one.source for one in routes}
    # How to choose among the pods behind a Service is said once, where one gateway publishes it.
    if ROUTES in link.kind.effects:
        routes = [one for one in others if one.target == link.target and ROUTES in one.kind.effects]
        return {GATEWAY} | {one.source for one in routes}
    # A store says for whom it keeps, where its values are.
    if link.kind.interface == KEEPS:
        stores = [one for one in others if one.source == link.source]
        return {one.target for one in stores if one.kind.interface == VAULT}
    return set()


def in_file(
    own_links: list[Link],
    path: str,
    lines: list[str],
    others: list[Link],
    links: Sayings,
    gates: set[str],
) -> list[str]:
    link = own_links[0]
    names = gates | {name for one in own_links for name in (one.source, one.target)}
    names |= told_beside(link, others)
    if application := APPLICATION.match(path):
        synced = link.kind.interface == "deployed" and application[1] == link.target
        is_own = application[1] in names
        mine = [one for one in lines if is_own and (VALUES.match(one) or FOLDER.match(one))]
        told = [one for one in lines if not WAVE.match(one) and one not in mine]
        return [] if synced or not told else ["more than waves changed"]
    if path == f"{OVERLAY}/kustomization.yaml":
        told = [one for one in map(FOLDER.match, lines) if not one or one["name"] not in names]
        return ["more than its folders changed"] if told else []
    # What differs by environment lies in the overlay of each.
    folders = (BASE, OVERLAY, BUILD)
    ends = tuple(f"{folder}/{name}/" for name in sorted(names) for folder in folders)
    if path == "argocd/dev/project.yaml":
        ends = ("argocd/",) if link.kind.interface == "argocd_api" else ()
    if (link.kind.source, link.kind.interface) in BRING_OPERATORS and OPERATOR.match(path):
        return []
    if (page := PAGE.match(path)) and page[1] in {one.source for one in own_links}:
        return []
    # Grafana shows what its Prometheus scrapes.
    if link.kind.interface == "metrics" and DASHBOARDS.match(path):
        return []
    # By which address AI clients come, and how people sign in.
    if link.kind.interface in {"http", "oauth"} and CLIENTS.match(path):
        ends = ("docs/clients/", "docs/mcp/")
    if not path.startswith(ends) or not ends:
        return ["changed"]
    own = words_of(own_links, links)
    foreign = words_of(others, links) - own
    strange = [line for line in lines if names_one(line, foreign) and not names_one(line, own)]
    return [f"changed is {line.strip()}" for line in strange]


def words_of(some: list[Link], links: Sayings) -> set[str]:
    """What tells links apart in files: what the notes of policies call them, and accounts.

    Owners are called as their part, callers of an agent as their component, and whoever only pings
    as a user that nobody makes.
    """
    plain = {one.source for one in some} | {None, UNMADE}
    accounts = {links[key_of(one)].principal for one in some if one.level != "own"} - plain
    return {str(one) for one in accounts} | {f"link {one.source} -> {one.end}" for one in some}


def names_one(line: str, words: set[str]) -> bool:
    return any(re.search(rf"(?<![\w./-]){re.escape(word)}(?![\w./-])", line) for word in words)
