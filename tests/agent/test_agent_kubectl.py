"""Checks of pods with the real kubectl, against an API server that refuses what Kubernetes refuses.

In: the page's stack, kubectl, a stub of the API server.
Out: outcomes, and everything that the API server was asked.
Must not know: how kubectl is started.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

import pytest

from agent_process import running_agent
from cluster_stub import TOKEN, Pod
from page_stack import PODS_CHECK
from page_world import Page

pytest_plugins = ["page_fixtures"]

PODS = "kubectl get pods -n {namespace}"
# Where kubectl keeps what it has discovered, were it not told otherwise: below the home that the
# agent gives it, below the folder it runs in, or below root's own.
CACHES = [Path("/nonexistent"), Path("/.kube"), Path.home() / ".kube", Path("/tmp/.kube")]


@pytest.fixture
def broken(page: Page) -> Generator[Page]:
    """Let the pods of Kafka be in a bad way."""
    healthy = page.cluster.pods["kafka"]
    page.cluster.pods["kafka"] = [Pod("kafka-dual-role-0", phase="CrashLoopBackOff")]
    yield page
    page.cluster.pods["kafka"] = healthy


def test_running_pods_are_counted(page: Page) -> None:
    answer = page.agent.ask("kafka", command=PODS_CHECK)
    result = {"name": "kafka", "status": "passed", "output": "9 running"}
    assert answer == {
        "status": "passed",
        "results": [result],
        "output": "9 running",
        "next_cursor": None,
    }


def test_no_running_pod_fails_and_is_diagnosed(broken: Page) -> None:
    answer = broken.agent.ask("kafka", command=PODS_CHECK, on_failure=f"{PODS} -o wide")
    assert (answer["status"], answer["output"]) == ("failed", "0 running")
    diagnosis = answer["results"][0]["on_failure"]
    assert diagnosis["status"] == "passed"
    assert diagnosis["output"].split() == [
        *("NAME", "READY", "STATUS", "RESTARTS", "AGE", "IP", "NODE"),
        *("kafka-dual-role-0", "0/1", "CrashLoopBackOff", "0", "1d", "10.0.0.1", "node-1"),
    ]


def test_what_passed_is_verified_after_a_while(page: Page) -> None:
    answer = page.agent.ask(
        "kafka",
        command=PODS_CHECK,
        verify_delay=1,
        on_success=f"{PODS} --no-headers | grep -v Running",
    )
    assert answer["status"] == "passed"
    verified = answer["results"][0]["on_success"]
    assert verified["output"].split()[:3] == ["kafka-upgrade-x8k2p", "0/1", "Completed"]


def test_a_selector_and_names_reach_the_server(page: Page) -> None:
    page.cluster.requests.clear()
    command = f"{PODS} -l cnpg.io/cluster=cluster-db -o name"
    assert page.agent.ask("cnpg", command=command)["output"] == "pod/cluster-db-1"
    method, target = page.cluster.requests[-1]
    assert method == "GET"
    assert target.startswith(
        "/api/v1/namespaces/db/pods?labelSelector=cnpg.io%2Fcluster%3Dcluster-db"
    )


def test_no_pods_at_all_is_an_answer_and_no_pass(page: Page) -> None:
    answer = page.agent.ask("cnpg", command=PODS_CHECK.replace("--no", "-l nothing=here --no"))
    assert (answer["status"], answer["output"]) == ("failed", "0 running")


def test_a_namespace_that_is_not_granted_fails(page: Page) -> None:
    answer = page.agent.ask("prometheus", command=PODS)
    assert answer["status"] == "failed"
    assert "Error from server (Forbidden): pods is forbidden" in answer["output"]
    counted = page.agent.ask("prometheus", command=PODS_CHECK.replace("-gt", "-eq"))
    assert counted["status"] == "failed", "no answer counted as no pods"


def test_a_token_that_is_not_known_fails(page: Page, tmp_path: Path) -> None:
    wrong = page.cluster.kubeconfig(token="another-token")
    with running_agent(replace(page.world, folder=tmp_path).setup(KUBECONFIG=str(wrong))) as agent:
        answer = agent.ask("kafka", command=PODS_CHECK)
        assert answer["status"] == "failed"
        assert "another-token" not in str(answer) + agent.log()


def test_without_an_identity_the_check_fails(page: Page, tmp_path: Path) -> None:
    with running_agent(replace(page.world, folder=tmp_path).setup()) as agent:
        assert agent.ask("kafka", command=PODS_CHECK)["status"] == "failed"


def test_the_server_is_asked_for_pods_and_nothing_else(page: Page) -> None:
    page.cluster.requests.clear()
    assert page.agent.ask("kafka", command=PODS_CHECK)["status"] == "passed"
    assert {method for method, _ in page.cluster.requests} == {"GET"}
    paths = {target.partition("?")[0] for _, target in page.cluster.requests}
    assert paths <= {"/api", "/apis", "/api/v1", "/api/v1/namespaces/kafka/pods"}
    assert "/api/v1/namespaces/kafka/pods" in paths


def test_kubectl_leaves_no_file(page: Page) -> None:
    before = {path: path.exists() for path in CACHES}
    assert page.agent.ask("kafka", command=PODS_CHECK)["status"] == "passed"
    assert {path: path.exists() for path in CACHES} == before
    assert not Path("/nonexistent").exists()
    # Nothing was kept: what it discovers it asks for again each time.
    page.cluster.requests.clear()
    page.agent.ask("kafka", command=PODS_CHECK)
    assert ("GET", "/api") in [
        (method, target.partition("?")[0]) for method, target in page.cluster.requests
    ]


def test_the_token_is_in_no_reply_and_no_log(page: Page) -> None:
    answers = [page.agent.ask("kafka", command=command) for command in (PODS, PODS_CHECK)]
    assert TOKEN not in str(answers) + page.agent.log()
