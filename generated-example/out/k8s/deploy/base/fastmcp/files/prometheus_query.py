"""The fence for PromQL: what a query must look like before it is sent.

In: the text of a query or a selector, and times as a caller writes them.
Out: nothing, or a refusal that says which part is too broad; seconds since 1970.
Must not know: HTTP, MCP, or what the server answers. It does not parse PromQL as a whole:
Prometheus refuses what is malformed, this file refuses what is well formed and too broad.
"""

from __future__ import annotations

import re

from stacktic_mcp.lib.refusal import Refusal
from stacktic_mcp.lib.times import Notation
from stacktic_mcp.lib.tokens import Token, text_at, tokens_of

MAX_RANGE_SECONDS = 30 * 24 * 3600
MAX_STEPS = 2000
DEFAULT_SUBQUERY_STEP = 60
TIMES = Notation("smhdwy")

_TOKEN = re.compile(
    r"""(?P<space>[ \t\r\n]+)
      | (?P<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`[^`]*`)
      | (?P<word>[A-Za-z_:][A-Za-z0-9_:]*)
      | (?P<number>[0-9.][0-9A-Za-z_.]*)
      | (?P<mark>=~|!~|!=|==|<=|>=|[-+*/%^(){}\[\],=<>@:])""",
    re.VERBOSE,
)
_MATCHER_PARTS = 3
_MATCH_MARKS = frozenset({"=", "!=", "=~", "!~"})
_LIST_WORDS = frozenset({"by", "without", "on", "ignoring", "group_left", "group_right"})
_OPERATOR_WORDS = frozenset({"and", "or", "unless", "atan2", "bool"})
_OTHER_WORDS = frozenset({"offset", "inf", "nan"})
_KEYWORDS = _LIST_WORDS | _OPERATOR_WORDS | _OTHER_WORDS
# Each alternative of a regular expression has to begin with text that is not optional.
_LITERAL_START = re.compile(r"[A-Za-z0-9_:/-](?![?*{])")
_PLAIN_REGEX = re.compile(r"[A-Za-z0-9_:/.*+|\\-]+")


def ensure_narrow(query: str) -> None:
    """Refuse a query in which any selector has neither a metric name nor a positive matcher."""
    tokens = tokens_of(query, _TOKEN)
    selectors = 0
    index = 0
    while index < len(tokens):
        token = tokens[index]
        if token.text == "{":
            index = _check_braces(tokens, index, named=_is_metric_name(tokens, index - 1))
            selectors += 1
        elif token.text == "[":
            index = _check_range(tokens, index)
        elif _word(token) in _LIST_WORDS and text_at(tokens, index + 1) == "(":
            index = _end_of_list(tokens, index + 1)
        elif _is_metric_name(tokens, index) and text_at(tokens, index + 1) != "{":
            selectors += 1
        index += 1
    if not selectors:
        raise Refusal("E_ARG", "the query names no metric and has no matcher")


def ensure_selector(text: str) -> None:
    """Refuse everything that is not one selector with a metric name or a positive matcher."""
    tokens = tokens_of(text, _TOKEN)
    if len(tokens) == 1 and _is_metric_name(tokens, 0):
        return
    start = 1 if tokens and _is_metric_name(tokens, 0) else 0
    if text_at(tokens, start) != "{":
        raise Refusal("E_ARG", 'a match is one selector, such as up{job="kafka"}')
    if _check_braces(tokens, start, named=start == 1) != len(tokens) - 1:
        raise Refusal("E_ARG", "a match is one selector with nothing after it")


def _word(token: Token) -> str:
    """Return the word in lower case: keywords of PromQL have no case."""
    return token.text.lower() if token.kind == "word" else ""


def _is_metric_name(tokens: list[Token], index: int) -> bool:
    """Tell a metric name from a function, an aggregation, a keyword and an unknown operator."""
    if index < 0 or tokens[index].kind != "word" or _word(tokens[index]) in _KEYWORDS:
        return False
    following = tokens[index + 1] if index + 1 < len(tokens) else None
    if following and (following.text == "(" or _word(following) in {"by", "without"}):
        return False
    return not _ends_operand(tokens, index - 1)


