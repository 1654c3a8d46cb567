"""The comparison of the live tools with `tools.lock.json`.

In: the lock, the settings that open or close its gates, the tools as clients list them.
Out: the differences, as sentences; none when the server may start.
Must not know: how a tool works.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stacktic_mcp.core.settings import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mcp_types import Tool as ListedTool

    from stacktic_mcp.core.settings import Settings

LOCK_VERSION = 2
HASHES = ("title_sha256", "description_sha256", "input_sha256", "output_sha256")


@dataclass(frozen=True)
class LockedTool:
    """One tool as a reviewer approved it."""

    name: str
    gates: tuple[str, ...]
    hashes: Mapping[str, str]

    def is_open(self, settings: Settings) -> bool:
        """Tell whether the tool has no gate, or one of its instances' gates is open."""
        return not self.gates or any(settings.flag(gate) for gate in self.gates)


def load_lock(settings: Settings) -> tuple[LockedTool, ...]:
    """Read `tools.lock.json`."""
    facts = settings.config("tools.lock.json")
    if facts.get("version") != LOCK_VERSION:
        message = f"`tools.lock.json` is not of version {LOCK_VERSION}"
        raise SettingsError(message)
    try:
        return tuple(_parse_tool(tool) for tool in facts["tools"])
    except (KeyError, TypeError) as error:
        message = f"`tools.lock.json` is not of the expected form: {error}"
        raise SettingsError(message) from error


def list_ttl_ms(settings: Settings) -> int:
    """Return how long the lists of a server that keeps to the lock stay as they are."""
    ttl = settings.config("tools.lock.json").get("list_ttl_ms", 0)
    if not isinstance(ttl, int) or ttl < 0:
        message = "`list_ttl_ms` in `tools.lock.json` is not a number of milliseconds"
        raise SettingsError(message)
    return ttl


def _parse_tool(facts: Mapping[str, Any]) -> LockedTool:
    gate = facts["gate"]
    gates = () if gate is None else (gate,) if isinstance(gate, str) else tuple(gate)
    return LockedTool(facts["name"], gates, {key: facts[key] for key in HASHES})


def schema_sha256(schema: Any) -> str:
    """Return the hash of a schema's canonical JSON."""
    text = json.dumps(schema, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def _text_sha256(text: str | None) -> str:
    return hashlib.sha256((text or "").encode("utf-8")).hexdigest()


def hashes_of(tool: ListedTool) -> dict[str, str]:
    """Return the hashes of a tool as clients see it."""
    return {
        "title_sha256": _text_sha256(tool.title),
        "description_sha256": _text_sha256(tool.description),
        "input_sha256": schema_sha256(tool.input_schema),
        "output_sha256": schema_sha256(tool.output_schema),
    }


def differences(
    locked: Sequence[LockedTool], live: Sequence[ListedTool], settings: Settings
) -> list[str]:
    """Compare the live tools with the lock, filtered by the gates that are open."""
    wanted = {tool.name: tool for tool in locked if tool.is_open(settings)}
    found = {tool.name: tool for tool in live}
    texts = [f"`{name}` is in the lock but not served" for name in wanted.keys() - found.keys()]
    texts += [f"`{name}` is served but not in the lock" for name in found.keys() - wanted.keys()]
    for name in wanted.keys() & found.keys():
        live_hashes = hashes_of(found[name])
        texts += [
            f"`{name}` differs from the lock in its {key.removesuffix('_sha256')}"
            for key in HASHES
            if live_hashes[key] != wanted[name].hashes[key]
        ]
    return sorted(texts)
