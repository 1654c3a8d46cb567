"""The forms of what the topology tools answer with.

In: nothing.
Out: typed dictionaries, of which the tools' output schemas are made.
Must not know: how an answer comes about.
"""

from __future__ import annotations

from typing import Any, NotRequired, TypedDict

Row = dict[str, Any]


class Checked(TypedDict):
    """What a check came to; a check of one record alone has an output."""

    status: str
    results: list[Row]
    output: NotRequired[str]


class ComponentFacts(TypedDict):
    """A component with its attributes."""

    component: Row
    attributes: list[Row]


class Explanation(TypedDict):
    """Why something is reached or not, and the change that would allow it."""

    state: str
    fact: str
    stack_yaml_diff: str | None
    flag: NotRequired[str | None]
    read_tools: NotRequired[list[str]]
    write_tools: NotRequired[list[str]]
    write_access: NotRequired[bool]


# `from` is a word of Python.
HopRow = TypedDict("HopRow", {"component": str, "depth": int, "link": str, "from": str, "to": str})
