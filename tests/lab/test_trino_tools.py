"""Trino tools on a real server, set up by the generated values: what they see and never do.

In: the stack of a golden case, in which an MCP server is linked to one of two catalogs. Out:
answers, refusals by the tools, without their checks and by the user's rules alone, and tables that
are as they were; queries that end where they are cancelled or run too long. Must not know MCP.
"""

import asyncio
import json
import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

import maven
import trino_server
from levels import runs
from output_checker.places import ROOT
from servers import certificates
from stacktic_mcp.core.cursors import CursorSigner
from stacktic_mcp.core.governed import Runtime
from stacktic_mcp.core.settings import Settings
from stacktic_mcp.core.toolkit import Link, Toolset
from stacktic_mcp.core.topology import Topology
from stacktic_mcp.lib.refusal import Refusal
from stacktic_mcp.tools.trino import trino_tools
from stacktic_mcp.tools.trino.trino_tools import register
from trino_hostile import IDLE, REFUSED
from trino_server import Server

CASE = ROOT / "tests/golden/link_fastmcp_trino/stack.yaml"
BASE = Path("out/k8s/deploy/base")
HOST = "trino.trino.svc.cluster.local"
USER = "mcp_ro_fastmcp_trino"
WORD = 'a word : of "the" $LAB'
# It runs for hours, and gives no row before it has ended.
LONG = "SELECT count(*) FROM TABLE(sequence(1, 1000000000000))"
END_WITHIN_S = 10.0
Json = dict[str, Any]
ORDERS_TABLE = """
CREATE TABLE sales.shop.orders
  (id bigint COMMENT 'number', item varchar, price decimal(10,2), raw varbinary)
"""
ORDERS_ROWS = """
INSERT INTO sales.shop.orders VALUES (1, 'pen', DECIMAL '1.50', X'00ff'),
  (2, 'ink', DECIMAL '9.99', NULL), (3, 'it''s', DECIMAL '0.10', X'')
"""
NAMES = (
    "SELECT table_schema, table_name, table_type FROM {}.information_schema.tables ORDER BY 1, 2"
)
COLUMNS = """
SELECT table_name, column_name, data_type, comment FROM sales.information_schema.columns
WHERE table_schema = 'shop' ORDER BY 1, 2
"""
FILL = (
    "CREATE SCHEMA sales.shop",
    "CREATE SCHEMA sales.yard",
    ORDERS_TABLE,
    ORDERS_ROWS,
    "CREATE TABLE sales.shop.parts AS SELECT 1 AS a",
    "CREATE VIEW sales.shop.seen AS SELECT item FROM sales.shop.orders",
    "CREATE SCHEMA people.hr",
    "CREATE TABLE people.hr.staff AS SELECT 'eve' AS name",
)
STATE = (
    "SHOW CATALOGS",
    "SELECT * FROM sales.shop.orders ORDER BY id",
    "SELECT * FROM people.hr.staff",
    NAMES.format("sales"),
    NAMES.format("people"),
    COLUMNS,
    "SHOW FUNCTIONS FROM sales.shop",
)


