"""Trino tools without Trino: what the fence takes, and what becomes of what a server answers.

In: statements of callers, and a stub that speaks the protocol over TLS.
Out: proof that nothing but one query of linked catalogs goes out, that no answer leads elsewhere,
that what is left is cancelled, and that no text of a server reaches a caller.
Must not know MCP. `tests/lab/test_trino_tools.py` has the tools on a real server.
"""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from conftest import LinkFacts, MakeTools
from servers import certificates, trino_stub
from servers.trino_stub import Stub
from stacktic_mcp.core.toolkit import Refusal, Toolset
from stacktic_mcp.tools.trino.trino_fence import one_query
from stacktic_mcp.tools.trino.trino_rows import with_values
from stacktic_mcp.tools.trino.trino_tools import register

Json = dict[str, Any]
COLUMNS = [{"name": "a", "type": "bigint"}]
FACTS = LinkFacts(
    "trino",
    "fastmcp-trino",
    "MCP_TRINO",
    values={"HOST": "localhost", "SCHEME": "https", "USER": trino_stub.USER},
    secrets={"PASSWORD": trino_stub.PASSWORD},
    enums={"catalogs": ["sales", "web"]},
)
ANSWERS: dict[str, list[Json]] = {
    "SHOW CATALOGS": [
        {"columns": [{"name": "Catalog", "type": "varchar"}], "data": [["sales"], ["system"]]}
    ],
    "SELECT few": [{}, {"columns": COLUMNS, "data": [[1], [2]]}, {"data": [[3]]}],
    "SELECT many": [{"columns": COLUMNS, "data": [[1], [2], [3]], "endless": True}],
    "SELECT none": [{"columns": COLUMNS, "endless": True}],
    "SELECT odd": [{"columns": COLUMNS, "data": [["NaN"], [2**60], [None], ["\u202ex"]]}],
    "SELECT big": [{"columns": COLUMNS, "data": [["x" * 5_000_000]], "endless": True}],
    "SELECT broken": [
        {
            "error": {
                "errorName": "GENERIC_INTERNAL_ERROR",
                "errorType": "INTERNAL_ERROR",
                "message": "password=hunter2 at db.internal",
            }
        }
    ],
    "SELECT named": [{"error": {"errorName": "x' OR hunter2", "message": "hunter2"}}],
}


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trino")
    authority = certificates.make_authority(folder / "authority", "of the test")
    return authority.sign(folder / "shown", ["localhost"])


@pytest.fixture
def stub(certificate: Path) -> Generator[Stub]:
    with trino_stub.serving(ANSWERS, certificate) as running:
        yield running


@pytest.fixture
def facts(stub: Stub, certificate: Path) -> LinkFacts:
    more = {"PORT": str(stub.port), "CA_FILE": str(certificate / "ca.crt")}
    return replace(FACTS, values={**FACTS.values, **more})


@pytest.fixture
def tools(make_tools: MakeTools, facts: LinkFacts) -> Toolset:
    return make_tools(register, facts)


def query(tools: Toolset, sql: str, **more: Any) -> Json:
    return asyncio.run(tools.call("trino_query", {"catalog": "sales", "sql": sql, **more}))


def refused(tools: Toolset, sql: str, **more: Any) -> Refusal:
    with pytest.raises(Refusal) as caught:
        query(tools, sql, **more)
    return caught.value


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1",
        "  (SELECT 1) ",
        "select * from sales.shop.orders, web.log.clicks c join sales.b.c on c.x.y = 1",
        "WITH session AS (SELECT 1 a), function (b) AS (SELECT 2) SELECT * FROM session, function",
        "SELECT session, function FROM shop.words",
        "SELECT a.b.c, x.y.z FROM orders a WHERE people.hr.name = 'x'",
        "SELECT extract(year FROM people.made.at), trim(a.b.c) FROM orders",
        "SELECT a IS DISTINCT FROM b.c.d FROM orders ORDER BY a.b.c, d.e.f",
        "SELECT '; DROP TABLE x', \"a;b\", U&'\\00e9' UESCAPE '\\', X'00', 1.5e3 -- end ;\n, 2",
        "VALUES (1, 'a'), (2, 'b')",
        "TABLE shop.orders",
        "SELECT * FROM TABLE(sequence(1, 5))",
        "SELECT * FROM TABLE(exclude_columns(input => TABLE(orders), columns => DESCRIPTOR(a)))",
        "SELECT json_query(a, 'lax $.b'), transform(ARRAY[1], x -> x + 1) FROM t /* and ; */",
        "SELECT * FROM t MATCH_RECOGNIZE (PATTERN (A B+) DEFINE B AS B.x > PREV(B.x))",
        "SELECT element_at(m, 'k')['a'] % 2 || 'x' FROM (SELECT * FROM sales.a.b)",
    ],
)
def test_queries_are_taken(sql: str) -> None:
    assert one_query(sql, ["sales", "web"]) == sql
    assert one_query(f"{sql} ;", ["sales", "web"]).strip() == sql.strip()


