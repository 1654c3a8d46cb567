"""The Valkey tools against a real Valkey with the ACL users the link type asks for.

In: `fastmcp-valkey` as written, users with the grants of its pair.yaml.
Out: proof of what each tool returns and of what each layer refuses.
Must not know: FastMCP's HTTP side.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator
from pathlib import Path
from typing import Any, get_args

import pytest

from conftest import MakeTools
from servers.valkey_server import ValkeyServer, granted_users, link, running_valkey
from stacktic_mcp.core.toolkit import Toolset
from stacktic_mcp.lib.refusal import Refusal
from stacktic_mcp.tools.valkey import valkey_reading
from stacktic_mcp.tools.valkey.valkey_reading import INFO_FIELDS
from stacktic_mcp.tools.valkey.valkey_tools import Section, register

pytestmark = pytest.mark.anyio

READ_CALLS: dict[str, dict[str, Any]] = {
    "valkey_info": {"section": "memory"},
    "valkey_dbsize": {},
    "valkey_scan_keys": {"prefix": "app:", "limit": 5},
    "valkey_get": {"key": "app:text"},
    "valkey_type_and_ttl": {"keys": ["app:text", "app:ttl"]},
    "valkey_hgetall": {"key": "app:hash"},
    "valkey_collection": {"key": "app:list"},
    "valkey_memory_report": {"prefix": "app:"},
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[ValkeyServer]:
    """One server for the module, with a user for each kind of link."""
    with running_valkey(
        tmp_path_factory.mktemp("valkey"), granted_users(["app:", "cache:"])
    ) as running:
        yield running


@pytest.fixture(autouse=True)
def seeded(server: ValkeyServer) -> None:
    """Give each test the same keys."""
    server.seed()


@pytest.fixture
def reader(server: ValkeyServer, make_tools: MakeTools) -> Toolset:
    """Return the tools of a read link."""
    return make_tools(register, link(server))


@pytest.fixture
def writer(server: ValkeyServer, make_tools: MakeTools) -> Toolset:
    """Return the tools of a link with write access."""
    return make_tools(register, link(server, write=True))


async def refusal(tools: Toolset, name: str, **arguments: Any) -> Refusal:
    """Return the refusal a call must end in."""
    with pytest.raises(Refusal) as caught:
        await tools.call(name, arguments)
    return caught.value


def test_write_tools_exist_only_with_write_access(reader: Toolset, writer: Toolset) -> None:
    """The page's eight tools, and nothing that writes on a read link."""
    assert {tool.name for tool in reader.tools} == set(READ_CALLS)
    more = {tool.name for tool in writer.tools} - set(READ_CALLS)
    assert more == {"valkey_set", "valkey_delete"}


@pytest.mark.parametrize("name", sorted(READ_CALLS))
async def test_read_tools_work_with_the_granted_commands_and_change_nothing(
    server: ValkeyServer, reader: Toolset, name: str
) -> None:
    """Each read tool answers as the read-only user and leaves every key as it was."""
    before = server.snapshot()
    answer = await reader.call(name, READ_CALLS[name])
    assert answer["link"] == "valkey"
    assert answer["untrusted"] is True
    assert answer["data"]
    assert server.snapshot() == before


async def test_info_shows_only_listed_fields(reader: Toolset) -> None:
    """Paths, process ids and hosts of INFO never appear."""
    assert set(INFO_FIELDS) == set(get_args(Section))
    for section, allowed in INFO_FIELDS.items():
        fields = (await reader.call("valkey_info", {"section": section}))["data"]["fields"]
        assert set(fields) <= allowed
        assert fields, section


async def test_scan_forces_the_prefix_and_hides_other_names(reader: Toolset) -> None:
    """SCAN itself shows every name to any user; the tool shows linked ones alone."""
    answer = await reader.call("valkey_scan_keys", {"prefix": "app:", "limit": 500})
    names = answer["data"]["keys"]
    assert sorted(names) == sorted(
        f"app:{name}"
        for name in ["text", "binary", "ttl", "nul", "hash", "list", "set", "zset", "stream"]
    )
    assert answer["data"]["names_left_out"] == 1
    assert answer["next_cursor"] is None
    assert answer["truncated"] is False
    for pattern in ["*secret*", "]*", "\\*", "[^a]*"]:
        found = await reader.call("valkey_scan_keys", {"prefix": "app:", "pattern": pattern})
        assert all(name.startswith("app:") for name in found["data"]["keys"])


