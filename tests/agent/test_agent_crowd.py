"""Fifty clients at once: each gets its own answer, and none waits for another's slow check.

In: an agent whose programs are actors.
Out: answers, their order of completion, and how many programs ran together.
Must not know: how work is shared out.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from agent_process import Agent, wait_until
from check_recorder import Recorder
from world import World

pytest_plugins = ["agent_fixtures"]

CLIENTS = 50
AT_ONCE = 4
WAITING_CALLS = 64
SECONDS = 120.0
PODS = "kubectl get pods -n {namespace} -l do="


async def ask(client: httpx.AsyncClient, body: dict[str, Any]) -> dict[str, Any]:
    """Ask one question that is answered."""
    reply = await client.post("/metadata/q", json=body)
    assert reply.status_code == 200, reply.text
    return reply.json()


def together[T](agent: Agent, works: list[Callable[[httpx.AsyncClient], Awaitable[T]]]) -> list[T]:
    """Do all works at once, each on a connection of its own; the answers in their order."""

    async def one(work: Callable[[httpx.AsyncClient], Awaitable[T]]) -> T:
        async with httpx.AsyncClient(
            base_url=agent.url, headers=agent.headers(), timeout=SECONDS, trust_env=False
        ) as client:
            return await work(client)

    async def all_works() -> list[T]:
        return await asyncio.gather(*map(one, works))

    return asyncio.run(all_works())


def test_each_client_gets_the_answer_to_its_question(
    acting: Agent, recorder: Recorder, acting_world: World
) -> None:
    components = acting_world.metadata["components"]
    asked = [components[number % len(components)] for number in range(CLIENTS)]

    async def query(client: httpx.AsyncClient, name: str) -> dict[str, Any]:
        return await ask(client, {"source": name, "select": ["name", "namespace", "host"]})

    async def check(client: httpx.AsyncClient, name: str) -> dict[str, Any]:
        return await ask(client, {"source": name, "command": PODS + "facts"})

    def work(number: int) -> Callable[[httpx.AsyncClient], Awaitable[dict[str, Any]]]:
        kind, name = (query, check)[number % 2], asked[number]["name"]
        return lambda client: kind(client, name)

    answers = together(acting, [work(number) for number in range(CLIENTS)])
    for number, (item, answer) in enumerate(zip(asked, answers, strict=True)):
        (result,) = answer["results"]
        assert result["name"] == item["name"]
        if number % 2:
            facts = json.loads(result["output"])
            assert facts["argv"][:4] == ["get", "pods", "-n", item["namespace"]]
        else:
            expected = {name: item[name] for name in ("name", "namespace", "host")}
            assert result == expected
    wait_until(lambda: len(recorder.ended) == CLIENTS // 2)
    assert len(recorder.told) == CLIENTS // 2
    assert recorder.together() <= AT_ONCE


def test_passwords_are_not_mixed_up(acting: Agent, acting_world: World) -> None:
    psql = "psql -h {host} -U {username} -d {database} -c \"SELECT 'facts'\""
    body = {"source": "cnpg", "target": "sub_components", "command": psql, "select": ["database"]}

    async def check(client: httpx.AsyncClient) -> dict[str, Any]:
        return await ask(client, body)

    seen: dict[str, set[str]] = {}
    for answer in together(acting, [check] * 10):
        for result in answer["results"]:
            facts = json.loads(result["output"])
            assert facts["argv"][facts["argv"].index("-d") + 1] == result["database"]
            seen.setdefault(result["database"], set()).add(facts["hash"])
    assert sorted(seen) == ["app_db", "keycloak_db"]
    assert [len(hashes) for hashes in seen.values()] == [1, 1]
    assert seen["app_db"] != seen["keycloak_db"]


def let_go_when(recorder: Recorder, holds: Callable[[], bool]) -> Callable[..., Awaitable[None]]:
    """Return a work that lets the programs that wait end as soon as something holds."""

    async def work(_: httpx.AsyncClient) -> None:
        await asyncio.to_thread(wait_until, holds)
        recorder.let_go()

    return work


def test_no_more_than_four_programs_run_at_once(acting: Agent, recorder: Recorder) -> None:
    statuses: list[str] = []

    async def check(client: httpx.AsyncClient) -> None:
        statuses.append(
            (await ask(client, {"source": "kafka", "command": PODS + "held"}))["status"]
        )

    free = let_go_when(recorder, lambda: recorder.alive == AT_ONCE)
    together(acting, [free, *[check] * CLIENTS])
    assert statuses == ["passed"] * CLIENTS
    wait_until(lambda: len(recorder.ended) == CLIENTS)
    assert recorder.together() == AT_ONCE


def test_the_records_of_one_call_share_the_limit(
    acting: Agent, recorder: Recorder, acting_world: World
) -> None:
    names = [item["name"] for item in acting_world.metadata["components"]]

    async def check(client: httpx.AsyncClient) -> None:
        answer = await ask(client, {"source": "all", "command": PODS + "held"})
        assert answer["status"] == "passed"
        assert [result["name"] for result in answer["results"]] == names

    together(acting, [let_go_when(recorder, lambda: recorder.alive == AT_ONCE), check])
    wait_until(lambda: len(recorder.ended) == len(names))
    assert recorder.together() == AT_ONCE


@pytest.mark.parametrize("checks", [1, AT_ONCE])
def test_slow_checks_hold_no_query_up(acting: Agent, recorder: Recorder, checks: int) -> None:
    """Judged by the order of completion: all queries end while the checks still run."""
    ended: list[str] = []
    queries = CLIENTS - checks

    async def slow(client: httpx.AsyncClient) -> None:
        answer = await ask(client, {"source": "kafka", "command": PODS + "held"})
        assert answer["output"] == "done"
        ended.append("check")

    async def query(client: httpx.AsyncClient) -> None:
        await asyncio.to_thread(wait_until, lambda: recorder.alive == checks)
        for source in ("all", "type:cnpg", "kafka"):
            await ask(client, {"source": source, "target": "links_from"})
        ended.append("query")

    free = let_go_when(recorder, lambda: len(ended) == queries)
    together(acting, [free, *[slow] * checks, *[query] * queries])
    assert ended == ["query"] * queries + ["check"] * checks


def test_a_long_call_leaves_places_for_others(acting: Agent, recorder: Recorder) -> None:
    """Forty places are asked for by one call before another asks for one: they take turns."""
    ended: list[str] = []

    async def long(client: httpx.AsyncClient) -> None:
        body = {"source": "all", "target": "links_to", "limit": 40, "command": PODS + "slow-400"}
        assert len((await ask(client, body))["results"]) == 40
        ended.append("long")

    async def short(client: httpx.AsyncClient) -> None:
        await asyncio.to_thread(wait_until, lambda: recorder.alive >= AT_ONCE)
        await ask(client, {"source": "kafka", "command": PODS + "slow-10"})
        ended.append("short")

    together(acting, [long, short])
    assert ended == ["short", "long"]


@pytest.mark.parametrize("beyond", [12])
def test_too_many_waiting_calls_are_refused_at_once(
    acting: Agent, recorder: Recorder, beyond: int
) -> None:
    """None ends before the last of those that are too many was refused."""
    refused: list[dict[str, Any]] = []

    async def check(client: httpx.AsyncClient) -> None:
        reply = await client.post("/metadata/q", json={"source": "kafka", "command": PODS + "held"})
        if reply.status_code == 503:
            refused.append(reply.json())

    free = let_go_when(recorder, lambda: len(refused) == beyond)
    together(acting, [free, *[check] * (WAITING_CALLS + beyond)])
    assert len(refused) == beyond
    assert all(answer["error"]["code"] == "E_LIMIT" for answer in refused)
    wait_until(lambda: len(recorder.told) == WAITING_CALLS and recorder.alive == 0)
    assert acting.ask("kafka", command=PODS + "lines-1")["status"] == "passed"
