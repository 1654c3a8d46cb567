"""The ACL users of Valkey links: what the server itself refuses, whatever a tool would send.

In: the grants of `fastmcp-valkey/pair.yaml`.
Out: proof that the principal holds when every check in Python is gone.
Must not know: how a tool works.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest
import valkey
from valkey.exceptions import NoPermissionError

from conftest import MakeTools
from servers.valkey_server import ValkeyServer, granted_users, link, running_valkey
from stacktic_mcp.lib.refusal import Refusal
from stacktic_mcp.tools.valkey.valkey_tools import register


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[ValkeyServer]:
    """One server for the module, with a user for each kind of link."""
    with running_valkey(tmp_path_factory.mktemp("valkey"), granted_users(["app:"])) as running:
        yield running


@pytest.mark.parametrize(
    "command",
    [
        ("SET", "app:text", "x"),
        ("UNLINK", "app:text"),
        ("GET", "other:secret"),
        ("GETRANGE", "other:secret", 0, 9),
        ("TYPE", "other:secret"),
        ("MEMORY", "USAGE", "other:secret"),
        ("MEMORY", "PURGE"),
        ("KEYS", "*"),
        ("CONFIG", "GET", "*"),
        ("EVAL", "return 1", 0),
        ("ACL", "LIST"),
        ("EXPIRE", "app:text", 1),
        ("FLUSHALL",),
        ("PUBLISH", "a", "b"),
    ],
)
def test_the_read_user_lacks_every_other_grant(server: ValkeyServer, command: tuple[Any]) -> None:
    """The principal holds when the checks in Python are gone."""
    reader: Any = valkey.Valkey(
        host="127.0.0.1", port=server.port, username="mcp_ro", password="ro_pw"
    )
    with pytest.raises(NoPermissionError):
        reader.execute_command(*command)


@pytest.mark.parametrize(
    "command", [("SET", "other:secret", "x"), ("FLUSHDB",), ("EXPIRE", "app:text", 1)]
)
def test_the_write_user_writes_below_its_prefixes_only(
    server: ValkeyServer, command: tuple[Any]
) -> None:
    """A write link adds two commands on the same prefixes."""
    writer: Any = valkey.Valkey(
        host="127.0.0.1", port=server.port, username="mcp_rw", password="rw_pw"
    )
    with pytest.raises(NoPermissionError):
        writer.execute_command(*command)


@pytest.mark.anyio
async def test_a_write_link_without_the_principal_is_stopped_by_the_server(
    server: ValkeyServer, make_tools: MakeTools
) -> None:
    """Write flags without the grant still write nothing."""
    facts = link(server, write=True)
    values = {**facts.values, "USERNAME": "mcp_ro"}
    tools = make_tools(
        register, link(server, write=True, values=values, secrets={"PASSWORD": "ro_pw"})
    )
    before = server.snapshot()
    with pytest.raises(Refusal) as caught:
        await tools.call("valkey_set", {"key": "app:new", "value": "x", "dry_run": False})
    assert caught.value.code == "E_UNAVAILABLE"
    assert "grant" in caught.value.hint
    assert server.snapshot() == before
