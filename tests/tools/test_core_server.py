"""The running server: keys, sessions, caps, the audit log, and curl as the product page has it."""

from __future__ import annotations

import hashlib
import http.client
import json
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from fastmcp import Client
from fastmcp.client.auth import BearerAuth

from core_client import PROTOCOL, Session, post, request
from core_server import KEY, OTHER_KEY, Running, make_pod, running

KNOWN = {"authorization": f"Bearer {KEY}"}
LIST = {"method": "tools/list"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    pod = make_pod(tmp_path_factory.mktemp("server") / "pod")
    pod.environ["MCP_SAMPLE_WRITE_ACCESS"] = "true"
    with running(pod) as started:
        yield started


@pytest.fixture(autouse=True)
def rested(server: Running) -> None:
    """Let the rate of the test before drain, so that no test sees another's calls."""
    time.sleep(0.3)


def audit_lines(server: Running, before: int, count: int) -> list[dict[str, Any]]:
    """Return the lines after the first `before`, once so many are there."""
    deadline = time.monotonic() + 5
    while len(server.audit()) < before + count and time.monotonic() < deadline:
        time.sleep(0.02)
    return server.audit()[before:]


def curl(*arguments: str) -> str:
    program = shutil.which("curl")
    assert program is not None
    ended = subprocess.run(
        [program, "--silent", "--max-time", "30", *arguments],
        capture_output=True,
        text=True,
        check=True,
    )
    return ended.stdout


def test_both_curl_commands_of_the_product_page_work(server: Running) -> None:
    opened = curl(
        "--include", "-X", "POST", server.url,
        "-H", "Content-Type: application/json",
        "-H", f"Authorization: Bearer {KEY}",
        "-d",
        '{"jsonrpc":"2.0","id":1,"method":"initialize",\n'
        '"params":{"protocolVersion":"2025-03-26",\n'
        '"clientInfo":{"name":"my-ai","version":"1.0"}}}',
    )  # fmt: skip
    found = re.search(r"(?im)^mcp-session-id: (\S+)", opened)
    assert found is not None
    result = json.loads(opened.split("\n\n", 1)[1])["result"]
    assert result["protocolVersion"] == "2025-03-26"
    assert {"tools", "prompts", "resources"} <= set(result["capabilities"])
    called = curl(
        "-X", "POST", server.url,
        "-H", f"Mcp-Session-Id: {found[1]}",
        "-H", f"Authorization: Bearer {KEY}",
        "-d",
        '{"jsonrpc":"2.0","id":2,"method":"tools/call",\n'
        '"params":{"name":"sample_list","arguments":{"database":"app_db"}}}',
    )  # fmt: skip
    result = json.loads(called)["result"]
    assert result["structuredContent"]["returned"] == 60
    assert "\n" not in result["content"][0]["text"]
    assert json.loads(result["content"][0]["text"]) == result["structuredContent"]


@pytest.mark.parametrize("origin", [None, "http://evil.example"])
def test_what_curl_is_allowed_needs_a_key_and_no_origin(
    server: Running, origin: str | None
) -> None:
    session = Session.opened(server)
    body = b'{"jsonrpc":"2.0","id":2,"method":"tools/list"}'
    form = {"content-type": "application/x-www-form-urlencoded", "accept": "*/*"}
    headers = {**form, "mcp-session-id": session.id}
    if origin is None:
        assert request(server, "POST", "/mcp", body=body, headers=headers).status == 401
        return
    local = f"http://127.0.0.1:{server.port}"
    for sent in (origin, local):
        given = {**headers, **KNOWN, "origin": sent}
        assert request(server, "POST", "/mcp", body=body, headers=given).status in {400, 403, 415}
    # The same browser page may speak proper JSON.
    proper = {"origin": local, "mcp-session-id": session.id}
    assert post(server, LIST, headers=proper).status == 200
    bare = {"protocolVersion": PROTOCOL, "clientInfo": {"name": "page", "version": "1"}}
    start: dict[str, Any] = {"method": "initialize", "params": bare}
    assert "result" in post(server, start).json
    assert "result" not in post(server, start, headers={"origin": local}).json


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/mcp"),
        ("GET", "/mcp"),
        ("DELETE", "/mcp"),
        ("OPTIONS", "/mcp"),
        ("GET", "/"),
        ("GET", "/metrics"),
        ("POST", "/health"),
        ("GET", "/health/"),
        ("GET", "/health/../mcp"),
        ("GET", "/HEALTH"),
    ],
)
def test_every_path_but_health_needs_a_key(server: Running, method: str, path: str) -> None:
    for headers in ({}, {"authorization": "Bearer wrong"}, {"authorization": f"Basic {KEY}"}):
        reply = request(server, method, path, headers=headers)
        assert reply.status == 401
        assert reply.headers["www-authenticate"] == "Bearer"
        assert reply.json["error"]["code"] == "E_AUTH"


