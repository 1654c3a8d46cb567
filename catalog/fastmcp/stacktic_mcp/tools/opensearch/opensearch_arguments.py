"""What the OpenSearch tools may be asked: words, conditions, times.

In: nothing.
Out: types of arguments, with their limits and descriptions.
Must not know: HTTP, how a question is written for the server.
"""

from __future__ import annotations

from typing import Annotated, NotRequired, TypedDict

from pydantic import ConfigDict, Field, with_config

from stacktic_mcp.core.toolkit import Choice
from stacktic_mcp.lib.times import MOMENT_HELP, Notation
from stacktic_mcp.tools.opensearch.opensearch_query import Operation, Words

TIMES = Notation("smhdwy")
# No name of the server's own begins otherwise, and none of these signs is one of a pattern.
NAME = r"^[^\x00-\x20\x2a\x2c\x5c\x5e\x5f\x7f][^\x00-\x1f\x2a\x2c\x5c\x5e\x7f]*$"

Index = Annotated[str, Choice("indices"), Field(description="a linked index")]
FieldName = Annotated[
    str, Field(min_length=1, max_length=200, pattern=NAME, description="a field, by full path")
]
Text = Annotated[str | None, Field(min_length=1, max_length=500, description="words, no syntax")]
MatchOf = Annotated[Words, Field(description="all, any, or phrase")]
TextFields = Annotated[
    list[FieldName], Field(max_length=10, description="fields to look in; default all")
]
Fields = Annotated[
    list[FieldName], Field(max_length=50, description="fields to return; default all")
]
TimeField = Annotated[FieldName | None, Field(description="a field of kind date")]
Moment = Annotated[str, Field(pattern=TIMES.moment, max_length=40, description=MOMENT_HELP)]
Value = (
    Annotated[str, Field(max_length=500)]
    | Annotated[int, Field(ge=-(2**53) + 1, le=2**53 - 1)]
    | float
    | bool
    | None
)


# Plain JSON, since a cursor holds the digest of what was asked.
@with_config(ConfigDict(extra="forbid", strict=True, allow_inf_nan=False))
class Filter(TypedDict):
    """A condition that documents meet."""

    field: FieldName
    op: Operation
    value: NotRequired[Annotated[Value, Field(description="not for exists, missing")]]


Filters = Annotated[list[Filter], Field(max_length=10, description="conditions, all met")]
