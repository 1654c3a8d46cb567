"""A stand-in for RabbitMQ's management API that keeps queues, messages, users and permissions.

In: requests as the real API takes them.
Out: its statuses and bodies, as RabbitMQ 3.10.8 and the sources of 4.2.6 and 4.3.0 give them:
401 `not_authorized` for a wrong password, 401 or 400 with `ACCESS_REFUSED` for a missing grant,
406 for a purge by a client that insists on JSON.
Must not know: any tool.
"""

from __future__ import annotations

import base64
import copy
import re
from dataclasses import dataclass, field
from typing import Any

from servers.stub import Reply, Request

VHOST = "app"
Facts = dict[str, Any]


@dataclass
class User:
    """A user with the tag `monitoring` and patterns of what it may do."""

    password: str
    write: str = "^$"
    read: str = "^$"


@dataclass
class Broker:
    """The state of a broker with one virtual host."""

    version: str = "4.2.6"
    users: dict[str, User] = field(default_factory=dict[str, User])
    queues: dict[str, Facts] = field(default_factory=dict[str, Facts])
    exchanges: dict[str, str] = field(default_factory=dict[str, str])
    bindings: list[tuple[str, str, str]] = field(default_factory=list[tuple[str, str, str]])
    messages: dict[str, list[Facts]] = field(default_factory=dict[str, list[Facts]])
    connections: list[Facts] = field(default_factory=list[Facts])
    nodes: list[Facts] = field(default_factory=list[Facts])

    def declare(self, name: str, kind: str = "classic", **arguments: Any) -> None:
        """Add an empty queue; names of arguments are written with underscores."""
        told = {key.replace("_", "-"): value for key, value in arguments.items()}
        self.queues[name] = {"type": kind, "arguments": told}
        self.messages[name] = []

    def put(self, queue: str, payload: bytes, key: str = "seed") -> None:
        """Add a message at the end of a queue."""
        self.messages[queue].append(
            {"payload": payload, "key": key, "exchange": "", "properties": [], "taken": 0}
        )

    def snapshot(self) -> Facts:
        """Return everything that a call could change."""
        return copy.deepcopy({"messages": self.messages, "queues": self.queues})

    def answer(self, request: Request) -> Reply:
        """Serve one request."""
        name, password = _credentials(request)
        user = self.users.get(name)
        if user is None or user.password != password:
            return _refused(401, "not_authorized", "Login failed")
        if request.path[:1] != ("api",):
            return _not_found()
        route = (request.method, *request.path[1:])
        match route:
            case ("GET", *path) if (facts := self._facts(path)) is not None:
                return Reply(200, facts)
            case (_, "queues", "app", *rest):
                return self._queues(request, name, user, rest)
            case (_, "exchanges", "app", *rest):
                return self._exchanges(request, name, user, rest)
            case _:
                return _refused(401, "not_authorised", "Not administrator user")

    def _facts(self, path: list[str]) -> Any:
        """Return what needs no name of a queue or exchange."""
        match path:
            case ["overview"]:
                return self._overview()
            case ["nodes"]:
                return self.nodes
            case ["vhosts", "app", "connections"]:
                return self.connections
            case ["bindings", "app"]:
                return [_binding(row) for row in self._all_bindings()]
            case _:
                return None

    def _queues(self, request: Request, name: str, user: User, rest: list[str]) -> Reply:
        if not rest:
            return _paged(request, [self._queue(queue) for queue in self.queues])
        queue = rest[0]
        if queue not in self.queues:
            return _not_found()
        match (request.method, *rest[1:]):
            case ("GET",):
                return Reply(200, self._queue(queue) | {"consumer_details": []})
            case ("GET", "bindings"):
                rows = [row for row in self._all_bindings() if row[1] == queue]
                return Reply(200, [_binding(row) for row in rows])
            case ("POST", "get"):
                if not re.search(user.read, queue):
                    reason = f"ACCESS_REFUSED - access to queue '{queue}' in vhost 'app' refused"
                    return _refused(401, "not_authorised", f"{reason} for user '{name}'")
                return Reply(200, self._take(queue, request.body))
            case ("DELETE", "contents"):
                return self._purge(request, user, queue)
            case _:
                return _not_found()

    def _exchanges(self, request: Request, name: str, user: User, rest: list[str]) -> Reply:
        if not rest:
            return _paged(request, [self._exchange(item) for item in self.exchanges])
        exchange = rest[0]
        if exchange not in self.exchanges:
            return _not_found()
        match (request.method, *rest[1:]):
            case ("GET",):
                return Reply(200, self._exchange(exchange))
            case ("GET", "bindings", "source"):
                rows = [row for row in self.bindings if row[0] == exchange]
                return Reply(200, [_binding(row) for row in rows])
            case ("POST", "publish"):
                if not re.search(user.write, exchange):
                    reason = f"403 ACCESS_REFUSED - access to exchange '{exchange}' in vhost 'app'"
                    return _refused(400, "bad_request", f"{reason} refused for user '{name}'")
                return self._publish(exchange, request.body)
            case _:
                return _not_found()

    def _publish(self, exchange: str, body: Facts) -> Reply:
        if set(body) < {"routing_key", "properties", "payload", "payload_encoding"}:
            return _refused(400, "bad_request", "[key_missing]")
        key = body["routing_key"]
        targets = [row[1] for row in self.bindings if row[0] == exchange and row[2] == key]
        for queue in targets:
            self.put(queue, body["payload"].encode(), key)
            self.messages[queue][-1] |= {"exchange": exchange, "properties": body["properties"]}
        return Reply(200, {"routed": bool(targets)})

    def _take(self, queue: str, body: Facts) -> list[Facts]:
        """Give messages out and take them back; a quorum queue drops what passes its limit."""
        taken = self.messages[queue][: body["count"]]
        rows = [_message(message, body) for message in taken]
        facts = self.queues[queue]
        limit = facts["arguments"].get("x-delivery-limit", 20)
        for message in taken:
            counts = facts["type"] == "quorum" and not re.match(r"4\.[3-9]|[5-9]", self.version)
            message["taken"] += 1
            if counts and 0 <= limit < message["taken"]:
                self.messages[queue].remove(message)
        return rows

    def _purge(self, request: Request, user: User, queue: str) -> Reply:
        if request.headers.get("accept") == "application/json":
            return Reply(406, "")
        if not re.search(user.read, queue):
            return _refused(401, "not_authorised", "Access refused.")
        self.messages[queue].clear()
        return Reply(204, "")

    def _overview(self) -> Facts:
        depth = sum(len(messages) for messages in self.messages.values())
        return {
            "rabbitmq_version": self.version,
            "erlang_version": "26.2.5",
            "cluster_name": "app@stub",
            "object_totals": {"queues": len(self.queues), "exchanges": len(self.exchanges)},
            "queue_totals": {"messages": depth, "messages_ready": depth},
            "message_stats": {"publish_details": {"rate": 1.5}},
            "listeners": [{"ip_address": "10.0.0.7", "port": 5672}],
        }

    def _queue(self, name: str) -> Facts:
        depth = len(self.messages[name])
        return self.queues[name] | {
            "name": name,
            "vhost": VHOST,
            "state": "running",
            "durable": True,
            "messages": depth,
            "messages_ready": depth,
            "messages_unacknowledged": 0,
            "consumers": self.queues[name].get("consumers", 0),
            "memory": 1000 + depth,
        }

    def _exchange(self, name: str) -> Facts:
        return {"name": name, "type": self.exchanges[name], "durable": True, "internal": False}

    def _all_bindings(self) -> list[tuple[str, str, str]]:
        return [("", queue, queue) for queue in self.queues] + self.bindings


