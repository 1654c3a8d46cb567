"""Metrics: what is counted, under which names, and who may read it."""

from __future__ import annotations

import urllib.error
import urllib.request
from pathlib import Path

import pytest

from core_client import post
from core_server import free_port, make_pod, running
from stacktic_mcp.core.calls import Call
from stacktic_mcp.core.metrics import MAX_NAMES, Metrics, degraded
from stacktic_mcp.core.metrics_port import PORT_SETTING, expiries
from stacktic_mcp.core.settings import Settings

DIGEST = "a" * 64


def call(key: str = "ci", link: str = "cnpg", code: str | None = None) -> Call:
    made = Call(method="tools/call", key_name=key, link=link)
    if code is not None:
        made.deny(code)
    return made


def samples(text: str) -> dict[str, float]:
    """Return each sample of a text by its name and labels."""
    rows = [line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, value in rows}


def test_calls_and_refusals_are_told_apart_by_key_and_link() -> None:
    metrics = Metrics()
    metrics.count(call(), 30)
    metrics.count(call(), 40_000)
    metrics.count(call(link="", code="E_SCOPE"), 1)
    metrics.count(Call(method="tools/list", key_name="ci"), 1)
    door = Call(method="POST /mcp")
    door.deny("HTTP_401")
    metrics.count(door, 1)
    told = samples(metrics.text())
    assert told['stacktic_mcp_calls_total{key="ci",link="cnpg",decision="allowed"}'] == 2
    assert told['stacktic_mcp_calls_total{key="ci",link="none",decision="denied"}'] == 1
    assert told['stacktic_mcp_refusals_total{key="ci",code="E_SCOPE"}'] == 1
    assert told['stacktic_mcp_refusals_total{key="none",code="HTTP_401"}'] == 1
    assert told['stacktic_mcp_call_seconds_bucket{link="cnpg",le="0.025"}'] == 0
    assert told['stacktic_mcp_call_seconds_bucket{link="cnpg",le="0.1"}'] == 1
    assert told['stacktic_mcp_call_seconds_bucket{link="cnpg",le="30.0"}'] == 1
    assert told['stacktic_mcp_call_seconds_bucket{link="cnpg",le="+Inf"}'] == 2
    assert told['stacktic_mcp_call_seconds_count{link="cnpg"}'] == 2
    assert told['stacktic_mcp_call_seconds_sum{link="cnpg"}'] == pytest.approx(40.03)


def test_names_are_bounded_and_quoted() -> None:
    metrics = Metrics()
    for number in range(MAX_NAMES + 50):
        metrics.count(call(key=f"k{number}"), 1)
    metrics.count(call(key='a"\n\\'), 1)
    told = samples(metrics.text())
    calls = [name for name in told if name.startswith("stacktic_mcp_calls_total")]
    assert len(calls) == MAX_NAMES + 1
    assert told['stacktic_mcp_calls_total{key="others",link="cnpg",decision="allowed"}'] == 51
    quoted = Metrics()
    quoted.count(call(key='a"\n\\'), 1)
    assert 'key="a\\"\\n\\\\"' in quoted.text()


def test_parts_of_health_have_series_before_they_are_ill() -> None:
    assert degraded(("audit",), lambda: {"status": "ok"}) == {(("part", "audit"),): 0}
    ill = degraded(("audit",), lambda: {"status": "degraded", "rights": "wider"})
    assert ill == {(("part", "audit"),): 0, (("part", "rights"),): 1}


def test_the_end_of_each_key_is_told(tmp_path: Path) -> None:
    settings = Settings({}, secret_directory=tmp_path)
    assert expiries(settings) == {}
    entries = [
        f"one:{'1' * 64}",
        f"two:{'2' * 64};expires=1970-01-02T00:00:10Z",
        f" three:{'3' * 64};expires=1970-01-01;profile=desk",
        f"five:{'5' * 64};expires=1970-01-01T00:00:01Z;profile=x",
    ]
    (tmp_path / "MCP_API_KEYS").write_text(",".join(entries), encoding="utf-8")
    ends = {dict(labels)["key"]: end for labels, end in expiries(settings).items()}
    assert ends == {"two": 86410.0, "three": 86400.0, "five": 1.0}


def test_of_keys_with_a_mistake_nothing_is_told(tmp_path: Path) -> None:
    """`/health` says that they are broken."""
    (tmp_path / "MCP_API_KEYS").write_text(f"four:{DIGEST};expires=1970-02-31", encoding="utf-8")
    assert expiries(Settings({}, secret_directory=tmp_path)) == {}


def fetch(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_a_port_of_their_own_and_no_other_path(tmp_path: Path) -> None:
    pod = make_pod(tmp_path)
    port = free_port()
    pod.environ[PORT_SETTING] = str(port)
    with running(pod) as server:
        assert fetch(server.port, "/metrics")[0] == 401
        assert fetch(port, "/mcp")[0] == 404
        assert fetch(port, "/metrics/x")[0] == 404
        post(server, {"method": "ping"}, key="nobody-knows-this-key")
        status, text = fetch(port, "/metrics")
    told = samples(text)
    assert status == 200
    assert told['stacktic_mcp_refusals_total{key="none",code="HTTP_401"}'] == 2
    assert told['stacktic_mcp_degraded{part="audit"}'] == 0
    assert told["stacktic_mcp_sessions"] == 0
    assert "nobody-knows" not in text
