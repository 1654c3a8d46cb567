"""The tool files the stack names: verified, imported, registered.

In: the topology's list of modules, and the package they lie in.
Out: one `Toolset` for each file that registers something.
Must not know: any single tool file. A file that is not listed is never imported.
"""

from __future__ import annotations

import hashlib
import importlib
import re
from typing import TYPE_CHECKING

from stacktic_mcp.core.settings import SettingsError
from stacktic_mcp.core.toolkit import Toolset

if TYPE_CHECKING:
    from pathlib import Path

    from stacktic_mcp.core.governed import Runtime
    from stacktic_mcp.core.topology import Module

TOOLS = "stacktic_mcp.tools"
_FILE_NAME = re.compile(r"[a-z][a-z0-9_]{0,60}\.py")
_SERVICE = re.compile(r"[a-z][a-z0-9_]{0,60}")


def register_modules(package: Path, runtime: Runtime) -> list[Toolset]:
    """Verify all files first, so that nothing of a changed package runs."""
    modules = runtime.topology.modules
    for module in modules:
        _ensure_unchanged(package / "tools", module)
    toolsets = [_register(module, runtime) for module in modules]
    _ensure_distinct(toolsets)
    return toolsets


def _ensure_unchanged(tools: Path, module: Module) -> None:
    # What is verified must be what is imported, so no name may lead elsewhere.
    if not _SERVICE.fullmatch(module.service) or not _FILE_NAME.fullmatch(module.file):
        place = f"{module.service}/{module.file}"
        message = f"`{place}` in `topology.json` is not a plain folder and a plain file name"
        raise SettingsError(message)
    try:
        content = (tools / module.service / module.file).read_bytes()
    except OSError as error:
        message = f"could not read the tool file `{module.file}`: {error.strerror}"
        raise SettingsError(message) from error
    if hashlib.sha256(content).hexdigest() != module.sha256:
        message = f"the tool file `{module.file}` is not the one that was generated"
        raise SettingsError(message)


def _register(module: Module, runtime: Runtime) -> Toolset:
    toolset = Toolset(module.links, runtime)
    name = f"{TOOLS}.{module.service}.{module.file.removesuffix('.py')}"
    try:
        imported = importlib.import_module(name)
        # A part of a longer tool file has nothing to register of its own.
        register = getattr(imported, "register", None)
        if register is not None:
            register(toolset)
    except Exception as error:
        message = f"the tool file `{module.file}` could not be loaded: {error}"
        raise SettingsError(message) from error
    return toolset


def _ensure_distinct(toolsets: list[Toolset]) -> None:
    seen: set[str] = set()
    for tool in (tool for toolset in toolsets for tool in toolset.tools):
        if tool.name in seen:
            message = f"the tool `{tool.name}` is registered twice"
            raise SettingsError(message)
        seen.add(tool.name)
