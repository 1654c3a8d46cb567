"""The pod of the example's MCP server, with a Stack Agent that answers, for benchmarks.

In: the binary (STACKTIC_BIN), the example stack. Out: a pod that can be started.
Must not know: what is measured.
"""

import contextlib
import sys
import tempfile
from collections.abc import Generator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests" / name) for name in ("server", "tools")]

from agent_stub import AGENT_KEY, serving_agent  # noqa: E402
from generated import example, generate  # noqa: E402
from pods import Pod, make_pod  # noqa: E402


@contextlib.contextmanager
def example_pod() -> Generator[Pod]:
    """Make the pod in a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        output = generate(Path(folder) / "example", example())
        with serving_agent(output.metadata()) as agent:
            backend = {"MCP_STACK_AGENT_HOST": "127.0.0.1"}
            backend["MCP_STACK_AGENT_PORT"] = str(agent.port)
            pod = make_pod(Path(folder) / "pod", output, **backend)
            pod.fill({"MCP_STACK_AGENT_KEY": AGENT_KEY})
            yield pod
