"""Both keys of a write: the link's `write_access` and the flag of the running server.

In: the example with the Valkey link drawn for reading or for writing, and a real Valkey whose
users have the generated rules.
Out: what is listed, what a call by name is told, and what the backend holds afterwards.
Must not know: how the gates are built.
"""

from __future__ import annotations

import textwrap
from collections.abc import Generator
from pathlib import Path

import pytest

from backends import Valkey, acl_users, running_valkey
from generated import Generated, example, generate, with_write_access
from mcp_client import McpClient, answer, call, listed, with_client
from pods import make_pod, refused_start, running, secret_value

pytest_plugins = ["server_fixtures"]

WRITES = {"valkey_set", "valkey_delete"}
SET = {"key": "app:gate", "value": "changed", "mode": "always", "dry_run": False}


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> dict[bool, Generated]:
    """Generate the example with either kind of link."""
    folder = tmp_path_factory.mktemp("gates")
    return {
        access: generate(folder / str(access), with_write_access(example(), "valkey", access))
        for access in (True, False)
    }


@pytest.fixture(scope="module")
def backends(
    tmp_path_factory: pytest.TempPathFactory, outputs: dict[bool, Generated]
) -> Generator[dict[bool, Valkey]]:
    """Run a Valkey for each output, its one user of a link with the rules of that output."""
    folder = tmp_path_factory.mktemp("valkey")
    password = secret_value("MCP_VALKEY_PASSWORD")
    reader, writer = (acl_users(outputs[access], "valkey") for access in (False, True))
    assert reader.keys() == writer.keys() == {"mcp_fastmcp_valkey"}
    with (
        running_valkey(folder / "reader", reader, password) as read_only,
        running_valkey(folder / "writer", writer, password) as writable,
    ):
        yield {False: read_only, True: writable}


def environ_of(backend: Valkey, flag: str | None) -> dict[str, str]:
    place = {"MCP_VALKEY_HOST": "127.0.0.1", "MCP_VALKEY_PORT": str(backend.port)}
    return place if flag is None else {**place, "MCP_VALKEY_WRITE_ACCESS": flag}


def test_the_generated_flag_follows_the_link(outputs: dict[bool, Generated]) -> None:
    for access, generated in outputs.items():
        assert generated.environ()["MCP_VALKEY_WRITE_ACCESS"] == str(access).lower()
        assert set(generated.tools()) >= {"valkey_get"}
        assert (set(generated.tools()) >= WRITES) is access


@pytest.mark.parametrize(
    ("link", "flag", "writes"),
    [
        (True, None, True),
        (True, "True", True),
        (True, "false", False),
        (False, None, False),
        (False, "true", False),
    ],
)
def test_a_write_needs_the_link_and_the_flag(
    tmp_path: Path,
    outputs: dict[bool, Generated],
    backends: dict[bool, Valkey],
    link: bool,
    flag: str | None,
    writes: bool,
    key: int,
) -> None:
    backend = backends[link]
    backend.reset(app__gate="before")
    pod = make_pod(tmp_path / "pod", outputs[link], **environ_of(backend, flag))
    with running(pod) as server:
        assert (listed(server, key).keys() >= WRITES) is writes
        assert (listed(server, key).keys() & WRITES == set()) is not writes
        read = call(server, key, "valkey_get", key="app:gate")
        assert read["data"]["value"] == "before"
        written = call(server, key, "valkey_set", **SET)
        if writes:
            assert written["data"]["effect"] == "replaced"
            assert backend.get("app:gate") == b"changed"
            return
        assert written["code"] == ("E_WRITE_DISABLED" if link else "E_SCOPE")
        refused = call(server, key, "valkey_delete", keys=["app:gate"], dry_run=False)
        assert refused["code"] == written["code"]
    assert backend.get("app:gate") == b"before"


def test_of_several_instances_a_write_offers_those_that_are_written_to(
    tmp_path: Path, key: int
) -> None:
    """Also with its gate closed: the schema is the one that was reviewed."""
    stack = """
        apiVersion: stacktic.io/v1
        kind: Stack
        name: shop
        domain: shop.example.com
        components:
          fastmcp: {type: fastmcp}
          cache: {type: valkey}
          sessions: {type: valkey, namespace: sessions}
          tokens: {type: valkey, namespace: tokens}
        links:
          - {from: fastmcp, to: cache}
          - {from: fastmcp, to: sessions, env: SESSIONS, write_access: true}
          - {from: fastmcp, to: tokens, env: TOKENS, write_access: true}
    """
    generated = generate(tmp_path / "out", textwrap.dedent(stack))
    pod = make_pod(tmp_path / "pod", generated, MCP_TOKENS_WRITE_ACCESS="false")
    with running(pod) as server:
        offered = {
            name: schema["properties"]["component"]["enum"]
            for name, schema in listed(server, key).items()
            if name in {"valkey_get", "valkey_set"}
        }
        assert offered == {
            "valkey_get": ["cache", "sessions", "tokens"],
            "valkey_set": ["sessions", "tokens"],
        }
        for component in ("cache", "tokens"):
            refused = call(server, key, "valkey_set", component=component, **SET)
            assert refused["code"] == "E_WRITE_DISABLED"


