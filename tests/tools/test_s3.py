"""The S3 tools against a real SeaweedFS with the identities the link type asks for.

In: `fastmcp-seaweedfs` as written, its grants read from the catalog.
Out: proof of what each tool returns and of what each layer refuses.
Must not know: FastMCP's HTTP side.
"""

from __future__ import annotations

import base64
from collections.abc import Generator
from typing import Any

import anyio
import pytest
import yaml
from botocore.exceptions import ClientError

from conftest import REPOSITORY, LinkFacts, MakeTools
from servers.seaweedfs_server import Seaweed, running_seaweed
from stacktic_mcp.core.toolkit import Toolset
from stacktic_mcp.lib.refusal import Refusal
from stacktic_mcp.tools.s3.s3_client import ensure_key
from stacktic_mcp.tools.s3.s3_tools import register

pytestmark = pytest.mark.anyio

LEVELS: dict[str, dict[str, list[str]]] = yaml.safe_load(
    (REPOSITORY / "catalog/seaweedfs/component.yaml").read_text(encoding="utf-8")
)["provides"]["s3"]["levels"]
BUCKETS = ["app-data", "private", "fresh"]
TEXT = "Zeile mit Umlaut ü\n" * 2000

READ_CALLS: dict[str, dict[str, Any]] = {
    "s3_list_buckets": {},
    "s3_list_objects": {"bucket": "app-data"},
    "s3_get_object": {"bucket": "app-data", "key": "docs/text.txt"},
    "s3_read_text": {"bucket": "app-data", "key": "docs/text.txt"},
    "s3_head_object": {"bucket": "app-data", "key": "docs/text.txt"},
    "s3_bucket_stats": {"bucket": "app-data"},
}


def granted(kind: str) -> list[str]:
    """Return the actions that a level adds, on the one linked bucket."""
    return [f"{action}:app-data" for action in LEVELS[kind]["actions"]]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Generator[Seaweed]:
    """One gateway for the module, with an identity for each kind of link."""
    identities = {"ro": granted("read"), "rw": granted("read") + granted("write")}
    with running_seaweed(tmp_path_factory.mktemp("seaweedfs"), identities) as running:
        for bucket in BUCKETS:
            running.admin.create_bucket(Bucket=bucket)
        put = running.admin.put_object
        put(Bucket="app-data", Key="docs/text.txt", Body=TEXT.encode(), ContentType="text/plain")
        put(
            Bucket="app-data",
            Key="docs/binary",
            Body=bytes(range(256)),
            Metadata={"made-by": "test"},
        )
        put(Bucket="app-data", Key="docs/empty", Body=b"")
        for number in range(25):
            put(Bucket="app-data", Key=f"many/{number:03}", Body=b"x" * number)
        put(Bucket="private", Key="secret", Body=b"not linked")
        yield running


def link(store: Seaweed, *, write: bool = False, **changes: Any) -> LinkFacts:
    """Return the facts of a link to the gateway."""
    name = "rw" if write else "ro"
    facts: dict[str, Any] = {
        "component": "seaweedfs",
        "type": "fastmcp-seaweedfs",
        "env": "MCP_S3",
        "values": {"HOST": "127.0.0.1", "PORT": str(store.port), "SCHEME": "http"},
        "secrets": {"ACCESS_KEY": name.upper(), "SECRET_KEY": f"{name}_secret"},
        "enums": {"buckets": ["app-data"]},
        "write_access": write,
    }
    return LinkFacts(**(facts | changes))


@pytest.fixture
def reader(store: Seaweed, make_tools: MakeTools) -> Toolset:
    """Return the tools of a read link."""
    return make_tools(register, link(store))


@pytest.fixture
def writer(store: Seaweed, make_tools: MakeTools) -> Toolset:
    """Return the tools of a link with write access."""
    return make_tools(register, link(store, write=True))


async def refusal(tools: Toolset, name: str, **arguments: Any) -> Refusal:
    """Return the refusal a call must end in."""
    with pytest.raises(Refusal) as caught:
        await tools.call(name, arguments)
    return caught.value


def test_write_tools_exist_only_with_write_access(reader: Toolset, writer: Toolset) -> None:
    """Nothing that writes is registered on a read link."""
    assert {tool.name for tool in reader.tools} == set(READ_CALLS)
    more = {tool.name for tool in writer.tools} - set(READ_CALLS)
    assert more == {"s3_put_object", "s3_delete_object"}