def _any_name(prefix: str, pattern: str) -> str:
    del prefix, pattern
    return "*"


async def test_names_are_filtered_also_when_match_is_not_forced(
    reader: Toolset, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second fence alone keeps names of other prefixes out."""
    monkeypatch.setattr(valkey_reading, "match_of", _any_name)
    answer = await reader.call("valkey_scan_keys", {"prefix": "app:", "limit": 500})
    assert len(answer["data"]["keys"]) == 9
    assert all(name.startswith("app:") for name in answer["data"]["keys"])


def test_match_alone_cannot_leave_the_prefix() -> None:
    """Glob characters of a prefix stand for themselves."""
    assert valkey_reading.match_of("a*[b]?:", "x*") == "a\\*\\[b\\]\\?:x*"


async def pages(tools: Toolset, arguments: dict[str, Any]) -> AsyncGenerator[dict[str, Any]]:
    """Follow the cursors of a scan, for at most sixty pages."""
    cursor: str | None = None
    for _ in range(60):
        answer = await tools.call("valkey_scan_keys", {**arguments, "cursor": cursor})
        yield answer
        cursor = answer["next_cursor"]
        if cursor is None:
            return
    pytest.fail("the pages do not end")


async def test_scan_pages_give_each_name_once(server: ValkeyServer, reader: Toolset) -> None:
    """Pages end within batches of SCAN and lose nothing, also when the table grows meanwhile."""
    admin: Any = server.admin
    wanted = {f"cache:{number}" for number in range(300)}
    admin.mset(dict.fromkeys(wanted, 1))
    found: list[str] = []
    async for answer in pages(reader, {"prefix": "cache:", "limit": 7}):
        admin.mset({f"later:{len(found)}:{number}": 1 for number in range(100)})
        assert len(answer["data"]["keys"]) == 7 or answer["next_cursor"] is None
        assert answer["truncated_by"] == ("rows" if answer["next_cursor"] else None)
        found += answer["data"]["keys"]
    assert set(found) == wanted
    assert len(found) < 320


async def test_scan_stays_within_the_budget(server: ValkeyServer, reader: Toolset) -> None:
    """Long names end a page by bytes, with a cursor that continues."""
    admin: Any = server.admin
    wanted = {f"cache:{number:0>500}" for number in range(100)}
    admin.mset(dict.fromkeys(wanted, 1))
    answers = [answer async for answer in pages(reader, {"prefix": "cache:", "limit": 500})]
    assert answers[0]["truncated_by"] == "bytes"
    assert {name for answer in answers for name in answer["data"]["keys"]} == wanted


async def test_scan_cursor_belongs_to_its_arguments(reader: Toolset) -> None:
    """A cursor cannot be carried to another prefix."""
    answer = await reader.call("valkey_scan_keys", {"prefix": "app:", "limit": 1})
    error = await refusal(
        reader, "valkey_scan_keys", prefix="cache:", limit=1, cursor=answer["next_cursor"]
    )
    assert error.code == "E_ARG"


async def test_get_reads_parts_and_says_where_the_next_starts(reader: Toolset) -> None:
    """Parts end at whole characters and join to the value."""
    whole, offset = "", 0
    while offset is not None:
        arguments = {"key": "app:text", "offset": offset, "max_bytes": 1000}
        answer = await reader.call("valkey_get", arguments)
        assert answer["data"]["encoding"] == "utf-8"
        assert answer["data"]["bytes"] <= 1000
        whole += answer["data"]["value"]
        offset = answer["data"]["next_offset"]
        assert answer["truncated_by"] == ("bytes" if offset else None)
    assert whole == "grüße " * 1000


async def test_get_gives_base64_for_what_is_not_text(reader: Toolset) -> None:
    """Binary and control characters come as base64, within the budget."""
    answer = await reader.call("valkey_get", {"key": "app:binary"})
    assert answer["data"]["value"] == "/wAB"
    answer = await reader.call("valkey_get", {"key": "app:nul", "max_bytes": 65536})
    assert answer["data"]["encoding"] == "base64"
    assert answer["data"]["next_offset"] == 65536
    assert (await refusal(reader, "valkey_get", key="app:none")).code == "E_NOT_FOUND"


async def test_type_and_ttl(reader: Toolset) -> None:
    """An absent key is said to be absent; a TTL is seconds or null."""
    keys = ["app:ttl", "app:hash", "app:none"]
    rows = (await reader.call("valkey_type_and_ttl", {"keys": keys}))["data"]
    assert [row["type"] for row in rows] == ["string", "hash", "none"]
    assert 3590 < rows[0]["ttl_s"] <= 3600
    assert rows[1]["ttl_s"] is None
    assert rows[2]["exists"] is False


async def test_hash_values_above_the_cell_size_are_told_by_size(reader: Toolset) -> None:
    """A large field is never read."""
    data = (await reader.call("valkey_hgetall", {"key": "app:hash"}))["data"]
    rows = {row["field"]: row for row in data["fields"]}
    assert rows["small"]["value"] == "1"
    assert rows["large"] == {"field": "large", "bytes": 5000}


async def test_hash_limit_is_told(server: ValkeyServer, reader: Toolset) -> None:
    """A hash with more fields than the limit is cut by rows."""
    admin: Any = server.admin
    admin.hset("app:wide", mapping={f"f{number}": number for number in range(700)})
    answer = await reader.call("valkey_hgetall", {"key": "app:wide", "limit": 500})
    assert answer["returned"] == len(answer["data"]["fields"]) == 500
    assert answer["truncated_by"] == "rows"
    assert answer["data"]["total_fields"] == 700


@pytest.mark.parametrize(
    ("key", "start", "values"),
    [
        ("app:list", 8, ["8", "9"]),
        ("app:set", 0, ["a", "b"]),
        ("app:zset", 1, ["high"]),
    ],
)
async def test_collections(reader: Toolset, key: str, start: int, values: list[str]) -> None:
    """Items come in the order of the type, a set's in any."""
    data = (await reader.call("valkey_collection", {"key": key, "start": start}))["data"]
    assert sorted(item["value"] for item in data["items"]) == values


async def test_collection_of_a_stream(reader: Toolset) -> None:
    """Entries carry their id and fields."""
    data = (await reader.call("valkey_collection", {"key": "app:stream"}))["data"]
    assert data["items"][0]["fields"] == [{"field": "kind", "encoding": "utf-8", "value": "seed"}]
    error = await refusal(reader, "valkey_collection", key="app:stream", start=1)
    assert error.code == "E_ARG"


async def test_collection_of_large_items_is_refused(server: ValkeyServer, reader: Toolset) -> None:
    """No megabytes are loaded to be cut."""
    admin: Any = server.admin
    admin.rpush("app:heavy", *["x" * 200_000] * 20)
    error = await refusal(reader, "valkey_collection", key="app:heavy")
    assert error.code == "E_LIMIT"


async def test_memory_report_ranks_keys(reader: Toolset) -> None:
    """The largest key comes first and the types add up."""
    answer = await reader.call("valkey_memory_report", {"prefix": "app:", "top": 2})
    assert answer["data"]["largest"][0]["key"] == "app:nul"
    assert len(answer["data"]["largest"]) == 2
    assert sum(kind["keys"] for kind in answer["data"]["by_type"].values()) == 9


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("valkey_get", {"key": "other:secret"}),
        ("valkey_hgetall", {"key": "other:secret"}),
        ("valkey_collection", {"key": "Xapp:"}),
        ("valkey_type_and_ttl", {"keys": ["app:text", "other:secret"]}),
        ("valkey_scan_keys", {"prefix": "other:"}),
        ("valkey_memory_report", {"prefix": ""}),
    ],
)
async def test_names_outside_the_linked_prefixes_are_out_of_scope(
    reader: Toolset, name: str, arguments: dict[str, Any]
) -> None:
    """The refusal names the prefixes that are linked."""
    error = await refusal(reader, name, **arguments)
    assert error.code == "E_SCOPE"
    assert error.allowed_values == ("app:", "cache:")


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("valkey_get", {"key": "app:text", "max_bytes": "4096"}),
        ("valkey_get", {"key": "app:text", "max_bytes": 65537}),
        ("valkey_get", {"key": "app:text\r\nFLUSHALL"}),
        ("valkey_get", {"key": "app:text", "host": "elsewhere"}),
        ("valkey_get", {"key": "app:text", "offset": 10**6}),
        ("valkey_get", {"key": "app:hash"}),
        ("valkey_type_and_ttl", {"keys": ["app:a"] * 51}),
        ("valkey_scan_keys", {"prefix": "app:", "pattern": "*a*a*a*a*a*a*a*a*b"}),
        ("valkey_scan_keys", {"prefix": "app:", "limit": 501}),
        ("valkey_info", {"section": "everything"}),
    ],
)
async def test_bad_arguments(reader: Toolset, name: str, arguments: dict[str, Any]) -> None:
    """Types are strict, ranges closed, and nothing reaches the protocol."""
    assert (await refusal(reader, name, **arguments)).code == "E_ARG"


