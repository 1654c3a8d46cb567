"""The forms of what the Valkey tools answer with.

In: nothing.
Out: typed dictionaries, of which the tools' output schemas are made.
Must not know: how an answer comes about.
"""

from __future__ import annotations

from typing import NotRequired, TypedDict


class Info(TypedDict):
    """The plain facts of a section of INFO."""

    section: str
    fields: dict[str, str]


class Size(TypedDict):
    """How many keys there are."""

    keys: int


class KeyNames(TypedDict):
    """Names of keys; what is no text or too long is counted alone."""

    keys: list[str]
    names_left_out: int


class KeyState(TypedDict):
    """A key; what the server does not tell is null."""

    key: str
    exists: bool | None
    type: str | None
    ttl_s: float | None


class Shown(TypedDict):
    """A text, or bytes as base64; one that is large is its beginning and its size."""

    encoding: str
    value: str
    bytes: NotRequired[int]
    cut: NotRequired[bool]


class Part(TypedDict):
    """A part of a value."""

    key: str
    total_bytes: int
    offset: int
    bytes: int
    next_offset: int | None
    encoding: str
    value: str
    cut: NotRequired[bool]


class HashField(TypedDict):
    """A field of a hash; a large value is told by its size alone."""

    field: str
    field_encoding: NotRequired[str]
    field_bytes: NotRequired[int]
    bytes: int | None
    encoding: NotRequired[str]
    value: NotRequired[str]
    cut: NotRequired[bool]


class Hash(TypedDict):
    """The fields of a hash."""

    key: str
    total_fields: int
    fields: list[HashField]


class EntryField(Shown):
    """A field of an entry of a stream."""

    field: str
    field_encoding: NotRequired[str]
    field_bytes: NotRequired[int]


class Item(TypedDict):
    """A member with its score where it has one, or an entry of a stream."""

    encoding: NotRequired[str]
    value: NotRequired[str]
    bytes: NotRequired[int]
    cut: NotRequired[bool]
    score: NotRequired[str]
    id: NotRequired[str]
    fields: NotRequired[list[EntryField]]


class Collection(TypedDict):
    """Items of a list, a set, a sorted set or a stream."""

    key: str
    type: str
    total_items: int
    start: int
    items: list[Item]


class TypeTotals(TypedDict):
    """What the keys of one type take."""

    keys: int
    bytes: int


class KeyMemory(TypedDict):
    """What a key takes."""

    key: str
    type: str
    bytes: int


class MemoryReport(TypedDict):
    """What a sample of keys takes."""

    prefix: str
    sampled_keys: int
    by_type: dict[str, TypeTotals]
    largest: list[KeyMemory]


class SetEffect(TypedDict):
    """What became of a key, or would."""

    key: str
    bytes: int
    effect: str
    dry_run: bool


class DeletedKey(TypedDict):
    """A key that was to go."""

    key: str
    existed: bool


class Deleted(TypedDict):
    """What was deleted, or would be."""

    keys: list[DeletedKey]
    dry_run: bool
