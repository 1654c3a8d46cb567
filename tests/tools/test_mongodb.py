"""What MongoDB tools let through, and how values and roles are read, without a server.

In: filters, pipelines and documents; answers of `connectionStatus`.
Out: proof that what runs code, writes, or leaves the database is refused before anything is sent.
Must not know MCP. `tests/lab/test_mongodb_tools.py` has the tools on a server.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

import bson
import pytest
from bson.raw_bson import RawBSONDocument

from conftest import LinkFacts, MakeTools, build_link
from stacktic_mcp.core.settings import Settings
from stacktic_mcp.core.toolkit import Link, Refusal, Toolset
from stacktic_mcp.tools.mongodb import mongodb_client
from stacktic_mcp.tools.mongodb.mongodb_fence import (
    ensure_collection,
    ensure_filter,
    ensure_pipeline,
)
from stacktic_mcp.tools.mongodb.mongodb_reading import field_paths
from stacktic_mcp.tools.mongodb.mongodb_tools import register
from stacktic_mcp.tools.mongodb.mongodb_values import as_bson, parsed, shown

FACTS = LinkFacts(
    "mongodb",
    "fastmcp-mongodb",
    "MCP_MONGODB",
    values={"HOST": "127.0.0.1", "PORT": "1", "USER": "mcp_ro_fastmcp_mongodb"},
    secrets={"PASSWORD": "reader_password"},
    enums={"databases": ["app_db", "other_db"]},
)


@pytest.fixture
def tools(make_tools: MakeTools) -> Toolset:
    return make_tools(register, FACTS)


@pytest.fixture
def link(tmp_path: Any) -> Link:
    return build_link(FACTS, Settings({}, tmp_path, tmp_path))


def refused(tools: Toolset, name: str, **arguments: Any) -> Refusal:
    with pytest.raises(Refusal) as caught:
        asyncio.run(tools.call(name, {"database": "app_db", "collection": "orders"} | arguments))
    return caught.value


# Code at the server, in every place where an expression may stand.
CODE: list[Any] = [
    {"$where": "sleep(9000) || true"},
    {"$and": [{"a": 1}, {"$or": [{"$where": "1"}]}]},
    {"$expr": {"$function": {"body": "return 1", "args": [], "lang": "js"}}},
    {"a": {"$elemMatch": {"$where": "1"}}},
    {"$expr": {"$cond": [True, {"$accumulator": {}}, 1]}},
    {"a": {"$not": {"$_internalSchemaType": "x"}}},
    {"$jsonSchema": {}},
    {"$text": {"$search": "a"}},
    {"$comment": "x", "$where": "1"},
    {"$query": {"a": 1}, "$orderby": {"a": 1}},
    {"a": {"$code": "return 1"}},
    {"$expr": {"$eq": [{"$literal": {"$function": {}}}, 1]}},
    {"a": {"$ref": "other", "$id": 1, "$db": "foreign_db"}},
    {"a": [[[{"b": {"$where": "1"}}]]]},
    {"$oid": "x", "$where": "1"},
]
PIPELINES: list[Any] = [
    [{"$out": "evil"}],
    [{"$merge": {"into": "evil"}}],
    [{"$match": {"$where": "1"}}],
    [{"$facet": {"a": [{"$out": "evil"}]}}],
    [{"$facet": {"a": [{"$facet": {"b": [{"$merge": {"into": "evil"}}]}}]}}],
    [{"$lookup": {"from": "orders", "as": "x", "pipeline": [{"$out": "evil"}]}}],
    [{"$lookup": {"from": "orders", "as": "x", "pipeline": [{"$match": {"$where": "1"}}]}}],
    [{"$lookup": {"from": "orders", "as": "x", "let": {"a": {"$function": {}}}}}],
    [{"$unionWith": {"coll": "orders", "pipeline": [{"$unionWith": {"coll": {"db": "admin"}}}]}}],
    [{"$group": {"_id": None, "a": {"$accumulator": {"init": "x", "lang": "js"}}}}],
    [{"$project": {"a": {"$function": {"body": "x", "args": [], "lang": "js"}}}}],
    [{"$addFields": {"a": {"$map": {"input": [], "in": {"$function": {}}}}}}],
    [{"$currentOp": {"allUsers": True}}],
    [{"$listSessions": {"allUsers": True}}],
    [{"$listLocalSessions": {}}],
    [{"$indexStats": {}}],
    [{"$planCacheStats": {}}],
    [{"$collStats": {"storageStats": {}}}],
    [{"$changeStream": {}}],
    [{"$documents": [{"a": 1}]}],
    [{"$queryStats": {}}],
    [{"$search": {}}],
    [{"$_internalInhibitOptimization": {}}],
    [{"$match": {}, "$out": "evil"}],
]
# Another database, or collections of the server's own.
ELSEWHERE: list[Any] = [
    [{"$lookup": {"from": {"db": "foreign_db", "coll": "notes"}, "as": "x"}}],
    [{"$lookup": {"from": "system.users", "as": "x"}}],
    [{"$lookup": {"as": "x", "pipeline": []}}],
    [{"$graphLookup": {"from": {"db": "foreign_db", "coll": "notes"}, "startWith": "$a"}}],
    [{"$graphLookup": {"from": "system.js", "startWith": "$a"}}],
    [{"$unionWith": "system.profile"}],
    [{"$unionWith": {"coll": "$cmd.aggregate"}}],
    [{"$unionWith": {"pipeline": []}}],
    [{"$facet": {"a": [{"$lookup": {"from": {"db": "admin", "coll": "system.users"}}}]}}],
]
SHAPES: list[Any] = ["$out", {"$match": {}}, [1], [[]], [{}], [{"$limit": 1}] * 21]


@pytest.mark.parametrize("query", CODE, ids=str)
def test_a_filter_runs_no_code(tools: Toolset, query: Any) -> None:
    with pytest.raises(Refusal) as caught:
        ensure_filter(query)
    assert caught.value.code == "E_SQL"
    text = json.dumps(query)
    assert refused(tools, "mongodb_find", filter=text).code == "E_SQL"
    assert refused(tools, "mongodb_count", filter=text).code == "E_SQL"
    assert refused(tools, "mongodb_find", projection=text).code == "E_SQL"
    assert refused(tools, "mongodb_find", sort=text).code == "E_SQL"
    pipeline = json.dumps([{"$match": query}])
    assert refused(tools, "mongodb_aggregate", pipeline=pipeline).code == "E_SQL"


@pytest.mark.parametrize("pipeline", PIPELINES, ids=str)
def test_a_pipeline_reads_and_does_nothing_else(tools: Toolset, pipeline: Any) -> None:
    error = refused(tools, "mongodb_aggregate", pipeline=json.dumps(pipeline))
    assert error.code in {"E_SQL", "E_SCOPE", "E_ARG"}


@pytest.mark.parametrize("pipeline", ELSEWHERE, ids=str)
def test_a_pipeline_stays_in_its_database(tools: Toolset, pipeline: Any) -> None:
    assert refused(tools, "mongodb_aggregate", pipeline=json.dumps(pipeline)).code == "E_SCOPE"


@pytest.mark.parametrize("pipeline", SHAPES, ids=str)
def test_a_pipeline_has_one_form(tools: Toolset, pipeline: Any) -> None:
    assert refused(tools, "mongodb_aggregate", pipeline=json.dumps(pipeline)).code == "E_ARG"


@pytest.mark.parametrize("name", ["system.users", "system.js", "a$cmd", "$cmd"])
def test_collections_of_the_server_are_closed(name: str) -> None:
    with pytest.raises(Refusal):
        ensure_collection(name)


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        "1",
        '"a"',
        '{"a": 1, "a": {"$gt": 2}}',
        '{"a": NaN}',
        '{"a": 9223372036854775808}',
        '{"a": {"$oid": "short"}}',
        '{"a": {"$date": "never"}}',
        '{"a": {"$numberDecimal": "x"}}',
        '{"a\\u0000b": 1}',
        '{"a":' * 40 + "1" + "}" * 40,
        "[" * 4000 + "]" * 4000,
    ],
)
def test_what_is_no_query_is_refused(tools: Toolset, text: str) -> None:
    assert refused(tools, "mongodb_find", filter=text).code == "E_ARG"


def test_another_database_is_not_asked(tools: Toolset) -> None:
    assert refused(tools, "mongodb_find", database="admin").code == "E_SCOPE"
    assert refused(tools, "mongodb_find", collection="system.users").code == "E_SCOPE"
    assert refused(tools, "mongodb_fields", collection="system.js").code == "E_SCOPE"


@pytest.mark.parametrize(
    "pipeline",
    [
        [{"$match": {"a": {"$gte": 1}, "$expr": {"$gt": ["$a", "$b"]}}}, {"$sort": {"a": -1}}],
        [{"$lookup": {"from": "lines", "localField": "a", "foreignField": "b", "as": "c"}}],
        [{"$unionWith": "lines"}, {"$facet": {"a": [{"$count": "n"}]}}],
        [{"$group": {"_id": {"$dateTrunc": {"date": "$at", "unit": "day"}}, "n": {"$sum": 1}}}],
        [{"$match": {"_id": {"$oid": "0" * 24}, "at": {"$date": "2026-01-01T00:00:00Z"}}}],
    ],
)
def test_what_reads_passes(pipeline: Any) -> None:
    ensure_pipeline(pipeline)
    bson.encode({"pipeline": as_bson(pipeline)})


def test_values_are_exact() -> None:
    text = (
        '{"a": {"$oid": "0123456789abcdef01234567"}, "b": {"$date": "2026-01-01T00:00:00.5Z"},'
        ' "c": {"$numberDecimal": "0.10"}, "d": {"$numberLong": "9007199254740993"},'
        ' "e": [1, 1.5, null, true, "x"]}'
    )
    document = RawBSONDocument(bson.encode(as_bson(parsed(text, "it"))))
    assert shown(document) == {
        "a": {"$oid": "0123456789abcdef01234567"},
        "b": {"$date": "2026-01-01T00:00:00.500000Z"},
        "c": {"$numberDecimal": "0.10"},
        "d": 9007199254740993,
        "e": [1, 1.5, None, True, "x"],
    }
    odd = bson.encode({"x": bson.Binary(b"\0" * 5000), "y": bson.DatetimeMS(2**60)})
    data = shown(RawBSONDocument(odd))
    assert (data["x"]["bytes"], len(data["x"]["$binary"])) == (5000, 1368)
    assert data["y"] == {"$date": {"$numberLong": str(2**60)}}
    large = RawBSONDocument(bson.encode({"x": "y" * 300_000}))
    assert shown(large) == {"too_large_bytes": len(large.raw)}


def test_fields_have_types_and_frequency() -> None:
    rows = field_paths([{"a": 1, "b": [{"c": "x"}, {"c": 2}]}, {"a": {"$oid": "0"}}])
    assert rows == [
        {"path": "a", "documents": 2, "types": ["int", "oid"]},
        {"path": "b", "documents": 1, "types": ["array"]},
        {"path": "b[]", "documents": 1, "types": ["object"]},
        {"path": "b[].c", "documents": 1, "types": ["int", "string"]},
    ]


def status(*roles: tuple[str, str]) -> dict[str, Any]:
    told = [{"role": role, "db": database} for role, database in roles]
    return {"authInfo": {"authenticatedUsers": [], "authenticatedUserRoles": told}}


def test_only_a_reader_of_linked_databases_is_used(link: Link) -> None:
    mongodb_client.ensure_reader(status(("read", "app_db"), ("read", "other_db")), link)
    for roles in [
        (),
        (("readWrite", "app_db"),),
        (("read", "app_db"), ("read", "foreign_db")),
        (("read", "app_db"), ("dbAdmin", "app_db")),
        (("readAnyDatabase", "admin"),),
        (("read", "admin"),),
        (("root", "admin"),),
    ]:
        with pytest.raises(Refusal) as caught:
            mongodb_client.ensure_reader(status(*roles), link)
        assert caught.value.code == "E_UNAVAILABLE"
    for odd in ({}, {"authInfo": None}, {"authInfo": {"authenticatedUserRoles": ["x"]}}):
        with pytest.raises(Refusal):
            mongodb_client.ensure_reader(odd, link)


def test_the_password_is_only_proved(make_tools: MakeTools, tmp_path: Any) -> None:
    make_tools(register, FACTS)
    settings = Settings(
        {f"MCP_MONGODB_{name}": value for name, value in FACTS.values.items()},
        tmp_path / "secrets",
        tmp_path,
    )
    told = mongodb_client.account(build_link(FACTS, settings))
    assert (told["authMechanism"], told["authSource"]) == ("SCRAM-SHA-256", "admin")


def test_a_server_that_is_away_is_said_to_be(
    make_tools: MakeTools, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mongodb_client, "CONNECT_TIMEOUT_MS", 200)
    tools = make_tools(register, replace(FACTS))
    assert refused(tools, "mongodb_find").code == "E_UNAVAILABLE"


def test_no_tool_writes(tools: Toolset) -> None:
    assert {tool.tool_class for tool in tools.tools} == {"read"}
    assert len(tools.tools) == 8
