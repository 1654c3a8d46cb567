"""The official conformance suite, for each revision of the protocol that it knows.

What it expects and the server does not do stands in conformance.yaml, each with its reason.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from npm_programs import CLIENTS, run_node, script
from pods import KEYS, Running, api_key

pytest_plugins = ["server_fixtures"]

REVISIONS = ("2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28")
BASELINE = Path(__file__).with_name("conformance.yaml")
SUITE = ("@modelcontextprotocol/conformance", "dist/index.js")
PASSING = {"SUCCESS", "INFO", "SKIPPED"}
FOLDER = re.compile(r"server-(?P<scenario>.+)-\d{4}-\d\d-\d\dT[\d-]+Z")


def expected() -> dict[str, str]:
    """Return the reason of each expected failure, by scenario and check."""
    groups = yaml.safe_load(BASELINE.read_text(encoding="utf-8"))
    reasons = {check: group["because"] for group in groups for check in group["checks"]}
    assert len(reasons) == sum(len(group["checks"]) for group in groups), "a check stands twice"
    return reasons


def statuses(server: Running, revision: str, out: Path) -> dict[str, set[str]]:
    """Run the suite and return what came of each check."""
    done = run_node(
        "--import", str(CLIENTS / "bearer.mjs"), script(*SUITE), "server", "--url", server.url,
        "--suite", "all", "--spec-version", revision, "--timeout", "10000", "-o", str(out),
        environ={"TEST_KEYS": json.dumps([api_key(number) for number in range(KEYS)])},
    )  # fmt: skip
    found: dict[str, set[str]] = {}
    for folder in out.iterdir():
        name = FOLDER.fullmatch(folder.name)
        assert name is not None, folder.name
        checks: list[dict[str, Any]] = json.loads((folder / "checks.json").read_text())
        for check in checks:
            place = f"{name['scenario']}/{check['id']}"
            found.setdefault(place, set()).add(check["status"])
    assert found, done.stdout + done.stderr
    return found


def test_every_revision_that_the_suite_knows_is_tried() -> None:
    told = run_node(script(*SUITE), "list", "--server", environ={}).stdout
    marks = re.findall(r"^  - \S+ \[([^\]]+)\]$", told, re.MULTILINE)
    known = {revision for mark in marks for revision in mark.split(",")}
    assert known - {"extension"} == set(REVISIONS)


@pytest.mark.parametrize("revision", REVISIONS)
def test_the_suite_finds_what_is_expected_and_nothing_else(
    example_server: Running, revision: str, tmp_path: Path
) -> None:
    found = statuses(example_server, revision, tmp_path)
    failing = {place for place, seen in found.items() if seen - PASSING}
    known = expected().keys()
    assert failing - known == set(), "fails and is not in conformance.yaml"
    assert (known & found.keys()) - failing == set(), "passes and is in conformance.yaml"


def test_each_expected_failure_is_of_a_check_that_exists() -> None:
    """An entry of a scenario that the suite no longer has would excuse nothing for ever."""
    told = run_node(script(*SUITE), "list", "--server", environ={}).stdout
    scenarios = set(re.findall(r"^  - (\S+) \[", told, re.MULTILINE))
    assert {place.split("/")[0] for place in expected()} <= scenarios
