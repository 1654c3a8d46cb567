"""Keys at the running server: what each lists and calls, and how soon one that is gone is nobody's.

In: a server of two linked components, clients that may use less than all of it.
Out: lists, verdicts and the audit, and what the secret folder changes while the server runs.
Must not know: how the server decides.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core_client import Session, post, request
from core_server import (
    KEY,
    OTHER_KEY,
    Pod,
    Running,
    make_pod,
    running,
    sample_links,
    start_and_fail,
)

ALL_KEY = KEY
READS, ONE, NONE = "key-of-who-reads", "key-of-who-has-one", "key-of-who-has-nothing"
EXPIRED, GONE = "key-that-has-expired", "key-of-a-client-that-is-gone"
LIST = {"method": "tools/list"}


def digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def fill(pod: Pod, *entries: str) -> None:
    (pod.secrets / "MCP_API_KEYS").write_text(",".join(entries), encoding="utf-8")


ENTRIES = [
    f"first:{digest(ALL_KEY)}",
    f"second:{digest(OTHER_KEY)}",
    f"reads:{digest(READS)}",
    f"one-2031:{digest(ONE)};expires=2099-12-31;profile=one",
    f"none:{digest(NONE)}",
    f"old:{digest(EXPIRED)};expires=2001-01-01",
    f"gone:{digest(GONE)};profile=gone",
]


@pytest.fixture(scope="module")
def pod(tmp_path_factory: pytest.TempPathFactory) -> Pod:
    pod = make_pod(tmp_path_factory.mktemp("profiles") / "pod", sample_links("left", "right"))
    topology = pod.read("topology.json")
    topology["clients"] = [
        {"name": "reads", "links": {"left": "read", "right": "read"}, "expires": None},
        {"name": "one", "links": {"left": "write"}, "expires": "2099-12-31"},
        {"name": "none", "links": {}, "expires": None},
    ]
    pod.write("topology.json", topology)
    fill(pod, *ENTRIES)
    pod.environ = {"MCP_LEFT_WRITE_ACCESS": "true", "MCP_RIGHT_WRITE_ACCESS": "true"}
    return pod


@pytest.fixture(scope="module")
def server(pod: Pod) -> Iterator[Running]:
    with running(pod) as started:
        yield started


@pytest.fixture(autouse=True)
def rested(pod: Pod, server: Running) -> Iterator[None]:
    """Leave the keys as they were."""
    yield
    fill(pod, *ENTRIES)
    time.sleep(0.3)


def names(server: Running, key: str) -> list[str]:
    return [tool["name"] for tool in Session.opened(server, key).result("tools/list")["tools"]]


def test_each_key_lists_what_its_client_may_use(server: Running) -> None:
    everything = names(server, ALL_KEY)
    assert {"sample_list", "sample_peek", "sample_delete"} < set(everything)
    writing = {"sample_peek", "sample_delete"}
    assert names(server, READS) == [name for name in everything if name not in writing]
    assert names(server, ONE) == everything
    assert names(server, NONE) == []


def test_the_list_of_a_key_is_the_same_in_every_session(server: Running) -> None:
    assert names(server, READS) == names(server, READS)


CALLS: list[tuple[str, str, dict[str, Any], str | None]] = [
    (ALL_KEY, "sample_list", {"component": "right", "database": "right_db"}, None),
    (READS, "sample_list", {"component": "right", "database": "right_db"}, None),
    (READS, "sample_peek", {"component": "left", "database": "left_db"}, "E_SCOPE"),
    (READS, "sample_delete", {"component": "left", "database": "left_db"}, "E_SCOPE"),
    (ONE, "sample_list", {"component": "left", "database": "left_db"}, None),
    (ONE, "sample_delete", {"component": "left", "database": "left_db"}, None),
    (ONE, "sample_list", {"component": "right", "database": "right_db"}, "E_SCOPE"),
    (ONE, "sample_delete", {"component": "right", "database": "right_db"}, "E_SCOPE"),
    (ONE, "sample_list", {"component": ["left"], "database": "left_db"}, "E_SCOPE"),
    (ONE, "sample_list", {"component": "LEFT", "database": "left_db"}, "E_SCOPE"),
    (ONE, "sample_list", {"database": "left_db"}, "E_ARG"),
    (NONE, "sample_list", {"component": "left", "database": "left_db"}, "E_SCOPE"),
]


@pytest.mark.parametrize(("key", "tool", "arguments", "code"), CALLS)
def test_a_call_outside_a_profile_is_refused_and_recorded(
    server: Running, key: str, tool: str, arguments: dict[str, Any], code: str | None
) -> None:
    before = len(server.audit())
    answer = Session.opened(server, key).call(tool, arguments)
    assert answer.get("code") == code
    if code is not None and key == ONE:
        assert "right" not in json.dumps(answer)
    lines = [line for line in server.audit()[before:] if line["tool"] == tool]
    assert [line["code"] for line in lines if line["decision"] != "intended"] == [code]


def test_a_tool_that_is_out_of_reach_is_not_suggested(server: Running) -> None:
    answer = Session.opened(server, NONE).call("sample_lst", {})
    assert (answer["code"], answer["allowed_values"]) == ("E_SCOPE", [])


@pytest.mark.parametrize("key", [EXPIRED, GONE])
def test_a_key_without_validity_is_a_strangers(server: Running, key: str) -> None:
    reply = post(server, LIST, key=key)
    assert (reply.status, reply.headers["www-authenticate"]) == (401, "Bearer")


def test_a_key_that_is_taken_out_is_refused_in_the_middle_of_its_session(
    pod: Pod, server: Running
) -> None:
    session, other = Session.opened(server, OTHER_KEY), Session.opened(server, READS)
    assert session.send("tools/list").status == 200
    fill(pod, *(entry for entry in ENTRIES if not entry.startswith("second:")))
    assert session.send("tools/list").status == 401
    assert other.send("tools/list").status == 200
    fill(pod, *ENTRIES)
    assert session.send("tools/list").status == 200


def test_a_key_that_is_added_is_known_without_a_restart(pod: Pod, server: Running) -> None:
    new = "key-that-comes-later"
    assert post(server, LIST, key=new).status == 401
    fill(pod, *ENTRIES, f"new:{digest(new)}")
    assert names(server, new) == names(server, ALL_KEY)


def test_two_keys_of_a_client_are_valid_while_one_takes_the_others_place(
    pod: Pod, server: Running
) -> None:
    new = "key-of-who-has-one-anew"
    fill(pod, *ENTRIES, f"one-2032:{digest(new)};profile=one")
    for key in (ONE, new):
        answer = Session.opened(server, key).call(
            "sample_list", {"component": "right", "database": "right_db"}
        )
        assert answer["code"] == "E_SCOPE"
    keys = {line["key"] for line in server.audit()}
    assert {"one-2031", "one-2032"} <= keys


def test_a_cursor_goes_on_when_another_key_comes(pod: Pod, server: Running) -> None:
    session = Session.opened(server, OTHER_KEY)
    arguments = {"component": "left", "database": "left_db", "size": 4000}
    page = session.call("sample_list", arguments)
    assert page["next_cursor"]
    fill(pod, f"new:{digest('key-that-comes-later')}", *reversed(ENTRIES))
    again = session.call("sample_list", {**arguments, "cursor": page["next_cursor"]})
    assert again["data"][0]["n"] == page["returned"]
    stolen = Session.opened(server, ALL_KEY)
    refused = stolen.call("sample_list", {**arguments, "cursor": page["next_cursor"]})
    assert refused["code"] == "E_ARG"


def test_a_file_with_a_mistake_is_told_and_keeps_whom_it_still_names(
    pod: Pod, server: Running
) -> None:
    assert json.loads(request(server, "GET", "/health").text) == {"status": "ok"}
    fill(pod, *ENTRIES[:1], "a person's slip")
    assert post(server, LIST, key=ALL_KEY).status != 401
    assert post(server, LIST, key=OTHER_KEY).status == 401
    health = request(server, "GET", "/health")
    assert (health.status, health.json) == (200, {"status": "degraded", "keys": "broken"})
    assert "entry 2 of `MCP_API_KEYS`" in server.log()
    assert "slip" not in server.log()


def test_a_stream_and_a_call_end_soon_after_their_key(pod: Pod, server: Running) -> None:
    session = Session.opened(server, OTHER_KEY)
    stream = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    headers = {"authorization": f"Bearer {OTHER_KEY}", "mcp-session-id": session.id}
    stream.request("GET", "/mcp", headers={**headers, "accept": "text/event-stream"})
    response = stream.getresponse()
    assert response.status == 200
    ended: list[float] = []

    def read() -> None:
        response.read()
        ended.append(time.monotonic())

    reader = threading.Thread(target=read)
    reader.start()
    started = time.monotonic()
    fill(pod, *(entry for entry in ENTRIES if not entry.startswith("second:")))
    reader.join(5)
    assert ended, "the stream goes on after its key is gone"
    assert ended[0] - started < 5
    assert post(server, LIST, key=ALL_KEY).status != 401


def test_a_client_of_another_form_stops_the_start(tmp_path: Path) -> None:
    pod = make_pod(tmp_path / "pod")
    topology = pod.read("topology.json")
    topology["clients"] = [{"name": "a", "links": {"sample": "everything"}, "expires": None}]
    pod.write("topology.json", topology)
    ended = start_and_fail(pod)
    assert ended.returncode == 1
    assert "topology.json" in ended.stderr
