"""Forms of data that several tool files answer with.

In: nothing.
Out: typed dictionaries for the return annotations of tools.
Must not know: any single tool.
"""

from __future__ import annotations

from typing import Any, TypedDict


class Column(TypedDict):
    """A column of a result."""

    name: str
    type: str


class Table(TypedDict):
    """What a statement gave: each row has its values in the order of the columns."""

    columns: list[Column]
    rows: list[list[Any]]
