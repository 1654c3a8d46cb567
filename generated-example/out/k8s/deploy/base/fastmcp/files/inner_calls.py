"""A tool that asks other tools: each such call passes everything that a call from outside does.

In: the name and arguments of a tool of this server.
Out: its envelope, or its refusal. The call has an audit line of its own.
Must not know: any single tool.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, cast

from fastmcp.exceptions import FastMCPError
from fastmcp.server.dependencies import get_server

from stacktic_mcp.lib.refusal import Code, Refusal


async def call_tool(name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Call a tool in the name of whoever called this one: what they may not do is refused."""
    try:
        server = get_server()
    except RuntimeError:
        raise Refusal("E_UNAVAILABLE", "other tools are asked in a running server alone") from None
    try:
        # With middleware: it records the call, and knows which tools there are for whom.
        result = await server.call_tool(name, dict(arguments))
    except FastMCPError:
        raise Refusal("E_UNAVAILABLE", f"`{name}` could not be asked") from None
    envelope = result.structured_content
    if result.is_error or not isinstance(envelope, dict):
        raise _refusal(result.content)
    return envelope


def _refusal(content: Any) -> Refusal:
    """Return the refusal of a tool from its text, which is made by us."""
    try:
        facts: object = json.loads(content[0].text)
    except (AttributeError, IndexError, ValueError):
        facts = None
    if isinstance(facts, dict):
        told = cast("dict[str, Any]", facts)
        code, hint = told.get("code"), told.get("hint")
        if isinstance(code, str) and isinstance(hint, str):
            return Refusal(cast("Code", code), hint)
    return Refusal("E_UNAVAILABLE", "the tool answered in a form that is not known")
