"""One mistake in a generated tree, as data.

In: nothing. Out: `Finding`, sortable and printable. Must not know any rule.
"""

from dataclasses import dataclass
from typing import Any

Object = dict[str, Any]


@dataclass(frozen=True, order=True)
class Finding:
    """Where it is, which rule it breaks, and the fact."""

    where: str
    rule: str
    fact: str

    def __str__(self) -> str:
        """The line a person reads."""
        return f"{self.where}: {self.fact} [{self.rule}]"


def name_of(item: Object) -> str:
    """How a finding names an object: kind namespace/name."""
    metadata = item.get("metadata") or {}
    place = f"{metadata['namespace']}/" if metadata.get("namespace") else ""
    return f"{item.get('kind', '?')} {place}{metadata.get('name', '?')}"


def group_and_version(item: Object) -> tuple[str, str]:
    """Split apiVersion; the core group is the empty string."""
    group, slash, version = str(item.get("apiVersion", "")).rpartition("/")
    return (group, version) if slash else ("", version)
