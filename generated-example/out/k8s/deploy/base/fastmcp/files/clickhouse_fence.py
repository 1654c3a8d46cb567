"""A second fence before ClickHouse's own: the statement must be one balanced SELECT.

In: the text of a caller's statement.
Out: the same text without a trailing semicolon, or a `Refusal`.
Must not know: HTTP. The statement is later put into `SELECT * FROM (…)`; whoever closes that
parenthesis early is outside it. Whatever ClickHouse and this lexer might read differently
(comments, heredocs, prefixed strings, signs beyond ASCII) is refused instead of understood.
"""

from __future__ import annotations

import re

from stacktic_mcp.core.toolkit import Refusal

_QUOTED = re.compile(
    r"""'(?:[^'\\]|\\.|'')*+'|"(?:[^"\\]|\\.|"")*+"|`(?:[^`\\]|\\.|``)*+`""", re.DOTALL
)
_PAIRS = {")": "(", "]": "[", "}": "{"}
_FIRST_WORD = re.compile(r"\s*\(*\s*(SELECT|WITH)\b", re.IGNORECASE)
# A setting may be named in quotes, and one without a value is switched on; after a column of that
# name comes one of the words of a SELECT.
_SETTINGS = re.compile(
    r"\bSETTINGS\s+(?!(?:FROM|AS|WHERE|PREWHERE|GROUP|ORDER|HAVING|QUALIFY|WINDOW|LIMIT|OFFSET|FETCH"
    r"|UNION|EXCEPT|INTERSECT|FINAL|SAMPLE|FORMAT|AND|OR|NOT|IN|IS|LIKE|ILIKE|REGEXP|BETWEEN|DIV|MOD"
    r"|ASC|DESC|NULLS|COLLATE|THEN|ELSE|WHEN|END|ON|USING|GLOBAL|ANY|ALL|ASOF|SEMI|ANTI|INNER|LEFT"
    r"|RIGHT|FULL|CROSS|PASTE|ARRAY|JOIN|OVER)\b)[A-Za-z_`\"]",
    re.IGNORECASE,
)
# Functions and table functions that read outside the database, reach other servers or wait.
_REFUSED = re.compile(
    r"\b(url|urlCluster|file|fileCluster|s3|s3Cluster|gcs|cosn|oss|hdfs\w*|azureBlobStorage\w*"
    r"|remote|remoteSecure|cluster|clusterAllReplicas|mysql|postgresql|mongodb|redis|sqlite|odbc|jdbc"
    r"|executable|input|iceberg\w*|deltaLake\w*|hudi\w*|paimon\w*|arrowFlight|ytsaurus|dictionary"
    r"|dictGet\w*|dictHas|dictIsIn|hasColumnInTable|sleep|sleepEachRow|catboostEvaluate|fuzz\w+"
    r"|arrowStream|bigQuery|filesystem|loop|eval|python|getClientHTTPHeader"
    r"|ai(?:Generate|Extract|Classify|Translate|Embed|Filter|Redact|Similarity)\w*)\s*\(",
    re.IGNORECASE,
)


def ensure_one_select(sql: str) -> str:
    """Return the statement when it is one SELECT that closes what it opens."""
    bare = _without_quoted(sql)
    for mark in ("--", "//", "/*", "#", "$"):
        if mark in bare:
            raise Refusal("E_SQL", f"`{mark}` outside of a string is not accepted")
    if not bare.isascii():
        raise Refusal("E_SQL", "signs beyond ASCII are accepted inside of quotes only")
    text = sql.rstrip()
    if bare.rstrip().endswith(";"):
        text, bare = text[:-1], bare.rstrip()[:-1]
    if ";" in bare:
        raise Refusal("E_SQL", "one statement at a time")
    if not _FIRST_WORD.match(bare):
        raise Refusal("E_SQL", "the statement must begin with SELECT or WITH")
    _ensure_balanced(bare)
    _ensure_plain_functions(sql)
    return text


def _without_quoted(sql: str) -> str:
    """Put a blank in the place of each quoted text."""
    bare = _QUOTED.sub(_blank, sql)
    if re.search("['\"`]", bare):
        raise Refusal("E_SQL", "a quote is not closed")
    return bare


def _blank(match: re.Match[str]) -> str:
    before = match.string[match.start() - 1 : match.start()] if match.start() else ""
    if before.isalnum() or before == "_":
        raise Refusal("E_SQL", "a quote directly after a letter or digit is not accepted")
    return " "


def _ensure_balanced(bare: str) -> None:
    opened: list[str] = []
    for sign in bare:
        if sign in "([{":
            opened.append(sign)
        elif sign in ")]}" and (not opened or opened.pop() != _PAIRS[sign]):
            raise Refusal("E_SQL", "a parenthesis closes more than was opened")
    if opened:
        raise Refusal("E_SQL", "a parenthesis is not closed")


def _ensure_plain_functions(sql: str) -> None:
    if _SETTINGS.search(_QUOTED.sub(_blank_text, sql)):
        raise Refusal("E_SQL", "SETTINGS is not accepted; the limits of the link hold")
    found = _REFUSED.search(_QUOTED.sub(_name, sql))
    if found:
        raise Refusal("E_SQL", f"the function {found.group(1)} is not open to read tools")


def _blank_text(match: re.Match[str]) -> str:
    """Keep quoted names as they are: a setting may be one."""
    return " " if match.group()[0] == "'" else match.group()


def _name(match: re.Match[str]) -> str:
    """Keep a quoted identifier without its quotes: a function may be called by one."""
    quoted = match.group()
    if quoted[0] == "'":
        return " "
    if "\\" in quoted:
        raise Refusal("E_SQL", "a backslash in a quoted name is not accepted")
    return quoted[1:-1]
