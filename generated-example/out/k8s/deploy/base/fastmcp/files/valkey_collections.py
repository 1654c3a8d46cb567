"""Hashes, lists, sets, sorted sets and streams of Valkey, and what keys cost in memory.

In: an open connection and a key that was checked before.
Out: answers with at most the asked number of items.
Must not know: MCP or links.

Each value of a hash can be asked for its length before it is read. Items of the other types
cannot, so a collection whose items are large on average is refused before any is read, and a
single one that is large is passed over and told by its size.
"""

from typing import Any, cast

from valkey.exceptions import ResponseError

from stacktic_mcp.core.toolkit import Answer, Refusal
from stacktic_mcp.tools.valkey.valkey_client import Valkey
from stacktic_mcp.tools.valkey.valkey_reading import KeyScan, named, shown
from stacktic_mcp.tools.valkey.valkey_replies import Cut

MAX_FIELD_BYTES = 2048
MAX_READ_BYTES = 1024 * 1024
HASH_SCAN_COUNT = 100
MEMORY_BATCH = 100

LENGTH_COMMAND = {"list": "LLEN", "set": "SCARD", "zset": "ZCARD", "stream": "XLEN"}


async def read_hash(client: Valkey, key: str, limit: int) -> Answer:
    """Return up to `limit` fields; a value above the cell size is told by its size alone."""
    total = cast("int", await client.run("HLEN", key))
    fields = await _field_names(client, key, limit)
    sizes = await _sizes(client, key, fields)
    small = [name for name in fields if name in sizes and sizes[name] <= MAX_FIELD_BYTES]
    values = cast("list[bytes | None]", await client.run("HMGET", key, *small)) if small else []
    read = dict(zip(small, values, strict=True))
    rows = [_field_row(name, sizes.get(name), read.get(name)) for name in fields]
    data = {"key": key, "total_fields": total, "fields": rows}
    return Answer(data, "rows" if total > len(rows) else None, returned=len(rows))


async def _sizes(client: Valkey, key: str, fields: list[bytes]) -> dict[bytes, int]:
    """Return the lengths of values; of a field whose name was cut it cannot be asked for."""
    whole = [name for name in fields if not isinstance(name, Cut)]
    replies = await client.run_all([("HSTRLEN", key, name) for name in whole])
    pairs = zip(whole, replies, strict=True)
    return {name: size for name, size in pairs if isinstance(size, int)}


async def _field_names(client: Valkey, key: str, limit: int) -> list[bytes]:
    names: dict[bytes, None] = {}
    cursor = b"0"
    while len(names) < limit:
        words = ("HSCAN", key, cursor, "COUNT", HASH_SCAN_COUNT, "NOVALUES")
        cursor, batch = cast("tuple[bytes, list[bytes]]", await client.run(*words))
        names.update(dict.fromkeys(batch))
        if cursor == b"0":
            break
    return list(names)[:limit]


def _field_row(name: bytes, size: int | None, value: bytes | None) -> dict[str, Any]:
    told = {} if value is None else shown(value)
    return {**named(name), "bytes": size, **told}


async def read_collection(client: Valkey, key: str, kind: str, start: int, limit: int) -> Answer:
    """Return up to `limit` items of a list, set, sorted set or stream."""
    if start and kind in {"set", "stream"}:
        raise Refusal("E_ARG", f"a {kind} has no positions; leave start at 0")
    total = cast("int", await client.run(LENGTH_COMMAND[kind], key))
    await _ensure_affordable(client, key, total, limit)
    items = (await _items(client, key, kind, start, limit))[:limit]
    data = {"key": key, "type": kind, "total_items": total, "start": start, "items": items}
    more = start + len(items) < total
    ended_by = "rows" if more else "cell" if any(map(_is_cut, items)) else None
    return Answer(data, ended_by, returned=len(items))


def _is_cut(item: dict[str, Any]) -> bool:
    """Tell whether an item, or a field of an entry, was not read to its end."""
    return "cut" in item or any(map(_is_cut, item.get("fields", ())))