async def test_read_tools_change_nothing(store: Seaweed, reader: Toolset) -> None:
    """Each read tool answers as the read-only identity and leaves every object as it was."""
    before = store.snapshot(BUCKETS)
    for name, arguments in READ_CALLS.items():
        answer = await reader.call(name, arguments)
        assert answer["data"], name
        assert answer["link"] == "seaweedfs"
    assert store.snapshot(BUCKETS) == before


async def test_buckets_are_the_linked_ones(store: Seaweed, make_tools: MakeTools) -> None:
    """A bucket that is linked but does not exist is told; one that is not linked never appears."""
    tools = make_tools(register, link(store, enums={"buckets": ["app-data", "planned"]}))
    rows = (await tools.call("s3_list_buckets", {}))["data"]
    assert [(row["bucket"], row["visible"]) for row in rows] == [
        ("app-data", True),
        ("planned", False),
    ]


async def test_pages_give_each_object_once(reader: Toolset) -> None:
    """The cursor continues behind the last key."""
    arguments: dict[str, Any] = {"bucket": "app-data", "prefix": "many/", "limit": 10}
    found: list[str] = []
    sizes: list[int] = []
    cursor: str | None = None
    while cursor is not None or not found:
        answer = await reader.call("s3_list_objects", {**arguments, "cursor": cursor})
        found += [row["key"] for row in answer["data"]]
        sizes.append(answer["returned"])
        cursor = answer["next_cursor"]
        assert answer["truncated_by"] == ("rows" if cursor else None)
    assert found == [f"many/{number:03}" for number in range(25)]
    assert sizes == [10, 10, 5]


async def test_a_page_cut_by_bytes_continues(store: Seaweed, reader: Toolset) -> None:
    """Long keys end a page by bytes, with a cursor behind the last key shown."""
    wanted = {f"long/{number:0>900}" for number in range(60)}
    for key in wanted:
        store.admin.put_object(Bucket="app-data", Key=_split(key), Body=b"1")
    arguments: dict[str, Any] = {"bucket": "app-data", "prefix": "long/", "limit": 1000}
    answer = await reader.call("s3_list_objects", arguments)
    assert answer["truncated_by"] == "bytes"
    found = {row["key"] for row in answer["data"]}
    while answer["next_cursor"]:
        answer = await reader.call(
            "s3_list_objects", {**arguments, "cursor": answer["next_cursor"]}
        )
        found |= {row["key"] for row in answer["data"]}
    assert found == {_split(key) for key in wanted}
    for key in wanted:
        store.admin.delete_object(Bucket="app-data", Key=_split(key))


def _split(key: str) -> str:
    """Keep each segment short enough for the filer."""
    return "/".join(key[start : start + 200] for start in range(0, len(key), 200))


async def test_parts_join_to_the_whole(reader: Toolset) -> None:
    """Parts end at whole characters and never pass the length asked for."""
    whole, offset = "", 0
    while offset is not None:
        arguments = {"bucket": "app-data", "key": "docs/text.txt", "offset": offset}
        answer = await reader.call("s3_read_text", arguments)
        assert answer["data"]["bytes"] <= 16384
        whole += answer["data"]["text"]
        offset = answer["data"]["next_offset"]
    assert whole == TEXT


async def test_binary_empty_and_behind_the_end(reader: Toolset) -> None:
    """Binary is base64, an empty object is empty, an offset behind the end is a mistake."""
    target = {"bucket": "app-data", "key": "docs/binary"}
    data = (await reader.call("s3_get_object", target))["data"]
    assert base64.b64decode(data["value"]) == bytes(range(256))
    empty = {"bucket": "app-data", "key": "docs/empty"}
    data = (await reader.call("s3_get_object", empty))["data"]
    assert (data["total_bytes"], data["value"], data["next_offset"]) == (0, "", None)
    assert (await refusal(reader, "s3_get_object", **target, offset=256)).code == "E_ARG"
    assert (await refusal(reader, "s3_read_text", **target)).code == "E_ARG"


async def test_head_and_stats(reader: Toolset) -> None:
    """Facts of one object and totals of a prefix."""
    target = {"bucket": "app-data", "key": "docs/binary"}
    head = (await reader.call("s3_head_object", target))["data"]
    assert head["bytes"] == 256
    assert head["metadata"] == {"made-by": "test"}
    stats = await reader.call("s3_bucket_stats", {"bucket": "app-data", "prefix": "many/"})
    assert (stats["data"]["objects"], stats["data"]["bytes"]) == (25, sum(range(25)))
    assert stats["data"]["largest"][0] == {"key": "many/024", "bytes": 24}
    assert stats["truncated"] is False
    some = await reader.call(
        "s3_bucket_stats", {"bucket": "app-data", "prefix": "many/", "max_objects": 7}
    )
    assert (some["data"]["objects"], some["truncated_by"]) == (7, "rows")


