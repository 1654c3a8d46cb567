"""The questions that OpenSearch is asked: made of checked parts, never of a caller's own words.

In: words, conditions and a window of time, as the toolkit has checked them.
Out: the body of a search.
Must not know: HTTP, links. There is no script, no regular expression, no wildcard, no look-up in
another index and no query string in what is made here, whatever a caller writes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from stacktic_mcp.core.toolkit import Refusal

Body = dict[str, Any]
Scalar = str | int | float | bool
Operation = Literal[
    "equals", "differs", "starts_with", "above", "at_least", "below", "at_most", "exists", "missing"
]
Words = Literal["all", "any", "phrase"]
Kind = Literal["terms", "date_histogram"]
Metric = Literal["avg", "sum", "min", "max", "cardinality"]
Interval = Literal["minute", "hour", "day", "week", "month"]

# A search that takes longer ends at the shards, and what was found until then says so.
TIME_LIMIT = "8s"
# The server lets nobody page further (index.max_result_window).
MAX_WINDOW = 10_000
MAX_COUNTED = 10_000_000
MAX_BUCKETS = 1000
_RANGES = {"above": "gt", "at_least": "gte", "below": "lt", "at_most": "lte"}
_WITHOUT_VALUE = frozenset({"exists", "missing"})
_SECONDS = {"minute": 60, "hour": 3600, "day": 86_400, "week": 604_800, "month": 2_419_200}


@dataclass(frozen=True)
class Condition:
    """One condition on a field."""

    field: str
    op: Operation
    value: Scalar | None = None


@dataclass(frozen=True)
class Window:
    """Seconds since 1970 between which the time of a document lies."""

    field: str
    start: float
    end: float


@dataclass(frozen=True)
class Wanted:
    """Which documents a question is about; nothing that is not asked for is empty."""

    text: str | None = None
    words: Words = "all"
    text_fields: Sequence[str] = ()
    conditions: Sequence[Condition] = ()
    window: Window | None = None


@dataclass(frozen=True)
class Grouping:
    """By what documents are grouped, and which number of theirs is told for each group."""

    kind: Kind
    field: str
    interval: Interval = "day"
    metric: Metric | None = None
    metric_field: str | None = None


def query_of(wanted: Wanted) -> Body:
    """Return the one query that a tool sends."""
    filters = [_clause(one) for one in wanted.conditions if not _is_negative(one)]
    if wanted.window is not None:
        filters.append(_window(wanted.window))
    negative = [_clause(one) for one in wanted.conditions if _is_negative(one)]
    must = [] if wanted.text is None else [_text(wanted.text, wanted.words, wanted.text_fields)]
    return {"bool": {"must": must, "filter": filters, "must_not": negative}}


def search_body(
    wanted: Wanted,
    *,
    start: int,
    size: int,
    fields: Sequence[str],
    sort: tuple[str, str] | None,
) -> Body:
    """Return a search for a page of documents."""
    body: Body = {
        "query": query_of(wanted),
        "from": start,
        "size": size,
        "timeout": TIME_LIMIT,
        "track_total_hits": False,
    }
    if fields:
        body["_source"] = {"includes": list(fields)}
    if sort is not None:
        body["sort"] = [{sort[0]: {"order": sort[1]}}]
        body["track_scores"] = False
    return body


def count_body(wanted: Wanted) -> Body:
    """Return a search that counts up to a bound, and returns nothing else."""
    return {
        "query": query_of(wanted),
        "size": 0,
        "timeout": TIME_LIMIT,
        "track_total_hits": MAX_COUNTED,
    }


def groups_body(wanted: Wanted, grouping: Grouping, limit: int) -> Body:
    """Return a search for groups alone, one more than wanted."""
    group: Body = {"field": grouping.field}
    if grouping.kind == "terms":
        group |= {"size": limit + 1}
    else:
        _ensure_few(wanted.window, grouping.interval)
        group |= {"calendar_interval": grouping.interval, "min_doc_count": 1}
    tree: Body = {grouping.kind: group}
    if grouping.metric is not None:
        if grouping.metric_field is None:
            raise Refusal("E_ARG", "`metric` needs `metric_field`")
        tree["aggs"] = {"metric": {grouping.metric: {"field": grouping.metric_field}}}
    return {
        "query": query_of(wanted),
        "size": 0,
        "timeout": TIME_LIMIT,
        "track_total_hits": False,
        "aggs": {"groups": tree},
    }


def _ensure_few(window: Window | None, interval: Interval) -> None:
    """Refuse a histogram of which nobody knows how long it gets."""
    if window is None:
        raise Refusal("E_ARG", "a date_histogram needs `time_field`, `start` and `end`")
    if (window.end - window.start) / _SECONDS[interval] > MAX_BUCKETS:
        raise Refusal("E_LIMIT", f"that is more than {MAX_BUCKETS} intervals; take longer ones")


def _is_negative(condition: Condition) -> bool:
    return condition.op in {"differs", "missing"}


def _clause(condition: Condition) -> Body:
    field, op, value = condition.field, condition.op, condition.value
    if (value is None) != (op in _WITHOUT_VALUE):
        told = "takes no" if op in _WITHOUT_VALUE else "needs a"
        raise Refusal("E_ARG", f"`{op}` {told} value")
    if op in _WITHOUT_VALUE:
        return {"exists": {"field": field}}
    if op in _RANGES:
        return {"range": {field: {_RANGES[op]: value}}}
    if op == "starts_with":
        if not isinstance(value, str) or not value:
            raise Refusal("E_ARG", "`starts_with` needs a text")
        return {"prefix": {field: {"value": value}}}
    # On a keyword or a number that is equality, on a text all of its words.
    return {"match": {field: {"query": value, "operator": "and"}}}


def _text(text: str, words: Words, fields: Sequence[str]) -> Body:
    query: Body = {"query": text, "lenient": True}
    query |= {"type": "phrase"} if words == "phrase" else {"type": "best_fields"}
    if words != "phrase":
        query["operator"] = "and" if words == "all" else "or"
    if fields:
        query["fields"] = list(fields)
    return {"multi_match": query}


def _window(window: Window) -> Body:
    bounds: Mapping[str, Any] = {
        "gte": _moment(window.start),
        "lt": _moment(window.end),
        "format": "strict_date_time",
    }
    return {"range": {window.field: dict(bounds)}}


def _moment(seconds: float) -> str:
    try:
        moment = datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        raise Refusal("E_ARG", "a time lies outside of what a calendar has") from None
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
