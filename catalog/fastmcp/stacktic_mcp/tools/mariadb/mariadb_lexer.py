"""The tokens of a statement, cut as MariaDB's own scanner cuts them.

In: the text of one statement, of a session without ANSI_QUOTES and NO_BACKSLASH_ESCAPES.
Out: its tokens in order, without blanks and comments.
Must not know: what a statement may do.

It follows sql/sql_lex.cc. Comments that the server runs, `/*!` and `/*M!`, are refused, since what
stands in them depends on its version. A statement that ends inside of a string or a comment is one
that MariaDB refuses: there the rest is one last token.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from stacktic_mcp.core.toolkit import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

Kind = Literal["name", "quoted_name", "text", "number", "sign"]

_BLANK = re.compile(r"[ \t\n\r\f\v]++")
# Two dashes begin a comment only where a blank or a control character follows.
_LINE_COMMENT = re.compile(r"(?:#|--(?=[\x00-\x20]|\Z))[^\n]*+")
_RUN_COMMENT = re.compile(r"/\*M?!", re.IGNORECASE)
# A name may begin with a digit, and every sign beyond ASCII is a letter.
_WORD = re.compile(r"[0-9A-Za-z_$\u0080-\U0010ffff]++")
_TEXT = {
    "'": re.compile(r"'(?:[^'\\]|\\.|'')*+(?:'|\Z)", re.DOTALL),
    '"': re.compile(r'"(?:[^"\\]|\\.|"")*+(?:"|\Z)', re.DOTALL),
}
_QUOTED_NAME = re.compile(r"`((?:[^`]|``)*+)(?:`|\Z)")
_ASCII_UPPER = {lower: lower - 32 for lower in range(ord("a"), ord("z") + 1)}


@dataclass(frozen=True)
class Token:
    """One token: what it is, the text, and where it begins and ends."""

    kind: Kind
    text: str
    start: int
    end: int


def tokens(sql: str) -> Iterator[Token]:
    """Yield the tokens of a statement; words that are not quoted come in capitals."""
    position = _next(sql, 0)
    while position < len(sql):
        token = _token(sql, position)
        yield token
        position = _next(sql, token.end)


def _next(sql: str, start: int) -> int:
    """Return where the next token begins, after blanks and comments."""
    while True:
        if skipped := _BLANK.match(sql, start) or _LINE_COMMENT.match(sql, start):
            start = skipped.end()
        elif _RUN_COMMENT.match(sql, start):
            raise Refusal("E_SQL", "comments that MariaDB runs, /*! … */, are not accepted")
        elif sql.startswith("/*", start):
            end = sql.find("*/", start + 2)
            start = len(sql) if end < 0 else end + 2
        else:
            return start


def _token(sql: str, start: int) -> Token:
    sign = sql[start]
    if sign in _TEXT and (text := _TEXT[sign].match(sql, start)):
        return Token("text", "", start, text.end())
    if quoted := _QUOTED_NAME.match(sql, start):
        return Token("quoted_name", quoted.group(1).replace("``", "`"), start, quoted.end())
    if word := _WORD.match(sql, start):
        digits = word.group().isascii() and word.group().isdigit()
        kind: Kind = "number" if digits else "name"
        return Token(kind, word.group().translate(_ASCII_UPPER), start, word.end())
    return Token("sign", sign, start, start + 1)
