"""Accounts that may do more than the lock says: their tools go, and come back by themselves.

The probe of the sample tells what stands in a file, so that a test widens an account by writing.
"""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest

from core_client import Session, request
from core_server import KEY, Pod, Running, amend, make_pod, running, sample_links

SECONDS = 15.0
PROBE = """

async def _told(link: Link) -> list[str]:
    text = Path(link.value("RIGHTS")).read_text(encoding="utf-8")
    if text == "hang":
        await asyncio.sleep(3600)
    if text == "away":
        raise Refusal("E_UNAVAILABLE", "it is away")
    if text == "break":
        raise RuntimeError(f"password {link.secret('PASSWORD')}")
    return text.splitlines()
"""
WRITE = {"database": "app_db", "dry_run": False}
READ = {"database": "app_db"}


def with_probe(text: str) -> str:
    """Return the sample with a probe of its own."""
    begun = text.replace(
        "    _register_reads(tools)\n", "    _register_reads(tools)\n    tools.rights(_told)\n", 1
    )
    return (
        begun.replace("import asyncio\n", "import asyncio\nfrom pathlib import Path\n", 1) + PROBE
    )


def probed_pod(root: Path, *components: str) -> Pod:
    links = sample_links(*components)
    pod = make_pod(root / "pod", links)
    amend(pod, with_probe)
    pod.environ["STACKTIC_RIGHTS_SECONDS"] = "1"
    for link in links:
        file = pod.root / link["component"]
        file.write_text("", encoding="utf-8")
        pod.environ[f"{link['env']}_RIGHTS"] = str(file)
        pod.environ[f"{link['env']}_WRITE_ACCESS"] = "true"
    return pod


def tell(pod: Pod, component: str, text: str) -> None:
    """Replace what the probe is told, at once."""
    file = pod.root / component
    beside = file.with_name("beside")
    beside.write_text(text, encoding="utf-8")
    beside.rename(file)


def wait_until(holds: Callable[[], bool]) -> None:
    started = time.monotonic()
    while not holds():
        assert time.monotonic() - started < SECONDS, "it took too long"
        time.sleep(0.1)


def names(session: Session) -> set[str]:
    return {tool["name"] for tool in session.result("tools/list", {})["tools"]}


@pytest.fixture(scope="module")
def pod(tmp_path_factory: pytest.TempPathFactory) -> Pod:
    return probed_pod(tmp_path_factory.mktemp("widths"))


@pytest.fixture(scope="module")
def server(pod: Pod) -> Generator[Running]:
    with running(pod) as started:
        yield started


@pytest.fixture
def session(pod: Pod, server: Running) -> Generator[Session]:
    opened = Session.opened(server)
    yield opened
    tell(pod, "sample", "")
    wait_until(lambda: bool(names(opened)))


def test_a_wider_account_loses_its_tools_until_it_is_narrow_again(
    pod: Pod, server: Running, session: Session
) -> None:
    before = names(session)
    assert "sample_delete" in before
    tell(pod, "sample", "it may write to a table\nit is a superuser")
    wait_until(lambda: not names(session))
    for tool, arguments in [("sample_list", READ), ("sample_delete", WRITE)]:
        refused = session.call(tool, arguments)
        assert refused["code"] == "E_UNAVAILABLE"
        assert "withdrawn" in refused["hint"]
        # Which right it is helps only whoever would use it.
        assert "superuser" not in refused["hint"]
    assert request(server, "GET", "/health").json == {"status": "degraded", "rights": "wider"}
    assert "it may write to a table; it is a superuser" in server.log()
    tell(pod, "sample", "")
    wait_until(lambda: names(session) == before)
    assert session.call("sample_list", READ)["returned"] == 60
    assert request(server, "GET", "/health").json == {"status": "ok"}


def test_each_change_is_one_audit_line(pod: Pod, server: Running, session: Session) -> None:
    before = len(server.audit())
    tell(pod, "sample", "it owns objects")
    wait_until(lambda: not names(session))
    time.sleep(2.5)
    tell(pod, "sample", "")
    wait_until(lambda: bool(names(session)))
    lines = [line for line in server.audit()[before:] if line["method"].startswith("server/")]
    assert [(line["method"], line["link"], line["decision"]) for line in lines] == [
        ("server/withdraw", "sample", "denied"),
        ("server/restore", "sample", "allowed"),
    ]
    assert lines[0]["arguments"] == {"wider": ["it owns objects"]}


@pytest.mark.parametrize("trouble", ["away", "break"])
def test_what_cannot_be_told_changes_nothing(
    pod: Pod, server: Running, session: Session, trouble: str
) -> None:
    """Neither withdraws what was narrow, nor gives back what was wide."""
    tell(pod, "sample", trouble)
    time.sleep(2.5)
    assert session.call("sample_list", READ)["returned"] == 60
    assert "code" not in session.call("sample_delete", WRITE)
    tell(pod, "sample", "wide")
    wait_until(lambda: not names(session))
    tell(pod, "sample", trouble)
    time.sleep(2.5)
    assert not names(session)
    assert "pw-of-the-sample" not in server.log()


def test_sessions_that_listen_are_told_of_a_change(
    pod: Pod, server: Running, session: Session
) -> None:
    session.send("notifications/initialized")
    names(session)
    listening = http.client.HTTPConnection("127.0.0.1", server.port, timeout=SECONDS)
    listening.request(
        "GET",
        "/mcp",
        headers={
            "accept": "text/event-stream",
            "authorization": f"Bearer {KEY}",
            "mcp-session-id": session.id,
        },
    )
    stream = listening.getresponse()
    assert stream.status == 200
    tell(pod, "sample", "it may do all")
    while not (line := stream.readline()).startswith(b"data: {"):
        assert line, "the stream ended"
    assert json.loads(line[6:])["method"] == "notifications/tools/list_changed"
    listening.close()


def test_a_probe_that_hangs_delays_no_other_link(tmp_path: Path) -> None:
    """Nor the start; and of two links of a type the narrow one goes on."""
    pod = probed_pod(tmp_path, "one", "two")
    tell(pod, "one", "hang")
    with running(pod) as server:
        session = Session.opened(server)
        both = names(session)
        tell(pod, "two", "it may do all")
        chosen: dict[str, Any] = {**READ, "component": "two"}
        wait_until(lambda: session.call("sample_list", chosen).get("code") == "E_UNAVAILABLE")
        assert session.call("sample_list", {**READ, "component": "one"})["returned"] == 60
        assert names(session) == both


def test_nothing_is_written_before_rights_were_read_once(tmp_path: Path) -> None:
    """As soon as they can be read a write goes through, without waiting for the next look."""
    pod = probed_pod(tmp_path)
    pod.environ["STACKTIC_RIGHTS_SECONDS"] = "3600"
    tell(pod, "sample", "away")
    with running(pod) as server:
        session = Session.opened(server)
        refused = session.call("sample_delete", WRITE)
        assert (refused["code"], "could not be read" in refused["hint"]) == ("E_UNAVAILABLE", True)
        assert session.call("sample_list", READ)["returned"] == 60
        assert [line for line in server.audit() if line["decision"] == "intended"] == []
        tell(pod, "sample", "")
        assert "code" not in session.call("sample_delete", WRITE)


def test_a_wide_account_is_noticed_before_the_first_call(tmp_path: Path) -> None:
    pod = probed_pod(tmp_path)
    tell(pod, "sample", "it may do all")
    with running(pod) as server:
        session = Session.opened(server)
        assert names(session) == set()
        assert session.call("sample_list", READ)["code"] == "E_UNAVAILABLE"
