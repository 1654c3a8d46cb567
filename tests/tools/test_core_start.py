"""The start: what must stop it, told in one sentence and with exit code 1."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core_client import Session, post
from core_server import Pod, Running, lock_of, make_pod, running, sample_links, start_and_fail
from stacktic_mcp.core.server import build_server
from stacktic_mcp.core.settings import Settings, SettingsError

Change = Callable[[Pod], None]


def set_environ(name: str, value: str) -> Change:
    def change(pod: Pod) -> None:
        pod.environ[name] = value

    return change


def edit_lock(edit: Callable[[list[dict[str, Any]]], None]) -> Change:
    def change(pod: Pod) -> None:
        lock = pod.read("tools.lock.json")
        edit(lock["tools"])
        pod.write("tools.lock.json", lock)

    return change


def edit_module(key: str, value: str) -> Change:
    def change(pod: Pod) -> None:
        topology = pod.read("topology.json")
        topology["modules"][0][key] = value
        pod.write("topology.json", topology)

    return change


def drop_first(tools: list[dict[str, Any]]) -> None:
    del tools[0]


def replace_file(name: str, value: object) -> Change:
    def change(pod: Pod) -> None:
        pod.write(name, value)

    return change


def set_hash(key: str) -> Change:
    return edit_lock(lambda tools: tools[0].update({key: "0" * 64}))


def change_tool_file(pod: Pod) -> None:
    file = pod.tool_file
    file.write_text(file.read_text(encoding="utf-8") + "\n# changed\n", encoding="utf-8")


def break_keys(pod: Pod) -> None:
    (pod.secrets / "MCP_API_KEYS").write_text("a-plain-key", encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (set_environ("MCP_SAMPLE_WRITE_ACCESS", "yes"), "neither `true` nor `false`"),
        (set_environ("MCP_UNLINKED_WRITE_ACCESS", "1"), "MCP_UNLINKED_WRITE_ACCESS"),
        (edit_lock(drop_first), "`sample_list` is served but not in"),
        (
            edit_lock(lambda tools: tools.append({**tools[0], "name": "sample_extra"})),
            "`sample_extra` is in the lock but not served",
        ),
        (set_hash("description_sha256"), "`sample_list` differs from the lock in its description"),
        (set_hash("input_sha256"), "`sample_list` differs from the lock in its input"),
        (set_hash("output_sha256"), "`sample_list` differs from the lock in its output"),
        (
            edit_lock(lambda tools: tools[-1].update({"gate": None})),
            "`sample_delete` is in the lock but not served",
        ),
        (change_tool_file, "`sample_tools.py` is not the one that was generated"),
        (edit_module("file", "../sample/sample_tools.py"), "not a plain folder and a plain file"),
        (edit_module("service", "../tools/sample"), "not a plain folder and a plain file"),
        (edit_module("service", "absent"), "could not read the tool file"),
        (edit_module("file", "absent_tools.py"), "could not read the tool file"),
        (replace_file("tools.lock.json", {"version": 1}), "version 2"),
        (replace_file("topology.json", {"stack": "x"}), "topology.json"),
        (break_keys, "entry 1 of `MCP_API_KEYS`"),
        (set_environ("STACKTIC_AUDIT", "everywhere"), "STACKTIC_AUDIT"),
    ],
)
def test_any_doubt_stops_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Change, message: str
) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))
    pod = make_pod(tmp_path / "pod")
    change(pod)
    # Tool files that are only there are found behind those of the repository.
    sys.path.append(str(pod.app))
    settings = Settings(pod.environ, pod.secrets, pod.config)
    with pytest.raises(SettingsError) as refused:
        build_server(settings, pod.package)
    assert message in str(refused.value)
    assert "a-plain-key" not in str(refused.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (set_environ("MCP_SAMPLE_WRITE_ACCESS", "yes"), "neither `true` nor `false`"),
        (edit_lock(drop_first), "`sample_list` is served but not in the lock"),
        (set_environ("STACKTIC_PORT", "http"), "STACKTIC_PORT"),
    ],
)
def test_a_refused_start_is_one_sentence_and_exit_code_1(
    tmp_path: Path, change: Change, message: str
) -> None:
    pod = make_pod(tmp_path / "pod")
    change(pod)
    ended = start_and_fail(pod)
    assert ended.returncode == 1
    assert ended.stderr.startswith("error: ")
    assert message in ended.stderr
    assert "Traceback" not in ended.stderr
    assert ended.stdout == ""


def tools_served(server: Running) -> set[str]:
    session = Session.opened(server)
    return {tool["name"] for tool in session.result("tools/list")["tools"]}


def test_a_changed_file_is_not_run_before_it_is_refused(tmp_path: Path) -> None:
    pod = make_pod(tmp_path / "pod")
    trace = tmp_path / "was-run"
    file = pod.tool_file
    file.write_text(f"open({str(trace)!r}, 'w').close()\n", encoding="utf-8")
    assert start_and_fail(pod).returncode == 1
    assert not trace.exists()


def test_a_file_that_is_not_listed_is_not_imported(tmp_path: Path) -> None:
    pod = make_pod(tmp_path / "pod")
    trace = tmp_path / "was-run"
    text = f"open({str(trace)!r}, 'w').close()\n"
    pod.tool_file.with_name("sample_other.py").write_text(text, encoding="utf-8")
    with running(pod) as server:
        assert "sample_list" in tools_served(server)
    assert not trace.exists()


@pytest.mark.parametrize(
    ("link", "flag", "written"),
    [(True, "True", True), (True, "false", False), (True, None, False), (False, "true", False)],
)
def test_a_write_tool_needs_the_link_and_the_flag(
    tmp_path: Path, link: bool, flag: str | None, written: bool
) -> None:
    links = sample_links()
    links[0]["write_access"] = link
    pod = make_pod(tmp_path / "pod", links)
    if not link:
        # The generator puts no write tool into the lock of a read-only link.
        lock = lock_of(links)
        lock["tools"] = [tool for tool in lock["tools"] if tool["gate"] is None]
        pod.write("tools.lock.json", lock)
    if flag is not None:
        pod.environ["MCP_SAMPLE_WRITE_ACCESS"] = flag
    with running(pod) as server:
        assert ("sample_delete" in tools_served(server)) is written


def test_two_instances_are_served_with_the_component_argument(tmp_path: Path) -> None:
    pod = make_pod(tmp_path / "pod", sample_links("one", "two-b"))
    pod.environ["MCP_TWO_B_WRITE_ACCESS"] = "true"
    with running(pod) as server:
        session = Session.opened(server)
        tools = {tool["name"]: tool for tool in session.result("tools/list")["tools"]}
        schema = tools["sample_delete"]["inputSchema"]
        assert schema["properties"]["component"]["enum"] == ["one", "two-b"]
        assert schema["properties"]["database"]["enum"] == ["app_db", "one_db", "two_b_db"]
        call = {"database": "app_db", "dry_run": False}
        refused = session.call("sample_delete", {**call, "component": "one"})
        assert refused["code"] == "E_WRITE_DISABLED"
        done = session.call("sample_delete", {**call, "component": "two-b"})
        assert done["data"] == {"deleted": True}


def test_without_keys_the_server_says_so_and_refuses_everyone(tmp_path: Path) -> None:
    pod = make_pod(tmp_path / "pod")
    (pod.secrets / "MCP_API_KEYS").write_text("\n", encoding="utf-8")
    with running(pod) as server:
        assert post(server, {"method": "ping"}, key="anything").status == 401
        assert "MCP_API_KEYS" in server.log()
