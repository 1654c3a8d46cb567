"""The SDK's search in place of a long list of tools.

In: the lock, which says whether the stack wants it; calls of the two tools of the SDK.
Out: a list of two tools; a call of `call_tool` becomes the call of the tool that it names, before
anything looks at it, so that gates, checks, limits and audit are those of that tool.
Must not know: any single tool.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

from fastmcp.server.transforms.search import BM25SearchTransform
from mcp_types import CallToolRequestParams

from stacktic_mcp.lib.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fastmcp import FastMCP
    from fastmcp.tools import Tool
    from mcp_types import Tool as ListedTool

    from stacktic_mcp.core.governed import GovernedTool
    from stacktic_mcp.core.lock import LockedTool

SEARCH_TOOL = "search_tools"
CALL_TOOL = "call_tool"
# The SDK sets no limit, and ranking takes time for each word.
MAX_QUERY_CHARACTERS = 512


def is_wanted(locked: Iterable[LockedTool]) -> bool:
    """Tell whether the lock holds the tools of the search."""
    return any(tool.name == SEARCH_TOOL for tool in locked)


def search_transform() -> BM25SearchTransform:
    """Return the SDK's search under the names of the lock."""
    return BM25SearchTransform(search_tool_name=SEARCH_TOOL, call_tool_name=CALL_TOOL)


def own_tools() -> Sequence[Tool]:
    """Return the two tools that the SDK lists in place of all others."""
    return asyncio.run(search_transform().transform_tools([]))


def live_tools(mcp: FastMCP, tools: Iterable[GovernedTool]) -> list[ListedTool]:
    """Return what can be called: what is listed, and what the search finds behind it."""
    listed = asyncio.run(mcp.list_tools(run_middleware=False))
    found = {tool.name: tool for tool in (*tools, *listed)}
    return [tool.to_mcp_tool() for tool in found.values()]


def called(message: CallToolRequestParams) -> CallToolRequestParams:
    """Return the call of the tool that a `call_tool` names; a call of it is as closed as others."""
    given = dict(message.arguments or {})
    name, arguments = given.pop("name", None), given.pop("arguments", None)
    if given or not isinstance(name, str) or not isinstance(arguments, dict | None):
        hint = f"`{CALL_TOOL}` takes `name`, a text, and `arguments`, an object, and no others"
        raise Refusal("E_ARG", hint)
    inner = cast("dict[str, Any] | None", arguments)
    return CallToolRequestParams(name=name, arguments=inner)


def ensure_query(message: CallToolRequestParams) -> None:
    """Refuse a search that is no short text."""
    given = message.arguments or {}
    query = given.get("query")
    if given.keys() != {"query"} or not isinstance(query, str):
        raise Refusal("E_ARG", f"`{SEARCH_TOOL}` takes `query`, a text, and nothing else")
    if len(query) > MAX_QUERY_CHARACTERS:
        raise Refusal("E_ARG", f"`query` has at most {MAX_QUERY_CHARACTERS} characters")