async def _items(client: Valkey, key: str, kind: str, start: int, limit: int) -> list[Any]:
    end = start + limit - 1
    if kind == "list":
        return [shown(item) for item in await client.run("LRANGE", key, start, end)]
    if kind == "zset":
        flat = cast("list[bytes]", await client.run("ZRANGE", key, start, end, "WITHSCORES"))
        pairs = zip(flat[::2], flat[1::2], strict=True)
        return [{**shown(member), "score": score.decode()} for member, score in pairs]
    if kind == "stream":
        entries = await client.run("XRANGE", key, "-", "+", "COUNT", limit)
        return [_stream_entry(entry) for entry in entries]
    return [shown(member) for member in await _members(client, key, limit)]


async def _members(client: Valkey, key: str, limit: int) -> list[bytes]:
    members: dict[bytes, None] = {}
    cursor = b"0"
    while len(members) < limit:
        words = ("SSCAN", key, cursor, "COUNT", limit)
        cursor, batch = cast("tuple[bytes, list[bytes]]", await client.run(*words))
        members.update(dict.fromkeys(batch))
        if cursor == b"0":
            break
    return list(members)


def _stream_entry(entry: list[Any]) -> dict[str, Any]:
    identifier, flat = cast("bytes", entry[0]), cast("list[bytes]", entry[1])
    pairs = zip(flat[::2], flat[1::2], strict=True)
    fields = [{**named(name), **shown(value)} for name, value in pairs]
    return {"id": identifier.decode(), "fields": fields}


async def _ensure_affordable(client: Valkey, key: str, total: int, wanted: int) -> None:
    """Refuse to read items whose average size would pass the limit of one reading."""
    memory = cast("int | None", await client.run("MEMORY", "USAGE", key))
    if memory is None:
        raise Refusal("E_NOT_FOUND", "there is no such key any more")
    if memory // max(total, 1) * min(wanted, total) > MAX_READ_BYTES:
        raise Refusal("E_LIMIT", "the items are large on average; ask for fewer of them")


async def memory_report(client: Valkey, prefix: str, sample: int, top: int) -> Answer:
    """Return totals by type and the largest keys of a sample."""
    names, complete = await _sample(client, prefix, sample)
    rows: list[dict[str, Any]] = []
    for first in range(0, len(names), MEMORY_BATCH):
        rows += await _memory_rows(client, names[first : first + MEMORY_BATCH])
    by_type: dict[str, dict[str, int]] = {}
    for row in rows:
        totals = by_type.setdefault(row["type"], {"keys": 0, "bytes": 0})
        totals["keys"] += 1
        totals["bytes"] += row["bytes"]
    rows.sort(key=lambda row: (-row["bytes"], row["key"]))
    data = {"prefix": prefix, "sampled_keys": len(rows), "by_type": by_type, "largest": rows[:top]}
    return Answer(data, None if complete else "rows", returned=len(rows[:top]))


async def _sample(client: Valkey, prefix: str, sample: int) -> tuple[list[str], bool]:
    scan = KeyScan(client, prefix, "*")
    names: dict[str, None] = {}
    position: Any = None
    while len(names) < sample:
        page = await scan.page(sample - len(names), position)
        names.update(dict.fromkeys(page.names))
        position = page.next_position
        if position is None or page.truncated_by == "time":
            break
    return list(names), position is None


async def _memory_rows(client: Valkey, names: list[str]) -> list[dict[str, Any]]:
    commands = [
        command for name in names for command in (("TYPE", name), ("MEMORY", "USAGE", name))
    ]
    replies = await client.run_all(commands)
    rows: list[dict[str, Any]] = []
    for index, name in enumerate(names):
        kind, size = replies[2 * index], replies[2 * index + 1]
        # A key that went away in between has no type and no size any more.
        if isinstance(size, int) and not isinstance(kind, ResponseError):
            told = kind.decode("utf-8", "backslashreplace")
            rows.append({"key": name, "type": told, "bytes": size})
    return rows