@pytest.mark.parametrize(
    ("link", "flag"), [(True, "yes"), (True, "1"), (False, " true"), (False, "tru\u0435")]
)
def test_any_other_word_stops_the_start(
    tmp_path: Path,
    outputs: dict[bool, Generated],
    backends: dict[bool, Valkey],
    link: bool,
    flag: str,
) -> None:
    pod = make_pod(tmp_path / "pod", outputs[link], **environ_of(backends[link], flag))
    ended = refused_start(pod)
    assert ended.code == 1
    assert ended.log == "error: `MCP_VALKEY_WRITE_ACCESS` is neither `true` nor `false`\n"


def test_a_dry_run_is_the_default_and_writes_nothing(
    tmp_path: Path, outputs: dict[bool, Generated], backends: dict[bool, Valkey], key: int
) -> None:
    backend = backends[True]
    backend.reset(app__gate="before")
    before = backend.state()
    pod = make_pod(tmp_path / "pod", outputs[True], **environ_of(backend, "true"))
    with running(pod) as server:
        told = call(server, key, "valkey_set", key="app:gate", value="changed", mode="always")
        assert told["data"] == {
            "key": "app:gate",
            "bytes": 7,
            "effect": "replaced",
            "dry_run": True,
        }
        assert call(server, key, "valkey_delete", keys=["app:gate"])["data"]["dry_run"] is True
    assert backend.state() == before


def test_without_an_audit_log_no_write_is_done(
    tmp_path: Path, outputs: dict[bool, Generated], backends: dict[bool, Valkey], key: int
) -> None:
    backend = backends[True]
    backend.reset(app__gate="before")
    environ = environ_of(backend, "true") | {"STACKTIC_AUDIT": "none"}
    with running(make_pod(tmp_path / "pod", outputs[True], **environ)) as server:
        assert call(server, key, "valkey_set", **SET)["code"] == "E_WRITE_DISABLED"
        assert call(server, key, "valkey_get", key="app:gate")["data"]["value"] == "before"
    assert backend.get("app:gate") == b"before"


TWO = "  valkey-b:\n    type: valkey\n    attributes: {key_prefixes: 'cache:'}\n"


def test_two_components_of_a_type_are_told_apart_by_an_argument(
    tmp_path: Path, backends: dict[bool, Valkey], key: int
) -> None:
    backend = backends[True]
    text = example().replace("  valkey: {type: valkey}\n", f"  valkey: {{type: valkey}}\n{TWO}")
    link = "  - {from: fastmcp, to: valkey-b, env: VALKEY_B}\n"
    text = text.replace("\nlinks:\n", f"\nlinks:\n{link}")
    generated = generate(tmp_path / "stack", text)
    password = secret_value("MCP_VALKEY_B_PASSWORD")
    backend.reset(app__who="the first")
    with running_valkey(tmp_path / "b", acl_users(generated, "valkey-b"), password) as second:
        second.reset(cache__who="the second", app__who="not linked here")
        place = {"MCP_VALKEY_B_HOST": "127.0.0.1", "MCP_VALKEY_B_PORT": str(second.port)}
        pod = make_pod(tmp_path / "pod", generated, **environ_of(backend, None), **place)
        with running(pod) as server:
            schemas = listed(server, key)
            assert schemas["valkey_get"]["properties"]["component"]["enum"] == [
                "valkey",
                "valkey-b",
            ]
            assert "component" in schemas["valkey_get"]["required"]
            assert "component" not in schemas["cnpg_query"]["properties"]
            with_client(server, key, lambda client: ensure_routed(client))
        assert second.get("cache:who") == b"the second"
        assert backend.get("app:who") == b"changed"


async def ensure_routed(client: McpClient) -> None:
    """Each instance answers with its own data, within its own prefixes and its own gate."""
    first = await answer(client, "valkey_get", {"component": "valkey", "key": "app:who"})
    assert (first["link"], first["data"]["value"]) == ("valkey", "the first")
    second = await answer(client, "valkey_get", {"component": "valkey-b", "key": "cache:who"})
    assert (second["link"], second["data"]["value"]) == ("valkey-b", "the second")
    outside = await answer(client, "valkey_get", {"component": "valkey-b", "key": "app:who"})
    assert (outside["code"], outside["allowed_values"]) == ("E_SCOPE", ["cache:"])
    assert (await answer(client, "valkey_get", {"key": "app:who"}))["code"] == "E_ARG"
    write = {"value": "changed", "mode": "always", "dry_run": False}
    wrong = {**write, "component": "valkey-b", "key": "cache:who"}
    assert (await answer(client, "valkey_set", wrong))["code"] == "E_WRITE_DISABLED"
    right = {**write, "component": "valkey", "key": "app:who"}
    assert (await answer(client, "valkey_set", right))["data"]["effect"] == "replaced"
