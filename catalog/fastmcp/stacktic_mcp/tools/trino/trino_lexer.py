"""The tokens of a statement, cut as Trino's own grammar cuts them.

In: the text of one statement.
Out: its tokens in order, without blanks and comments.
Must not know: what a statement may do.

It follows SqlBase.g4. A sign that Trino has no token for, and what ends inside of a quote or a
comment, is refused: Trino refuses it as well.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from stacktic_mcp.core.toolkit import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

Kind = Literal["name", "quoted_name", "text", "number", "sign"]

# A line comment ends at a carriage return, too: what follows one is read.
_TOKEN = re.compile(
    r"""
      (?P<blank>    [ \r\n\t]++ | --[^\r\n]*+ | /\*.*?\*/ )
    | (?P<text>     (?:[UuXx](?:&)?)?'(?:[^']|'')*+' )
    | (?P<quoted>   "(?P<inside>(?:[^"]|"")*+)" )
    | (?P<number>   [0-9][0-9A-Za-z_.]*+ )
    | (?P<name>     [A-Za-z_][A-Za-z0-9_]*+ )
    | (?P<sign>     /(?!\*) | [-+*%<>=!|?.,:;()\[\]{}$^@&] )
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True)
class Token:
    """One token: what it is, and the text; words that are not quoted come in capitals."""

    kind: Kind
    text: str
    start: int

    @property
    def is_name(self) -> bool:
        """Tell whether it may be the name of something."""
        return self.kind in {"name", "quoted_name"}


def tokens(sql: str) -> Iterator[Token]:
    """Yield the tokens of a statement."""
    position = 0
    while position < len(sql):
        found = _TOKEN.match(sql, position)
        if found is None:
            raise Refusal("E_SQL", "a quote or comment is not closed, or a sign is none of SQL")
        position = found.end()
        kind = found.lastgroup
        if kind == "blank":
            continue
        yield _token(found)


def _token(found: re.Match[str]) -> Token:
    start = found.start()
    if found["quoted"] is not None:
        return Token("quoted_name", found["inside"].replace('""', '"'), start)
    if found["text"] is not None:
        return Token("text", "", start)
    if found["number"] is not None:
        return Token("number", found["number"], start)
    if found["name"] is not None:
        return Token("name", found["name"].upper(), start)
    return Token("sign", found["sign"], start)
