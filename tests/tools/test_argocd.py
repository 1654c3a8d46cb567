"""The Argo CD tools against a stub with two tokens, two projects and one operation at a time.

In: the Applications of `servers/argocd.py`.
Out: what each tool answers and refuses, and which operations it started.
Must not know: how the toolkit checks arguments beyond what a caller sees.
"""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Iterator
from typing import Any

import pytest

from conftest import LinkFacts, MakeTools
from servers import argocd
from servers.stub import Stub
from stacktic_mcp.core.toolkit import Toolset
from stacktic_mcp.lib.refusal import Refusal
from stacktic_mcp.tools.argocd.argocd_shapes import is_secret
from stacktic_mcp.tools.argocd.argocd_tools import register

pytestmark = pytest.mark.anyio

READS: dict[str, dict[str, Any]] = {
    "argocd_list_applications": {},
    "argocd_list_projects": {},
    "argocd_get_application": {"app": "kafka"},
    "argocd_get_app_resources": {"app": "kafka"},
    "argocd_get_app_events": {"app": "kafka"},
    "argocd_get_app_diff": {"app": "kafka"},
}
WRITE = "argocd_sync_application"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def state() -> argocd.State:
    return argocd.State()


@pytest.fixture
def stub(state: argocd.State) -> Iterator[Stub]:
    with argocd.running(state) as running:
        yield running


@pytest.fixture
def tools(make_tools: MakeTools, stub: Stub) -> Toolset:
    return make_tools(register, link(stub.port, argocd.SYNCER, write_access=True))


def link(port: int, token: str, *, write_access: bool = False) -> LinkFacts:
    return LinkFacts(
        component="argo-cd",
        type="fastmcp-argo_cd",
        env="MCP_ARGOCD",
        values={
            "HOST": "127.0.0.1",
            "PORT": str(port),
            "SCHEME": "http",
            "PROJECT": argocd.PROJECT,
        },
        secrets={"TOKEN": token},
        enums={"apps": ["kafka", "valkey", "foreign", "absent"]},
        write_access=write_access,
    )


async def refused(tools: Toolset, tool: str, **arguments: Any) -> Refusal:
    with pytest.raises(Refusal) as caught:
        await tools.call(tool, arguments)
    return caught.value


def _nothing(*_: object) -> None:
    """Stand in for a check that a test takes out."""


async def data(tools: Toolset, tool: str, **arguments: Any) -> Any:
    return (await tools.call(tool, arguments))["data"]


def test_the_write_tool_exists_with_write_access_alone(
    make_tools: MakeTools, stub: Stub, tools: Toolset
) -> None:
    assert {tool.name for tool in tools.tools} == {*READS, WRITE}
    read_only = make_tools(register, link(stub.port, argocd.GETTER))
    assert {tool.name for tool in read_only.tools} == set(READS)
    assert {tool.tool_class for tool in read_only.tools} == {"read"}


async def test_list_holds_own_applications_alone(tools: Toolset, stub: Stub) -> None:
    rows = await data(tools, "argocd_list_applications")
    assert [(row["app"], row["sync"], row["health"]) for row in rows] == [
        ("kafka", "OutOfSync", "Degraded"),
        ("valkey", "Synced", "Healthy"),
    ]
    assert stub.requests[0].every("projects") == [argocd.PROJECT]


@pytest.mark.parametrize(
    ("arguments", "apps"),
    [
        ({"sync": "OutOfSync"}, ["kafka"]),
        ({"health": "Healthy"}, ["valkey"]),
        ({"component": "valkey", "sync": "Synced"}, ["valkey"]),
        ({"component": "valkey", "sync": "OutOfSync"}, []),
    ],
)
async def test_list_filters(tools: Toolset, arguments: dict[str, Any], apps: list[str]) -> None:
    rows = await data(tools, "argocd_list_applications", **arguments)
    assert [row["app"] for row in rows] == apps


async def test_project_is_the_one_of_the_stack(tools: Toolset, stub: Stub) -> None:
    assert await data(tools, "argocd_list_projects") == [
        {"name": "stack-3.dev", "applications": 2, "out_of_sync": 1, "not_healthy": 1}
    ]
    assert not [request for request in stub.requests if "projects" in request.path]


