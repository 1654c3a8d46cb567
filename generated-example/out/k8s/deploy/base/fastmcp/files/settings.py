"""What the process was given: environment, secret files, configuration files.

In: `os.environ` (read here and nowhere else), the secret directory, the configuration directory.
Out: plain values by name, flags that are true or false, secrets by key name.
Must not know: MCP, HTTP, or what any value is used for.

Settings of the server itself, all optional: `STACKTIC_HOST`, `STACKTIC_PORT`,
`STACKTIC_SECRET_DIR`, `STACKTIC_CONFIG_DIR`, `STACKTIC_ALLOWED_HOSTS` and
`STACKTIC_ALLOWED_ORIGINS` (more names, by commas), `STACKTIC_AUDIT` (`stdout`, `stderr`,
`none`), `STACKTIC_AUDIT_FILE`, `STACKTIC_AUDIT_REQUIRED` (a flag), `STACKTIC_CA_FILE`,
`STACKTIC_REPLICA` (what this process is called in the audit log; the host's name by default),
`STACKTIC_SHARES` (among how many processes the calls of a key are spread),
`STACKTIC_DRAIN_SECONDS` (how long it serves on after it was told to end),
`STACKTIC_RIGHTS_SECONDS` (between two looks at accounts), `STACKTIC_FREEZE_FILE`.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from stacktic_mcp.core.secret_files import SecretFiles
from stacktic_mcp.lib.redaction import REASONS, Redactor
from stacktic_mcp.lib.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_SECRET_DIRECTORY = "/run/secrets/stacktic"  # noqa: S105 -- a folder, not a secret
DEFAULT_CONFIG_DIRECTORY = "/etc/stacktic"
WRITE_FLAG_SUFFIX = "_WRITE_ACCESS"


class SettingsError(Exception):
    """A setting that stops the server before it listens."""


def parse_flag(name: str, text: str) -> bool:
    """Read `true` or `false` in any case; every other word stops the start."""
    word = text.lower()
    if word not in {"true", "false"}:
        message = f"`{name}` is neither `true` nor `false`"
        raise SettingsError(message)
    return word == "true"


@dataclass(frozen=True, eq=False)
class Settings:
    """Everything that comes from outside, behind one object that tests can build."""

    environ: Mapping[str, str]
    secret_directory: Path = Path(DEFAULT_SECRET_DIRECTORY)
    config_directory: Path = Path(DEFAULT_CONFIG_DIRECTORY)
    _files: SecretFiles = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Look after the folder of secrets."""
        object.__setattr__(self, "_files", SecretFiles(self.secret_directory))

    @classmethod
    def from_process(cls) -> Settings:
        """Take the process environment as it is at start-up."""
        environ = dict(os.environ)
        return cls(
            environ=environ,
            secret_directory=Path(environ.get("STACKTIC_SECRET_DIR", DEFAULT_SECRET_DIRECTORY)),
            config_directory=Path(environ.get("STACKTIC_CONFIG_DIR", DEFAULT_CONFIG_DIRECTORY)),
        )

    def value(self, name: str, default: str | None = None) -> str:
        """Return a plain value; an absent or empty one is its default."""
        text = self.environ.get(name, "")
        if text:
            return text
        if default is None:
            hint = f"the setting {name} is empty"
            raise Refusal("E_UNAVAILABLE", hint)
        return default

    def number(self, name: str, default: int | None = None) -> int:
        """Return a plain value that is a whole number."""
        text = self.value(name, None if default is None else str(default))
        if not text.isascii() or not text.isdigit():
            hint = f"the setting {name} is not a whole number"
            raise Refusal("E_UNAVAILABLE", hint)
        return int(text)

    def flag(self, name: str) -> bool:
        """Return a flag; an absent one is false, an empty one a mistake."""
        text = self.environ.get(name)
        return False if text is None else parse_flag(name, text)

    def check_flags(self) -> None:
        """Refuse a write flag that reads as neither yes nor no, linked or not."""
        for name, text in self.environ.items():
            if name.startswith("MCP_") and name.endswith(WRITE_FLAG_SUFFIX):
                parse_flag(name, text)

    def secret(self, key: str) -> str:
        """Return a secret by its key name; the hint of a refusal names the key, never a value."""
        text = self._files.value(key)
        if not text:
            hint = f"the credential {key} is empty; fill it in secret/cloud.env"
            raise Refusal("E_UNAVAILABLE", hint)
        return text

    def check_secrets(self) -> None:
        """Refuse a secret that could be hidden only with much of what is no secret."""
        for key, reason in self._files.unfit().items():
            message = (
                f"the value of `{key}` {REASONS[reason]}: hiding it would eat ordinary text; "
                "put a longer random one in its place"
            )
            raise SettingsError(message)

    def redactor(self) -> Redactor:
        """Return what hides every secret that this server has been given until now."""
        return self._files.redactor()

    def redact(self, text: str) -> str:
        """Replace every secret in a text, in whatever form it stands there."""
        return self.redactor()(text)

    def config_bytes(self, file_name: str) -> bytes:
        """Return a file of the configuration directory, joined where it has parts."""
        parts = _parts(self.config_directory / file_name)
        return b"".join(part.read_bytes() for part in parts)

    def config(self, file_name: str) -> dict[str, Any]:
        """Return one JSON object of the configuration directory."""
        try:
            value: object = json.loads(self.config_bytes(file_name))
        except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
            message = f"could not read `{file_name}` in the configuration directory"
            raise SettingsError(message) from error
        if not isinstance(value, dict):
            message = f"`{file_name}` is not a JSON object"
            raise SettingsError(message)
        return cast("dict[str, Any]", value)


def _parts(path: Path) -> list[Path]:
    """Return a file and its further parts, numbered from 001; one ConfigMap holds each."""
    parts = [path]
    while (part := path.with_name(f"{path.name}.{len(parts):03}")).exists():
        parts.append(part)
    return parts
