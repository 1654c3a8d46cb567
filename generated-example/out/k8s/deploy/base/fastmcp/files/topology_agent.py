"""The Stack Agent's HTTP API, as the topology tools need it.

In: a link to the agent and the body of a query.
Out: rows, the structure of the stack, the fields of a component.
Must not know: MCP, prompts, or how an answer is shown.

The agent answers a query with `{"results": [...], "next_cursor": text or null}`, with `status`
beside them when there was a check, and with `output` when it ran for one record alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, cast

from stacktic_mcp.core.toolkit import Link, Refusal
from stacktic_mcp.lib.decoding import decode_json
from stacktic_mcp.lib.documents import Facts, objects
from stacktic_mcp.lib.http_client import Http
from stacktic_mcp.lib.text import printable

MAX_FACT_CHARACTERS = 300
_CODE = re.compile(r"E_[A-Z_]{1,40}")

Row = dict[str, Any]

# The statuses of answers in which the agent says why, in a form of its own.
TOLD = frozenset(
    {
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.NOT_FOUND,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        HTTPStatus.UNPROCESSABLE_ENTITY,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        HTTPStatus.SERVICE_UNAVAILABLE,
    }
)


@dataclass(frozen=True)
class Reply:
    """The answer to one query."""

    results: list[Facts]
    status: str | None
    output: str | None
    next_cursor: str | None


@dataclass(frozen=True)
class Agent:
    """A client of one agent."""

    link: Link

    async def query(self, body: Mapping[str, Any]) -> Reply:
        """Send one query; parameters that were not given stay out of the closed body."""
        sent = {name: value for name, value in body.items() if value is not None}
        return parse_reply(await self._http().send_json("POST", ["metadata", "q"], sent))

    async def structure(self) -> dict[str, Any]:
        """Return all components with their links."""
        return _object(await self._http().get_json(["metadata", "structure"]))

    async def fields(self, component: str) -> Any:
        """Return the variables of a component; values of secrets are never among them."""
        return await self._http().get_json(["metadata", "fields", component])

    def _http(self) -> Http:
        return Http(
            self.link,
            headers=lambda: {"authorization": f"Bearer {self.link.secret('KEY')}"},
            credential="KEY",
            error_hint=agent_fact,
        )


def parse_reply(reply: Any) -> Reply:
    """Read the answer to a query; a bare list is a page of its own."""
    if isinstance(reply, list):
        return Reply(objects(reply), None, None, None)
    fields = _object(reply)
    results = fields.get("results")
    if not isinstance(results, list):
        raise Refusal("E_UNAVAILABLE", "the agent answered in a form that is not known")
    return Reply(
        results=objects(results),
        status=_text(fields.get("status")),
        output=_text(fields.get("output")),
        next_cursor=_text(fields.get("next_cursor")),
    )


def agent_fact(status: int, body: bytes) -> str | None:
    """Pass on why the agent refused a query: its messages are made for the caller."""
    if status not in TOLD:
        return None
    try:
        reply: object = decode_json(body)
    except (ValueError, Refusal):
        return None
    error = cast("dict[str, Any]", reply).get("error") if isinstance(reply, dict) else None
    if not isinstance(error, dict):
        return None
    facts = cast("dict[str, Any]", error)
    code = str(facts.get("code", ""))
    if not _CODE.fullmatch(code):
        return None
    message = printable(str(facts.get("message", "")))
    place = facts.get("position")
    where = f" (position {place})" if isinstance(place, int) else ""
    return f"{code}{where}: {message[:MAX_FACT_CHARACTERS]}"


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _object(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Refusal("E_UNAVAILABLE", "the agent answered in a form that is not known")
    return cast("dict[str, Any]", value)


def check_body(
    command: str | None,
    on_success: str | None,
    on_failure: str | None,
    verify_delay: int,
    *,
    dry_run: bool,
) -> dict[str, Any]:
    """Return the part of a query that runs a check; nothing when there is no command."""
    if command is None:
        if on_success is not None or on_failure is not None:
            raise Refusal("E_ARG", "`on_success` and `on_failure` need a `command`")
        return {}
    return {
        "command": command,
        "on_success": on_success,
        "on_failure": on_failure,
        "verify_delay": verify_delay or None,
        "dry_run": dry_run or None,
    }
