"""What is looked after as long as a server runs: the kill switch, and the width of accounts.

In: the settings, the audit log, and the tool files when they are registered.
Out: one thing that the server's other parts ask, and that runs with them.
Must not know: any single tool file, or how the server is reached.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from stacktic_mcp.core.freeze import Freeze
from stacktic_mcp.core.widths import Widths, Withdrawal

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from fastmcp import FastMCP

    from stacktic_mcp.core.audit import AuditLog
    from stacktic_mcp.core.settings import Settings


class Watch:
    """Both, as one."""

    def __init__(self, settings: Settings, audit: AuditLog) -> None:
        """Look at nothing yet."""
        self.freeze = Freeze(settings, audit)
        self.widths = Widths(settings, audit)
        self.withdrawal = Withdrawal(self.widths)

    def health(self) -> dict[str, str]:
        """Return a word for each thing that is ill; nothing where all is well."""
        return self.widths.health() | self.freeze.health()

    @contextlib.asynccontextmanager
    async def lifespan(self, _: FastMCP[Any]) -> AsyncGenerator[dict[str, Any]]:
        """Look after both while the server runs."""
        async with self.freeze.watching(), self.widths.watching():
            yield {}
