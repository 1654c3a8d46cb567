"""Tool files with what they need beside a link, for a process that measures their memory.

In: the tools of one link.
Out: the same, with the pinned document of an API in its folder.
Must not know: any assertion.
"""

from __future__ import annotations

import importlib

from hostile import MODULES, OPENAPI_BYTES
from stacktic_mcp.core.toolkit import Toolset


def register(tools: Toolset) -> None:
    """Register the tool file of the link's type."""
    kind = tools.links[0].type.removeprefix("fastmcp-")
    settings = tools.runtime.settings
    (settings.config_directory / "openapi-x.json").write_bytes(OPENAPI_BYTES)
    importlib.import_module(MODULES[kind]).register(tools)
