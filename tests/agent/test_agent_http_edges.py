"""The HTTP surface at its edges: keys, paths, methods, bodies.

In: the shared agent.
Out: statuses and error bodies.
Must not know: what a query means.
"""

from __future__ import annotations

import json
import socket
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from agent_process import Agent, digest, running_agent
from world import World

pytest_plugins = ["agent_fixtures"]

BODY_LIMIT = 64 * 1024
WITH_KEY = [
    ("POST", "/metadata/q"),
    ("GET", "/metadata/structure"),
    ("GET", "/metadata/fields/kafka"),
    ("GET", "/metadata/fields/nothing"),
]


def error(acting: Agent, content: bytes, status: int = 422) -> dict[str, Any]:
    """Send a body that is refused and return the error."""
    reply = acting.send("POST", "/metadata/q", content)
    assert reply.status_code == status, reply.text
    return reply.json()["error"]


def wrong_keys(acting: Agent) -> list[dict[str, str]]:
    """Return headers that present no key of this agent."""
    key = acting.setup.key
    values = ["", "Bearer", key, f"Basic {key}", f"Bearer {key}x", f"Bearer {key[:-1]}"]
    values += [f"Bearer {digest(key)}", f"Bearer {key} {key}", f"Bearer {key},{key}"]
    found = [{"authorization": value} for value in values]
    return [{}, {"x-api-key": key}, {"cookie": f"authorization=Bearer {key}"}, *found]


@pytest.mark.parametrize(("method", "path"), WITH_KEY)
def test_without_a_known_key_nothing_is_said(acting: Agent, method: str, path: str) -> None:
    bodies: set[str] = set()
    for headers in wrong_keys(acting):
        reply = acting.send(method, path, b'{"source": "all"}', headers)
        assert (reply.status_code, reply.headers["www-authenticate"]) == (401, "Bearer"), headers
        assert reply.json()["error"]["code"] == "E_AUTH"
        bodies.add(reply.text)
    assert len(bodies) == 1, "the reply tells keys apart"


def raw(acting: Agent, head: str, body: bytes = b"") -> bytes:
    """Send bytes on a connection of their own, and return all that comes until it is closed."""
    with socket.create_connection(("127.0.0.1", acting.port), timeout=120) as connection:
        connection.sendall(head.replace("\n", "\r\n").encode() + body)
        with connection.makefile("rb") as reply:
            return reply.read()


@pytest.mark.parametrize(
    "second", ["Bearer {key}", "Bearer another-key-than-the-first", "Basic eA==", ""]
)
def test_two_headers_with_keys_are_nobody(acting: Agent, second: str) -> None:
    headers = [acting.headers()["authorization"], second.format(key=acting.setup.key)]
    for one, two in (headers, headers[::-1]):
        head = "GET /metadata/structure HTTP/1.1\nhost: x\nconnection: close\n"
        head += f"authorization: {one}\nauthorization: {two}\n\n"
        assert raw(acting, head).startswith(b"HTTP/1.1 401 "), (one[:8], two[:8])


SMUGGLED = b"GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n"


@pytest.mark.parametrize("length", [0, 5, 6, 5 + len(SMUGGLED), 99999])
@pytest.mark.parametrize("is_first", [True, False])
def test_a_body_of_two_lengths_is_the_last_of_its_connection(
    acting: Agent, length: int, is_first: bool
) -> None:
    """Whatever follows could be a request for one reader and a body for another."""
    lengths = [f"content-length: {length}\n", "transfer-encoding: chunked\n"]
    head = "POST /metadata/q HTTP/1.1\nhost: x\n" + "".join(lengths if is_first else lengths[::-1])
    reply = raw(acting, f"{head}\n", b"0\r\n\r\n" + SMUGGLED)
    assert reply.count(b"HTTP/1.1 ") == 1
    assert b"openmetrics" not in reply


@pytest.mark.parametrize(
    "lengths",
    [
        *("content-length: 5\ncontent-length: 6\n", "content-length: 5, 6\n"),
        *("content-length: +5\n", "content-length: 0x5\n", "content-length: -1\n"),
        *("transfer-encoding: chunked, identity\n", "transfer-encoding: xchunked\n"),
        "transfer-encoding: identity\n",
    ],
)
def test_a_body_of_no_clear_length_is_refused(acting: Agent, lengths: str) -> None:
    head = f"POST /metadata/q HTTP/1.1\nhost: x\n{lengths}\n"
    reply = raw(acting, head, b"0\r\n\r\n" + SMUGGLED)
    assert reply.startswith(b"HTTP/1.1 400 ")
    assert reply.count(b"HTTP/1.1 ") == 1


def test_a_key_in_the_query_string_is_no_key(acting: Agent) -> None:
    reply = acting.send("GET", f"/metadata/structure?key={acting.setup.key}", headers={})
    assert reply.status_code == 401
    assert acting.setup.key not in acting.log()


def test_health_and_metrics_need_no_key(acting: Agent) -> None:
    health = acting.send("GET", "/health", headers={})
    assert (health.status_code, health.json()) == (200, {"status": "ok"})
    assert acting.send("GET", "/metrics", headers={}).status_code == 200


