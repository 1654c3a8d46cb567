"""The words of a query language, for a fence that looks at some of them.

In: the text of a query, and a regular expression with a group for each kind of token.
Out: tokens with their places; what no group takes is refused by its place.
Must not know: any language, or what a token means in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stacktic_mcp.lib.refusal import Refusal

if TYPE_CHECKING:
    import re


@dataclass(frozen=True)
class Token:
    """One word, number, string or mark."""

    kind: str
    text: str
    start: int
    end: int


def tokens_of(query: str, grammar: re.Pattern[str]) -> list[Token]:
    """Return the tokens of a query; those of the group `space` are left out."""
    found: list[Token] = []
    position = 0
    while position < len(query):
        match = grammar.match(query, position)
        if match is None:
            hint = "is not accepted (comments and open strings are not)"
            raise Refusal("E_ARG", f"character {position + 1} of the query {hint}")
        kind = match.lastgroup or ""
        if kind != "space":
            found.append(Token(kind, match.group(), match.start(), match.end()))
        position = match.end()
    return found


def text_at(tokens: Sequence[Token], index: int) -> str:
    """Return the text of a token, nothing beyond both ends."""
    return tokens[index].text if 0 <= index < len(tokens) else ""
