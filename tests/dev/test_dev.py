"""`stacktic dev`: both servers on this machine, a key that works, and nothing left behind.

In: the built program, the generated example's stack file, an ordinary MCP client.
Out: what a person and a client see, and what is gone afterwards.
Must not know: how `dev` does it.
"""

from __future__ import annotations

import asyncio
import hashlib
import http.client
import json
import os
import re
import signal
import socket
import stat
from collections.abc import Awaitable, Callable, Generator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from fastmcp import Client
from fastmcp.client.auth import BearerAuth

from dev_process import SMALLEST, DevRun, children, is_running, refused, running, wait_until
from generated import EXAMPLE


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Generator[DevRun]:
    """Run the example for all tests that only look."""
    with running(tmp_path_factory.mktemp("example")) as run:
        yield run


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """Return a stack file with a server and its agent."""
    path = tmp_path / "small.yaml"
    path.write_text(SMALLEST, encoding="utf-8")
    return path


def asked[T](run: DevRun, work: Callable[[Client[Any]], Awaitable[T]]) -> T:
    """Do some work as a client with the announced key."""

    async def connected() -> T:
        async with Client(run.url, auth=BearerAuth(run.key)) as client:
            return await work(client)

    return asyncio.run(connected())


def status_with(run: DevRun, key: str | None) -> int:
    """Return the HTTP status of a bare request."""
    address = urlsplit(run.url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=30)
    headers = {"content-type": "application/json"}
    if key is not None:
        headers["authorization"] = f"Bearer {key}"
    try:
        connection.request("POST", address.path, body=b"{}", headers=headers)
        return connection.getresponse().status
    finally:
        connection.close()


def test_a_client_finds_tools_prompts_and_resources(example: DevRun) -> None:
    async def listed(client: Client[Any]) -> tuple[set[str], int, int]:
        tools = {tool.name for tool in await client.list_tools()}
        prompts, resources = await client.list_prompts(), await client.list_resources()
        return tools, len(prompts), len(resources)

    tools, prompts, resources = asked(example, listed)
    lock = json.loads((EXAMPLE.parent / "out" / "tools.lock.json").read_text(encoding="utf-8"))
    (server,) = lock["servers"].values()
    assert tools
    assert tools <= {tool["name"] for tool in server["tools"]}
    assert (prompts, resources) == (6, 4)


def test_a_tool_gets_its_answer_from_the_agent(example: DevRun) -> None:
    async def structure(client: Client[Any]) -> str:
        result = await client.call_tool("get_stack_structure", {})
        return json.dumps(result.structured_content)

    assert "stack-agent" in asked(example, structure)


def test_audit_lines_pass_unchanged_and_chained(example: DevRun) -> None:
    async def listed(client: Client[Any]) -> int:
        return len(await client.list_tools())

    def records() -> list[str]:
        return [line for line in example.log() if line.startswith("{")]

    before = len(records())
    assert asked(example, listed)
    assert wait_until(lambda: len(records()) > before, 10)
    previous = "0" * 64
    for line in records():
        record = json.loads(line)
        assert record["previous"] == previous
        previous = hashlib.sha256(line.encode()).hexdigest()
        assert record["key"] in {"dev", ""}


@pytest.mark.parametrize("key", [None, "", "0" * 64])
def test_another_key_is_refused(example: DevRun, key: str | None) -> None:
    assert status_with(example, key) == 401


def test_clients_are_configured_with_the_address_and_the_key(example: DevRun) -> None:
    clients = example.announced["clients"]
    assert sorted(clients) == ["claude_desktop", "cursor", "vscode"]
    for document in clients.values():
        text = json.dumps(document)
        assert example.url in text
        assert text.count(f"Bearer {example.key}") == 1
        assert "${input:" not in text


def test_what_cursor_is_told_is_enough_to_connect(example: DevRun) -> None:
    async def tools() -> int:
        async with Client(example.announced["clients"]["cursor"]) as client:
            return len(await client.list_tools())

    assert asyncio.run(tools()) > 0


def test_no_key_is_in_arguments_or_environments(example: DevRun) -> None:
    started = children(example.process.pid)
    assert len(started) == 2, started
    keys = [example.key.encode()]
    keys += [_inner_key(example).encode()]
    for pid in [example.process.pid, *started]:
        for name in ("cmdline", "environ"):
            content = Path(f"/proc/{pid}/{name}").read_bytes()
            assert content or name == "environ"
            assert not [key for key in keys if key in content], (pid, name)


def _inner_key(run: DevRun) -> str:
    path = run.run_folder() / "server-secrets" / "MCP_STACK_AGENT_KEY"
    return path.read_text(encoding="utf-8").strip()


def test_keys_lie_in_private_files_and_the_clients_only_as_a_hash(example: DevRun) -> None:
    files = [path for path in example.run_folder().rglob("*") if path.is_file()]
    assert files
    for path in files:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700, path
        assert example.key not in path.read_text(encoding="utf-8"), path
    hashed = hashlib.sha256(example.key.encode()).hexdigest()
    known = (example.run_folder() / "server-secrets" / "MCP_API_KEYS").read_text(encoding="utf-8")
    assert known == f"dev:{hashed}\n"


