"""Two replicas behind a round-robin proxy, under load: one is replaced, then one is killed."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import httpx2
import pytest
from fastmcp import Client
from fastmcp.client.auth import BearerAuth
from fastmcp.exceptions import ToolError
from mcp.shared.exceptions import MCPError

from core_server import KEY, OTHER_KEY, Pod, Running, make_pod, running
from round_robin import RoundRobin

pytestmark = pytest.mark.anyio

NAMES = ("mcp-a", "mcp-b", "mcp-c")
DRAIN_SECONDS = 2
WORKERS = 3
FIRST_SECONDS = 1.0
LOST = (httpx2.HTTPError, MCPError, ToolError, OSError, RuntimeError)


@pytest.fixture(scope="module")
def replicas(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Running]]:
    with ExitStack() as stack:
        pods = [make_pod(tmp_path_factory.mktemp(name) / "pod") for name in NAMES]
        for name, pod in zip(NAMES, pods, strict=True):
            pod.environ |= {"STACKTIC_REPLICA": name, "STACKTIC_DRAIN_SECONDS": str(DRAIN_SECONDS)}

        def start(pod: Pod) -> Running:
            return stack.enter_context(running(pod))

        with ThreadPoolExecutor(len(pods)) as pool:
            started = list(pool.map(start, pods))
        yield started


@dataclass
class Load:
    """Mixed calls of several clients that have no session, until they are told to stop."""

    url: str
    served: int = 0
    lost: list[str] = field(default_factory=list[str])
    slowest: float = 0.0
    stopped: bool = False

    async def work(self, key: str) -> None:
        while not self.stopped:
            try:
                async with Client(self.url, auth=BearerAuth(key), mode="2026-07-28") as client:
                    await self._call(client)
            except LOST as error:
                self.lost.append(f"connecting: {type(error).__name__}")

    async def _call(self, client: Client[Any]) -> None:
        calls = [
            ("sample_list", {"database": "app_db", "size": 400}),
            ("sample_wait", {"seconds": 0.1}),
            ("sample_list", {"database": "sample_db", "view": "parts"}),
        ]
        # A client keeps its connections for a while, then begins anew.
        for name, arguments in calls * 4:
            started = time.monotonic()
            try:
                await client.call_tool(name, arguments)
            except LOST as error:
                self.lost.append(f"{name}: {error}")
                return
            if self.stopped:
                return
            self.served += 1
            self.slowest = max(self.slowest, time.monotonic() - started)


async def test_a_rolling_update_loses_no_call_and_a_killed_replica_only_its_own(
    replicas: list[Running], record_property: Any
) -> None:
    old, stays, new = replicas
    proxy = RoundRobin()
    proxy.add(old.port, stays.port)
    async with proxy.serving():
        await proxy.until_ready(2)
        load = Load(f"http://127.0.0.1:{proxy.port}/mcp")
        keys = (KEY, OTHER_KEY) * WORKERS
        workers = [asyncio.create_task(load.work(key)) for key in keys]
        await asyncio.sleep(FIRST_SECONDS)
        # The new one is ready before the old one is told to go.
        proxy.add(new.port)
        await proxy.until_ready(3)
        old.process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(old.process.wait, 20) == -signal.SIGTERM
        await asyncio.sleep(FIRST_SECONDS)
        assert load.lost == []
        rolled = load.served
        assert {server.port: bool(calls(server)) for server in replicas} == {
            server.port: True for server in replicas
        }
        new.process.kill()
        await asyncio.sleep(FIRST_SECONDS)
        load.stopped = True
        await asyncio.gather(*workers)
    figures = {
        "served in the update": rolled,
        "lost in the update": 0,
        "served in all": load.served,
        "lost by the kill": len(load.lost),
        "slowest call in s": round(load.slowest, 2),
    }
    record_property("figures", figures)
    print(figures)
    # Whoever had a connection to the killed one loses that call, or finds the door shut until its
    # absence is known; whoever tries again is served by the other one.
    assert load.served > rolled
    assert sum(len(calls(server)) for server in replicas) >= load.served
    for server in replicas:
        assert {line["decision"] for line in calls(server)} <= {"allowed", "failed"}


def calls(server: Running) -> list[dict[str, Any]]:
    return [line for line in server.audit() if line["method"] == "tools/call"]
