"""The page's stack, generated and served, for the test files that speak to it.

In: the program under test.
Out: generated output, and a running agent with real servers behind it.
Must not know: any assertion.
"""

from __future__ import annotations

from collections.abc import Generator

import pytest

from generated import Generated, generate
from page_stack import PAGE_STACK
from page_world import Page, running_page


@pytest.fixture(scope="session")
def page_output(tmp_path_factory: pytest.TempPathFactory) -> Generated:
    """Generate the page's stack."""
    return generate(tmp_path_factory.mktemp("page-stack"), PAGE_STACK)


@pytest.fixture(scope="session")
def page(tmp_path_factory: pytest.TempPathFactory, page_output: Generated) -> Generator[Page]:
    """Run the agent, PostgreSQL, Valkey and the cluster's stub."""
    with running_page(tmp_path_factory.mktemp("page"), page_output) as started:
        started.cluster.requests.clear()
        yield started
