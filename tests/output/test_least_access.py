"""Removing a link takes away exactly what the link gave.

In: the binary (STACKTIC_BIN, default target/release/stacktic) and generated-example/.
Out: the file trees before and after are compared, path by path and line by line.
Must not know templates; what a link adds is read from link-types/pairs/<name>/pair.yaml.
"""

import difflib
import json
import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from output_checker import yaml_reading
from output_checker.places import EXAMPLE, ROOT

BASE = "k8s/deploy/base"
MCP = f"{BASE}/fastmcp"
LOCK = ".stacktic/lock.json"
TARGETS = ("loki", "grafana", "clickhouse")
REMOVALS = [*((target,) for target in TARGETS), TARGETS]

# Summaries of the whole stack: they change with every link and are compared by content.
SUMMARIES = frozenset(
    (
        LOCK,
        "stack-metadata.json",
        "tools.lock.json",
        "docs/topology.md",
        "docs/tools.md",
        "docs/install.md",
        "docs/operations.md",
        "helmfile.yaml",
    )
)
# Files of the server that list what is linked.
LISTS = frozenset(
    f"{MCP}/{name}"
    for name in (
        "kustomization.yaml", "deployment.yaml", "networkpolicy.yaml", "config/topology.json",
        "config/tools.lock.json", "config/cloud.env", "secret/cloud.env",
    )
)  # fmt: skip

Tree = dict[str, bytes]


