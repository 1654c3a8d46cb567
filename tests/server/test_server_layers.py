"""Each layer of governance, with the ones before it taken away.

In: the tool functions in this process, the generated settings, a real Valkey whose user has the
generated rules.
Out: who refused, judged by the backend: what it holds, and what it was asked.
Must not know: how a server is started. The layers, first to last: linked, argument in a closed
list, tool registered, gate at call time, grant of the principal.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from backends import Valkey, acl_users, running_valkey
from generated import Generated, example, generate, with_write_access, without_link
from pods import make_pod, secret_value
from stacktic_mcp.core.cursors import CursorSigner
from stacktic_mcp.core.governed import Runtime
from stacktic_mcp.core.settings import Settings
from stacktic_mcp.core.toolkit import Toolset
from stacktic_mcp.core.topology import load_topology
from stacktic_mcp.lib.links import Link
from stacktic_mcp.lib.refusal import Refusal
from stacktic_mcp.tools.valkey import valkey_tools, valkey_writing

pytest_plugins = ["server_fixtures"]
pytestmark = pytest.mark.anyio

PASSWORD = secret_value("MCP_VALKEY_PASSWORD")
WRITE: dict[str, Any] = {"key": "app:x", "value": "changed", "mode": "always", "dry_run": False}
# The functions behind the tools, with nothing in front of them.
SET: Callable[..., Any] = valkey_writing.set_value
GET: Callable[..., Any] = valkey_tools._get  # pyright: ignore[reportPrivateUsage]
DELETE: Callable[..., Any] = valkey_writing.delete_keys


@pytest.fixture
def anyio_backend() -> str:
    """Run on asyncio, the one loop the server uses."""
    return "asyncio"


@dataclass(frozen=True)
class Scene:
    """A generated stack, its link to Valkey as the server reads it, and the Valkey behind."""

    generated: Generated
    backend: Valkey
    runtime: Runtime
    link: Link

    def denials(self) -> list[str]:
        """Return what the backend itself refused, by its own log, a line each time."""
        entries = self.backend.admin.acl_log()
        lines = [f"{entry['reason']} {entry['object']}" for entry in entries]
        counts = [int(entry["count"]) for entry in entries]
        return sorted(line for line, count in zip(lines, counts, strict=True) for _ in range(count))


def scene_of(folder: Path, generated: Generated, backend: Valkey) -> Scene:
    """Read the generated files as the server does."""
    place = {"MCP_VALKEY_HOST": "127.0.0.1", "MCP_VALKEY_PORT": str(backend.port)}
    pod = make_pod(folder / "pod", generated, **place)
    settings = Settings(pod.environ, pod.secrets, pod.config)
    topology = load_topology(settings)
    runtime = Runtime(settings, topology, CursorSigner(b"key of the test"), lambda: True)
    (link,) = (link for link in topology.links if link.component == "valkey")
    return Scene(generated, backend, runtime, link)


@contextmanager
def staged(folder: Path, *, write_access: bool) -> Generator[Scene]:
    """Generate one kind of link, and run the Valkey that it speaks to."""
    text = with_write_access(example(), "valkey", write_access=write_access)
    generated = generate(folder / "stack", text)
    users = acl_users(generated, "valkey")
    with running_valkey(folder / "valkey", users, PASSWORD) as backend:
        yield scene_of(folder, generated, backend)


@pytest.fixture(scope="module")
def read_stage(tmp_path_factory: pytest.TempPathFactory) -> Generator[Scene]:
    """Set up a link for reading."""
    with staged(tmp_path_factory.mktemp("read"), write_access=False) as stage:
        yield stage


@pytest.fixture(scope="module")
def write_stage(tmp_path_factory: pytest.TempPathFactory) -> Generator[Scene]:
    """Set up a link for writing."""
    with staged(tmp_path_factory.mktemp("write"), write_access=True) as stage:
        yield stage


def cleared(stage: Scene) -> Scene:
    stage.backend.reset(app__x="before", other__x="not linked")
    stage.backend.admin.acl_log_reset()
    return stage


@pytest.fixture
def reader(read_stage: Scene) -> Scene:
    """Return the read link, its backend as at the beginning."""
    return cleared(read_stage)


@pytest.fixture
def writer(write_stage: Scene) -> Scene:
    """Return the write link, its backend as at the beginning."""
    return cleared(write_stage)


class WithoutRegistrationGate(Toolset):
    """Registers writes for any link; the links themselves are what they were."""

    @property
    def write_access(self) -> bool:
        """Say yes, whatever the links say."""
        return True


def toolset(scene: Scene, kind: type[Toolset] = Toolset) -> Toolset:
    """Return the Valkey tools over the scene's link."""
    tools = kind([scene.link], scene.runtime)
    valkey_tools.register(tools)
    return tools


