"""A stranger's questions lead to the right tool by the SDK's own search, on the full server.

The descriptions were tuned on one half of the questions; the other half tells what that is worth
for questions that nobody has seen. The goal is 85 % in the first place and 97 % among the first
five. What is held here for the half kept out is what was reached, so that it cannot get worse.
"""

from __future__ import annotations

import functools

import pytest

from evaluation.ranking import Placed, all_tools, placed, questions, shares

GOAL = (0.85, 0.97)
REACHED = (0.64, 0.86)


@functools.cache
def results() -> tuple[list[Placed], list[Placed]]:
    """Return the half that was tuned on, and the half that was kept out."""
    found = placed(questions())
    return (
        [one for one in found if one.question.tuning],
        [one for one in found if not one.question.tuning],
    )


def test_there_are_enough_questions_and_each_has_its_tool() -> None:
    names = {tool.name for tool in all_tools()}
    tuned, kept_out = results()
    assert len(tuned) + len(kept_out) >= 60
    assert len(tuned) == len(kept_out)
    for one in (*tuned, *kept_out):
        assert set(one.question.tools) <= names, one.question.text
    asked = {name for one in (*tuned, *kept_out) for name in one.question.tools}
    assert len(asked) >= 0.9 * len(names)


@pytest.mark.parametrize(("half", "least"), [(0, GOAL), (1, REACHED)], ids=["tuned", "kept out"])
def test_the_right_tool_is_found(half: int, least: tuple[float, float]) -> None:
    found = results()[half]
    first, among = shares(found)
    print(f"{len(found)} questions: {first:.1%} in the first place, {among:.1%} among five")
    assert first >= least[0]
    assert among >= least[1]
