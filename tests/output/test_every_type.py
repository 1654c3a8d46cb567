"""Each type alone, and a stack of all types with a link of each kind, in both profiles.

In: the binary, the catalog's types and legal links. Out: no finding of the checker or of the
installer simulation, no change in a second run, edges that are those of the links, and
`docs/checked.md`, a table of what was looked at (UPDATE_GOLDEN=1 writes it).
Must not know a type by its name.
"""

import copy
import json
import os
import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

import built_stacks
from levels import everything, kinds, runs
from levels.kinds import Form, Kind
from levels.stacks import Draft
from output_checker import api_access_rules, edges, workload_rules, yaml_reading
from output_checker.build import build
from output_checker.crd_schemas import is_known
from output_checker.finding import Object, name_of
from output_checker.places import ROOT
from output_checker.tree_rules import check_tree, releases_of

CATALOG = ROOT / "catalog"
PAGE = ROOT / "docs" / "checked.md"
TYPES = sorted(path.parent.name for path in CATALOG.glob("*/component.yaml"))
ALL = "all types"
# A workload follows what it consumes by its scaler, and people are sent to the gateway of whoever
# signs them in: edges beside those of a link.
SCALES, SIGNS_IN = "autoscale", {"oidc", "oauth"}
ROLES = ("Role", "ClusterRole")
URL = re.compile(r"https?://(?:[^/@\s]*@)?([A-Za-z0-9._-]+)")
# Metadata names a page of each type, for people.
DOCS = re.compile(r"docs\W+https?://\S+")
# The name of a form, which nobody has to fetch.
FORM = re.compile(r"\$schema\W+https?://[^\s\"\\]+")
# Names without a dot are those of the same namespace.
INSIDE = re.compile(
    r"^[^.]+$|\.svc(\.cluster\.local)?$|(^|\.)example\.com$|^(localhost|127\.0\.0\.1|0\.0\.0\.0)$"
)
OUTSIDE = {
    # It signs certificates for people outside, where nobody else is named.
    "acme-v02.api.letsencrypt.org",
}
EXACT = re.compile(r"v?\d+(\.\d+)+([.+-][0-9A-Za-z.-]+)?")
HIDDEN = re.compile(r"password|secret|token|api_key|private", re.IGNORECASE)


