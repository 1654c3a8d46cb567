"""Names of tools for people.

In: the name that a model calls a tool by, and the product as its makers spell it.
Out: `PostgreSQL: list tables` for `cnpg_list_tables`.
Must not know: any tool.
"""

from __future__ import annotations

from dataclasses import dataclass

# What is written in capitals, whatever the product.
CAPITALS = frozenset({"api", "dna", "id", "sql", "ttl", "url"})


@dataclass(frozen=True)
class Introduction:
    """What a stranger should know of the tools of one file before the first call."""

    # The product as people write it; empty where the tool file does not say.
    product: str = ""
    # What the names of all its tools begin with, without the underscore.
    prefix: str = ""
    # The tool to begin with.
    first: str = ""


def title_of(name: str, about: Introduction, words: str = "") -> str:
    """Return a tool's title; `words` say what its name does not."""
    own = name.removeprefix(f"{about.prefix}_") if about.prefix else name
    told = words or " ".join(
        word.upper() if word in CAPITALS else word for word in own.split("_") if word
    )
    return f"{about.product}: {told}" if about.product else told[:1].upper() + told[1:]
