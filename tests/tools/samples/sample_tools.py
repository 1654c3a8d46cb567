"""A tool file for tests of the core: one tool of each class, and each way to go wrong."""

from __future__ import annotations

import asyncio
from typing import Annotated, Literal, TypedDict

from pydantic import Field

from stacktic_mcp.core.toolkit import Answer, Choice, DryRun, Link, Position, Refusal, Toolset

ITEMS = 60
# What the tools did, so that a test sees what must not have happened.
DONE: list[str] = []

Database = Annotated[str, Choice("databases"), Field(description="a linked database")]

Seconds = Annotated[float, Field(ge=0, le=20, description="how long")]
Kind = Annotated[Literal["driver", "refusal"], Field(description="the way to fail")]


class Peeked(TypedDict):
    """An item that was looked at."""

    database: str


class Deleted(TypedDict):
    """What became of the items."""

    deleted: bool


def register(tools: Toolset) -> None:
    """Register the tools."""
    tools.introduce("Sample", prefix="sample", first="sample_list")
    _register_reads(tools)

    @tools.side_effect()
    async def sample_peek(link: Link, database: Database) -> Answer[Peeked]:
        """Look at an item, which leaves a trace."""
        DONE.append(f"peek {link.component}/{database}")
        return Answer({"database": database})

    if tools.write_access:

        @tools.write(destructive=True, idempotent=True)
        async def sample_delete(
            link: Link, database: Database, dry_run: DryRun = True
        ) -> Answer[Deleted]:
            """Delete everything."""
            if not dry_run:
                DONE.append(f"delete {link.component}/{database}")
            return Answer({"deleted": not dry_run})


def _register_reads(tools: Toolset) -> None:
    @tools.read
    async def sample_list(
        link: Link,
        database: Database,
        size: Annotated[int, Field(ge=0, le=4000, description="bytes of each text")] = 1,
        view: Annotated[Literal["plain", "parts"], Field(description="the form")] = "plain",
        schema: Annotated[str, Field(max_length=63, description="of no effect")] | None = None,
        cursor: Position = None,
    ) -> Answer:
        """List the items of a database."""
        del schema
        start = cursor["start"] if cursor else 0
        rows = [
            {"n": number, "database": database, "text": "x" * size}
            for number in range(start, ITEMS)
        ]
        return Answer(
            {"rows": rows} if view == "parts" else rows,
            position_at=lambda kept: {"start": start + kept},
        )

    @tools.read(timeout_s=0.2)
    async def sample_wait(link: Link, seconds: Seconds) -> Answer:
        """Wait, and note how it ended."""
        try:
            await asyncio.sleep(seconds)
        except asyncio.CancelledError:
            DONE.append("wait was ended")
            raise
        return Answer({"waited": True})

    @tools.read
    async def sample_fail(link: Link, kind: Kind) -> Answer:
        """Fail in one of two ways."""
        secret = link.secret("PASSWORD")
        if kind == "refusal":
            raise Refusal("E_CONFLICT", f"the state with {secret} is another", ["a", "b"])
        message = f"driver says: login with {secret} refused at 10.0.0.7"
        raise RuntimeError(message)

    @tools.read
    async def sample_echo(link: Link) -> Answer:
        """Return a result in which a backend repeats a secret."""
        return Answer({"text": f"the password is {link.secret('PASSWORD')}"})
