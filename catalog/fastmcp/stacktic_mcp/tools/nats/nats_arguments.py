"""What the NATS tools take: each argument with its form, limits and meaning.

In: nothing.
Out: types that the signatures of the tools name, descriptions for callers among them.
Must not know: links, or what a tool does with a value.
"""

from typing import Annotated

from pydantic import Field

from stacktic_mcp.core.toolkit import Choice

_Stream = Annotated[str, Choice("streams")]
_Subject = Annotated[str, Choice("subjects")]
Stream = Annotated[_Stream, Field(description="a linked stream")]
Subject = Annotated[_Subject, Field(description="a linked subject")]
ToStream = Annotated[_Stream | None, Field(description="a linked stream; or name a subject")]
ToSubject = Annotated[_Subject | None, Field(description="a linked subject")]
Filter = Annotated[
    str | None,
    Field(
        min_length=1,
        max_length=255,
        pattern=r"^[^\x00-\x20\x7f.*>]+(\.([^\x00-\x20\x7f.*>]+|\*))*(\.>)?$",
        description="a subject of stream; * and > stand for words",
    ),
]
Below = Annotated[
    str | None,
    Field(
        min_length=1,
        max_length=200,
        pattern=r"^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$",
        description="words below first one of subject",
    ),
]
Sequence = Annotated[
    int, Field(ge=1, le=9_007_199_254_740_991, description="number of first message")
]
Bytes = Annotated[int, Field(ge=1, le=65536, description="of a message at most")]
