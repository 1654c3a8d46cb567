"""Who is known: keys that expire, come and go, clients and what they may reach."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import pytest

from stacktic_mcp.core.auth import parse_moment
from stacktic_mcp.core.bodies import Stop
from stacktic_mcp.core.callers import Caller, Callers
from stacktic_mcp.core.reach import ALL, NOTHING, Client, Reach, parse_client, reach_of_scopes
from stacktic_mcp.core.settings import Settings, SettingsError
from stacktic_mcp.core.topology import Topology

pytestmark = pytest.mark.anyio

KEY, OTHER = "a-key-of-the-test", "another-key-of-the-test"
READS = Reach({"cnpg": False})
EMPTY = Topology("stack-3", "", "fastmcp", (), ())


def entry(name: str, key: str = KEY, more: str = "") -> str:
    return f"{name}:{hashlib.sha256(key.encode()).hexdigest()}{more}"


def bearer(key: str = KEY) -> list[bytes]:
    return [f"Bearer {key}".encode()]


class World:
    """A file of keys and a clock that a test moves."""

    def __init__(self, text: str, *clients: Client) -> None:
        self.text = text
        self.now = 1_900_000_000.0
        self.stops: list[tuple[int, str, str]] = []
        known = {client.name: client for client in clients}
        self.callers = Callers(lambda: self.text, known, clock=lambda: self.now)

    async def caller(self, key: str = KEY) -> Caller | None:
        try:
            return await self.callers.caller(bearer(key))
        except Stop as stop:
            self.stops.append((stop.status, stop.code, stop.challenge))
            return None


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01", 86400),
        ("2030-03-17T17:46:40Z", 1_900_000_000),
        ("9999-12-31", 253402300800),
    ],
)
def test_a_day_lasts_to_its_end(text: str, moment: float) -> None:
    assert parse_moment(text) == moment


async def test_a_key_is_unknown_from_the_second_in_which_it_expires() -> None:
    world = World(entry("ci", more=";expires=2030-03-17T17:46:40Z"))
    world.now -= 0.001
    caller = await world.caller()
    assert caller is not None
    assert world.callers.knows(caller)
    world.now += 0.001
    assert await world.caller() is None
    assert not world.callers.knows(caller)


async def test_a_key_that_was_taken_out_is_unknown_at_once() -> None:
    world = World(f"{entry('ci')},{entry('old', OTHER)}")
    caller = await world.caller(OTHER)
    assert caller is not None
    world.text = entry("ci")
    assert await world.caller(OTHER) is None
    assert world.stops == [(401, "E_AUTH", "Bearer")]
    assert not world.callers.knows(caller)
    assert await world.caller() is not None


async def test_another_key_of_the_same_name_is_somebody_else() -> None:
    world = World(entry("ci"))
    caller = await world.caller()
    world.text = entry("ci", OTHER)
    assert caller is not None
    assert not world.callers.knows(caller)
    assert await world.caller(OTHER) is not None


@pytest.mark.parametrize("mistake", ["", ",broken", ",ci:00", ",x;expires=soon"])
async def test_a_file_with_a_mistake_keeps_whom_it_still_names(mistake: str) -> None:
    world = World(f"{entry('ci')},{entry('old', OTHER)}")
    assert await world.caller() is not None
    new = "a-third-key-of-the-test"
    world.text = f"{entry('new', new)},{entry('ci')}{mistake}"
    assert await world.caller() is not None
    assert await world.caller(OTHER) is None
    assert (await world.caller(new) is None) == bool(mistake)
    assert world.callers.illness() == ("broken" if mistake else "")
    world.text = f"{entry('new', new)},{entry('ci')}"
    assert await world.caller(new) is not None
    assert world.callers.illness() == ""


async def test_a_file_with_a_mistake_takes_an_expiry_of_a_known_key() -> None:
    world = World(entry("ci"))
    assert await world.caller() is not None
    world.text = f"{entry('ci', more=';expires=2001-01-01')},broken"
    assert await world.caller() is None


async def test_a_file_that_is_gone_or_empty_lets_nobody_in() -> None:
    world = World(entry("ci"))
    assert await world.caller() is not None
    world.text = ""
    assert await world.caller() is None


def test_a_mistake_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "MCP_API_KEYS").write_text("broken", encoding="utf-8")
    with pytest.raises(SettingsError, match="entry 1 of `MCP_API_KEYS`"):
        Callers.of(Settings({}, secret_directory=tmp_path), EMPTY)


async def test_a_file_is_read_again_however_it_is_replaced(tmp_path: Path) -> None:
    """Kubernetes swaps a link to a folder; a person writes in place, in the same tick maybe."""
    for name, key in (("..1", KEY), ("..2", OTHER)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "MCP_API_KEYS").write_text(entry("ci", key), encoding="utf-8")
    (tmp_path / "..data").symlink_to("..1")
    (tmp_path / "MCP_API_KEYS").symlink_to("..data/MCP_API_KEYS")
    callers = Callers.of(Settings({}, secret_directory=tmp_path), EMPTY)
    assert (await callers.caller(bearer())).name == "ci"
    (tmp_path / "..new").symlink_to("..2")
    (tmp_path / "..new").rename(tmp_path / "..data")
    assert (await callers.caller(bearer(OTHER))).name == "ci"
    with pytest.raises(Stop):
        await callers.caller(bearer())
    file = tmp_path / "..2" / "MCP_API_KEYS"
    for key in [KEY, OTHER] * 10:
        # Of the same size, in the same file, with a clock that does not move.
        file.write_text(entry("ci", key), encoding="utf-8")
        os.utime(file, ns=(1, 1))
        assert (await callers.caller(bearer(key))).name == "ci"


async def test_without_a_file_of_keys_nobody_is_let_in(tmp_path: Path) -> None:
    callers = Callers.of(Settings({}, secret_directory=tmp_path), EMPTY)
    for header in (b"Bearer ", b"Bearer x", bearer()[0]):
        with pytest.raises(Stop):
            await callers.caller([header])


async def test_a_key_is_of_the_client_of_its_name_or_of_its_profile() -> None:
    client = Client("claude", READS)
    for text in (entry("claude"), entry("claude-2031", more=";profile=claude")):
        caller = await World(text, client).caller()
        assert caller is not None
        assert caller.reach == READS
    other = await World(entry("ci"), client).caller()
    assert other is not None
    assert other.reach == ALL


async def test_a_key_of_a_client_that_is_gone_is_refused_and_never_of_everything() -> None:
    assert await World(entry("ci", more=";profile=gone"), Client("claude", ALL)).caller() is None


async def test_a_client_that_expires_ends_all_its_keys() -> None:
    client = Client("claude", ALL, expires=1_900_000_000.0)
    for text in (entry("claude"), entry("b", more=";expires=2031-01-01;profile=claude")):
        world = World(text, client)
        assert await world.caller() is None
        world.now -= 1
        caller = await world.caller()
        assert caller is not None
        assert caller.expires == 1_900_000_000.0
        world.now += 1
        assert not world.callers.knows(caller)


async def test_cursors_of_a_key_outlive_every_other_key_and_hold_in_all_replicas() -> None:
    world, replica = World(entry("ci")), World(f"{entry('new', OTHER)},{entry('ci')}")
    before = world.callers.signing_key("ci")
    assert replica.callers.signing_key("ci") == before
    world.text = replica.text
    assert world.callers.signing_key("ci") == before
    assert world.callers.signing_key("new") != before
    assert World("").callers.signing_key("ci") != World("").callers.signing_key("ci")


@pytest.mark.parametrize(
    ("links", "expires"),
    [
        ({"cnpg": "all"}, None),
        ({"cnpg": True}, None),
        ([], None),
        ("cnpg", None),
        (None, "soon"),
        (None, 5),
    ],
)
def test_a_client_of_another_form_stops_the_start(links: Any, expires: Any) -> None:
    with pytest.raises((TypeError, AttributeError)):
        parse_client({"name": "claude", "links": links, "expires": expires})


def test_a_client_without_a_list_reaches_all_and_with_an_empty_one_nothing() -> None:
    assert parse_client({"name": "a", "links": None, "expires": None}).reach == ALL
    assert parse_client({"name": "a", "links": {}, "expires": None}).reach == NOTHING


def test_scopes_name_stack_component_and_what_may_be_done() -> None:
    scopes = ["openid", "stack-3:cnpg:read", "stack-3:valkey:write", "stack-3:valkey:read"]
    assert reach_of_scopes("stack-3", scopes) == Reach({"cnpg": False, "valkey": True})
    foreign = ["stack-4:cnpg:read", "stack-3:cnpg", "stack-3::read", "stack-3:cnpg:admin", "x"]
    assert reach_of_scopes("stack-3", [*foreign, "stack-3:cnpg:read:write"]) == NOTHING


def test_a_reach_only_narrows() -> None:
    assert READS.allows("cnpg", to_write=False)
    assert not READS.allows("cnpg", to_write=True)
    assert not READS.allows("valkey", to_write=False)
    both = Reach({"cnpg": True, "valkey": True})
    assert both.within(READS) == READS.within(both) == READS
    assert ALL.within(READS) == READS.within(ALL) == READS
    assert both.within(NOTHING) == NOTHING
