"""Laws over random stacks: a link has the same level and scope wherever they are told or granted.

In: the binary (STACKTIC_BIN), the catalog's legal links, a seeded source of chance.
Out: what documents and providers do not agree in; what else changes when a link comes or goes.
Must not know a template; which rights make a level is a fact of each backend (levels/).
"""

import random
import shutil
from collections import Counter
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import pytest

from levels import agreement, kinds, removal, runs
from levels.facts import Fact, facts
from levels.granted import BASE, PROVIDERS
from levels.kinds import Kind
from levels.runs import Run
from levels.sayings import GAINED, Sayings, in_metadata
from levels.stacks import Draft, Link, Maker
from output_checker.places import ROOT

STACKS = 70
SEED = 5
MOST_REFUSED = 3
# Links of each stack that are taken out and drawn again.
TAKEN = 2


@dataclass
class Stacks:
    """What was drawn: stacks with their trees, and why others cannot be."""

    legal: list[Kind]
    made: list[tuple[Draft, Run] | None]
    refused: Counter[str]

    def of(self, number: int) -> tuple[Draft, Run]:
        """Return one of them; where it was refused, the first that was not."""
        return self.made[number] or next(one for one in self.made if one)


@pytest.fixture(scope="module")
def stacks(binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Stacks:
    legal = kinds.legal(binary)
    maker = Maker(legal, kinds.forms(binary, legal), random.Random(SEED))
    folder = tmp_path_factory.mktemp("stacks")
    made: list[tuple[Draft, Run] | None] = []
    refused: Counter[str] = Counter()
    for number in range(STACKS):
        try:
            made.append(runs.settle(binary, folder / str(number), maker.stack()))
        except runs.RefusedError as reason:
            made.append(None)
            refused[str(reason)] += 1
    return Stacks(legal, made, refused)


def test_most_random_stacks_are_good(stacks: Stacks) -> None:
    assert stacks.refused.total() <= MOST_REFUSED, stacks.refused
    sizes = [len(made[0].links) for made in stacks.made if made]
    assert sum(sizes) >= 10 * len(sizes), sizes


def test_every_interface_is_met_at_each_of_its_levels(stacks: Stacks) -> None:
    """Where a provider makes accounts, each provider's."""
    every = {(kind.interface, level) for kind in stacks.legal for level in kind.levels}
    accounts = {
        (kind.target, kind.sub, level, kind.brings_tools)
        for kind in stacks.legal
        if kind.target in PROVIDERS and "account" in kind.effects
        for level in kind.levels
    }
    links = [link for made in stacks.made if made for link in made[0].links]
    assert every - {(link.kind.interface, link.level) for link in links} == set()
    met = {(link.kind.target, link.kind.sub, link.level, link.kind.brings_tools) for link in links}
    assert accounts - met == set()


def test_every_server_with_a_certificate_is_connected_to(stacks: Stacks) -> None:
    """So that what changes with an issuer is held to the laws of links, at both ends."""
    certified = {kind.source for kind in stacks.legal if kind.interface == removal.CERTIFIES}
    drafts = [made[0] for made in stacks.made if made]
    met = {
        link.kind.source
        for draft in drafts
        for link in draft.links
        if link.kind.interface == removal.CERTIFIES and removal.bound(draft, link)
    }
    assert certified - met == set()


def test_links_are_written_in_every_way(stacks: Stacks) -> None:
    links = [link for made in stacks.made if made for link in made[0].links]
    documents = [made[0].document()["links"] for made in stacks.made if made]
    assert any(isinstance(one["to"], list) for written in documents for one in written)
    assert {bool(link.env) for link in links} == {True, False}
    assert {bool(link.access) for link in links} == {True, False}
    assert any(link.by_word for link in links)
    connections = Counter(
        (id(made), link.source, link.target)
        for made in stacks.made
        if made
        for link in made[0].links
        if link.kind.brings_tools
    )
    assert max(connections.values()) > 1


@pytest.mark.parametrize("number", range(STACKS))
def test_documents_and_providers_say_the_same(stacks: Stacks, number: int) -> None:
    _, run = stacks.of(number)
    assert agreement.disagreements(run.out, run.report) == []


def its_own(binary: Path, folder: Path, draft: Draft, link: Link) -> removal.Own:
    """Return what the link gives, and what it replaces, beside those alone that it works with."""
    bound = removal.bound(draft, link)
    without = facts(runs.generate(binary, folder, draft.with_only(bound)).out)
    within = facts(runs.generate(binary, folder, draft.with_only([*bound, link])).out)
    return removal.Own(within - without, without - within)


@pytest.mark.parametrize("number", range(STACKS))
def test_a_link_comes_and_goes_with_what_is_its_own(
    binary: Path, tmp_path: Path, stacks: Stacks, number: int
) -> None:
    draft, run = stacks.of(number)
    folder, alone = run.out.parent, tmp_path / "alone"
    # The tree of a stack that stands for one that was refused was changed by its own test.
    before = removal.Tree.read(runs.generate(binary, folder, draft).out)
    for link in random.Random(number).sample(draft.links, min(TAKEN, len(draft.links))):
        own = its_own(binary, alone, draft, link)
        after = removal.Tree.read(runs.generate(binary, folder, draft.without(link)).out)
        assert own.gives, f"{link.arrow} gives nothing"
        assert removal.breaches(draft, link, before, after, own) == [], link.arrow
        again = removal.Tree.read(runs.generate(binary, folder, draft).out)
        assert again == before, link.arrow


# One place says something else than the others: a document, or what a provider is told.
OTHERWISE = (
    ("stack-metadata.json", '"access": "read"', '"access": "probe"'),
    ("docs/topology.md", "| read |", "| write |"),
    ("docs/topology.md", "prefixes `app:`", "prefixes `app:`, `adm:`"),
    ("docs/topology.md", "get consume purge publish", "get consume publish"),
    ("tools.lock.json", '"access": "read"', '"access": "probe"'),
    ("docs/tools.md", "| Level | read |", "| Level | write |"),
    ("tools.lock.json", '"app_db"', '"other_db"'),
    (f"{BASE}/kafka/user-fastapi-kafka-orders.yaml", '"Read","Write"', '"Read","Write","Alter"'),
    (f"{BASE}/rabbitmq/user-fastapi-rabbitmq-jobs.yaml", '"^jobs$"', '"^(jobs|others)$"'),
    (f"{BASE}/clickhouse/clickhouse.yaml", "SELECT ON analytics.*", "INSERT ON analytics.*"),
    (f"{BASE}/valkey/values.yaml", "+ping +@read", "+ping +@dangerous +@read"),
    (f"{BASE}/cnpg/access.yaml", "- stacktic_readers_app-db", "- stacktic_writers_app-db"),
    (f"{BASE}/cnpg/cluster.yaml", '"keycloak_db" "keycloak"', '"app_db" "keycloak"'),
    (f"{BASE}/cnpg/cluster.yaml", '"app_db" "mcp_ro_fastmcp_cnpg"', 'all "mcp_ro_fastmcp_cnpg"'),
    (f"{BASE}/cnpg/cluster.yaml", '"app_db" "mcp_ro_fastmcp_cnpg"', '"all" "mcp_ro_fastmcp_cnpg"'),
    (f"{BASE}/cnpg/cluster.yaml", "- host all all all reject", '- host all "app_user" all trust'),
    (f"{BASE}/seaweedfs/identities.yaml", '"List:app-data"', '"Admin:app-data"'),
    (
        "argocd/dev/project.yaml",
        "applications, get, stack-3.dev/*",
        "applications, sync, stack-3.dev/*",
    ),
    ("argocd/dev/project.yaml", "get, stack-3.dev/*", "get, stack-3.dev/kafka"),
)


@pytest.mark.parametrize(("place", "told", "other"), OTHERWISE)
def test_one_place_that_says_something_else_is_noticed(
    tmp_path: Path, place: str, told: str, other: str
) -> None:
    out = tmp_path / "out"
    shutil.copytree(ROOT / "generated-example" / "out", out)
    assert agreement.disagreements(out, None) == []
    text = (out / place).read_text(encoding="utf-8")
    assert told in text
    (out / place).write_text(text.replace(told, other, 1), encoding="utf-8")
    assert agreement.disagreements(out, None), place


def test_an_access_diff_that_says_something_else_is_noticed(stacks: Stacks) -> None:
    planted = 0
    for _, run in (one for one in stacks.made if one):
        told = [change for change in run.report["access"] if GAINED.match(change["text"])]
        told = [change for change in told if not change["text"].startswith("write: ")]
        # Two links of the same ends may be told in the same words.
        ends = Counter(change["text"].partition(":")[0] for change in told)
        told = [change for change in told if ends[change["text"].partition(":")[0]] == 1]
        for change in told[:1]:
            others = [one for one in run.report["access"] if one is not change]
            other = "probe" if "level own" in change["text"] else "own"
            raised = {**change, "text": f"{change['text']}, level {other}"}
            for access in (others, [*others, raised]):
                assert agreement.disagreements(run.out, {**run.report, "access": access})
                planted += 1
    assert planted >= STACKS


def lone_account(draft: Draft, links: Sayings) -> Link | None:
    """The first link with an account of its own that is the only one between its ends."""

    def account(link: Link) -> tuple[str, str | None]:
        return link.target, links[removal.key_of(link)].principal

    ends = Counter((link.source, link.target) for link in draft.links)
    accounts = Counter(account(link) for link in draft.links)
    single = (link for link in draft.links if ends[link.source, link.target] == 1)
    own = (link for link in single if accounts[account(link)] == 1)
    return next((link for link in own if "account" in link.kind.effects), None)


def test_what_a_link_leaves_behind_is_noticed(binary: Path, tmp_path: Path, stacks: Stacks) -> None:
    """Each trace of it in turn stays, goes of another or comes; a file of nobody changes."""
    kinds_seen: set[str] = set()
    made = filter(None, stacks.made)
    found = ((draft, run, lone_account(draft, in_metadata(run.out))) for draft, run in made)
    for draft, run, link in islice((one for one in found if one[2]), 4):
        assert link
        before = removal.Tree.read(run.out)
        own = its_own(binary, tmp_path / "alone", draft, link)
        after = removal.Tree.read(runs.generate(binary, tmp_path / "less", draft.without(link)).out)
        lost = {fact for fact in before.facts - after.facts if fact.kind != "scope"}
        kept = next(fact for fact in sorted(after.facts - own.gives) if fact.kind == "edge")
        come = Fact("edge", link.target, "ingress from everywhere")
        planted = [after.facts - {kept}, after.facts | {come}]
        planted += [after.facts | {fact} for fact in lost]
        for one in planted:
            tree = removal.Tree(one, after.files, after.links)
            assert removal.breaches(draft, link, before, tree, own), (link.arrow, one ^ after.facts)
        beside = {**after.files, f"{BASE}/nobody/values.yaml": b"left: behind"}
        tree = removal.Tree(after.facts, beside, after.links)
        assert removal.breaches(draft, link, before, tree, own), link.arrow
        kinds_seen |= {fact.kind for fact in lost}
    assert kinds_seen >= {"account", "key", "edge"}, kinds_seen
