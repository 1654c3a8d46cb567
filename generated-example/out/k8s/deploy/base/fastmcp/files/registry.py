"""The tool files the stack names: verified, imported, registered.

In: the topology's list of modules, and the folder they lie in.
Out: one `Toolset` for each file that registers something.
Must not know: any single tool file. A file that is not listed is never imported.
"""

from __future__ import annotations

import hashlib
import importlib
import re
import sys
from typing import TYPE_CHECKING

from settings import SettingsError
from toolkit import Toolset

if TYPE_CHECKING:
    from pathlib import Path

    from governed import Runtime
    from links import Module

_FILE_NAME = re.compile(r"[a-z][a-z0-9_]{0,60}\.py")


def register_modules(folder: Path, runtime: Runtime) -> list[Toolset]:
    """Verify all files first, so that nothing of a changed folder runs."""
    modules = runtime.topology.modules
    for module in modules:
        _ensure_unchanged(folder, module)
    toolsets = [_register(folder, module, runtime) for module in modules]
    _ensure_distinct(toolsets)
    return toolsets


def _ensure_unchanged(folder: Path, module: Module) -> None:
    if not _FILE_NAME.fullmatch(module.file):
        message = f"`{module.file}` in `topology.json` is not a plain file name"
        raise SettingsError(message)
    try:
        content = (folder / module.file).read_bytes()
    except OSError as error:
        message = f"could not read the tool file `{module.file}`: {error.strerror}"
        raise SettingsError(message) from error
    if hashlib.sha256(content).hexdigest() != module.sha256:
        message = f"the tool file `{module.file}` is not the one that was generated"
        raise SettingsError(message)


def _register(folder: Path, module: Module, runtime: Runtime) -> Toolset:
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    toolset = Toolset(module.links, runtime)
    try:
        imported = importlib.import_module(module.file.removesuffix(".py"))
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
