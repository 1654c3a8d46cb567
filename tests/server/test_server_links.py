"""What is drawn is what is served: tools, prompts and resources of the generated server.

In: the example, and the example with one link of the MCP server fewer.
Out: the lists that an ordinary MCP client sees.
Must not know: what a tool answers.
"""

from __future__ import annotations

from collections.abc import Generator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from mcp_types import TextContent, TextResourceContents

from generated import Generated, example, generate, linked_components, without_link
from mcp_client import McpClient, call, listed, offered, with_client
from pods import Pod, Running, make_pod, running

pytest_plugins = ["server_fixtures"]

PROMPTS: dict[str, dict[str, str]] = {
    "diagnose_component": {"component_name": "kafka"},
    "explain_stack": {},
    "incident_response": {"symptom": "orders are late"},
    "trace_data_flow": {"source": "apisix", "destination": "cnpg"},
    "run_validation": {},
    "check_logs": {"component_name": "kafka"},
}
AT_ONCE = 4
RESOURCES = {"stack://dna", "stack://guide/api", "stack://live/summary", "stack://live/structure"}
PRODUCT_PAGE = {
    "stack-agent": "query_topology run_test list_components get_stack_structure "
    "get_available_fields get_component_links",
    "cnpg": "cnpg_list_databases cnpg_query cnpg_table_stats cnpg_describe_table cnpg_list_tables",
    "prometheus": "prom_query prom_query_range prom_alerts prom_targets prom_rules "
    "prom_label_values prom_series",
    "grafana": "grafana_list_dashboards grafana_get_dashboard grafana_list_datasources "
    "grafana_get_alerts grafana_list_folders",
    "loki": "loki_query loki_query_range loki_labels loki_label_values loki_series",
    "clickhouse": "ch_list_databases ch_list_tables ch_describe_table ch_query ch_table_stats",
    "valkey": "valkey_info valkey_dbsize valkey_scan_keys valkey_get valkey_type_and_ttl "
    "valkey_hgetall valkey_set valkey_delete",
    "argo-cd": "argocd_list_applications argocd_get_application argocd_get_app_resources "
    "argocd_list_projects argocd_get_app_events",
    "seaweedfs": "s3_list_buckets s3_list_objects s3_get_object s3_read_text s3_bucket_stats",
}


def test_what_is_listed_is_what_was_reviewed(
    example_server: Running, example_output: Generated, key: int
) -> None:
    """The texts that a model sees are those of the stack's document, word for word."""
    lock = example_output.reviewed()
    reviewed = {tool["name"]: tool for tool in lock["servers"]["fastmcp"]["tools"]}
    tools = offered(example_server, key)
    assert {tool.name for tool in tools} == reviewed.keys()
    for tool in tools:
        texts = reviewed[tool.name]
        envelope = lock["envelope"]
        if "data_schema" in texts:
            properties = {**envelope["properties"], "data": texts["data_schema"]}
            envelope = {**envelope, "properties": properties}
        assert tool.description == texts["description"]
        assert tool.input_schema == texts["input_schema"]
        assert tool.output_schema == envelope
        hints = tool.annotations
        assert hints is not None
        assert hints.destructive_hint == texts["destructive"]
        assert hints.read_only_hint == (texts["class"] == "read")


def test_exactly_the_locked_tools_are_listed(
    example_output: Generated, example_server: Running, key: int
) -> None:
    served = listed(example_server, key)
    assert served.keys() == example_output.tools().keys()
    assert set[str]().union(*example_output.tools().values()) == set(linked_components())


@pytest.mark.parametrize("component", PRODUCT_PAGE)
def test_every_tool_of_the_product_page_comes_with_its_link(
    example_output: Generated, component: str
) -> None:
    tools = example_output.tools()
    for name in PRODUCT_PAGE[component].split():
        assert tools[name] == {component}


def prompt_texts(client_server: Running, key: int) -> dict[str, str]:
    async def texts(client: McpClient) -> dict[str, str]:
        found: dict[str, str] = {}
        for prompt in await client.list_prompts():
            result = await client.get_prompt(prompt.name, PROMPTS[prompt.name])
            content = result.messages[0].content
            assert isinstance(content, TextContent)
            found[prompt.name] = content.text
        return found

    return with_client(client_server, key, texts)