@pytest.mark.parametrize(
    "key",
    [
        "../private/secret",
        "docs/../../private/secret",
        "docs/./text.txt",
        "docs/%2e%2e/secret",
        "docs/%252e%252e%252fsecret",
        "docs%2f..%2fsecret",
        "..",
        "docs/%5c..",
        "docs/%00",
        "docs/%0aheader",
        "docs/\uff0e\uff0e/secret",
        "docs/\u2025/secret",
        "%" + "25" * 20 + "2e",
    ],
)
def test_keys_that_read_as_another_path_are_refused(key: str) -> None:
    """In any decoding: percent signs, several times, and look-alike characters."""
    with pytest.raises(Refusal) as caught:
        ensure_key(key)
    assert caught.value.code == "E_ARG"


@pytest.mark.parametrize("key", ["docs/100%.txt", "a..b/c.d", "größe/…", ".hidden", "x/...y"])
def test_ordinary_keys_pass(key: str) -> None:
    """Dots and percent signs inside a segment are fine."""
    ensure_key(key)


@pytest.mark.parametrize(
    ("name", "arguments", "code"),
    [
        ("s3_list_objects", {"bucket": "private"}, "E_SCOPE"),
        ("s3_get_object", {"bucket": "private", "key": "secret"}, "E_SCOPE"),
        ("s3_get_object", {"bucket": "app-data", "key": "none"}, "E_NOT_FOUND"),
        ("s3_get_object", {"bucket": "app-data", "key": "../private/secret"}, "E_ARG"),
        ("s3_read_text", {"bucket": "app-data", "key": "a\\b"}, "E_ARG"),
        ("s3_head_object", {"bucket": "app-data", "key": "%2e%2e/x"}, "E_ARG"),
        ("s3_list_objects", {"bucket": "app-data", "prefix": "../"}, "E_ARG"),
        ("s3_bucket_stats", {"bucket": "app-data", "prefix": "../"}, "E_ARG"),
        ("s3_list_objects", {"bucket": "app-data", "limit": 1001}, "E_ARG"),
        ("s3_get_object", {"bucket": "app-data", "key": "x", "length": 65537}, "E_ARG"),
        ("s3_get_object", {"bucket": "app-data", "key": "x", "length": "1"}, "E_ARG"),
        ("s3_get_object", {"bucket": "app-data", "key": "x", "endpoint": "http://x"}, "E_ARG"),
    ],
)
async def test_refusals(reader: Toolset, name: str, arguments: dict[str, Any], code: str) -> None:
    """Scope, absence and mistakes have their own codes."""
    assert (await refusal(reader, name, **arguments)).code == code


async def test_put_tries_first_and_then_writes(store: Seaweed, writer: Toolset) -> None:
    """A dry run is the default; a second put needs if_none_match off."""
    before = store.snapshot(BUCKETS)
    arguments = {"bucket": "app-data", "key": "new/object", "content": "Größe"}
    tried = await writer.call("s3_put_object", arguments)
    assert tried["data"]["effect"] == "created"
    assert store.snapshot(BUCKETS) == before
    made = await writer.call("s3_put_object", {**arguments, "dry_run": False})
    held = store.snapshot(BUCKETS)
    assert held["app-data", "new/object"][0].decode() == "Größe"
    again = await refusal(writer, "s3_put_object", **arguments, dry_run=False)
    assert again.code == "E_CONFLICT"
    target = {"bucket": "app-data", "key": "new/object"}
    stale = await refusal(writer, "s3_delete_object", **target, if_match="0" * 32, dry_run=False)
    assert stale.code == "E_CONFLICT"
    tag = made["data"]["etag"]
    await writer.call("s3_delete_object", {**target, "if_match": tag})
    assert store.snapshot(BUCKETS) == held
    await writer.call("s3_delete_object", {**target, "if_match": tag, "dry_run": False})
    assert store.snapshot(BUCKETS) == before


