"""A stand-in for a backend built with FastAPI, and the OpenAPI 3.1 document it would publish.

In: requests with a bearer token.
Out: statuses and bodies as FastAPI gives them: 422 with `detail`, 404, 307 for a missing slash.
Must not know: any tool.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import Any

from servers.stub import Reply, Request

Facts = dict[str, Any]

ITEM: Facts = {
    "type": "object",
    "title": "Item",
    "required": ["name"],
    "properties": {
        "name": {"type": "string", "minLength": 1, "maxLength": 50},
        "price": {"anyOf": [{"type": "number", "minimum": 0}, {"type": "null"}]},
        "parent": {"anyOf": [{"$ref": "#/components/schemas/Item"}, {"type": "null"}]},
    },
}
ITEM_BODY: Facts = {
    "required": True,
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Item"}}},
}
ITEM_ID: Facts = {
    "name": "item_id",
    "in": "path",
    "required": True,
    "schema": {"type": "integer", "minimum": 1},
}


def _query(name: str, schema: Facts, **more: Any) -> Facts:
    return {"name": name, "in": "query", "required": False, "schema": schema, **more}


def _operation(summary: str, *parameters: Facts, **more: Any) -> Facts:
    answers = {"200": {"description": "Successful Response"}}
    return {"summary": summary, "parameters": list(parameters), "responses": answers, **more}


DOCUMENT: Facts = {
    "openapi": "3.1.0",
    "info": {"title": "shop", "version": "1"},
    "paths": {
        "/items/": {
            "get": _operation(
                "List items",
                _query("limit", {"type": "integer", "minimum": 1, "maximum": 1000}),
                _query("tag", {"type": "array", "items": {"type": "string"}}),
                _query("sold", {"type": "boolean"}),
            ),
            "post": _operation("Create item", requestBody=ITEM_BODY),
        },
        "/items/{item_id}": {
            "parameters": [ITEM_ID],
            "get": _operation("Read item"),
            "delete": _operation("Delete item"),
        },
        "/files/{name}": {
            "get": _operation(
                "Read file",
                {"name": "name", "in": "path", "required": True, "schema": {"type": "string"}},
            )
        },
        "/signed": {
            "get": _operation(
                "Needs a header",
                {"name": "x-key", "in": "header", "required": True, "schema": {"type": "string"}},
            )
        },
        "/remote": {
            "get": _operation("Refers away", _query("q", {"$ref": "http://127.0.0.1:1/schema"}))
        },
        "/moved": {"get": _operation("Redirects")},
        "/large": {"get": _operation("Large object")},
        "/admin": {"get": _operation("Not linked")},
    },
    "components": {"schemas": {"Item": ITEM}},
}


OTHERS: dict[tuple[str, ...], Reply] = {
    ("moved",): Reply(307, {"location": "/admin"}),
    ("large",): Reply(200, {"text": "z" * 60_000}),
    ("admin",): Reply(200, {"secret": "reached"}),
}


@dataclass
class Shop:
    """The state of the backend."""

    token: str = "api_token"
    healthy: bool = True
    items: dict[int, Facts] = field(default_factory=dict[int, Facts])

    def snapshot(self) -> dict[int, Facts]:
        """Return everything that a call could change."""
        return copy.deepcopy(self.items)

    def answer(self, request: Request) -> Reply:
        """Serve one request."""
        if request.path == ("health",):
            return Reply(200 if self.healthy else 503, {"status": "ok"})
        if request.headers.get("authorization") != f"Bearer {self.token}":
            return Reply(401, {"detail": "Not authenticated"})
        match (request.method, *request.path):
            case ("GET", "items", ""):
                rows = [{"id": key, **item} for key, item in self.items.items()]
                return Reply(200, rows[: int(request.first("limit", "1000"))])
            case ("POST", "items", ""):
                return self._create(request.body)
            case (method, "items", number) if number.isdigit():
                return self._item(method, int(number))
            case ("GET", "files", name):
                return Reply(200, f"contents of {name}")
            case _:
                return OTHERS.get(request.path, Reply(404, {"detail": "Not Found"}))

    def _create(self, body: Facts) -> Reply:
        if body["name"] == "taken":
            error = {"loc": ["body", "name"], "type": "value_error", "msg": "secret text"}
            return Reply(422, {"detail": [error]})
        number = max(self.items, default=0) + 1
        self.items[number] = body
        return Reply(201, {"id": number, **body})

    def _item(self, method: str, number: int) -> Reply:
        if number not in self.items:
            return Reply(404, {"detail": "Item not found"})
        if method == "DELETE":
            del self.items[number]
            return Reply(204, "")
        return Reply(200, {"id": number, **self.items[number]})
