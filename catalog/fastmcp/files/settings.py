"""What the process was given: environment, secret files, configuration files.

In: `os.environ` (read here and nowhere else), the secret directory, the configuration directory.
Out: plain values by name, flags that are true or false, secrets by key name.
Must not know: MCP, HTTP, or what any value is used for.

Settings of the server itself, all optional: `STACKTIC_HOST`, `STACKTIC_PORT`,
`STACKTIC_SECRET_DIR`, `STACKTIC_CONFIG_DIR`, `STACKTIC_ALLOWED_HOSTS` and
`STACKTIC_ALLOWED_ORIGINS` (more names, by commas), `STACKTIC_AUDIT` (`stdout`, `stderr`,
`none`), `STACKTIC_AUDIT_FILE`, `STACKTIC_CA_FILE`.
"""

from __future__ import annotations

import base64
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_SECRET_DIRECTORY = "/run/secrets/stacktic"  # noqa: S105 -- a folder, not a secret
DEFAULT_CONFIG_DIRECTORY = "/etc/stacktic"
WRITE_FLAG_SUFFIX = "_WRITE_ACCESS"
MIN_REDACTED_CHARACTERS = 4


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
    _secrets: dict[str, str] = field(default_factory=dict[str, str], repr=False)
    _redacted: list[str] = field(default_factory=list[str], repr=False)

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
        known = self._secrets.get(key)
        if known is not None:
            return known
        text = self._read_secret(key)
        if not text:
            hint = f"the credential {key} is empty; fill it in secret/cloud.env"
            raise Refusal("E_UNAVAILABLE", hint)
        self._remember(key, text)
        return text

    def _remember(self, key: str, text: str) -> None:
        """Keep a secret, and the forms in which it must never be shown, longer ones first."""
        self._secrets[key] = text
        forms = {form for secret in self._secrets.values() for form in _forms(secret)}
        long_enough = [form for form in forms if len(form) >= MIN_REDACTED_CHARACTERS]
        self._redacted[:] = sorted(long_enough, key=lambda form: (-len(form), form))

    def _read_secret(self, key: str) -> str:
        try:
            text = (self.secret_directory / key).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            return ""
        return text.removesuffix("\n")

    def redact(self, text: str) -> str:
        """Replace every secret value read so far, plain or as a JSON text has it."""
        for form in self._redacted:
            text = text.replace(form, "[secret]")
        return text

    def config(self, file_name: str) -> dict[str, Any]:
        """Return one JSON object of the configuration directory, joined where it has parts."""
        try:
            parts = _parts(self.config_directory / file_name)
            value: object = json.loads(b"".join(part.read_bytes() for part in parts))
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


def _forms(secret: str) -> set[str]:
    """Return a secret as it may be written: plain, in a JSON text, inside base64.

    A header of basic authentication holds it after a user's name, so at any of three offsets;
    the characters at both ends then depend on what stands beside it, and are left out.
    """
    raw = secret.encode("utf-8")
    encoded = [base64.b64encode(bytes(offset) + raw).decode("ascii") for offset in range(3)]
    inner = {text[4 if offset else 0 : -4] for offset, text in enumerate(encoded)}
    return {secret, _in_json(secret), *inner}


def _in_json(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]
