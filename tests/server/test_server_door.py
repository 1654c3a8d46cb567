"""The door of the generated server: keys, sessions, browsers, sizes and rates.

In: HTTP requests as a stranger, a key's owner or a browser's page would send them.
Out: statuses; what was refused leaves no trace at the backend.
Must not know: tools, beyond their list.
"""

from __future__ import annotations

import http.client
import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from mcp_client import JSON, bearer, message, open_session, request
from pods import Running, api_key
from servers.stub import Stub

pytest_plugins = ["server_fixtures"]

MIB = 1024 * 1024
PATHS = [
    "/",
    "/mcp",
    "/mcp/",
    "/health/",
    "/HEALTH",
    "/health/../mcp",
    "//health",
    "/metrics",
    "/sse",
]
LIST_COMPONENTS = message("tools/call", name="list_components", arguments={})


@pytest.mark.parametrize("path", PATHS)
def test_every_path_but_health_wants_a_known_key(example_server: Running, path: str) -> None:
    strangers: list[dict[str, str]] = [
        {},
        {"authorization": "Bearer wrong"},
        {"authorization": "Bearer "},
        {"authorization": f"Basic {api_key(0)}"},
        {"authorization": api_key(0)},
        {"authorization": f"Bearer {api_key(0)}x"},
        {"x-api-key": api_key(0)},
        {"cookie": f"authorization=Bearer {api_key(0)}"},
    ]
    for headers in strangers:
        for method in ("POST", "GET", "DELETE", "OPTIONS", "HEAD"):
            body = LIST_COMPONENTS if method == "POST" else None
            reply = request(example_server, method, path, body=body, headers={**JSON, **headers})
            assert reply.status == 401
            assert reply.headers["www-authenticate"] == "Bearer"
            assert "jsonrpc" not in reply.text


def test_a_key_in_the_address_is_not_a_key(example_server: Running) -> None:
    path = f"/mcp?authorization=Bearer%20{api_key(0)}&api_key={api_key(0)}"
    assert request(example_server, "POST", path, body=LIST_COMPONENTS, headers=JSON).status == 401


def test_health_is_open_and_tells_nothing(example_server: Running) -> None:
    reply = request(example_server, "GET", "/health")
    assert (reply.status, json.loads(reply.text)) == (200, {"status": "ok"})
    assert request(example_server, "POST", "/health", body=b"{}").status == 401


def test_a_refused_call_does_not_reach_the_backend(
    example_server: Running, agent: Stub, key: int
) -> None:
    session = {"mcp-session-id": open_session(example_server, key)}
    before = len(agent.requests)
    for headers in ({}, {"authorization": "Bearer wrong"}):
        sent = {**JSON, **session, **headers}
        assert request(example_server, "POST", body=LIST_COMPONENTS, headers=sent).status == 401
    assert len(agent.requests) == before
    sent = {**JSON, **session, **bearer(key)}
    assert request(example_server, "POST", body=LIST_COMPONENTS, headers=sent).status == 200
    assert len(agent.requests) == before + 1


@pytest.mark.parametrize("method", ["POST", "GET", "DELETE"])
def test_a_session_serves_only_the_key_that_opened_it(
    example_server: Running, agent: Stub, key: int, method: str
) -> None:
    session = {"mcp-session-id": open_session(example_server, key)}
    before = len(agent.requests)
    other = {**JSON, **session, **bearer(key + 1)}
    body = LIST_COMPONENTS if method == "POST" else None
    assert request(example_server, method, body=body, headers=other).status == 404
    assert len(agent.requests) == before
    own = {**JSON, **session, **bearer(key)}
    assert request(example_server, "POST", body=LIST_COMPONENTS, headers=own).status == 200


def test_a_page_in_a_browser_is_refused_even_with_a_key(
    example_server: Running, agent: Stub, key: int
) -> None:
    session = open_session(example_server, key)
    before = len(agent.requests)
    sent = {**JSON, **bearer(key), "mcp-session-id": session}
    for origin in ("https://evil.example", "null", "http://127.0.0.1.evil.example"):
        headers = {**sent, "origin": origin}
        assert request(example_server, "POST", body=LIST_COMPONENTS, headers=headers).status == 403
    rebound = {**sent, "host": "evil.example"}
    assert request(example_server, "POST", body=LIST_COMPONENTS, headers=rebound).status == 421
    assert len(agent.requests) == before


def test_a_body_over_one_mebibyte_is_refused(example_server: Running, key: int) -> None:
    session = open_session(example_server, key)
    sent = {**JSON, **bearer(key), "mcp-session-id": session}
    small, large = (padded(size) for size in (MIB, MIB + 1))
    assert request(example_server, "POST", body=large, headers=sent).status == 413
    assert request(example_server, "POST", body=small, headers=sent).status == 200


def padded(size: int) -> bytes:
    """Return a good request of exactly this many bytes."""
    body = message("ping")
    return body + b" " * (size - len(body))


def test_a_key_has_a_burst_then_its_rate_and_slows_no_other(
    example_server: Running, key: int
) -> None:
    sent = {**JSON, **bearer(key), "mcp-session-id": open_session(example_server, key)}
    started = time.monotonic()
    with ThreadPoolExecutor(1) as pool:
        flood = pool.submit(pings, example_server, sent, 40)
        other = {**JSON, **bearer(key + 1)}
        assert request(example_server, "POST", body=message("ping"), headers=other).status != 429
        assert not flood.done()
        # Whoever comes too early waits, and is served.
        assert set(flood.result()) == {200}
    # The session took one token of the burst; with two pods a key has half of everything in each.
    assert time.monotonic() - started >= (40 - 19) / 10 - 0.2


def pings(server: Running, headers: dict[str, str], count: int) -> list[int]:
    """Send pings as fast as one connection can."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    statuses: list[int] = []
    for _ in range(count):
        connection.request("POST", "/mcp", body=message("ping"), headers=headers)
        response = connection.getresponse()
        response.read()
        statuses.append(response.status)
    connection.close()
    return statuses
