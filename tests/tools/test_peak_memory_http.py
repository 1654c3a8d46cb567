"""No answer of an HTTP backend makes a tool take more memory than one call may.

In: every read tool over HTTP, each in a process of its own; bodies that few bytes make large.
Out: proof that the peak grows by at most 64 MiB, printed as a table of all that was measured.
Must not know: what a tool shows.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

import hostile_register
from conftest import build_tools
from hostile import answers_of, link_of, places
from peak_memory import MAX_GROWTH, MIB, measured
from samples.cases import CASES, Case
from servers.hostile_server import Body, Hostile, bomb, endless, repeated, serving, whole
from stacktic_mcp.lib.decoding import MAX_WEIGHT_BYTES, weight
from stacktic_mcp.lib.http_client import MAX_RESPONSE_BYTES
from stacktic_mcp.tools.fastapi.fastapi_request import MAX_REPLY_BYTES

# One case a tool, without those that need a component of a topology.
TOOLS = {
    case.tool: case
    for case in reversed(CASES)
    if (case.kind, "component" in case.arguments) != ("stack_agent", True)
}
BY_TOOL = [pytest.param(case, id=tool) for tool, case in sorted(TOOLS.items())]
# What every tool has in common is tried with those that differ most in how they read.
FEW = [TOOLS[name] for name in ("prom_alerts", "api_call", "rabbitmq_list_queues")]

BODIES: dict[str, Callable[[], Body]] = {
    "200 MiB": lambda: repeated(b'"', b"z" * MIB, 200, b'"'),
    "endless chunks": lambda: endless(b'{"a":[' * 1000),
    "compressed bomb": bomb,
    "4 MiB of lists": lambda: repeated(b"[[]", b",[]", 1_300_000, b"]"),
    "4 MiB of objects": lambda: repeated(b"[0", b',{"a":1}', 480_000, b"]"),
    "4 MiB of names": lambda: repeated(b'{"a":0', b',"ab":1', 560_000, b"}"),
    "4 MiB of texts": lambda: repeated(b'["ab"', b',"ab"', 800_000, b"]"),
    "4 MiB deep": lambda: repeated(b"", b"[", 4_000_000, b""),
    "4 MiB in one wide text": lambda: repeated('"😀'.encode(), b"z", 4_000_000, b'"'),
    "an error of 200 MiB": lambda: Body(repeated(b'"', b"z" * MIB, 200, b'"').pieces, status=422),
}


def grown(document: Any, most_bytes: int) -> bytes:
    """Return a document whose longest list is as heavy as an answer may be."""
    lists = [place for place in places(document) if isinstance(_at(document, place), list)]
    if not lists:
        return json.dumps({**document, "more": ["z" * 100] * 25_000}).encode()
    place = max(lists, key=lambda place: len(json.dumps(_at(document, place))))
    whole_document = json.loads(json.dumps({"root": document, "page_count": 20}))
    items = cast("list[Any]", _at(whole_document["root"], place)) or ["z" * 100]
    rest = json.dumps(whole_document["root"]).encode()
    piece = json.dumps(items).encode()
    most = min(
        (most_bytes - len(rest)) // (len(piece) + 1),
        (MAX_WEIGHT_BYTES - weight(rest)) // weight(piece),
    )
    items *= max(1, most)
    if "page_count" in rest.decode():
        whole_document["root"]["page_count"] = 20
    return json.dumps(whole_document["root"], separators=(",", ":")).encode()


def with_cell(document: Any) -> bytes:
    """Return a document whose last text is as large as an answer may be."""
    start, mark, end = json.dumps(document).rpartition('": "')
    assert mark
    return f"{start}{mark}{'z' * 900_000}{end}".encode()


def _at(document: Any, place: tuple[Any, ...]) -> Any:
    for step in place:
        document = document[step]
    return document


def growth(case: Case, bad: Body, folder: Path, what: str) -> float:
    """Return by how many bytes the peak grew in a call whose answer is the bad body."""
    good = answers_of(case, case.document)

    def answer(path: str) -> bytes | None:
        try:
            return good(path)
        except KeyError:
            return None

    state = Hostile(answer, bad, 10**6, frozenset(case.beside))
    with serving(state):
        link = link_of(case.kind, port=state.port)
        tools = build_tools(folder, hostile_register.register, link)
        asyncio.run(tools.call(case.tool, case.arguments))
        # The child warms up with two good calls; what it asks for after them is answered badly.
        state.good_requests, state.seen = 2 * state.seen, 0
        call = (case.tool, case.arguments)
        last = measured("hostile_register", link, [call, call])[-1]
    assert state.seen > state.good_requests
    print(f"{what}: {last} ({state.sent / MIB:.1f} MiB sent)")
    return last.growth


@pytest.mark.parametrize("case", BY_TOOL)
def test_the_heaviest_document_of_each_tool(case: Case, tmp_path: Path) -> None:
    most = MAX_REPLY_BYTES if case.kind == "fastapi" else MAX_RESPONSE_BYTES
    body = whole(grown(case.document, most))
    assert growth(case, body, tmp_path, "many entries") <= MAX_GROWTH


@pytest.mark.parametrize("case", FEW, ids=lambda case: case.tool)
def test_one_huge_cell(case: Case, tmp_path: Path) -> None:
    assert growth(case, whole(with_cell(case.document)), tmp_path, "huge cell") <= MAX_GROWTH


@pytest.mark.parametrize("name", BODIES)
def test_bodies_that_no_client_may_read_whole(name: str, tmp_path: Path) -> None:
    """One tool stands for all: they share the client, and have no other."""
    case = TOOLS["prom_alerts"]
    assert growth(case, BODIES[name](), tmp_path, name) <= MAX_GROWTH