def _ends_operand(tokens: list[Token], index: int) -> bool:
    """Tell whether a token ends an operand: a word right after one can only be an operator."""
    if index < 0:
        return False
    token = tokens[index]
    if token.kind == "word":
        return _word(token) not in _KEYWORDS - {"inf", "nan"}
    if token.text == ")":
        return not _closes_list(tokens, index)
    return token.kind in {"number", "string"} or token.text in {"}", "]"}


def _closes_list(tokens: list[Token], index: int) -> bool:
    """Tell whether a `)` ends the label list of `by`, `on` and the like."""
    depth = 0
    for position in range(index, -1, -1):
        depth += {")": 1, "(": -1}.get(tokens[position].text, 0)
        if depth == 0:
            return position > 0 and _word(tokens[position - 1]) in _LIST_WORDS
    return False


def _end_of_list(tokens: list[Token], start: int) -> int:
    for index in range(start + 1, len(tokens)):
        token = tokens[index]
        if token.text == ")":
            return index
        if token.kind not in {"word", "string"} and token.text != ",":
            break
    raise Refusal("E_ARG", "a list of labels is not closed")


def _check_braces(tokens: list[Token], start: int, *, named: bool) -> int:
    """Read the matchers between braces; return the index of the closing one."""
    positive = named
    index = start + 1
    while text_at(tokens, index) != "}":
        if index + 1 >= len(tokens):
            raise Refusal("E_ARG", "a selector is not closed")
        name, mark = tokens[index], tokens[index + 1].text
        if name.kind == "string" and mark in {",", "}"}:
            # A quoted metric name stands alone between the braces.
            positive = positive or len(name.text) > len('""')
            index += 1
        else:
            positive = _check_matcher(tokens, index) or positive
            index += _MATCHER_PARTS
        if text_at(tokens, index) == ",":
            index += 1
        elif text_at(tokens, index) != "}":
            raise Refusal("E_ARG", "matchers are separated by commas")
    if not positive:
        hint = (
            'each selector needs a metric name, label="value" or a =~ that begins with literal text'
        )
        raise Refusal("E_ARG", hint)
    return index


def _check_matcher(tokens: list[Token], index: int) -> bool:
    """Return whether one `label <mark> "value"` is positive; refuse every other form."""
    parts = tokens[index : index + _MATCHER_PARTS]
    if len(parts) < _MATCHER_PARTS or parts[0].kind not in {"word", "string"}:
        raise Refusal("E_ARG", 'a matcher is label="value"')
    if parts[1].text not in _MATCH_MARKS or parts[2].kind != "string":
        raise Refusal("E_ARG", 'a matcher is label="value", with =, !=, =~ or !~')
    if parts[1].text == "=":
        return len(parts[2].text) > len('""')
    return parts[1].text == "=~" and _is_narrow_regex(parts[2].text)


def _is_narrow_regex(quoted: str) -> bool:
    """Tell whether every alternative begins with literal text."""
    pattern = quoted[1:-1]
    if not quoted.startswith("`"):
        # An escape such as \x7c would hide a `|`; only the doubled backslash is read here.
        if "\\" in pattern.replace("\\\\", ""):
            return False
        pattern = pattern.replace("\\\\", "\\")
    if not _PLAIN_REGEX.fullmatch(pattern):
        return False
    return all(_LITERAL_START.match(choice) for choice in pattern.split("|"))


def _check_range(tokens: list[Token], start: int) -> int:
    """Check the length of `[5m]` or `[1h:5m]`; return the index of the closing bracket."""
    texts: list[str] = []
    index = start + 1
    while text_at(tokens, index) != "]":
        if index >= len(tokens):
            raise Refusal("E_ARG", "a range is not closed")
        texts.append(tokens[index].text)
        index += 1
    length, colon, step = "".join(texts).partition(":")
    seconds = TIMES.seconds_of(length)
    if seconds > MAX_RANGE_SECONDS:
        raise Refusal("E_LIMIT", "a range in a query is at most 30d")
    if colon and seconds > MAX_STEPS * (TIMES.seconds_of(step) if step else DEFAULT_SUBQUERY_STEP):
        raise Refusal("E_LIMIT", f"a subquery has at most {MAX_STEPS} steps; make its step longer")
    return index
