"""Valkey tools: keys below the linked prefixes, server facts from a field list.

In: a link and checked arguments.
Out: bounded answers; a value's size is asked for before any of it is read.
Must not know: how commands travel, or other links.

Names: every key must start with a linked prefix. The ACL user of the link holds the same
prefixes, but an ACL does not hide names from SCAN, so names are filtered here as well.
"""

from typing import Annotated, Any, Literal, cast

from pydantic import Field

from stacktic_mcp.core.toolkit import Answer, Choice, Link, Position, Refusal, Toolset
from stacktic_mcp.lib.decoding import whole_characters
from stacktic_mcp.tools.valkey.valkey_client import (
    Valkey,
    connect,
    ensure_keys,
    ensure_type,
    wider,
)
from stacktic_mcp.tools.valkey.valkey_collections import memory_report, read_collection, read_hash
from stacktic_mcp.tools.valkey.valkey_reading import KeyScan, info_fields, shown

MAX_WHOLE_VALUE = 128 * 1024
MAX_STARS = 8
MAX_SET_BYTES = 64 * 1024
YEAR_S = 366 * 24 * 3600

NAME_PATTERN = r"^[^\x00-\x1f\x7f]+$"
Key = Annotated[str, Field(min_length=1, max_length=512, pattern=NAME_PATTERN)]
# A pattern in a delete would be a key name that nobody has: refused, so that none is expected.
PlainKey = Annotated[str, Field(min_length=1, max_length=512, pattern=r"^[^\x00-\x1f\x7f*?]+$")]
Prefix = Annotated[str, Choice("prefixes")]
Glob = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[\x20-\x7e]+$")]
Section = Literal[
    "server", "clients", "memory", "persistence", "stats", "replication", "cpu", "keyspace"
]


def register(tools: Toolset) -> None:
    """Register the tools of the Valkey links."""
    tools.rights(lambda link: wider(link, tools.grants(link).get("allow", ())))
    _register_server(tools)
    _register_keys(tools)
    _register_values(tools)
    if tools.write_access:
        _register_writes(tools)


def _register_server(tools: Toolset) -> None:
    @tools.read
    async def valkey_info(link: Link, section: Section = "server") -> Answer:
        """Return the plain facts of one section of INFO."""
        async with connect(link) as client:
            text = cast("bytes", await client.run("INFO", section)).decode("utf-8", "replace")
        return Answer({"section": section, "fields": info_fields(section, text)})

    @tools.read
    async def valkey_dbsize(link: Link) -> Answer:
        """Return the number of keys, those outside the linked prefixes included."""
        async with connect(link) as client:
            return Answer({"keys": await client.run("DBSIZE")})


def _register_keys(tools: Toolset) -> None:
    @tools.read
    async def valkey_scan_keys(
        link: Link,
        prefix: Prefix,
        pattern: Glob = "*",
        limit: Annotated[int, Field(ge=1, le=500)] = 100,
        cursor: Position = None,
    ) -> Answer:
        """Return names of keys with a linked prefix; the glob pattern is for the rest of each."""
        return await _scan_keys(link, prefix, pattern, limit, cursor)

    @tools.read
    async def valkey_type_and_ttl(
        link: Link, keys: Annotated[list[Key], Field(min_length=1, max_length=50)]
    ) -> Answer:
        """Return type and time to live in seconds of keys; null means that none is set."""
        return await _type_and_ttl(link, keys)

    @tools.read
    async def valkey_memory_report(
        link: Link,
        prefix: Prefix,
        sample: Annotated[int, Field(ge=10, le=1000)] = 200,
        top: Annotated[int, Field(ge=1, le=50)] = 10,
    ) -> Answer:
        """Return what a sample of keys with a linked prefix takes in memory, the largest first."""
        async with connect(link) as client:
            return await memory_report(client, prefix, sample, top)


