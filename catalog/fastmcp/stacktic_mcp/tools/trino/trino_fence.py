"""The fence before Trino's own: one query, of linked catalogs, that brings no program along.

In: the text of one statement, the linked catalogs.
Out: the same without its last semicolon, or a `Refusal` that names what is not open.
Must not know: HTTP. It is not what keeps the data safe: the rules of the link's user do that. In
Trino's grammar a query writes nothing by itself; what could is a function of a catalog, one that
the statement defines, or a table function that hands a text to a database.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stacktic_mcp.core.toolkit import Refusal
from stacktic_mcp.tools.trino.trino_lexer import Token, tokens

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

FIRST = frozenset({"SELECT", "WITH", "VALUES", "TABLE"})
# Table functions of the engine itself.
TABLE_FUNCTIONS = frozenset({"SEQUENCE", "EXCLUDE_COLUMNS"})
# Behind these, at the depth of a SELECT, no name of a table stands any more.
_ENDS_FROM = frozenset(
    {"ON", "USING", "WHERE", "GROUP", "HAVING", "WINDOW", "ORDER", "LIMIT", "OFFSET", "FETCH"}
    | {"UNION", "EXCEPT", "INTERSECT"}
)
# Catalog, schema, table.
_WHOLE_NAME = 3
_NOTHING = Token("sign", "", 0)


def one_query(sql: str, catalogs: Collection[str]) -> str:
    """Return a statement that is one query of these catalogs, without its last semicolon."""
    found = list(tokens(sql))
    if found and _is_sign(found[-1], ";"):
        sql = sql[: found.pop().start]
    if any(_is_sign(token, ";") for token in found):
        raise Refusal("E_SQL", "one statement at a time")
    first = next((token for token in found if not _is_sign(token, "(")), _NOTHING)
    if first.kind != "name" or first.text not in FIRST:
        raise Refusal("E_SQL", "the statement must be one SELECT, WITH, VALUES or TABLE")
    _ensure_nothing_brought(found)
    _ensure_plain_functions(found)
    _ensure_linked(found, catalogs)
    return sql


def _ensure_nothing_brought(found: Sequence[Token]) -> None:
    """Refuse WITH FUNCTION and WITH SESSION; a subquery may be called by either word."""
    for index, token in enumerate(found):
        if not (token.kind == "name" and token.text in {"FUNCTION", "SESSION"}):
            continue
        before, after = _at(found, index - 1), _at(found, index + 1)
        begins = before.kind == "name" and before.text == "WITH"
        named = after.kind == "name" and after.text == "AS"
        if begins and not named and not _is_sign(after, "("):
            raise _refused(f"WITH {token.text}")


def _ensure_plain_functions(found: Sequence[Token]) -> None:
    """Refuse a function that is called by the name of a catalog or schema."""
    for index, token in enumerate(found):
        if not _is_sign(token, "("):
            continue
        name, dot = _at(found, index - 1), _at(found, index - 2)
        if name.is_name and _is_sign(dot, "."):
            raise _refused("a function of a catalog")
        if not (name.kind == "name" and name.text == "TABLE"):
            continue
        called, opened = _at(found, index + 1), _at(found, index + 2)
        plain = called.text.upper() in TABLE_FUNCTIONS
        if called.is_name and _is_sign(opened, "(") and not plain:
            raise _refused("this table function")


def _ensure_linked(found: Sequence[Token], catalogs: Collection[str]) -> None:
    """Refuse a whole name of a table whose catalog is not linked."""
    # For each open parenthesis: "select", "from", or what is neither.
    states = [""]
    for index, token in enumerate(found):
        before = _at(found, index - 1)
        if _is_sign(token, "("):
            # FROM (a.b.c JOIN …) names tables within parentheses.
            states.append("from" if states[-1] == "from" and not before.is_name else "")
            continue
        if _is_sign(token, ")"):
            if len(states) > 1:
                states.pop()
            continue
        if _begins_table(token, before, states):
            _ensure_catalog(found, index + 1, catalogs)
    if len(states) > 1:
        raise Refusal("E_SQL", "a parenthesis is not closed")


def _begins_table(token: Token, before: Token, states: list[str]) -> bool:
    """Follow the clauses of a SELECT; tell whether a table may be named next."""
    if _is_sign(token, ","):
        states[-1] = "from" if states[-1] == "on" else states[-1]
        return states[-1] == "from"
    if token.kind != "name" or _is_sign(before, "."):
        return False
    if token.text == "SELECT":
        states[-1] = "select"
    elif token.text == "FROM" and states[-1] == "select" and before.text != "DISTINCT":
        states[-1] = "from"
        return True
    elif token.text in {"ON", "USING"} and states[-1] == "from":
        states[-1] = "on"
    elif token.text in {"JOIN", "TABLE"}:
        states[-1] = "from" if token.text == "JOIN" else states[-1]
        return True
    elif token.text in _ENDS_FROM:
        states[-1] = ""
    return False


def _ensure_catalog(found: Sequence[Token], index: int, catalogs: Collection[str]) -> None:
    while _is_sign(_at(found, index), "("):
        index += 1
    parts: list[str] = []
    while _at(found, index).is_name:
        parts.append(_at(found, index).text.lower())
        if not _is_sign(_at(found, index + 1), "."):
            break
        index += 2
    if len(parts) == _WHOLE_NAME and parts[0] not in catalogs:
        hint = "the statement names a catalog that is not linked"
        raise Refusal("E_SCOPE", hint, sorted(catalogs))


def _at(found: Sequence[Token], index: int) -> Token:
    return found[index] if 0 <= index < len(found) else _NOTHING


def _is_sign(token: Token, sign: str) -> bool:
    return token.kind == "sign" and token.text == sign


def _refused(what: str) -> Refusal:
    return Refusal("E_SQL", f"{what} is not open to read tools")
