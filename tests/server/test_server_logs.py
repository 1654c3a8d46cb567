"""Logs from pod to tool: what the generated Alloy collects is what the generated server finds.

In: the example; a Loki in which lines lie under the tenant and the labels that its Alloy's settings
give them. Out: envelopes of `loki_errors` and `loki_query_range`.
Must not know: how Alloy labels, how a tool asks.
"""

from __future__ import annotations

from collections.abc import Generator

import pytest

from generated import Generated
from log_streams import Pod, Stream, streams
from mcp_client import call
from output_checker import alloy_syntax
from pods import Running, make_pod, running
from servers import loki

pytest_plugins = ["server_fixtures"]

LINE = "ERROR the disk is full"


def pods_of(generated: Generated) -> dict[str, Pod]:
    """Return one pod of each component, as its network policy selects it."""
    found: dict[str, Pod] = {}
    for folder in sorted(generated.base("").iterdir()):
        if (folder / "networkpolicy.yaml").exists():
            (policy,) = generated.objects(folder.name, "networkpolicy.yaml")
            labels = policy["spec"]["podSelector"]["matchLabels"]
            namespace = policy["metadata"]["namespace"]
            found[folder.name] = Pod(namespace, f"{folder.name}-0", labels, ("main", "sidecar"))
    return found


@pytest.fixture(scope="module")
def pods(example_output: Generated) -> dict[str, Pod]:
    """Return the pods that Alloy is linked to."""
    return {name: pod for name, pod in pods_of(example_output).items() if name != "alloy"}


@pytest.fixture(scope="module")
def settings(example_output: Generated) -> alloy_syntax.Block:
    """Return what the chart gives to Alloy."""
    (values,) = example_output.objects("alloy", "values.yaml")
    return alloy_syntax.parse(values["alloy"]["configMap"]["content"])


@pytest.fixture(scope="module")
def collected(settings: alloy_syntax.Block, pods: dict[str, Pod]) -> list[Stream]:
    """Return the streams of the example."""
    return list(streams(settings, list(pods.values())))


@pytest.fixture(scope="module")
def server(
    tmp_path_factory: pytest.TempPathFactory, example_output: Generated, collected: list[Stream]
) -> Generator[Running]:
    """Run the example's server in front of a Loki that has a line of each stream."""
    lines = loki.Lines()
    for stream in collected:
        lines.push(LINE, stream.tenant, 10, **stream.labels)
    with loki.running(lines) as stub:
        folder = tmp_path_factory.mktemp("pod") / "pod"
        place = {"MCP_LOKI_HOST": "127.0.0.1", "MCP_LOKI_PORT": str(stub.port)}
        with running(make_pod(folder, example_output, **place)) as started:
            yield started


def test_each_container_is_one_stream_of_four_labels(
    collected: list[Stream], pods: dict[str, Pod]
) -> None:
    labels = [stream.labels for stream in collected]
    assert sorted(labels, key=str) == sorted(
        (
            {"component": name, "namespace": pod.namespace, "pod": pod.name, "container": container}
            for name, pod in pods.items()
            for container in pod.containers
        ),
        key=str,
    )


def test_lines_are_pushed_to_the_loki_that_tools_ask(
    collected: list[Stream], example_output: Generated
) -> None:
    environ = example_output.environ()
    at = f"{environ['MCP_LOKI_HOST']}:{environ['MCP_LOKI_PORT']}"
    assert {stream.url for stream in collected} == {f"http://{at}/loki/api/v1/push"}


def test_errors_of_a_component_are_found(server: Running, pods: dict[str, Pod], key: int) -> None:
    for name in sorted(pods)[::3]:
        answer = call(server, key, "loki_errors", component=name)
        found = sorted(entry["labels"]["container"] for entry in answer["data"])
        assert found == ["main", "sidecar"], (name, answer)
        assert {entry["line"] for entry in answer["data"]} == {LINE}


def test_lines_of_a_namespace_are_found(server: Running, pods: dict[str, Pod], key: int) -> None:
    query = '{namespace="monitoring", container="main"}'
    answer = call(server, key, "loki_query_range", logql=query)
    found = sorted(entry["labels"]["component"] for entry in answer["data"])
    assert found == sorted(name for name, pod in pods.items() if pod.namespace == "monitoring")


def test_a_pod_of_no_linked_component_is_not_read(
    settings: alloy_syntax.Block, pods: dict[str, Pod]
) -> None:
    kafka = pods["kafka"]
    claims = Pod(kafka.namespace, "claims", {"component": "kafka"}, ("main",))
    elsewhere = Pod("default", "elsewhere", kafka.labels, ("main",))
    assert list(streams(settings, [claims, elsewhere])) == []


def test_alloy_may_read_pods_where_it_is_linked_and_nothing_else(
    example_output: Generated, pods: dict[str, Pod]
) -> None:
    objects = example_output.objects("alloy", "roles.yaml")
    roles = [item for item in objects if item["kind"] == "Role"]
    linked = sorted({pod.namespace for pod in pods.values()})
    assert [role["metadata"]["namespace"] for role in roles] == linked
    verbs, resources = ["get", "list", "watch"], ["pods", "pods/log"]
    rules = [{"apiGroups": [""], "resources": resources, "verbs": verbs}]
    assert all(role["rules"] == rules for role in roles)
    (values,) = example_output.objects("alloy", "values.yaml")
    assert values["rbac"] == {"create": False}
