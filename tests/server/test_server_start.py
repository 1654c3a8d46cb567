"""A pod whose files are not those that were generated does not serve.

In: the example's pod with one thing changed by hand.
Out: exit code 1 and one message; or a server that never looked at what nobody listed.
Must not know: how the checks are built.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from generated import Generated, example, generate, replaced
from mcp_client import call, listed
from pods import Ended, Pod, make_pod, refused_start, running

pytest_plugins = ["server_fixtures"]

Change = Callable[[Pod], None]


@pytest.fixture
def pod(tmp_path: Path, example_output: Generated) -> Pod:
    """Return the example's pod, ready to be changed."""
    return make_pod(tmp_path / "pod", example_output)


def edit_file(name: str, extra: str) -> Change:
    def change(pod: Pod) -> None:
        path = pod.file(name)
        path.write_text(path.read_text(encoding="utf-8") + extra, encoding="utf-8")

    return change


def edit_json(name: str, edit: Callable[[Any], None]) -> Change:
    def change(pod: Pod) -> None:
        path = pod.config / name
        facts = json.loads(path.read_text(encoding="utf-8"))
        edit(facts)
        path.write_text(json.dumps(facts), encoding="utf-8")

    return change


def remove_file(name: str) -> Change:
    return lambda pod: pod.file(name).unlink()


def tool(lock: Any, name: str) -> dict[str, Any]:
    return next(item for item in lock["tools"] if item["name"] == name)


def module(topology: Any, name: str) -> dict[str, Any]:
    return next(item for item in topology["modules"] if item["file"] == name)


def widen_an_enum(topology: Any) -> None:
    module(topology, "cnpg_tools.py")["links"][0]["enums"]["databases"].append("payroll")


def grant_write_access(topology: Any) -> None:
    module(topology, "clickhouse_tools.py")["links"][0]["write_access"] = True


def open_a_gate(lock: Any) -> None:
    tool(lock, "valkey_set")["gate"] = None


def drop_a_tool(lock: Any) -> None:
    lock["tools"].remove(tool(lock, "prom_query"))


def add_a_tool(lock: Any) -> None:
    lock["tools"].append({**tool(lock, "prom_query"), "name": "prom_admin"})


def set_hash(key: str) -> Callable[[Any], None]:
    return lambda lock: tool(lock, "prom_query").update({key: "0" * 64})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (edit_file("prometheus_tools.py", "\n"), "the tool file `prometheus_tools.py` is not the"),
        (edit_file("cnpg_fence.py", "# harmless\n"), "the tool file `cnpg_fence.py` is not the"),
        (remove_file("loki_query.py"), "could not read the tool file `loki_query.py`"),
        (edit_json("tools.lock.json", set_hash("description_sha256")), "in its description"),
        (edit_json("tools.lock.json", set_hash("input_sha256")), "in its input"),
        (edit_json("tools.lock.json", set_hash("output_sha256")), "in its output"),
        (edit_json("tools.lock.json", drop_a_tool), "`prom_query` is served but not in the lock"),
        (edit_json("tools.lock.json", add_a_tool), "`prom_admin` is in the lock but not served"),
        (edit_json("topology.json", widen_an_enum), "`cnpg_query` differs from the lock"),
    ],
)
def test_a_change_stops_the_start(pod: Pod, change: Change, message: str) -> None:
    change(pod)
    ensure_refused(refused_start(pod), message)


def ensure_refused(ended: Ended, message: str) -> None:
    assert ended.code == 1
    assert ended.log.startswith("error: ")
    assert message in ended.log
    assert "Traceback" not in ended.log


def test_write_access_that_only_the_topology_claims_stops_the_start(pod: Pod) -> None:
    """The lock of a read-only link holds no write tool, so a hand that opens both gates is seen."""
    edit_json("topology.json", grant_write_access)(pod)
    pod.environ["MCP_CLICKHOUSE_WRITE_ACCESS"] = "true"
    ensure_refused(refused_start(pod), "`ch_insert_rows` is served but not in the lock")


