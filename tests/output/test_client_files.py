"""Files for AI clients reach the published server and hold no key.

In: generated-example/out/docs/clients.
Out: addresses, names and where each client takes the key from.
Must not know how the files are made.
"""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from output_checker.places import EXAMPLE

CLIENTS = EXAMPLE / "out" / "docs" / "clients"
NAME = "stack-3-fastmcp"
FILES = {"claude-desktop.json": "mcpServers", "cursor.json": "mcpServers", "vscode.json": "servers"}
# What may stand where a key would: a variable of the client, or a reminder for a person.
MARKS = re.compile(r"Bearer (\$\{env:[A-Z][A-Z0-9_]*\}|\$\{input:[a-z0-9-]+\}|<API key>)")


def entry(name: str) -> dict[str, Any]:
    """Return the entry of the example's server."""
    document = json.loads((CLIENTS / name).read_text(encoding="utf-8"))
    servers = document[FILES[name]]
    assert list(servers) == [NAME]
    return servers[NAME]


def published_url() -> str:
    """Return the address under which the gateway's route answers."""
    route = (EXAMPLE / "out/k8s/deploy/base/apisix/route-fastmcp.yaml").read_text(encoding="utf-8")
    (host,) = re.findall(r"^ +- (fastmcp\.\S+)$", route, re.MULTILINE)
    return f"https://{host}/mcp"


def test_every_client_reaches_the_published_address() -> None:
    url = published_url()
    assert entry("cursor.json")["url"] == url
    assert entry("vscode.json")["url"] == url
    assert entry("vscode.json")["type"] == "http"
    assert url in entry("claude-desktop.json")["args"]


@pytest.mark.parametrize("name", FILES)
def test_no_file_holds_a_key(name: str) -> None:
    text = (CLIENTS / name).read_text(encoding="utf-8")
    assert text.count("Bearer") == len(MARKS.findall(text)) == 1
    assert not re.search(r"[0-9a-f]{32}", text)


def test_visual_studio_code_hides_what_is_typed() -> None:
    document = json.loads((CLIENTS / "vscode.json").read_text(encoding="utf-8"))
    (asked,) = document["inputs"]
    assert (asked["type"], asked["password"]) == ("promptString", True)
    used = entry("vscode.json")["headers"]["Authorization"]
    assert used == f"Bearer ${{input:{asked['id']}}}"


def test_claude_desktop_starts_an_exact_version_and_breaks_no_argument() -> None:
    server = entry("claude-desktop.json")
    assert server["command"] == "npx"
    assert [word for word in server["args"] if re.fullmatch(r"mcp-remote@\d+\.\d+\.\d+", word)]
    assert not [word for word in server["args"] if " " in word]
    (header,) = [word for word in server["args"] if word.startswith("Authorization:")]
    (variable,) = re.findall(r"\$\{(\w+)\}", header)
    assert list(server["env"]) == [variable]


def test_people_are_told_where_the_key_is_checked() -> None:
    text = (CLIENTS / "README.md").read_text(encoding="utf-8")
    files = [Path(found) for found in re.findall(r"`(k8s/[^`]+\.env)`", text)]
    assert len(files) == 2
    for path in files:
        assert (EXAMPLE / "out" / path).is_file(), path
