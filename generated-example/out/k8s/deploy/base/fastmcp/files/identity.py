"""Who a server says that it is: to clients that connect, and to those that read its card before.

In: the stack's name and the server's own.
Out: the same words in `serverInfo`, and by `contract.json` in the card and the registry's entry.
Must not know: links or tools. Strangers read these words, and learn nothing of what is linked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mcp_types import Icon
from mcp_types.version import KNOWN_PROTOCOL_VERSIONS

if TYPE_CHECKING:
    from fastmcp import FastMCP

    from stacktic_mcp.core.topology import Topology

VERSION = "1.0.0"
# The forms of cards and of the registry hold it to 100 characters.
DESCRIPTION = (
    "Governed MCP server of one stack: a tool is there because a person drew a link for it."
)
# In the document itself: a client asks no other host for it. Three layers, 48 by 48.
_PNG = (
    "iVBORw0KGgoAAAANSUhEUgAAADAAAAAwAgMAAAAqbBEUAAAADFBMVEUAAAAlY+s7gvaTxf0uDlMrAAAAAXRS"
    "TlMAQObYZgAAALJJREFUeNqt0sENgCAMBdCq8cKFk0u4hI7gQfZhFI+mUzCSA5hUfysB7nLqz6sFgkS/rG6t"
    "wrRXEEKhKYS9gkJBl9Wjha0CozGHrQKlJjRtzYB2dLNpc5zDDupQO7Yr8PEG5hOXm5k1cOzWnjU4EABtSh8Y"
    "ZVDKQIQejlZf+Pokj9oLKJJcbxC5aT5pEdEgqY+DaPAgANqUPjDKoJSBCD2S8jMsOqNQKk+33NWbDumfH+UB"
    "UWh8sQ9Tj4MAAAAASUVORK5CYII="
)
ICONS = [Icon(src=f"data:image/png;base64,{_PNG}", mime_type="image/png", sizes=["48x48"])]


def introduce(mcp: FastMCP, topology: Topology) -> None:
    """Set what FastMCP's own arguments have no words for."""
    server = mcp._mcp_server  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
    server.title = f"{topology.stack} {topology.server}"
    server.description = DESCRIPTION


def identity() -> dict[str, Any]:
    """Return what is the same in every stack, for `contract.json`."""
    return {
        "version": VERSION,
        "description": DESCRIPTION,
        "icons": [icon.model_dump(by_alias=True, exclude_none=True) for icon in ICONS],
        "protocols": list(KNOWN_PROTOCOL_VERSIONS),
    }
