"""Tools for an HTTP API: the operations that the topology names, and no others.

In: a link, the name of an operation, values for its path, query and body.
Out: the API's answers, cut to the budget and marked untrusted.
Must not know: how a request is made, or other links.
"""

import json
from typing import Annotated, Any

from pydantic import Field

from stacktic_mcp.core.toolkit import Answer, Choice, DryRun, Link, Refusal, Toolset
from stacktic_mcp.lib.decoding import decode_json, encoded, whole_characters
from stacktic_mcp.lib.documents import facts_of, text, word
from stacktic_mcp.lib.http_client import Reply
from stacktic_mcp.tools.fastapi.fastapi_document import (
    Operation,
    contract_of,
    document_of,
    found_in,
    inlined,
    operation_of,
    operations_of,
)
from stacktic_mcp.tools.fastapi.fastapi_request import Api, Prepared, prepare
from stacktic_mcp.tools.fastapi.fastapi_rows import (
    Called,
    Description,
    Health,
    OperationRow,
    WouldSend,
)

MAX_SHOWN_BYTES = 24 * 1024
CHUNK_CHARACTERS = 500
MAX_INLINE_DEPTH = 5

OperationId = Annotated[
    str, Choice("operations"), Field(description="as api_list_operations tells it")
]
Text = Annotated[str, Field(max_length=1024)]
Scalar = Text | int | float | bool
Name = Annotated[str, Field(min_length=1, max_length=100)]
PathValues = Annotated[
    dict[Name, Text | int], Field(max_length=10, description="values in its path by name")
]
QueryItems = Annotated[list[Scalar], Field(max_length=50)]
QueryValues = Annotated[
    dict[Name, Scalar | QueryItems], Field(max_length=30, description="query parameters by name")
]
_Body = Annotated[dict[Name, Any], Field(max_length=200)]
Body = Annotated[_Body | None, Field(description="JSON body, by its schema")]


def register(tools: Toolset) -> None:
    """Register the tools of the API links."""
    tools.introduce("HTTP API", prefix="api", first="api_list_operations")
    _register_descriptions(tools)
    _register_calls(tools)


def _register_descriptions(tools: Toolset) -> None:
    @tools.read
    async def api_list_operations(link: Link) -> Answer[list[OperationRow]]:
        """List endpoints (operations, routes) of application's API, backend.

        REST, FastAPI: method, path, summary, operation_id to call.
        """
        document = document_of(link)
        return Answer([_row(document, operation) for operation in operations_of(link)])

    @tools.read
    async def api_describe_operation(link: Link, operation_id: OperationId) -> Answer[Description]:
        """Describe an endpoint of application's API: parameters, body, return, fields.

        Needs, expects, response schema, error codes; OpenAPI: GET or POST.
        """
        return Answer(_description(link, operation_of(link, operation_id)))

    @tools.read
    async def api_health(link: Link) -> Answer[Health]:
        """Health check of application's API, backend, web service (FastAPI): up, reachable.

        Answers, healthy, alive: status of its health path, or reason.
        """
        return await _health(link)


def _register_calls(tools: Toolset) -> None:
    @tools.read(title="call an endpoint that reads", timeout_s=15)
    async def api_call(
        link: Link,
        operation_id: OperationId,
        path_params: PathValues = {},  # noqa: B006 -- never changed; an empty object is the default
        query: QueryValues = {},  # noqa: B006
    ) -> Answer[Called]:
        """Call application's API, backend: get, fetch, ask, read data (GET, HEAD) of an endpoint.

        Such as operation_id get_order, path_params {"id": 7}. Returns status and body.
        """
        operation = operation_of(link, operation_id)
        if not operation.reads_only:
            hint = "this operation changes something: only api_call_write may call it"
            raise Refusal("E_WRITE_DISABLED", hint)
        contract = contract_of(link, operation)
        return await _send(link, operation, prepare(operation, contract, path_params, query, None))

    @tools.write(
        title="call an endpoint that changes something",
        destructive=True,
        idempotent=False,
        timeout_s=15,
    )
    async def api_call_write(
        link: Link,
        operation_id: OperationId,
        path_params: PathValues = {},  # noqa: B006
        query: QueryValues = {},  # noqa: B006
        body: Body = None,
        dry_run: DryRun = True,
    ) -> Answer[Called | WouldSend]:
        """Call application's API, backend, to write: create, update, cancel, delete, new.

        POST, PUT, PATCH, DELETE of an endpoint. Returns status and body.
        """
        operation = operation_of(link, operation_id)
        contract = contract_of(link, operation)
        prepared = prepare(operation, contract, path_params, query, body)
        if dry_run:
            return _would_send(operation, prepared)
        return await _send(link, operation, prepared)