@dataclass(frozen=True)
class Stage:
    """A running server, and what was generated for who asks it."""

    server: Server
    folder: Path

    def state(self) -> Json:
        """Return all that could have been changed."""
        return {sql: self.server.ask(sql)["rows"] for sql in STATE}

    def link(self, folder: Path, user: str = USER, word: str = WORD, **more: str) -> Link:
        """Return the link with the settings that were generated for it."""
        base = self.folder / BASE / "fastmcp/config"
        lines = (base / "cloud.env").read_text("utf-8").splitlines()
        plain = dict(line.split("=", 1) for line in lines if "=" in line and line[0] != "#")
        assert (plain["MCP_TRINO_HOST"], plain["MCP_TRINO_USER"]) == (HOST, USER)
        assert plain["MCP_TRINO_SCHEME"] == "https"
        secrets = folder / "secrets"
        secrets.mkdir(exist_ok=True)
        (secrets / "MCP_TRINO_PASSWORD").write_text(word, "utf-8")
        here = {"HOST": "localhost", "PORT": str(self.server.port), "USER": user}
        here |= {"CA_FILE": str(self.server.ca_file), **more}
        places = {f"MCP_TRINO_{key}": value for key, value in here.items()}
        modules = json.loads((base / "topology.json").read_text("utf-8"))["modules"]
        (link,) = next(one["links"] for one in modules if one["file"] == "trino_tools.py")
        return Link(
            component="trino",
            type="fastmcp-trino",
            write_access=link["write_access"],
            enums={name: tuple(values) for name, values in link["enums"].items()},
            data={},
            env="MCP_TRINO",
            settings=Settings(plain | places, secrets, folder),
        )

    def queries(self, sql: str) -> list[Json]:
        """Return what an administrator sees of the queries with this text, the newest first."""
        found = self.server.request("GET", "/v1/query")
        own = [one for one in found if one["query"] == sql and one["session"]["user"] == USER]
        return sorted(own, key=lambda one: one["queryId"], reverse=True)

    def ended(self, sql: str) -> str:
        """Wait until the newest query of this text has ended; return by which error."""
        deadline = time.monotonic() + END_WITHIN_S
        while True:
            newest = self.queries(sql)[0]
            if newest["state"] in {"FINISHED", "FAILED"}:
                error: Json = newest.get("errorCode") or {"name": ""}
                name: str = error["name"]
                return name
            assert time.monotonic() < deadline, newest["state"]
            time.sleep(0.1)