async def test_views_of_an_application(tools: Toolset) -> None:
    summary = await data(tools, "argocd_get_application", app="kafka")
    assert (summary["sync"], summary["project"], summary["automated"]) == (
        "OutOfSync",
        "stack-3.dev",
        False,
    )
    assert summary["conditions"] == [{"type": "ComparisonError", "message": "https://h/ failed"}]
    history = await data(tools, "argocd_get_application", app="kafka", view="history")
    assert ([one["id"] for one in history][:2], len(history)) == ([11, 10], 10)


async def test_chart_values_are_keys_and_a_hash(tools: Toolset, state: argocd.State) -> None:
    git, chart = await data(tools, "argocd_get_application", app="kafka", view="sources")
    assert git["repository"] == "https://git.example.com/stack.git"
    text = state.apps["stack-3.dev.kafka"]["spec"]["sources"][1]["helm"]["values"]
    digest = hashlib.sha256(text.encode()).hexdigest()
    assert chart["helm"]["values"] == {"keys": ["auth", "replicas"], "sha256": digest}
    assert chart["helm"]["values_object"]["keys"] == ["token"]
    assert chart["helm"]["parameters"] == ["auth.password"]


async def test_resources_without_kinds_of_secrets(tools: Toolset) -> None:
    answer = await data(tools, "argocd_get_app_resources", app="kafka")
    kinds = [(row["kind"], row["sync"], row["health"]) for row in answer["resources"]]
    assert kinds == [
        ("ConfigMap", "OutOfSync", ""),
        ("Pod", "", "Healthy"),
        ("Service", "Synced", "Healthy"),
        ("StatefulSet", "OutOfSync", "Progressing"),
    ]
    assert answer["secrets_hidden"] == 3
    pods = await data(tools, "argocd_get_app_resources", app="kafka", kind="pod")
    assert [row["name"] for row in pods["resources"]] == ["kafka-0"]
    none = await data(tools, "argocd_get_app_resources", app="kafka", kind="Secret")
    assert none["resources"] == []


async def test_events_newest_first(tools: Toolset) -> None:
    events = await data(tools, "argocd_get_app_events", app="kafka")
    assert [event["message"] for event in events] == ["new", "old"]
    cut = await tools.call("argocd_get_app_events", {"app": "kafka", "limit": 1})
    assert (cut["returned"], cut["truncated_by"]) == (1, "rows")


async def test_diff_names_paths_and_shows_only_open_values(tools: Toolset) -> None:
    changed, missing = await data(tools, "argocd_get_app_diff", app="kafka")
    assert (changed["kind"], changed["change"]) == ("StatefulSet", "changed")
    container = "spec.template.spec.containers[0]"
    assert changed["paths"] == [
        {"path": f"{container}.env[0].value"},
        {"path": f"{container}.image", "live": "kafka:3", "target": "kafka:4"},
    ]
    assert (missing["kind"], missing["change"], missing["paths"]) == ("ConfigMap", "missing", [])


async def test_reading_hides_values_and_changes_nothing(
    make_tools: MakeTools, stub: Stub, state: argocd.State
) -> None:
    tools = make_tools(register, link(stub.port, argocd.GETTER))
    before = copy.deepcopy(state.apps)
    calls = [*READS.items(), ("argocd_get_application", {"app": "kafka", "view": "sources"})]
    for name, arguments in calls:
        answer = json.dumps(await tools.call(name, arguments))
        assert argocd.HIDDEN not in answer, name
        assert argocd.GETTER not in answer, name
    assert {request.method for request in stub.requests} == {"GET"}
    assert not [request for request in stub.requests if request.first("refresh")]
    assert (state.apps, state.operations) == (before, [])


async def test_a_dry_run_sends_nothing(tools: Toolset, stub: Stub, state: argocd.State) -> None:
    answer = await data(tools, WRITE, app="kafka")
    assert answer["dry_run"] is True
    assert [(one["kind"], one["effect"]) for one in answer["resources"]] == [
        ("StatefulSet", "applied"),
        ("ConfigMap", "stays, since a sync here never prunes"),
    ]
    assert {request.method for request in stub.requests} == {"GET"}
    assert state.operations == []


