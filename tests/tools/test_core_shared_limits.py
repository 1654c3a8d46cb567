"""Limits that replicas count together in a real Valkey, by the account of the pair and no more."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
import valkey
import yaml
from valkey.exceptions import NoPermissionError

from conftest import REPOSITORY
from servers.valkey_server import ValkeyServer, free_port, running_valkey
from stacktic_mcp.core import shared_limits as module
from stacktic_mcp.core.limits import BURST, CALLS_PER_SECOND, Limits
from stacktic_mcp.core.settings import Settings
from stacktic_mcp.core.shared_limits import PREFIX, WINDOW_MS, shared_limits

pytestmark = pytest.mark.anyio

PAIR = REPOSITORY / "link-types/pairs/fastmcp-valkey_sessions/pair.yaml"
USER, PASSWORD = "limits_fastmcp_valkey", "limits_pw"
ENV = "MCP_VALKEY_SHARED_LIMITS"


def rule() -> str:
    """Return the ACL rule of the account, in the words of the pair."""
    pair: dict[str, Any] = yaml.safe_load(PAIR.read_text(encoding="utf-8"))
    level = pair["account"]["levels"]["write"]
    keys = " ".join(f"{level['keys']}{name}*" for name in pair["scope"]["prefixes"]["values"])
    return f"on >{PASSWORD} -@all {' '.join(level['allow'])} {keys}"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Generator[ValkeyServer]:
    with running_valkey(tmp_path_factory.mktemp("valkey"), {USER: rule()}) as running:
        yield running


def replica(folder: Path, port: int, *, shares: int = 2, place: str = "stack-3.mcp") -> Limits:
    """Return the limits of one of several processes."""
    (folder / f"{ENV}_PASSWORD").write_text(PASSWORD, encoding="utf-8")
    environ = {f"{ENV}_HOST": "127.0.0.1", f"{ENV}_PORT": str(port), f"{ENV}_USERNAME": USER}
    shared = shared_limits(Settings(environ, secret_directory=folder), place)
    assert shared is not None
    return Limits(shares=shares, shared=shared)


async def taken(limits: Limits, key: str, most: int) -> int:
    tokens = limits.of(key).calls.tokens
    return [await tokens.take() for _ in range(most)].count(0.0)


async def test_a_key_has_one_burst_in_all_replicas_and_another_has_its_own(
    store: ValkeyServer, tmp_path: Path
) -> None:
    replicas = [replica(tmp_path, store.port) for _ in range(3)]
    counts = await asyncio.gather(*(taken(limits, "ci", 15) for limits in replicas))
    assert sum(counts) == BURST
    delay = await replicas[0].of("ci").calls.tokens.take()
    assert 0 < delay <= WINDOW_MS / 1000 == BURST / CALLS_PER_SECOND
    assert await taken(replicas[1], "dev", 5) == 5
    # Another server counts by itself, in the same store.
    assert await taken(replica(tmp_path, store.port, place="other.mcp"), "ci", 5) == 5
    await asyncio.sleep(delay + 0.05)
    assert await taken(replicas[2], "ci", 1) == 1
    admin: Any = store.admin
    names = admin.keys("*")
    assert all(name.startswith(PREFIX.encode()) for name in names)
    assert all(0 < admin.pttl(name) <= WINDOW_MS for name in names)


async def test_without_the_store_each_replica_has_its_part_and_says_so_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    limits = replica(tmp_path, free_port())
    with caplog.at_level(logging.WARNING, "stacktic.limits"):
        assert await taken(limits, "ci", 30) == BURST / 2
    assert [record.getMessage().split(":")[0] for record in caplog.records] == [
        "limits are counted here alone"
    ]
    assert PASSWORD not in caplog.text


async def test_a_store_that_comes_back_counts_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "LEFT_ALONE_SECONDS", 0.05)
    folder = tmp_path / "valkey"
    folder.mkdir()
    with running_valkey(folder, {USER: rule()}) as first:
        limits = replica(tmp_path, first.port, shares=1)
        assert await taken(limits, "ci", 3) == 3
        admin: Any = first.admin
        admin.execute_command("ACL", "SETUSER", USER, "off")
        admin.execute_command("CLIENT", "KILL", "USER", USER)
        assert await taken(limits, "ci", 30) == BURST
        admin.execute_command("ACL", "SETUSER", USER, "on")
        await asyncio.sleep(0.1)
        with caplog.at_level(logging.WARNING, "stacktic.limits"):
            assert await taken(limits, "ci", 1) == 1
    assert "for all replicas again" in caplog.text


def test_a_stack_without_such_a_link_counts_here(tmp_path: Path) -> None:
    # The link of the tools has no part in it.
    settings = Settings({"MCP_VALKEY_HOST": "127.0.0.1"}, secret_directory=tmp_path)
    assert shared_limits(settings, "stack-3.mcp") is None


@pytest.mark.parametrize(
    "command",
    [
        ("SET", "app:text", "x"),
        ("INCR", "app:text"),
        ("GET", f"{PREFIX}stack-3.mcp:x"),
        ("KEYS", "*"),
        ("SCAN", "0"),
        ("EVAL", "return 1", 0),
        ("DEL", f"{PREFIX}stack-3.mcp:x"),
        ("FLUSHALL",),
        ("CONFIG", "GET", "*"),
        ("PUBLISH", "a", "b"),
        ("ACL", "WHOAMI"),
    ],
)
def test_the_account_counts_below_its_prefix_and_does_nothing_else(
    store: ValkeyServer, command: tuple[Any]
) -> None:
    account: Any = valkey.Valkey(
        host="127.0.0.1", port=store.port, username=USER, password=PASSWORD
    )
    with pytest.raises(NoPermissionError):
        account.execute_command(*command)
