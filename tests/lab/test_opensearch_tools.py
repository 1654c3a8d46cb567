"""OpenSearch tools on a real server, with the users and roles of the generated job.

In: a generated stack with MCP servers and applications that are linked to some of three indices.
Out: answers, refusals by the tools and by the account alone, and indices that are as they were.
Must not know MCP.
"""

import asyncio
import hashlib
import json
import re
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import maven
import opensearch_server
from levels import runs
from opensearch_hostile import ALONE, HOSTILE, MONTH, READER, WHOLE
from output_checker import yaml_reading
from stacktic_mcp.core.cursors import CursorSigner
from stacktic_mcp.core.governed import Runtime
from stacktic_mcp.core.settings import Settings
from stacktic_mcp.core.toolkit import Link, Toolset
from stacktic_mcp.core.topology import Topology
from stacktic_mcp.lib.refusal import Refusal
from stacktic_mcp.tools.opensearch.opensearch_api import Search
from stacktic_mcp.tools.opensearch.opensearch_tools import register

HOST = "find.search.svc.cluster.local"
WORD = 'Zq7 $HOME "\\fox-hill '
PLACES = ("orders", "articles", "payroll")
Json = dict[str, Any]


def document() -> Json:
    """One MCP server reads two indices, one reads all, three applications have one each."""
    some = ["find/orders", "find/articles"]
    app = {"type": "fastapi", "attributes": {"image": "registry.example.com/app:1.0.0"}}
    return {
        "apiVersion": "stacktic.io/v1",
        "kind": "Stack",
        "name": "shop",
        "domain": "shop.example.com",
        "components": {
            "cert-manager": {"type": "cert_manager"},
            "find": {
                "type": "opensearch",
                "sub_components": {name: {"type": "index"} for name in PLACES},
            },
            "looker": {"type": "fastmcp", "attributes": {"subdomain": "looker"}},
            "whole": {"type": "fastmcp", "attributes": {"subdomain": "whole"}},
            "seer": app,
            "writer": app,
            "owner": app,
        },
        "links": [
            {"from": "looker", "to": some},
            {"from": "whole", "to": "find"},
            {"from": "seer", "to": "find/orders"},
            {"from": "writer", "to": "find/orders", "access": "write"},
            {"from": "owner", "to": "find/orders", "access": "own"},
        ],
    }


@dataclass(frozen=True)
class Stage:
    """A running server, and what was generated for it."""

    server: opensearch_server.Server
    folder: Path

    @property
    def base(self) -> Path:
        return self.folder / "out/k8s/deploy/base"

    def admin(self, method: str, path: str, body: Any = None) -> Any:
        status, answer = self.server.ask("admin", WORD, method, path, body)
        assert status < 300, answer
        return answer

    def lay_out(self) -> list[str]:
        """Run the generated job once, and return what it says that it did."""
        scripts, words = self.folder / "scripts", self.folder / "passwords"
        for folder in (scripts, words):
            folder.mkdir(exist_ok=True)
        for name, text in yaml_reading.read_file(self.base / "find/accounts.yaml")["data"].items():
            (scripts / name).write_text(text, "utf-8")
        for user in re.findall(r"(?m)^ *admit (\S+) ", (scripts / "accounts.sh").read_text()):
            (words / user).write_text(word(user), "utf-8")
        variables = {
            "SERVER": f"http://127.0.0.1:{self.server.port}",
            "PASSWORDS": str(words),
            "ADMIN_PASSWORD": WORD,
            "EXPORTER_PASSWORD": word("stacktic_exporter"),
            "BACKUP_PASSWORD": word("stacktic_backup"),
        }
        script = str(scripts / "accounts.sh")
        return opensearch_server.run(script, self.folder, variables).splitlines()

    def fill(self) -> None:
        for number in range(30):
            order = {
                "title": f"red shoes {number}" if number % 2 else f"blue hat {number}",
                "state": "paid" if number % 3 else "open",
                "price": number + 0.5,
                "at": f"2026-11-{number % 10 + 1:02}T10:00:00Z",
                "who": {"name": "Ann Lee"},
            }
            self.admin("PUT", f"orders/_doc/{number:02}", order)
        self.admin("PUT", "orders/_doc/odd%2Fid", {"title": "z" * 5000})
        self.admin("PUT", "payroll/_doc/1", {"word": "blue", "salary": "canary-salary"})
        self.admin("POST", "_refresh")

    def state(self) -> Any:
        """Return all that somebody could have changed."""
        found: list[Any] = [
            self.admin("GET", f"{name}/_search?size=1000&sort=_doc&version=true")["hits"]["hits"]
            for name in PLACES
        ]
        paths = ["_mapping", "_settings", "_alias", "_cluster/settings", "_template", "_snapshot"]
        paths += ["_index_template", "_ingest/pipeline", "_search/pipeline", "_scripts/x"]
        api = "_plugins/_security/api"
        paths += [f"{api}/roles", f"{api}/internalusers", f"{api}/rolesmapping"]
        return [*found, *(self.server.ask("admin", WORD, "GET", path) for path in paths)]


