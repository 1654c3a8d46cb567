"""HTTP for tools, against a stub that answers in every wrong way."""

from __future__ import annotations

import gzip
import logging
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from conftest import PAIRS, REPOSITORY, pair_of, tool_files
from stacktic_mcp.core.settings import Settings
from stacktic_mcp.lib.http_client import MAX_ERROR_BYTES, Http, encode_segment
from stacktic_mcp.lib.links import Link
from stacktic_mcp.lib.refusal import Refusal

pytestmark = pytest.mark.anyio
SEEN: list[tuple[str, str, dict[str, str], bytes]] = []
ERROR = b'{"error":"SELECT secret_column FROM t WHERE token = tok-of-the-link"}'


BODIES: dict[str, tuple[int, bytes, dict[str, str]]] = {
    "/packed": (200, gzip.compress(b"[]"), {"content-encoding": "gzip"}),
    "/heavy": (200, b"[" + b"{}," * 400_000 + b"{}]", {}),
    "/deep": (200, b"[" * 100_000, {}),
    "/large-error": (422, b"x" * (1024 * 1024), {}),
}


INTERFACES = REPOSITORY / "link-types" / "interfaces"


class Stub(BaseHTTPRequestHandler):
    """Answers `/status/N` with N, and a few paths of its own; keeps what it was sent."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        length = int(self.headers.get("content-length", "0"))
        body = self.rfile.read(length)
        headers = {name.lower(): value for name, value in self.headers.items()}
        SEEN.append((self.command, self.path, headers, body))
        if self.path.startswith("/status/"):
            self._reply(int(self.path.rsplit("/", 1)[1]), ERROR)
        elif self.path == "/large":
            self._reply(200, b'"' + b"x" * (5 * 1024 * 1024) + b'"')
        elif self.path in BODIES:
            self._reply(*BODIES[self.path])
        elif self.path == "/redirect":
            self._reply(302, b"", {"location": "http://127.0.0.1/ok"})
        elif self.path == "/html":
            self._reply(200, b"<html>")
        elif self.path == "/empty":
            self._reply(204, b"")
        else:
            self._reply(200, b'{"ok": true}', {"set-cookie": "session=of-another-link; Path=/"})

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- as inherited
        """Stay silent."""

    def _reply(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Stub)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.server_port
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def link(tmp_path: Path, port: int) -> Link:
    SEEN.clear()
    (tmp_path / "MCP_STUB_TOKEN").write_text("tok-of-the-link", encoding="utf-8")
    environ = {"MCP_STUB_HOST": "127.0.0.1", "MCP_STUB_PORT": str(port)}
    return Link("stub", "fastmcp-stub", False, {}, {}, "MCP_STUB", Settings(environ, tmp_path))


def bearer(link: Link) -> Http:
    return Http(
        link,
        headers=lambda: {"authorization": f"Bearer {link.secret('TOKEN')}"},
        credential="TOKEN",
    )


async def refuse(http: Http, *segments: str) -> Refusal:
    with pytest.raises(Refusal) as refused:
        await http.get_json(list(segments))
    return refused.value


async def test_a_get_sends_the_credential_and_encoded_parts(link: Link) -> None:
    reply = await bearer(link).get_json(["api", "a/b?c#d%e é"], {"q": "x&y=z", "none": None})
    assert reply == {"ok": True}
    method, path, headers, _ = SEEN[0]
    assert (method, path) == ("GET", "/api/a%2Fb%3Fc%23d%25e%20%C3%A9?q=x%26y%3Dz")
    assert headers["authorization"] == "Bearer tok-of-the-link"


@pytest.mark.parametrize("segment", ["", ".", ".."])
async def test_a_segment_that_could_climb_is_refused(link: Link, segment: str) -> None:
    assert (await refuse(bearer(link), "api", segment)).code == "E_ARG"
    assert SEEN == []


@pytest.mark.parametrize("segment", ["%2e%2e", "..;", "a\\b", "\r\nX: y", "\ud800"])
async def test_any_other_segment_stays_one_segment(link: Link, segment: str) -> None:
    await bearer(link).get_json(["api", segment, "end"])
    assert SEEN[0][1].count("/") == 3
    assert encode_segment(segment) in SEEN[0][1]


@pytest.mark.parametrize(
    ("status", "code", "hint"),
    [
        (401, "E_UNAVAILABLE", "the credential MCP_STUB_TOKEN was refused"),
        (403, "E_UNAVAILABLE", "the credential MCP_STUB_TOKEN was refused"),
        (404, "E_NOT_FOUND", "stub does not know this"),
        (409, "E_CONFLICT", "stub holds another state"),
        (400, "E_ARG", "stub refused the arguments"),
        (422, "E_ARG", "stub refused the arguments"),
        (408, "E_TIMEOUT", "stub did not answer in time"),
        (504, "E_TIMEOUT", "stub did not answer in time"),
        (429, "E_UNAVAILABLE", "stub is away"),
        (500, "E_UNAVAILABLE", "stub is away"),
        (503, "E_UNAVAILABLE", "stub is away"),
    ],
)
async def test_each_status_has_its_code_and_no_text_of_the_backend(
    link: Link, caplog: pytest.LogCaptureFixture, status: int, code: str, hint: str
) -> None:
    with caplog.at_level(logging.WARNING):
        refusal = await refuse(bearer(link), "status", str(status))
    assert (refusal.code, refusal.hint) == (code, hint)
    assert "secret_column" in caplog.text
    assert "tok-of-the-link" not in caplog.text


@pytest.mark.parametrize("status", ["401", "403"])
async def test_a_link_without_a_credential_names_none(link: Link, status: str) -> None:
    refusal = await refuse(Http(link), "status", status)
    assert refusal.hint == "stub asks for a credential, and a link to it has none"


def test_credentials_that_are_named_are_keys_of_their_links() -> None:
    """A message says which key to fill in: it must be one that the link type seeds."""
    named = re.compile(r"(?:credential=|\.secret\()[\"']([^\"']+)[\"']")
    found = 0
    for link_type in PAIRS:
        pair = pair_of(link_type)
        facts = yaml.safe_load((INTERFACES / f"{pair['interface']}.yaml").read_text("utf-8"))[
            "facts"
        ]
        for module in tool_files(link_type):
            for suffix in named.findall(module.read_text("utf-8")):
                assert facts[pair["keys"][suffix]].get("secret"), (module.name, suffix)
                found += 1
    assert found > 10


async def test_a_tool_may_make_a_fact_of_an_error(link: Link) -> None:
    def fact(status: int, body: bytes) -> str | None:
        return f"status {status}, {len(body)} bytes" if status == 422 else None

    http = Http(link, error_hint=fact)
    assert (await refuse(http, "status", "422")).hint == f"status 422, {len(ERROR)} bytes"
    assert (await refuse(http, "status", "404")).hint == "stub does not know this"


async def test_a_large_answer_is_not_read_to_its_end(link: Link) -> None:
    assert (await refuse(bearer(link), "large")).code == "E_LIMIT"


async def test_an_answer_is_asked_for_plain_and_never_unpacked(link: Link) -> None:
    refusal = await refuse(bearer(link), "packed")
    assert (refusal.code, refusal.hint) == ("E_UNAVAILABLE", "stub answered compressed, unasked")
    assert SEEN[0][2]["accept-encoding"] == "identity"


async def test_few_bytes_that_become_many_values_are_refused(link: Link) -> None:
    assert (await refuse(bearer(link), "heavy")).code == "E_LIMIT"
    assert (await refuse(bearer(link), "deep")).hint == "stub did not answer with JSON"


async def test_of_an_error_only_the_beginning_is_read(link: Link) -> None:
    seen: list[int] = []

    def fact(status: int, body: bytes) -> str | None:
        seen.append(len(body))
        return None

    assert (await refuse(Http(link, error_hint=fact), "large-error")).code == "E_ARG"
    assert seen == [MAX_ERROR_BYTES]


async def test_a_redirect_is_not_followed(link: Link) -> None:
    assert (await refuse(bearer(link), "redirect")).code == "E_UNAVAILABLE"
    assert [path for _, path, _, _ in SEEN] == ["/redirect"]


async def test_an_answer_that_is_not_json_is_told(link: Link) -> None:
    assert (await refuse(bearer(link), "html")).hint == "stub did not answer with JSON"


async def test_no_cookie_goes_from_one_request_to_the_next(link: Link) -> None:
    await Http(link).get_json(["one"])
    await Http(link).get_json(["two"])
    assert "cookie" not in SEEN[1][2]


async def test_proxies_of_the_environment_are_not_used(
    link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert await Http(link).get_json(["ok"]) == {"ok": True}


async def test_a_body_is_sent_as_json_and_an_empty_answer_is_none(link: Link) -> None:
    assert await Http(link, base_path="/base").send_json("POST", ["ok"], {"a": "é"}) == {"ok": True}
    method, path, headers, body = SEEN[0]
    assert (method, path, body) == ("POST", "/base/ok", '{"a": "é"}'.encode())
    assert headers["content-type"] == "application/json"
    assert await Http(link).send_json("POST", ["empty"]) is None


async def test_a_backend_that_is_not_there_is_away(link: Link, tmp_path: Path) -> None:
    environ = {"MCP_STUB_HOST": "127.0.0.1", "MCP_STUB_PORT": "9"}
    gone = Link("stub", "fastmcp-stub", False, {}, {}, "MCP_STUB", Settings(environ, tmp_path))
    assert (await refuse(Http(gone), "ok")).hint == "stub is away"


async def test_a_missing_setting_is_named(tmp_path: Path) -> None:
    settings = Settings({"MCP_STUB_SCHEME": "file", "MCP_STUB_HOST": "h", "MCP_STUB_PORT": "1"})
    link = Link("stub", "fastmcp-stub", False, {}, {}, "MCP_STUB", settings)
    assert "MCP_STUB_SCHEME" in (await refuse(Http(link), "ok")).hint
    bare = Link("stub", "fastmcp-stub", False, {}, {}, "MCP_STUB", Settings({}))
    assert "MCP_STUB_HOST" in (await refuse(Http(bare), "ok")).hint
