"""ClickHouse over HTTP: one POST a statement, rows read line by line and never too many.

In: a link, statements of the tool files, parameters as values.
Out: typed columns and rows; every failure is a `Refusal` made from ClickHouse's error number.
Must not know: which tool asks. The address carries no setting: the profile of the user holds
the limits, and with `readonly = 1` it refuses any other.
"""

from __future__ import annotations

import asyncio
import json
import re
import uuid
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from stacktic_mcp.core.toolkit import Code, Link, Refusal
from stacktic_mcp.lib.http_client import ErrorHint, Http, Reply
from stacktic_mcp.tools.clickhouse.clickhouse_lines import Line, lines_of
from stacktic_mcp.tools.clickhouse.clickhouse_values import shown

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

FORMAT = "FORMAT JSONCompactEachRowWithNamesAndTypes"
MAX_FETCHED_BYTES = 160 * 1024
# Of large cells little is kept; what is thrown away takes time all the same.
MAX_READ_BYTES = 4 * 1024 * 1024
MAX_ERROR_BYTES = 64 * 1024
KILL_TIMEOUT_S = 2.0
Address = list[tuple[str, str | int | float | bool | None]]
_ERROR_CODE = re.compile(rb"Code: (\d{1,5})")

# Error numbers of ClickHouse (src/Common/ErrorCodes.cpp) that mean more than "refused".
_MEANINGS: dict[int, tuple[Code, str]] = {
    36: ("E_SQL", "a value does not fit"),
    42: ("E_SQL", "a function has the wrong number of arguments"),
    43: ("E_SQL", "a function does not take arguments of these types"),
    46: ("E_SQL", "there is no such function"),
    47: ("E_SQL", "there is no such column or name"),
    60: ("E_NOT_FOUND", "there is no such table"),
    62: ("E_SQL", "the grammar does not allow this"),
    81: ("E_NOT_FOUND", "there is no such database"),
    117: ("E_ARG", "a row has a column that the table does not have"),
    158: ("E_LIMIT", "more rows would be read than the link may read"),
    159: ("E_TIMEOUT", "the statement ran longer than its time limit"),
    160: ("E_TIMEOUT", "the statement is expected to run too long"),
    164: ("E_SQL", "the user of the link is read-only"),
    201: ("E_LIMIT", "the quota of the link is used up for now"),
    202: ("E_UNAVAILABLE", "too many statements run at the moment"),
    241: ("E_LIMIT", "the statement needs more memory than the link may use"),
    307: ("E_LIMIT", "more bytes would be read than the link may read"),
    394: ("E_TIMEOUT", "the statement was cancelled"),
    396: ("E_LIMIT", "the result is larger than the link may read"),
    452: ("E_SQL", "a setting is outside of what the link may change"),
    456: ("E_ARG", "a parameter of the statement is missing"),
    457: ("E_ARG", "a parameter does not fit its type"),
    497: ("E_SQL", "the user of the link has no grant for this"),
}
MAX_GRANTS = 500
_GRANT = re.compile(
    r"GRANT (?P<rights>.+) ON (?P<database>[^.\s]+)\.\S+ TO \S+(?P<option> WITH GRANT OPTION)?"
)
_REFUSED_CREDENTIALS = frozenset({192, 193, 194, 516})


@dataclass
class Rows:
    """What came before the limit: never more than was asked for."""

    columns: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    rows: list[list[Any]] = field(default_factory=list[list[Any]])
    truncated_by: Any = None

    def fits(self, cells: list[Any]) -> bool:
        """Tell whether a line has as many cells as the first one."""
        return not self.columns or len(cells) == len(self.columns)

    def take(self, line: Line) -> None:
        """Take one line: the first holds names, the second types, all others rows."""
        cells = line.cells or []
        if not self.columns:
            self.columns = [{"name": str(shown(name, "String")), "type": ""} for name in cells]
        elif not self.columns[0]["type"]:
            for column, kind in zip(self.columns, cells, strict=True):
                column["type"] = str(shown(kind, "String"))
        else:
            pairs = zip(cells, self.columns, strict=True)
            self.rows.append([shown(cell, column["type"]) for cell, column in pairs])
            if line.cut:
                self.truncated_by = "cell"

    def records(self) -> list[dict[str, Any]]:
        """Return rows by column name."""
        names = [column["name"] for column in self.columns]
        return [dict(zip(names, row, strict=True)) for row in self.rows]


