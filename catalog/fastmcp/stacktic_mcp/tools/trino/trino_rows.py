"""Rows of Trino as JSON that says what they are, and values as SQL.

In: the pages of an answer, values of a caller.
Out: typed columns and no more rows than were asked for; literals.
Must not know: HTTP, links, which statement was asked.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from stacktic_mcp.core.toolkit import Refusal
from stacktic_mcp.lib.text import plain_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MAX_KEPT_BYTES = 160 * 1024
MAX_COLUMNS = 1000
MAX_TYPE_CHARACTERS = 200
_BIGGEST = 2**63


@dataclass
class Rows:
    """What came before the limit."""

    columns: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    rows: list[list[Any]] = field(default_factory=list[list[Any]])
    truncated_by: Any = None
    kept: int = 0

    def take(self, page: Mapping[str, Any], limit: int) -> bool:
        """Take a page; tell whether there is room for more."""
        if not self.columns and page.get("columns"):
            self.columns = [_column(column) for column in page["columns"]]
            if len(self.columns) > MAX_COLUMNS:
                raise Refusal("E_LIMIT", f"more than {MAX_COLUMNS} columns; name those you need")
        for row in page.get("data") or ():
            if len(self.rows) == limit:
                self.truncated_by = "rows"
                return False
            pairs = zip(row, self.columns, strict=True)
            shown = [_shown(cell, column["type"]) for cell, column in pairs]
            self.kept += len(json.dumps(shown, ensure_ascii=False))
            if self.kept > MAX_KEPT_BYTES:
                self.truncated_by = "bytes"
                return False
            self.rows.append(shown)
        return True

    def records(self) -> list[dict[str, Any]]:
        """Return rows by column name."""
        names = [column["name"] for column in self.columns]
        return [dict(zip(names, row, strict=True)) for row in self.rows]


def _column(column: Mapping[str, Any]) -> dict[str, str]:
    kind = str(column.get("type", ""))[:MAX_TYPE_CHARACTERS]
    return {"name": plain_text(str(column.get("name", ""))), "type": plain_text(kind)}


def _shown(cell: Any, kind: str) -> Any:
    """Return a cell; bytes come as base64, which a reader must be told."""
    if kind == "varbinary" and isinstance(cell, str):
        return {"encoding": "base64", "value": cell}
    return cell


def text_literal(text: str) -> str:
    """Return a text as SQL: within quotes only the quote itself means anything."""
    quoted = text.replace("'", "''")
    return f"'{quoted}'"


def name_literal(name: str) -> str:
    """Return a name as SQL."""
    quoted = name.replace('"', '""')
    return f'"{quoted}"'


def literal(value: str | float | bool | None) -> str:
    """Return a value as SQL."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, str):
        return text_literal(value)
    if isinstance(value, float):
        return f"DOUBLE '{value!r}'"
    return str(value) if -_BIGGEST < value < _BIGGEST else f"DECIMAL '{value}'"


def with_values(sql: str, values: Sequence[str | float | bool | None]) -> str:
    """Return a statement that is run with these values in the place of its question marks."""
    if not values:
        return sql
    return f"EXECUTE IMMEDIATE {text_literal(sql)} USING {', '.join(map(literal, values))}"
