"""The forms of what the S3 tools answer with.

In: nothing.
Out: typed dictionaries, of which the tools' output schemas are made.
Must not know: how an answer comes about.
"""

from __future__ import annotations

from typing import NotRequired, TypedDict


class BucketRow(TypedDict):
    """A linked bucket."""

    bucket: str
    visible: bool
    created: str | None


class ObjectRow(TypedDict):
    """An object of a list."""

    key: str
    bytes: int | None
    last_modified: str | None
    etag: str


class LargestRow(TypedDict):
    """One of the largest objects."""

    key: str
    bytes: int


class BucketStats(TypedDict):
    """What the objects of a bucket come to."""

    bucket: str
    prefix: str
    objects: int
    bytes: int | None
    objects_of_unknown_size: NotRequired[int]
    oldest: str | None
    newest: str | None
    largest: list[LargestRow]


class ObjectPart(TypedDict):
    """A part of an object, as text or as base64."""

    bucket: str
    key: str
    total_bytes: int | None
    offset: int
    bytes: int
    next_offset: int | None
    encoding: str
    value: str
    content_type: str | None
    etag: str
    last_modified: str | None


class TextPart(TypedDict):
    """A part of a text."""

    bucket: str
    key: str
    total_bytes: int | None
    offset: int
    bytes: int
    next_offset: int | None
    text: str


class ObjectFacts(TypedDict):
    """What is known of an object that is not read."""

    bucket: str
    key: str
    bytes: int | None
    content_type: str | None
    etag: str
    last_modified: str | None
    metadata: dict[str, str]


class Stored(TypedDict):
    """What became of an object, or would."""

    bucket: str
    key: str
    bytes: int
    etag: str | None
    effect: str
    dry_run: bool


class Deleted(TypedDict):
    """What was deleted, or would be."""

    bucket: str
    key: str
    bytes: int | None
    effect: str
    dry_run: bool