def resource_texts(client_server: Running, key: int) -> dict[str, str]:
    async def texts(client: McpClient) -> dict[str, str]:
        found: dict[str, str] = {}
        for resource in await client.list_resources():
            (content,) = await client.read_resource(str(resource.uri))
            assert isinstance(content, TextResourceContents)
            found[str(resource.uri)] = content.text
        return found

    return with_client(client_server, key, texts)


def test_six_prompts_speak_of_what_is_linked(example_server: Running, key: int) -> None:
    texts = prompt_texts(example_server, key)
    assert texts.keys() == PROMPTS.keys()
    assert 'query_topology(source="kafka", target="links_from")' in texts["diagnose_component"]
    assert "loki_query_range" in texts["check_logs"]
    assert "prom_query_range" in texts["check_logs"]
    assert "there is no Loki link" not in texts["check_logs"]


def test_three_resources_can_be_read(example_server: Running, key: int) -> None:
    texts = resource_texts(example_server, key)
    assert texts.keys() == RESOURCES
    assert "query_topology" in texts["stack://guide/api"]
    for name in ("kafka", "cnpg", "apisix"):
        assert name in texts["stack://live/structure"]


@dataclass(frozen=True)
class Seen:
    """What a client saw of one server."""

    generated: Generated
    pod: Pod
    tools: set[str]
    prompts: dict[str, str]
    refusal: dict[str, Any]


def see(folder: Path, target: str, gone: set[str], key: int) -> Seen:
    """Generate without one link, start the server, look at it, stop it."""
    generated = generate(folder / "stack", without_link(example(), target))
    pod = make_pod(folder / "pod", generated)
    with running(pod) as server:
        name = min(gone, default="absent_tool")
        refusal = call(server, key, name)
        return Seen(generated, pod, set(listed(server, key)), prompt_texts(server, key), refusal)


@pytest.fixture(scope="module")
def seen(
    tmp_path_factory: pytest.TempPathFactory, example_output: Generated
) -> Generator[dict[str, Future[Seen]]]:
    """Look at all stacks with one link fewer, a few at a time."""
    folder = tmp_path_factory.mktemp("links")
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield {
            target: pool.submit(see, folder / target, target, only(example_output, target), number)
            for number, target in enumerate(linked_components())
        }


def only(generated: Generated, component: str) -> set[str]:
    """Return the tools that reach this component alone."""
    return {name for name, links in generated.tools().items() if links == {component}}


@pytest.mark.parametrize("target", linked_components())
def test_without_a_link_its_tools_are_gone_and_the_rest_stays(
    seen: dict[str, Future[Seen]], example_output: Generated, target: str
) -> None:
    gone = only(example_output, target)
    assert gone
    found = seen[target].result()
    assert found.tools == example_output.tools().keys() - gone
    assert found.refusal["code"] == "E_SCOPE"
    assert traces(found.pod, target) == []
    # Prompts come with the link to the agent.
    assert found.prompts.keys() == (set() if target == "stack-agent" else PROMPTS.keys())


def test_without_a_loki_link_check_logs_says_so(seen: dict[str, Future[Seen]]) -> None:
    text = seen["loki"].result().prompts["check_logs"]
    assert "no Loki link is drawn in this stack" in text
    assert "loki_labels()" not in text
    assert 'explain_access(tool="loki_query_range")' in text


def test_a_gateway_gives_a_way_in_and_no_tool(tmp_path: Path, example_output: Generated) -> None:
    text = example().replace("to: [fastapi, fastmcp, grafana, langflow]", "to: [fastapi, grafana]")
    assert text != example()
    unpublished = generate(tmp_path / "stack", text)
    assert unpublished.lock()["tools"] == example_output.lock()["tools"]


def traces(pod: Pod, component: str) -> list[str]:
    """Return what still belongs to a link that is gone: files, plain settings, credentials."""
    words = {"argo-cd": "argocd", "seaweedfs": "s3", "stack-agent": "topology"}
    word = words.get(component, component)
    files = [path.name for path in pod.tool_files(word)]
    service = {"stack-agent": "STACK_AGENT"}.get(component, word.upper())
    settings = [name for name in pod.environ if name.startswith(f"MCP_{service}_")]
    secrets = [path.name for path in pod.secrets.iterdir() if f"MCP_{service}_" in path.name]
    return files + settings + secrets


def test_traces_of_a_link_are_found_where_the_link_is(
    tmp_path: Path, example_output: Generated
) -> None:
    pod = make_pod(tmp_path / "pod", example_output)
    for component in linked_components():
        assert len(traces(pod, component)) >= 3