@pytest.fixture(scope="module")
def stage(binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Generator[Stage]:
    if not maven.has_java() or trino_server.java() is None:
        pytest.skip("no `mvn`, or no Java of 24 or newer: nothing was tried on a real Trino")
    folder = tmp_path_factory.mktemp("trino")
    document = yaml.safe_load(CASE.read_text(encoding="utf-8"))
    done = runs.gen(binary, folder, document)
    assert done.returncode == 0, done.stderr
    authority = certificates.make_authority(folder / "authority", "of the lab")
    shown = authority.sign(folder / "certificate", ["localhost"])
    base = folder / BASE / "trino"
    with trino_server.running(folder / "server", base, {USER: WORD}, shown) as server:
        for statement in FILL:
            assert server.ask(statement)["error"] is None, statement
        yield Stage(server, folder)


def tools_of(link: Link) -> Toolset:
    settings: Any = link.settings
    topology = Topology(stack="shop", domain="", server="", components=(), modules=())
    tools = Toolset([link], Runtime(settings, topology, CursorSigner(b"key"), lambda: True))
    register(tools)
    return tools


@pytest.fixture
def tools(stage: Stage, tmp_path: Path) -> Toolset:
    return tools_of(stage.link(tmp_path))


def call(tools: Toolset, name: str, **arguments: Any) -> Json:
    return asyncio.run(tools.call(name, arguments))


def refused(tools: Toolset, name: str, **arguments: Any) -> Refusal:
    with pytest.raises(Refusal) as caught:
        call(tools, name, **arguments)
    return caught.value


ORDERS = {"catalog": "sales", "schema": "shop", "table": "orders"}
READ_CALLS: list[tuple[str, Json]] = [
    ("trino_list_catalogs", {}),
    ("trino_list_schemas", {"catalog": "sales"}),
    ("trino_list_tables", {"catalog": "sales", "schema": "shop"}),
    ("trino_describe_table", ORDERS),
    ("trino_table_stats", ORDERS),
    ("trino_query", {"catalog": "sales", "sql": "SELECT * FROM shop.orders"}),
    ("trino_explain", {"catalog": "sales", "sql": "SELECT * FROM shop.orders"}),
    ("trino_running_queries", {"state": "any"}),
]


def test_every_tool_reads_and_changes_nothing(stage: Stage, tools: Toolset) -> None:
    assert sorted(name for name, _ in READ_CALLS) == sorted(tool.name for tool in tools.tools)
    before = stage.state()
    for name, arguments in READ_CALLS:
        answer = call(tools, name, **arguments)
        assert answer["link"] == "trino", name
        assert answer["returned"] > 0, name
    assert stage.state() == before


def test_names_and_columns(tools: Toolset) -> None:
    assert call(tools, "trino_list_catalogs")["data"] == [{"name": "sales", "missing": False}]
    page = call(tools, "trino_list_schemas", catalog="sales", limit=3)
    names = [row["name"] for row in page["data"]]
    more = call(tools, "trino_list_schemas", catalog="sales", limit=3, cursor=page["next_cursor"])
    names += [row["name"] for row in more["data"]]
    assert names == ["default", "information_schema", "shop", "yard"]
    assert more["next_cursor"] is None
    found = call(tools, "trino_list_tables", catalog="sales", schema="shop", name_like="%s%")
    assert found["data"] == [
        {"name": "orders", "type": "BASE TABLE"},
        {"name": "parts", "type": "BASE TABLE"},
        {"name": "seen", "type": "VIEW"},
    ]
    columns = call(tools, "trino_describe_table", **ORDERS)["data"]["columns"]
    assert columns[0] == {"name": "id", "type": "bigint", "nullable": True, "comment": "number"}
    assert [column["type"] for column in columns[1:]] == ["varchar", "decimal(10,2)", "varbinary"]
    odd = refused(tools, "trino_describe_table", **{**ORDERS, "table": "x' OR 'a' = 'a"})
    assert odd.code == "E_NOT_FOUND"
    stats = call(tools, "trino_table_stats", **ORDERS)["data"]
    assert [row["row_count"] for row in stats if row["column_name"] is None] == [3]


def test_rows_and_values(tools: Toolset) -> None:
    sql = "SELECT * FROM orders ORDER BY id;"
    data = call(tools, "trino_query", catalog="sales", schema="shop", sql=sql)["data"]
    assert data["columns"][2] == {"name": "price", "type": "decimal(10, 2)"}
    assert data["rows"] == [
        [1, "pen", "1.50", {"encoding": "base64", "value": "AP8="}],
        [2, "ink", "9.99", None],
        [3, "it's", "0.10", {"encoding": "base64", "value": ""}],
    ]
    given = ["it's", 3, True, None, 1.5, 2**70, "'; DELETE FROM orders --"]
    sql = "SELECT id, ?, ?, ?, ?, ?, ? FROM orders WHERE item = ?"
    asked = {"catalog": "sales", "schema": "shop", "sql": sql, "params": given[1:] + given[:1]}
    (row,) = call(tools, "trino_query", **asked)["data"]["rows"]
    assert row == [3, 3, True, None, 1.5, str(2**70), given[6]]
    cut = call(tools, "trino_query", catalog="sales", schema="shop", sql="TABLE orders", limit=2)
    assert (cut["returned"], cut["truncated_by"]) == (2, "rows")
    missing = refused(
        tools, "trino_query", catalog="sales", sql="SELECT\n nothing FROM shop.orders"
    )
    assert (missing.code, "line 2 column 2" in missing.hint) == ("E_SQL", True)
    planned = refused(
        tools, "trino_explain", catalog="sales", sql="SELECT nothing FROM shop.orders"
    )
    assert "line 1 column 8" in planned.hint
    none = refused(tools, "trino_query", catalog="sales", sql="SELECT * FROM shop.none")
    assert none.code == "E_NOT_FOUND"
    few = refused(tools, "trino_query", catalog="sales", sql="SELECT ?, ?", params=[1])
    assert few.code == "E_ARG"


def test_a_plan_is_shown_and_not_run(stage: Stage, tools: Toolset) -> None:
    lines = call(tools, "trino_explain", catalog="sales", sql=LONG, plan="distributed")["data"]
    assert any("Fragment" in line for line in lines["plan"])
    read = call(tools, "trino_explain", catalog="sales", sql="TABLE shop.orders", plan="io")
    assert '"table" : "orders"' in " ".join(read["data"]["plan"])


def test_rows_that_are_not_wanted_are_not_made(stage: Stage, tools: Toolset) -> None:
    sql = "SELECT * FROM TABLE(sequence(1, 100000000000))"
    answer = call(tools, "trino_query", catalog="sales", sql=sql, limit=5)
    # Which of them come first is not said: parts of the sequence are made at once.
    assert len({row[0] for row in answer["data"]["rows"]}) == 5
    assert stage.ended(sql) == "USER_CANCELED"
    wide = "SELECT array_join(repeat('x', 9000), '') FROM TABLE(sequence(1, 100000))"
    answer = call(tools, "trino_query", catalog="sales", sql=wide, limit=1000)
    assert answer["truncated_by"] == "bytes"
    assert stage.ended(wide) == "USER_CANCELED"


def test_a_query_ends_with_its_time_and_with_its_caller(stage: Stage, tools: Toolset) -> None:
    error = refused(tools, "trino_query", catalog="sales", sql=LONG, timeout_s=2)
    assert error.code == "E_TIMEOUT"
    assert stage.ended(LONG) == "USER_CANCELED"
    left = f"{LONG} WHERE true"

    async def leave() -> None:
        task = asyncio.create_task(tools.call("trino_query", {"catalog": "sales", "sql": left}))
        await asyncio.sleep(2)
        running = await tools.call("trino_running_queries")
        assert left in [line["sql"] for line in running["data"]]
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(leave())
    assert stage.ended(left) == "USER_CANCELED"


def test_trino_ends_what_runs_too_long(stage: Stage) -> None:
    started = time.monotonic()
    assert stage.server.ask(LONG, USER, WORD)["error"] == "EXCEEDED_TIME_LIMIT"
    assert time.monotonic() - started < 40


def test_a_link_has_a_few_queries_at_once(stage: Stage) -> None:
    sql = f"{LONG} WHERE 1 = 1"
    pages = [stage.server.request("POST", "/v1/statement", USER, WORD, body=sql) for _ in range(14)]
    nexts = ["/v1/" + page["nextUri"].split("/v1/", 1)[1] for page in pages]
    answers = [stage.server.request("GET", where, USER, WORD) for where in nexts]
    time.sleep(1)
    states = [one["state"] for one in stage.queries(sql)]
    assert (states.count("RUNNING"), states.count("QUEUED"), len(states)) == (4, 8, 14)
    full = [page["error"]["errorName"] for page in answers if "error" in page]
    assert set(full) <= {"QUERY_QUEUE_FULL"}
    for one in stage.queries(sql):
        stage.server.request("DELETE", f"/v1/query/{one['queryId']}", USER, WORD)


def test_what_is_not_linked_is_not_named(tools: Toolset) -> None:
    for name, arguments in READ_CALLS:
        if "catalog" in arguments:
            for other in ("people", "system", "SALES", "", 'sales"'):
                error = refused(tools, name, **{**arguments, "catalog": other})
                assert error.code in {"E_SCOPE", "E_ARG"}, name
    for schema in ("shop\r\nX-Trino-User: filler", "shop;", "", "a" * 129, 'shop"'):
        asked = {"catalog": "sales", "sql": "SELECT 1", "schema": schema}
        assert refused(tools, "trino_query", **asked).code == "E_ARG"


@pytest.mark.parametrize("tool", ["trino_query", "trino_explain"])
def test_hostile_statements_are_refused(stage: Stage, tools: Toolset, tool: str) -> None:
    before = stage.state()
    for sql in (*REFUSED, *IDLE):
        error = refused(tools, tool, catalog="sales", sql=sql)
        assert error.code in {"E_SQL", "E_SCOPE"}, sql
        assert "eve" not in error.text()
    assert stage.state() == before


def unfenced(sql: str, catalogs: object) -> str:
    del catalogs
    return sql


def test_without_the_fence_rules_refuse(
    stage: Stage, tools: Toolset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trino_tools, "one_query", unfenced)
    before = stage.state()
    for sql in REFUSED:
        error = refused(tools, "trino_query", catalog="sales", sql=sql)
        assert error.code in {"E_SQL", "E_SCOPE", "E_NOT_FOUND"}, sql
        assert "Cannot" not in error.text(), "a text of Trino reached the caller"
    for sql in IDLE:
        call(tools, "trino_query", catalog="sales", sql=sql)
    assert stage.state() == before


def test_the_credential_alone_changes_nothing(stage: Stage) -> None:
    before = stage.state()
    place = {"X-Trino-Catalog": "people", "X-Trino-Schema": "hr"}
    for sql in REFUSED:
        assert stage.server.ask(sql, USER, WORD)["error"], sql
        assert stage.server.ask(sql, USER, WORD, place)["error"], sql
    assert stage.server.ask("TABLE staff", USER, WORD, place)["error"] == "PERMISSION_DENIED"
    for sql in IDLE:
        assert stage.server.ask(sql, USER, WORD)["error"] is None, sql
    for headers in (
        {"X-Trino-User": trino_server.FILLER},
        {"X-Trino-Original-User": USER, "X-Trino-User": trino_server.FILLER},
        {"X-Trino-Session": "query_max_run_time=10d"},
        {"X-Trino-Session": "sales.anything=true"},
        {"X-Trino-Role": "system=ROLE{admin}"},
    ):
        assert stage.server.ask("SELECT 1", USER, WORD, headers)["error"], headers
    for path in ("/v1/node", "/v1/task", "/v1/jmx/mbean", "/v1/thread", "/ui/api/query"):
        assert "error" in stage.server.request("GET", path, USER, WORD), path
    assert stage.state() == before


def test_a_user_does_not_touch_the_queries_of_others(stage: Stage, tools: Toolset) -> None:
    page = stage.server.request("POST", "/v1/statement", body=LONG)
    where = "/v1/" + page["nextUri"].split("/v1/", 1)[1]
    stage.server.request("GET", where)
    one = f"/v1/query/{page['id']}"
    try:
        assert "error" in stage.server.request("GET", one, USER, WORD)
        assert "error" in stage.server.request("DELETE", one, USER, WORD)
        shown = call(tools, "trino_running_queries", state="any", limit=100)["data"]
        assert page["id"] not in [line["query_id"] for line in shown]
        assert stage.server.request("GET", one)["state"] not in {"FAILED", "FINISHED"}
    finally:
        stage.server.request("DELETE", one)


def test_a_user_with_more_rights_is_not_used(stage: Stage, tmp_path: Path) -> None:
    wide = tools_of(stage.link(tmp_path, trino_server.FILLER, trino_server.WORD))
    for name, arguments in READ_CALLS:
        error = refused(wide, name, **arguments)
        assert (error.code, "may do more" in error.hint) == ("E_UNAVAILABLE", True), name


def test_who_is_not_let_in(stage: Stage, tmp_path: Path) -> None:
    wrong = refused(tools_of(stage.link(tmp_path, word="wrong")), "trino_list_catalogs")
    assert wrong.code == "E_UNAVAILABLE"
    assert "MCP_TRINO_PASSWORD was refused" in wrong.hint
    plain = refused(tools_of(stage.link(tmp_path, SCHEME="http")), "trino_list_catalogs")
    assert "TLS alone" in plain.hint
    other = certificates.make_authority(tmp_path / "other", "another").ca_file
    foreign = tools_of(stage.link(tmp_path, CA_FILE=str(other)))
    assert refused(foreign, "trino_list_catalogs").code == "E_UNAVAILABLE"
