"""Texts of backends and callers as they may be shown: nothing hidden, nothing that moves a cursor.

In: any text.
Out: one line that shows as it reads.
Must not know: where a text comes from. Secrets are redacted by the server, not here.
"""

from __future__ import annotations

import re

# Terminal colors are dropped as a whole, so that their parameters do not stay behind as text.
_ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
# C0, C1, line separators, and characters that turn the direction of text or have no width.
_CONTROL = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f]"
)


def plain_text(text: str) -> str:
    """Return one line that shows as it reads: no control, direction or invisible characters."""
    return _CONTROL.sub(" ", _ESCAPE.sub("", text)).strip()


def printable(text: str) -> str:
    """Return the characters of a text that can be printed, side by side."""
    return "".join(filter(str.isprintable, text))
