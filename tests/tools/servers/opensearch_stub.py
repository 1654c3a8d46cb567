"""A stand-in for OpenSearch with its security plugin, which keeps indices, users and roles.

In: requests as the real API takes them.
Out: its statuses and bodies, as OpenSearch 3.4.0 with the plugin 3.4.0.0 gave them
(tests/lab/test_opensearch_tools.py asks that one): 401 for a wrong password, 403
`security_exception` for an index or an action that the role has not, also where there is no such
index, 404 for a document that is not there.
Must not know: any tool, or what a query means: a search finds all documents of an index.
"""

from __future__ import annotations

import base64
import copy
from dataclasses import dataclass, field
from typing import Any

from servers.stub import Reply, Request

Facts = dict[str, Any]
ACTIONS = {
    ("GET", "_search"): "indices:data/read/search",
    ("GET", "_doc"): "indices:data/read/get",
    ("GET", "_mapping"): "indices:admin/mappings/get",
    ("GET", "_stats"): "indices:monitor/stats",
    ("PUT", "_doc"): "indices:data/write/index",
    ("DELETE", "_doc"): "indices:data/write/delete",
}
READ = [*ACTIONS.values()][:4]
WHOLE = {"total": 1, "successful": 1, "skipped": 0, "failed": 0}


@dataclass
class User:
    """A user, and what its role grants."""

    password: str
    indices: list[str] = field(default_factory=list[str])
    actions: list[str] = field(default_factory=lambda: list(READ))
    more_roles: list[str] = field(default_factory=list[str])


@dataclass
class Cluster:
    """The state of a cluster."""

    users: dict[str, User] = field(default_factory=dict[str, User])
    indices: dict[str, dict[str, Facts]] = field(default_factory=dict[str, dict[str, Facts]])
    mappings: dict[str, Facts] = field(default_factory=dict[str, Facts])
    # What the next search answers instead.
    answer_next: Reply | None = None
    shards: Facts = field(default_factory=lambda: dict(WHOLE))
    timed_out: bool = False

    def snapshot(self) -> Facts:
        """Return everything that a call could change."""
        return copy.deepcopy({"indices": self.indices, "mappings": self.mappings})

    def answer(self, request: Request) -> Reply:
        """Serve one request."""
        told = request.headers.get("authorization", "").removeprefix("Basic ")
        name, _, password = base64.b64decode(told).decode().partition(":")
        user = self.users.get(name)
        if user is None or user.password != password:
            return Reply(401, "Unauthorized")
        match (request.method, *request.path):
            case ("GET", "_plugins", "_security", "authinfo"):
                roles = [name, *user.more_roles]
                return Reply(200, {"user_name": name, "backend_roles": [], "roles": roles})
            case ("GET", ""):
                return Reply(200, {"version": {"distribution": "opensearch", "number": "3.4.0"}})
            case ("GET", "_cluster", "health"):
                return Reply(200, {"status": "green", "number_of_nodes": 1, "active_shards": 2})
            case (method, index, action, *rest):
                return self._of_index(user, request, index, (method, action), rest)
            case _:
                return _forbidden(request.method)

    def _of_index(
        self, user: User, request: Request, index: str, asked: tuple[str, str], rest: list[str]
    ) -> Reply:
        action = ACTIONS.get(asked, "indices:admin/other")
        names = index.split(",")
        if action not in user.actions or any(name not in user.indices for name in names):
            return _forbidden(action)
        if any(name not in self.indices for name in names):
            return Reply(404, {"error": {"type": "index_not_found_exception"}, "status": 404})
        return self._granted(request, index, asked, rest)

    def _granted(
        self, request: Request, index: str, asked: tuple[str, str], rest: list[str]
    ) -> Reply:
        documents = self.indices[index]
        match (*asked, *rest):
            case ("GET", "_search"):
                return self.answer_next or self._found(documents, request.body)
            case ("GET", "_doc", name):
                facts = {"_id": name, "found": name in documents}
                source = {"_source": documents[name]} if name in documents else {}
                return Reply(200 if name in documents else 404, facts | source)
            case ("GET", "_mapping"):
                return Reply(200, {index: {"mappings": self.mappings.get(index, {})}})
            case ("GET", "_stats", *_):
                facts = {"docs": {"count": len(documents)}, "store": {"size_in_bytes": 10}}
                shown = {index: {"primaries": facts, "total": facts}}
                return Reply(200, {"_shards": WHOLE, "indices": shown})
            case ("PUT", "_doc", name):
                documents[name] = request.body
                return Reply(201, {"result": "created"})
            case ("DELETE", "_doc", name):
                return Reply(200, {"result": "deleted" if documents.pop(name, None) else "no"})
            case _:
                return Reply(405, {"error": "Incorrect HTTP method"})

    def _found(self, documents: dict[str, Facts], body: Facts) -> Reply:
        first, size = body.get("from", 0), body["size"]
        rows = [{"_id": name, "_score": 1.0, "_source": one} for name, one in documents.items()]
        total = {"value": len(rows), "relation": "eq"}
        hits: Facts = {"hits": rows[first : first + size]}
        if body["track_total_hits"]:
            hits["total"] = total
        answer: Facts = {"timed_out": self.timed_out, "_shards": self.shards, "hits": hits}
        if "aggs" in body:
            buckets = [{"key": name, "doc_count": 1} for name in documents]
            answer["aggregations"] = {"groups": {"buckets": buckets}}
        return Reply(200, answer)


def _forbidden(action: str) -> Reply:
    reason = f"no permissions for [{action}] and User [name=x, backend_roles=[]]"
    error = {"type": "security_exception", "reason": reason}
    return Reply(403, {"error": {"root_cause": [error], **error}, "status": 403})
