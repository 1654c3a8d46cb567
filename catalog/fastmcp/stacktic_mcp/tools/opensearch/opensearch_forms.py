"""The forms of what the OpenSearch tools answer with.

In: nothing.
Out: typed dictionaries, of which the tools' output schemas are made.
Must not know: how an answer comes about.
"""

from __future__ import annotations

from typing import Any, NotRequired, TypedDict


class IndexRow(TypedDict):
    """A linked index."""

    index: str
    documents: int | None
    bytes: int | None
    bytes_with_copies: int | None
    exists: bool


class FieldRow(TypedDict):
    """A field of an index, by its path."""

    field: str
    kind: str
    searchable: bool
    of: NotRequired[str]


class Health(TypedDict):
    """The state of the cluster."""

    status: str
    version: str
    number_of_nodes: int | None
    number_of_data_nodes: int | None
    active_primary_shards: int | None
    active_shards: int | None
    relocating_shards: int | None
    initializing_shards: int | None
    unassigned_shards: int | None
    delayed_unassigned_shards: int | None
    number_of_pending_tasks: int | None
    active_shards_percent: float | None


class Document(TypedDict):
    """A document by its id."""

    id: str
    document: dict[str, Any]


class Hit(Document):
    """A found document; its score where documents are ranked."""

    score: NotRequired[float]


class Count(TypedDict):
    """How many documents there are, or that there are more."""

    index: str
    documents: int | None
    or_more: bool


class Group(TypedDict):
    """A group of documents."""

    value: Any
    documents: int | None
    metric: NotRequired[float | None]
