"""The one error a tool raises on purpose.

In: a code, a hint of our own words and, where a closed list exists, the legal values.
Out: the JSON text that a caller sees.
Must not know: drivers, their error texts, or any value of a secret.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

Code = Literal[
    "E_SCOPE",
    "E_WRITE_DISABLED",
    "E_ARG",
    "E_LIMIT",
    "E_TIMEOUT",
    "E_UNAVAILABLE",
    "E_NOT_FOUND",
    "E_CONFLICT",
    "E_SQL",
]

MAX_ALLOWED_VALUES = 20
MAX_HINT_CHARACTERS = 500


class Refusal(Exception):  # noqa: N818 -- a refusal is an answer, not a fault
    """A call that is not carried out, with the reason in words of our own."""

    def __init__(self, code: Code, hint: str, allowed_values: Sequence[str] = ()) -> None:
        """Keep the hint short: it goes to a caller that pays for every token."""
        super().__init__(f"{code}: {hint}")
        self.code: Code = code
        self.hint = hint[:MAX_HINT_CHARACTERS]
        self.allowed_values = tuple(allowed_values[:MAX_ALLOWED_VALUES])

    def text(self) -> str:
        """Return the JSON that the caller gets."""
        body = {
            "code": self.code,
            "hint": self.hint,
            "allowed_values": list(self.allowed_values),
        }
        return json.dumps(body, ensure_ascii=False)
