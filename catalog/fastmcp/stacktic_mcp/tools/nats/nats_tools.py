"""NATS tools of the MCP server: they look at the linked streams and subjects.

In: the names of linked streams and subjects, sequence numbers, filters of subjects.
Out: states, consumers and messages, bounded in number, bytes and time; no consumer is ever made.
Must not know: HTTP, the topology, or any account but that of the link.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from stacktic_mcp.core.toolkit import Answer, DryRunOnRequest, Link, Position, Refusal, Toolset
from stacktic_mcp.lib.documents import at, count, facts_of, objects, texts, word
from stacktic_mcp.tools.nats.nats_arguments import (
    Below,
    Bytes,
    Filter,
    Sequence,
    Stream,
    Subject,
    ToStream,
    ToSubject,
)
from stacktic_mcp.tools.nats.nats_client import Nats, connect
from stacktic_mcp.tools.nats.nats_rows import (
    ConsumerRow,
    Heard,
    Published,
    Stored,
    StreamDetail,
    StreamLine,
    SubjectRow,
)
from stacktic_mcp.tools.nats.nats_views import (
    consumer_view,
    payload_view,
    stored_view,
    stream_line,
    stream_view,
)

MAX_VALUE_BYTES = 64 * 1024
MAX_READ_BYTES = 512 * 1024


def register(tools: Toolset) -> None:
    """Add the NATS tools; the one that writes only where a link allows it."""
    tools.introduce("NATS", prefix="nats", first="nats_list_streams")
    _register_streams(tools)
    _register_messages(tools)
    if tools.write_access:
        _register_writes(tools)


def _register_streams(tools: Toolset) -> None:
    @tools.read
    async def nats_list_streams(link: Link) -> Answer[list[StreamLine]]:
        """List streams in NATS JetStream: each linked stream.

        Messages, bytes, consumers.
        """
        names = link.enums.get("streams", ())
        async with connect(link) as nats:
            rows = [stream_line(name, await _info_or_none(nats, name)) for name in names]
        return Answer(rows)

    @tools.read
    async def nats_describe_stream(link: Link, stream: Stream) -> Answer[StreamDetail]:
        """Describe a NATS JetStream stream: limits, retention, size, number of messages.

        Age, size, replicas, settings, storage.
        """
        async with connect(link) as nats:
            return Answer(stream_view(stream, await nats.ask(f"STREAM.INFO.{stream}")))

    @tools.read
    async def nats_subjects(
        link: Link,
        stream: Stream,
        filter_: Filter = None,
        limit: Annotated[int, Field(ge=1, le=500, description="subjects at most")] = 100,
        cursor: Position = None,
    ) -> Answer[list[SubjectRow]]:
        """Subjects in a NATS JetStream stream, number of messages of each subject.

        100 by default.
        """
        async with connect(link) as nats:
            info = await nats.ask(f"STREAM.INFO.{stream}", {"subjects_filter": filter_ or ">"})
        found = facts_of(at(info, "state", "subjects"))
        rows = [
            {"subject": name, "messages": count(found[name])}
            for name in sorted(found)
            if name > (cursor or "")
        ]
        return _page(rows, limit, "subject")

    @tools.read
    async def nats_list_consumers(
        link: Link,
        stream: Stream,
        limit: Annotated[int, Field(ge=1, le=200, description="consumers at most")] = 50,
        cursor: Position = None,
    ) -> Answer[list[ConsumerRow]]:
        """List consumers of a NATS JetStream stream: pending, behind, lagging, stuck.

        Each consumer: redelivered, unacknowledged; 50 by default.
        """
        first = int(cursor or 0)
        async with connect(link) as nats:
            answer = await nats.ask(f"CONSUMER.LIST.{stream}", {"offset": first})
        rows = [consumer_view(one) for one in objects(at(answer, "consumers"))][:limit]
        more = first + len(rows) < (count(at(answer, "total")) or 0) and bool(rows)
        return Answer(
            rows,
            truncated_by="rows" if more else None,
            next_position=first + len(rows) if more else None,
            position_at=lambda kept: first + kept,
        )


def _register_messages(tools: Toolset) -> None:
    @tools.read(title="read messages")
    async def nats_read(
        link: Link,
        stream: Stream,
        filter_: Filter = None,
        start_seq: Sequence = 1,
        limit: Annotated[int, Field(ge=1, le=50, description="messages at most")] = 10,
        max_bytes: Bytes = 4096,
        cursor: Position = None,
    ) -> Answer[list[Stored]]:
        """Read messages in a NATS JetStream stream: old, first, beginning, stored history.

        By sequence number; subject, time, value; 10 by default.
        """
        async with connect(link) as nats:
            rows, ended_by = await _messages(
                nats, stream, (filter_ or ">", int(cursor or start_seq)), limit, max_bytes
            )
        return Answer(
            rows,
            truncated_by=ended_by,
            next_position=rows[-1]["seq"] + 1 if ended_by else None,
            position_at=lambda kept: rows[kept - 1]["seq"] + 1,
        )

    @tools.read(title="last message")
    async def nats_last(
        link: Link, stream: Stream, filter_: Filter = None, max_bytes: Bytes = 4096
    ) -> Answer[Stored]:
        """Last (newest, most recent) message in a NATS JetStream stream or on a subject.

        Time, value.
        """
        async with connect(link) as nats:
            answer = await nats.ask(f"STREAM.MSG.GET.{stream}", {"last_by_subj": filter_ or ">"})
        return Answer(stored_view(facts_of(at(answer, "message")), max_bytes))

    @tools.read(title="listen to a subject")
    async def nats_listen(
        link: Link,
        subject: Subject,
        seconds: Annotated[int, Field(ge=1, le=8, description="how long to listen")] = 3,
        limit: Annotated[int, Field(ge=1, le=50, description="messages at most")] = 10,
        max_bytes: Bytes = 4096,
    ) -> Answer[list[Heard]]:
        """Listen to a NATS subject, live: subscribe, watch incoming messages.

        3 seconds, 10 messages by default; no history.
        """
        async with connect(link) as nats:
            found = await nats.listen([subject, f"{subject}.>"], seconds, limit)
        rows = [
            {
                "subject": message.subject,
                "wants_an_answer": bool(message.reply),
                **payload_view(message.data, max_bytes),
                "headers": sorted(message.headers or {})[:50],
            }
            for message in found
        ]
        return Answer(rows, truncated_by="rows" if len(rows) == limit else "time")


def _register_writes(tools: Toolset) -> None:
    @tools.write(destructive=False, idempotent=False)
    async def nats_publish(
        link: Link,
        value: Annotated[str, Field(max_length=MAX_VALUE_BYTES, description="text to publish")],
        stream: ToStream = None,
        subject: ToSubject = None,
        below: Below = None,
        dry_run: DryRunOnRequest = False,
    ) -> Answer[Published]:
        """Publish (send) a message on a NATS subject or JetStream stream.

        Returns subject, sequence number.
        """
        raw = value.encode()
        if len(raw) > MAX_VALUE_BYTES:
            raise Refusal("E_LIMIT", f"the value is larger than {MAX_VALUE_BYTES} bytes")
        async with connect(link) as nats:
            first = await _first_word(nats, stream, subject)
            place = f"{first}.{below}" if below else first
            data = {"subject": place, "bytes": len(raw), "dry_run": dry_run}
            if dry_run:
                return Answer(data)
            if stream is None:
                await nats.tell(place, raw)
                return Answer(data)
            answer = await nats.put(place, raw)
        return Answer(
            {**data, "stream": word(at(answer, "stream")), "seq": count(at(answer, "seq"))}
        )


async def _first_word(nats: Nats, stream: str | None, subject: str | None) -> str:
    """Return the subject that is published to; a stream tells its own."""
    if (stream is None) == (subject is None):
        raise Refusal("E_ARG", "name a stream or a subject, and not both")
    if subject is not None:
        return subject
    subjects = texts(at(await nats.ask(f"STREAM.INFO.{stream}"), "config", "subjects"))
    plain = [name for name in subjects if not set(name) & set("*>")]
    if not plain:
        raise Refusal("E_NOT_FOUND", f"{stream} has no subject that could be published to")
    return plain[0]


async def _info_or_none(nats: Nats, stream: str) -> Any:
    try:
        return await nats.ask(f"STREAM.INFO.{stream}")
    except Refusal as refusal:
        if refusal.code == "E_NOT_FOUND":
            return None
        raise


async def _messages(
    nats: Nats, stream: str, place: tuple[str, int], limit: int, max_bytes: int
) -> tuple[list[dict[str, Any]], Any]:
    """Return messages from a place on, one request for each, and why there are no more."""
    subject, sequence = place
    rows: list[dict[str, Any]] = []
    size = 0
    while len(rows) < limit:
        if size > MAX_READ_BYTES:
            return rows, "bytes"
        try:
            asked = {"seq": sequence, "next_by_subj": subject}
            answer = await nats.ask(f"STREAM.MSG.GET.{stream}", asked)
        except Refusal as refusal:
            if refusal.code != "E_NOT_FOUND":
                raise
            return rows, None
        row = stored_view(facts_of(at(answer, "message")), max_bytes)
        if row["seq"] is None or row["seq"] < sequence:
            raise Refusal("E_UNAVAILABLE", "the stream answered in a form that is not known")
        rows.append(row)
        size += min(row["value_bytes"], max_bytes)
        sequence = row["seq"] + 1
    return rows, "rows"


def _page(rows: list[dict[str, Any]], limit: int, key: str) -> Answer:
    """Return a page whose next one begins behind the last name."""
    shown = rows[:limit]
    more = len(rows) > limit
    return Answer(
        shown,
        truncated_by="rows" if more else None,
        next_position=shown[-1][key] if more else None,
        position_at=lambda kept: shown[kept - 1][key],
    )
