"""What a caller may reach: linked components, each to be read or written too.

In: the profile of a client, or the scopes of a token.
Out: a `Reach`, asked by whoever lists or serves a tool.
Must not know: keys, tokens, HTTP, or what a tool does. It only narrows: what no link gives, no
reach gives either.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stacktic_mcp.core.auth import parse_moment

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

READ, WRITE = "read", "write"


@dataclass(frozen=True)
class Reach:
    """Components by name, true where they may be written to; without a list, all there are."""

    components: Mapping[str, bool] | None

    def allows(self, component: str, *, to_write: bool) -> bool:
        """Tell whether a call of a component passes."""
        if self.components is None:
            return True
        may_write = self.components.get(component)
        return may_write is not None and (may_write or not to_write)

    def within(self, other: Reach) -> Reach:
        """Return what both allow."""
        if self.components is None:
            return other
        if other.components is None:
            return self
        both = self.components.keys() & other.components.keys()
        return Reach({name: self.components[name] and other.components[name] for name in both})


ALL = Reach(None)
NOTHING = Reach({})


@dataclass(frozen=True)
class Client:
    """An AI client that the stack declares."""

    name: str
    reach: Reach
    # Seconds since 1970 from which on all its keys and tokens are unknown.
    expires: float | None = None


def parse_client(facts: Mapping[str, Any]) -> Client:
    """Read a client of `topology.json`; what is not of its form is a `TypeError`."""
    text = facts["expires"]
    expires = None if text is None else parse_moment(text)
    if text is not None and expires is None:
        message = f"the client {facts['name']} expires at no time"
        raise TypeError(message)
    links = facts["links"]
    if links is None:
        return Client(facts["name"], ALL, expires)
    return Client(
        facts["name"], Reach({name: _may_write(word) for name, word in links.items()}), expires
    )


def _may_write(word: object) -> bool:
    if word not in {READ, WRITE}:
        message = f"a client may `{READ}` or `{WRITE}`"
        raise TypeError(message)
    return word == WRITE


def scope_of(stack: str, component: str, word: str) -> str:
    """Return the name of the scope that a token needs for a link."""
    return f"{stack}:{component}:{word}"


def reach_of_scopes(stack: str, scopes: Iterable[str]) -> Reach:
    """Return what the scopes of a token allow; who may write may read."""
    components: dict[str, bool] = {}
    for scope in scopes:
        of, _, rest = scope.partition(":")
        component, _, word = rest.partition(":")
        if of == stack and component and word in {READ, WRITE}:
            components[component] = components.get(component, False) or word == WRITE
    return Reach(components)