def test_processes_get_only_what_they_need(example: DevRun) -> None:
    for pid, words in children(example.process.pid).items():
        text = Path(f"/proc/{pid}/environ").read_bytes().decode()
        names = {item.partition("=")[0] for item in text.split("\0") if item}
        if "stacktic_mcp.core.server" in words:
            others = {name for name in names if not name.startswith(("MCP_", "STACKTIC_"))}
            allowed = {"HOME", "LANG", "LC_CTYPE", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE"}
            assert others <= allowed
        else:
            assert names == {"PATH"}


def test_a_second_run_of_the_same_stack_is_refused(example: DevRun) -> None:
    second = refused(example.folder)
    assert (second.returncode, second.stdout) == (1, "")
    assert "already running" in second.stderr
    assert "--cache DIR" in second.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_both(tmp_path: Path, small: Path, number: int) -> None:
    with running(tmp_path, small) as run:
        started = children(run.process.pid)
        assert len(started) == 2, started
        run_folder = run.run_folder()
        assert run.signalled(number) == 0
        assert not [words for pid, words in started.items() if is_running(pid)]
        assert not run_folder.exists()


def test_killed_it_leaves_no_process(tmp_path: Path, small: Path) -> None:
    with running(tmp_path, small) as run:
        started = children(run.process.pid)
        assert len(started) == 2, started
        run.signalled(signal.SIGKILL)
        assert wait_until(lambda: not any(map(is_running, started)), 5)
    # What it could not clean up is no obstacle.
    with running(tmp_path, small) as run:
        assert status_with(run, run.key) != 401


@pytest.mark.parametrize(
    ("part", "name"),
    [(" stacktic_mcp.core.server", "MCP server"), (" agent serve ", "Stack Agent")],
)
def test_when_one_ends_the_other_is_ended(
    tmp_path: Path, small: Path, part: str, name: str
) -> None:
    with running(tmp_path, small) as run:
        started = children(run.process.pid)
        victim = next(pid for pid, words in started.items() if part in words)
        os.kill(victim, signal.SIGKILL)
        assert run.process.wait(20) == 1
        assert not [words for pid, words in started.items() if is_running(pid)]
        assert f"the {name} ended" in "\n".join(run.log())


def test_people_are_told_once_and_see_what_is_called(tmp_path: Path, small: Path) -> None:
    with running(tmp_path, small, "-o", "text") as run:
        text = (tmp_path / "stdout").read_text(encoding="utf-8")
        url = re.search(r"^MCP server +(\S+)$", text, re.MULTILINE)
        key = re.search(r"^API key +(\S+)$", text, re.MULTILINE)
        assert url
        assert key
        for title in ("Claude Desktop", "Cursor", "VS Code"):
            assert text.count(title) == 1

        async def called() -> None:
            async with Client(url[1], auth=BearerAuth(key[1])) as client:
                await client.call_tool("get_stack_structure", {})

        asyncio.run(called())
        shown = re.compile(r"^\d\d:\d\d:\d\d get_stack_structure +allowed +\d+ ms$")
        assert wait_until(lambda: any(map(shown.match, run.log())), 10), run.log()
        assert key[1] not in "\n".join(run.log())
        assert (tmp_path / "stdout").read_text(encoding="utf-8") == text


def test_a_port_in_use_is_told_before_anything_starts(tmp_path: Path, small: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        run = refused(tmp_path, small, "--port", str(port))
    assert (run.returncode, run.stdout) == (1, "")
    assert f"port {port} of 127.0.0.1 cannot be used" in run.stderr
    assert "`--port 0` takes a free one" in run.stderr


def test_what_the_stack_lacks_is_named(tmp_path: Path, small: Path) -> None:
    unlinked = SMALLEST.partition("links:")[0]
    alone = unlinked.replace("  fastmcp: {type: fastmcp}\n", "")
    for text, hint in [
        (unlinked, "hint: add the link `{from: fastmcp, to: stack-agent}`"),
        (alone, "hint: add the component `fastmcp: {type: fastmcp}` and the link"),
    ]:
        small.write_text(text, encoding="utf-8")
        run = refused(tmp_path, small)
        assert (run.returncode, run.stdout) == (1, "")
        assert hint in run.stderr


def test_findings_are_those_of_gen(tmp_path: Path, small: Path) -> None:
    small.write_text(SMALLEST.replace("to: stack-agent", "to: stack-agend"), encoding="utf-8")
    run = refused(tmp_path, small)
    assert (run.returncode, run.stdout) == (1, "")
    assert "did you mean `stack-agent`?" in run.stderr


def test_an_environment_without_the_packages_is_told(tmp_path: Path, small: Path) -> None:
    run = refused(tmp_path, small, environment=tmp_path)
    assert (run.returncode, run.stdout) == (1, "")
    assert f"`{tmp_path}` is no virtual environment with the server's packages" in run.stderr


def test_a_python_that_is_none_is_told(tmp_path: Path, small: Path) -> None:
    run = refused(tmp_path, small, "--python", "/bin/false", environment=None)
    assert (run.returncode, run.stdout) == (1, "")
    assert "`/bin/false` is no Python 3.12" in run.stderr


def test_without_any_python_the_places_are_told(tmp_path: Path, small: Path) -> None:
    run = refused(tmp_path, small, environment=None, PATH=str(tmp_path), HOME=str(tmp_path))
    assert (run.returncode, run.stdout) == (1, "")
    assert "no Python 3.12 with `venv` answers" in run.stderr
    assert "--python" in run.stderr
