"""OpenSearch tools on a real server, with the users and roles of the generated job.

In: a generated stack with MCP servers and applications that are linked to some of three indices.
Out: answers, refusals by the tools and by the account alone, and indices that are as they were.
Must not know MCP.
"""

import asyncio
import json
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

import maven
import opensearch_server
from levels import runs
from opensearch_hostile import ALONE, HOSTILE, MONTH, READER, WHOLE
from opensearch_stage import (
    PLACES,
    WORD,
    Json,
    Stage,
    call,
    document,
    link_of,
    refused,
    tools_of,
    word,
)
from stacktic_mcp.core.toolkit import Toolset
from stacktic_mcp.lib.refusal import Refusal
from stacktic_mcp.tools.opensearch.opensearch_api import Search


@pytest.fixture(scope="module")
def stage(binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Generator[Stage]:
    if not maven.has_java() or opensearch_server.java() is None:
        pytest.skip("no `mvn`, or no Java from 21 on: nothing was tried on a real OpenSearch")
    folder = tmp_path_factory.mktemp("opensearch")
    done = runs.gen(binary, folder, document())
    assert done.returncode == 0, done.stderr
    base = folder / "out/k8s/deploy/base/find"
    with opensearch_server.running(base, folder, WORD) as server:
        stage = Stage(server, folder)
        said = stage.lay_out()
        assert {f"made the index {name}" for name in PLACES} <= set(said)
        assert {f"admitted {user}" for user in (READER, WHOLE)} <= set(said)
        stage.fill()
        yield stage


@pytest.fixture
def tools(stage: Stage, tmp_path: Path) -> Toolset:
    return tools_of(stage, tmp_path)


READ_CALLS: list[tuple[str, Json]] = [
    ("list_indices", {}),
    ("describe_index", {"index": "orders"}),
    ("search", {"index": "orders", "text": "shoes"}),
    ("get_document", {"index": "orders", "id": "01"}),
    ("count", {"index": "orders"}),
    ("aggregate", {"index": "orders", "kind": "terms", "field": "state.keyword"}),
    ("cluster_health", {}),
]


def test_the_job_does_nothing_twice(stage: Stage) -> None:
    assert stage.lay_out() == []


def test_every_tool_reads_and_changes_nothing(stage: Stage, tools: Toolset) -> None:
    offered = sorted(tool.name.removeprefix("opensearch_") for tool in tools.tools)
    assert sorted(name for name, _ in READ_CALLS) == offered
    before = stage.state()
    for name, arguments in READ_CALLS:
        assert call(tools, name, **arguments)["link"] == "find", name
    assert stage.state() == before


def test_indices_and_fields(stage: Stage, tools: Toolset, tmp_path: Path) -> None:
    rows = call(tools, "list_indices")["data"]
    assert [(row["index"], row["documents"]) for row in rows] == [("articles", 0), ("orders", 31)]
    page = call(tools, "list_indices", limit=1)
    more = call(tools, "list_indices", limit=1, cursor=page["next_cursor"])
    assert [row["index"] for row in more["data"]] == ["orders"]
    rows = call(tools_of(stage, tmp_path / "whole", "whole"), "list_indices")["data"]
    assert [row["index"] for row in rows] == sorted(PLACES)
    kinds = {
        row["field"]: row["kind"] for row in call(tools, "describe_index", index="orders")["data"]
    }
    assert (kinds["at"], kinds["price"], kinds["title"]) == ("date", "float", "text")
    assert (kinds["title.keyword"], kinds["who"], kinds["who.name"]) == (
        "keyword",
        "object",
        "text",
    )
    health = call(tools, "cluster_health")["data"]
    assert (health["status"], health["number_of_nodes"]) == ("green", 1)
    assert health["version"].startswith("3.")


@pytest.mark.parametrize(
    ("wanted", "number"),
    [
        ({}, 31),
        ({"text": "shoes"}, 15),
        ({"text": "RED shoes 7"}, 1),
        ({"text": "shoes hat"}, 0),
        ({"text": "shoes hat", "words": "any"}, 30),
        ({"text": "shoes red", "words": "phrase"}, 0),
        ({"text": "red shoes", "words": "phrase"}, 15),
        ({"text": "Ann", "text_fields": ["who.name"]}, 30),
        ({"text": "Ann", "text_fields": ["title"]}, 0),
        ({"filters": [{"field": "state.keyword", "op": "equals", "value": "open"}]}, 10),
        ({"filters": [{"field": "state.keyword", "op": "differs", "value": "open"}]}, 21),
        ({"filters": [{"field": "state", "op": "missing"}]}, 1),
        ({"filters": [{"field": "state", "op": "exists"}]}, 30),
        ({"filters": [{"field": "state.keyword", "op": "starts_with", "value": "pa"}]}, 20),
        ({"filters": [{"field": "price", "op": "above", "value": 28.5}]}, 1),
        ({"filters": [{"field": "price", "op": "at_least", "value": 28.5}]}, 2),
        (
            {
                "filters": [
                    {"field": "price", "op": "below", "value": 10},
                    {"field": "price", "op": "at_most", "value": 1.5},
                ]
            },
            2,
        ),
        (MONTH, 30),
        ({**MONTH, "end": "2026-11-02T00:00:00Z"}, 3),
        ({"text": 'shoes" OR *:* _exists_:title /.*/ title:(*)'}, 0),
    ],
)
def test_questions(tools: Toolset, wanted: Json, number: int) -> None:
    answer = call(tools, "count", index="orders", **wanted)["data"]
    assert answer == {"index": "orders", "documents": number, "or_more": False}
    found = call(tools, "search", index="orders", limit=100, fields=["state"], **wanted)
    assert found["returned"] == number


def test_pages_are_sorted(tools: Toolset) -> None:
    seen: list[str] = []
    cursor = None
    asked = {"index": "orders", "sort_by": "price", "order": "asc", "limit": 7, "fields": ["price"]}
    shoes = {"text": "shoes", "text_fields": ["title"]}
    while True:
        page = call(tools, "search", **asked, **shoes, cursor=cursor)
        seen += [row["id"] for row in page["data"]]
        assert all(list(row["document"]) == ["price"] for row in page["data"])
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == [f"{number:02}" for number in range(1, 30, 2)]


def test_documents(tools: Toolset) -> None:
    one = call(tools, "get_document", index="orders", id="03", fields=["title"])["data"]
    assert one == {"id": "03", "document": {"title": "red shoes 3"}}
    odd = call(tools, "get_document", index="orders", id="odd/id")
    assert (len(odd["data"]["document"]["title"]), odd["truncated_by"]) == (2048, "cell")
    assert refused(tools, "get_document", index="orders", id="none").code == "E_NOT_FOUND"


def test_groups(tools: Toolset) -> None:
    by_state = {"index": "orders", "kind": "terms", "field": "state.keyword"}
    assert call(tools, "aggregate", **by_state)["data"] == [
        {"value": "paid", "documents": 20},
        {"value": "open", "documents": 10},
    ]
    cut = call(tools, "aggregate", **by_state, limit=1, metric="max", metric_field="price")
    assert cut["data"] == [{"value": "paid", "documents": 20, "metric": 29.5}]
    assert cut["truncated_by"] == "rows"
    by_day = {"index": "orders", "kind": "date_histogram", "field": "at", **MONTH}
    rows = call(tools, "aggregate", **by_day)["data"]
    assert (len(rows), rows[0]["documents"]) == (10, 3)
    assert rows[0]["value"].startswith("2026-11-01")
    late = refused(tools, "aggregate", **{**by_day, "interval": "minute"})
    assert late.code == "E_LIMIT"
    for name in ("time_field",):
        assert refused(tools, "aggregate", **{**by_day, name: None}).code == "E_ARG"
    text = refused(tools, "aggregate", index="orders", kind="terms", field="title")
    assert (text.code, "keyword" in text.hint) == ("E_ARG", True)


def test_hostile_calls_change_nothing(stage: Stage, tools: Toolset) -> None:
    before = stage.state()
    assert len(HOSTILE) >= 60
    for name, arguments in HOSTILE:
        refusal = refused(tools, name, **arguments)
        assert refusal.code in {"E_ARG", "E_SCOPE", "E_LIMIT"}, (name, arguments, refusal.code)
        told = refusal.text()
        assert "canary" not in told, told
        assert "exception" not in told.lower(), told
    assert stage.state() == before


def test_without_the_checks_the_role_holds(stage: Stage, tmp_path: Path) -> None:
    """As if the closed list had every name, and a body were the caller's own."""
    before = stage.state()
    names = ("payroll", "*", "_all", "orders,payroll", ".opendistro_security", "-orders")
    tools = tools_of(stage, tmp_path, indices=names)
    for name in names:
        for tool in ("search", "count", "describe_index"):
            assert refused(tools, tool, index=name).code in {"E_UNAVAILABLE", "E_ARG"}, (tool, name)
        assert refused(tools, "get_document", index=name, id="1").code != "E_NOT_FOUND", name
    search = Search(link_of(stage, tmp_path))
    lookup = {"terms": {"title": {"index": "payroll", "id": "1", "path": "word"}}}
    like = {"more_like_this": {"fields": ["title"], "like": [{"_index": "payroll", "_id": "1"}]}}
    for query in (lookup, like):
        with pytest.raises(Refusal):
            asyncio.run(search.search("orders", {"query": query}))
    assert stage.state() == before


@pytest.mark.parametrize(("method", "path", "body"), ALONE)
def test_the_account_alone_is_refused(stage: Stage, method: str, path: str, body: Any) -> None:
    status, answer = stage.server.ask(READER, word(READER), method, path, body)
    told = json.dumps(answer)
    # Requests with several parts are answered part by part.
    inside = status == 200 and "security_exception" in told
    assert inside or status in {400, 403, 404, 405}, (status, answer)
    assert "canary" not in told


def test_and_nothing_was_changed_by_it(stage: Stage) -> None:
    before = stage.state()
    for method, path, body in ALONE:
        stage.server.ask(READER, word(READER), method, path, body)
    assert stage.state() == before


def test_applications_have_their_level(stage: Stage) -> None:
    def status(user: str, method: str, path: str, body: Any = None) -> int:
        return stage.server.ask(user, word(user), method, path, body)[0]

    seer, writer, owner = (f"app_{one}_find_orders" for one in ("seer", "writer", "owner"))
    for user in (seer, writer, owner):
        assert status(user, "GET", "orders/_search") == 200
        assert status(user, "GET", "payroll/_search") == 403
    assert status(seer, "PUT", "orders/_doc/new", {"title": "x"}) == 403
    assert status(writer, "PUT", "orders/_doc/new", {"title": "x", "never_seen": 1}) == 201
    # The security plugin does not tell fields of documents from those that somebody asks for.
    field = {"properties": {"a": {"type": "long"}}}
    assert status(writer, "PUT", "orders/_mapping", field) == 200
    fewer = {"index": {"max_result_window": 9000}}
    for method, path, body in (
        ("PUT", "orders/_settings", fewer),
        ("PUT", "orders/_alias/other", None),
        ("POST", "orders/_close", None),
        ("DELETE", "orders", None),
        ("PUT", "payroll/_doc/new", {"title": "x"}),
        ("PUT", "payroll/_mapping", field),
        ("PUT", "mine/_doc/new", {"title": "x"}),
    ):
        assert status(writer, method, path, body) == 403, path
    assert status(seer, "PUT", "orders/_mapping", field) == 403
    assert status(owner, "PUT", "orders/_settings", fewer) == 200
    assert status(owner, "PUT", "payroll/_settings", fewer) == 403
    assert status(writer, "DELETE", "orders/_doc/new?refresh=true") == 200


def test_a_user_with_more_is_not_worked_as(stage: Stage, tmp_path: Path) -> None:
    api = "_plugins/_security/api/rolesmapping/all_access"
    stage.admin("PATCH", api, [{"op": "add", "path": "/users", "value": [WHOLE]}])
    try:
        error = refused(tools_of(stage, tmp_path, "whole"), "list_indices")
        assert (error.code, "other roles" in error.hint) == ("E_UNAVAILABLE", True)
    finally:
        stage.admin("PATCH", api, [{"op": "replace", "path": "/users", "value": []}])


def test_errors_are_in_words_of_our_own(stage: Stage, tmp_path: Path) -> None:
    error = refused(tools_of(stage, tmp_path, password="wrong-password"), "list_indices")
    assert (error.code, "MCP_OPENSEARCH_PASSWORD" in error.hint) == ("E_UNAVAILABLE", True)
    stage.admin("DELETE", "articles")
    tools = tools_of(stage, tmp_path, password=word(READER))
    gone = refused(tools, "search", index="articles")
    assert (gone.code, "no such index" in gone.hint) == ("E_NOT_FOUND", True)
    rows = {row["index"]: row["exists"] for row in call(tools, "list_indices")["data"]}
    assert rows == {"articles": False, "orders": True}
    assert stage.lay_out() == ["made the index articles"]
