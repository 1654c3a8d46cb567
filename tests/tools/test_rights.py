"""What probes find at real servers: an account is widened by its owner, seen, narrowed, and well.

In: PostgreSQL, Valkey and SeaweedFS with the accounts that the catalog makes.
Out: proof that each thing that makes an account wider is told, and that the narrow one is let be.
Must not know: how a probe finds out.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Generator
from pathlib import Path
from typing import Any, cast

import pytest
import yaml

from conftest import REPOSITORY, LinkFacts, MakeTools
from servers.postgres_server import READER, Server, link_to, running_postgres
from servers.seaweedfs_server import Seaweed, running_seaweed
from servers.valkey_server import ValkeyServer, granted_users, running_valkey
from servers.valkey_server import link as valkey_link
from stacktic_mcp.core.audit import AuditLog
from stacktic_mcp.core.settings import Settings
from stacktic_mcp.core.toolkit import Refusal, Toolset
from stacktic_mcp.core.widths import Widths
from stacktic_mcp.tools.cnpg import cnpg_tools
from stacktic_mcp.tools.s3 import s3_tools
from stacktic_mcp.tools.valkey import valkey_tools

LEVELS = yaml.safe_load(
    (REPOSITORY / "link-types/pairs/fastmcp-valkey/pair.yaml").read_text(encoding="utf-8")
)["account"]["levels"]
ALLOWED: dict[str, list[str]] = {
    "mcp_ro": LEVELS["read"]["allow"],
    "mcp_rw": LEVELS["read"]["allow"] + LEVELS["write"]["allow"],
}


def lock(folder: Path, component: str, grants: dict[str, Any]) -> None:
    """Write the part of a lock that probes read."""
    links = [{"component": component, "principal": "p", "grants": grants}]
    (folder / "tools.lock.json").write_text(json.dumps({"links": links}), encoding="utf-8")


def told(tools: Toolset) -> list[str]:
    """Return what all probes tell of all links."""

    async def ask() -> list[str]:
        return [
            text for probe in tools.probes for link in tools.links for text in await probe(link)
        ]

    return asyncio.run(ask())


@pytest.fixture(scope="module")
def postgres() -> Generator[Server]:
    """Run a server of this file's own."""
    with running_postgres() as running:
        yield running


@pytest.mark.parametrize(
    ("wide", "narrow", "word"),
    [
        ("GRANT INSERT ON {table} TO {role}", "REVOKE INSERT ON {table} FROM {role}", "write"),
        ("ALTER ROLE {role} CREATEDB", "ALTER ROLE {role} NOCREATEDB", "attribute"),
        ("ALTER ROLE {role} SUPERUSER", "ALTER ROLE {role} NOSUPERUSER", "superuser"),
        ("GRANT pg_write_all_data TO {role}", "REVOKE pg_write_all_data FROM {role}", "predefined"),
        ("GRANT CREATE ON SCHEMA public TO {role}", "REVOKE CREATE ON SCHEMA public FROM {role}",
         "create"),
    ],
)  # fmt: skip
def test_a_wider_role_of_postgresql_is_told(
    postgres: Server, make_tools: MakeTools, wide: str, narrow: str, word: str
) -> None:
    tools = make_tools(cnpg_tools.register, link_to(postgres))
    names = {"role": f'"{READER}"', "table": table_of(postgres)}
    assert told(tools) == []
    postgres.run(wide.format(**names), "app_db")
    try:
        sentences = told(tools)
        # A role is the same in each database, a grant is of one.
        assert "app_db" in sentences[0]
        assert all(word in sentence for sentence in sentences)
        # Nor does a tool work with it, whatever it found a moment ago.
        with pytest.raises(Refusal):
            asyncio.run(tools.call("cnpg_list_tables", {"database": "app_db"}))
    finally:
        postgres.run(narrow.format(**names), "app_db")
    assert told(tools) == []


def table_of(postgres: Server) -> str:
    statement = (
        "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables "
        "WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1 LIMIT 1"
    )
    return str(postgres.rows(statement, "app_db")[0][0])


def test_tools_of_postgresql_go_and_come_back(
    postgres: Server, make_tools: MakeTools, tmp_path: Path
) -> None:
    """From the grant to the refusal, and back, in the time between two looks."""
    lock(tmp_path, "cnpg", {})
    tools = make_tools(cnpg_tools.register, link_to(postgres))
    settings = Settings({"STACKTIC_RIGHTS_SECONDS": "1"}, config_directory=tmp_path)
    widths = Widths(settings, AuditLog(None))
    widths.watch([tools])
    statement = f'{{}} INSERT ON {table_of(postgres)} {{}} "{READER}"'

    async def is_withdrawn_within(seconds: float, *, wanted: bool) -> bool:
        async with asyncio.timeout(seconds):
            while all(widths.is_withdrawn(tool) for tool in tools.tools) is not wanted:  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        return True

    async def story() -> None:
        async with widths.watching():
            assert await is_withdrawn_within(1, wanted=False)
            await asyncio.to_thread(postgres.run, statement.format("GRANT", "TO"), "app_db")
            assert await is_withdrawn_within(8, wanted=True)
            with pytest.raises(Refusal) as caught:
                await widths.ensure(tools.links[0], "read")
            assert caught.value.code == "E_UNAVAILABLE"
            await asyncio.to_thread(postgres.run, statement.format("REVOKE", "FROM"), "app_db")
            assert await is_withdrawn_within(8, wanted=False)
            await widths.ensure(tools.links[0], "read")

    asyncio.run(story())