def _register_values(tools: Toolset) -> None:
    @tools.read(budget_bytes=MAX_WHOLE_VALUE, cell_bytes=MAX_WHOLE_VALUE)
    async def valkey_get(
        link: Link,
        key: Key,
        offset: Annotated[int, Field(ge=0, le=2**29)] = 0,
        max_bytes: Annotated[int, Field(ge=1, le=65536)] = 4096,
    ) -> Answer:
        """Return a part of a string value as text, or as base64 when it is not text."""
        return await _get(link, key, offset, max_bytes)

    @tools.read
    async def valkey_hgetall(
        link: Link, key: Key, limit: Annotated[int, Field(ge=1, le=500)] = 100
    ) -> Answer:
        """Return fields of a hash with their values; large values are told by their size."""
        ensure_keys(link, [key])
        async with connect(link) as client:
            await ensure_type(client, key, ["hash"])
            return await read_hash(client, key, limit)

    @tools.read
    async def valkey_collection(
        link: Link,
        key: Key,
        start: Annotated[int, Field(ge=0, le=2**31)] = 0,
        limit: Annotated[int, Field(ge=1, le=200)] = 50,
    ) -> Answer:
        """Return items of a list, set, sorted set or stream; a set or stream has no start."""
        ensure_keys(link, [key])
        async with connect(link) as client:
            kind = await ensure_type(client, key, ["list", "set", "zset", "stream"])
            return await read_collection(client, key, kind, start, limit)


def _register_writes(tools: Toolset) -> None:
    @tools.write(destructive=True, idempotent=True)
    async def valkey_set(
        link: Link,
        key: Key,
        value: Annotated[str, Field(max_length=MAX_SET_BYTES)],
        ttl_s: Annotated[int | None, Field(ge=1, le=YEAR_S)] = None,
        mode: Literal["absent", "present", "always"] = "absent",
        dry_run: bool = True,
    ) -> Answer:
        """Set a string value; mode says whether the key must be absent or present before."""
        return await _set(link, key, value, ttl_s, mode, dry_run=dry_run)

    @tools.write(destructive=True, idempotent=True)
    async def valkey_delete(
        link: Link,
        keys: Annotated[list[PlainKey], Field(min_length=1, max_length=10)],
        dry_run: bool = True,
    ) -> Answer:
        """Delete keys by their full names."""
        return await _delete(link, keys, dry_run=dry_run)


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


async def _set(
    link: Link, key: str, value: str, ttl_s: int | None, mode: str, *, dry_run: bool
) -> Answer:
    ensure_keys(link, [key])
    raw = value.encode("utf-8")
    if len(raw) > MAX_SET_BYTES:
        raise Refusal("E_LIMIT", f"a value has at most {MAX_SET_BYTES} bytes")
    condition = {"absent": ["NX"], "present": ["XX"], "always": []}[mode]
    expiry: list[str | int] = [] if ttl_s is None else ["EX", ttl_s]
    async with connect(link) as client:
        before = cast("bytes", await client.run("TYPE", key)).decode("utf-8", "backslashreplace")
        _ensure_settable(before, mode)
        if not dry_run and await client.run("SET", key, raw, *condition, *expiry) is None:
            raise Refusal("E_CONFLICT", f"the key is no longer {mode}")
    fate = "created" if before == "none" else "replaced"
    return Answer({"key": key, "bytes": len(raw), "effect": fate, "dry_run": dry_run})


def _ensure_settable(before: str, mode: str) -> None:
    if before not in {"none", "string"}:
        raise Refusal("E_CONFLICT", f"the key is a {before}; setting it would destroy that")
    if mode == "absent" and before != "none":
        raise Refusal("E_CONFLICT", "the key exists; use mode present or always to replace it")
    if mode == "present" and before == "none":
        raise Refusal("E_CONFLICT", "the key does not exist")


async def _delete(link: Link, keys: list[str], *, dry_run: bool) -> Answer:
    ensure_keys(link, keys)
    word = "EXISTS" if dry_run else "UNLINK"
    names = list(dict.fromkeys(keys))
    async with connect(link) as client:
        replies = await client.run_all([(word, name) for name in names])
    rows = [
        {"key": name, "existed": bool(reply)} for name, reply in zip(names, replies, strict=True)
    ]
    return Answer({"keys": rows, "dry_run": dry_run}, returned=len(rows))
