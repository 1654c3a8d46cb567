"""Servers that several test modules share, each started once.

In: the generated example, changed as the name of a fixture says.
Out: generated output, a running server, and for each test a key of its own.
Must not know: any assertion.

A module asks for these by `pytest_plugins`: another folder has a `conftest` already.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from itertools import cycle

import pytest

from agent_stub import AGENT_KEY, serving_agent
from generated import Generated, example, generate
from pods import KEYS, Running, make_pod, running
from servers.stub import Stub

_numbers: Iterator[int] = cycle(range(KEYS))


@pytest.fixture(scope="session")
def example_output(tmp_path_factory: pytest.TempPathFactory) -> Generated:
    """Generate the example as it is."""
    return generate(tmp_path_factory.mktemp("example"), example())


@pytest.fixture(scope="session")
def agent(example_output: Generated) -> Generator[Stub]:
    """Serve the example's metadata as the Stack Agent does."""
    with serving_agent(example_output.metadata()) as stub:
        yield stub


@pytest.fixture(scope="session")
def example_server(
    tmp_path_factory: pytest.TempPathFactory, example_output: Generated, agent: Stub
) -> Generator[Running]:
    """Run the example's server by the pod's own command; only the agent is there."""
    pod = make_pod(
        tmp_path_factory.mktemp("server"),
        example_output,
        MCP_STACK_AGENT_HOST="127.0.0.1",
        MCP_STACK_AGENT_PORT=str(agent.port),
    )
    pod.fill({"MCP_STACK_AGENT_KEY": AGENT_KEY})
    with running(pod, fresh=True) as server:
        yield server


@pytest.fixture
def key() -> int:
    """Return the number of a key that no test before has used, so that no rate is shared."""
    return next(_numbers)