def _credentials(request: Request) -> tuple[str, str]:
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme != "Basic":
        return "", ""
    name, _, password = base64.b64decode(encoded).decode().partition(":")
    return name, password


def _refused(status: int, error: str, reason: str) -> Reply:
    return Reply(status, {"error": error, "reason": reason})


def _not_found() -> Reply:
    return _refused(404, "Object Not Found", "Not Found")


def _paged(request: Request, rows: list[Facts]) -> Reply:
    size, page = int(request.first("page_size", "100")), int(request.first("page", "1"))
    columns = request.first("columns")
    kept = rows[(page - 1) * size : page * size]
    if columns:
        wanted = columns.split(",")
        kept = [{key: row[key] for key in wanted if key in row} for row in kept]
    pages = max(1, -(-len(rows) // size))
    return Reply(200, {"items": kept, "page": page, "page_count": pages, "page_size": size})


def _binding(row: tuple[str, str, str]) -> Facts:
    source, destination, key = row
    return {
        "source": source,
        "destination": destination,
        "destination_type": "queue",
        "routing_key": key,
        "arguments": {},
    }


def _message(message: Facts, body: Facts) -> Facts:
    payload: bytes = message["payload"][: body.get("truncate", len(message["payload"]))]
    try:
        text, encoding = payload.decode(), "string"
    except UnicodeDecodeError:
        text, encoding = base64.b64encode(payload).decode(), "base64"
    return {
        "payload_bytes": len(message["payload"]),
        "redelivered": message["taken"] > 0,
        "exchange": message["exchange"],
        "routing_key": message["key"],
        "message_count": 0,
        "properties": message["properties"],
        "payload": text,
        "payload_encoding": encoding,
    }
