"""One odd value in an answer of a backend never costs the rest of the answer.

In: documents of every HTTP backend, old forms and new, with each place made hostile in turn.
Out: proof that each tool still answers within its schema, or refuses in words of its own where
the frame of the whole document is broken.
Must not know: what a tool shows; the tests of each tool do.
"""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from conftest import MakeTools
from hostile import VALUES, answer_with, answers_of, places, removed, replaced, tools_of
from samples.cases import CASES, Case
from samples.documents import application
from stacktic_mcp.core.toolkit import Toolset
from stacktic_mcp.lib.answers import OUTPUT_SCHEMA
from stacktic_mcp.lib.refusal import Refusal

pytestmark = pytest.mark.anyio

# A document is walked whole; at each place some of the values are tried, all of them in turn.
VALUES_A_PLACE = 3
UNFORESEEN = "could not serve this call"


def variants(case: Case) -> list[tuple[Any, Any]]:
    """Return hostile documents, each with the place that was changed."""
    turn = itertools.cycle(VALUES)
    found: list[tuple[Any, Any]] = []
    for place in places(case.document):
        found += [
            (place, replaced(case.document, place, value))
            for value in itertools.islice(turn, VALUES_A_PLACE)
        ]
        if place:
            found.append((place, removed(case.document, place)))
    return found


def check_envelope(envelope: dict[str, Any]) -> None:
    jsonschema.validate(envelope, OUTPUT_SCHEMA)
    text = json.dumps(envelope, ensure_ascii=False, allow_nan=False)
    assert len(text.encode("utf-8")) <= 160 * 1024
    assert "secret-of-x" not in text


@pytest.mark.parametrize("case", CASES, ids=str)
async def test_a_good_document_is_shown(
    case: Case, make_tools: MakeTools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer_with(monkeypatch, answers_of(case, case.document))
    envelope = await tools_of(case.kind, make_tools, tmp_path).call(case.tool, case.arguments)
    check_envelope(envelope)
    assert case.kind == "loki" or ":p@" not in json.dumps(envelope)


@pytest.mark.parametrize("case", CASES, ids=str)
async def test_one_odd_value_costs_nothing_else(
    case: Case, make_tools: MakeTools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tools = tools_of(case.kind, make_tools, tmp_path)
    for place, document in variants(case):
        answer_with(monkeypatch, answers_of(case, document))
        refusal = await refusal_of(tools, case)
        if refusal is None:
            continue
        told = (place, refusal.text())
        assert refusal.code in {"E_UNAVAILABLE", "E_NOT_FOUND", "E_LIMIT"}, told
        assert UNFORESEEN not in refusal.hint, told
        # A panel is found by its id: without one there is no such panel.
        assert place in case.frame or refusal.code == "E_NOT_FOUND", told


async def refusal_of(tools: Toolset, case: Case) -> Refusal | None:
    try:
        check_envelope(await tools.call(case.tool, case.arguments))
    except Refusal as refusal:
        return refusal
    return None


async def shown(tools: Toolset, monkeypatch: pytest.MonkeyPatch, case: Case) -> Any:
    answer_with(monkeypatch, answers_of(case, case.document))
    return (await tools.call(case.tool, case.arguments))["data"]


async def test_every_schema_of_dashboards_has_its_panels(
    make_tools: MakeTools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tools = tools_of("grafana", make_tools, tmp_path)
    found = {
        case.arguments["uid"]: [
            (panel["id"], panel["title"], panel["queries"])
            for panel in await shown(tools, monkeypatch, case)
        ]
        for case in CASES
        if case.arguments.get("view") == "panels"
    }
    assert found == {
        "old": [(1, "Lag", 1), (2, "b", 0)],
        "listed": [(1, "Lag", 1), (2, "Lag", 1), (3, "Library", 0)],
        "v2": [(1, "New", 1)],
    }
    for case in CASES:
        if case.tool == "grafana_get_panel_queries":
            assert [row["query"] for row in await shown(tools, monkeypatch, case)] == ["up"]


@pytest.mark.parametrize(
    ("spec", "repositories"),
    [
        ({"source": {"repoURL": "a"}}, ["a"]),
        ({"sources": [{"repoURL": "a"}, {"repoURL": "b", "ref": "v"}]}, ["a", "b"]),
        ({"source": None, "sources": []}, []),
        ({"sourceHydrator": {"drySource": {"repoURL": "dry"}}}, ["dry"]),
        ({}, []),
    ],
)
async def test_every_form_of_sources_is_read(
    make_tools: MakeTools,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    spec: dict[str, Any],
    repositories: list[str],
) -> None:
    arguments = {"app": "kafka", "view": "sources"}
    case = Case("argo_cd", "argocd_get_application", application(**spec), arguments)
    rows = await shown(tools_of("argo_cd", make_tools, tmp_path), monkeypatch, case)
    assert [row["repository"] for row in rows] == repositories


@pytest.mark.parametrize(
    ("automated", "shown_as"),
    [({}, True), (None, False), ({"enabled": False}, False), ({"enabled": True}, True)],
)
async def test_automation_has_had_a_switch_since_3_1(
    make_tools: MakeTools,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    automated: Any,
    shown_as: bool,
) -> None:
    document = application(syncPolicy={"automated": automated})
    case = Case("argo_cd", "argocd_get_application", document, {"app": "kafka"})
    data = await shown(tools_of("argo_cd", make_tools, tmp_path), monkeypatch, case)
    assert data["automated"] is shown_as


async def test_samples_of_every_size_have_a_mean(
    make_tools: MakeTools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = next(case for case in CASES if case.tool == "prom_query_range")
    data = await shown(tools_of("prometheus", make_tools, tmp_path), monkeypatch, case)
    first, second = data["series"]
    assert (first["min"], first["max"], first["avg"], first["last"]) == (
        1.7e308,
        1.7e308,
        1.7e308,
        "NaN",
    )
    assert [row["count"] for row in second["histograms"]] == [3.0, 3.0]
    assert second["points_found"] == 2


async def test_lines_keep_what_stands_beside_them(
    make_tools: MakeTools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = next(case for case in CASES if case.tool == "loki_query_range")
    data = await shown(tools_of("loki", make_tools, tmp_path), monkeypatch, case)
    assert data["warnings"] == ["w"]
    assert [row["labels"] for row in data["lines"]] == [
        {"app": "kafka"},
        {"app": "kafka", "trace": "1"},
    ]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("99999999999999.99", "99999999999999.99"),
        ("99999999999999.98", 99999999999999.98),
        ("0.1234567890123456789", "0.1234567890123456789"),
        ("9007199254740993", "9007199254740993"),
        ("-9223372036854775808", "-9223372036854775808"),
        ("1e400", "1e400"),
        ("1.0e2", 100.0),
        ("NaN", "NaN"),
        ("-Infinity", "-Infinity"),
        ('"a\\ud83d"', "a\\ud83d"),
        ('"\\ud83d\\ude00"', "😀"),
        ('"\\\\ud83d"', "\\ud83d"),
        ("1" * 5000, None),
    ],
)
async def test_numbers_and_texts_that_json_cannot_hold_stay_exact(
    make_tools: MakeTools,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    written: str,
    read: Any,
) -> None:
    answer_with(monkeypatch, lambda _: f'{{"v": {written}}}'.encode())
    tools = tools_of("fastapi", make_tools, tmp_path)
    data = (await tools.call("api_call", {"operation_id": "read"}))["data"]
    assert data["body"]["v"] == read if read is not None else data["body"]["v"].startswith("1111")
