"""The product page's two commands, as printed, run by a shell with the real curl.

In: the text of the page; host, key and session id are replaced, nothing else.
Out: a session of protocol 2025-03-26, and the components of the stack.
Must not know: what curl sends by itself.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from generated import Generated
from pods import Running, api_key, key_name

pytest_plugins = ["server_fixtures"]

INITIALIZE = """\
curl -X POST https://fastmcp.your-domain.com/mcp \\
-H "Content-Type: application/json" \\
-H "Authorization: Bearer YOUR_API_KEY" \\
-d '{"jsonrpc":"2.0","id":1,"method":"initialize",
"params":{"protocolVersion":"2025-03-26",
"clientInfo":{"name":"my-ai","version":"1.0"}}}'
"""
CALL_A_TOOL = """\
curl -X POST https://fastmcp.your-domain.com/mcp \\
-H "Mcp-Session-Id: SESSION_ID" \\
-H "Authorization: Bearer YOUR_API_KEY" \\
-d '{"jsonrpc":"2.0","id":2,"method":"tools/call",
"params":{"name":"list_components","arguments":{}}}'
"""


PAGE_HOST = "https://fastmcp.your-domain.com"


def curl(command: str, folder: Path, replaced: dict[str, str]) -> tuple[Any, dict[str, str]]:
    """Run a printed command; a .curlrc keeps the headers of the reply and stdout free of noise."""
    for printed, value in replaced.items():
        assert printed in command
        command = command.replace(printed, value)
    headers = folder / "headers"
    settings = f'silent\nmax-time = 30\ndump-header = "{headers}"\n'
    (folder / ".curlrc").write_text(settings, encoding="utf-8")
    done = subprocess.run(
        ["/bin/sh", "-c", command],
        env={"PATH": os.environ["PATH"], "CURL_HOME": str(folder)},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    lines = headers.read_text(encoding="utf-8").splitlines()
    pairs = [line.split(": ", 1) for line in lines if ": " in line]
    return json.loads(done.stdout), {name.lower(): value for name, value in pairs}


def test_both_commands_work_as_printed(
    tmp_path: Path, example_output: Generated, example_server: Running, key: int
) -> None:
    host = f"http://127.0.0.1:{example_server.port}"
    known = {PAGE_HOST: host, "YOUR_API_KEY": api_key(key)}
    opened, headers = curl(INITIALIZE, tmp_path, known)
    assert opened["id"] == 1
    assert opened["result"]["protocolVersion"] == "2025-03-26"
    assert {"tools", "prompts", "resources"} <= opened["result"]["capabilities"].keys()
    session = headers["mcp-session-id"]

    called, _ = curl(CALL_A_TOOL, tmp_path, {**known, "SESSION_ID": session})
    assert called["id"] == 2
    assert called["result"]["isError"] is False
    answer = called["result"]["structuredContent"]
    wanted = {component["name"] for component in example_output.metadata()["components"]}
    assert {row["name"] for row in answer["data"]} == wanted
    assert answer["data"][0].keys() == {"name", "type", "namespace", "group"}
    (text,) = called["result"]["content"]
    assert json.loads(text["text"]) == answer
    assert "\n" not in text["text"]

    line = json.loads(example_server.audit()[-1])
    assert (line["tool"], line["key"], line["session"], line["decision"]) == (
        "list_components", key_name(key), session, "allowed",
    )  # fmt: skip


@pytest.mark.parametrize("command", [INITIALIZE, CALL_A_TOOL])
def test_neither_command_works_with_the_printed_key(
    tmp_path: Path, example_server: Running, command: str
) -> None:
    host = f"http://127.0.0.1:{example_server.port}"
    refused, headers = curl(command, tmp_path, {PAGE_HOST: host})
    assert refused["error"]["code"] == "E_AUTH"
    assert headers["www-authenticate"] == "Bearer"
