"""Documents of a query, read in small batches, and what is told of databases and collections.

In: an open client and names and queries that were checked before.
Out: at most the asked number of documents, bounded in bytes and time.
Must not know: MCP, links, or where a query comes from.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, cast

from stacktic_mcp.lib.documents import at, count
from stacktic_mcp.tools.mongodb.mongodb_values import MAX_DOCUMENT_BYTES, plain, shown

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from bson.raw_bson import RawBSONDocument

    from stacktic_mcp.tools.mongodb.mongodb_client import Client

TIME_LIMIT_MS = 8000
# The server sends 16 MB at a time at most; few documents a batch keep most replies far below.
BATCH = 20
MAX_READ_BYTES = 1024 * 1024
MAX_PATHS = 300
MAX_PATH_DEPTH = 6


class Documents(Protocol):
    """A cursor of the driver."""

    def __aiter__(self) -> AsyncIterator[RawBSONDocument]:
        """Yield one document after the other."""
        ...


@dataclass
class Found:
    """What a query gave: never more than was asked for."""

    documents: list[dict[str, Any]]
    truncated_by: Any = None


async def read(documents: Documents, limit: int) -> Found:
    """Return up to `limit` documents, and whether there are more."""
    found = Found([])
    size = 0
    async for document in documents:
        if len(found.documents) == limit or size > MAX_READ_BYTES:
            found.truncated_by = "rows" if len(found.documents) == limit else "bytes"
            break
        length = len(document.raw)
        if length > MAX_DOCUMENT_BYTES:
            found.truncated_by = "cell"
        size += min(length, MAX_DOCUMENT_BYTES)
        found.documents.append(shown(document))
    return found


async def database_line(client: Client, name: str) -> dict[str, Any]:
    """Return the sizes of a database; MongoDB makes one with its first document."""
    stats = plain(await client[name].command("dbStats"))
    return {
        "name": name,
        "collections": count(stats.get("collections")),
        "views": count(stats.get("views")),
        "documents": count(stats.get("objects")),
        "data_bytes": count(stats.get("dataSize")),
        "storage_bytes": count(stats.get("storageSize")),
        "index_bytes": count(stats.get("indexSize")),
    }


async def collections(client: Client, database: str) -> list[dict[str, Any]]:
    """Return the collections and views of a database by name, those of the server left out."""
    cursor = await client[database].list_collections()
    found = [{"name": str(one["name"]), "kind": one.get("type")} async for one in cursor]
    rows = [row for row in found if not str(row["name"]).startswith("system.")]
    return sorted(rows, key=lambda row: str(row["name"]))


async def collection_facts(client: Client, database: str, name: str) -> dict[str, Any]:
    """Return the sizes and the indexes of a collection."""
    stats = plain(await client[database].command("collStats", name))
    indexes = [one async for one in await client[database][name].list_indexes()]
    return {
        "documents": count(stats.get("count")),
        "data_bytes": count(stats.get("size")),
        "storage_bytes": count(stats.get("storageSize")),
        "indexes": [_index(plain(one)) for one in indexes],
    }


def _index(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": facts.get("name"),
        "keys": facts.get("key"),
        "unique": bool(facts.get("unique")),
        "expires_after_s": count(facts.get("expireAfterSeconds")),
    }


def field_paths(documents: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the paths of fields, each with its types and in how many documents it is."""
    types: dict[str, set[str]] = {}
    numbers: dict[str, int] = {}
    for document in documents:
        found = _paths(document, "", 0)
        for path, kind in found:
            types.setdefault(path, set()).add(kind)
        for path in {path for path, _ in found}:
            numbers[path] = numbers.get(path, 0) + 1
    return [
        {"path": path, "documents": numbers[path], "types": sorted(types[path])}
        for path in sorted(types)[: MAX_PATHS + 1]
    ]


def _paths(value: Any, path: str, depth: int) -> set[tuple[str, str]]:
    """Return the paths below a value; the items of a list share one, with [] behind it."""
    kind = _kind(value)
    found = {(path, kind)} if path else set[tuple[str, str]]()
    if depth >= MAX_PATH_DEPTH:
        return found
    if kind == "object":
        for name, item in cast("dict[str, Any]", value).items():
            found |= _paths(item, f"{path}.{name}" if path else name, depth + 1)
    if kind == "array":
        for item in cast("list[Any]", value):
            found |= _paths(item, f"{path}[]", depth + 1)
    return found


def _kind(value: Any) -> str:
    """Return what kind of value this is, in the words of Extended JSON where it has its own."""
    if isinstance(value, dict):
        first = next(iter(cast("dict[str, Any]", value)), "")
        return first[1:] if first.startswith("$") else "object"
    if isinstance(value, bool):
        return "bool"
    kinds = {str: "string", int: "int", float: "double", list: "array", type(None): "null"}
    return next((kind for known, kind in kinds.items() if isinstance(value, known)), "other")


async def server_facts(client: Client) -> dict[str, Any]:
    """Return version and state of the member that answers, and how many members there are."""
    hello = plain(await client.admin.command("hello"))
    build = plain(await client.admin.command("buildInfo"))
    return {
        "version": build.get("version"),
        "replica_set": hello.get("setName"),
        "members": len(hello.get("hosts") or ()) or None,
        "primary": hello.get("isWritablePrimary"),
        "secondary": hello.get("secondary"),
        "read_only": hello.get("readOnly"),
        "largest_document_bytes": count(at(hello, "maxBsonObjectSize")),
    }
