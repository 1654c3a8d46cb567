"""Valkey tools: keys below the linked prefixes, server facts from a field list.

In: a link and checked arguments.
Out: bounded answers; a value's size is asked for before any of it is read.
Must not know: how commands travel, or other links.

Names: every key must start with a linked prefix. The ACL user of the link holds the same
prefixes, but an ACL does not hide names from SCAN, so names are filtered here as well.
"""

from typing import Annotated, Any, Literal, cast

from pydantic import Field

from stacktic_mcp.core.toolkit import Answer, Choice, DryRun, Link, Position, Refusal, Toolset
from stacktic_mcp.lib.decoding import whole_characters
from stacktic_mcp.tools.valkey.valkey_client import (
    Valkey,
    connect,
    ensure_keys,
    ensure_type,
    wider,
)
from stacktic_mcp.tools.valkey.valkey_collections import memory_report, read_collection, read_hash
from stacktic_mcp.tools.valkey.valkey_forms import (
    Collection,
    Deleted,
    Hash,
    Info,
    KeyNames,
    KeyState,
    MemoryReport,
    Part,
    SetEffect,
    Size,
)
from stacktic_mcp.tools.valkey.valkey_reading import KeyScan, info_fields, shown
from stacktic_mcp.tools.valkey.valkey_writing import MAX_SET_BYTES, delete_keys, set_value

MAX_WHOLE_VALUE = 128 * 1024
MAX_STARS = 8
YEAR_S = 366 * 24 * 3600

NAME_PATTERN = r"^[^\x00-\x1f\x7f]+$"
Key = Annotated[
    str,
    Field(
        min_length=1, max_length=512, pattern=NAME_PATTERN, description="its full name, with prefix"
    ),
]
# A pattern in a delete would be a key name that nobody has: refused, so that none is expected.
PlainKey = Annotated[str, Field(min_length=1, max_length=512, pattern=r"^[^\x00-\x1f\x7f*?]+$")]
Prefix = Annotated[str, Choice("prefixes"), Field(description="a linked prefix")]
Glob = Annotated[
    str,
    Field(
        min_length=1,
        max_length=128,
        pattern=r"^[\x20-\x7e]+$",
        description="glob behind prefix: user:*",
    ),
]
Section = Literal[
    "server", "clients", "memory", "persistence", "stats", "replication", "cpu", "keyspace"
]


def register(tools: Toolset) -> None:
    """Register the tools of the Valkey links."""
    tools.introduce("Valkey", prefix="valkey", first="valkey_scan_keys")
    tools.rights(lambda link: wider(link, tools.grants(link).get("allow", ())))
    _register_server(tools)
    _register_keys(tools)
    _register_values(tools)
    if tools.write_access:
        _register_writes(tools)


def _register_server(tools: Toolset) -> None:
    @tools.read
    async def valkey_info(
        link: Link, section: Annotated[Section, Field(description="one part of INFO")] = "server"
    ) -> Answer[Info]:
        """Info on Valkey (Redis) server: version, uptime (up), health, status.

        Memory used, connected clients, cache hit rate, misses, evictions, commands per second,
        replication, CPU.
        """
        async with connect(link) as client:
            text = cast("bytes", await client.run("INFO", section)).decode("utf-8", "replace")
        return Answer({"section": section, "fields": info_fields(section, text)})

    @tools.read(title="number of keys")
    async def valkey_dbsize(link: Link) -> Answer[Size]:
        """Count keys in Valkey (Redis): total number of entries.

        Each prefix included.
        """
        async with connect(link) as client:
            return Answer({"keys": await client.run("DBSIZE")})


def _register_keys(tools: Toolset) -> None:
    @tools.read
    async def valkey_scan_keys(
        link: Link,
        prefix: Prefix,
        pattern: Glob = "*",
        limit: Annotated[int, Field(ge=1, le=500, description="keys at most")] = 100,
        cursor: Position = None,
    ) -> Answer[KeyNames]:
        """List or find keys in Valkey (Redis) by prefix and pattern: keys matching.

        Starting with. Names alone; cache keys, sessions. At most 500 a page.
        """
        return await _scan_keys(link, prefix, pattern, limit, cursor)

    @tools.read
    async def valkey_type_and_ttl(
        link: Link,
        keys: Annotated[list[Key], Field(min_length=1, max_length=50, description="full names")],
    ) -> Answer[list[KeyState]]:
        """TTL and type of a key in Valkey (Redis): expire, expires or not.

        Expiry, time to live in seconds, exists or not. At most 50 keys.
        """
        return await _type_and_ttl(link, keys)

    @tools.read
    async def valkey_memory_report(
        link: Link,
        prefix: Prefix,
        sample: Annotated[int, Field(ge=10, le=1000, description="keys to measure")] = 200,
        top: Annotated[int, Field(ge=1, le=50, description="number of keys")] = 10,
    ) -> Answer[MemoryReport]:
        """Memory report of Valkey (Redis): biggest keys, most RAM, eats memory, space by type.

        Bytes in a sample of keys of a prefix, largest first.
        """
        async with connect(link) as client:
            return await memory_report(client, prefix, sample, top)


