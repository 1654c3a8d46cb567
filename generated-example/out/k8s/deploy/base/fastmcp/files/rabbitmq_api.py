"""The management API of RabbitMQ as one link may use it: one virtual host, fixed paths.

In: a link (host, port, user, password, virtual host) and names from closed lists.
Out: decoded JSON of the broker; every failure is a refusal in words of our own.
Must not know: MCP, tools. Definitions, users, policies, shovels have no function here.
"""

from collections.abc import Sequence
from typing import Any, cast

from http_client import Http
from toolkit import Link, Refusal

PAGE_SIZE = 500
MAX_PAGES = 20

QUEUE_COLUMNS = (
    "name,type,state,durable,exclusive,auto_delete,messages,messages_ready,"
    "messages_unacknowledged,consumers,memory,policy,message_stats"
)
CONNECTION_COLUMNS = (
    "name,user,state,protocol,ssl,channels,connected_at,recv_oct_details.rate,"
    "send_oct_details.rate,client_properties.connection_name"
)


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

    async def overview(self) -> dict[str, Any]:
        """Return versions, totals and rates of the cluster."""
        return await self._http.get_json(["overview"])

    async def nodes(self) -> list[dict[str, Any]]:
        """Return the nodes with their alarms."""
        return await self._http.get_json(["nodes"])

    async def queues(self) -> tuple[list[dict[str, Any]], bool]:
        """Return the queues of the virtual host, and whether these are all."""
        return await self._pages(["queues", self._vhost], {"columns": QUEUE_COLUMNS})

    async def exchanges(self) -> tuple[list[dict[str, Any]], bool]:
        """Return the exchanges of the virtual host, and whether these are all."""
        return await self._pages(["exchanges", self._vhost], {})

    async def connections(self) -> list[dict[str, Any]]:
        """Return the connections to the virtual host; the broker has no pages for them."""
        path = ["vhosts", self._vhost, "connections"]
        return await self._http.get_json(path, {"columns": CONNECTION_COLUMNS})

    async def queue(self, name: str) -> dict[str, Any]:
        """Return one queue with its consumers and counters."""
        return await self._http.get_json(["queues", self._vhost, name])

    async def exchange(self, name: str) -> dict[str, Any]:
        """Return one exchange."""
        return await self._http.get_json(["exchanges", self._vhost, name])

    async def bindings(
        self, queue: str | None = None, exchange: str | None = None
    ) -> list[dict[str, Any]]:
        """Return the bindings of a queue, those that leave an exchange, or all."""
        if queue is not None:
            found = await self._http.get_json(["queues", self._vhost, queue, "bindings"])
            return [row for row in found if exchange in {None, row["source"]}]
        if exchange is not None:
            path = ["exchanges", self._vhost, exchange, "bindings", "source"]
            return await self._http.get_json(path)
        return await self._http.get_json(["bindings", self._vhost])

    async def publish(self, exchange: str, body: dict[str, Any]) -> bool:
        """Publish one message; tell whether any queue took it."""
        path = ["exchanges", self._vhost, exchange, "publish"]
        return bool((await self._http.send_json("POST", path, body))["routed"])

    async def get_and_requeue(self, queue: str, body: dict[str, Any]) -> list[dict[str, Any]]:
        """Take messages and give them back; the broker marks them as redelivered."""
        return await self._http.send_json("POST", ["queues", self._vhost, queue, "get"], body)

    async def purge(self, queue: str) -> None:
        """Drop every ready message of a queue."""
        await self._http.send_json("DELETE", ["queues", self._vhost, queue, "contents"])

    async def _pages(
        self, path: Sequence[str], params: dict[str, str]
    ) -> tuple[list[dict[str, Any]], bool]:
        rows: list[dict[str, Any]] = []
        for page in range(1, MAX_PAGES + 1):
            paging = {"page": page, "page_size": PAGE_SIZE, "pagination": "true"}
            answer = await self._http.get_json(path, params | paging)
            rows += cast("list[dict[str, Any]]", answer["items"])
            if page >= answer["page_count"]:
                return rows, True
        return rows, False

    def _hint(self, status: int, body: bytes) -> str | None:
        """Tell a missing grant from a wrong password: the broker answers 400 or 401 to both."""
        if b"ACCESS_REFUSED" in body or b"Access refused" in body:
            hint = f"the user of this link on {self.link.component} lacks a grant it needs"
            raise Refusal("E_UNAVAILABLE", hint)
        missing = status == 404  # noqa: PLR2004 -- HTTP statuses are names of their own
        return "the broker has no such queue or exchange" if missing else None
