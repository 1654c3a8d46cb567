"""The fence for LogQL: which streams a query may open, and how far back it may look.

In: the text of a query or a selector, and times as a caller writes them.
Out: the selectors of a query with the span they need, or a refusal; nanoseconds since 1970.
Must not know: HTTP, MCP, or what Loki answers. It does not parse LogQL as a whole:
Loki refuses what is malformed, this file refuses what is well formed and too broad.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from refusal import Refusal

MAX_SPAN_SECONDS = 24 * 3600
DURATION = r"(?:[0-9]{1,6}(?:ms|[smhdw]))+"
TIME_PATTERN = (
    rf"^(?:now|now-{DURATION}|[0-9]{{9,10}}(?:\.[0-9]{{1,3}})?"
    r"|[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.,Z+-]{5,30})$"
)

_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
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


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    start: int
    end: int


def seconds_of(duration: str) -> float:
    """Return the length of a duration such as `90s`, `5m` or `1h30m`."""
    if not re.fullmatch(DURATION, duration):
        raise Refusal("E_ARG", "a duration is a number with ms, s, m, h, d or w, such as 5m")
    parts = re.findall(r"([0-9]+)(ms|[smhdw])", duration)
    return sum(int(number) * _UNITS[unit] for number, unit in parts)


def time_of(text: str, now: float) -> float:
    """Return a time written as `now`, `now-15m`, seconds since 1970 or RFC 3339."""
    if text == "now":
        return now
    if text.startswith("now-"):
        return now - seconds_of(text.removeprefix("now-"))
    if re.fullmatch(r"[0-9.]+", text):
        return float(text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        hint = "a time is `now`, `now-15m`, seconds since 1970 or RFC 3339 with a zone"
        raise Refusal("E_ARG", hint) from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def nanoseconds(moment: float) -> str:
    """Return a moment as Loki takes it; milliseconds are exact enough and stay exact."""
    return f"{round(moment * 1000)}000000"


def reach_of(query: str) -> Reach:
    """Return what a query opens, refused when a selector has no equality matcher."""
    tokens = _tokens(query)
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
            ranges.append(seconds_of(token.text[1:-1].strip()))
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
    tokens = _tokens(text)
    if not tokens or tokens[0].text != "{" or _check_selector(tokens, 0) != len(tokens) - 1:
        raise Refusal("E_ARG", 'a match is one stream selector, such as {namespace="kafka"}')


def quoted(text: str) -> str:
    """Return a LogQL string; only used for names the topology has checked."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _tokens(query: str) -> list[_Token]:
    found: list[_Token] = []
    position = 0
    while position < len(query):
        match = _TOKEN.match(query, position)
        if match is None:
            hint = "is not accepted (comments and open strings are not)"
            raise Refusal("E_ARG", f"character {position + 1} of the query {hint}")
        kind = match.lastgroup or ""
        if kind != "space":
            found.append(_Token(kind, match.group(), match.start(), match.end()))
        position = match.end()
    return found


def _text_at(tokens: list[_Token], index: int) -> str:
    return tokens[index].text if index < len(tokens) else ""


def _check_selector(tokens: list[_Token], start: int) -> int:
    """Read `{label="value", …}`; return the index of the closing brace."""
    equality = False
    index = start + 1
    while _text_at(tokens, index) != "}":
        parts = tokens[index : index + _MATCHER_PARTS]
        if len(parts) < _MATCHER_PARTS or parts[0].kind != "word" or parts[2].kind != "string":
            raise Refusal("E_ARG", 'a matcher is label="value"')
        if parts[1].text not in _MATCH_MARKS:
            raise Refusal("E_ARG", 'a matcher is label="value", with =, !=, =~ or !~')
        equality = equality or (parts[1].text == "=" and len(parts[2].text) > len('""'))
        index += _MATCHER_PARTS
        if _text_at(tokens, index) == ",":
            index += 1
        elif _text_at(tokens, index) != "}":
            raise Refusal("E_ARG", "matchers are separated by commas")
    if not equality:
        hint = 'each stream selector needs an equality matcher, such as namespace="kafka"'
        raise Refusal("E_ARG", hint)
    return index


def _offset(tokens: list[_Token], index: int) -> float:
    """Return the seconds of an offset; one that looks ahead opens nothing older."""
    if _text_at(tokens, index) == "-":
        return -seconds_of(_text_at(tokens, index + 1))
    return seconds_of(_text_at(tokens, index))
