"""How much memory tool calls take, each series of calls in a process of its own.

In: the module of a tool file, a link to a backend, and the calls to make one after another.
Out: of each call by how much the peak of the process grew above what it held before.
Must not know: any single tool, or what an answer means.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from conftest import LinkFacts, build_tools
from stacktic_mcp.core.toolkit import Refusal, Toolset

MIB = 1024 * 1024
MAX_GROWTH = 64 * MIB
TIME_LIMIT_S = 300
CHILD = "import peak_memory; peak_memory.measure_calls()"

Call = tuple[str, dict[str, Any]]


@dataclass(frozen=True)
class Measured:
    """One call: what it was answered, and what it took."""

    tool: str
    growth: int
    answer: dict[str, Any] | None
    refusal: str | None

    def __str__(self) -> str:
        """Return one line of a table."""
        cut = self.answer["truncated_by"] if self.answer else self.refusal
        return f"{self.tool} {self.growth / MIB:.1f} MiB {cut}"


def measured(module: str, link: LinkFacts, calls: Sequence[Call]) -> list[Measured]:
    """Make the calls in a fresh process; the first one, of no account, warms it up.

    It has the server's own tool file, settings and client libraries, and none of the tests' state.
    """
    order = {"module": module, "link": asdict(link), "calls": [calls[0], *calls]}
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    child = subprocess.run(
        [sys.executable, "-c", CHILD],
        input=json.dumps(order),
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=TIME_LIMIT_S,
    )
    assert child.returncode == 0, child.stderr[-4000:]
    return [Measured(**line) for line in json.loads(child.stdout)[1:]]


def measure_calls() -> None:
    """Be the child: read an order from stdin, print what each call took."""
    order = json.load(sys.stdin)
    register = importlib.import_module(order["module"]).register
    with tempfile.TemporaryDirectory() as folder:
        tools = build_tools(Path(folder), register, LinkFacts(**order["link"]))
        lines = asyncio.run(_measure(tools, order["calls"]))
    json.dump([asdict(line) for line in lines], sys.stdout)


async def _measure(tools: Toolset, calls: Sequence[Call]) -> list[Measured]:
    """Make all calls on one loop, as the server does, so that its pools stay."""
    lines: list[Measured] = []
    for name, arguments in calls:
        before = _start()
        answer, refusal = None, None
        try:
            answer = await tools.call(name, arguments)
        except Refusal as error:
            refusal = error.text()
        lines.append(Measured(name, _peak() - before, answer, refusal))
    return lines


def _start() -> int:
    """Let the peak begin anew and return what is resident now."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    return _status("VmRSS")


def _peak() -> int:
    return _status("VmHWM")


def _status(name: str) -> int:
    text = Path("/proc/self/status").read_text(encoding="ascii")
    found = re.search(rf"^{name}:\s+(\d+) kB$", text, re.MULTILINE)
    assert found is not None
    return int(found.group(1)) * 1024
