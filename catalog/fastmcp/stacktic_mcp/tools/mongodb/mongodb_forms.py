"""The forms of what the MongoDB tools answer with.

In: nothing.
Out: typed dictionaries, of which the tools' output schemas are made.
Must not know: how an answer comes about.
"""

from __future__ import annotations

from typing import Any, NotRequired, TypedDict


class DatabaseRow(TypedDict):
    """A linked database; MongoDB makes one with its first document."""

    name: str
    collections: int | None
    views: int | None
    documents: int | None
    data_bytes: int | None
    storage_bytes: int | None
    index_bytes: int | None


class CollectionRow(TypedDict):
    """A collection or a view."""

    name: str
    kind: str | None


class IndexRow(TypedDict):
    """An index of a collection."""

    name: str | None
    keys: dict[str, Any] | None
    unique: bool
    expires_after_s: int | None


class CollectionFacts(CollectionRow):
    """A collection as it is described; of a view name and kind alone are known."""

    documents: NotRequired[int | None]
    data_bytes: NotRequired[int | None]
    storage_bytes: NotRequired[int | None]
    indexes: NotRequired[list[IndexRow]]


class FieldRow(TypedDict):
    """A field, by its path."""

    path: str
    documents: int
    types: list[str]


class Fields(TypedDict):
    """The fields of some documents."""

    sampled: int
    fields: list[FieldRow]


class Count(TypedDict):
    """How many documents a filter matches."""

    collection: str
    count: int


class Health(TypedDict):
    """The state of the member that answers."""

    version: str | None
    replica_set: str | None
    members: int | None
    primary: bool | None
    secondary: bool | None
    read_only: bool | None
    largest_document_bytes: int | None