@pytest.mark.parametrize(
    "sql",
    [
        "",
        ";",
        "SELECT 1;;",
        "SELECT 1; SELECT 2",
        "SELECT 1 -- \r; DELETE FROM t",
        "SELECT '",
        'SELECT "a',
        "SELECT 1 /* ",
        "SELECT `a`",
        "SELECT 1 \\",
        "SELECT \u00a01",
        "SELECT (1",
        "INSERT INTO t VALUES 1",
        "/* SELECT */ DELETE FROM t",
        "-- SELECT\nDROP TABLE t",
        '"SELECT" 1',
        "(DELETE FROM t)",
        "EXPLAIN ANALYZE SELECT 1",
        "EXECUTE IMMEDIATE 'SELECT 1'",
        "PREPARE p FROM SELECT 1",
        "SET SESSION a = 1",
        "SHOW CATALOGS",
        "CALL system.runtime.kill_query('a', 'b')",
        "USE people.hr",
        "WITH FUNCTION f() RETURNS int RETURN 1 SELECT f()",
        "with/**/function f() RETURNS int LANGUAGE PYTHON WITH (handler = 'f') AS $$x$$ SELECT f()",
        "WITH SESSION query_max_run_time = '1d' SELECT 1",
        "SELECT sales.shop.f(1)",
        'SELECT "shop" . "f" (1)',
        "SELECT * FROM TABLE(sales.system.query(query => 'DROP TABLE t'))",
        "SELECT * FROM TABLE(query(query => 'DROP TABLE t'))",
        'SELECT * FROM TABLE ("query"(1))',
    ],
)
def test_what_is_no_plain_query_is_refused(sql: str) -> None:
    with pytest.raises(Refusal) as caught:
        one_query(sql, ["sales", "web"])
    assert caught.value.code == "E_SQL"


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM people.hr.staff",
        'SELECT * FROM "people"."hr"."staff"',
        "SELECT * FROM PEOPLE . hr . staff",
        "SELECT * FROM sales.a.b, people.hr.staff",
        "SELECT * FROM sales.a.b x JOIN sales.a.c y ON x.i = y.i, people.hr.staff",
        "SELECT * FROM sales.a.b JOIN people.hr.staff USING (a)",
        "SELECT * FROM (people.hr.staff)",
        "SELECT * FROM (sales.a.b CROSS JOIN (people.hr.staff CROSS JOIN sales.a.c))",
        "SELECT 1 WHERE EXISTS (SELECT 1 FROM people.hr.staff)",
        "SELECT 1 UNION SELECT 2 FROM people.hr.staff",
        "WITH a AS (SELECT 1 FROM people.hr.staff) SELECT * FROM a",
        "TABLE people.hr.staff",
        "SELECT * FROM system.runtime.queries",
    ],
)
def test_what_names_another_catalog_is_refused(sql: str) -> None:
    with pytest.raises(Refusal) as caught:
        one_query(sql, ["sales", "web"])
    assert (caught.value.code, caught.value.allowed_values) == ("E_SCOPE", ("sales", "web"))


def test_values_are_literals() -> None:
    values = ["it's", 5, -2, 1.5, True, None, 2**64, "?"]
    assert with_values("SELECT ?", values) == (
        "EXECUTE IMMEDIATE 'SELECT ?' USING 'it''s', 5, -2, DOUBLE '1.5', TRUE, NULL,"
        " DECIMAL '18446744073709551616', '?'"
    )
    assert with_values("SELECT '?'", []) == "SELECT '?'"


def test_all_pages_are_read_and_the_last_one_ends_it(stub: Stub, tools: Toolset) -> None:
    assert query(tools, "SELECT few")["data"]["rows"] == [[1], [2], [3]]
    assert query(tools, "SELECT few", limit=3)["truncated_by"] is None
    assert not [sql for sql in stub.cancelled if sql == "SELECT few"]
    heads = stub.heads[-1]
    assert (heads["x-trino-user"], heads["x-trino-catalog"]) == (trino_stub.USER, "sales")
    # The host that an answer names is none that is asked.
    assert all(line.split()[1].startswith("/v1/") for line in stub.asked)