async def test_a_sync_names_the_application_and_nothing_else(
    tools: Toolset, state: argocd.State
) -> None:
    answer = await data(tools, WRITE, app="kafka", dry_run=False)
    assert answer["started"] is True
    body = {"name": "stack-3.dev.kafka", "project": "stack-3.dev", "prune": False, "dryRun": False}
    assert state.operations == [("stack-3.dev.kafka", body)]
    assert (await refused(tools, WRITE, app="kafka", dry_run=False)).code == "E_CONFLICT"
    assert len(state.operations) == 1


async def test_a_sync_that_loses_the_race_is_a_conflict(
    tools: Toolset, state: argocd.State, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stacktic_mcp.tools.argocd.argocd_tools._ensure_free", _nothing)
    state.apps["stack-3.dev.kafka"]["operation"] = {"sync": {}}
    assert (await refused(tools, WRITE, app="kafka", dry_run=False)).code == "E_CONFLICT"


async def test_an_application_that_is_deleted_is_not_synced(
    tools: Toolset, state: argocd.State
) -> None:
    state.apps["stack-3.dev.kafka"]["metadata"]["deletionTimestamp"] = "2026-01-31T12:00:00Z"
    assert (await refused(tools, WRITE, app="kafka", dry_run=False)).code == "E_CONFLICT"
    assert state.operations == []


async def test_a_token_that_only_gets_cannot_sync(
    make_tools: MakeTools, stub: Stub, state: argocd.State
) -> None:
    """With the gate open and every check passed, the principal is what refuses."""
    tools = make_tools(register, link(stub.port, argocd.GETTER, write_access=True))
    refusal = await refused(tools, WRITE, app="kafka", dry_run=False)
    assert (refusal.code, refusal.hint) == ("E_UNAVAILABLE", "the role of the token may not sync")
    assert state.operations == []


async def test_a_closed_sync_window_is_said(tools: Toolset, state: argocd.State) -> None:
    state.window_open = False
    refusal = await refused(tools, WRITE, app="kafka", dry_run=False)
    assert refusal.hint == "a sync window of the project forbids it now"


@pytest.mark.parametrize("argument", ["revision", "prune", "force", "resources", "project"])
async def test_a_sync_takes_no_other_argument(tools: Toolset, stub: Stub, argument: str) -> None:
    assert (await refused(tools, WRITE, app="kafka", **{argument: True})).code == "E_ARG"
    assert stub.requests == []


@pytest.mark.parametrize("tool", [*(name for name in READS if "app" in READS[name]), WRITE])
@pytest.mark.parametrize(
    ("app", "code"),
    [
        ("unlinked", "E_SCOPE"),
        ("../applications", "E_SCOPE"),
        ("foreign", "E_NOT_FOUND"),
        ("absent", "E_NOT_FOUND"),
    ],
)
async def test_applications_out_of_scope(tools: Toolset, tool: str, app: str, code: str) -> None:
    assert (await refused(tools, tool, app=app)).code == code


async def test_a_foreign_project_is_not_found_even_with_a_wide_token(
    tools: Toolset, state: argocd.State, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Were the token an administrator's, the name of the project in the answer still counts."""

    def get_any(state: argocd.State, _: str, name: str) -> dict[str, Any]:
        return state.apps[name]

    monkeypatch.setattr(argocd, "_get", get_any)
    assert (await refused(tools, "argocd_get_application", app="foreign")).code == "E_NOT_FOUND"
    assert (await refused(tools, WRITE, app="foreign", dry_run=False)).code == "E_NOT_FOUND"
    assert state.operations == []


@pytest.mark.parametrize(
    ("token", "hint"),
    [
        ("wrong", "the credential MCP_ARGOCD_TOKEN was refused"),
        ("", "the credential MCP_ARGOCD_TOKEN is empty; fill it in secret/cloud.env"),
    ],
)
async def test_refused_credentials_are_named_by_their_key(
    make_tools: MakeTools, stub: Stub, token: str, hint: str
) -> None:
    tools = make_tools(register, link(stub.port, token))
    refusal = await refused(tools, "argocd_list_applications")
    assert (refusal.code, refusal.hint) == ("E_UNAVAILABLE", hint)


def test_kinds_of_secrets() -> None:
    hidden = ["Secret", "SealedSecret", "ExternalSecret", "SecretStore", "VaultStaticSecret"]
    assert [kind for kind in [*hidden, "ConfigMap", "Service"] if is_secret(kind)] == hidden