async def test_set_tries_first_and_then_writes(server: ValkeyServer, writer: Toolset) -> None:
    """A dry run is the default and changes nothing."""
    before = server.snapshot()
    arguments = {"key": "app:new", "value": "Größe", "ttl_s": 60}
    tried = await writer.call("valkey_set", arguments)
    assert tried["data"] == {
        "key": "app:new",
        "bytes": 7,
        "effect": "created",
        "dry_run": True,
    }
    assert server.snapshot() == before
    await writer.call("valkey_set", arguments | {"dry_run": False})
    admin: Any = server.admin
    assert admin.get("app:new").decode() == "Größe"
    assert 0 < admin.ttl("app:new") <= 60


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"key": "app:text", "value": "x"}, "E_CONFLICT"),
        ({"key": "app:none", "value": "x", "mode": "present"}, "E_CONFLICT"),
        ({"key": "app:hash", "value": "x", "mode": "always"}, "E_CONFLICT"),
        ({"key": "other:new", "value": "x"}, "E_SCOPE"),
        ({"key": "app:new", "value": "ü" * 40000}, "E_LIMIT"),
        ({"key": "app:new", "value": "x" * 65537}, "E_ARG"),
    ],
)
async def test_set_refuses(
    server: ValkeyServer, writer: Toolset, arguments: dict[str, Any], code: str
) -> None:
    """A refused write leaves every key as it was."""
    before = server.snapshot()
    assert (await refusal(writer, "valkey_set", **arguments, dry_run=False)).code == code
    assert server.snapshot() == before


