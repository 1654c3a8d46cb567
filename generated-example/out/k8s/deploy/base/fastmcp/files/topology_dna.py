"""The whole stack in one read: the document that was generated, and what only runs can tell.

In: `stack-dna.json` beside the topology, and with `full` the tools of other links.
Out: `stack://dna` and `get_stack_dna`, the declared part byte for byte as `stacktic dna` prints it.
Must not know: how the document is made, or any service.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, cast

from pydantic import Field

from stacktic_mcp.core.toolkit import Answer, Link, Refusal, Toolset
from stacktic_mcp.tools.topology.topology_live import live_part

FILE = "stack-dna.json"
VERSION = 1
# The largest document, 20 000 tokens of 4 bytes, and a live part beside it.
RESULT_BYTES = 128 * 1024
DOCUMENT_BYTES = 96 * 1024
LIVE_SECONDS = 25.0

Detail = Annotated[
    Literal["brief", "normal", "full"],
    Field(description="1500, 6000 or 20000 tokens"),
]


def register_dna(tools: Toolset) -> None:
    """Register the tool and the resource."""

    @tools.read(timeout_s=LIVE_SECONDS, budget_bytes=RESULT_BYTES, cell_bytes=DOCUMENT_BYTES)
    async def get_stack_dna(link: Link, detail: Detail = "normal") -> Answer:
        """Get the stack's DNA: topology, levels, flows, reach and delivery as one document.

        Lines below headings that name columns, 6000 tokens by default. Read it before any question
        of structure; full adds live schemas.
        """
        del link  # The document is here; the agent is not asked.
        size = _size(tools, detail)
        data = {
            "detail": detail,
            "digest": size["digest"],
            "tokens": size["tokens"],
            "budget": size["budget"],
            "document": _text(size),
        }
        if detail == "full":
            data["live"] = await live_part(tools)
        return Answer(data, returned=1)

    @tools.resource("stack://dna", mime_type="text/markdown")
    async def stack_dna() -> str:
        """Whole stack in one read, of normal size: what runs, who uses whom, what flows."""
        return _text(_size(tools, "normal"))

    # A decorator keeps them; naming them here tells a reader and a linter the same.
    del get_stack_dna, stack_dna


def _size(tools: Toolset, detail: str) -> Mapping[str, Any]:
    """Return one size of the document; one of another form is none."""
    facts = tools.generated(FILE)
    size: object = facts.get(detail)
    if facts.get("version") != VERSION or not isinstance(size, dict):
        raise Refusal("E_UNAVAILABLE", f"{FILE} of this server is of another version")
    return cast("dict[str, Any]", size)


def _text(size: Mapping[str, Any]) -> str:
    """Return the lines as the text that they are of; a digest over it holds."""
    return "".join(f"{line}\n" for line in size["lines"])
