"""What the Kafka tools take: each argument with its form, limits and meaning.

In: nothing.
Out: types that the signatures of the tools name, descriptions for callers among them.
Must not know: links, or what a tool does with a value.
"""

from typing import Annotated

from pydantic import Field

from stacktic_mcp.core.toolkit import Choice

MAX_VALUE_BYTES = 64 * 1024

_Topic = Annotated[str, Choice("topics")]
Topic = Annotated[_Topic, Field(description="a linked topic")]
Group = Annotated[str, Choice("groups"), Field(description="component that consumes")]
_Partition = Annotated[int, Field(ge=0, le=100_000)]
PartitionNumber = Annotated[_Partition | None, Field(description="one partition, from 0")]
OnlyTopic = Annotated[_Topic | None, Field(description="one topic")]
_Time = Annotated[int, Field(ge=0, le=4_102_444_800_000)]
Time = Annotated[_Time | None, Field(description="milliseconds since 1970")]
Limit = Annotated[int, Field(ge=1, le=100, description="records at most")]
Bytes = Annotated[int, Field(ge=1, le=65536, description="of all values at most")]
Value = Annotated[str, Field(max_length=MAX_VALUE_BYTES, description="at most 64 KiB")]
_Key = Annotated[str, Field(max_length=1024)]
Key = Annotated[_Key | None, Field(description="key of record; decides on partition")]
Start = Annotated[
    str,
    Field(
        pattern=r"^(earliest|latest|[0-9]{1,18})$",
        description="earliest, latest (last records), or an offset with a partition",
    ),
]
