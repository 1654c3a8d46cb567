"""What is never shown: the vectors that the agent reads too, and texts within JSON."""

from __future__ import annotations

import json
from typing import Any

import pytest

from conftest import REPOSITORY
from stacktic_mcp.lib.answers import Answer, Budget, encode, fit
from stacktic_mcp.lib.redaction import COMMON, MASK, REASONS, Redactor, unfit

VECTORS: dict[str, Any] = json.loads(
    (REPOSITORY / "tests" / "vectors" / "redaction.json").read_text(encoding="utf-8")
)
HARD = 's3cur3"pw\\ä\n17'


def test_the_rule_is_that_of_the_vectors() -> None:
    assert VECTORS["mask"] == MASK
    assert [word.encode("ascii") for word in VECTORS["common"]] == sorted(COMMON)
    assert {case["refused"] for case in VECTORS["refused"]} == set(REASONS)


@pytest.mark.parametrize("case", VECTORS["refused"], ids=lambda case: case["value"])
def test_a_value_that_cannot_be_hidden_has_its_reason(case: dict[str, str]) -> None:
    assert unfit(case["value"]) == case["refused"]


@pytest.mark.parametrize("case", VECTORS["accepted"], ids=lambda case: case["why"])
def test_a_value_that_can_be_hidden_is_fit(case: dict[str, str]) -> None:
    assert unfit(case["value"]) is None


@pytest.mark.parametrize("case", VECTORS["masked"], ids=lambda case: case["why"])
def test_every_form_is_masked(case: dict[str, Any]) -> None:
    assert Redactor(case["secrets"])(case["text"]) == case["expected"]


@pytest.mark.parametrize("case", VECTORS["masked"], ids=lambda case: case["why"])
def test_the_quick_look_at_a_json_text_sees_what_its_strings_hold(case: dict[str, Any]) -> None:
    redactor = Redactor(case["secrets"])
    found = redactor(case["text"]) != case["text"]
    for value in (case["text"], [{"k": case["text"]}], {case["text"]: 1}):
        assert redactor.touches(encode(value)) is found


@pytest.mark.parametrize("line", [HARD, json.dumps(HARD), encode(HARD), encode([HARD])])
def test_a_secret_is_found_in_a_line_that_is_json_itself(line: str) -> None:
    fitted = fit(Answer([{"line": line}]), Budget(), Redactor([HARD]))
    assert fitted.redacted
    assert MASK in fitted.data[0]["line"]
    assert "s3cur3" not in encode(fitted.data)


def test_a_number_can_be_a_secret() -> None:
    fitted = fit(Answer([{"n": 40718293, "x": 1}]), Budget(), Redactor(["40718293"]))
    assert fitted.data == [{"n": MASK, "x": 1}]
    assert fitted.redacted


def test_an_answer_without_a_secret_says_so() -> None:
    assert not fit(Answer([{"n": "x" * 5000}]), Budget(), Redactor([HARD])).redacted
