"""A link and a component, as tools see them.

In: the facts of `topology.json`, and what reads settings.
Out: frozen `Link` and `Component` values; a link reads its own settings and no others.
Must not know: where settings come from, MCP, or how a backend is spoken to.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping


class Source(Protocol):
    """What a link reads from: the settings of the process, or those of a test."""

    def value(self, name: str, default: str | None = None) -> str:
        """Return a plain value; an absent or empty one is its default."""
        ...

    def number(self, name: str, default: int | None = None) -> int:
        """Return a plain value that is a whole number."""
        ...

    def secret(self, key: str) -> str:
        """Return a secret by its key name."""
        ...

    def redact(self, text: str) -> str:
        """Replace every secret in a text."""
        ...

    def config_bytes(self, file_name: str) -> bytes:
        """Return a file of the configuration directory; an absent one is an `OSError`."""
        ...


@dataclass(frozen=True, eq=False)
class Link:
    """One drawn link from the MCP server to a component."""

    component: str
    type: str
    write_access: bool
    enums: Mapping[str, tuple[str, ...]]
    data: Mapping[str, Any]
    env: str
    settings: Source = field(repr=False)
    # What stack.yaml says of it, for diffs of that file; `env` is the whole prefix.
    given_env: str | None = None
    # Whether stack.yaml draws it with write access; where its gate is closed `write_access` is
    # false all the same.
    drawn_to_write: bool = False

    @property
    def writable(self) -> bool:
        """Tell whether a tool that writes may offer it, be its gate open or not."""
        return self.write_access or self.drawn_to_write

    def value(self, suffix: str, default: str | None = None) -> str:
        """Return a plain setting: `value("HOST")` reads `MCP_GRAFANA_HOST`."""
        return self.settings.value(f"{self.env}_{suffix}", default)

    def number(self, suffix: str, default: int | None = None) -> int:
        """Return a plain setting that is a whole number."""
        return self.settings.number(f"{self.env}_{suffix}", default)

    def secret(self, suffix: str) -> str:
        """Return a secret of this link, refused with the key's name when it is empty."""
        return self.settings.secret(f"{self.env}_{suffix}")

    def authority(self) -> str | None:
        """Return the file of the authority that signed the backend's certificate, if there is one.

        It is that of the link, else the one that this server trusts in every backend.
        """
        own = self.value("CA_FILE", "")
        return own or self.settings.value("STACKTIC_CA_FILE", "") or None

    def redact(self, text: str) -> str:
        """Replace every secret of the server in a text that goes to its log."""
        return self.settings.redact(text)

    def config_bytes(self, file_name: str) -> bytes:
        """Return a file that lies beside the topology; an absent one is an `OSError`."""
        return self.settings.config_bytes(file_name)


@dataclass(frozen=True)
class Component:
    """One component of the stack, by name."""

    name: str
    type: str
    namespace: str
    group: str
    # Names of the places where it listens: `postgres`, `http` …
    endpoints: tuple[str, ...] = ()
