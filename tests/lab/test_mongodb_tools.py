"""MongoDB tools on a server that speaks its protocol: what they answer, and that nothing changes.

In: FerretDB over SQLite, since no registry has MongoDB's own server. Out: answers by the driver and
the wire. Must not know MCP. FerretDB checks no account, keeps no roles and has few stages, so the
login and the roles are those of a test, and what the role `read` refuses was tried on no server.
"""

import asyncio
from collections.abc import Generator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

import go_tools
import lab_programs
from stacktic_mcp.core.cursors import CursorSigner
from stacktic_mcp.core.governed import Runtime
from stacktic_mcp.core.settings import Settings
from stacktic_mcp.core.toolkit import Link, Toolset
from stacktic_mcp.core.topology import Topology
from stacktic_mcp.lib.refusal import Refusal
from stacktic_mcp.tools.mongodb import mongodb_client
from stacktic_mcp.tools.mongodb.mongodb_tools import register

DATABASES = ("app_db", "other_db")
ROLES = [{"role": "read", "db": database} for database in DATABASES]


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Generator[int]:
    folder = tmp_path_factory.mktemp("ferretdb")
    port = lab_programs.free_port()
    (folder / "data").mkdir()
    command = [go_tools.program("ferretdb"), f"127.0.0.1:{port}", folder / "data"]
    with lab_programs.running(command, folder / "log"):
        with client(port) as admin:
            seed(admin)
        yield port


def client(port: int) -> Any:
    return MongoClient("127.0.0.1", port, directConnection=True, serverSelectionTimeoutMS=20000)


def seed(admin: Any) -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    orders = [{"_id": n, "n": n % 3, "tags": ["a"], "at": at} for n in range(60)]
    admin["app_db"]["orders"].insert_many(orders)
    admin["app_db"]["orders"].create_index("n")
    admin["app_db"]["large"].insert_many([{"_id": 1, "x": "y" * 300_000}, {"_id": 2, "x": "z"}])
    admin["foreign_db"]["notes"].insert_one({"_id": 1})


def state(port: int) -> Any:
    """Return everything a tool might have changed."""
    with client(port) as admin:
        names = sorted(admin.list_database_names())
        return {
            name: {
                one: list(admin[name][one].find()) for one in admin[name].list_collection_names()
            }
            for name in names
        }


@pytest.fixture
def tools(port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Toolset:
    async def roles(_: Any) -> Any:
        return {"authInfo": {"authenticatedUserRoles": ROLES}}

    monkeypatch.setattr(mongodb_client, "account", lambda _: {})
    monkeypatch.setattr(mongodb_client, "roles_of", roles)
    environment = {"MCP_MONGODB_HOST": "127.0.0.1", "MCP_MONGODB_PORT": str(port)}
    settings = Settings(environment, tmp_path, tmp_path)
    link = Link(
        component="mongodb",
        type="fastmcp-mongodb",
        write_access=False,
        enums={"databases": DATABASES},
        data={},
        env="MCP_MONGODB",
        settings=settings,
    )
    topology = Topology(stack="shop", domain="", server="", components=(), modules=())
    made = Toolset([link], Runtime(settings, topology, CursorSigner(b"key"), lambda: True))
    register(made)
    return made


def call(tools: Toolset, name: str, **arguments: Any) -> dict[str, Any]:
    return asyncio.run(tools.call(name, arguments))


def find(tools: Toolset, **arguments: Any) -> dict[str, Any]:
    return call(tools, "mongodb_find", database="app_db", **arguments)


ORDERS = {"database": "app_db", "collection": "orders"}
READ_CALLS: list[tuple[str, dict[str, Any]]] = [
    ("mongodb_list_databases", {}),
    ("mongodb_list_collections", {"database": "app_db"}),
    ("mongodb_describe_collection", ORDERS),
    ("mongodb_fields", ORDERS),
    ("mongodb_health", {}),
    ("mongodb_find", ORDERS),
    ("mongodb_count", ORDERS),
    ("mongodb_aggregate", {**ORDERS, "pipeline": '[{"$match": {"n": 1}}]'}),
]


def test_every_tool_reads_and_changes_nothing(port: int, tools: Toolset) -> None:
    assert sorted(name for name, _ in READ_CALLS) == sorted(tool.name for tool in tools.tools)
    before = state(port)
    for name, arguments in READ_CALLS:
        assert call(tools, name, **arguments)["link"] == "mongodb", name
    assert state(port) == before


def test_databases_and_collections(tools: Toolset) -> None:
    rows = call(tools, "mongodb_list_databases")["data"]
    assert [(row["name"], row["collections"]) for row in rows] == [("app_db", 2), ("other_db", 0)]
    page = call(tools, "mongodb_list_collections", database="app_db", limit=1)
    assert [row["name"] for row in page["data"]] == ["large"]
    more = {"database": "app_db", "limit": 1, "cursor": page["next_cursor"]}
    assert call(tools, "mongodb_list_collections", **more)["data"][0]["name"] == "orders"
    data = call(tools, "mongodb_describe_collection", **ORDERS)["data"]
    assert data["documents"] == 60
    assert [one["keys"] for one in data["indexes"]] == [{"_id": 1}, {"n": 1}]
    with pytest.raises(Refusal) as caught:
        call(tools, "mongodb_describe_collection", database="app_db", collection="none")
    assert caught.value.code == "E_NOT_FOUND"


def test_documents_come_in_pages(tools: Toolset) -> None:
    seen: list[int] = []
    cursor = None
    while True:
        asked = {"filter": '{"n": {"$in": [1, 2]}}', "sort": '{"_id": -1}', "cursor": cursor}
        page = find(tools, collection="orders", limit=15, projection='{"n": 1}', **asked)
        seen += [row["_id"] for row in page["data"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == [n for n in range(59, -1, -1) if n % 3]


def test_values_and_sizes(tools: Toolset) -> None:
    (row,) = find(tools, collection="orders", limit=1, filter='{"_id": 1}')["data"]
    assert row == {"_id": 1, "n": 1, "tags": ["a"], "at": {"$date": "2026-01-01T00:00:00Z"}}
    large = find(tools, collection="large", sort='{"_id": 1}')
    assert large["truncated_by"] == "cell"
    assert large["data"][0]["too_large_bytes"] > 300_000
    assert large["data"][1] == {"_id": 2, "x": "z"}
    query = '{"at": {"$gte": {"$date": "2026-01-01T00:00:00Z"}}}'
    data = call(tools, "mongodb_count", **ORDERS, filter=query)["data"]
    assert data == {"collection": "orders", "count": 60}


def test_a_pipeline_is_limited(tools: Toolset) -> None:
    grouped = '[{"$group": {"_id": "$n", "c": {"$sum": 1}}}, {"$sort": {"_id": 1}}]'
    data = call(tools, "mongodb_aggregate", **ORDERS, pipeline=grouped)["data"]
    assert data == [{"_id": n, "c": 20} for n in range(3)]
    cut = call(tools, "mongodb_aggregate", **ORDERS, pipeline='[{"$limit": 50}]', limit=5)
    assert (cut["returned"], cut["truncated_by"]) == (5, "rows")


def test_the_driver_is_not_quoted(tools: Toolset) -> None:
    with pytest.raises(Refusal) as caught:
        find(tools, collection="orders", filter='{"a": {"$in": 1}}')
    assert caught.value.code == "E_SQL"
    assert caught.value.hint == "MongoDB refused the query: BadValue (2)"
