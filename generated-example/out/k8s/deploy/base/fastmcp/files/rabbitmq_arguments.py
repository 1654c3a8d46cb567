"""What the RabbitMQ tools take: each argument with its form, limits and meaning.

In: nothing.
Out: types that the signatures of the tools name, descriptions for callers among them.
Must not know: links, or what a tool does with a value.
"""

from typing import Annotated, Literal

from pydantic import Field

from stacktic_mcp.core.toolkit import Choice

MAX_PAYLOAD_BYTES = 64 * 1024

_Queue = Annotated[str, Choice("queues")]
_Exchange = Annotated[str, Choice("exchanges")]
Queue = Annotated[_Queue, Field(description="a linked queue")]
Exchange = Annotated[_Exchange, Field(description="a linked exchange")]
OfQueue = Annotated[_Queue | None, Field(description="one queue")]
OfExchange = Annotated[_Exchange | None, Field(description="one exchange")]
RoutingKey = Annotated[
    str,
    Field(max_length=255, pattern=r"^[^\x00-\x1f\x7f]*$", description="such as order.created"),
]
Limit = Annotated[int, Field(ge=1, le=200, description="rows at most")]
Count = Annotated[int, Field(ge=1, le=10, description="messages at most")]
_Depth = Annotated[int, Field(ge=0, le=2**53 - 1)]
MinDepth = Annotated[_Depth, Field(description="minimum of messages")]
MaxDepth = Annotated[_Depth, Field(description="greatest number of messages")]
NoConsumers = Annotated[bool, Field(description="true: no consumer")]
Sort = Annotated[
    Literal["messages", "name", "consumers", "memory", "publish_rate"],
    Field(description="order, largest first"),
]
ConnectionState = Annotated[Literal["running", "blocked", "any"], Field(description="one state")]
Payload = Annotated[str, Field(max_length=MAX_PAYLOAD_BYTES, description="body, at most 64 KiB")]
ContentType = Annotated[
    Literal["application/json", "text/plain"], Field(description="media type of body")
]
Persistent = Annotated[bool, Field(description="survives a restart of broker")]