def word(user: str) -> str:
    """Return a password that a careless reader would take for something else.

    The server refuses one that is like the name of its user.
    """
    return f'Qz4 "\\{hashlib.sha256(user.encode()).hexdigest()[:12]} $HOME'


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


def tools_of(stage: Stage, folder: Path, server: str = "looker", **changes: Any) -> Toolset:
    """Return the tools of an MCP server with the settings that were generated for it."""
    link = link_of(stage, folder, server, **changes)
    topology = Topology(stack="shop", domain="", server="", components=(), modules=())
    tools = Toolset([link], Runtime(link.settings, topology, CursorSigner(b"key"), lambda: True))  # type: ignore[arg-type]
    register(tools)
    return tools


def link_of(
    stage: Stage,
    folder: Path,
    server: str = "looker",
    *,
    password: str | None = None,
    indices: tuple[str, ...] | None = None,
) -> Link:
    base = stage.base / server / "config"
    lines = (base / "cloud.env").read_text("utf-8").splitlines()
    plain = dict(line.split("=", 1) for line in lines if not line.startswith("#"))
    user = f"mcp_ro_{server}_find"
    assert (plain["MCP_OPENSEARCH_HOST"], plain["MCP_OPENSEARCH_USER"]) == (HOST, user)
    secrets = folder / "secrets"
    secrets.mkdir(parents=True, exist_ok=True)
    (secrets / "MCP_OPENSEARCH_PASSWORD").write_text(password or word(user), "utf-8")
    places = {"MCP_OPENSEARCH_HOST": "127.0.0.1", "MCP_OPENSEARCH_PORT": str(stage.server.port)}
    modules = json.loads((base / "topology.json").read_text("utf-8"))["modules"]
    (link,) = next(one["links"] for one in modules if one["file"] == "opensearch_tools.py")
    enums = {name: tuple(values) for name, values in link["enums"].items()}
    return Link(
        component="find",
        type="fastmcp-opensearch",
        write_access=False,
        enums=enums if indices is None else {"indices": indices},
        data={},
        env="MCP_OPENSEARCH",
        settings=Settings(plain | places, secrets, folder),
    )


@pytest.fixture
def tools(stage: Stage, tmp_path: Path) -> Toolset:
    return tools_of(stage, tmp_path)


def call(tools: Toolset, name: str, **arguments: Any) -> Json:
    return asyncio.run(tools.call(f"opensearch_{name}", arguments))


def refused(tools: Toolset, name: str, **arguments: Any) -> Refusal:
    with pytest.raises(Refusal) as caught:
        call(tools, name, **arguments)
    return caught.value


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
    assert status(writer, "PUT", "orders/_mapping", {"properties": {"a": {"type": "long"}}}) == 403
    assert status(writer, "DELETE", "orders") == 403
    assert status(owner, "PUT", "orders/_mapping", {"properties": {"a": {"type": "long"}}}) == 200
    assert status(owner, "PUT", "payroll/_mapping", {"properties": {}}) == 403
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
