"""What the documents of a stack say of each link, side by side, and beside what providers are told.

In: a generated tree and the report of its run. Out: every disagreement; each names the link.
Must not know how a stack is written, or what the catalog says of a level.
"""

import json
from pathlib import Path
from typing import Any

from levels import sayings
from levels.granted import Told, at_provider
from levels.sayings import HELD, LOCK, METADATA, REPORT, TOOLS, TOPOLOGY, Json, Saying, Sayings


def disagreements(out: Path, report: Json | None) -> list[str]:
    """Return every place where two documents, or a document and a provider, differ."""
    metadata = json.loads((out / METADATA).read_text())
    told = [Told(link, name(link), {}) for link in metadata["links"]]
    found = gathered(out, report, told)
    for one in told:
        found += [f"{one.name}: {difference}" for difference in between_documents(one)]
    found += graph(out, told)
    for component in metadata["components"]:
        found += at_provider(
            out, component, [one for one in told if one.link["to"] == component["name"]]
        )
    return found


def name(link: Json) -> str:
    return f"{sayings.arrow(link, link['from'])} {link['type']}"


def gathered(out: Path, report: Json | None, told: list[Told]) -> list[str]:
    """Put what each document says beside the link; each link is in each that tells of its kind."""
    documents: dict[str, Sayings] = {
        METADATA: sayings.in_metadata(out),
        TOPOLOGY: sayings.in_topology(out),
        LOCK: sayings.in_lock(out),
        TOOLS: sayings.in_tools(out),
        HELD: sayings.held(out),
    }
    if report is not None:
        documents[REPORT] = sayings.in_report(report)
    found: list[str] = []
    for document, says in documents.items():
        tells = telling(document, documents)
        named = {
            one.name if document in {METADATA, TOPOLOGY, LOCK, HELD} else arrow_of(one): one
            # An arrow that two links share is that of the one which is told of.
            for one in sorted(told, key=lambda one: one.name in tells)
        }
        expected = {
            key
            for key, one in named.items()
            if document in {METADATA, TOPOLOGY} or one.name in tells
        }
        found += [f"{key}: not in {document}" for key in sorted(expected - says.keys())]
        found += [f"{key}: in {document} alone" for key in sorted(says.keys() - expected)]
        for key in expected & says.keys():
            named[key].by[document] = says[key]
    return found


def telling(document: str, documents: dict[str, Sayings]) -> set[str]:
    """Links that a document tells of: the access diff, of those with tools and of all others."""
    held = set(documents[HELD])
    if document == HELD:
        return held
    return set(documents[LOCK]) | (held if document == REPORT else set())


def arrow_of(told: Told) -> str:
    return sayings.arrow(told.link, told.link["from"])


def between_documents(told: Told) -> list[str]:
    """Compare each fact that several documents tell with the first that tells it."""
    found: list[str] = []
    for fact in ("level", "principal", "grants", "scope", "keys"):
        tellers = [
            (document, saying, value)
            for document, saying in told.by.items()
            if (value := said(saying, fact)) is not None
        ]
        for document, saying, value in tellers[1:]:
            first, _, expected = tellers[0]
            if not same(expected, value, saying):
                found.append(f"{fact} is {expected} in {first}, {value} in {document}")
    return found


def said(saying: Saying, fact: str) -> Any:
    """Return the fact; a closed list without a name is told by the lock alone."""
    if fact == "scope" and saying.scope is not None:
        return {key: names for key, names in saying.scope.items() if names}
    return getattr(saying, fact)


def same(expected: Any, value: Any, saying: Saying) -> bool:
    """Compare, or look whether the names that are told of a long list are among all of them."""
    if not saying.cut or value != said(saying, "scope"):
        return expected == value
    return expected.keys() == value.keys() and all(
        value[key] < names if key in saying.cut else value[key] == names
        for key, names in expected.items()
    )


def graph(out: Path, told: list[Told]) -> list[str]:
    """Every link is one arrow of the graph, at its level."""

    def node(component: str) -> str:
        return "c_" + component.replace("-", "_")

    links = [(node(one.link["from"]), node(one.link["to"]), one.saying.level) for one in told]
    drawn = sayings.drawn(out)
    missing = [
        f"{start} → {end} at {level}: not drawn"
        for start, end, level in sorted(set(links) - set(drawn))
    ]
    more = [
        f"{start} → {end} at {level}: drawn alone"
        for start, end, level in sorted(set(drawn) - set(links))
    ]
    return missing + more + ([] if len(links) == len(drawn) else ["another number of arrows"])
