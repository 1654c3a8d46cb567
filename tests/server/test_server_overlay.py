"""Tools of a platform team's own: a pair with its tool file in a folder of `--catalog`.

In: a catalog folder made here, its `tools.json` derived by the script that derives ours.
Out: a server that serves the tool, from where the Deployment puts its file.
Must not know: how a place in the package follows from a name.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from generated import REPOSITORY, example, generate, replaced
from mcp_client import call
from pods import make_pod, running

pytest_plugins = ["server_fixtures"]

TYPE = """\
type: mailpit
title: mail sink
category: backend
docs: https://mailpit.axllent.org/docs/
namespace: mail
group: backend
object: "{name}"
service: MAIL
install: {manifests: true}
endpoints:
  http:
    host: "{object}.{namespace}.svc.cluster.local"
    port: 8025
    protocol: http
    target_port: 8025
provides: {http: {endpoint: http, facts: {host: "{to.host}"}}}
"""
PAIR = """\
from: fastmcp
to: mailpit
title: what a mail sink holds
interface: http
levels: [read]
keys: {HOST: host}
tools: {modules: [mailpit_tools.py, mailpit_views.py]}
"""
TOOLS = '''\
"""Mail tools."""

from stacktic_mcp.core.toolkit import Answer, Link, Toolset
from stacktic_mcp.tools.mailpit.mailpit_views import where


def register(tools: Toolset) -> None:
    """Offer the tools."""

    @tools.read
    async def mail_where(link: Link) -> Answer:
        """Tell where mail goes."""
        return Answer(where(link))
'''
VIEWS = '''\
"""Views of mail."""

from stacktic_mcp.lib.links import Link


def where(link: Link) -> dict[str, str]:
    """Return the host of the sink."""
    return {"host": link.value("HOST")}
'''


@pytest.fixture(scope="module")
def overlay(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder for `--catalog`, with derived definitions."""
    folder = tmp_path_factory.mktemp("overlay")
    files = {
        "catalog/mailpit/component.yaml": TYPE,
        "link-types/pairs/fastmcp-mailpit/pair.yaml": PAIR,
        "link-types/pairs/fastmcp-mailpit/mailpit_tools.py": TOOLS,
        "link-types/pairs/fastmcp-mailpit/mailpit_views.py": VIEWS,
    }
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    script = REPOSITORY / "scripts" / "derive_tool_schemas.py"
    command = [sys.executable, script, "--pairs", folder / "link-types" / "pairs"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


def test_a_tool_file_beside_a_pair_is_served(tmp_path: Path, overlay: Path, key: int) -> None:
    text = replaced(example(), r"^links:\n", "links:\n  - {from: fastmcp, to: mail}\n")
    text = replaced(text, r"^components:\n", "components:\n  mail: {type: mailpit}\n")
    generated = generate(tmp_path / "stack", text, "--catalog", str(overlay))
    pod = make_pod(tmp_path / "pod", generated)
    assert {file.name for file in pod.tool_files("mailpit")} == {
        "mailpit_tools.py", "mailpit_views.py",
    }  # fmt: skip
    with running(pod) as server:
        assert call(server, key, "mail_where")["data"] == {"host": "mail.mail.svc.cluster.local"}
        told = call(server, key, "explain_access", tool="mail_where")["data"]
        assert told["state"] == "allowed"


def test_without_its_link_the_tool_is_told_by_the_catalog_it_comes_from(
    tmp_path: Path, overlay: Path, key: int
) -> None:
    text = replaced(example(), r"^components:\n", "components:\n  mail: {type: mailpit}\n")
    generated = generate(tmp_path / "stack", text, "--catalog", str(overlay))
    pod = make_pod(tmp_path / "pod", generated)
    assert not pod.tool_files("mailpit")
    with running(pod) as server:
        told = call(server, key, "explain_access", tool="mail_where")["data"]
        assert (told["state"], told["stack_yaml_diff"]) == (
            "not_linked",
            " links:\n+  - {from: fastmcp, to: mail}\n",
        )
