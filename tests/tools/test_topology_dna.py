"""The whole stack in one read: the generated document verbatim, live schemas by others' gates."""

from __future__ import annotations

import asyncio
import hashlib
import json
from pathlib import Path
from typing import Annotated, Any, cast

import pytest
from fastmcp import Client, FastMCP
from pydantic import Field

from conftest import LinkFacts, MakeTools
from stacktic_mcp.core import recorder
from stacktic_mcp.core.audit import AuditLog
from stacktic_mcp.core.calls import Call, Exchange
from stacktic_mcp.core.freeze import Freeze
from stacktic_mcp.core.reach import ALL
from stacktic_mcp.core.recorder import CallRecorder
from stacktic_mcp.core.settings import Settings
from stacktic_mcp.core.toolkit import Answer, Choice, Link, Refusal, Toolset
from stacktic_mcp.tools.topology import topology_live, topology_tools

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def caller(monkeypatch: pytest.MonkeyPatch) -> None:
    """Call as somebody who may reach all; without a request nobody reaches anything."""
    monkeypatch.setattr(recorder, "_exchange", lambda: Exchange("ci", "", reach=ALL))


BUDGETS = {"brief": 1500, "normal": 6000, "full": 20000}
AGENT = LinkFacts("stack-agent", "fastmcp-stack_agent", "MCP_STACK_AGENT")
STORE = LinkFacts("store", "fastmcp-sample", "MCP_SAMPLE", enums={"databases": ("app", "shut")})
MANY = 200


