"""No answer of an object store makes a tool take more memory than one call may.

In: a store that answers well at first, and then with bodies that no client may read whole.
Out: proof that the peak grows by at most 64 MiB.
Must not know: how the client is capped.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conftest import LinkFacts, build_tools
from peak_memory import MAX_GROWTH, MIB, measured
from servers.hostile_server import Body, Hostile, bomb, endless, repeated, serving, whole
from stacktic_mcp.tools.s3.s3_tools import register

ENTRY = (
    "<Contents><Key>{key}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified>"
    "<ETag>&quot;e&quot;</ETag><Size>1</Size><StorageClass>STANDARD</StorageClass></Contents>"
)
ENTITIES = "<!DOCTYPE a [" + "".join(
    f'<!ENTITY e{level + 1} "{f"&e{level};" * 10}">' for level in range(9)
).replace("&e0;", "z" * 100)


def listing(*keys: str) -> bytes:
    """Return a page of objects."""
    entries = "".join(ENTRY.format(key=key) for key in keys)
    return f"<ListBucketResult><IsTruncated>true</IsTruncated>{entries}</ListBucketResult>".encode()


GOOD = listing("a", "b")
BUCKETS = (
    b"<ListAllMyBucketsResult><Buckets><Bucket><Name>app-data</Name></Bucket></Buckets>"
    b"</ListAllMyBucketsResult>"
)
CALLS: dict[str, tuple[dict[str, Any], bytes]] = {
    "s3_list_objects": ({"bucket": "app-data", "limit": 1000}, GOOD),
    "s3_bucket_stats": ({"bucket": "app-data", "max_objects": 2}, GOOD),
    "s3_get_object": ({"bucket": "app-data", "key": "a", "length": 65536}, b"text"),
    "s3_read_text": ({"bucket": "app-data", "key": "a", "length": 65536}, b"text"),
    "s3_list_buckets": ({}, BUCKETS),
}
BODIES: dict[str, Callable[[], Body]] = {
    "200 MiB": lambda: repeated(b"<a>", b"z" * MIB, 200, b"</a>"),
    "endless chunks": lambda: endless(b"<a>z</a>" * 1000),
    "compressed bomb": bomb,
    "4 MiB of tags": lambda: repeated(b"<a>", b"<b/>", 1_000_000, b"</a>"),
    "entities": lambda: whole(f"{ENTITIES}]><a>{'&e9;' * 100}</a>".encode()),
    "1000 long keys": lambda: whole(listing(*(f"{n:04}" + "k" * 1020 for n in range(1000)))),
    "an error of 200 MiB": lambda: Body(repeated(b"<a>", b"z" * MIB, 200, b"").pieces, status=500),
}


# A listing and a body differ in how they are read; the others share their way with one of them.
TRIED = [
    *((tool, body) for tool in ("s3_list_objects", "s3_get_object") for body in BODIES),
    ("s3_read_text", "200 MiB"),
    ("s3_list_buckets", "200 MiB"),
    ("s3_bucket_stats", "1000 long keys"),
]


@pytest.mark.parametrize(("tool", "body"), TRIED)
def test_bodies_that_no_client_may_read_whole(tool: str, body: str, tmp_path: Path) -> None:
    arguments, good = CALLS[tool]
    state = Hostile(lambda _: good, BODIES[body](), 10**6)
    with serving(state):
        link = LinkFacts(
            component="seaweedfs",
            type="fastmcp-seaweedfs",
            env="MCP_S3",
            values={"HOST": "127.0.0.1", "PORT": str(state.port)},
            secrets={"ACCESS_KEY": "some-access", "SECRET_KEY": "some-secret"},
            enums={"buckets": ["app-data"]},
        )
        asyncio.run(build_tools(tmp_path, register, link).call(tool, arguments))
        state.good_requests, state.seen = 2 * state.seen, 0
        last = measured("stacktic_mcp.tools.s3.s3_tools", link, [(tool, arguments)] * 2)[-1]
    assert state.seen > state.good_requests
    print(f"{body}: {last} ({state.sent / MIB:.1f} MiB sent)")
    assert last.growth <= MAX_GROWTH
    if tool in {"s3_get_object", "s3_read_text"} and body == "200 MiB":
        assert last.answer is not None
        assert last.answer["data"]["bytes"] == 65536
