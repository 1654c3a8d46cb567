"""Links and components of the stack, as `topology.json` tells them.

In: the decoded topology and the settings.
Out: frozen `Link`, `Component`, `Module` and `Topology` values.
Must not know: MCP, tools, or how a backend is spoken to.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from settings import WRITE_FLAG_SUFFIX, Settings, SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, eq=False)
class Link:
    """One drawn link from the MCP server to a component."""

    component: str
    type: str
    write_access: bool
    enums: Mapping[str, tuple[str, ...]]
    data: Mapping[str, Any]
    env: str
    settings: Settings = field(repr=False)
    # What stack.yaml says of it, for diffs of that file; `env` is the whole prefix.
    given_env: str | None = None

    def value(self, suffix: str, default: str | None = None) -> str:
        """Return a plain setting: `value("HOST")` reads `MCP_GRAFANA_HOST`."""
        return self.settings.value(f"{self.env}_{suffix}", default)

    def number(self, suffix: str, default: int | None = None) -> int:
        """Return a plain setting that is a whole number."""
        return self.settings.number(f"{self.env}_{suffix}", default)

    def secret(self, suffix: str) -> str:
        """Return a secret of this link, refused with the key's name when it is empty."""
        return self.settings.secret(f"{self.env}_{suffix}")


@dataclass(frozen=True)
class Component:
    """One component of the stack, by name."""

    name: str
    type: str
    namespace: str
    group: str


@dataclass(frozen=True, eq=False)
class Module:
    """One tool file with the hash it must have and the links it serves."""

    file: str
    sha256: str
    links: tuple[Link, ...]


@dataclass(frozen=True, eq=False)
class Topology:
    """The stack as the server needs to know it."""

    stack: str
    domain: str
    components: tuple[Component, ...]
    modules: tuple[Module, ...]

    @property
    def links(self) -> tuple[Link, ...]:
        """Return each link once, also when several files serve it."""
        seen = {link.component: link for module in self.modules for link in module.links}
        return tuple(seen[name] for name in sorted(seen))


def load_topology(settings: Settings) -> Topology:
    """Read `topology.json`; a missing key stops the start with its name."""
    facts = settings.config("topology.json")
    try:
        return _parse_topology(facts, settings)
    except (KeyError, TypeError, AttributeError) as error:
        message = f"`topology.json` is not of the expected form: {error}"
        raise SettingsError(message) from error


def _parse_topology(facts: Mapping[str, Any], settings: Settings) -> Topology:
    return Topology(
        stack=facts["stack"],
        domain=facts["domain"],
        components=tuple(
            Component(item["name"], item["type"], item["namespace"], item["group"])
            for item in facts["components"]
        ),
        modules=tuple(
            Module(
                file=item["file"],
                sha256=item["sha256"],
                links=tuple(_parse_link(link, settings) for link in item["links"]),
            )
            for item in facts["modules"]
        ),
    )


def _parse_link(facts: Mapping[str, Any], settings: Settings) -> Link:
    env: str = facts["env"]
    flag = settings.flag(f"{env}{WRITE_FLAG_SUFFIX}")
    return Link(
        component=facts["component"],
        type=facts["type"],
        write_access=facts["write_access"] is True and flag,
        enums={name: tuple(values) for name, values in facts.get("enums", {}).items()},
        data=facts.get("data", {}),
        env=env,
        settings=settings,
        given_env=facts.get("given_env"),
    )
