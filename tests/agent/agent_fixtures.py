"""What several test files share: the generated example, a recorder, and an agent with actors.

In: the program under test.
Out: generated output, a recorder that is clear, a running agent.
Must not know: any assertion.

A test file asks for these by `pytest_plugins`: another folder has a `conftest` already.
"""

from __future__ import annotations

import secrets
from collections.abc import Generator

import pytest

from agent_process import Agent, running_agent, wait_until
from check_recorder import Recorder, recording
from generated import Generated, example, generate
from programs import add_actors, make_folder
from world import World, secret_files

# What an agent must not hand on to a program.
INHERITED = "canary-in-the-environment-of-the-agent"


@pytest.fixture(scope="session")
def output(tmp_path_factory: pytest.TempPathFactory) -> Generated:
    """Generate the example as it is."""
    return generate(tmp_path_factory.mktemp("stack"), example())


@pytest.fixture(scope="session")
def shared_recorder() -> Generator[Recorder]:
    """Run the recorder of the shared agent."""
    with recording() as recorder:
        yield recorder


@pytest.fixture
def recorder(shared_recorder: Recorder) -> Recorder:
    """Return the recorder without what tests before this one made it note."""
    wait_until(lambda: shared_recorder.alive == 0)
    shared_recorder.clear()
    return shared_recorder


@pytest.fixture(scope="session")
def acting_world(
    tmp_path_factory: pytest.TempPathFactory, output: Generated, shared_recorder: Recorder
) -> World:
    """Return the example with actors in the place of all programs."""
    folder = tmp_path_factory.mktemp("acting")
    metadata = output.metadata()
    return World(
        folder=folder,
        metadata=metadata,
        secrets={name: f"value-of-{name}" for name in secret_files(metadata)},
        key=secrets.token_hex(16),
        programs=add_actors(make_folder(folder / "bin", shared_recorder.port)),
    )


@pytest.fixture(scope="session")
def shared_agent(acting_world: World) -> Generator[Agent]:
    """Run an agent whose programs are actors."""
    with running_agent(acting_world.setup(INHERITED=INHERITED)) as agent:
        yield agent


@pytest.fixture
def acting(shared_agent: Agent, recorder: Recorder) -> Agent:
    """Return the shared agent, with a recorder that is clear."""
    assert shared_agent.process.poll() is None, shared_agent.log()
    return shared_agent