def test_every_address_is_that_of_both_families(acting_world: World, tmp_path: Path) -> None:
    """Probes come by what a cluster has; the deployment and the image listen as this test does."""
    setup = replace(acting_world, folder=tmp_path / "own").setup()
    with running_agent(setup, listen="[::]:0") as agent:
        assert agent.send("GET", "/health", headers={}).status_code == 200
        if not socket.has_dualstack_ipv6():
            return
        with httpx.Client(trust_env=False, timeout=120) as client:
            assert client.get(f"http://[::1]:{agent.port}/health").status_code == 200


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/"), ("GET", "/nope"), ("PUT", "/metadata/q")]
)
def test_without_a_key_paths_and_methods_are_not_told_apart(
    acting: Agent, method: str, path: str
) -> None:
    assert acting.send(method, path, headers={}).status_code == 401


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/nope",
        "/metadata",
        "/metadata/q/",
        "/metadata/fields/",
        "/metadata/fields/a/b",
        "//health",
    ],
)
def test_an_unknown_path(acting: Agent, path: str) -> None:
    reply = acting.send("GET", path)
    assert reply.status_code == 404
    assert reply.json()["error"]["code"].startswith("E_")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/metadata/q", "POST"),
        ("DELETE", "/metadata/q", "POST"),
        ("POST", "/metadata/structure", "GET,HEAD"),
        ("POST", "/metadata/fields/kafka", "GET,HEAD"),
        ("POST", "/health", "GET,HEAD"),
        ("PUT", "/metrics", "GET,HEAD"),
    ],
)
def test_a_wrong_method(acting: Agent, method: str, path: str, allowed: str) -> None:
    reply = acting.send(method, path)
    assert (reply.status_code, reply.headers["allow"]) == (405, allowed)
    assert reply.json()["error"]["code"].startswith("E_")


@pytest.mark.parametrize("name", ["nothing", "%00", "%ff", "%E2%80%AE", "a%2Fb", "..", "x" * 5000])
def test_a_component_that_is_not_there_is_told_in_the_error_shape(acting: Agent, name: str) -> None:
    request = f"GET /metadata/fields/{name} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n"
    request += f"authorization: {acting.headers()['authorization']}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", acting.port), timeout=10) as connection:
        connection.sendall(request.encode())
        with connection.makefile("rb") as reply:
            head, _, body = reply.read().partition(b"\r\n\r\n")
    assert head.split()[1].startswith(b"4")
    refused = json.loads(body)["error"]
    assert refused["code"].startswith("E_")
    assert refused["message"].isprintable()
    assert len(body) < 2000


def test_the_body_has_a_largest_size(acting: Agent) -> None:
    question = b'{"source": "kafka"}'
    most = question + b" " * (BODY_LIMIT - len(question))
    assert acting.send("POST", "/metadata/q", most).status_code == 200
    assert error(acting, most + b" ", 413)["code"] == "E_LIMIT"
    assert error(acting, b"x" * (4 * BODY_LIMIT), 413)["code"] == "E_LIMIT"


def test_a_body_without_a_length_is_counted_too(acting: Agent) -> None:
    head = "POST /metadata/q HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n"
    head += f"authorization: {acting.headers()['authorization']}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", acting.port), timeout=10) as connection:
        connection.sendall(head.encode())
        for _ in range(5):
            connection.sendall(b"4000\r\n" + b" " * 0x4000 + b"\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 413 ")


def test_a_key_of_the_body_that_is_not_known(acting: Agent) -> None:
    refused = error(acting, b'{"source": "all", "tarqet": "component"}')
    assert (refused["code"], refused["token"], refused["nearest"]) == (
        "E_FIELD",
        "tarqet",
        "target",
    )
    assert "nearest" not in error(acting, b'{"source": "all", "zzzzzzzz": 1}')


@pytest.mark.parametrize(
    "body",
    [
        b'{"source": "all", "source": "kafka"}',
        b'{"source": "all", "limit": 1, "limit": 2}',
        b'{"source": "all", "dry_run": true, "command": "nc -z {host} {port}", "dry_run": false}',
        b'{"source": "all", "where": {"name": "kafka", "name": "cnpg"}}',
        b'{"source": "all", "where": {"name": "kafka"}, "where": {}}',
        b'{"source": "all", "so\\u0075rce": "kafka"}',
        b'{"source": "all", "where": {"name": "kafka", "n\\u0061me": "cnpg"}}',
        b'{"source": "all", "command": "nc -z {host} {port}", "command": null}',
    ],
)
def test_a_key_that_stands_twice(acting: Agent, body: bytes) -> None:
    assert error(acting, body)["code"] == "E_PARSE"


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"null", b"[]", b'"all"', b"{", b"{}", b'{"source": 1}', b"\xff{}", b"[" * 60_000),
        *(b'{"source": "all"} x', b'{"source": "all", "limit": 1.5}'),
        *(
            b'{"source": "all", "dry_run": "yes"}',
            b'{"source": "all", "where": {"a": ' + b"[" * 30_000,
        ),
    ],
)
def test_a_body_that_is_no_query(acting: Agent, body: bytes) -> None:
    refused = error(acting, body)
    assert refused["code"] == "E_PARSE"
    assert len(refused["message"]) < 400


def test_a_refusal_names_the_place(acting: Agent) -> None:
    refused = acting.refused("kafka", command="kubectl get pods -n {namespace} ; rm")
    assert (refused["code"], refused["position"], refused["token"]) == ("E_PARSE", 32, ";")


def test_replies_are_not_kept_by_caches(acting: Agent) -> None:
    for reply in (acting.post({"source": "all"}), acting.send("GET", "/metadata/structure")):
        assert reply.headers["cache-control"] == "no-store"
        assert reply.headers["content-type"] == "application/json"
