"""Rows of one statement, read one by one as the server sends them.

In: a connection, one statement and the values of its parameters.
Out: typed columns and rows; texts cut to a cell, bytes as hexadecimal.
Must not know: links, accounts or tools.

A statement is executed out of a text (EXECUTE IMMEDIATE): MariaDB's own grammar then takes one
statement and nothing behind it, and parameters are values to it, never pieces of the statement.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from pymysql.constants import FIELD_TYPE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stacktic_mcp.tools.mariadb.mariadb_wire import CappedConnection

MAX_CELL_CHARACTERS = 2 * 1024
MAX_FETCHED_CHARACTERS = 160 * 1024

Value = str | int | float | bool | None
_TYPES = {
    FIELD_TYPE.VAR_STRING: "varchar",
    FIELD_TYPE.VARCHAR: "varchar",
    FIELD_TYPE.STRING: "char",
    FIELD_TYPE.BLOB: "text",
    FIELD_TYPE.TINY: "tinyint",
    FIELD_TYPE.SHORT: "smallint",
    FIELD_TYPE.INT24: "mediumint",
    FIELD_TYPE.LONG: "int",
    FIELD_TYPE.LONGLONG: "bigint",
    FIELD_TYPE.NEWDECIMAL: "decimal",
    FIELD_TYPE.FLOAT: "float",
    FIELD_TYPE.DOUBLE: "double",
    FIELD_TYPE.DATE: "date",
    FIELD_TYPE.NEWDATE: "date",
    FIELD_TYPE.TIME: "time",
    FIELD_TYPE.DATETIME: "datetime",
    FIELD_TYPE.TIMESTAMP: "timestamp",
    FIELD_TYPE.YEAR: "year",
    FIELD_TYPE.BIT: "bit",
    FIELD_TYPE.NULL: "null",
}


@dataclass
class Rows:
    """What a statement gave: never more than was asked for."""

    columns: list[dict[str, str]]
    rows: list[list[Any]]
    truncated_by: Any = None

    def records(self) -> list[dict[str, Any]]:
        """Return rows by column name."""
        names = [column["name"] for column in self.columns]
        return [dict(zip(names, row, strict=True)) for row in self.rows]


def immediate(sql: str, params: Sequence[Value]) -> str:
    """Return the statement that executes a text; in it stand hexadecimal digits alone."""
    using = ", ".join(map(_literal, params))
    return f"EXECUTE IMMEDIATE {_literal(sql)}" + (f" USING {using}" if params else "")


def _literal(value: Value) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float):
        # With an exponent it is a double, and no decimal.
        text = repr(value)
        return text if "e" in text else f"{text}e0"
    return str(value) if isinstance(value, int) else f"_utf8mb4 x'{value.encode().hex()}'"


def read(connection: CappedConnection, sql: str, params: Sequence[Value], limit: int) -> Rows:
    """Return up to `limit` rows, and whether there are more; the rest is left at the server."""
    cursor = connection.cursor()
    cursor.execute(immediate(sql, params))
    described = cast("list[tuple[str, int]]", cursor.description or ())
    found = Rows([{"name": one[0], "type": _TYPES.get(one[1], "other")} for one in described], [])
    size = 0
    while (row := cursor.fetchone()) is not None:
        if len(found.rows) == limit or size > MAX_FETCHED_CHARACTERS:
            found.truncated_by = "rows" if len(found.rows) == limit else "bytes"
            connection.abandon()
            break
        shown = [_shown(value) for value in row]
        cut = [_is_cut(value) for value in shown]
        found.rows.append([_short(value) for value in shown])
        size += sum(len(str(value)) + 2 for value in found.rows[-1])
        found.truncated_by = "cell" if any(cut) else found.truncated_by
    return found


def _shown(value: Any) -> Any:
    """Return a value as JSON has it; bytes that are no text are written as MariaDB writes them."""
    if isinstance(value, (bytes, bytearray)):
        return f"0x{bytes(value[:MAX_CELL_CHARACTERS]).hex()}"
    return value


def _is_cut(value: Any) -> bool:
    return isinstance(value, str) and len(value) > MAX_CELL_CHARACTERS


def _short(value: Any) -> Any:
    return value[:MAX_CELL_CHARACTERS] if isinstance(value, str) else value
