"""How replies of Valkey become bounded, plain JSON.

In: an open connection and checked names.
Out: pages of key names, values as text or base64, INFO as chosen fields.
Must not know: MCP, links, or which tool asks.
"""

import hashlib
import time
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from stacktic_mcp.lib.decoding import encoded, whole_characters
from stacktic_mcp.tools.valkey.valkey_client import Valkey
from stacktic_mcp.tools.valkey.valkey_replies import Cut

SCAN_COUNT = 40
SCAN_SECONDS = 5.0
MAX_NAME_BYTES = 512
PAGE_BYTES = 20 * 1024
GLOB_CHARACTERS = "\\*?[]^-"

# Only these fields of INFO are shown: others name hosts, files, users and build paths.
INFO_TABLE = """
server: server_name valkey_version redis_version server_mode uptime_in_seconds hz
clients: connected_clients maxclients blocked_clients tracking_clients
clients: client_recent_max_input_buffer client_recent_max_output_buffer
memory: used_memory used_memory_rss used_memory_peak used_memory_dataset used_memory_lua
memory: maxmemory maxmemory_policy mem_fragmentation_ratio lazyfree_pending_objects
persistence: loading rdb_changes_since_last_save rdb_last_save_time rdb_last_bgsave_status
persistence: rdb_bgsave_in_progress aof_enabled aof_last_write_status aof_rewrite_in_progress
stats: total_connections_received total_commands_processed instantaneous_ops_per_sec
stats: total_net_input_bytes total_net_output_bytes rejected_connections expired_keys
stats: evicted_keys keyspace_hits keyspace_misses
stats: acl_access_denied_auth acl_access_denied_cmd acl_access_denied_key
replication: role connected_slaves master_link_status master_last_io_seconds_ago
replication: master_sync_in_progress repl_backlog_active
cpu: used_cpu_sys used_cpu_user
keyspace: db0
"""


def _info_table() -> dict[str, set[str]]:
    table: dict[str, set[str]] = {}
    for line in INFO_TABLE.strip().splitlines():
        section, _, names = line.partition(": ")
        table.setdefault(section, set()).update(names.split())
    return table


INFO_FIELDS = _info_table()


def info_fields(section: str, text: str) -> dict[str, str]:
    """Return the chosen fields of one section of INFO."""
    fields: dict[str, str] = {}
    for line in text.splitlines():
        name, separator, value = line.partition(":")
        if separator and name in INFO_FIELDS[section]:
            fields[name] = value
    return fields


def match_of(prefix: str, pattern: str) -> str:
    """Return a MATCH that cannot leave the prefix: its characters stand for themselves."""
    literal = "".join("\\" + sign if sign in GLOB_CHARACTERS else sign for sign in prefix)
    return literal + pattern


@dataclass
class KeyPage:
    """Key names of one page, and where the next one starts."""

    names: list[str] = field(default_factory=list[str])
    left_out: int = 0
    truncated_by: Literal["rows", "bytes", "time"] | None = None
    next_position: dict[str, Any] | None = None


class KeyScan:
    """Walks SCAN and stops at a limit of names, bytes or time.

    SCAN gives whole batches. A page that ends within a batch remembers the batch's own cursor and
    which of its names were given, so that no name is lost when the table is resized in between.
    """

    def __init__(self, client: Valkey, prefix: str, pattern: str) -> None:
        """Fix what is walked; the prefix is checked by the caller."""
        self._client = client
        self._prefix = prefix
        self._match = match_of(prefix, pattern)

    async def page(self, limit: int, position: Any) -> KeyPage:
        """Return up to `limit` names from a position, or from the start."""
        start = cast("dict[str, Any]", position or {})
        cursor, given = str(start.get("scan", "0")), set(cast("list[str]", start.get("given", [])))
        page, deadline = KeyPage(), time.monotonic() + SCAN_SECONDS
        while True:
            following, batch = await self._batch(cursor)
            if not self._take(page, batch, given, limit):
                page.next_position = {"scan": cursor, "given": sorted(given)}
                return page
            if following == "0":
                return page
            cursor, given = following, set[str]()
            if time.monotonic() > deadline:
                page.truncated_by, page.next_position = "time", {"scan": cursor}
                return page

    async def _batch(self, cursor: str) -> tuple[str, list[bytes]]:
        words = ("SCAN", cursor, "MATCH", self._match, "COUNT", SCAN_COUNT)
        reply = cast("list[Any]", await self._client.run(*words))
        return cast("bytes", reply[0]).decode(), cast("list[bytes]", reply[1])

    def _take(self, page: KeyPage, batch: list[bytes], given: set[str], limit: int) -> bool:
        """Add the names of a batch; false when the page is full before its end."""
        used = sum(len(name) for name in page.names)
        for raw in batch:
            mark = hashlib.sha256(raw).hexdigest()[:12]
            if mark in given:
                continue
            name = self._name(raw)
            if name is not None and name not in page.names:
                if len(page.names) >= limit or used > PAGE_BYTES:
                    page.truncated_by = "rows" if len(page.names) >= limit else "bytes"
                    return False
                page.names.append(name)
                used += len(raw)
            page.left_out += name is None
            given.add(mark)
        return True

    def _name(self, raw: bytes) -> str | None:
        """Filter again: a key ACL does not hide names from SCAN, so MATCH is not enough."""
        if len(raw) > MAX_NAME_BYTES:
            return None
        try:
            name = raw.decode("utf-8")
        except UnicodeDecodeError:
            return None
        return name if name.startswith(self._prefix) else None


def shown(raw: bytes) -> dict[str, Any]:
    """Return bytes as text where they are text, else as base64; of a cut one also its size."""
    if isinstance(raw, Cut):
        return {**encoded(whole_characters(raw)), "bytes": raw.total, "cut": True}
    return dict(encoded(raw))


def named(raw: bytes) -> dict[str, Any]:
    """Return the name of a field; one that is no text is marked as base64, and a cut one as cut."""
    view = shown(raw)
    name: dict[str, Any] = {"field": view["value"]}
    if view["encoding"] != "utf-8":
        name["field_encoding"] = view["encoding"]
    return name | ({"field_bytes": raw.total} if isinstance(raw, Cut) else {})
