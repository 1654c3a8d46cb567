"""The generated job keeps a virtual key of LiteLLM for each link.

In: the stack of a golden case, and a server that answers `/key/…` as LiteLLM 1.98.0 does
(litellm/proxy/management_endpoints/key_management_endpoints.py). Out: keys come, change and go,
and those of others stay; no key is printed.
"""

import hashlib
import json
import subprocess
import sys
import threading
from collections.abc import Generator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from output_checker import yaml_reading
from output_checker.places import ROOT

CASE = ROOT / "tests/golden/one_address_for_all_models/stack.yaml"
MASTER = "master-of-the-test"
VALUES = {"api-litellm-openai": "a" * 40, "jobs-litellm-openai": "b" * 40}
SMALLEST_PAGE = 1


def digest(key: str) -> str:
    """What LiteLLM keeps of a key."""
    return hashlib.sha256(key.encode()).hexdigest()


class Proxy(ThreadingHTTPServer):
    """Keys by their digest, and what was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.keys: dict[str, dict[str, Any]] = {}
        self.asked: list[str] = []


class Handler(BaseHTTPRequestHandler):
    """The four paths that the job uses, one key a page."""

    @property
    def proxy(self) -> Proxy:
        assert isinstance(self.server, Proxy)
        return self.server

    def do_GET(self) -> None:
        page = int(dict(part.split("=") for part in urlsplit(self.path).query.split("&"))["page"])
        rows = list(self.proxy.keys.values())
        shown = rows[(page - 1) * SMALLEST_PAGE : page * SMALLEST_PAGE]
        self.answer(200, {"keys": shown, "total_pages": len(rows), "current_page": page})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.proxy.asked.append(self.path)
        if self.path == "/key/delete":
            for token in body["keys"]:
                del self.proxy.keys[token]
            return self.answer(200, {})
        token = digest(body["key"])
        if self.path == "/key/generate":
            aliases = [row["key_alias"] for row in self.proxy.keys.values()]
            if not body["key"].startswith("sk-") or body["key_alias"] in aliases:
                return self.answer(400, {})
            self.proxy.keys[token] = {"token": token, "metadata": {}}
        self.proxy.keys[token].update({name: body[name] for name in body if name != "key"})
        return self.answer(200, {})

    def answer(self, status: int, body: dict[str, Any]) -> None:
        allowed = self.headers["Authorization"] == f"Bearer sk-{MASTER}"
        self.send_response(status if allowed else 401)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing: what is asked is kept."""


@pytest.fixture
def proxy() -> Generator[Proxy]:
    server = Proxy()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()


@pytest.fixture(scope="module")
def job(binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the job mounts as /keys."""
    folder = tmp_path_factory.mktemp("litellm")
    subprocess.run([binary, "gen", CASE, "--out", folder / "out"], check=True, capture_output=True)
    config_map = yaml_reading.read_file(folder / "out/k8s/deploy/base/litellm/keys.yaml")
    for name, content in config_map["data"].items():
        (folder / name).write_text(content)
    return folder


def run(job: Path, proxy: Proxy, secrets: Path, values: dict[str, str]) -> tuple[int, str]:
    """Run the job once; its exit code, and all that it says."""
    secrets.mkdir(exist_ok=True)
    for name, value in values.items():
        (secrets / name).write_text(value)
    variables = {
        "SERVER": f"http://127.0.0.1:{proxy.server_address[1]}",
        "OWNER": "litellm",
        "MASTER_KEY": MASTER,
        "SECRETS": str(secrets),
    }
    done = subprocess.run(
        [sys.executable, job / "keys.py"],
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )
    said = done.stdout + done.stderr
    assert not [value for value in (MASTER, *values.values()) if value.strip() and value in said]
    return done.returncode, said


def test_keys_come_stay_change_and_go(job: Path, proxy: Proxy, tmp_path: Path) -> None:
    foreign: dict[str, Any] = {"token": "f", "key_alias": "a person's", "metadata": {}}
    gone: dict[str, Any] = {
        "token": "g",
        "key_alias": "left-litellm",
        "metadata": {"stacktic": "litellm"},
    }
    proxy.keys = {"f": foreign, "g": gone}
    assert run(job, proxy, tmp_path / "secrets", VALUES)[0] == 0
    made = {digest(f"sk-{value}"): name for name, value in VALUES.items()}
    assert proxy.keys.keys() == {"f", *made}
    for token, name in made.items():
        key = proxy.keys[token]
        assert key["key_alias"] == name
        assert key["allowed_routes"]
        assert all(route.startswith("/v1/") for route in key["allowed_routes"])

    proxy.asked.clear()
    assert run(job, proxy, tmp_path / "secrets", VALUES) == (0, "")
    assert proxy.asked == []

    for token in made:
        proxy.keys[token]["allowed_routes"] = ["/key/generate"]
    assert run(job, proxy, tmp_path / "secrets", VALUES)[0] == 0
    assert all("/key/generate" not in proxy.keys[token]["allowed_routes"] for token in made)

    rotated = {**VALUES, "api-litellm-openai": "c" * 40}
    assert run(job, proxy, tmp_path / "secrets", rotated)[0] == 0
    expected = {digest(f"sk-{value}") for value in rotated.values()}
    assert proxy.keys.keys() == {"f", *expected}


def test_a_short_key_is_told_and_makes_nothing(job: Path, proxy: Proxy, tmp_path: Path) -> None:
    code, said = run(job, proxy, tmp_path / "secrets", {**VALUES, "api-litellm-openai": "\n"})
    assert code == 1
    assert "api-litellm-openai is empty or short" in said
    assert proxy.keys == {}


def test_a_refusal_is_told(job: Path, proxy: Proxy, tmp_path: Path) -> None:
    proxy.keys = {"f": {"token": "f", "key_alias": "api-litellm-openai", "metadata": {}}}
    code, said = run(job, proxy, tmp_path / "secrets", VALUES)
    assert (code, "LiteLLM answered 400" in said) == (1, True)
