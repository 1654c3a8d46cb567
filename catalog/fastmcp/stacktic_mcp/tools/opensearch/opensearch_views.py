"""What tools show of OpenSearch's answers.

In: decoded answers, which may be older, newer or odder than the one in mind.
Out: rows of a tool's answer.
Must not know: HTTP, MCP.
"""

from __future__ import annotations

from typing import Any

from stacktic_mcp.core.toolkit import Refusal
from stacktic_mcp.lib.documents import (
    Facts,
    at,
    count,
    ensure_list,
    ensure_object,
    facts_of,
    number,
    objects,
    text,
)
from stacktic_mcp.lib.text import plain_text

Row = dict[str, Any]
MAX_DEPTH = 20
_HEALTH = (
    "number_of_nodes",
    "number_of_data_nodes",
    "active_primary_shards",
    "active_shards",
    "relocating_shards",
    "initializing_shards",
    "unassigned_shards",
    "delayed_unassigned_shards",
    "number_of_pending_tasks",
)


def ensure_whole(answer: Facts, component: str) -> None:
    """Refuse an answer in which a shard is missing: it would be read as all there is."""
    failed = count(at(answer, "_shards", "failed"))
    if failed is None or failed > 0:
        raise Refusal("E_UNAVAILABLE", f"not every shard of the index at {component} answered")


def hits(answer: Facts) -> list[Row]:
    """Return found documents."""
    found = ensure_list(ensure_object(answer.get("hits")).get("hits"))
    return [_hit(one) for one in objects(found)]


def _hit(hit: Facts) -> Row:
    row: Row = {"id": plain_text(text(hit.get("_id"))), "document": facts_of(hit.get("_source"))}
    score = number(hit.get("_score"))
    return row if score is None else {**row, "score": score}


def counted(answer: Facts) -> Row:
    """Return how many documents there are; beyond a bound, that there are more."""
    total = ensure_object(at(answer, "hits", "total"))
    return {"documents": count(total.get("value")), "or_more": total.get("relation") != "eq"}


def groups(answer: Facts) -> list[Row]:
    """Return groups with the number of their documents."""
    found = ensure_list(ensure_object(at(answer, "aggregations", "groups")).get("buckets"))
    return [_group(one) for one in objects(found)]


def _group(bucket: Facts) -> Row:
    told = bucket.get("key_as_string", bucket.get("key"))
    row: Row = {"value": told, "documents": count(bucket.get("doc_count"))}
    return {**row, "metric": number(at(bucket, "metric", "value"))} if "metric" in bucket else row


def fields(answer: Facts, index: str) -> list[Row]:
    """Return the fields of an index by name, those below others and other forms included."""
    mapping = ensure_object(at(answer, index, "mappings"))
    rows: list[Row] = []
    _collect(mapping, "", rows, 0)
    return sorted(rows, key=lambda row: row["field"])


def _collect(parent: Facts, prefix: str, rows: list[Row], depth: int) -> None:
    if depth > MAX_DEPTH:
        return
    for part in ("properties", "fields"):
        for name, value in facts_of(parent.get(part)).items():
            facts = facts_of(value)
            path = f"{prefix}{plain_text(name)}"
            rows.append(_field(path, facts))
            _collect(facts, f"{path}.", rows, depth + 1)


def _field(path: str, facts: Facts) -> Row:
    kind = plain_text(text(facts.get("type"))) or "object"
    row: Row = {"field": path, "kind": kind, "searchable": facts.get("index") is not False}
    # What a field with another name in a question means.
    other = plain_text(text(facts.get("path"))) or plain_text(text(facts.get("format")))
    return {**row, "of": other} if other else row


def sizes(answer: Facts, index: str) -> Row:
    """Return number of documents and size of an index."""
    facts = facts_of(at(answer, "indices", index))
    return {
        "index": index,
        "documents": count(at(facts, "primaries", "docs", "count")),
        "bytes": count(at(facts, "primaries", "store", "size_in_bytes")),
        "bytes_with_copies": count(at(facts, "total", "store", "size_in_bytes")),
    }


def health(answer: Facts, about: Facts) -> Row:
    """Return the state of the cluster."""
    numbers = {name: count(answer.get(name)) for name in _HEALTH}
    return {
        "status": plain_text(text(answer.get("status"))),
        "version": plain_text(text(at(about, "version", "number"))),
        **numbers,
        "active_shards_percent": number(answer.get("active_shards_percent_as_number")),
    }
