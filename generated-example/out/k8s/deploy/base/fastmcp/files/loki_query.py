"""The fence for LogQL: which streams a query may open, and how far back it may look.

In: the text of a query or a selector, and times as a caller writes them.
Out: the selectors of a query with the span they need, or a refusal; nanoseconds since 1970.
Must not know: HTTP, MCP, or what Loki answers. It does not parse LogQL as a whole:
Loki refuses what is malformed, this file refuses what is well formed and too broad.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from stacktic_mcp.lib.refusal import Refusal
from stacktic_mcp.lib.times import Notation
from stacktic_mcp.lib.tokens import Token, text_at, tokens_of

MAX_SPAN_SECONDS = 24 * 3600
TIMES = Notation("smhdw")

# Outside of strings LogQL has nothing else. What begins a comment (`#`, `//`, `/*`) is refused:
# a quote in a comment would make the two sides see different strings.
_TOKEN = re.compile(
    r"""(?P<space>[ \t\r\n]+)
      | (?P<string>"(?:[^"\\\n]|\\.)*"|`[^`]*`)
      | (?P<duration>\[[^\]]*\])
      | (?P<word>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<number>[0-9.][0-9A-Za-z_.]*)
      | (?P<mark>=~|!~|!=|==|<=|>=|\|=|\|~|\|>|!>|/(?![/*])|[-+*%^(){}|,=<>!])""",
    re.VERBOSE,
)
_MATCHER_PARTS = 3
_MATCH_MARKS = frozenset({"=", "!=", "=~", "!~"})


@dataclass(frozen=True)
class Reach:
    """What a query opens: its stream selectors, and how far back before its start it looks."""

    selectors: tuple[str, ...]
    lookback_seconds: float

    @property
    def is_metric(self) -> bool:
        """A metric query has a range; a log query has none."""
        return self.lookback_seconds > 0


def nanoseconds(moment: float) -> str:
    """Return a moment as Loki takes it; milliseconds are exact enough and stay exact."""
    return f"{round(moment * 1000)}000000"


def reach_of(query: str) -> Reach:
    """Return what a query opens, refused when a selector has no equality matcher."""
    tokens = tokens_of(query, _TOKEN)
    selectors: list[str] = []
    ranges = [0.0]
    offsets = [0.0]
    index = 0
    while index < len(tokens):
        token = tokens[index]
        if token.text == "{":
            end = _check_selector(tokens, index)
            selectors.append(query[token.start : tokens[end].end])
            index = end
        elif token.kind == "duration":
            ranges.append(TIMES.seconds_of(token.text[1:-1].strip()))
        elif token.text.lower() == "offset":
            offsets.append(_offset(tokens, index + 1))
        index += 1
    if not selectors:
        raise Refusal("E_ARG", 'the query has no stream selector such as {namespace="kafka"}')
    lookback = max(ranges) + max(offsets)
    if lookback > MAX_SPAN_SECONDS:
        raise Refusal("E_LIMIT", "range and offset of a query are at most 24h together")
    return Reach(tuple(selectors), lookback)


def ensure_selector(text: str) -> None:
    """Refuse everything that is not one stream selector with an equality matcher."""
    tokens = tokens_of(text, _TOKEN)
    if not tokens or tokens[0].text != "{" or _check_selector(tokens, 0) != len(tokens) - 1:
        raise Refusal("E_ARG", 'a match is one stream selector, such as {namespace="kafka"}')


def quoted(text: str) -> str:
    """Return a LogQL string; only used for names the topology has checked."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _check_selector(tokens: list[Token], start: int) -> int:
    """Read `{label="value", …}`; return the index of the closing brace."""
    equality = False
    index = start + 1
    while text_at(tokens, index) != "}":
        parts = tokens[index : index + _MATCHER_PARTS]
        if len(parts) < _MATCHER_PARTS or parts[0].kind != "word" or parts[2].kind != "string":
            raise Refusal("E_ARG", 'a matcher is label="value"')
        if parts[1].text not in _MATCH_MARKS:
            raise Refusal("E_ARG", 'a matcher is label="value", with =, !=, =~ or !~')
        equality = equality or (parts[1].text == "=" and len(parts[2].text) > len('""'))
        index += _MATCHER_PARTS
        if text_at(tokens, index) == ",":
            index += 1
        elif text_at(tokens, index) != "}":
            raise Refusal("E_ARG", "matchers are separated by commas")
    if not equality:
        hint = 'each stream selector needs an equality matcher, such as namespace="kafka"'
        raise Refusal("E_ARG", hint)
    return index


def _offset(tokens: list[Token], index: int) -> float:
    """Return the seconds of an offset; one that looks ahead opens nothing older."""
    if text_at(tokens, index) == "-":
        return -TIMES.seconds_of(text_at(tokens, index + 1))
    return TIMES.seconds_of(text_at(tokens, index))
