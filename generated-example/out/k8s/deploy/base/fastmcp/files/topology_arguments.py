"""What the topology tools may be asked: names, conditions, checks.

In: nothing.
Out: types of arguments, with their limits and descriptions.
Must not know: the agent, or which names the stack has.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from stacktic_mcp.tools.topology.topology_graph import Direction

SOURCE_PATTERN = r"^(all|(type|namespace|group):[A-Za-z0-9_.-]{1,63}|[a-z][a-z0-9-]{0,39})$"
NAME_PATTERN = r"^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$"
FIELD_PATTERN = r"^[a-z][a-z0-9_]{0,63}$"

Source = Annotated[
    str,
    Field(
        pattern=SOURCE_PATTERN,
        description="all, type:NAME, namespace:NAME, group:NAME, or a component",
    ),
]
Target = Literal[
    "component", "sub_components", "links_to", "links_from", "attributes", "blast_radius", "path"
]
CheckTarget = Literal["component", "sub_components", "links_to", "links_from"]
Name = Annotated[str, Field(pattern=NAME_PATTERN, description="name of a component")]
OptionalName = Annotated[
    Annotated[str, Field(pattern=NAME_PATTERN)] | None, Field(description="name of a component")
]
FieldName = Annotated[str, Field(pattern=FIELD_PATTERN)]
Filter = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,63}$")]
Scalar = Annotated[str, Field(max_length=256)] | bool | int | float
Value = Scalar | Annotated[list[Scalar], Field(max_length=50)]
Where = Annotated[
    dict[FieldName, Value],
    Field(
        max_length=20,
        description="field: value, or field__contains, __exists, __in, __gt and like",
    ),
]
Select = Annotated[list[FieldName], Field(max_length=50, description="fields to return")]
Check = Annotated[
    str,
    Field(
        min_length=1,
        max_length=512,
        pattern=r"^[\x20-\x7e]+$",
        description="check with {variables}, for example: pg_isready -h {host} -p {port}",
    ),
]
VerifyDelay = Annotated[int, Field(ge=0, le=20, description="seconds before on_success")]
Side = Annotated[Direction, Field(description="to: targets; from: users; both")]
Limit = Annotated[int, Field(ge=1, le=500, description="rows at most")]
Depth = Annotated[int, Field(ge=1, le=20, description="links to follow at most")]
