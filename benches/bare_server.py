#!/usr/bin/env python3
"""A bare FastMCP server with the tools of another: what the library alone costs.

In: a port; a JSON file of tools as a client lists them, with the answer that each call gets.
Out: those tools at http://127.0.0.1:PORT/mcp, with no key, rate, audit, session book or check.
"""

import json
import sys
from pathlib import Path
from typing import Any

import uvicorn
from fastmcp import FastMCP
from fastmcp.tools import Tool
from fastmcp.tools.base import ToolResult
from mcp_types import TextContent, ToolAnnotations


class Constant(Tool):
    """A tool that answers the same each time."""

    answer: str

    async def run(self, arguments: dict[str, Any]) -> ToolResult:
        """Answer as a typed tool does: as text, and as data."""
        del arguments
        content = [TextContent(type="text", text=self.answer)]
        return ToolResult(content=content, structured_content=json.loads(self.answer))


def main() -> None:
    port, listing = int(sys.argv[1]), Path(sys.argv[2])
    told = json.loads(listing.read_text(encoding="utf-8"))
    mcp: FastMCP = FastMCP(name="bare", dereference_schemas=False)
    for tool in told["tools"]:
        mcp.add_tool(
            Constant(
                name=tool["name"],
                description=tool["description"],
                parameters=tool["inputSchema"],
                output_schema=tool["outputSchema"],
                annotations=ToolAnnotations.model_validate(tool["annotations"]),
                answer=told["answer"],
            )
        )
    app = mcp.http_app(path="/mcp", json_response=True)
    uvicorn.run(app, host="127.0.0.1", port=port, log_config=None, access_log=False, lifespan="on")


if __name__ == "__main__":
    main()