@dataclass(frozen=True)
class Stack:
    """A generated stack, and the objects of its environments."""

    out: Path
    environments: dict[str, list[Object]]

    @property
    def metadata(self) -> Any:
        return json.loads((self.out / "stack-metadata.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def legal(binary: Path) -> list[Kind]:
    return kinds.legal(binary)


@pytest.fixture(scope="module")
def forms(binary: Path, legal: list[Kind]) -> dict[str, Form]:
    found = kinds.forms(binary, legal)
    assert sorted(found) == TYPES
    return found


@pytest.fixture(scope="module")
def stacks(
    binary: Path,
    tmp_path_factory: pytest.TempPathFactory,
    legal: list[Kind],
    forms: dict[str, Form],
) -> dict[str, Stack]:
    """What is generated of each type alone, and of all of them."""
    folder = tmp_path_factory.mktemp("types")
    drafts = {name: everything.alone(legal, forms, name) for name in TYPES}
    drafts[ALL], _ = runs.settle(binary, folder / "drawn", everything.everything(legal, forms))

    def stack(name: str, draft: Draft) -> Stack:
        place = folder / name.replace(" ", "_")
        place.mkdir()
        out = built_stacks.generated(binary, place, everything.in_both_profiles(draft))
        overlays = sorted((out / "k8s" / "deploy" / "overlays").iterdir())
        return Stack(out, {one.name: build(one) for one in overlays})

    with ThreadPoolExecutor() as pool:
        return dict(zip(drafts, pool.map(stack, drafts, drafts.values()), strict=True))


@pytest.mark.parametrize("name", [*TYPES, ALL])
def test_there_is_no_finding(binary: Path, stacks: dict[str, Stack], name: str) -> None:
    stack = stacks[name]
    assert list(stack.environments) == list(everything.ENVIRONMENTS)
    assert [str(finding) for finding in check_tree(stack.out)] == []
    again = [binary, "gen", "--check", stack.out.parent / "stack.yaml"]
    done = subprocess.run(again, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    simulated = [binary, "verify", stack.out, "--install", "-o", "json"]
    said = subprocess.run(simulated, capture_output=True, text=True, check=False)
    assert json.loads(said.stdout)["problems"] == []


@pytest.mark.parametrize("environment", everything.ENVIRONMENTS)
def test_open_edges_are_those_of_the_links(
    stacks: dict[str, Stack], legal: list[Kind], environment: str
) -> None:
    stack = stacks[ALL]
    overlay = stack.out / "k8s" / "deploy" / "overlays" / environment
    pods = edges.pods(stack.environments[environment], releases_of(overlay))
    assert [str(finding) for finding in edges.shared_pods(pods)] == []
    seen = edges.edges(pods)
    one_sided = {pair: ports - seen.opened[pair] for pair, ports in seen.half.items()}
    assert {pair: ports for pair, ports in one_sided.items() if ports} == {}
    opening = {kind.name for kind in legal if "network edge" in kind.effects}
    links = stack.metadata["links"]
    wanted = {(one["from"], one["to"]) for one in links if one["type"] in opening}
    there = {pair for pair, ports in seen.opened.items() if ports}
    assert wanted - there == set()
    assert there - wanted <= following(links)


def test_a_policy_that_says_something_else_is_noticed(stacks: dict[str, Stack]) -> None:
    stack = stacks[ALL]
    items = copy.deepcopy(stack.environments["dev"])
    releases = releases_of(stack.out / "k8s" / "deploy" / "overlays" / "dev")
    before = edges.edges(edges.pods(items, releases))
    policies = [item for item in items if item["kind"] == "NetworkPolicy"]
    sending = next(one for one in policies if one["metadata"]["name"] == "fastapi")
    # The first rule is of names.
    names, *lost = sending["spec"]["egress"]
    sending["spec"]["egress"] = [names]
    after = edges.edges(edges.pods(items, releases))
    gone = {pair for pair in before.opened if before.opened[pair] != after.opened[pair]}
    assert {source for source, _ in gone} == {"fastapi"}
    assert len(gone) > 1
    assert all(after.half[pair] for pair in gone)
    sending["spec"]["egress"] = [names, *({**rule, "ports": [{"port": 22}]} for rule in lost)]
    more = edges.edges(edges.pods(items, releases))
    assert {pair[0] for pair, ports in more.half.items() if 22 in ports} == {"fastapi"}


def test_nothing_in_the_tree_of_all_types_is_left_to_chance(stacks: dict[str, Stack]) -> None:
    stack = stacks[ALL]
    found: list[str] = []
    for item in stack.environments["ha"]:
        if item["kind"] in ROLES and any("*" in words for words in lists_of(item)):
            found.append(f"{name_of(item)} may do everything")
        if any("secretRef" in one for one in envs_of(item)):
            found.append(f"{name_of(item)} takes a whole Secret into its environment")
        found += [f"{name_of(item)} speaks to {host}" for host in hosts_outside(item)]
    overlay = stack.out / "k8s" / "deploy" / "overlays" / "ha"
    for release in releases_of(overlay):
        found += [f"{release.name} speaks to {host}" for host in hosts_outside(release.values)]
    assert found == []
    charts = [one for one in sources(stack.out / "argocd" / "ha") if "chart" in one]
    assert charts
    assert [one for one in charts if not EXACT.fullmatch(one["targetRevision"])] == []
    skeletons = (stack.out / "k8s" / "deploy").rglob("secret/*.env")
    filled = {
        key for path in skeletons for line in path.read_text("utf-8").splitlines()
        for key, _, value in [line.partition("=")] if value and not key.startswith("#")
        and HIDDEN.search(key)
    }  # fmt: skip
    assert filled == set()


def sources(folder: Path) -> Iterator[dict[str, Any]]:
    """What the Applications of an environment install."""
    for path in folder.rglob("*.yaml"):
        for item in yaml_reading.read_all(path.read_text("utf-8")):
            yield from item.get("spec", {}).get("sources") or []


def lists_of(role: Object) -> Iterator[list[str]]:
    rules: list[dict[str, list[str]]] = role.get("rules") or []
    for rule in rules:
        yield from rule.values()


def envs_of(item: Object) -> Iterator[dict[str, Any]]:
    if item["kind"] in api_access_rules.WORKLOADS:
        pod = workload_rules.pod_of(item)
        for container in [*pod.get("initContainers", []), *pod["containers"]]:
            yield from container.get("envFrom") or []


def hosts_outside(value: Any) -> Iterator[str]:
    """Hosts of URLs that are neither in the cluster nor below the domain of the stack."""
    for host in URL.findall(FORM.sub("", DOCS.sub("", json.dumps(value)))):
        name = host.strip(".").lower()
        if name not in OUTSIDE and not INSIDE.search(name):
            yield name


def following(links: list[dict[str, Any]]) -> set[tuple[str, str]]:
    """Edges that follow from two links together."""
    reached = {(one["from"], one["to"]) for one in links}
    scaled = {(one["to"], one["from"]) for one in links if one["interface"] == SCALES}
    signed = {(one["from"], one["to"]) for one in links if one["interface"] in SIGNS_IN}
    return {(scaler, end) for scaler, work in scaled for start, end in reached if start == work} | {
        (guest, gate) for guest, host in signed for gate, end in reached if end == host
    }


def test_what_was_looked_at_stands_in_the_docs(stacks: dict[str, Stack]) -> None:
    rows = [row(name, stack) for name, stack in stacks.items()]
    page = "".join(f"{line}\n" for line in [*HEAD, *rows, *TAIL, *map(place, PLACES)])
    if os.environ.get("UPDATE_GOLDEN"):
        PAGE.write_text(page, "utf-8")
    assert PAGE.read_text("utf-8") == page, "out of date: run this test with UPDATE_GOLDEN=1"


HEAD = [
    "# What was checked of each type",
    "",
    "`tests/output/test_every_type.py` makes this table and fails where it is out of date.",
    "Each row is a stack of one type alone, with its parts and no link; the last one has a",
    "component of every type and a link of each legal kind, but for those of which a component",
    "can have one. Each is generated for an environment of either profile, and of each row",
    "hold, with no finding:",
    "",
    "- `kubectl kustomize` builds every environment and every component by itself;",
    "- the schemas of Kubernetes, the schemas of the kinds of operators and their CEL rules;",
    "- keys and values of each chart, against what the chart reads and its own schema;",
    "- pods by Pod Security, requests, limits, probes and budgets, images by exact tags;",
    "- policies that deny by default, and the Kubernetes API for pods with rights alone;",
    "- the simulation of an installation, wave by wave (`stacktic verify --install`);",
    "- a second run that changes nothing.",
    "",
    "Of the stack of all types the open edges between components, by a simulator of policies",
    "over the labels of all pods, are those of its links: both sides open the same ports, and",
    "nobody opens another. It has no wildcard in a Role, no whole Secret in an environment, no",
    "chart without an exact version and no filled password, and speaks to no host outside.",
    "",
    "The first number is that of the lines of the entry, YAML and templates; `Custom` are those",
    "objects that operators take.",
    "",
    "| Stack | Lines | Components | Links | Files | Objects | with `ha` | Custom | Charts |",
    "|---|---|---|---|---|---|---|---|---|",
]


TAIL = [
    "",
    "What is known of links, by the place where it is said:",
    "",
    "| Place | Files | Lines |",
    "|---|---|---|",
]
PLACES = ("interfaces", "conventions", "pairs")


def lines_of(folder: Path) -> int:
    """Lines of YAML and templates of an entry, or of all of them."""
    found = [path for path in folder.rglob("*") if path.suffix in (".yaml", ".j2")]
    return sum(len(path.read_text("utf-8").splitlines()) for path in found)


def place(name: str) -> str:
    folder = ROOT / "link-types" / name
    files = [path for path in folder.rglob("*") if path.suffix in (".yaml", ".j2")]
    return f"| `link-types/{name}` | {len(files)} | {lines_of(folder)} |"


def row(name: str, stack: Stack) -> str:
    dev, ha = stack.environments.values()
    document = yaml.safe_load((stack.out.parent / "stack.yaml").read_text("utf-8"))
    charts = Counter(one.chart for one in releases_of(stack.out / "k8s/deploy/overlays/dev"))
    cells = [
        name if name == ALL else f"`{name}`",
        lines_of(CATALOG if name == ALL else CATALOG / name),
        len(document["components"]),
        len(stack.metadata["links"]),
        sum(1 for path in stack.out.rglob("*") if path.is_file()),
        len(dev),
        len(ha),
        sum(1 for item in ha if is_known(item)),
        charts.total(),
    ]
    return f"| {' | '.join(str(cell) for cell in cells)} |"
