"""Metadata and secrets for an agent, made from what the program generates.

In: generated output, changes that a test wants, values of secrets.
Out: the file and the folder that an agent is started with.
Must not know: how an agent is started, or any assertion.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent_process import KEY_NAME, Setup, digest

Metadata = dict[str, Any]
SECRET = {"secret": True}


def component(metadata: Metadata, name: str) -> dict[str, Any]:
    """Return one component."""
    return next(item for item in metadata["components"] if item["name"] == name)


def move(metadata: Metadata, name: str, port: int) -> None:
    """Give a component another port, that of a server on this machine."""
    found = component(metadata, name)
    before = found["port"]
    found["port"] = port
    for endpoint in found["endpoints"].values():
        if endpoint["port"] == before:
            endpoint["port"] = port


def secret_files(metadata: Metadata) -> Iterator[str]:
    """Return the names of the files of all secret attributes."""
    for item in metadata["components"]:
        for name, value in item["attributes"].items():
            if value == SECRET:
                yield f"{item['name']}.{name}"
        for sub in item["sub_components"]:
            for name, value in sub["attributes"].items():
                if value == SECRET:
                    yield f"{item['name']}.{sub['name']}.{name}"


def write_secrets(folder: Path, values: Mapping[str, str], key: str) -> Path:
    """Write one file a value, and the digest of the one key."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, value in values.items():
        (folder / name).write_text(value + "\n", encoding="utf-8")
    (folder / "AGENT_API_KEYS").write_text(f"{KEY_NAME}:{digest(key)}\n", encoding="utf-8")
    return folder


@dataclass(frozen=True)
class World:
    """Where one agent lives."""

    folder: Path
    metadata: Metadata
    secrets: Mapping[str, str]
    key: str
    programs: Path

    def setup(self, **environ: str) -> Setup:
        """Write everything down; `environ` is added to the agent's own."""
        self.folder.mkdir(parents=True, exist_ok=True)
        metadata = self.folder / "stack-metadata.json"
        metadata.write_text(json.dumps(self.metadata), encoding="utf-8")
        return Setup(
            metadata=metadata,
            secrets=write_secrets(self.folder / "secrets", self.secrets, self.key),
            folder=self.folder / "agent",
            environ={"PATH": str(self.programs), **environ},
            key=self.key,
        )


def changed(metadata: Metadata, *changes: Callable[[Metadata], None]) -> Metadata:
    """Return a copy with changes."""
    copy = json.loads(json.dumps(metadata))
    for change in changes:
        change(copy)
    return copy