@pytest.fixture(scope="module")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Generator[ValkeyServer]:
    """One server for the module, with a user for each kind of link."""
    folder = tmp_path_factory.mktemp("valkey")
    with running_valkey(folder, granted_users(["app:", "cache:"])) as running:
        running.seed()
        yield running


@pytest.mark.parametrize("user", ["mcp_ro", "mcp_rw"])
@pytest.mark.parametrize(
    ("rules", "word"),
    [
        (["+@all"], "CONFIG"),
        (["+config|get"], "CONFIG"),
        # To a key that it may only read it sends none.
        (["+del", "~app:*"], "DEL"),
        (["+flushall"], "FLUSHALL"),
        (["+eval"], "EVAL"),
        (["allkeys"], "outside"),
        (["~other:*"], "outside"),
        (["%R~other:*"], "outside"),
    ],
)
def test_a_wider_user_of_valkey_is_told(
    valkey: ValkeyServer,
    make_tools: MakeTools,
    tmp_path: Path,
    user: str,
    rules: list[str],
    word: str,
) -> None:
    """And nothing at the server changes, whatever the user may do by then."""
    admin = cast("Any", valkey.admin)
    lock(tmp_path, "valkey", {"allow": ALLOWED[user]})
    tools = make_tools(valkey_tools.register, valkey_link(valkey, write=user == "mcp_rw"))
    before = valkey.snapshot()
    assert told(tools) == []
    admin.execute_command("ACL", "SETUSER", user, *rules)
    try:
        sentences = told(tools)
        assert len(sentences) == 1 or rules == ["+@all"]
        assert word in " ".join(sentences)
    finally:
        rule = granted_users(["app:", "cache:"])[user].split()
        admin.execute_command("ACL", "SETUSER", user, "reset", *rule)
    assert told(tools) == []
    assert valkey.snapshot() == before


def test_a_reader_of_valkey_that_may_write_is_told(
    valkey: ValkeyServer, make_tools: MakeTools, tmp_path: Path
) -> None:
    lock(tmp_path, "valkey", {"allow": ALLOWED["mcp_ro"]})
    narrow = valkey_link(valkey, write=True, write_access=False)
    assert told(make_tools(valkey_tools.register, narrow)) == ["it may send SET, UNLINK"]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Generator[Seaweed]:
    """One gateway, with identities of several widths."""
    identities = {
        "ro": ["Read:app-data", "List:app-data"],
        "rw": ["Read:app-data", "List:app-data", "Write:app-data"],
        "more": ["Read:app-data", "List:app-data", "Read:private", "List:private"],
        "all": ["Admin"],
    }
    with running_seaweed(tmp_path_factory.mktemp("seaweedfs"), identities) as running:
        for bucket in ("app-data", "private"):
            running.admin.create_bucket(Bucket=bucket)
            running.admin.put_object(Bucket=bucket, Key="a", Body=b"b")
        yield running


WRITES = "it may write to a linked bucket"
FOREIGN = "it reads buckets that are not linked"


@pytest.mark.parametrize(
    ("identity", "write", "expected"),
    [
        ("ro", False, []),
        ("rw", True, []),
        ("rw", False, [WRITES]),
        ("more", False, [FOREIGN]),
        ("all", False, [WRITES, FOREIGN]),
        ("all", True, [FOREIGN]),
    ],
)
def test_a_wider_identity_of_s3_is_told(
    store: Seaweed, make_tools: MakeTools, identity: str, write: bool, expected: list[str]
) -> None:
    facts = LinkFacts(
        component="seaweedfs",
        type="fastmcp-seaweedfs",
        env="MCP_S3",
        values={"HOST": "127.0.0.1", "PORT": str(store.port)},
        secrets={"ACCESS_KEY": identity.upper(), "SECRET_KEY": f"{identity}_secret"},
        enums={"buckets": ["app-data"]},
        write_access=write,
        service="s3",
    )
    before = store.snapshot(["app-data", "private"])
    assert told(make_tools(s3_tools.register, facts)) == expected
    assert store.snapshot(["app-data", "private"]) == before


def test_a_backend_that_is_away_tells_nothing(make_tools: MakeTools, tmp_path: Path) -> None:
    lock(tmp_path, "valkey", {"allow": []})
    nobody = LinkFacts(
        component="valkey",
        type="fastmcp-valkey",
        env="MCP_VALKEY",
        values={"HOST": "127.0.0.1", "PORT": "9", "USERNAME": "u"},
        secrets={"PASSWORD": "a-password"},
        enums={"prefixes": ["app:"]},
    )
    with pytest.raises(Refusal):
        told(make_tools(valkey_tools.register, nobody))