class ClickHouse(Http):
    """One link's ClickHouse."""

    def __init__(self, link: Link) -> None:
        """Credentials travel as headers: an address may be logged, a header is not."""
        super().__init__(link, headers=self._credentials, credential="PASSWORD")

    def _credentials(self) -> dict[str, str]:
        return {
            "X-ClickHouse-User": self.link.value("USER"),
            "X-ClickHouse-Key": self.link.secret("PASSWORD"),
        }

    async def select(
        self,
        sql: str,
        params: Mapping[str, Any],
        limit: int,
        *,
        database: str = "",
        timeout_s: float = 8.0,
    ) -> Rows:
        """Return up to `limit` rows; one more is read to know whether there are others."""
        query_id = uuid.uuid4().hex
        address = self._address(database, params, query_id)
        ended = False
        try:
            async with asyncio.timeout(timeout_s):
                rows, ended = await self._rows(f"{sql}\n{FORMAT}", address, limit)
        except TimeoutError:
            hint = f"the statement ran longer than {timeout_s:g} s"
            raise Refusal("E_TIMEOUT", hint) from None
        except Refusal as refusal:
            ended = refusal.code != "E_LIMIT"
            raise
        finally:
            if not ended:
                await self._kill(query_id)
        return rows

    async def insert(self, table: tuple[str, str], rows: Sequence[Mapping[str, Any]]) -> int | None:
        """Send rows as JSON; return how many ClickHouse says it wrote, nothing if it does not."""
        lines = [json.dumps(row, ensure_ascii=False) for row in rows]
        name = ".".join(quoted(part) for part in table)
        body = "\n".join([f"INSERT INTO {name} FORMAT JSONEachRow", *lines, ""])
        reply = await self._post(body)
        try:
            summary = json.loads(reply.headers.get("X-ClickHouse-Summary", "{}"))
            return int(summary["written_rows"])
        except (ValueError, KeyError, TypeError):
            return None

    async def wider(self) -> list[str]:
        """Return what the user may do beyond reading what is linked, or adding to it."""
        told = await self.select("SHOW GRANTS", {}, MAX_GRANTS)
        if told.truncated_by or not told.rows:
            raise Refusal("E_UNAVAILABLE", f"the grants at {self.link.component} are unknown")
        found = {self._beyond(str(row[0])) for row in told.rows}
        return sorted(found - {""})

    def _beyond(self, grant: str) -> str:
        parts = _GRANT.fullmatch(grant.replace("`", ""))
        if parts is None and grant.startswith("REVOKE "):
            return ""
        if parts is None:
            return "it has roles, or grants that name no database"
        rights = {right.strip() for right in re.sub(r"\([^)]*\)", "", parts["rights"]).split(",")}
        if parts["option"]:
            return "it may give its rights to others"
        if parts["database"] not in self.link.enums.get("databases", ()):
            return "it has grants on a database that is not linked"
        allowed = {"INSERT"} if self.link.writable else set[str]()
        more = {right for right in rights if right != "SELECT" and not right.startswith("SHOW")}
        return "" if more <= allowed else "it may do more to linked tables than the link says"

    async def _post(self, body: str) -> Reply:
        return await self.request("POST", [], content=body.encode(), content_type="text/plain")

    def _address(self, database: str, params: Mapping[str, Any], query_id: str) -> Address:
        """Return the parameters of the address: names of ours, values as ClickHouse escapes them.

        A user that may write has no `readonly` profile, so each of its reads asks for it.
        """
        address: Address = [("query_id", query_id)]
        if database:
            address.append(("database", database))
        if self.link.write_access:
            address.append(("readonly", "1"))
        address += [(f"param_{name}", escaped(value)) for name, value in params.items()]
        return address

    async def _rows(self, sql: str, address: Address, limit: int) -> tuple[Rows, bool]:
        """Read lines up to the limit; the flag tells whether the statement came to its end."""
        rows = Rows()
        read, kept = 0, 0
        sent = self.stream("POST", self.url([]), params=address, content=sql.encode())
        async with sent as response:
            chunks = response.aiter_raw()
            if not response.is_success:
                raise self._failure(await _beginning(chunks))
            lines = lines_of(chunks)
            async for line in lines:
                if line.cells is None or not rows.fits(line.cells):
                    raise self._failure(line.head + await _heads(lines))
                rows.take(line)
                read, kept = read + line.read, kept + line.kept
                if len(rows.rows) > limit:
                    rows.truncated_by = "rows"
                    del rows.rows[limit:]
                    return rows, False
                if kept > MAX_FETCHED_BYTES or read > MAX_READ_BYTES:
                    rows.truncated_by = "bytes"
                    return rows, False
        return rows, True

    def refusal(self, status: int, body: bytes, error_hint: ErrorHint | None) -> Refusal:
        """Every failed request carries an error number that says more than its status."""
        del status, error_hint
        return self._failure(body)

    def _failure(self, body: bytes) -> Refusal:
        """Make a refusal of the error number; the text itself goes to the log alone."""
        text = body[:2048].decode("utf-8", "replace")
        self.log(RuntimeError(text))
        found = _ERROR_CODE.search(body)
        if found is None:
            return Refusal("E_UNAVAILABLE", f"{self.link.component} broke off its answer")
        number = int(found.group(1))
        if number in _REFUSED_CREDENTIALS:
            hint = f"the credential {self.link.env}_PASSWORD was refused by {self.link.component}"
            return Refusal("E_UNAVAILABLE", hint)
        code, meaning = _MEANINGS.get(number, ("E_SQL", "it gave an error"))
        return Refusal(code, f"ClickHouse refused the statement: {meaning} (code {number})")

    async def _kill(self, query_id: str) -> None:
        """End a statement that runs on, where the server lets a user end its own.

        Some versions ask for a grant on system.processes, which would show what others run; then
        the closed connection ends it (cancel_http_readonly_queries_on_client_close).
        """
        statement = f"KILL QUERY WHERE query_id = '{query_id}' ASYNC"
        with suppress(Refusal, TimeoutError):
            async with asyncio.timeout(KILL_TIMEOUT_S):
                await asyncio.shield(asyncio.ensure_future(self._post(statement)))


def quoted(name: str) -> str:
    """Return an identifier in backticks."""
    escapes = name.replace("\\", "\\\\").replace("`", "\\`")
    return f"`{escapes}`"


def escaped(value: object) -> str:
    r"""Return a parameter as ClickHouse reads it: like a field of TSV, `\N` for NULL."""
    if value is None:
        return "\\N"
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        return str(value)
    signs = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\0": "\\0"}
    return "".join(signs.get(sign, sign) for sign in value)


async def _beginning(chunks: AsyncIterator[bytes]) -> bytes:
    """Return as much of an error text as holds its number."""
    text = b""
    async for chunk in chunks:
        text += chunk
        if len(text) > MAX_ERROR_BYTES:
            break
    return text


async def _heads(lines: AsyncIterator[Line]) -> bytes:
    """Return the beginnings of the lines that follow, up to what holds an error's number."""
    text = b""
    async for line in lines:
        text += line.head
        if len(text) > MAX_ERROR_BYTES:
            break
    return text
