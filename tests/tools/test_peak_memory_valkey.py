"""No value of Valkey makes a tool take more memory than one call may.

In: a real server with values, members, fields and names of up to 100 MB.
Out: proof that the peak grows by at most 64 MiB, and that what is large hides nothing else.
Must not know: how replies are read.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, cast

import pytest

from peak_memory import MAX_GROWTH, Measured, measured
from servers.valkey_server import ValkeyServer, granted_users, link, running_valkey

HUGE = 100 * 1000 * 1000
MANY = 10_000
PLACE = 8
NODE_BYTES = 5000

READ: dict[str, tuple[str, dict[str, Any]]] = {
    "string": ("valkey_get", {"key": "app:string", "max_bytes": 65536}),
    "end of a string": ("valkey_get", {"key": "app:string", "offset": HUGE - 10}),
    "fields": ("valkey_hgetall", {"key": "app:hash", "limit": 500}),
    "list": ("valkey_collection", {"key": "app:list"}),
    "set": ("valkey_collection", {"key": "app:set"}),
    "zset": ("valkey_collection", {"key": "app:zset"}),
    "stream": ("valkey_collection", {"key": "app:stream"}),
    "wide entry": ("valkey_collection", {"key": "app:wide"}),
    "names": ("valkey_scan_keys", {"prefix": "app:", "limit": 500}),
    "memory": ("valkey_memory_report", {"prefix": "app:"}),
}


def fill(server: ValkeyServer) -> None:
    """Hold one collection of each kind with one huge item among small ones."""
    admin = cast("Any", server.admin)
    huge = b"x" * HUGE
    small = [f"m{number}" for number in range(MANY)]
    admin.flushall()
    admin.setrange("app:string", HUGE - 1, "x")
    admin.hset("app:hash", mapping={"small": "1", "value": huge, huge: "name"})
    # The server estimates a collection by its first nodes: what a later one holds it does not tell.
    nodes = ["y" * NODE_BYTES] * PLACE
    admin.rpush("app:list", *nodes, huge, *small)
    admin.sadd("app:set", huge, *small[:20])
    admin.zadd("app:zset", {**dict.fromkeys(small[:PLACE], 1), huge: 2, "last": 3})
    for node in nodes:
        admin.xadd("app:stream", {"n": node})
    admin.xadd("app:stream", {"value": huge, huge: "name"})
    admin.xadd("app:stream", {"kind": "last"})
    admin.xadd("app:wide", {f"f{number}": "v" for number in range(100_000)})
    admin.set(b"app:" + huge, "a name")


@pytest.fixture(scope="module")
def taken(tmp_path_factory: pytest.TempPathFactory) -> Generator[dict[str, Measured]]:
    """Make all calls in one process; the first one is of no account."""
    users = granted_users(["app:", "cache:"])
    with running_valkey(tmp_path_factory.mktemp("valkey"), users) as server:
        fill(server)
        lines = measured(
            "stacktic_mcp.tools.valkey.valkey_tools",
            link(server),
            [("valkey_dbsize", {}), *READ.values()],
        )
        yield dict(zip(READ, lines[1:], strict=True))


@pytest.mark.parametrize("name", READ)
def test_the_peak_stays_low(taken: dict[str, Measured], name: str) -> None:
    print(f"{name}: {taken[name]}")
    assert taken[name].growth <= MAX_GROWTH


def data(line: Measured) -> Any:
    assert line.answer is not None, line.refusal
    return line.answer["data"]


def test_what_is_large_hides_nothing_else(taken: dict[str, Measured]) -> None:
    assert data(taken["string"])["total_bytes"] == HUGE
    fields = {row["field"][:10]: row for row in data(taken["fields"])["fields"]}
    assert fields["small"]["value"] == "1"
    assert fields["value"] == {"field": "value", "bytes": HUGE}
    assert (fields["x" * 10]["field_bytes"], fields["x" * 10]["bytes"]) == (HUGE, None)
    for kind in ("list", "zset"):
        items = data(taken[kind])["items"]
        assert len(items) > PLACE
        assert (items[PLACE]["bytes"], items[PLACE]["cut"]) == (HUGE, True)
        assert items[PLACE]["value"].startswith("xxx")
    value, name = data(taken["stream"])["items"][PLACE]["fields"]
    assert (value["field"], value["bytes"], name["field_bytes"]) == ("value", HUGE, HUGE)
    names = data(taken["names"])
    assert names["names_left_out"] == 1
    assert "app:list" in names["keys"]


@pytest.mark.parametrize("name", ["set", "wide entry"])
def test_what_cannot_be_read_is_refused_in_words(taken: dict[str, Measured], name: str) -> None:
    """The server may foresee these; then they are refused before anything is sent."""
    line = taken[name]
    assert line.answer is not None or '"E_LIMIT"' in (line.refusal or "")
