"""Writes of Valkey: a string value is set, keys are deleted.

In: a link that may be written to, and checked arguments.
Out: what was done, or would be.
Must not know: MCP, or which tool asks.
"""

from __future__ import annotations

from typing import cast

from stacktic_mcp.core.toolkit import Answer, Link, Refusal
from stacktic_mcp.tools.valkey.valkey_client import connect, ensure_keys

MAX_SET_BYTES = 64 * 1024


async def set_value(
    link: Link, key: str, value: str, ttl_s: int | None, mode: str, *, dry_run: bool
) -> Answer:
    """Set a string value, if the key is what it must be before; or say what would be done."""
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


async def delete_keys(link: Link, keys: list[str], *, dry_run: bool) -> Answer:
    """Delete keys, or say which are there."""
    ensure_keys(link, keys)
    word = "EXISTS" if dry_run else "UNLINK"
    names = list(dict.fromkeys(keys))
    async with connect(link) as client:
        replies = await client.run_all([(word, name) for name in names])
    rows = [
        {"key": name, "existed": bool(reply)} for name, reply in zip(names, replies, strict=True)
    ]
    return Answer({"keys": rows, "dry_run": dry_run}, returned=len(rows))
