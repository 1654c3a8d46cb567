"""Counters and times in the text form of Prometheus: how often and how long, by key and link.

In: calls that are over, and functions that tell of the server's state when they are asked.
Out: the text of all metrics.
Must not know: HTTP, or what a call said.

Labels are names of keys, links and codes: few, and none that a caller makes up. Whatever comes
beyond a bound is counted under one name, so that nobody fills a Prometheus with names.
"""

from __future__ import annotations

import bisect
from dataclasses import dataclass, field
from itertools import accumulate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from stacktic_mcp.core.calls import Call

PREFIX = "stacktic_mcp_"
# Upper bounds in seconds: a list takes milliseconds, no tool may take longer than 30 s.
BOUNDS = (0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
MAX_NAMES = 200
NOBODY = "none"
OTHERS = "others"

type Labels = tuple[tuple[str, str], ...]


@dataclass
class _Names:
    """The values that a label has had, up to a bound."""

    known: set[str] = field(default_factory=set[str])

    def of(self, name: str) -> str:
        name = name or NOBODY
        if name not in self.known and len(self.known) >= MAX_NAMES:
            return OTHERS
        self.known.add(name)
        return name


@dataclass
class _Times:
    buckets: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))
    total: float = 0.0


@dataclass
class Metrics:
    """What was counted since the start."""

    _keys: _Names = field(default_factory=_Names)
    _links: _Names = field(default_factory=_Names)
    _codes: _Names = field(default_factory=_Names)
    _calls: dict[Labels, int] = field(default_factory=dict[Labels, int])
    _refusals: dict[Labels, int] = field(default_factory=dict[Labels, int])
    _seconds: dict[str, _Times] = field(default_factory=dict[str, _Times])
    _gauges: list[tuple[str, str, Callable[[], Mapping[Labels, float]]]] = field(
        default_factory=list[tuple[str, str, "Callable[[], Mapping[Labels, float]]"]]
    )

    def count(self, call: Call, duration_ms: int) -> None:
        """Count a call that is over, or a request that was refused at the door."""
        key = self._keys.of(call.key_name)
        if call.method == "tools/call":
            link = self._links.of(call.link)
            labels = (("key", key), ("link", link), ("decision", call.decision))
            self._calls[labels] = self._calls.get(labels, 0) + 1
            times = self._seconds.setdefault(link, _Times())
            times.buckets[bisect.bisect_left(BOUNDS, duration_ms / 1000)] += 1
            times.total += duration_ms / 1000
        if call.code is not None:
            labels = (("key", key), ("code", self._codes.of(call.code)))
            self._refusals[labels] = self._refusals.get(labels, 0) + 1

    def gauge(self, name: str, about: str, read: Callable[[], Mapping[Labels, float]]) -> None:
        """Tell something that is read when it is asked for, by its labels."""
        self._gauges.append((name, about, read))

    def text(self) -> str:
        """Return all metrics."""
        lines = _family("calls_total", "counter", "Calls of tools that are over", self._calls)
        about = "Calls and requests that were refused or failed, by code"
        lines += _family("refusals_total", "counter", about, self._refusals)
        lines += self._histogram()
        for name, about, read in self._gauges:
            lines += _family(name, "gauge", about, read())
        return "\n".join(lines) + "\n"

    def _histogram(self) -> list[str]:
        name = f"{PREFIX}call_seconds"
        lines = [
            f"# HELP {name} Time that calls of tools took, by link",
            f"# TYPE {name} histogram",
        ]
        for link, times in self._seconds.items():
            sums = list(accumulate(times.buckets))
            for bound, count in zip([*map(str, BOUNDS), "+Inf"], sums, strict=True):
                lines.append(_sample(f"{name}_bucket", (("link", link), ("le", bound)), count))
            lines.append(_sample(f"{name}_sum", (("link", link),), round(times.total, 3)))
            lines.append(_sample(f"{name}_count", (("link", link),), sums[-1]))
        return lines


def degraded(parts: Iterable[str], health: Callable[[], Mapping[str, str]]) -> Mapping[Labels, int]:
    """Return, for each part that `/health` could tell of, whether it does."""
    ill = {part for part in health() if part != "status"}
    return {(("part", part),): int(part in ill) for part in {*parts, *ill}}


def _family(name: str, kind: str, about: str, samples: Mapping[Labels, float]) -> list[str]:
    name = PREFIX + name
    lines = [_sample(name, labels, value) for labels, value in samples.items()]
    return [f"# HELP {name} {about}", f"# TYPE {name} {kind}", *lines]


def _sample(name: str, labels: Labels, value: float) -> str:
    pairs = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels)
    return f"{name}{{{pairs}}} {value}" if pairs else f"{name} {value}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
