"""What is known about the call being served: who calls, and what became of it.

In: facts that the HTTP layer and the tool wrapper learn on the way.
Out: one mutable record a call, reachable from everything that serves it.
Must not know: where the record is written.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Literal

from stacktic_mcp.core.reach import ALL, NOTHING, Reach

# Where a request's scope holds its exchange.
EXCHANGE = "stacktic.exchange"

Decision = Literal["allowed", "denied", "failed"]


@dataclass
class Exchange:
    """One HTTP request: who sent it, and whether the sender is still there."""

    key_name: str
    session: str
    # A message of the server's own to a session.
    internal: bool = False
    # What the sender may reach, once it is known who that is.
    reach: Reach = NOTHING
    recorded: bool = False
    gone: bool = False
    _on_gone: Callable[[], None] | None = None

    def when_gone(self, action: Callable[[], None]) -> None:
        """Run an action when the sender leaves, at once when it has left already."""
        self._on_gone = action
        if self.gone:
            action()

    def leave(self) -> None:
        """Note that the sender is gone."""
        self.gone = True
        if self._on_gone is not None:
            self._on_gone()


@dataclass
class Call:
    """One call, filled in while it is served."""

    method: str
    exchange: Exchange | None = None
    key_name: str = ""
    session: str = ""
    # What the caller may reach; a tool that a test calls by itself has no caller.
    reach: Reach = ALL
    tool: str = ""
    link: str = ""
    arguments: dict[str, Any] = field(default_factory=dict[str, Any])
    arguments_digest: str = ""
    decision: Decision = "allowed"
    code: str | None = None
    result_bytes: int = 0
    # The audit line that told of the call before its effect.
    intent: int = 0

    def deny(self, code: str) -> None:
        """Note that the call was refused, and why."""
        self.decision = "denied"
        self.code = code

    def fail(self, code: str) -> None:
        """Note that the call was allowed but could not be carried out."""
        self.decision = "failed"
        self.code = code


_current: ContextVar[Call | None] = ContextVar("stacktic_call", default=None)


def current_call() -> Call:
    """Return the record of this call; outside a request a fresh one that nobody reads."""
    return _current.get() or Call(method="")


@contextmanager
def serving(call: Call) -> Generator[Call]:
    """Make a record the current one while a call is served."""
    token = _current.set(call)
    try:
        yield call
    finally:
        _current.reset(token)