def _register_values(tools: Toolset) -> None:
    @tools.read(budget_bytes=MAX_WHOLE_VALUE, cell_bytes=MAX_WHOLE_VALUE)
    async def valkey_get(
        link: Link,
        key: Key,
        offset: Annotated[int, Field(ge=0, le=2**29, description="first byte")] = 0,
        max_bytes: Annotated[int, Field(ge=1, le=65536, description="bytes at most")] = 4096,
    ) -> Answer[Part]:
        """Get value of a key in Valkey (Redis): read a plain string stored or cached.

        Text, or base64; at most 64 KiB at a time.
        """
        return await _get(link, key, offset, max_bytes)

    @tools.read(title="fields of a hash")
    async def valkey_hgetall(
        link: Link,
        key: Key,
        limit: Annotated[int, Field(ge=1, le=500, description="fields at most")] = 100,
    ) -> Answer[Hash]:
        """Get all fields and values of a hash in Valkey (Redis).

        At most 500 fields; large values by size.
        """
        ensure_keys(link, [key])
        async with connect(link) as client:
            await ensure_type(client, key, ["hash"])
            return await read_hash(client, key, limit)

    @tools.read(title="items of a list, set or stream")
    async def valkey_collection(
        link: Link,
        key: Key,
        start: Annotated[int, Field(ge=0, le=2**31, description="first position, from 0")] = 0,
        limit: Annotated[int, Field(ge=1, le=200, description="items at most")] = 50,
    ) -> Answer[Collection]:
        """Read entries of a list, set, sorted set (zset) or stream in Valkey (Redis).

        First items, members, top, scores, leaderboard, jobs. At most 200.
        """
        ensure_keys(link, [key])
        async with connect(link) as client:
            kind = await ensure_type(client, key, ["list", "set", "zset", "stream"])
            return await read_collection(client, key, kind, start, limit)


def _register_writes(tools: Toolset) -> None:
    @tools.write(destructive=True, idempotent=True)
    async def valkey_set(
        link: Link,
        key: Key,
        value: Annotated[str, Field(max_length=MAX_SET_BYTES, description="text")],
        ttl_s: Annotated[
            int | None, Field(ge=1, le=YEAR_S, description="expiry in seconds")
        ] = None,
        mode: Annotated[
            Literal["absent", "present", "always"], Field(description="state of key before")
        ] = "absent",
        dry_run: DryRun = True,
    ) -> Answer[SetEffect]:
        """Set a key in Valkey (Redis): store, write, save, change a value; optional expiry.

        By default an absent key alone.
        """
        return await set_value(link, key, value, ttl_s, mode, dry_run=dry_run)

    @tools.write(destructive=True, idempotent=True)
    async def valkey_delete(
        link: Link,
        keys: Annotated[
            list[PlainKey], Field(min_length=1, max_length=10, description="full names, no pattern")
        ],
        dry_run: DryRun = True,
    ) -> Answer[Deleted]:
        """Delete a key in Valkey (Redis) by full name: remove, clear, drop cached value.

        At most 10 keys, no patterns.
        """
        return await delete_keys(link, keys, dry_run=dry_run)


async def _scan_keys(link: Link, prefix: str, pattern: str, limit: int, position: Any) -> Answer:
    if pattern.count("*") > MAX_STARS:
        raise Refusal("E_ARG", f"a pattern holds at most {MAX_STARS} stars")
    async with connect(link) as client:
        page = await KeyScan(client, prefix, pattern).page(limit, position)
    return Answer(
        data={"keys": page.names, "names_left_out": page.left_out},
        truncated_by=page.truncated_by,
        next_position=page.next_position,
        returned=len(page.names),
    )


async def _type_and_ttl(link: Link, keys: list[str]) -> Answer:
    ensure_keys(link, keys)
    commands = [command for key in keys for command in (("TYPE", key), ("PTTL", key))]
    async with connect(link) as client:
        replies = await client.run_all(commands)
    rows = [
        _state_row(key, replies[2 * index], replies[2 * index + 1])
        for index, key in enumerate(keys)
    ]
    return Answer(rows)


def _state_row(key: str, kind: Any, milliseconds: Any) -> dict[str, Any]:
    """Return a key's state; what an error of the server stands for is not known."""
    told = kind.decode("utf-8", "backslashreplace") if isinstance(kind, bytes) else None
    timed = isinstance(milliseconds, int) and milliseconds >= 0
    ttl = round(milliseconds / 1000, 1) if timed else None
    return {
        "key": key,
        "exists": None if told is None else told != "none",
        "type": told,
        "ttl_s": ttl,
    }


async def _get(link: Link, key: str, offset: int, max_bytes: int) -> Answer:
    ensure_keys(link, [key])
    async with connect(link) as client:
        await ensure_type(client, key, ["string"])
        size = cast("int", await client.run("STRLEN", key))
        raw = await _slice(client, key, offset, max_bytes, size)
    end = offset + len(raw)
    more = end < size
    return Answer(
        data={
            "key": key,
            "total_bytes": size,
            "offset": offset,
            "bytes": len(raw),
            "next_offset": end if more else None,
            **shown(raw),
        },
        truncated_by="bytes" if more else None,
    )


async def _slice(client: Valkey, key: str, offset: int, max_bytes: int, size: int) -> bytes:
    if offset and offset >= size:
        raise Refusal("E_ARG", f"the value has {size} bytes; the offset is behind its end")
    raw = cast("bytes", await client.run("GETRANGE", key, offset, offset + max_bytes - 1))
    return whole_characters(raw) if offset + len(raw) < size else raw