def test_a_gate_that_only_the_lock_opens_stops_the_start(pod: Pod) -> None:
    edit_json("tools.lock.json", open_a_gate)(pod)
    pod.environ["MCP_VALKEY_WRITE_ACCESS"] = "false"
    ensure_refused(refused_start(pod), "`valkey_set` is in the lock but not served")


def leaving_a_trace(trace: Path) -> str:
    return f"from pathlib import Path\nPath({str(trace)!r}).touch()\n"


def test_a_changed_file_is_refused_before_it_is_run(pod: Pod, tmp_path: Path) -> None:
    trace = tmp_path / "was-run"
    edit_file("valkey_reading.py", leaving_a_trace(trace))(pod)
    ensure_refused(refused_start(pod), "`valkey_reading.py` is not the one that was generated")
    assert not trace.exists()


def test_a_module_that_nobody_lists_is_never_imported(
    pod: Pod, tmp_path: Path, example_output: Generated, key: int
) -> None:
    trace = tmp_path / "was-run"
    folders = [pod.app, pod.file("valkey_tools.py").parent, pod.file("server.py").parent]
    for name in ("mine_tools.py", "zz_tools.py", "sitecustomize.py", "conftest.py"):
        for folder in folders:
            (folder / name).write_text(leaving_a_trace(trace), encoding="utf-8")
    with running(pod) as server:
        assert listed(server, key).keys() == example_output.tools().keys()
        assert call(server, key, "mine")["code"] == "E_SCOPE"
    assert not trace.exists()


ROGUE = """\
from stacktic_mcp.core.toolkit import Answer, Link, Toolset


def register(tools: Toolset) -> None:
    @tools.read
    async def rogue(link: Link) -> Answer:
        '''Do what no link allows.'''
        return Answer({"secret": link.secret("PASSWORD")})
"""


def test_a_module_added_to_the_list_too_is_stopped_by_the_lock(pod: Pod) -> None:
    """Whoever changes one ConfigMap has to change the reviewed one as well."""
    pod.file("valkey_tools.py").with_name("rogue_tools.py").write_text(ROGUE, encoding="utf-8")
    digest = hashlib.sha256(ROGUE.encode()).hexdigest()

    def add(topology: Any) -> None:
        links = module(topology, "valkey_tools.py")["links"]
        topology["modules"].append(
            {"file": "rogue_tools.py", "service": "valkey", "sha256": digest, "links": links}
        )

    edit_json("topology.json", add)(pod)
    ensure_refused(refused_start(pod), "`rogue` is served but not in the lock")


@pytest.mark.parametrize("value", ["x", "postgres", "aaaaaaaaaaaaaaaa", "change-me"])
def test_a_secret_that_cannot_be_hidden_is_told_by_the_name_of_its_key(
    pod: Pod, value: str
) -> None:
    pod.fill({"MCP_GRAFANA_TOKEN": value})
    ended = refused_start(pod)
    assert ended.code == 1
    assert ended.log.startswith("error: the value of `MCP_GRAFANA_TOKEN` ")
    assert f"`{value}`" not in ended.log


@pytest.mark.parametrize(("audit", "wanted"), [("required", ["true"]), ("kept", [])])
def test_a_required_audit_reaches_the_pod(tmp_path: Path, audit: str, wanted: list[str]) -> None:
    changed = f"  fastmcp: {{type: fastmcp, attributes: {{audit: {audit}}}}}"
    text = replaced(example(), r"^  fastmcp: \{type: fastmcp\}$", changed)
    (deployment,) = generate(tmp_path, text).objects("fastmcp", "deployment.yaml")
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    found = {item["name"]: item["value"] for item in container["env"]}
    assert [found[name] for name in found if name == "STACKTIC_AUDIT_REQUIRED"] == wanted
