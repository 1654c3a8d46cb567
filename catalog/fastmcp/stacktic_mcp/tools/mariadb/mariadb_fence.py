"""The fence before MariaDB's own: one SELECT, and nothing in it that does more than read.

In: the text of one statement.
Out: the same without its last semicolon, or a `Refusal` that names the word.
Must not know: connections. It is not what keeps the data safe: the account without a grant does
that. Yet every account may take named locks, hold a connection, lock rows that it reads, call
functions that were added to the server, and set its own password: a read-only transaction hinders
none of these.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from stacktic_mcp.core.toolkit import Refusal
from stacktic_mcp.tools.mariadb.mariadb_functions import FUNCTIONS, GRAMMAR
from stacktic_mcp.tools.mariadb.mariadb_lexer import Token, tokens

if TYPE_CHECKING:
    from collections.abc import Sequence

FIRST = frozenset({"SELECT", "WITH", "VALUES"})
# Where they are no part of a longer name they are words of the grammar alone: of SELECT … INTO,
# FOR UPDATE, LOCK IN SHARE MODE, PROCEDURE ANALYSE, and of statements that change data.
REFUSED = frozenset(
    {"INTO", "OUTFILE", "DUMPFILE", "UPDATE", "DELETE", "INSERT", "LOCK", "PROCEDURE", "CALL"}
    | {"LOAD", "RETURNING"}
)
# A sequence gives its next value to NEXT VALUE FOR; its column may be called `next` otherwise.
_NEXT_VALUES = frozenset({("NEXT", "VALUE"), ("PREVIOUS", "VALUE")})
_START = Token("sign", "", 0, 0)


def one_select(sql: str) -> str:
    """Return a statement that reads and does nothing else, without its last semicolon."""
    found = list(tokens(sql))
    if found and found[-1].text == ";" and found[-1].kind == "sign":
        sql = sql[: found.pop().start]
    _ensure_begins(found)
    for before, token in pairwise([_START, *found]):
        if token.kind == "sign" and token.text in {";", "@", "\\"}:
            raise _refused(f"the sign {token.text}")
        if (before.text, token.text) in _NEXT_VALUES:
            raise _refused("NEXT VALUE FOR")
    for index, token in enumerate(found):
        if token.kind == "name" and token.text in REFUSED and not _is_qualified(found, index):
            if token.text == "INSERT" and _follows(found, index) == "(":
                continue
            raise _refused(token.text)
        if _follows(found, index) == "(":
            _ensure_open(found, index)
    return sql


def _ensure_begins(found: Sequence[Token]) -> None:
    """Look at the first word, behind parentheses: it says what kind of statement this is."""
    first = next((token for token in found if token.text != "("), _START)
    if first.kind != "name" or first.text not in FIRST:
        raise Refusal("E_SQL", "the statement must be one SELECT, VALUES or WITH … SELECT")


def _ensure_open(found: Sequence[Token], index: int) -> None:
    """Refuse a word before a parenthesis that is no function or word of the list."""
    token = found[index]
    if token.kind not in {"name", "quoted_name"}:
        return
    if _is_qualified(found, index):
        raise Refusal("E_SQL", "functions of a database are not open to read tools")
    if token.kind == "name" and (token.text in FUNCTIONS or token.text in GRAMMAR):
        return
    if token.text == "INSERT" or _names_columns(found, index):
        return
    raise Refusal("E_SQL", f"the function {token.text[:64]} is not open to read tools")


def _names_columns(found: Sequence[Token], index: int) -> bool:
    """Tell whether this is the first table of a WITH, which may name its columns."""
    before = found[index - 1] if index else _START
    return before.kind == "name" and before.text in {"WITH", "RECURSIVE"}


def _follows(found: Sequence[Token], index: int) -> str:
    """Return the sign behind a token, nothing where another kind of token stands."""
    after = found[index + 1] if index + 1 < len(found) else _START
    return after.text if after.kind == "sign" else ""


def _is_qualified(found: Sequence[Token], index: int) -> bool:
    """Tell whether a word stands behind the dot of another name: a word of the grammar cannot."""
    if index < 2 or (found[index - 1].kind, found[index - 1].text) != ("sign", "."):  # noqa: PLR2004
        return False
    return found[index - 2].kind in {"name", "quoted_name"}


def _refused(what: str) -> Refusal:
    return Refusal("E_SQL", f"{what} is not open to read tools")
