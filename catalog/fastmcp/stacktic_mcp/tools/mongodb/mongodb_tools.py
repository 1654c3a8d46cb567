"""MongoDB tools of the MCP server: they read the linked databases and nothing else.

In: the names of linked databases and collections, and queries whose every operator is on a list.
Out: documents, counts, sizes and indexes, bounded in number, bytes and time.
Must not know: HTTP, the topology, or any user but the reader of the link.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from stacktic_mcp.core.toolkit import Answer, Choice, Link, Position, Refusal, Toolset
from stacktic_mcp.tools.mongodb.mongodb_client import Clients
from stacktic_mcp.tools.mongodb.mongodb_fence import (
    ensure_collection,
    ensure_filter,
    ensure_pipeline,
)
from stacktic_mcp.tools.mongodb.mongodb_reading import (
    BATCH,
    MAX_PATHS,
    TIME_LIMIT_MS,
    collection_facts,
    collections,
    database_line,
    field_paths,
    read,
    server_facts,
)
from stacktic_mcp.tools.mongodb.mongodb_values import as_bson, parsed

MAX_SKIPPED = 100_000

Database = Annotated[str, Choice("databases"), Field(description="a linked database")]
Collection = Annotated[
    str,
    Field(
        min_length=1,
        max_length=120,
        pattern=r"^[^\x00-\x1f\x24]+$",
        description="a collection or view of the database",
    ),
]
Pipeline = Annotated[
    str, Field(min_length=2, max_length=8192, description="stages in Extended JSON")
]
Fields = Annotated[
    str | None, Field(min_length=2, max_length=8192, description="an object of fields, in JSON")
]
Filter = Annotated[
    str, Field(min_length=2, max_length=8192, description="a query in Extended JSON")
]
Limit = Annotated[int, Field(ge=1, le=500, description="how many at most")]


def register(tools: Toolset) -> None:
    """Add the MongoDB tools; none of them writes."""
    clients = Clients()
    tools.rights(clients.wider)
    _register_catalog(tools, clients)
    _register_queries(tools, clients)


def _register_catalog(tools: Toolset, clients: Clients) -> None:
    @tools.read
    async def mongodb_list_databases(link: Link) -> Answer:
        """List the linked databases with collections, documents and sizes."""
        async with clients.open(link) as client:
            names = link.enums.get("databases", ())
            return Answer([await database_line(client, name) for name in names])

    @tools.read
    async def mongodb_list_collections(
        link: Link, database: Database, limit: Limit = 100, cursor: Position = None
    ) -> Answer:
        """List the collections and views of a database."""
        async with clients.open(link) as client:
            rows = await collections(client, database)
        return _page([row for row in rows if row["name"] > (cursor or "")], limit)

    @tools.read
    async def mongodb_describe_collection(
        link: Link, database: Database, collection: Collection
    ) -> Answer:
        """Show number of documents, sizes and indexes of a collection."""
        ensure_collection(collection)
        async with clients.open(link) as client:
            kinds = {row["name"]: row["kind"] for row in await collections(client, database)}
            if collection not in kinds:
                hint = "there is no such collection; mongodb_list_collections shows what there is"
                raise Refusal("E_NOT_FOUND", hint)
            kind = kinds[collection]
            view = kind == "view"
            facts = {} if view else await collection_facts(client, database, collection)
        return Answer({"name": collection, "kind": kind, **facts})

    @tools.read
    async def mongodb_fields(
        link: Link,
        database: Database,
        collection: Collection,
        sample: Annotated[int, Field(ge=1, le=200, description="documents to look at")] = 50,
    ) -> Answer:
        """List the fields in some documents of a collection, with types and frequency."""
        ensure_collection(collection)
        async with clients.open(link) as client:
            documents = client[database][collection].find(
                limit=sample, batch_size=BATCH, max_time_ms=TIME_LIMIT_MS
            )
            found = await read(documents, sample)
        rows = field_paths(found.documents)
        data = {"sampled": len(found.documents), "fields": rows[:MAX_PATHS]}
        ended_by = "rows" if len(rows) > MAX_PATHS else found.truncated_by
        return Answer(data, ended_by, returned=len(rows[:MAX_PATHS]))

    @tools.read
    async def mongodb_health(link: Link) -> Answer:
        """Show version, replica set and state of the member that answers."""
        async with clients.open(link) as client:
            return Answer(await server_facts(client))


def _register_queries(tools: Toolset, clients: Clients) -> None:
    @tools.read
    async def mongodb_find(
        link: Link,
        database: Database,
        collection: Collection,
        filter_: Filter = "{}",
        projection: Fields = None,
        sort: Fields = None,
        limit: Limit = 50,
        cursor: Position = None,
    ) -> Answer:
        """Return documents that a filter matches; a next page counts on from the first."""
        ensure_collection(collection)
        skipped = int(cursor or 0)
        query = {
            "filter": _query(filter_, "the filter"),
            "projection": _query(projection, "the projection") if projection else None,
            "sort": list(_query(sort, "the sort").items()) if sort else None,
        }
        async with clients.open(link) as client:
            documents = client[database][collection].find(
                **query,
                skip=skipped,
                limit=limit + 1,
                batch_size=min(limit + 1, BATCH),
                max_time_ms=TIME_LIMIT_MS,
            )
            found = await read(documents, limit)
        return _documents(found.documents, found.truncated_by, skipped)

    @tools.read
    async def mongodb_count(
        link: Link, database: Database, collection: Collection, filter_: Filter = "{}"
    ) -> Answer:
        """Count the documents that a filter matches."""
        ensure_collection(collection)
        query = _query(filter_, "the filter")
        async with clients.open(link) as client:
            number = await client[database][collection].count_documents(
                query, maxTimeMS=TIME_LIMIT_MS
            )
        return Answer({"collection": collection, "count": number})

    @tools.read
    async def mongodb_aggregate(
        link: Link,
        database: Database,
        collection: Collection,
        pipeline: Pipeline,
        limit: Limit = 50,
    ) -> Answer:
        """Run a pipeline that reads and return its documents; joins stay in the database."""
        ensure_collection(collection)
        stages = parsed(pipeline, "the pipeline")
        ensure_pipeline(stages)
        asked = [*as_bson(stages), {"$limit": limit + 1}]
        async with clients.open(link) as client:
            documents = await client[database][collection].aggregate(
                asked, batchSize=min(limit + 1, BATCH), maxTimeMS=TIME_LIMIT_MS, allowDiskUse=False
            )
            found = await read(documents, limit)
        return Answer(found.documents, found.truncated_by)


def _query(text: str, what: str) -> dict[str, Any]:
    """Return a filter, a projection or a sort, whose operators are all on the list."""
    value = parsed(text, what)
    if not isinstance(value, dict):
        raise Refusal("E_ARG", f"{what} is no JSON object")
    ensure_filter(value)
    query: dict[str, Any] = as_bson(value)
    return query


def _page(rows: list[dict[str, Any]], limit: int) -> Answer:
    """Return a page whose next one begins behind the last name."""
    shown = rows[:limit]
    more = len(rows) > limit
    return Answer(
        shown,
        truncated_by="rows" if more else None,
        next_position=shown[-1]["name"] if more else None,
        position_at=lambda kept: shown[kept - 1]["name"],
    )


def _documents(documents: list[dict[str, Any]], ended_by: Any, skipped: int) -> Answer:
    """Return documents; the next page leaves out those that were shown."""
    after = skipped + len(documents)
    more = ended_by in {"rows", "bytes"} and after <= MAX_SKIPPED
    return Answer(
        documents,
        truncated_by=ended_by,
        next_position=after if more else None,
        position_at=lambda kept: skipped + kept,
    )
