"""Times and durations as callers write them: `now`, `now-15m`, RFC 3339, seconds since 1970.

In: texts of a caller, and the units that a backend's language has.
Out: seconds, or a refusal that says how to write it; patterns for a tool's schema.
Must not know: what a time is for, or the clock: whoever asks says what `now` is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from stacktic_mcp.lib.refusal import Refusal

SECONDS = {
    "ms": 0.001,
    "s": 1,
    "m": 60,
    "h": 3600,
    "d": 24 * 3600,
    "w": 7 * 24 * 3600,
    "y": 365 * 24 * 3600,
}
MOMENT_HELP = "now, now-15m, RFC 3339 or epoch seconds"


@dataclass(frozen=True)
class Notation:
    """How a language writes durations: by letters of units, beside `ms`."""

    letters: str

    @property
    def duration(self) -> str:
        """Return the pattern of a duration, such as `90s` or `1h30m`."""
        return rf"(?:[0-9]{{1,6}}(?:ms|[{self.letters}]))+"

    @property
    def moment(self) -> str:
        """Return the pattern of a time, from its first to its last character."""
        return (
            rf"^(?:now|now-{self.duration}|[0-9]{{9,10}}(?:\.[0-9]{{1,3}})?"
            r"|[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.,Z+-]{5,30})$"
        )

    def seconds_of(self, duration: str) -> float:
        """Return the length of a duration."""
        if not re.fullmatch(self.duration, duration):
            *most, last = self.letters
            hint = f"a duration is a number with ms, {', '.join(most)} or {last}, such as 5m"
            raise Refusal("E_ARG", hint)
        parts = re.findall(rf"([0-9]+)(ms|[{self.letters}])", duration)
        return sum(int(number) * SECONDS[unit] for number, unit in parts)

    def time_of(self, text: str, now: float) -> float:
        """Return a time in seconds since 1970."""
        if text == "now":
            return now
        if text.startswith("now-"):
            return now - self.seconds_of(text.removeprefix("now-"))
        if re.fullmatch(r"[0-9.]+", text):
            return float(text)
        try:
            moment = datetime.fromisoformat(text)
        except ValueError as error:
            hint = "a time is `now`, `now-15m`, seconds since 1970 or RFC 3339 with a zone"
            raise Refusal("E_ARG", hint) from error
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
