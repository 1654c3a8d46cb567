"""What the Loki tools take: each argument with its form, limits and meaning.

In: nothing.
Out: types that the signatures of the tools name, descriptions for callers among them.
Must not know: links, or what a tool does with a value.
"""

from typing import Annotated, Literal

from pydantic import Field

from stacktic_mcp.core.toolkit import Choice
from stacktic_mcp.lib.times import MOMENT_HELP
from stacktic_mcp.tools.loki.loki_query import TIMES

Query = Annotated[
    str,
    Field(min_length=1, max_length=4096, description="LogQL; each selector needs a label with ="),
]
Moment = Annotated[
    str,
    Field(pattern=TIMES.moment, max_length=40, description=MOMENT_HELP),
]
Match = Annotated[
    str, Field(min_length=2, max_length=1024, description='such as {namespace="shop"}')
]
Since = Annotated[
    str,
    Field(pattern=f"^{TIMES.duration}$", max_length=16, description="how far back, at most 24h"),
]
Label = Annotated[
    str,
    Field(pattern="^[a-zA-Z_][a-zA-Z0-9_]*$", max_length=100, description="such as pod"),
]
Limit = Annotated[int, Field(ge=1, le=200, description="lines at most")]
Names = Annotated[int, Field(ge=1, le=500, description="rows at most")]
Direction = Annotated[Literal["backward", "forward"], Field(description="backward: newest first")]
Component = Annotated[str, Choice("components"), Field(description="a linked component")]