def test_health_needs_no_key_and_tells_nothing(server: Running) -> None:
    reply = request(server, "GET", "/health", headers={"host": "10.1.2.3:8000"})
    assert (reply.status, reply.json) == (200, {"status": "ok"})
    assert "server" not in reply.headers


def test_a_session_belongs_to_the_key_that_opened_it(server: Running) -> None:
    session = Session.opened(server)
    assert session.send("tools/list").status == 200
    assert session.send("tools/list", key=OTHER_KEY).status == 404
    stolen = {"authorization": f"Bearer {OTHER_KEY}", "mcp-session-id": session.id}
    assert request(server, "DELETE", "/mcp", headers=stolen).status == 404
    events = {**stolen, "accept": "text/event-stream"}
    assert request(server, "GET", "/mcp", headers=events).status == 404
    assert session.send("tools/list").status == 200


def test_a_cursor_belongs_to_the_key_that_got_it(server: Running) -> None:
    call: dict[str, Any] = {"database": "app_db", "size": 1500}
    call["cursor"] = Session.opened(server).call("sample_list", call)["next_cursor"]
    assert Session.opened(server, OTHER_KEY).call("sample_list", call)["code"] == "E_ARG"
    assert Session.opened(server).call("sample_list", call)["data"][0]["n"] > 0


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"host": "evil.example"}, 421),
        ({"host": "169.254.169.254"}, 421),
        ({"host": "fastmcp.mcp.svc.cluster.local:8000"}, 200),
        ({"host": "fastmcp.stack-3.source-lab.io"}, 200),
        ({"host": "stack-3.source-lab.io.evil.example"}, 421),
    ],
)
def test_host_and_origin_are_checked(server: Running, headers: dict[str, str], status: int) -> None:
    session = Session.opened(server)
    session.headers = headers
    assert session.send("tools/list").status == status


def test_server_messages_come_as_an_event_stream(server: Running) -> None:
    session = Session.opened(server)
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
    headers = {**KNOWN, "accept": "text/event-stream", "mcp-session-id": session.id}
    connection.request("GET", "/mcp", headers=headers)
    response = connection.getresponse()
    assert response.status == 200
    assert response.getheader("content-type") == "text/event-stream"
    connection.close()


def test_a_large_body_is_refused_with_and_without_a_length(server: Running) -> None:
    large = b"x" * (1024 * 1024 + 1)
    assert request(server, "POST", "/mcp", body=large, headers=KNOWN).status == 413
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as raw:
        head = f"POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {KEY}\r\n"
        raw.sendall(head.encode() + b"Transfer-Encoding: chunked\r\n\r\n")
        chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
        try:
            for _ in range(17):
                raw.sendall(chunk)
        except ConnectionError:
            pass
        assert raw.recv(4096).startswith(b"HTTP/1.1 413")


def test_a_key_is_slowed_after_its_burst_and_another_is_not(server: Running) -> None:
    time.sleep(2.1)
    session = Session.opened(server)
    started = time.monotonic()
    with ThreadPoolExecutor(3) as pool:
        replies = pool.map(session.send, ["ping"] * 45)
        other = Session.opened(server, OTHER_KEY)
        assert other.send("ping").status == 200
        assert time.monotonic() - started < 1.5
        assert {reply.status for reply in replies} == {200}
    # The session took one of the twenty; ten a second come back.
    assert time.monotonic() - started >= (45 - 19) / 10 - 0.1


