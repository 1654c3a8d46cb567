"""OpenSearch tools of the MCP server: they search the linked indices and change nothing.

In: the names of linked indices, and questions made of checked parts.
Out: documents, counts, groups, fields and the state of the cluster, bounded in number and time.
Must not know: HTTP, how a question is written for the server.
"""

from __future__ import annotations

import time
from typing import Annotated, Any, Literal, NotRequired, TypedDict

from pydantic import ConfigDict, Field, with_config

from stacktic_mcp.core.toolkit import Answer, Choice, Link, Position, Refusal, Toolset
from stacktic_mcp.lib.documents import Facts, facts_of
from stacktic_mcp.lib.times import MOMENT_HELP, Notation
from stacktic_mcp.tools.opensearch import opensearch_views as views
from stacktic_mcp.tools.opensearch.opensearch_api import Principals, Search
from stacktic_mcp.tools.opensearch.opensearch_query import (
    MAX_WINDOW,
    Condition,
    Grouping,
    Interval,
    Kind,
    Metric,
    Operation,
    Wanted,
    Window,
    Words,
    count_body,
    groups_body,
    search_body,
)

TIMES = Notation("smhdwy")
# No name of the server's own begins otherwise, and none of these signs is one of a pattern.
NAME = r"^[^\x00-\x20\x2a\x2c\x5c\x5e\x5f\x7f][^\x00-\x1f\x2a\x2c\x5c\x5e\x7f]*$"

Index = Annotated[str, Choice("indices"), Field(description="a linked index")]
FieldName = Annotated[
    str, Field(min_length=1, max_length=200, pattern=NAME, description="a field, by its whole path")
]
Text = Annotated[
    str | None, Field(min_length=1, max_length=500, description="words to look for; no syntax")
]
MatchOf = Annotated[Words, Field(description="how many of the words, in one field")]
TextFields = Annotated[
    list[FieldName], Field(max_length=10, description="where the words stand; none: anywhere")
]
Fields = Annotated[
    list[FieldName], Field(max_length=50, description="fields to return; none: all of them")
]
TimeField = Annotated[FieldName | None, Field(description="a field of the kind date")]
Moment = Annotated[str, Field(pattern=TIMES.moment, max_length=40, description=MOMENT_HELP)]
Value = (
    Annotated[str, Field(max_length=500)]
    | Annotated[int, Field(ge=-(2**53) + 1, le=2**53 - 1)]
    | float
    | bool
    | None
)


# Plain JSON, since a cursor holds the digest of what was asked.
@with_config(ConfigDict(extra="forbid", strict=True, allow_inf_nan=False))
class Filter(TypedDict):
    """A condition that documents meet."""

    field: FieldName
    op: Operation
    value: NotRequired[Annotated[Value, Field(description="not with exists and missing")]]


Filters = Annotated[list[Filter], Field(max_length=10, description="conditions, all of them")]
NO_FILTERS: list[Filter] = []
NO_FIELDS: list[str] = []


def register(tools: Toolset) -> None:
    """Add the OpenSearch tools; none of them writes."""
    principals = Principals()
    tools.rights(principals.wider)
    _register_catalog(tools, principals)
    _register_documents(tools, principals)
    _register_numbers(tools, principals)


def _register_catalog(tools: Toolset, principals: Principals) -> None:
    @tools.read
    async def opensearch_list_indices(
        link: Link,
        limit: Annotated[int, Field(ge=1, le=100, description="how many at most")] = 50,
        cursor: Position = None,
    ) -> Answer:
        """List the linked indices of OpenSearch with number of documents and size."""
        search = await _open(link, principals)
        names = [name for name in link.enums.get("indices", ()) if name > (cursor or "")]
        rows = [await _sizes(search, name) for name in sorted(names)[:limit]]
        return _page(rows, more=len(names) > limit, key="index")

    @tools.read
    async def opensearch_describe_index(
        link: Link,
        index: Index,
        limit: Annotated[int, Field(ge=1, le=500, description="how many at most")] = 200,
        cursor: Position = None,
    ) -> Answer:
        """List the fields of an OpenSearch index with their kinds: its mapping, by name."""
        search = await _open(link, principals)
        rows = views.fields(await search.mapping(index), index)
        rows = [row for row in rows if row["field"] > (cursor or "")]
        return _page(rows[:limit], more=len(rows) > limit, key="field")

    @tools.read
    async def opensearch_cluster_health(link: Link) -> Answer:
        """Show whether OpenSearch is green, yellow or red, with nodes, shards and version."""
        search = await _open(link, principals)
        return Answer(views.health(await search.health(), await search.about()))


