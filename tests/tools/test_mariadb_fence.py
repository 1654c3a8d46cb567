"""The fence before MariaDB: what passes, what does not, and that it reads as MariaDB reads.

In: statements, and attempts to have one read otherwise here than at the server.
Out: proof that each is refused, or passes unchanged.
Must not know: connections.
"""

from __future__ import annotations

import random

import pytest

from stacktic_mcp.core.toolkit import Refusal
from stacktic_mcp.tools.mariadb.mariadb_fence import one_select
from stacktic_mcp.tools.mariadb.mariadb_lexer import tokens

GOOD = [
    "SELECT 1",
    "select `a`, b.c from t as b where x in (1, 2) and not exists (select 1)",
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9) SELECT * FROM n",
    "(SELECT 1) UNION (SELECT 2) ORDER BY 1",
    "VALUES (1, 2), (3, 4)",
    "SELECT count(*), sum(x) OVER (PARTITION BY y) FROM t WINDOW w AS (ORDER BY z)",
    "SELECT 'DELETE FROM t; -- /*! */', \"@@x\", `into`, t.update, t.`lock` FROM t # end",
    "SELECT 5--1, 'it''s', 'a\\'b; DELETE' -- DELETE",
    "SELECT insert('abc', 1, 1, 'x'), replace(a, 'b', 'c'), left(a, 3) FROM t",
    "SELECT * FROM t FOR SYSTEM_TIME AS OF '2026-01-01' WHERE a BETWEEN 1 AND (2)",
    "SELECT json_value(a, '$.b'), cast(a AS decimal(10, 2)) FROM t USE INDEX (i)",
    "SELECT /* one */ 1 /*+ hint */",
    "SELECT überwert FROM t",
]


@pytest.mark.parametrize("sql", GOOD)
def test_a_read_passes_unchanged(sql: str) -> None:
    assert one_select(sql) == sql
    assert one_select(f"{sql}\n;\n").strip() == sql or "#" in sql or "--" in sql


BAD = [
    "",
    "-- nothing",
    "DELETE FROM t",
    "SHOW GRANTS",
    "SET STATEMENT max_statement_time = 0 FOR SELECT 1",
    "ANALYZE SELECT 1",
    "EXPLAIN SELECT 1",
    "DO sleep(1)",
    "SELECT 1; SELECT 2",
    "SELECT 1;;",
    # What holds a connection or a lock.
    "SELECT sleep(9)",
    "SELECT SLEEP /* */ (9)",
    "SELECT `sleep`(9)",
    "SELECT benchmark(1e9, md5('a'))",
    "SELECT get_lock('a', 1)",
    "SELECT release_all_locks()",
    "SELECT is_used_lock('a')",
    "SELECT master_pos_wait('a', 1)",
    "SELECT master_gtid_wait('0-1-1')",
    "SELECT wsrep_sync_wait_upto_gtid('0-1-1')",
    "SELECT * FROM t FOR UPDATE",
    "SELECT * FROM t FOR /* */ UPDATE SKIP LOCKED",
    "SELECT * FROM t LOCK IN SHARE MODE",
    "SELECT * FROM (SELECT * FROM t FOR UPDATE) AS q",
    "WITH q AS (SELECT * FROM t FOR UPDATE) SELECT * FROM q",
    # Files, sequences, variables, routines.
    "SELECT load_file('/etc/passwd')",
    "SELECT 1 INTO OUTFILE '/tmp/x'",
    "SELECT 1 INTO @x",
    "SELECT @x := 1",
    "SELECT @@datadir",
    "SELECT @`x`",
    "SELECT NEXT VALUE FOR s",
    "SELECT next/**/value for s",
    "SELECT PREVIOUS VALUE FOR s",
    "SELECT nextval(s)",
    "SELECT lastval(s)",
    "SELECT setval(s, 1)",
    "SELECT app_db.sneaky()",
    "SELECT `app_db`.`sneaky`()",
    "SELECT app_db . sneaky ()",
    "SELECT sys_exec('id')",
    "SELECT 1 FROM t PROCEDURE ANALYSE()",
    "SELECT last_insert_id(5)",
    "SELECT encrypt('a')",
    "SELECT name_const('a', sleep(1))",
    "WITH a(x) AS (SELECT 1), sleep(y) AS (SELECT 2) SELECT * FROM a",
    "SELECT 1, (2), sleep(3) AS x",
    # Comments that MariaDB runs, and others that it ends elsewhere than one might think.
    "SELECT 1 /*! INTO OUTFILE '/tmp/x' */",
    "SELECT 1 /*!50000 , sleep(9) */",
    "SELECT 1 /*M! , sleep(9) */",
    "SELECT 1 /*m!100100 , sleep(9) */",
    "SELECT 1 /* /* */ , sleep(9) -- */",
    "SELECT 1 --x\n, sleep(9)",
    "SELECT 1 --1, sleep(9)",
    "SELECT 1 # x\n, sleep(9)",
    "SELECT 1 -- x\n, sleep(9)",
    # Strings that end elsewhere.
    "SELECT 'a\\\\', sleep(9), '\\'",
    "SELECT 'a''', sleep(9), ''",
    'SELECT "a\\"", sleep(9), ""',
    "SELECT `a```, sleep(9), `b`",
    "SELECT 'a' 'b', sleep(9)",
    "SELECT _utf8mb4'a', sleep(9)",
    "SELECT x'41', sleep(9)",
    "SELECT \\N, 1",
    # Words that only look qualified.
    "SELECT 1 .UPDATE",
    "SELECT \uff11 FROM t WHERE sleep\u00a0(1)",
    "SELECT * FROM t FOR\tUPDATE\x0bNOWAIT",
]


@pytest.mark.parametrize("sql", BAD)
def test_an_attack_does_not_pass(sql: str) -> None:
    with pytest.raises(Refusal) as caught:
        one_select(sql)
    assert caught.value.code == "E_SQL"


@pytest.mark.parametrize(
    "sql",
    [
        # One string from the first quote to the last, and one name with a blank that is none.
        "SELECT 1 FROM t WHERE a = '\\' OR sleep(9) OR '",
        "SELECT 1 FROM t FOR\u00a0UPDATE",
        "SELECT 1 FROM t WHERE a = 'open, sleep(9)",
        "SELECT 1 /* open, sleep(9)",
    ],
)
def test_what_is_text_to_mariadb_is_none_of_our_words(sql: str) -> None:
    assert one_select(sql) == sql


def test_tokens_cover_every_sign() -> None:
    signs = ["'", '"', "`", "\\", "/*", "*/", "-- ", "#", "\n", "a", "1", ".", "(", "é", " ", "--"]
    chance = random.Random(7)
    for _ in range(3000):
        sql = "".join(chance.choices(signs, k=12))
        end = 0
        for token in tokens(sql):
            assert end <= token.start < token.end <= len(sql)
            end = token.end