def test_what_is_left_is_cancelled(stub: Stub, tools: Toolset) -> None:
    answer = query(tools, "SELECT many", limit=4)
    assert (answer["data"]["rows"], answer["truncated_by"]) == ([[1], [2], [3], [1]], "rows")
    assert stub.cancelled.pop() == "SELECT many"
    assert refused(tools, "SELECT none", timeout_s=1).code == "E_TIMEOUT"
    assert stub.cancelled.pop() == "SELECT none"
    assert refused(tools, "SELECT big").code == "E_LIMIT"
    assert stub.cancelled.pop() == "SELECT big"


def test_odd_values(tools: Toolset) -> None:
    rows = query(tools, "SELECT odd")["data"]["rows"]
    assert rows[:3] == [["NaN"], [str(2**60)], [None]]


@pytest.mark.parametrize(
    "host",
    [
        "https://localhost/v1/query/20261130_070000_00001_abcde",
        "https://localhost/v1/statement/executing/../../node",
        "https://localhost/v1/statement/executing/20261130_070000_00001_abcde/%2e%2e",
        "https://localhost/admin",
        "file:///etc/passwd",
        "",
    ],
)
def test_no_answer_leads_elsewhere(stub: Stub, tools: Toolset, host: str) -> None:
    query(tools, "SELECT few")
    before = len(stub.asked)
    stub.next_host = host or "?"
    assert refused(tools, "SELECT few").code == "E_UNAVAILABLE"
    assert stub.asked[before:] == ["POST /v1/statement"]


def test_no_text_of_a_server_reaches_a_caller(tools: Toolset) -> None:
    for sql in ("SELECT broken", "SELECT named"):
        error = refused(tools, sql)
        assert error.code == "E_UNAVAILABLE"
        assert "hunter2" not in error.text()
        assert "internal" not in error.hint
    assert refused(tools, "SELECT unknown").code == "E_SCOPE"


def test_a_user_with_more_rights_is_not_used(
    make_tools: MakeTools, facts: LinkFacts, certificate: Path
) -> None:
    sees: Json = {"columns": [{"name": "Catalog", "type": "varchar"}], "data": [["people"]]}
    done: Json = {"columns": COLUMNS, "data": [[True]]}
    for more in (
        {"SHOW CATALOGS": [sees]},
        {"EXPLAIN (TYPE VALIDATE)": [done]},
        {"SET SESSION": [done]},
    ):
        with trino_stub.serving(ANSWERS | more, certificate) as stub:
            values = {**facts.values, "PORT": str(stub.port)}
            wide = make_tools(register, replace(facts, values=values))
            error = refused(wide, "SELECT few")
            assert (error.code, "may do more" in error.hint) == ("E_UNAVAILABLE", True)
            assert "SELECT few" not in stub.statements.values()


def test_queries_are_shown_flat(stub: Stub, tools: Toolset) -> None:
    stats = {"elapsedTime": "2.00s", "rawInputPositions": 5, "createTime": "2026-11-30"}
    one = {"queryId": "q1", "state": "RUNNING", "query": "SELECT\n1", "queryStats": stats}
    stub.listed = [one, {**one, "queryId": "q2", "state": "QUEUED"}, "odd", {"state": None}]
    (line,) = asyncio.run(tools.call("trino_running_queries", {}))["data"][:1]
    assert (line["query_id"], line["elapsed"], line["rows_read"]) == ("q1", "2.00s", 5)
    assert line["sql"] == "SELECT 1"
    waiting = asyncio.run(tools.call("trino_running_queries", {"state": "queued"}))
    assert [row["query_id"] for row in waiting["data"]] == ["q2"]


def test_a_password_goes_over_tls_alone(make_tools: MakeTools, facts: LinkFacts) -> None:
    plain = make_tools(register, replace(facts, values={**facts.values, "SCHEME": "http"}))
    assert "TLS alone" in refused(plain, "SELECT 1").hint
    wrong = make_tools(register, replace(facts, secrets={"PASSWORD": "other"}))
    error = refused(wrong, "SELECT 1")
    assert (error.code, "MCP_TRINO_PASSWORD was refused" in error.hint) == ("E_UNAVAILABLE", True)