class Workplace:
    """A copy of the example, generated once."""

    def __init__(self, binary: Path, folder: Path) -> None:
        self.binary = binary
        self.folder = Path(shutil.copytree(EXAMPLE, folder / "example"))
        self.out = self.folder / "out"
        self.must("gen")

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the program beside the stack file."""
        command = [self.binary, *arguments, "stack.yaml"]
        return subprocess.run(
            command, cwd=self.folder, capture_output=True, text=True, check=False, timeout=60
        )

    def must(self, *arguments: str) -> None:
        done = self.run(*arguments)
        assert done.returncode == 0, done.stderr

    def tree(self) -> Tree:
        """Every file of the output."""
        files = sorted(path for path in self.out.rglob("*") if path.is_file())
        return {path.relative_to(self.out).as_posix(): path.read_bytes() for path in files}

    def remove_links(self, source: str, targets: Iterable[str]) -> None:
        """Take the lines of these links out of stack.yaml, as a person would."""
        path = self.folder / "stack.yaml"
        text = path.read_text(encoding="utf-8")
        for target in targets:
            line = rf"^ *- *\{{ *from: *{source}, *to: *{target}\b[^/\n]*\}}.*\n"
            text, count = re.subn(line, "", text, flags=re.MULTILINE)
            assert count == 1, f"{count} lines link {source} to {target}"
        path.write_text(text, encoding="utf-8")


@pytest.fixture
def work(binary: Path, tmp_path: Path) -> Workplace:
    return Workplace(binary, tmp_path)


def link_of(target: str) -> dict[str, Any]:
    """What the link type declares."""
    return yaml_reading.read_file(ROOT / "link-types" / "pairs" / f"fastmcp-{target}" / "pair.yaml")


def facts(target: str) -> list[str]:
    """The facts, or patterns over them, that the keys of the link show."""
    return list(link_of(target)["keys"].values())


def is_secret(target: str, fact: str) -> bool:
    """Whether the interface says that the fact is a secret."""
    interface = ROOT / "link-types" / "interfaces" / f"{link_of(target)['interface']}.yaml"
    return bool(yaml_reading.read_file(interface)["facts"].get(fact, {}).get("secret"))


def modules_of(targets: Iterable[str]) -> set[str]:
    return {
        f"{MCP}/files/{name}" for target in targets for name in link_of(target)["tools"]["modules"]
    }


def prefixes_of(targets: Iterable[str]) -> tuple[str, ...]:
    return tuple(f"MCP_{target.upper()}_" for target in targets)


def env(content: bytes) -> dict[str, str]:
    """The keys and values of an env file."""
    lines = [line for line in content.decode().splitlines() if line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


def changed(before: Tree, after: Tree) -> set[str]:
    return {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}


def removed_links(work: Workplace, targets: Iterable[str]) -> tuple[Tree, Tree]:
    """The trees before and after the removal."""
    before = work.tree()
    work.remove_links("fastmcp", targets)
    work.must("gen")
    return before, work.tree()


def names(targets: Iterable[str]) -> str:
    return "+".join(targets)


every_removal = pytest.mark.parametrize("targets", REMOVALS, ids=[names(one) for one in REMOVALS])


@every_removal
def test_tool_files_are_gone(work: Workplace, targets: tuple[str, ...]) -> None:
    before, after = removed_links(work, targets)
    assert modules_of(targets) <= before.keys()
    assert before.keys() - after.keys() >= modules_of(targets)
    gone = {path for path in before if path.startswith(f"{MCP}/files/")} - after.keys()
    assert gone == modules_of(targets)
    assert not after.keys() - before.keys()


@every_removal
def test_registry_entries_are_gone(work: Workplace, targets: tuple[str, ...]) -> None:
    before, after = removed_links(work, targets)
    path = f"{MCP}/config/topology.json"
    old, new = json.loads(before[path]), json.loads(after[path])
    kept = [one for one in old.pop("modules") if f"{MCP}/files/{one['file']}" in after]
    assert new.pop("modules") == kept
    assert new == old


@every_removal
def test_locked_tools_and_links_are_gone(work: Workplace, targets: tuple[str, ...]) -> None:
    before, after = removed_links(work, targets)
    old, new = (json.loads(tree[f"{MCP}/config/tools.lock.json"]) for tree in (before, after))
    kept = [tool for tool in old.pop("tools") if not set(tool["link"]) & set(targets)]
    assert new.pop("tools") == kept
    assert new.pop("links") == [one for one in old.pop("links") if one["component"] not in targets]
    assert new == old
    whole = json.loads(after["tools.lock.json"])["servers"]["fastmcp"]
    copy = json.loads(after[f"{MCP}/config/tools.lock.json"])
    assert whole["links"] == copy["links"]
    pairs = zip(whole["tools"], copy["tools"], strict=True)
    assert [{key: tool[key] for key in one} for tool, one in pairs] == copy["tools"]


@every_removal
def test_the_page_says_nothing_of_a_removed_link(work: Workplace, targets: tuple[str, ...]) -> None:
    before, after = (tree["docs/tools.md"].decode() for tree in removed_links(work, targets))
    heads = [f"### fastmcp → {target}\n" for target in targets]
    gone = "".join(before[before.index(head) :].split("\n##")[0] for head in heads)
    assert all(head in before and head not in after for head in heads)
    lines = set(before.splitlines()) - set(after.splitlines())
    assert lines <= set(gone.splitlines())
    assert not set(after.splitlines()) - set(before.splitlines())


@every_removal
@pytest.mark.parametrize("name", ["config/cloud.env", "secret/cloud.env"])
def test_credential_keys_are_gone(work: Workplace, targets: tuple[str, ...], name: str) -> None:
    before, after = removed_links(work, targets)
    old, new = env(before[f"{MCP}/{name}"]), env(after[f"{MCP}/{name}"])
    kept = {key: value for key, value in old.items() if not key.startswith(prefixes_of(targets))}
    assert new == kept
    secret = name.startswith("secret")
    has_keys = any(
        is_secret(target, fact) is secret for target in targets for fact in facts(target)
    )
    assert (kept != old) is has_keys


@every_removal
def test_the_pod_mounts_no_key_of_a_removed_link(work: Workplace, targets: tuple[str, ...]) -> None:
    _, after = removed_links(work, targets)
    deployment = after[f"{MCP}/deployment.yaml"].decode()
    assert not [prefix for prefix in prefixes_of(targets) if prefix in deployment]


def peers(content: bytes, way: str) -> set[str]:
    """Each allowed edge of a policy file: the peer with its ports, as text."""
    edges = set()
    for policy in yaml_reading.read_all(content.decode()):
        for rule in policy["spec"].get(way) or []:
            for peer in rule.get("to" if way == "egress" else "from") or []:
                edges.add(json.dumps([peer, rule.get("ports")], sort_keys=True))
    return edges


@every_removal
def test_network_edges_are_gone_on_both_sides(work: Workplace, targets: tuple[str, ...]) -> None:
    before, after = removed_links(work, targets)
    policy = f"{MCP}/networkpolicy.yaml"
    lost = peers(before[policy], "egress") - peers(after[policy], "egress")
    assert peers(after[policy], "egress") < peers(before[policy], "egress")
    assert peers(after[policy], "ingress") == peers(before[policy], "ingress")
    for target in targets:
        other = f"{BASE}/{target}/networkpolicy.yaml"
        assert any(target in edge for edge in lost)
        gone = peers(before[other], "ingress") - peers(after[other], "ingress")
        assert gone
        assert all("fastmcp" in edge for edge in gone)
        assert not any("fastmcp" in edge for edge in peers(after[other], "ingress"))
        assert peers(after[other], "egress") == peers(before[other], "egress")


@every_removal
def test_nothing_else_changes(work: Workplace, targets: tuple[str, ...]) -> None:
    before, after = removed_links(work, targets)
    sides = tuple(f"{BASE}/{target}/" for target in targets)
    for path in sorted(changed(before, after) - SUMMARIES - LISTS - modules_of(targets)):
        if path.startswith(sides):
            assert lines_come(before[path], after.get(path, b"")) == [], path
        elif path.startswith("docs/skills/"):
            # A skill asks only tools of what is linked.
            text = after[path].decode()
            assert [target for target in targets if f"`{target}_" in text] == [], path
        elif path == "docs/mcp/fastmcp/bom.cdx.json":
            assert_only_files_are_gone(before[path], after[path], targets)
        elif path.startswith("argocd/"):
            assert_only_waves_change(before[path], after[path])
        elif path.endswith("/stack-dna.json"):
            assert_no_line_leads_to(targets, before[path], after[path])
        else:
            assert path.endswith("/stack-metadata.json"), f"{path} changed"
            assert_only_links_are_gone(before[path], after[path], targets)


def assert_only_files_are_gone(before: bytes, after: bytes, targets: tuple[str, ...]) -> None:
    """What the server is made of has lost the tool files of the links, and nothing else."""
    old, new = ({one["name"] for one in json.loads(file)["components"]} for file in (before, after))
    assert new < old
    assert {Path(name).name for name in old - new} == {
        Path(path).name for path in modules_of(targets)
    }


def assert_no_line_leads_to(targets: tuple[str, ...], before: bytes, after: bytes) -> None:
    """The stack in one read tells of no link of the server to what was removed."""

    def reached(file: bytes) -> set[str]:
        sizes = [size["lines"] for size in json.loads(file).values() if isinstance(size, dict)]
        arrows = [line.split(" | ")[0] for lines in sizes for line in lines]
        ends = [arrow.split(" -> ")[1] for arrow in arrows if arrow.startswith("fastmcp -> ")]
        return {end.split(" ")[0] for line in ends for end in line.split(", ")}

    assert reached(before) - reached(after) == set(targets)


def line_changes(before: bytes, after: bytes) -> list[str]:
    lines = difflib.ndiff(before.decode().splitlines(), after.decode().splitlines())
    return [line for line in lines if line[:1] in "+-"]


def lines_come(before: bytes, after: bytes) -> list[str]:
    """Added lines, apart from a list that stands empty now: `ingress:` became `ingress: []`."""
    changes = line_changes(before, after)
    headings = {line[1:].strip() for line in changes if line.startswith("-")}
    added = [line for line in changes if line.startswith("+")]
    return [line for line in added if line[1:].strip().removesuffix(" []") not in headings]


def assert_only_waves_change(before: bytes, after: bytes) -> None:
    """Order of deployment follows the links."""
    changes = line_changes(before, after)
    assert all("sync-wave" in line for line in changes), changes


@every_removal
def test_lists_of_the_server_only_lose_lines(work: Workplace, targets: tuple[str, ...]) -> None:
    before, after = removed_links(work, targets)
    for path in sorted(LISTS & before.keys()):
        if not path.endswith(".json"):
            assert lines_come(before[path], after[path]) == [], path


def assert_only_links_are_gone(before: bytes, after: bytes, targets: tuple[str, ...]) -> None:
    """The metadata of the stack, or of one environment of it."""
    old, new = json.loads(before), json.loads(after)
    links = old.pop("links")
    kept = [one for one in links if not (one["from"] == "fastmcp" and one["to"] in targets)]
    assert new.pop("links") == kept
    assert len(links) - len(kept) == len(targets)
    assert new == old


@every_removal
def test_the_metadata_loses_the_links_alone(work: Workplace, targets: tuple[str, ...]) -> None:
    before, after = removed_links(work, targets)
    path = "stack-metadata.json"
    assert_only_links_are_gone(before[path], after[path], targets)


@every_removal
def test_the_lock_lists_what_is_there(work: Workplace, targets: tuple[str, ...]) -> None:
    before, after = removed_links(work, targets)
    old, new = (json.loads(tree[LOCK])["files"] for tree in (before, after))
    assert old.keys() - new.keys() == before.keys() - after.keys()
    assert not new.keys() - old.keys()


@pytest.mark.parametrize(
    ("source", "target", "file"),
    [
        ("grafana", "loki", f"{BASE}/grafana/values-datasources.yaml"),
        ("prometheus", "kafka", f"{BASE}/prometheus/monitor-kafka.yaml"),
    ],
)
def test_datasources_and_scrapes_go_with_their_own_link(
    work: Workplace, source: str, target: str, file: str
) -> None:
    before = work.tree()
    work.remove_links(source, [target])
    work.must("gen")
    after = work.tree()
    assert before[file] != after.get(file)
    assert lines_come(before[file], after.get(file, b"")) == []
    alike = [
        path for path in before if "monitor-" in path or path.endswith("values-datasources.yaml")
    ]
    assert not [path for path in alike if path != file and before[path] != after.get(path)]
    assert {path for path in before if "/fastmcp/files/" in path} <= after.keys()


@every_removal
def test_foreign_files_stay_byte_for_byte(work: Workplace, targets: tuple[str, ...]) -> None:
    foreign = {
        f"{MCP}/files/my_tools.py": b"# mine\r\n\x00",
        f"{MCP}/files/notes.txt": b"",
        f"{BASE}/{targets[0]}/mine.yaml": b"a: 1",
        "README.txt": b"hello",
    }
    for path, content in foreign.items():
        (work.out / path).write_bytes(content)
    times = {path: (work.out / path).stat().st_mtime_ns for path in foreign}
    _, after = removed_links(work, targets)
    assert {path: after[path] for path in foreign} == foreign
    assert {path: (work.out / path).stat().st_mtime_ns for path in foreign} == times


@every_removal
def test_an_edited_tool_file_is_kept_aside_and_reported(
    work: Workplace, binary: Path, tmp_path: Path, targets: tuple[str, ...]
) -> None:
    edited = min(modules_of(targets))
    content = (work.out / edited).read_bytes() + b"# my change\n"
    (work.out / edited).write_bytes(content)
    work.remove_links("fastmcp", targets)
    done = work.run("gen")
    assert done.returncode == 3
    assert edited in done.stdout + done.stderr
    after = work.tree()
    assert after.pop(f".stacktic/orphans/{edited}") == content
    assert after.pop(".stacktic/orphans/.gitignore") == b"*\n"
    assert edited not in after
    (tmp_path / "clean").mkdir()
    clean = Workplace(binary, tmp_path / "clean")
    assert after == removed_links(clean, targets)[1]


@every_removal
def test_filled_secrets_of_other_links_stay(work: Workplace, targets: tuple[str, ...]) -> None:
    path = work.out / MCP / "secret" / "cloud.env"
    text = re.sub(r"^(\w+)=$", r"\1=filled-in-\1", path.read_text("utf-8"), flags=re.MULTILINE)
    path.write_text(text, encoding="utf-8")
    gone = {key for key in env(text.encode()) if key.startswith(prefixes_of(targets))}
    work.remove_links("fastmcp", targets)
    done = work.run("gen", "--diff")
    assert "filled-in-" not in done.stdout + done.stderr
    done = work.run("gen")
    assert done.returncode == (3 if gone else 0), done.stderr
    assert "filled-in-" not in done.stdout + done.stderr
    kept = work.out / ".stacktic" / "orphans" / MCP / "secret" / "cloud.env"
    assert (set(env(kept.read_bytes())) if gone else set()) == gone
    assert kept.exists() is bool(gone)
    left = env(path.read_bytes())
    assert left
    assert all(value == f"filled-in-{key}" for key, value in left.items() if "filled" in value)
    assert not [key for key in left if key.startswith(prefixes_of(targets))]


@every_removal
def test_a_second_run_and_a_way_back(work: Workplace, targets: tuple[str, ...]) -> None:
    stack = (work.folder / "stack.yaml").read_text(encoding="utf-8")
    before, after = removed_links(work, targets)
    assert work.run("gen", "--check").returncode == 0
    work.must("gen")
    assert work.tree() == after
    (work.folder / "stack.yaml").write_text(stack, encoding="utf-8")
    work.must("gen")
    assert work.tree() == before
