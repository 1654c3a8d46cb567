"""The generated MCP server with the real agent behind it: every topology tool, prompt and resource.

In: the page's stack, generated; its MCP server; the real agent with real servers behind it.
Out: what an MCP client reads.
Must not know: how the server speaks to the agent.
"""

from __future__ import annotations

import json
import re
from collections.abc import Generator, Iterator
from itertools import cycle
from typing import Any

import pytest
from mcp_types import TextContent, TextResourceContents

from generated import Generated
from mcp_client import McpClient, call, with_client
from page_stack import (
    DATABASE_CHECK,
    DATABASES,
    GATEWAY_CHECK,
    LISTED,
    PODS_CHECK,
    PUBLISHED,
    SCRAPED_BY,
)
from page_world import Page
from pods import KEYS, Running, make_pod, running

pytest_plugins = ["page_fixtures"]

PROMPTS: dict[str, dict[str, str]] = {
    "diagnose_component": {"component_name": "kafka"},
    "explain_stack": {},
    "incident_response": {"symptom": "orders are slow"},
    "trace_data_flow": {"source": "fastapi", "destination": "cnpg"},
    "run_validation": {},
    "check_logs": {"component_name": "kafka"},
}
RESOURCES = ["stack://dna", "stack://guide/api", "stack://live/summary", "stack://live/structure"]
TOOLS = {
    "query_topology": {"source": "kafka"},
    "run_test": {"source": "kafka", "command": PODS_CHECK},
    "list_components": {},
    "get_component": {"name": "cnpg"},
    "get_component_links": {"component": "kafka"},
    "get_stack_structure": {},
    "get_available_fields": {"component": "cnpg"},
    "blast_radius": {"component": "kafka"},
    "find_path": {"from": "apisix", "to": "cnpg"},
    "explain_access": {"tool": "query_topology"},
    "get_stack_dna": {"detail": "full"},
}


_numbers: Iterator[int] = cycle(range(KEYS))


@pytest.fixture
def key() -> int:
    """Return the number of a key that no test before has used, so that no rate is shared."""
    return next(_numbers)


@pytest.fixture(scope="module")
def server(
    tmp_path_factory: pytest.TempPathFactory, page_output: Generated, page: Page
) -> Generator[Running]:
    where = {"MCP_STACK_AGENT_HOST": "127.0.0.1", "MCP_STACK_AGENT_PORT": str(page.agent.port)}
    pod = make_pod(tmp_path_factory.mktemp("mcp") / "pod", page_output, **where)
    pod.fill({"MCP_STACK_AGENT_KEY": page.agent.setup.key})
    with running(pod) as started:
        yield started


def prompt(server: Running, key: int, name: str) -> str:
    """Return the text of a prompt."""

    async def got(client: McpClient) -> str:
        (message,) = (await client.get_prompt(name, PROMPTS[name])).messages
        assert isinstance(message.content, TextContent)
        return message.content.text

    return with_client(server, key, got)


def resource(server: Running, key: int, uri: str) -> str:
    """Return the text of a resource."""

    async def read(client: McpClient) -> str:
        (content,) = await client.read_resource(uri)
        assert isinstance(content, TextResourceContents)
        return content.text

    return with_client(server, key, read)


def test_kafka_is_diagnosed_as_the_page_prints_it(server: Running, key: int) -> None:
    steps = prompt(server, key, "diagnose_component")
    for step in ('target="component"', 'target="links_to"', 'target="links_from"', "run_test("):
        assert step in steps
    asked = [
        call(server, key, "query_topology", source="kafka", target=target)["data"]
        for target in ("component", "links_to", "links_from")
    ]
    assert asked == [[LISTED[0]], [], SCRAPED_BY]
    tested = call(server, key, "run_test", source="kafka", command=PODS_CHECK)
    assert (tested["data"]["status"], tested["data"]["output"]) == ("passed", "9 running")


def test_the_examples_of_queries(server: Running, key: int) -> None:
    listed = call(server, key, "list_components")["data"]
    assert all(row in listed for row in LISTED)
    select = ["database", "username", "consumers"]
    body: dict[str, Any] = {"source": "type:cnpg", "target": "sub_components"}
    assert call(server, key, "query_topology", **body, select=select)["data"] == DATABASES
    tested = call(server, key, "run_test", **body, command=DATABASE_CHECK % '"SELECT 1"')["data"]
    assert tested == {
        "status": "passed",
        "results": [
            {"name": row["database"], "status": "passed", "output": "1"} for row in DATABASES
        ],
    }
    gateway: dict[str, Any] = {"source": "apisix", "target": "links_to", "dry_run": True}
    shown = call(server, key, "query_topology", **gateway, command=GATEWAY_CHECK)
    assert (shown["data"], shown["returned"]) == (PUBLISHED, 3)


@pytest.mark.parametrize("tool", TOOLS)
def test_every_tool_answers(server: Running, key: int, tool: str) -> None:
    answer = call(server, key, tool, **TOOLS[tool])
    assert "code" not in answer, answer
    assert answer["link"] == "stack-agent"
    assert answer["data"], answer
    assert answer["truncated_by"] is None


