"""The management API of RabbitMQ as one link may use it: one virtual host, fixed paths.

In: a link (host, port, user, password, virtual host) and names from closed lists.
Out: decoded JSON of the broker; every failure is a refusal in words of our own.
Must not know: MCP, tools. Definitions, users, policies, shovels have no function here.
"""

import json
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any

from stacktic_mcp.core.toolkit import Link, Refusal
from stacktic_mcp.lib.documents import Facts, at, count, ensure_list, ensure_object, objects
from stacktic_mcp.lib.http_client import Http

PAGE_SIZE = 500
MAX_PAGES = 20
MAX_ROW_BYTES = 4 * 1024 * 1024

QUEUE_COLUMNS = (
    "name,type,state,durable,exclusive,auto_delete,messages,messages_ready,"
    "messages_unacknowledged,consumers,memory,policy,"
    "message_stats.publish_details.rate,message_stats.deliver_get_details.rate"
)
CONNECTION_COLUMNS = (
    "name,user,state,protocol,ssl,channels,connected_at,recv_oct_details.rate,"
    "send_oct_details.rate,client_properties.connection_name"
)

Row = dict[str, Any]
View = Callable[[Facts], Row]


class Broker:
    """Requests of one tool call."""

    def __init__(self, link: Link) -> None:
        """Read the credential now, so that an empty one is told before anything is sent."""
        self.link = link
        self._vhost = link.value("VHOST")
        self._http = Http(
            link,
            auth=(link.value("USERNAME"), link.secret("PASSWORD")),
            # A purge answers with no body of any type, and 406 to whoever insists on JSON.
            headers=lambda: {"accept": "*/*"},
            base_path="/api",
            credential="PASSWORD",
            error_hint=self._hint,
        )

    async def tags(self) -> set[str]:
        """Return the tags of the user, which rights to the management API come with."""
        told = at(ensure_object(await self._http.get_json(["whoami"])), "tags")
        words = told.split(",") if isinstance(told, str) else ensure_list(told)
        return {str(word).strip() for word in words} - {""}

    async def overview(self) -> Facts:
        """Return versions, totals and rates of the cluster."""
        return ensure_object(await self._http.get_json(["overview"]))

    async def nodes(self) -> list[Facts]:
        """Return the nodes with their alarms."""
        return await self._list(["nodes"])

    async def queues(self, view: View) -> tuple[list[Row], bool]:
        """Return rows about the queues of the virtual host, and whether these are all."""
        return await self._pages(["queues", self._vhost], {"columns": QUEUE_COLUMNS}, view)

    async def exchanges(self, view: View) -> tuple[list[Row], bool]:
        """Return rows about the exchanges of the virtual host, and whether these are all."""
        return await self._pages(["exchanges", self._vhost], {}, view)

    async def connections(self) -> list[Facts]:
        """Return the connections to the virtual host; the broker has no pages for them."""
        path = ["vhosts", self._vhost, "connections"]
        return await self._list(path, {"columns": CONNECTION_COLUMNS})

    async def queue(self, name: str) -> Facts:
        """Return one queue with its consumers and counters."""
        return ensure_object(await self._http.get_json(["queues", self._vhost, name]))

    async def exchange(self, name: str) -> Facts:
        """Return one exchange."""
        return ensure_object(await self._http.get_json(["exchanges", self._vhost, name]))

    async def bindings(self, queue: str | None = None, exchange: str | None = None) -> list[Facts]:
        """Return the bindings of a queue, those that leave an exchange, or all."""
        if queue is not None:
            found = await self._list(["queues", self._vhost, queue, "bindings"])
            return [row for row in found if exchange is None or row.get("source") == exchange]
        if exchange is not None:
            return await self._list(["exchanges", self._vhost, exchange, "bindings", "source"])
        return await self._list(["bindings", self._vhost])

    async def publish(self, exchange: str, body: Row) -> bool | None:
        """Publish one message; tell whether any queue took it, if the broker does."""
        path = ["exchanges", self._vhost, exchange, "publish"]
        routed = at(await self._http.send_json("POST", path, body), "routed")
        return routed if isinstance(routed, bool) else None

    async def get_and_requeue(self, queue: str, body: Row) -> list[Facts]:
        """Take messages and give them back; the broker marks them as redelivered."""
        path = ["queues", self._vhost, queue, "get"]
        return objects(ensure_list(await self._http.send_json("POST", path, body)))

    async def purge(self, queue: str) -> None:
        """Drop every ready message of a queue."""
        await self._http.send_json("DELETE", ["queues", self._vhost, queue, "contents"])

    async def _list(self, path: Sequence[str], params: dict[str, str] | None = None) -> list[Facts]:
        return objects(ensure_list(await self._http.get_json(path, params or {})))

    async def _pages(
        self, path: Sequence[str], params: dict[str, str], view: View
    ) -> tuple[list[Row], bool]:
        """Read page by page; of each page its rows are kept and nothing else, up to a size."""
        rows: list[Row] = []
        size = 0
        for page in range(1, MAX_PAGES + 1):
            paging = {"page": page, "page_size": PAGE_SIZE, "pagination": "true"}
            found, pages = await self._page(path, params | paging, view)
            rows += found
            size += len(json.dumps(found))
            if pages is None or page >= pages or size > MAX_ROW_BYTES:
                return rows, pages is not None and page >= pages
        return rows, False

    async def _page(
        self, path: Sequence[str], params: dict[str, Any], view: View
    ) -> tuple[list[Row], int | None]:
        """Return the rows of one page, and how many pages there are, if that is told."""
        answer = ensure_object(await self._http.get_json(path, params))
        found = objects(ensure_list(answer.get("items")))[:PAGE_SIZE]
        return [view(facts) for facts in found], count(answer.get("page_count"))

    @classmethod
    async def wider(cls, link: Link, granted: Sequence[str]) -> list[str]:
        """Return the tags of the user that the lock does not name.

        Permissions are shown to administrators alone; a user without that tag gives itself none.
        """
        more = await cls(link).tags() - {*granted, "management"}
        return [f"it has {len(more)} tags that give further rights"] if more else []

    def _hint(self, status: int, body: bytes) -> str | None:
        """Tell a missing grant from a wrong password: the broker answers 400 or 401 to both."""
        if b"ACCESS_REFUSED" in body or b"Access refused" in body:
            hint = f"the user of this link on {self.link.component} lacks a grant it needs"
            raise Refusal("E_UNAVAILABLE", hint)
        missing = status == HTTPStatus.NOT_FOUND
        return "the broker has no such queue or exchange" if missing else None
