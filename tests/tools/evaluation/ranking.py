"""Everyday questions put to the search over tools that the SDK brings.

In: what `tools.json` of every pair says, and questions with the tools that answer them.
Out: where the first right tool stands for each question.
Must not know: how a description came about.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import yaml
from fastmcp.server.transforms.search.bm25 import BM25SearchTransform
from fastmcp.tools.base import Tool

REPOSITORY = Path(__file__).resolve().parents[3]
PAIRS = REPOSITORY / "link-types" / "pairs"
QUESTIONS = Path(__file__).with_name("questions.yaml")
TOP = 5


@dataclass(frozen=True)
class Question:
    """What somebody asked who had not read the descriptions."""

    text: str
    tools: tuple[str, ...]
    tuning: bool


@dataclass(frozen=True)
class Placed:
    """A question with the tools that the search names first."""

    question: Question
    found: tuple[str, ...]

    @property
    def is_first(self) -> bool:
        return bool(self.found) and self.found[0] in self.question.tools

    @property
    def is_among(self) -> bool:
        return not set(self.found).isdisjoint(self.question.tools)


class _Search(BM25SearchTransform):
    """The SDK's search, asked without a server."""

    def names(self, tools: list[Tool], text: str) -> tuple[str, ...]:
        return tuple(tool.name for tool in asyncio.run(self._search(tools, text)))


def all_tools() -> list[Tool]:
    """Return the tools of a server that every service is linked to."""
    found: dict[str, dict[str, Any]] = {}
    for file in sorted(PAIRS.glob("*/tools.json")):
        for tool in json.loads(file.read_text(encoding="utf-8"))["tools"]:
            # Two pairs may bring the same tools, as those for traces do.
            found[tool["name"]] = tool
    return [
        Tool(
            name=name,
            title=facts["title"],
            description=facts["description"],
            parameters=facts["input_schema"],
        )
        for name, facts in sorted(found.items())
    ]


def questions() -> list[Question]:
    """Return all questions."""
    facts = cast("list[dict[str, Any]]", yaml.safe_load(QUESTIONS.read_text(encoding="utf-8")))
    return [
        Question(one["question"], tuple(one["tool"]), bool(one.get("tuning", False)))
        for one in facts
    ]


def placed(asked: list[Question]) -> list[Placed]:
    """Ask all questions of all tools."""
    search, tools = _Search(max_results=TOP), all_tools()
    return [Placed(question, search.names(tools, question.text)) for question in asked]


def shares(results: list[Placed]) -> tuple[float, float]:
    """Return which share has a right tool in the first place, and among the first five."""
    first = sum(result.is_first for result in results)
    among = sum(result.is_among for result in results)
    return first / len(results), among / len(results)
