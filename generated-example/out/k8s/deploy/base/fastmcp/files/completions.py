"""Values that a client offers while a person fills in the argument of a prompt.

In: the closed lists that tool files gave with their prompts, what was typed so far.
Out: the values that fit, those that begin so first; what the audit line tells of the request.
Must not know: what a prompt says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mcp_types import CompletionArgument, CompletionContext, PromptReference

from stacktic_mcp.core.calls import current_call
from stacktic_mcp.core.cursors import digest
from stacktic_mcp.core.governed import mask_name, mask_value

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fastmcp import FastMCP
    from fastmcp.server.completions import CompletionReference

    from stacktic_mcp.core.toolkit import Toolset


def offer_completions(mcp: FastMCP, toolsets: Iterable[Toolset]) -> None:
    """Answer `completion/complete`; a server without closed lists does not announce it."""
    lists = {place: values for toolset in toolsets for place, values in toolset.lists.items()}
    if not lists:
        return

    async def complete(
        ref: CompletionReference, argument: CompletionArgument, context: CompletionContext | None
    ) -> list[str]:
        del context  # No list depends on another argument.
        prompt = ref.name if isinstance(ref, PromptReference) else ref.uri
        call = current_call()
        call.tool = mask_name(prompt)
        call.arguments_digest = digest({argument.name: argument.value})
        call.arguments = {mask_name(argument.name): mask_value(argument.value)}
        return fitting(lists.get((prompt, argument.name), ()), argument.value)

    mcp.add_completion_handler(complete)


def fitting(values: Sequence[str], typed: str) -> list[str]:
    """Return the values that hold what was typed, those that begin with it first."""
    word = typed.casefold()
    found = [value for value in values if word in value.casefold()]
    return sorted(found, key=lambda value: (not value.casefold().startswith(word), value))
