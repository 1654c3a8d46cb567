"""The stack of a server, as `topology.json` tells it.

In: the decoded topology and the settings.
Out: frozen `Module`, `Offer` and `Topology` values.
Must not know: MCP, tools, or how a backend is spoken to.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stacktic_mcp.core.reach import Client, parse_client
from stacktic_mcp.core.settings import WRITE_FLAG_SUFFIX, Settings, SettingsError
from stacktic_mcp.lib.links import Component, Link

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, eq=False)
class Module:
    """One tool file: its folder in the package, the hash it must have, the links it serves."""

    service: str
    file: str
    sha256: str
    links: tuple[Link, ...]


@dataclass(frozen=True)
class Offer:
    """What a link to a component of a type would give, drawn or not."""

    type: str
    # What the names of its tools begin with, where they have that in common.
    prefix: str | None
    # Its tools that are there only when the link may write.
    writes: tuple[str, ...] = ()


@dataclass(frozen=True)
class SignInLink:
    """The link by which people sign in: the prefix of its settings, and what tokens must be for."""

    env: str
    resource: str


@dataclass(frozen=True, eq=False)
class Topology:
    """The stack as the server needs to know it."""

    stack: str
    domain: str
    # The component that this server is.
    server: str
    components: tuple[Component, ...]
    modules: tuple[Module, ...]
    offers: tuple[Offer, ...] = ()
    clients: tuple[Client, ...] = ()
    sign_in: SignInLink | None = None
    # A page for people about the stack.
    website: str | None = None

    @property
    def links(self) -> tuple[Link, ...]:
        """Return each link once, also when several files serve it."""
        seen = {link.component: link for module in self.modules for link in module.links}
        return tuple(seen[name] for name in sorted(seen))

    @property
    def services(self) -> frozenset[str]:
        """Return the services whose tools are here, by their folders in the package."""
        return frozenset(module.service for module in self.modules if module.links)

    def component(self, name: str) -> Component | None:
        """Return the component of that name."""
        return next((item for item in self.components if item.name == name), None)


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
        server=facts["server"],
        components=tuple(
            Component(
                name=item["name"],
                type=item["type"],
                namespace=item["namespace"],
                group=item["group"],
                endpoints=tuple(item["endpoints"]),
            )
            for item in facts["components"]
        ),
        modules=tuple(
            Module(
                service=item["service"],
                file=item["file"],
                sha256=item["sha256"],
                links=tuple(_parse_link(link, settings) for link in item["links"]),
            )
            for item in facts["modules"]
        ),
        offers=tuple(
            Offer(item["type"], item["prefix"], tuple(item.get("writes", ())))
            for item in facts["offers"]
        ),
        clients=tuple(parse_client(item) for item in facts.get("clients", ())),
        sign_in=_parse_sign_in(facts["sign_in"]) if "sign_in" in facts else None,
        website=facts.get("website"),
    )


def _parse_sign_in(facts: Mapping[str, Any]) -> SignInLink:
    return SignInLink(facts["env"], facts["resource"])


def _parse_link(facts: Mapping[str, Any], settings: Settings) -> Link:
    env: str = facts["env"]
    flag = settings.flag(f"{env}{WRITE_FLAG_SUFFIX}")
    drawn_to_write = facts["write_access"] is True
    return Link(
        component=facts["component"],
        type=facts["type"],
        write_access=drawn_to_write and flag,
        enums={name: tuple(values) for name, values in facts.get("enums", {}).items()},
        data=facts.get("data", {}),
        env=env,
        settings=settings,
        given_env=facts.get("given_env"),
        drawn_to_write=drawn_to_write,
    )