def _register_documents(tools: Toolset, principals: Principals) -> None:
    @tools.read
    async def opensearch_search(
        link: Link,
        index: Index,
        text: Text = None,
        words: MatchOf = "all",
        text_fields: TextFields = NO_FIELDS,
        filters: Filters = NO_FILTERS,
        time_field: TimeField = None,
        start: Moment = "now-24h",
        end: Moment = "now",
        fields: Fields = NO_FIELDS,
        sort_by: Annotated[FieldName | None, Field(description="none: the best first")] = None,
        order: Annotated[Literal["asc", "desc"], Field(description="of `sort_by`")] = "desc",
        limit: Annotated[int, Field(ge=1, le=100, description="how many at most")] = 20,
        cursor: Position = None,
    ) -> Answer:
        """Search documents of an OpenSearch index by words, conditions and time, in pages."""
        skipped = int(cursor or 0)
        size = min(limit + 1, MAX_WINDOW - skipped)
        if size < 1:
            raise Refusal("E_LIMIT", f"pages end at {MAX_WINDOW} documents; narrow the search")
        wanted = _wanted(text, words, text_fields, filters, (time_field, start, end))
        body = search_body(
            wanted,
            start=skipped,
            size=size,
            fields=fields,
            sort=None if sort_by is None else (sort_by, order),
        )
        search = await _open(link, principals)
        answer = await _asked(search, index, body)
        return _documents(views.hits(answer), limit, skipped, late=_is_late(answer))

    @tools.read
    async def opensearch_get_document(
        link: Link,
        index: Index,
        id_: Annotated[
            str,
            Field(min_length=1, max_length=512, pattern=r"^[^\x00-\x1f\x7f]+$"),
            Field(description="as opensearch_search tells it"),
        ],
        fields: Fields = NO_FIELDS,
    ) -> Answer:
        """Return one document of an OpenSearch index by its id."""
        search = await _open(link, principals)
        found = await search.document(index, id_, fields)
        return Answer({"id": id_, "document": facts_of(found.get("_source"))})


def _register_numbers(tools: Toolset, principals: Principals) -> None:
    @tools.read
    async def opensearch_count(
        link: Link,
        index: Index,
        text: Text = None,
        words: MatchOf = "all",
        text_fields: TextFields = NO_FIELDS,
        filters: Filters = NO_FILTERS,
        time_field: TimeField = None,
        start: Moment = "now-24h",
        end: Moment = "now",
    ) -> Answer:
        """Count documents of an OpenSearch index, up to ten million."""
        wanted = _wanted(text, words, text_fields, filters, (time_field, start, end))
        search = await _open(link, principals)
        answer = await _asked(search, index, count_body(wanted))
        ended_by = "time" if _is_late(answer) else None
        return Answer({"index": index, **views.counted(answer)}, ended_by)

    @tools.read
    async def opensearch_aggregate(
        link: Link,
        index: Index,
        kind: Annotated[Kind, Field(description="by the commonest values, or by time")],
        field: FieldName,
        interval: Annotated[Interval, Field(description="of a date_histogram")] = "day",
        metric: Annotated[Metric | None, Field(description="a number of each group")] = None,
        metric_field: Annotated[FieldName | None, Field(description="what it is of")] = None,
        text: Text = None,
        words: MatchOf = "all",
        text_fields: TextFields = NO_FIELDS,
        filters: Filters = NO_FILTERS,
        time_field: TimeField = None,
        start: Moment = "now-24h",
        end: Moment = "now",
        limit: Annotated[int, Field(ge=1, le=1000, description="how many groups at most")] = 50,
    ) -> Answer:
        """Group documents of an OpenSearch index by values or by time, and count each group."""
        wanted = _wanted(text, words, text_fields, filters, (time_field, start, end))
        grouping = Grouping(kind, field, interval, metric, metric_field)
        body = groups_body(wanted, grouping, limit)
        search = await _open(link, principals)
        answer = await _asked(search, index, body)
        page = Answer.first(views.groups(answer), limit)
        if _is_late(answer):
            page.truncated_by = "time"
        return page


async def _open(link: Link, principals: Principals) -> Search:
    search = Search(link)
    await principals.ensure(search)
    return search


async def _asked(search: Search, index: str, body: dict[str, Any]) -> Facts:
    answer = await search.search(index, body)
    views.ensure_whole(answer, search.link.component)
    return answer


async def _sizes(search: Search, index: str) -> dict[str, Any]:
    """Return an index, also one that is linked and was never made."""
    try:
        return {**views.sizes(await search.stats(index), index), "exists": True}
    except Refusal as refusal:
        if refusal.code != "E_NOT_FOUND":
            raise
        return {**views.sizes({}, index), "exists": False}


def _wanted(
    text: str | None,
    words: Words,
    text_fields: list[str],
    filters: list[Filter],
    times: tuple[str | None, str, str],
) -> Wanted:
    conditions = [Condition(one["field"], one["op"], one.get("value")) for one in filters]
    field, start, end = times
    window = None
    if field is not None:
        now = time.time()
        window = Window(field, TIMES.time_of(start, now), TIMES.time_of(end, now))
        if window.end <= window.start:
            raise Refusal("E_ARG", "`end` lies after `start`")
    return Wanted(text, words, text_fields, conditions, window)


def _is_late(answer: Facts) -> bool:
    return answer.get("timed_out") is not False


def _page(rows: list[dict[str, Any]], *, more: bool, key: str) -> Answer:
    """Return a page whose next one begins behind the last name."""
    return Answer(
        rows,
        truncated_by="rows" if more else None,
        next_position=rows[-1][key] if more and rows else None,
        position_at=lambda kept: rows[kept - 1][key],
    )


def _documents(rows: list[dict[str, Any]], limit: int, skipped: int, *, late: bool) -> Answer:
    """Return documents; the next page leaves out those that were shown."""
    shown = rows[:limit]
    more = len(rows) > limit
    ended_by = "rows" if more else None
    return Answer(
        shown,
        truncated_by="time" if late else ended_by,
        next_position=skipped + len(shown) if more else None,
        position_at=lambda kept: skipped + kept,
    )