async def test_set_replaces_when_asked(server: ValkeyServer, writer: Toolset) -> None:
    """Mode `present` replaces a string."""
    arguments = {"key": "app:text", "value": "new", "mode": "present", "dry_run": False}
    assert (await writer.call("valkey_set", arguments))["data"]["effect"] == "replaced"
    assert server.admin.get("app:text") == b"new"


async def test_delete_takes_full_names_only(server: ValkeyServer, writer: Toolset) -> None:
    """A dry run tells what exists; patterns are refused, not taken as names."""
    before = server.snapshot()
    keys = ["app:set", "app:none", "app:set"]
    tried = await writer.call("valkey_delete", {"keys": keys})
    assert tried["data"]["keys"] == [
        {"key": "app:set", "existed": True},
        {"key": "app:none", "existed": False},
    ]
    assert server.snapshot() == before
    assert (await refusal(writer, "valkey_delete", keys=["app:*"])).code == "E_ARG"
    await writer.call("valkey_delete", {"keys": keys, "dry_run": False})
    assert set(before) - set(server.snapshot()) == {b"app:set"}


async def test_credentials_and_absence_are_told_without_values(
    server: ValkeyServer, make_tools: MakeTools, tmp_path: Path
) -> None:
    """A wrong, an empty password and an absent server read differently."""
    wrong = make_tools(register, link(server, secrets={"PASSWORD": "wrong_pw"}))
    error = await refusal(wrong, "valkey_dbsize")
    assert (error.code, "MCP_VALKEY_PASSWORD was refused" in error.hint) == ("E_UNAVAILABLE", True)
    assert "wrong_pw" not in error.text()
    (tmp_path / "secrets" / "MCP_VALKEY_PASSWORD").write_text("\n", encoding="utf-8")
    empty = make_tools(register, link(server, secrets={}))
    assert "MCP_VALKEY_PASSWORD" in (await refusal(empty, "valkey_dbsize")).hint
    values = {"HOST": "127.0.0.1", "PORT": "1", "USERNAME": "mcp_ro"}
    away = make_tools(register, link(server, values=values))
    assert (await refusal(away, "valkey_dbsize")).hint == "valkey is away"


async def test_two_instances_have_their_own_prefixes(
    server: ValkeyServer, make_tools: MakeTools
) -> None:
    """With two instances the prefix must be one of the chosen instance."""
    other = link(server, component="sessions", env="MCP_SESSIONS", enums={"prefixes": ["other:"]})
    tools = make_tools(register, link(server), other)
    arguments = {"component": "valkey", "prefix": "other:"}
    assert (await refusal(tools, "valkey_scan_keys", **arguments)).code == "E_SCOPE"
    answer = await tools.call("valkey_scan_keys", {"component": "valkey", "prefix": "app:"})
    assert answer["link"] == "valkey"