def document(size: str, lines: int = 3) -> dict[str, Any]:
    """Return a size as the generator writes it."""
    body = "".join(
        f'cnpg | a "quoted" value, {size}, line {number} — ü\n' for number in range(lines)
    )
    digest = hashlib.sha256(body.encode()).hexdigest()
    text = f"# Stack DNA of stack-3, {size}\ndigest: sha256:{digest} of all below this line\n{body}"
    return {
        "digest": digest,
        "tokens": -(-len(text.encode()) // 4),
        "budget": BUDGETS[size],
        "lines": text.splitlines(),
    }


def write(folder: Path, **sizes: dict[str, Any]) -> None:
    file = {"version": 1, **{size: document(size) for size in BUDGETS}, **sizes}
    (folder / "stack-dna.json").write_text(json.dumps(file), encoding="utf-8")


def write_lock(folder: Path, *names: str, components: tuple[str, ...] = ("store",)) -> None:
    tools = [{"name": name, "link": list(components), "gate": None} for name in names]
    (folder / "tools.lock.json").write_text(json.dumps({"tools": tools}), encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path)
    write_lock(tmp_path)
    return tmp_path


class Audit:
    """A log that keeps its calls."""

    required = False

    def __init__(self) -> None:
        self.calls: list[Call] = []

    def write(self, call: Call, elapsed_ms: int) -> None:
        assert elapsed_ms >= 0
        self.calls.append(call)


def serve(tools: Toolset, *others: Toolset) -> tuple[FastMCP, Audit]:
    """Return a server of toolsets, recorded as the real one is."""
    audit = Audit()
    kept = cast("AuditLog", audit)
    recording = CallRecorder(kept, {}, Freeze(Settings({}), kept))
    server: FastMCP = FastMCP("test", middleware=[recording], dereference_schemas=False)
    served = [tool for toolset in (tools, *others) for tool in toolset.tools]
    recording.tools = {tool.name: tool for tool in served}
    for tool in served:
        server.add_tool(tool)
    for resource in tools.resources:
        server.add_resource(resource)
    return server, audit


def split(make_tools: MakeTools, *stores: LinkFacts) -> tuple[Toolset, Toolset]:
    """Register the topology tools on the agent's link, and sample tools on the others."""
    found: list[Toolset] = []

    def register(tools: Toolset) -> None:
        own = [link for link in tools.links if link.component == AGENT.component]
        others = [link for link in tools.links if link.component != AGENT.component]
        topology, samples = Toolset(own, tools.runtime), Toolset(others, tools.runtime)
        topology_tools.register(topology)
        register_samples(samples)
        found.extend((topology, samples))

    make_tools(register, AGENT, *stores)
    return found[0], found[1]


Database = Annotated[str, Choice("databases"), Field(description="linked database")]
Name = Annotated[str, Field(description="name")]


def register_samples(tools: Toolset) -> None:
    @tools.read
    async def sample_list_tables(link: Link, database: Database) -> Answer:
        """List tables."""
        del link
        if database == "shut":
            raise Refusal("E_UNAVAILABLE", "the credential is empty")
        many = [{"schema": "public", "name": f"t{number:03}"} for number in range(MANY)]
        odd = {"schema": "public", "name": "a|b\nc", "readable": False}
        return Answer([odd, *many], returned=MANY + 1)

    @tools.read
    async def sample_describe_table(
        link: Link,
        database: Database,
        table: Name,
        schema: Name = "public",
    ) -> Answer:
        """Describe a table."""
        del link
        assert (database, schema) == ("app", "public")
        if table == "t001":
            raise Refusal("E_NOT_FOUND", "it is gone")
        count = 300 if table == "t000" else 2
        return Answer({"columns": [{"name": f"c{n}", "type": "text"} for n in range(count)]})

    @tools.read
    async def sample_list_operations(link: Link) -> Answer:
        """List operations."""
        del link
        return Answer([{"operation_id": "get_item", "summary": "One item."}, {"operation_id": "x"}])


async def dna(server: FastMCP, **arguments: str) -> dict[str, Any]:
    async with Client(server) as client:
        result = await client.call_tool("get_stack_dna", arguments, raise_on_error=False)
    assert not result.is_error, result.content
    return result.structured_content or {}


@pytest.mark.parametrize("detail", BUDGETS)
async def test_each_size_is_served_byte_for_byte(
    make_tools: MakeTools, folder: Path, detail: str
) -> None:
    topology, _ = split(make_tools)
    envelope = await topology.call("get_stack_dna", {"detail": detail})
    data, known = envelope["data"], document(detail)
    assert data["document"].splitlines() == known["lines"]
    rest = data["document"].partition(" of all below this line\n")[2]
    assert data["digest"] == hashlib.sha256(rest.encode()).hexdigest()
    assert (data["tokens"], data["budget"]) == (known["tokens"], BUDGETS[detail])
    assert envelope["untrusted"] is True
    assert ("live" in data) == (detail == "full")
    assert (folder / "stack-dna.json").is_file()


async def test_the_resource_is_the_normal_size(make_tools: MakeTools, folder: Path) -> None:
    assert folder
    topology, _ = split(make_tools)
    server, _ = serve(topology)
    async with Client(server) as client:
        (content,) = await client.read_resource("stack://dna")
    assert content.text == "".join(f"{line}\n" for line in document("normal")["lines"])  # type: ignore[union-attr]
    default = await topology.call("get_stack_dna", {})
    assert default["data"]["document"] == content.text  # type: ignore[union-attr]


async def test_the_largest_document_fits_beside_the_largest_live_part(
    make_tools: MakeTools, folder: Path
) -> None:
    # Short lines, each with a quote: what JSON adds is most there.
    lines = ['cnpg | "a value" | -' for _ in range(BUDGETS["full"] * 4 // 21)]
    write(folder, full={**document("full"), "lines": lines})
    write_lock(folder, "sample_list_tables", "sample_describe_table", "sample_list_operations")
    topology, samples = split(make_tools, STORE)
    envelope = await dna(serve(topology, samples)[0], detail="full")
    assert envelope["truncated"] is False
    assert len(json.dumps(envelope["data"], ensure_ascii=False).encode()) <= 128 * 1024


@pytest.mark.parametrize(
    "text", [None, "{}", '{"version": 2, "normal": {}}', '{"version": 1}', "[]"]
)
async def test_a_file_of_another_form_is_refused(
    make_tools: MakeTools, tmp_path: Path, text: str | None
) -> None:
    if text is not None:
        (tmp_path / "stack-dna.json").write_text(text, encoding="utf-8")
    topology, _ = split(make_tools)
    with pytest.raises(Refusal) as refused:
        await topology.call("get_stack_dna", {})
    assert refused.value.code == "E_UNAVAILABLE"


async def test_live_schemas_come_by_tools_that_are_recorded(
    make_tools: MakeTools, folder: Path
) -> None:
    write_lock(folder, "sample_list_tables", "sample_describe_table", "sample_list_operations")
    topology, samples = split(make_tools, STORE)
    server, audit = serve(topology, samples)
    live = (await dna(server, detail="full"))["data"]["live"]
    assert live["lines"][0] == "store get_item | One item."
    assert live["lines"][1] == "store/app public.a/bc | not readable"
    columns = [f"c{number} text" for number in range(topology_live.MAX_COLUMNS)]
    assert live["lines"][2] == f"store/app public.t000 | {', '.join(columns)}, and 260 more"
    assert live["lines"][3] == "store/app public.t002 | c0 text, c1 text"
    assert len(live["lines"]) == topology_live.MAX_TABLES
    assert live["not_read"] == [
        "store/app public.t001: E_NOT_FOUND, it is gone",
        "store/app: more tables; ask sample_list_tables",
        "store/shut: E_UNAVAILABLE, the credential is empty",
    ]
    assert "not instructions" in live["untrusted"]
    # The call itself and each that it made, with what became of it.
    tools = [call.tool for call in audit.calls if call.method == "tools/call"]
    assert tools[-1] == "get_stack_dna"
    assert set(tools) == {
        "get_stack_dna", "sample_list_tables", "sample_describe_table", "sample_list_operations"
    }  # fmt: skip
    denied = [(call.tool, call.code) for call in audit.calls if call.decision != "allowed"]
    assert ("sample_list_tables", "E_UNAVAILABLE") in denied
    assert len(tools) <= topology_live.MAX_CALLS + 1


async def test_a_tool_that_is_not_served_to_the_caller_is_not_read(
    make_tools: MakeTools, folder: Path
) -> None:
    write_lock(folder, "sample_list_tables")
    topology, _ = split(make_tools, STORE)
    live = (await dna(serve(topology)[0], detail="full"))["data"]["live"]
    assert live["lines"] == []
    assert [line.partition(":")[0] for line in live["not_read"]] == ["store/app", "store/shut"]
    assert "E_SCOPE" in live["not_read"][0]


async def test_several_stores_of_a_type_are_asked_by_name(
    make_tools: MakeTools, folder: Path
) -> None:
    other = LinkFacts("depot", "fastmcp-sample", "MCP_DEPOT", enums={"databases": ("app",)})
    write_lock(folder, "sample_list_operations", components=("depot", "store"))
    topology, samples = split(make_tools, STORE, other)
    live = (await dna(serve(topology, samples)[0], detail="full"))["data"]["live"]
    assert live["lines"] == ["depot get_item | One item.", "store get_item | One item."]


async def test_time_that_runs_out_is_told(
    make_tools: MakeTools, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(topology_live, "SECONDS", 0.05)

    async def never(self: Toolset, name: str, arguments: object) -> dict[str, Any]:
        del self, name, arguments
        await asyncio.sleep(30)
        return {}

    monkeypatch.setattr(Toolset, "ask", never)
    write_lock(folder, "sample_list_tables", "sample_list_operations")
    topology, samples = split(make_tools, STORE)
    live = (await dna(serve(topology, samples)[0], detail="full"))["data"]["live"]
    assert live["not_read"] == ["store: no time was left"]


async def test_without_a_server_the_declared_part_is_there(
    make_tools: MakeTools, folder: Path
) -> None:
    write_lock(folder, "sample_list_tables")
    topology, _ = split(make_tools, STORE)
    data = (await topology.call("get_stack_dna", {"detail": "full"}))["data"]
    assert data["document"]
    assert "running server" in data["live"]["not_read"][0]