async def refused(call: Awaitable[Any]) -> Refusal:
    with pytest.raises(Refusal) as caught:
        await call
    return caught.value


async def test_with_every_layer_a_write_link_writes(writer: Scene) -> None:
    """What the tests below refuse is refused by a layer, not by an accident."""
    answer = await toolset(writer).call("valkey_set", WRITE)
    assert answer["data"]["effect"] == "replaced"
    assert writer.backend.get("app:x") == b"changed"
    assert writer.denials() == []


async def test_a_read_link_registers_no_write(reader: Scene) -> None:
    names = {tool.name for tool in toolset(reader).tools}
    assert "valkey_get" in names
    assert names.isdisjoint({"valkey_set", "valkey_delete"})


async def test_without_registrations_gate_the_call_is_stopped(reader: Scene) -> None:
    tools = toolset(reader, WithoutRegistrationGate)
    before = reader.backend.state()
    for name, arguments in (("valkey_set", WRITE), ("valkey_delete", {"keys": ["app:x"]})):
        refusal = await refused(tools.call(name, {**arguments, "dry_run": False}))
        assert refusal.code == "E_WRITE_DISABLED"
    assert reader.backend.state() == before
    # It never came as far as the backend.
    assert reader.denials() == []


async def test_without_both_gates_the_principal_lacks_the_grant(reader: Scene) -> None:
    before = reader.backend.state()
    for call in (SET(reader.link, "app:x", "changed", None, "always", dry_run=False),
                 DELETE(reader.link, ["app:x"], dry_run=False)):  # fmt: skip
        refusal = await refused(call)
        assert refusal.code == "E_UNAVAILABLE"
        assert "lacks a grant" in refusal.hint
    assert reader.backend.state() == before
    assert reader.denials() == ["command set", "command unlink"]


async def test_the_closed_list_stops_a_key_before_the_backend(writer: Scene) -> None:
    tools = toolset(writer)
    before = writer.backend.state()
    for name, arguments in (
        ("valkey_get", {"key": "other:x"}),
        ("valkey_set", {**WRITE, "key": "other:x"}),
        ("valkey_scan_keys", {"prefix": "other:"}),
    ):
        refusal = await refused(tools.call(name, arguments))
        assert (refusal.code, refusal.allowed_values) == ("E_SCOPE", ("app:",))
    assert writer.backend.state() == before
    assert writer.denials() == []


async def test_without_the_closed_list_the_principal_lacks_the_key(writer: Scene) -> None:
    link = replace(writer.link, enums={"prefixes": ("",)})
    before = writer.backend.state()
    for call in (GET(link, "other:x", 0, 100),
                 SET(link, "other:x", "changed", None, "always", dry_run=False),
                 DELETE(link, ["other:x"], dry_run=False)):  # fmt: skip
        refusal = await refused(call)
        assert refusal.code == "E_UNAVAILABLE"
        assert "not linked" not in refusal.text()
    assert writer.backend.state() == before
    assert writer.denials() == ["key other:x"] * 3


async def test_without_a_link_there_is_no_setting_no_credential_and_no_user(
    tmp_path: Path, writer: Scene
) -> None:
    """The tool file alone, brought into a stack that draws no link, opens nothing."""
    generated = generate(tmp_path / "stack", without_link(example(), "valkey"))
    pod = make_pod(tmp_path / "pod", generated)
    assert not pod.tool_files("valkey")
    bare = replace(writer.link, settings=Settings(pod.environ, pod.secrets, pod.config))
    assert "MCP_VALKEY_HOST is empty" in (await refused(GET(bare, "app:x", 0, 100))).hint
    place = {
        "HOST": "127.0.0.1",
        "PORT": str(writer.backend.port),
        "USERNAME": "mcp_fastmcp_valkey",
    }
    environ = pod.environ | {f"MCP_VALKEY_{name}": value for name, value in place.items()}
    placed = replace(writer.link, settings=Settings(environ, pod.secrets, pod.config))
    assert "MCP_VALKEY_PASSWORD is empty" in (await refused(GET(placed, "app:x", 0, 100))).hint
    pod.fill({"MCP_VALKEY_PASSWORD": PASSWORD})
    users = acl_users(generated, "valkey")
    assert users == {}
    with running_valkey(tmp_path / "valkey", users, PASSWORD) as backend:
        environ["MCP_VALKEY_PORT"] = str(backend.port)
        keyed = replace(writer.link, settings=Settings(environ, pod.secrets, pod.config))
        refusal = await refused(GET(keyed, "app:x", 0, 100))
        assert refusal.hint == "the credential MCP_VALKEY_PASSWORD was refused"
