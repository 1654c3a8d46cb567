"""What each document says of each link: its level, its account, its grants, and what it reaches.

In: a generated tree and the report of its run. Out: sayings by link, one list a document.
Must not know what a level grants, or how a provider is told.
"""

import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

Json = dict[str, Any]
Words = dict[str, tuple[str, ...]]
Lists = dict[str, frozenset[str]]

METADATA = "stack-metadata.json"
LOCK = "tools.lock.json"
TOPOLOGY = "docs/topology.md"
TOOLS = "docs/tools.md"
REPORT = "access diff"
HELD = "agents and callers of tools.lock.json"

ROW = re.compile(r"(?<!\\)\|")
DRAWN = re.compile(r'^  (c_\w+) -->\|"(\w+)( \S+)?"\| (c_\w+)$', re.MULTILINE)
SECTION = re.compile(r"^### (\S+ → \S+)$", re.MULTILINE)
GAINED = re.compile(r"^(\S+ → \S+): (.*)$")
GAINED_TOOL = re.compile(r"^write: \S+ \((\S+ → \S+)\)$")
GAINED_TOOLS = re.compile(r"^\d+ read tools?$")
BY = re.compile(r"^(to be granted by stack|network edge,|login,)[^<]*<br>")
KEY = re.compile(r"^[A-Z][A-Z0-9_]*$")
SOME = re.compile(r" and \d+ more$")
# An operation of an API, with what lists of their own say of it.
OPERATION = re.compile(
    r"(?:operations )?([A-Z]+) (/\S*) \((\S+), safety (true|false)\)( and \d+ more)?(?:, |$)"
)


@dataclass(frozen=True)
class Saying:
    """What one document says of one link; what it does not tell is None."""

    level: str
    principal: str | None = None
    grants: Words | None = None
    scope: Lists | None = None
    keys: frozenset[str] | None = None
    # Lists that end in `and 3 more`.
    cut: frozenset[str] = frozenset()
    # What the account reaches, for all links that share it.
    reaches: Lists | None = None


# By `a → b/sub` and link type, or by `a → b/sub` alone where the document names no type.
Sayings = dict[str, Saying]


def words(value: Any) -> tuple[str, ...]:
    """Every word of a grant, whatever form its data has."""
    if isinstance(value, dict):
        pairs = cast("dict[str, Any]", value)
        return tuple(sorted(word for key, one in pairs.items() for word in (key, *words(one))))
    if isinstance(value, list):
        items = cast("list[Any]", value)
        return tuple(sorted(word for one in items for word in words(one)))
    if value is True:
        return ()
    return tuple(sorted(str(value).split()))


def plain(cell: str) -> str:
    """Return the text of a cell of a table."""
    text = re.sub(r"`([^`]*)`", r"\1", cell.strip())
    return html.unescape(re.sub(r"\\([|`*_~\[\]$])", r"\1", text))


def rows(text: str) -> Iterator[list[str]]:
    for line in text.splitlines():
        if line.startswith("| "):
            yield [plain(cell) for cell in ROW.split(line)[1:-1]]


def arrow(link: Json, source: str) -> str:
    target = link.get("to") or link["component"]
    sub = link.get("sub_component")
    return f"{source} → {target}/{sub}" if sub else f"{source} → {target}"


def in_metadata(out: Path) -> Sayings:
    links = json.loads((out / METADATA).read_text())["links"]
    for link in links:
        assert link["write_access"] is (link["access"] in {"write", "own"}), link
    return {
        f"{arrow(link, link['from'])} {link['type']}": Saying(link["access"], link["principal"])
        for link in links
    }


def in_lock(out: Path) -> Sayings:
    found: Sayings = {}
    for server, lock in json.loads((out / LOCK).read_text())["servers"].items():
        for link in lock["links"]:
            assert link["write_access"] is (link["access"] in {"write", "own"}), link
            found[f"{arrow(link, server)} {link['link']}"] = Saying(
                link["access"],
                link["principal"],
                {key: words(value) for key, value in link["grants"].items()},
                {name: frozenset(names) for name, names in link["scope"].items()},
                frozenset(link["credential_keys"]),
            )
    return found


def held(out: Path) -> Sayings:
    """What the lock says of links without tools: those of agents, and those that call a server."""
    lock = json.loads((out / LOCK).read_text())
    agents = [
        (arrow(link, agent), link) for agent, links in lock["agents"].items() for link in links
    ]
    callers = [
        (f"{link['component']} → {server}", link)
        for server, of in lock["servers"].items()
        for link in of["callers"]
    ]
    return {
        f"{ends} {link['link']}": Saying(
            link["access"], link["principal"], keys=frozenset(link["credential_keys"])
        )
        for ends, link in (*agents, *callers)
    }


