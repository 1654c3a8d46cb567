"""An account as a provider is told: its level by what its rights do, and what it reaches.

In: rights, each on an object. Out: a level and closed lists.
Must not know the catalog: which right makes which level is a fact of the backend.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from levels.sayings import Json, Lists, Words
from output_checker import yaml_reading

# `beyond` is more than any level of a link; `uneven` is not the same on every object.
ORDER = ("none", "probe", "read", "write", "own", "beyond")
UNEVEN = "uneven"


@dataclass(frozen=True)
class Account:
    """What a provider lets one principal do, in the words of the documents where they have some."""

    level: str
    scope: Lists
    # None where rights say it in a form that grants have not.
    grants: Words | None


Accounts = dict[str, Account]
Provider = Callable[[Path], Accounts]


def level(rights: Iterable[str], meanings: dict[str, str]) -> str:
    """Return the greatest level; a right that nobody knows is beyond all of them."""
    levels = [meanings.get(right, "beyond") for right in rights]
    return max(levels, key=ORDER.index, default="none")


def even(levels: Iterable[str]) -> str:
    """Return the level that all objects are reached with."""
    different = set(levels)
    return different.pop() if len(different) == 1 else UNEVEN if different else "none"


def objects(folder: Path, *patterns: str) -> Iterator[Json]:
    for pattern in patterns:
        for path in sorted(folder.glob(pattern)):
            yield from yaml_reading.read_all(path.read_text(encoding="utf-8"))


def of_kind(all_objects: Iterable[Json], kind: str) -> list[Json]:
    """Return the specs of the objects of a kind."""
    return [one["spec"] for one in all_objects if one["kind"] == kind]


def listed(value: Any) -> list[Any]:
    """Return a list of a document, which may be absent."""
    return value or []


def sorted_words(items: Iterable[Any]) -> tuple[str, ...]:
    return tuple(sorted(word for item in items for word in str(item).split()))


def present(grants: Words) -> Words:
    """Return those that say something: a list without an object is no grant."""
    return {key: value for key, value in grants.items() if value}


def env_lines(path: Path) -> dict[str, str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {key: value for key, _, value in pairs}


def secret_files(folder: Path) -> dict[str, Path]:
    """Return the file that each Secret of a component is made of."""
    (kustomization,) = objects(folder, "kustomization.yaml")
    found: dict[str, Path] = {}
    for one in listed(kustomization.get("secretGenerator")):
        (name,) = one["envs"]
        assert one["name"] not in found, f"{folder}: two Secrets {one['name']}"
        found[one["name"]] = folder / name
    return found
