"""Addresses in texts of Prometheus, without the user and password that they may hold.

In: any text: a label, an error, the address of a target.
Out: the text without userinfo.
Must not know: which text it is. Every step looks at each character a bounded number of times: a
label may have millions of them.
"""

from __future__ import annotations

import re

# Userinfo before a host, with a scheme. A password may itself hold an `@`, and an address that is
# a parameter of another one has its `@` encoded.
_WITH_SCHEME = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]{0,30}://)(?P<user>[^/?#\s\"'<>]*)(?:@|%40)"
)
# Without one it is part of a run of characters that stand in no other place of an address.
_RUN = re.compile(r"[^\s/?#\"'<>]+")
_BEFORE_HOST = re.compile(r"(?:@|%40)(?=[\w\[])")
_NAME = re.compile(r"[^:@]+(?=:)")
_NO_WORD = re.compile(r"[^\w.%-](?=.)", re.DOTALL)


def without_userinfo(text: str) -> str:
    """Return a text in which no address names a user or a password."""
    return _split(text)[0]


def userinfo_of(text: str) -> list[str]:
    """Return what stood before the hosts of a text."""
    return _split(text)[1]


def _split(text: str) -> tuple[str, list[str]]:
    found: list[str] = []
    if "@" not in text and "%40" not in text:
        return text, found

    def with_scheme(match: re.Match[str]) -> str:
        found.append(match["user"])
        return match["scheme"]

    def bare(match: re.Match[str]) -> str:
        run, behind_slash = match[0], match.string[match.start() - 1 : match.start()] == "/"
        span = _bare_userinfo(run, behind_slash=behind_slash)
        if span is None:
            return run
        start, end, after = span
        found.append(run[start:end])
        return run[:start] + run[after:]

    return _RUN.sub(bare, _WITH_SCHEME.sub(with_scheme, text)), found


def _bare_userinfo(run: str, *, behind_slash: bool) -> tuple[int, int, int] | None:
    """Return where `user:password` starts and ends, and where the host begins."""
    marks = list(_BEFORE_HOST.finditer(run))
    if not marks:
        return None
    head = run[: marks[-1].start()]
    for name in _NAME.finditer(head):
        before = head[name.start() - 1] if name.start() else "/" if behind_slash else ""
        if before in {"", "@"}:
            return name.start(), len(head), marks[-1].end()
        # Within a word, or behind the port of an address, no user begins.
        gap = _NO_WORD.search(name[0])
        if gap is not None:
            return name.start() + gap.end(), len(head), marks[-1].end()
    return None
