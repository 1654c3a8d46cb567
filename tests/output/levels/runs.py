"""Stacks that the program takes: each finding is followed, or is a reason to draw another stack.

In: the binary, a folder, a draft. Out: the tree and the report of its run, or why there is none.
Must not know a type, an interface or a level.
"""

import json
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from levels.stacks import Draft, Link

# What a finding advises to do with a link of the stack.
PREFIX = re.compile(r"such as `env: (\w+)` on `(.+?)`")
SHARED = re.compile(r"`(.+?)` and `(.+?)` share the account `.+?`, and ask for")
PREFIXES = re.compile(r"`(.+?)` and `(.+?)` are one connection, and have the prefixes")
LEVELS = re.compile(r"`(.+?)` and `(.+?)` are one connection, and ask for")
SINGLE = re.compile(r"`(\S+?)` links to `(\S+?)` and to `(\S+?)`; it can use one")
# Why a random stack may be none: what two of its components cannot both be.
REASONS = {
    "one object": re.compile(r"both become the object `\S+` in namespace"),
    "one link name": re.compile(r"both become `\S+`$"),
    "one operator": re.compile(r"operator"),
    "one host": re.compile(r"both publish `\S+`$"),
}
MOST_ROUNDS = 12


class RefusedError(Exception):
    """A stack that cannot be, for one of the reasons."""


@dataclass(frozen=True)
class Run:
    """A generated tree."""

    out: Path
    report: dict[str, Any]


def gen(binary: Path, folder: Path, document: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "stack.yaml").write_text(json.dumps(document))
    command = [str(binary), "gen", "-o", "json", "--max-deletes", "9999"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def generate(binary: Path, folder: Path, draft: Draft) -> Run:
    """Generate into the folder, which may hold the tree of another stack."""
    said = gen(binary, folder, draft.document())
    assert said.returncode in (0, 3), said.stdout + said.stderr
    return Run(folder / "out", json.loads(said.stdout))


def settle(binary: Path, folder: Path, draft: Draft) -> tuple[Draft, Run]:
    """Follow what findings advise until there are none; that run is the first that wrote."""
    said = gen(binary, folder, draft.document())
    for _ in range(MOST_ROUNDS):
        if said.returncode == 0:
            return draft, Run(folder / "out", json.loads(said.stdout))
        assert said.returncode == 1, said.stdout + said.stderr
        for finding in json.loads(said.stdout)["findings"]:
            draft = followed(draft, finding)
        said = gen(binary, folder, draft.document())
    raise AssertionError(f"advice leads nowhere: {said.stdout}")


def followed(draft: Draft, finding: dict[str, Any]) -> Draft:
    message, hint = finding["message"], finding.get("hint") or ""
    if found := PREFIX.search(hint):
        with_keys(draft, found[2]).env = found[1]
    elif found := PREFIXES.search(message):
        first, second = with_keys(draft, found[1]), with_keys(draft, found[2])
        first.env = second.env = first.env or second.env
    elif found := SHARED.search(message) or LEVELS.search(message):
        first, second = named(draft, found[1]), named(draft, found[2])
        second.access, second.by_word = first.level, False
    elif found := SINGLE.search(message):
        gone = f"{found[1]} → {found[3]}"
        return draft.with_only([link for link in draft.links if link.arrow != gone])
    else:
        reason = next((name for name, one in REASONS.items() if one.search(message)), None)
        assert reason, f"{message}: {hint}"
        raise RefusedError(reason)
    return draft


def with_keys(draft: Draft, arrow: str) -> Link:
    """Of links between the same ends, one that sets keys: advice about them is for it.

    Where several do, the one that has followed none yet.
    """
    links = [link for link in draft.links if link.arrow == arrow]
    setting = [link for link in links if "settings" in link.kind.effects]
    fresh = [link for link in setting if link.env is None]
    return (fresh or setting or links)[0]


def named(draft: Draft, arrow: str) -> Link:
    return next(link for link in draft.links if link.arrow == arrow)