def test_a_tool_that_no_link_gives_is_out_of_scope(server: Running) -> None:
    refused = Session.opened(server).call("sample_lst", {"x": 1})
    assert refused["code"] == "E_SCOPE"
    assert "sample_list" in refused["allowed_values"]


def test_every_call_leaves_one_line_and_the_lines_hold_together(server: Running) -> None:
    session = Session.opened(server)
    before = len(server.audit())
    session.call("sample_list", {"database": "app_db", "schema": "private"})
    session.call("sample_list", {"database": "private"})
    session.call("not_a_tool", {"text": "private"})
    session.send("tools/list")
    session.send("no/such/method")
    request(server, "POST", "/mcp", body=b"{", headers=KNOWN)
    request(server, "GET", "/private", headers={"authorization": "Bearer private"})
    lines = audit_lines(server, before, 7)
    assert [(line["method"], line["tool"], line["decision"], line["code"]) for line in lines] == [
        ("tools/call", "sample_list", "allowed", None),
        ("tools/call", "sample_list", "denied", "E_SCOPE"),
        ("tools/call", "not_a_tool", "denied", "E_SCOPE"),
        ("tools/list", "", "allowed", None),
        ("no/such/method", "", "failed", "E_UNAVAILABLE"),
        ("POST /mcp", "", "denied", "HTTP_400"),
        ("GET /private", "", "denied", "HTTP_401"),
    ]
    first = lines[0]
    assert (first["key"], first["session"], first["link"]) == ("first", session.id, "sample")
    assert first["arguments"] == {"database": "app_db", "schema": "[text of 7]"}
    canonical = b'{"database":"app_db","schema":"private"}'
    assert first["arguments_sha256"] == hashlib.sha256(canonical).hexdigest()
    assert first["bytes"] > 1000
    raw = (server.root / "stdout").read_bytes()
    previous = "0" * 64
    for line in raw.splitlines():
        assert json.loads(line)["previous"] == previous
        previous = hashlib.sha256(line).hexdigest()
    assert KEY.encode() not in raw
    assert b"pw-of-the-sample" not in raw


def test_a_caller_that_hangs_up_ends_the_work(server: Running) -> None:
    session = Session.opened(server)
    message = {"jsonrpc": "2.0", "id": 9, "method": "tools/call"}
    params = {"name": "sample_wait", "arguments": {"seconds": 0.15}}
    body = json.dumps({**message, "params": params}).encode()
    before = len(server.audit())
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as raw:
        head = (
            f"POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {KEY}\r\n"
            f"Mcp-Session-Id: {session.id}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        raw.sendall(head.encode() + body)
        time.sleep(0.05)
    (line,) = audit_lines(server, before, 1)
    # Had nobody noticed, the call would have ended well after 150 ms.
    assert (line["tool"], line["decision"], line["code"]) == ("sample_wait", "failed", "E_TIMEOUT")


def test_no_secret_is_in_the_process_list_or_environment(server: Running) -> None:
    proc = Path(f"/proc/{server.process.pid}")
    for name in ("cmdline", "environ"):
        content = (proc / name).read_bytes()
        assert b"pw-of-the-sample" not in content
        assert hashlib.sha256(KEY.encode()).hexdigest().encode() not in content


@pytest.mark.anyio
@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_an_ordinary_client_works_on_old_and_new_protocols(
    server: Running, mode: str
) -> None:
    async with Client(server.url, auth=BearerAuth(KEY), mode=mode) as client:
        names = {tool.name for tool in await client.list_tools()}
        assert "sample_delete" in names
        result = await client.call_tool("sample_list", {"database": "app_db"})
        assert result.structured_content is not None
        assert result.structured_content["returned"] == 60
        refused = await client.call_tool("sample_list", {"database": "x"}, raise_on_error=False)
        assert refused.is_error
