"""What the API tools answer with: the fields of each answer and their types.

In: nothing.
Out: typed dictionaries that the return annotations of the tools name.
Must not know: how an answer is made.
"""

from typing import Any, NotRequired, TypedDict


class OperationRow(TypedDict):
    """An operation, and the tool that calls it."""

    operation_id: str
    method: str
    path: str
    tool: str
    in_document: bool
    summary: str | None


class Description(OperationRow):
    """What an operation takes, as JSON Schema, and answers."""

    parameters: list[dict[str, Any]]
    body: Any
    body_required: bool
    answers: dict[str, str]


class Health(TypedDict):
    """Whether the API answers."""

    healthy: bool
    status: NotRequired[int]
    reason: NotRequired[str]


class Called(TypedDict):
    """The answer of the API: JSON, or its text in pieces."""

    operation_id: str
    status: int
    body: NotRequired[Any]
    body_encoding: NotRequired[str]
    body_text: NotRequired[list[str]]


class WouldSend(TypedDict):
    """What a dry run would have sent."""

    operation_id: str
    method: str
    path: str
    query: list[list[str]]
    body_fields: list[str] | None
    dry_run: bool
