"""The tokens of a statement, cut as PostgreSQL's own scanner cuts them.

In: the text of one statement.
Out: its tokens in order, without blanks and comments.
Must not know: what a statement may do.

It follows src/backend/parser/scan.l. A statement that ends inside of a string or a comment is one
PostgreSQL refuses: there the rest is one last token.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

Kind = Literal["name", "escaped_name", "text", "number", "sign"]

# A longer name is cut to this by PostgreSQL before it looks it up.
MAX_NAME_BYTES = 63

# Every sign beyond ASCII is a letter; the scanner sees bytes and knows no blanks among them.
_LETTER = r"[A-Za-z_\u0080-\U0010ffff]"
_LETTER_OR_DIGIT = r"[A-Za-z0-9_\u0080-\U0010ffff]"
_BLANK = re.compile(r"(?:[ \t\n\r\f\v]++|--[^\n\r]*+)++")
_NAME = re.compile(rf"{_LETTER}(?:{_LETTER_OR_DIGIT}|\$)*+")
_TEXT = re.compile(r"([eE]|[bBxX]|[nN]|[uU]&)?'")
_QUOTED_NAME = re.compile(r'([uU]&)?"((?:[^"]|"")*+)(?:"|\Z)')
_DOLLAR = re.compile(rf"\$(?:{_LETTER}{_LETTER_OR_DIGIT}*+)?\$")
_PARAMETER = re.compile(r"\$[0-9]+")
_NUMBER = re.compile(
    r"0[xX](?:_?[0-9A-Fa-f])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+"
    r"|(?:[0-9](?:_?[0-9])*(?:\.(?!\.)(?:[0-9](?:_?[0-9])*)?)?|\.[0-9](?:_?[0-9])*)"
    r"(?:[eE][-+]?[0-9](?:_?[0-9])*)?"
)
# A comment may begin in the middle of an operator and ends it.
_OPERATOR = re.compile(r"(?:(?!--|/\*)[~!@#^&|`?+\-*/%<>=])+")
# A string goes on after a line break: 'a' and, one line below, 'b' are one string of one kind.
_CONTINUED = re.compile(
    r"(?:[ \t\f\v]++|--[^\n\r]*+)*+[\n\r](?:[ \t\n\r\f\v]++|--[^\n\r]*+[\n\r])*+'"
)
_ASCII_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


@dataclass(frozen=True)
class Token:
    """One token: what it is, the text, and where it begins and ends."""

    kind: Kind
    text: str
    start: int
    end: int


def tokens(sql: str) -> Iterator[Token]:
    """Yield the tokens of a statement; a name is the one that PostgreSQL would look up."""
    position = _next(sql, 0)
    while position < len(sql):
        token = _token(sql, position)
        yield token
        position = _next(sql, token.end)


def without_semicolon(sql: str) -> str:
    """Return a statement up to its first semicolon; a cursor proves that none follows it."""
    return next((sql[: token.start] for token in tokens(sql) if token.text == ";"), sql)


def _next(sql: str, start: int) -> int:
    """Return where the next token begins, after blanks and comments."""
    while True:
        blank = _BLANK.match(sql, start)
        if blank:
            start = blank.end()
        elif sql.startswith("/*", start):
            start = _comment_end(sql, start)
        else:
            return start


def _token(sql: str, start: int) -> Token:
    """Return the token at a place; prefixed strings come before the names they begin like."""
    if text := _TEXT.match(sql, start):
        return Token("text", "", start, _text_end(sql, text))
    if tag := _DOLLAR.match(sql, start):
        end = sql.find(tag.group(), tag.end())
        return Token("text", "", start, len(sql) if end < 0 else end + len(tag.group()))
    if quoted := _QUOTED_NAME.match(sql, start):
        kind: Kind = "escaped_name" if quoted.group(1) else "name"
        return Token(kind, _cut_name(quoted.group(2).replace('""', '"')), start, quoted.end())
    if name := _NAME.match(sql, start):
        return Token("name", _cut_name(name.group().translate(_ASCII_LOWER)), start, name.end())
    if number := _NUMBER.match(sql, start) or _PARAMETER.match(sql, start):
        return Token("number", number.group(), start, number.end())
    operator = _OPERATOR.match(sql, start)
    end = operator.end() if operator else start + 1
    return Token("sign", sql[start:end], start, end)


def _cut_name(name: str) -> str:
    return name.encode("utf-8", "replace")[:MAX_NAME_BYTES].decode("utf-8", "ignore")


def _text_end(sql: str, opened: re.Match[str]) -> int:
    """Return where a string ends, its continuations included."""
    kind = (opened.group(1) or "").lower()
    position = opened.end()
    while position < len(sql):
        if kind == "e" and sql[position] == "\\":
            position += 2
        elif sql[position] != "'":
            position += 1
        elif kind not in {"b", "x"} and sql.startswith("''", position):
            position += 2
        elif continued := _CONTINUED.match(sql, position + 1):
            position = continued.end()
        else:
            return position + 1
    return len(sql)


def _comment_end(sql: str, start: int) -> int:
    """Comments nest in PostgreSQL."""
    depth = 0
    position = start
    while position < len(sql):
        two = sql[position : position + 2]
        if two not in {"/*", "*/"}:
            position += 1
            continue
        depth += 1 if two == "/*" else -1
        position += 2
        if depth == 0:
            return position
    return len(sql)