def test_tools_say_what_the_agent_says(server: Running, key: int, page: Page) -> None:
    structure = page.agent.send("GET", "/metadata/structure").json()
    assert call(server, key, "get_stack_structure")["data"] == structure
    fields = page.agent.send("GET", "/metadata/fields/cnpg").json()
    assert call(server, key, "get_available_fields", component="cnpg")["data"] == fields
    links = call(server, key, "get_component_links", component="kafka")["data"]
    assert links == [{"direction": "from", **SCRAPED_BY[0]}]
    component = call(server, key, "get_component", name="cnpg")["data"]
    assert component["component"] == LISTED[1]
    assert component["attributes"] == page.agent.ask("cnpg", target="attributes")["results"]


@pytest.mark.parametrize("component", ["kafka", "cnpg", "valkey"])
def test_blast_radius_and_paths_are_the_agents(
    server: Running, key: int, page: Page, component: str
) -> None:
    hops = call(server, key, "blast_radius", component=component, max_depth=20)["data"]
    assert hops == page.agent.ask(component, target="blast_radius")["results"]
    asked = page.agent.ask("apisix", target="path", where={"to": "cnpg"})["results"]
    assert call(server, key, "find_path", **{"from": "apisix", "to": "cnpg"})["data"] == asked


def test_pages_of_an_answer_follow_each_other(server: Running, key: int, page: Page) -> None:
    names: list[str] = []
    body: dict[str, Any] = {"limit": 4}
    while True:
        answer = call(server, key, "list_components", **body)
        names += [row["name"] for row in answer["data"]]
        if answer["next_cursor"] is None:
            break
        body = {"limit": 4, "cursor": answer["next_cursor"]}
    assert names == [item["name"] for item in page.world.metadata["components"]]


def test_a_refusal_of_the_agent_reaches_the_caller(server: Running, key: int) -> None:
    refused = call(server, key, "run_test", source="kafka", command="rm -rf {host}")
    assert refused["code"] == "E_ARG"
    assert refused["hint"].startswith("E_PROGRAM (position 0): `rm` is not a program")


def test_a_failing_check_is_an_answer(server: Running, key: int, page: Page) -> None:
    command = PODS_CHECK.replace("-gt 0", "-gt 99")
    data = call(server, key, "run_test", source="kafka", command=command)["data"]
    assert (data["status"], data["output"]) == ("failed", "9 running")


@pytest.mark.parametrize("name", PROMPTS)
def test_every_prompt_has_steps(server: Running, key: int, name: str) -> None:
    assert "\n1. " in prompt(server, key, name)


def checks_of(text: str) -> list[tuple[str, str, str]]:
    """Return source, target and command of every check that a text tells to run."""
    calls = re.findall(r"(?:run_test|query_topology)\((.*?)\)`", text)
    found = [dict(re.findall(r'(\w+)="(.*?)"(?=, \w+=|$)', arguments)) for arguments in calls]
    checks = [item for item in found if "command" in item]
    return [(item["source"], item.get("target", "component"), item["command"]) for item in checks]


def ensure_understood(server: Running, source: str, target: str, command: str) -> None:
    """Show a check; each time with another key, so that no rate is shared."""
    arguments = {"source": source, "target": target, "command": command, "dry_run": True}
    shown = call(server, next(_numbers), "run_test", **arguments)
    assert "code" not in shown, (command, shown)
    assert shown["data"], command


def test_the_checks_of_prompts_are_understood(server: Running) -> None:
    """A playbook must not tell to run what the agent then refuses."""
    texts = [prompt(server, next(_numbers), name) for name in PROMPTS]
    checks = {check for text in texts for check in checks_of(text)}
    assert {command.split()[0] for _, _, command in checks} >= {"kubectl", "nc", "valkey-cli"}
    for source, target, command in sorted(checks):
        ensure_understood(server, source, target, command)


def test_the_checks_of_the_guide_are_understood(server: Running, key: int) -> None:
    sources = {
        "psql": ("cnpg", "sub_components"),
        "valkey-cli": ("valkey", "component"),
        "{subdomain}": ("apisix", "links_to"),
    }
    checks = re.findall(r"^- `(.+)`$", resource(server, key, "stack://guide/api"), re.MULTILINE)
    assert len(checks) >= 2
    for command in checks:
        program = next((name for name in sources if name in command), "")
        ensure_understood(server, *sources.get(program, ("kafka", "component")), command)


def test_every_resource_is_read(server: Running, key: int, page: Page) -> None:
    dna, guide, summary, structure = (resource(server, key, uri) for uri in RESOURCES)
    assert dna.startswith("# Stack DNA of stack-3, normal\n")
    assert "# Stack stack-3" in guide
    counted = json.loads(summary)
    assert counted["components"] == len(page.world.metadata["components"])
    assert json.loads(structure) == page.agent.send("GET", "/metadata/structure").json()


def test_no_secret_is_in_audit_or_log(server: Running, key: int, page: Page) -> None:
    text = b"\n".join(server.audit()).decode() + server.log() + page.agent.log()
    for value in (*page.world.secrets.values(), page.agent.setup.key):
        assert value not in text