async def test_put_replaces_when_asked_and_takes_base64(store: Seaweed, writer: Toolset) -> None:
    """Binary content arrives byte for byte."""
    store.admin.put_object(Bucket="app-data", Key="new/replaced", Body=b"old")
    raw = bytes(range(256)) * 16
    answer = await writer.call(
        "s3_put_object",
        {
            "bucket": "app-data",
            "key": "new/replaced",
            "content": base64.b64encode(raw).decode(),
            "encoding": "base64",
            "content_type": "application/octet-stream",
            "if_none_match": False,
            "dry_run": False,
        },
    )
    assert answer["data"]["effect"] == "replaced"
    assert store.snapshot(["app-data"])["app-data", "new/replaced"][0] == raw
    store.admin.delete_object(Bucket="app-data", Key="new/replaced")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"content": "x" * (1024 * 1024 + 1)}, "E_LIMIT"),
        ({"content": "no base64!", "encoding": "base64"}, "E_ARG"),
        ({"content": "x", "content_type": "text/html\r\nx-evil: 1"}, "E_ARG"),
    ],
)
async def test_put_refuses(writer: Toolset, arguments: dict[str, Any], code: str) -> None:
    """Size, encoding and type are checked before anything is sent."""
    target = {"bucket": "app-data", "key": "new/refused"}
    assert (await refusal(writer, "s3_put_object", **target, **arguments)).code == code


def test_the_read_identity_lacks_every_other_grant(store: Seaweed) -> None:
    """The principal holds when the checks in Python are gone."""
    reader = store.client("RO", "ro_secret")
    attempts: list[tuple[str, dict[str, Any]]] = [
        ("put_object", {"Bucket": "app-data", "Key": "x", "Body": b"1"}),
        ("delete_object", {"Bucket": "app-data", "Key": "docs/text.txt"}),
        ("get_object", {"Bucket": "private", "Key": "secret"}),
        ("list_objects_v2", {"Bucket": "private"}),
        ("create_bucket", {"Bucket": "mine"}),
    ]
    for operation, parameters in attempts:
        with pytest.raises(ClientError) as caught:
            getattr(reader, operation)(**parameters)
        assert caught.value.response["Error"]["Code"] == "AccessDenied", operation  # type: ignore[typeddict-item]


async def test_a_write_link_without_the_principal_is_stopped_by_the_store(
    store: Seaweed, make_tools: MakeTools
) -> None:
    """Write flags without the grant still write nothing."""
    secrets = {"ACCESS_KEY": "RO", "SECRET_KEY": "ro_secret"}
    tools = make_tools(register, link(store, write=True, secrets=secrets))
    before = store.snapshot(BUCKETS)
    arguments = {"bucket": "app-data", "key": "new/object", "content": "x", "dry_run": False}
    error = await refusal(tools, "s3_put_object", **arguments)
    assert (error.code, "grant" in error.hint) == ("E_UNAVAILABLE", True)
    assert store.snapshot(BUCKETS) == before


async def test_credentials_and_absence_are_told_without_values(
    store: Seaweed, make_tools: MakeTools
) -> None:
    """A wrong key and an absent store read differently."""
    secrets = {"ACCESS_KEY": "RO", "SECRET_KEY": "wrong_secret"}
    wrong = make_tools(register, link(store, secrets=secrets))
    error = await refusal(wrong, "s3_list_objects", bucket="app-data")
    assert (error.code, "MCP_S3_SECRET_KEY" in error.hint) == ("E_UNAVAILABLE", True)
    assert "wrong_secret" not in error.text()


async def test_a_key_that_was_replaced_is_used_at_the_next_call(
    store: Seaweed, make_tools: MakeTools
) -> None:
    """The client of the old key does not outlive it."""
    secrets = {"ACCESS_KEY": "RO", "SECRET_KEY": "wrong_secret"}
    tools = make_tools(register, link(store, secrets=secrets))
    assert (await refusal(tools, "s3_list_buckets")).code == "E_UNAVAILABLE"
    file = tools.runtime.settings.secret_directory / "MCP_S3_SECRET_KEY"
    file.write_text("ro_secret", encoding="utf-8")
    assert (await tools.call("s3_list_buckets", {}))["returned"] == 1
    away = make_tools(register, link(store, values={"HOST": "127.0.0.1", "PORT": "1"}))
    error = await refusal(away, "s3_list_objects", bucket="app-data")
    assert (error.code, error.hint) == ("E_UNAVAILABLE", "seaweedfs is away")


def test_no_proxy_of_the_environment_is_used(
    store: Seaweed, make_tools: MakeTools, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy setting in the pod must not see object data."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    tools = make_tools(register, link(store))
    answer = anyio.run(tools.call, "s3_list_objects", {"bucket": "app-data", "limit": 1})
    assert answer["returned"] == 1
