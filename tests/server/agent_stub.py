"""The Stack Agent in small: its query API over the metadata that was generated for it.

In: `stack-metadata.json`.
Out: `POST /metadata/q`, `GET /metadata/structure`, `GET /metadata/fields/{component}`.
Must not know: MCP. It runs no check, and knows of `where` only equality.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from servers.stub import Reply, Request, Stub, serving

AGENT_KEY = "canary-of-the-agent-key"
FIELDS = {
    "source", "target", "select", "where", "command", "verify_delay", "on_success", "on_failure",
    "severity", "description", "timeout", "dry_run", "limit", "cursor",
}  # fmt: skip
SHOWN = ("name", "type", "namespace", "group")


@contextmanager
def serving_agent(metadata: Mapping[str, Any]) -> Generator[Stub]:
    """Serve the metadata until the block ends."""

    def answer(request: Request) -> Reply:
        if request.headers.get("authorization") != f"Bearer {AGENT_KEY}":
            return Reply(401, {"error": {"code": "E_AUTH", "message": "unknown key"}})
        return _routed(metadata, request)

    with serving(answer) as stub:
        yield stub


def _routed(metadata: Mapping[str, Any], request: Request) -> Reply:
    if (request.method, request.path) == ("POST", ("metadata", "q")):
        return _query(metadata, request.body)
    if (request.method, request.path) == ("GET", ("metadata", "structure")):
        rows = [_row(item) for item in metadata["components"]]
        return Reply(200, {"components": rows, "links": metadata["links"]})
    if request.method == "GET" and request.path[:2] == ("metadata", "fields"):
        return Reply(200, {"component": request.path[2], "fields": ["host", "namespace", "port"]})
    return Reply(404, {"error": {"code": "E_FIELD", "message": "no such path"}})


def _query(metadata: Mapping[str, Any], body: Mapping[str, Any]) -> Reply:
    unknown = sorted(body.keys() - FIELDS)
    if unknown:
        return Reply(422, {"error": {"code": "E_FIELD", "message": f"unknown {unknown}"}})
    components = _selected(metadata["components"], body["source"])
    rows = [_row(item) for item in components]
    if body["target"] == "attributes":
        rows = [{"name": name} for item in components for name in item["attributes"]]
    elif body["target"] != "component":
        rows = _links(metadata["links"], {item["name"] for item in components}, body["target"])
    wanted = body.get("where", {}).items()
    rows = [row for row in rows if all(row.get(name) == value for name, value in wanted)]
    # A check is not run, but takes the time that it was told to wait.
    time.sleep(body.get("verify_delay", 0))
    begin = int(body.get("cursor", "0"))
    end = begin + body.get("limit", 100)
    cursor = str(end) if end < len(rows) else None
    return Reply(200, {"results": rows[begin:end], "next_cursor": cursor})


def _selected(components: Sequence[dict[str, Any]], source: str) -> list[dict[str, Any]]:
    kind, colon, value = source.partition(":")
    if source == "all":
        return list(components)
    wanted = (kind, value) if colon else ("name", source)
    return [item for item in components if item[wanted[0]] == wanted[1]]


def _row(component: Mapping[str, Any]) -> dict[str, Any]:
    return {name: component[name] for name in SHOWN}


def _links(links: Sequence[dict[str, Any]], names: set[str], target: str) -> list[dict[str, Any]]:
    near, far = ("from", "to") if target == "links_to" else ("to", "from")
    return [{"link": link["type"], "component": link[far]} for link in links if link[near] in names]
