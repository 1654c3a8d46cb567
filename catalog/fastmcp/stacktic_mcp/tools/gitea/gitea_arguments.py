"""What the Gitea tools take: each argument with its form, limits and meaning.

In: nothing.
Out: types that the signatures of the tools name, descriptions for callers among them.
Must not know: links, or what a tool does with a value.
"""

from typing import Annotated, Literal

from pydantic import Field

from stacktic_mcp.core.toolkit import Choice
from stacktic_mcp.tools.gitea.gitea_client import PAGE

Repository = Annotated[str, Choice("repositories"), Field(description="a linked repository")]
Reference = Annotated[
    str | None,
    Field(
        max_length=200,
        pattern=r"^[A-Za-z0-9_][A-Za-z0-9_./+-]*$",
        description="branch, tag or commit; default branch otherwise",
    ),
]
PATH_PATTERN = r"^[^\x00-\x1f\x7f\\]+$"
FilePath = Annotated[
    str,
    Field(
        min_length=1,
        max_length=1024,
        pattern=PATH_PATTERN,
        description="such as src/main.py",
    ),
]
Folder = Annotated[
    str,
    Field(
        max_length=1024,
        pattern=r"^[^\x00-\x1f\x7f\\]*$",
        description="path in repository; empty for its top",
    ),
]
Words = Annotated[
    str | None,
    Field(
        min_length=1,
        max_length=100,
        pattern=r"^[^\x00-\x1f\x7f-\x9f]+$",
        description="in title or text",
    ),
]
Label = Annotated[str, Field(min_length=1, max_length=50, pattern=r"^[^\x00-\x1f\x7f-\x9f,]+$")]
Moment = Annotated[
    str | None,
    Field(
        # Git takes no notice of a year that is far off.
        pattern=(
            r"^20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(Z|[+-][0-9]{2}:[0-9]{2})$"
        ),
        description="not before this time, such as 2030-01-31T12:00:00Z",
    ),
]
State = Annotated[Literal["open", "closed", "all"], Field(description="one state")]
Limit = Annotated[int, Field(ge=1, le=PAGE, description="rows at most")]
Offset = Annotated[int, Field(ge=0, le=2**31, description="first byte")]
Length = Annotated[int, Field(ge=1, le=65536, description="bytes at most")]
