"""Trino's protocol over HTTP: a statement is posted, its answer is fetched page by page.

In: a link, statements of the tool files.
Out: typed columns and rows; every failure is a `Refusal` made from the name of Trino's error.
Must not know: which tool asks. A page names the address of the next one: its path alone is used,
where it is one of this protocol, so that no answer leads elsewhere. What is left unread is
cancelled at Trino, which ends the query.
"""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from stacktic_mcp.core.toolkit import Code, Link, Refusal
from stacktic_mcp.lib.http_client import Http
from stacktic_mcp.tools.trino.trino_rows import Rows

if TYPE_CHECKING:
    from collections.abc import Mapping

# How much Trino puts into one page, where rows are small enough.
PAGE = {"targetResultSize": "128kB"}
CANCEL_TIMEOUT_S = 2.0
_NEXT = re.compile(
    r"/v1/statement/(?:queued|executing)/[0-9]{8}_[0-9]{6}_[0-9]{5,9}_[a-z0-9]{5}"
    r"/[A-Za-z0-9_-]{1,100}/[0-9]{1,19}"
)
_ERROR_NAME = re.compile(r"[A-Z][A-Z0-9_]{1,60}")

# Names of Trino's errors (StandardErrorCode.java) that mean more than "refused".
_MEANINGS: dict[str, tuple[Code, str]] = {
    "SYNTAX_ERROR": ("E_SQL", "the grammar does not allow this"),
    "PERMISSION_DENIED": ("E_SCOPE", "the user of the link may not do this"),
    "CATALOG_NOT_FOUND": ("E_NOT_FOUND", "there is no such catalog"),
    "SCHEMA_NOT_FOUND": ("E_NOT_FOUND", "there is no such schema"),
    "TABLE_NOT_FOUND": ("E_NOT_FOUND", "there is no such table"),
    "COLUMN_NOT_FOUND": ("E_SQL", "there is no such column"),
    "FUNCTION_NOT_FOUND": ("E_SQL", "there is no such function for these arguments"),
    "TYPE_MISMATCH": ("E_SQL", "the types do not fit"),
    "AMBIGUOUS_NAME": ("E_SQL", "a name means more than one column"),
    "MISSING_SCHEMA_NAME": ("E_SQL", "name the schema of each table"),
    "EXPRESSION_NOT_AGGREGATE": ("E_SQL", "a column is neither grouped nor aggregated"),
    "DIVISION_BY_ZERO": ("E_SQL", "a division by zero"),
    "INVALID_CAST_ARGUMENT": ("E_SQL", "a value cannot be cast to the type"),
    "INVALID_FUNCTION_ARGUMENT": ("E_SQL", "a function does not take this value"),
    "NUMERIC_VALUE_OUT_OF_RANGE": ("E_SQL", "a number is out of range"),
    "INVALID_PARAMETER_USAGE": ("E_ARG", "the statement has another number of ? than values"),
    "NOT_SUPPORTED": ("E_SQL", "the catalog does not support this"),
    "QUERY_TEXT_TOO_LARGE": ("E_LIMIT", "the statement is too long"),
    "QUERY_HAS_TOO_MANY_STAGES": ("E_LIMIT", "the statement is too large a plan"),
    "EXCEEDED_TIME_LIMIT": ("E_TIMEOUT", "it ran longer than the link may"),
    "EXCEEDED_CPU_LIMIT": ("E_LIMIT", "it took more CPU than the link may use"),
    "EXCEEDED_GLOBAL_MEMORY_LIMIT": ("E_LIMIT", "it needs more memory than the link may use"),
    "EXCEEDED_LOCAL_MEMORY_LIMIT": ("E_LIMIT", "it needs more memory than a worker may use"),
    "QUERY_QUEUE_FULL": ("E_LIMIT", "too many queries of the link run or wait; try again later"),
    "USER_CANCELED": ("E_TIMEOUT", "it was cancelled"),
    "ADMINISTRATIVELY_KILLED": ("E_TIMEOUT", "an administrator ended it"),
    "NO_NODES_AVAILABLE": ("E_UNAVAILABLE", "no worker is there"),
}
_OF_TYPE: dict[str, tuple[Code, str]] = {
    "USER_ERROR": ("E_SQL", "it gave an error"),
    "INSUFFICIENT_RESOURCES": ("E_LIMIT", "it needs more than the link may use"),
    "EXTERNAL": ("E_UNAVAILABLE", "what the catalog leads to gave an error"),
}
_OTHERWISE: tuple[Code, str] = ("E_UNAVAILABLE", "it could not be carried out")


class TrinoError(Refusal):
    """A refusal by Trino itself, with the name that Trino gives it."""

    def __init__(self, name: str, code: Code, hint: str, allowed: tuple[str, ...] = ()) -> None:
        """Keep the name for whoever has asked in order to be refused."""
        super().__init__(code, hint, allowed)
        self.name = name