def _row(document: dict[str, Any], operation: Operation) -> dict[str, Any]:
    facts = found_in(document, operation)
    return {
        "operation_id": operation.name,
        "method": operation.method,
        "path": operation.path,
        "tool": "api_call" if operation.reads_only else "api_call_write",
        "in_document": facts is not None,
        "summary": word((facts or {}).get("summary")),
    }


def _description(link: Link, operation: Operation) -> dict[str, Any]:
    """Describe an operation with as many references inlined as the budget takes."""
    document, contract = document_of(link), contract_of(link, operation)
    parameters = [
        {
            key: item[key]
            for key in ("name", "in", "required", "description", "schema")
            if key in item
        }
        for item in contract.parameters
        if item.get("in") in {"path", "query"}
    ]
    answers = {
        status: text(facts_of(facts).get("description"))
        for status, facts in facts_of(contract.facts.get("responses")).items()
    }
    whole = {
        "parameters": parameters,
        "body": contract.body,
        "body_required": contract.body_required,
    }
    shown: dict[str, Any] = {}
    for depth in range(MAX_INLINE_DEPTH, -1, -1):
        shown = inlined(document, whole, depth)
        if len(json.dumps(shown)) <= MAX_SHOWN_BYTES:
            break
    return {**_row(document, operation), **shown, "answers": answers}


async def _health(link: Link) -> Answer:
    path = link.value("HEALTH_PATH", "/health")
    probe = Operation("health", "GET", path, safe=True)
    parts = [part for part in path.split("/") if part]
    prepared = Prepared(probe.method, tuple(parts), path.endswith("/") and bool(parts), [], None)
    try:
        reply = await Api(link, prepared, with_token=False).request("GET", parts)
    except Refusal as refusal:
        return Answer({"healthy": False, "reason": refusal.hint})
    return Answer({"healthy": True, "status": reply.status})


def _would_send(operation: Operation, prepared: Prepared) -> Answer:
    sent = {"method": prepared.method, "path": prepared.path, "query": prepared.query}
    body = None if prepared.body is None else sorted(prepared.body)
    return Answer({"operation_id": operation.name, **sent, "body_fields": body, "dry_run": True})


async def _send(link: Link, operation: Operation, prepared: Prepared) -> Answer:
    content = b"" if prepared.body is None else json.dumps(prepared.body).encode()
    reply = await Api(link, prepared).request(
        prepared.method,
        prepared.segments,
        params=prepared.query,
        content=content,
        content_type="application/json",
    )
    return _shown(operation, reply)


def _shown(operation: Operation, reply: Reply) -> Answer:
    """Return JSON as it is while a list in it can be cut; else the text in pieces."""
    data: dict[str, Any] = {"operation_id": operation.name, "status": reply.status}
    try:
        body: Any = decode_json(reply.body)
    except ValueError:
        body = None
    if body is not None and (isinstance(body, list) or len(reply.body) <= MAX_SHOWN_BYTES):
        return Answer({**data, "body": body})
    head = reply.body[:MAX_SHOWN_BYTES]
    cut = len(head) < len(reply.body)
    shown = encoded(whole_characters(head) if cut else head)
    pieces = [
        shown["value"][at : at + CHUNK_CHARACTERS]
        for at in range(0, len(shown["value"]), CHUNK_CHARACTERS)
    ]
    # What is no text is said to be encoded; text needs no such word.
    mark = {} if shown["encoding"] == "utf-8" else {"body_encoding": shown["encoding"]}
    return Answer({**data, **mark, "body_text": pieces}, "bytes" if cut else None)