def in_topology(out: Path) -> Sayings:
    """The table of links; grants without a colon are what a level means, in prose.

    By what else than an account of its own the link has them stands in a line before.
    """
    text = (out / TOPOLOGY).read_text().partition("## Links")[2]
    found: Sayings = {}
    for source, end, kind, level, principal, cell, reach in list(rows(text))[1:]:
        lines = BY.sub("", cell).replace("<br>- ", " ")
        grants = lines.replace("<br>", "; ")
        said = told_grants(grants) if re.match(r"\w+: ", grants) and principal else None
        lists = [one.partition(" ") for one in filter(None, reach.split("<br>"))]
        reaches = {name: names_of(names) for name, _, names in lists}
        found[f"{source} → {end} {kind}"] = Saying(level, principal or None, said, reaches=reaches)
    return found


def told_grants(text: str) -> Words:
    found: Words = {}
    for part in text.split("; "):
        key, _, value = part.partition(": ")
        found[key] = words(list(objects(value)) if value.startswith("{") else value)
        found[key] = () if found[key] == ("true",) else found[key]
    return found


def objects(text: str) -> Iterator[Any]:
    """Return the objects that stand behind each other, as a list of them is told."""
    while text:
        one, end = json.JSONDecoder().raw_decode(text)
        yield one
        text = text[end:].lstrip()


def drawn(out: Path) -> list[tuple[str, str, str]]:
    """The arrows of the graph: ends as nodes, and the level."""
    text = (out / TOPOLOGY).read_text()
    return sorted((start, end, level) for start, level, _, end in DRAWN.findall(text))


def in_tools(out: Path) -> Sayings:
    text = (out / TOOLS).read_text() if (out / TOOLS).is_file() else ""
    names = SECTION.split(text)[1:]
    sections = zip(names[::2], names[1::2], strict=True)
    return {name: section(body.partition("| Tool |")[0]) for name, body in sections}


def section(text: str) -> Saying:
    facts = {cells[0]: cells[1] for cells in rows(text)}
    scope: Lists = {}
    cut: set[str] = set()
    for name, value in facts.items():
        if name.startswith("Scope: "):
            scope[name.removeprefix("Scope: ")] = names_of(SOME.sub("", value))
            cut |= {name.removeprefix("Scope: ")} if SOME.search(value) else set()
    return Saying(
        facts["Level"],
        facts.get("Account"),
        told_one_by_one(facts.get("Grants", "")),
        scope,
        names_of(facts.get("Keys", "")),
        frozenset(cut),
    )


def told_one_by_one(text: str) -> Words:
    found: Words = {}
    for grant in filter(None, text.split("; ")):
        key, *more = grant.split()
        found[key] = tuple(sorted([*found.get(key, ()), *more]))
    return found


def names_of(text: str) -> frozenset[str]:
    return frozenset(filter(None, text.split(", ")))


def in_report(report: Json) -> Sayings:
    """The access diff of a first run; a link with no tool that writes is told by its read tools."""
    texts = [change["text"] for change in report["access"]]
    writers = {tool[1] for text in texts if (tool := GAINED_TOOL.match(text))}
    found: Sayings = {}
    for text in texts:
        told = None if text.startswith("write: ") else GAINED.match(text)
        if told:
            found[told[1]] = gained(told[2], told[1] in writers)
    return found


def gained(text: str, writes: bool) -> Saying:
    """Read `databases a, b, tables a.t, 3 read tools, KEY`: a word before a name opens a list."""
    level, name = "write" if writes else "read", ""
    principal: str | None = None
    lists: dict[str, set[str]] = {}
    cut: set[str] = set()
    keys: set[str] = set()
    for method, path, operation, safety, more in OPERATION.findall(text):
        facts = {"methods": method, "paths": path, "safety": safety}
        lists.setdefault("operations", set()).add(operation)
        for fact, word in facts.items():
            lists.setdefault(fact, set()).add(f"{word}.{operation}")
        cut |= {"operations", *facts} if more else set()
    for part in filter(None, OPERATION.sub("", text).split(", ")):
        if GAINED_TOOLS.match(part):
            name = ""
        elif part.startswith("level "):
            level = part.removeprefix("level ")
        elif part.startswith("account "):
            principal = part.removeprefix("account ")
        elif part == "publishes the server":
            pass
        elif not name and KEY.match(part):
            keys.add(part)
        else:
            bare = SOME.sub("", part)
            name = bare.split(" ")[0] if " " in bare else name
            lists.setdefault(name, set()).add(bare.split(" ")[-1])
            cut |= {name} if bare != part else set()
    named = {name: frozenset(names) for name, names in lists.items()}
    return Saying(level, principal, None, named, frozenset(keys), frozenset(cut))