class Trino(Http):
    """One link's Trino."""

    def __init__(self, link: Link, headers: Mapping[str, str] | None = None) -> None:
        """Take more headers, which are constants of the tool files or checked names."""
        if link.value("SCHEME", "http") != "https":
            hint = f"{link.component} takes passwords over TLS alone: link it to an issuer"
            raise Refusal("E_UNAVAILABLE", hint)
        self._more = dict(headers or {})
        user = link.value("USER")
        super().__init__(
            link,
            headers=lambda: {"X-Trino-User": user, "X-Trino-Source": "stacktic-mcp", **self._more},
            auth=(user, link.secret("PASSWORD")),
            credential="PASSWORD",
        )

    async def select(
        self, sql: str, limit: int, *, timeout_s: float = 8.0, lines_before: int = 0
    ) -> Rows:
        """Return up to `limit` rows; whatever is left is cancelled."""
        rows = Rows()
        reader = _Reader(self, rows, limit, lines_before)
        try:
            async with asyncio.timeout(timeout_s):
                await reader.read(sql)
        except TimeoutError:
            hint = f"the statement ran longer than {timeout_s:g} s"
            raise Refusal("E_TIMEOUT", hint) from None
        finally:
            await reader.end()
        return rows

    async def post(self, sql: str) -> Any:
        """Hand a statement to Trino; return the first page, which has no row yet."""
        content = sql.encode()
        reply = await self.request(
            "POST", ["v1", "statement"], content=content, content_type="text/plain"
        )
        return self._decoded(reply)

    async def queries(self) -> list[dict[str, Any]]:
        """Return what Trino tells of the queries that the user may see: its own."""
        found = await self.get_json(["v1", "query"])
        entries = cast("list[Any]", found) if isinstance(found, list) else []
        return [cast("dict[str, Any]", entry) for entry in entries if isinstance(entry, dict)]


class _Reader:
    """Follows one statement to its end, or to where enough was read."""

    def __init__(self, client: Trino, rows: Rows, limit: int, lines_before: int) -> None:
        self._client = client
        self._rows = rows
        self._limit = limit
        self._lines_before = lines_before
        self._next: list[str] | None = None

    async def read(self, sql: str) -> None:
        page = await self._client.post(sql)
        while self._goes_on(page):
            page = await self._client.get_json(self._next or [], PAGE)

    def _goes_on(self, page: Any) -> bool:
        """Take a page; tell whether another one is wanted."""
        if not isinstance(page, dict):
            raise Refusal("E_UNAVAILABLE", f"{self._client.link.component} broke off its answer")
        known = cast("dict[str, Any]", page)
        self._next = self._segments(known.get("nextUri"))
        if error := known.get("error"):
            self._next = None
            raise self._failure(cast("dict[str, Any]", error))
        return self._rows.take(known, self._limit) and self._next is not None

    def _segments(self, address: Any) -> list[str] | None:
        if address is None:
            return None
        path = urlsplit(str(address)).path
        if not _NEXT.fullmatch(path):
            hint = f"{self._client.link.component} named an address that is none of its own"
            raise Refusal("E_UNAVAILABLE", hint)
        return path.strip("/").split("/")

    def _failure(self, error: Mapping[str, Any]) -> Refusal:
        """Make a refusal of the error's name; the text itself goes to the log alone."""
        link = self._client.link
        self._client.log(RuntimeError(str(error.get("message", ""))[:2048]))
        name = str(error.get("errorName", ""))
        otherwise = _OF_TYPE.get(str(error.get("errorType", "")), _OTHERWISE)
        code, meaning = _MEANINGS.get(name, otherwise)
        named = f" ({name})" if _ERROR_NAME.fullmatch(name) else ""
        allowed = link.enums.get("catalogs", ()) if code == "E_SCOPE" else ()
        hint = f"Trino refused the statement: {meaning}{named}{self._place(error)}"
        return TrinoError(name, code, hint, tuple(allowed))

    def _place(self, error: Mapping[str, Any]) -> str:
        """Return where in the caller's text the error is, where Trino says so."""
        found = error.get("errorLocation")
        if not isinstance(found, dict):
            return ""
        place = cast("dict[str, Any]", found)
        line, column = place.get("lineNumber"), place.get("columnNumber")
        if not isinstance(line, int) or not isinstance(column, int):
            return ""
        line -= self._lines_before
        return f", line {line} column {column}" if line > 0 else ""

    async def end(self) -> None:
        """Cancel what was not read to its end; that ends the query at Trino."""
        if self._next is None:
            return
        with suppress(Refusal, TimeoutError):
            async with asyncio.timeout(CANCEL_TIMEOUT_S):
                cancel = self._client.request("DELETE", self._next)
                await asyncio.shield(asyncio.ensure_future(cancel))
