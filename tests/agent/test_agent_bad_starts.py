"""An agent that cannot serve says why in one line and ends.

In: metadata and folders of secrets with something wrong.
Out: exit code 1 and one line on stderr, without anything of a key.
Must not know: how metadata is read.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from agent_process import KEY_NAME, Ended, Setup, digest, refused_start, running_agent
from world import Metadata, World, component

pytest_plugins = ["agent_fixtures"]

TOO_LARGE = 64 * 1024 * 1024 + 1


@pytest.fixture
def setup(acting_world: World, tmp_path: Path) -> Setup:
    """Return what an agent starts with, for a test to spoil."""
    return replace(acting_world, folder=tmp_path / "world").setup()


def refusal(setup: Setup, listen: str = "127.0.0.1:0") -> str:
    """Start an agent and return its one line."""
    ended = refused_start(setup, listen)
    ensure_one_line(setup, ended)
    return ended.stderr


def ensure_one_line(setup: Setup, ended: Ended) -> None:
    """A refused start has one line on stderr, and no part of a key in it."""
    assert (ended.code, ended.stdout) == (1, "")
    assert ended.stderr.startswith("error: "), ended.stderr
    assert ended.stderr.count("\n") == 1, ended.stderr
    assert ended.stderr.isprintable() or ended.stderr[:-1].isprintable()
    keys = setup.secrets / "AGENT_API_KEYS"
    text = keys.read_text(encoding="utf-8", errors="replace") if keys.is_file() else ""
    for word in (setup.key, digest(setup.key), *text.replace(":", ",").split(",")):
        bare = word.strip()
        assert len(bare) < 6 or bare not in ended.stderr, "part of a key"


def rewrite(setup: Setup, change: Callable[[Metadata], None]) -> Setup:
    """Change the metadata on disk."""
    metadata = json.loads(setup.metadata.read_bytes())
    change(metadata)
    setup.metadata.write_text(json.dumps(metadata), encoding="utf-8")
    return setup


@pytest.mark.parametrize("kept", [0.0, 0.0001, 0.01, 0.5, 0.99, 0.9999])
def test_metadata_that_is_cut(setup: Setup, kept: float) -> None:
    size = setup.metadata.stat().st_size
    os.truncate(setup.metadata, min(int(size * kept), size - 1))
    assert "stack-metadata.json` is cut off" in refusal(setup)


def test_metadata_that_is_huge(setup: Setup) -> None:
    os.truncate(setup.metadata, TOO_LARGE)
    assert "is larger than 64 MiB" in refusal(setup)
    os.truncate(setup.metadata, 1 << 40)
    assert "is larger than 64 MiB" in refusal(setup)


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("{}", "it has no `version`"),
        ("[]", "is not the metadata of a stack"),
        ("null", "is not the metadata of a stack"),
        ('{"version": 2}', "has version 2"),
        ('{"version": 1}', "is not the metadata of a stack"),
        ('{"version": 1, "version": 1}', "is not"),
        ("apiVersion: v1", "is not JSON"),
        ("\x00\x01\x02", "is not JSON"),
        ("[" * 100_000, "is not"),
    ],
)
def test_metadata_of_something_else(setup: Setup, text: str, fact: str) -> None:
    setup.metadata.write_text(text, encoding="utf-8")
    assert fact in refusal(setup)


def test_metadata_with_bytes_that_are_no_text(setup: Setup) -> None:
    setup.metadata.write_bytes(b'{"version": 1, "stack": "\xff\xfe\x1b[31m\n"}')
    refusal(setup)


def _twice(metadata: Metadata) -> None:
    metadata["components"].append(metadata["components"][0])


def _no_link_end(metadata: Metadata) -> None:
    metadata["links"][0]["to"] = "nothing"


def _address(metadata: Metadata) -> None:
    component(metadata, "cnpg")["host"] = "127.0.0.1"


def _flag(metadata: Metadata) -> None:
    component(metadata, "cnpg")["host"] = "-oProxyCommand=x.example"


def _control(metadata: Metadata) -> None:
    component(metadata, "cnpg")["group"] = "data\nerror: another line"


@pytest.mark.parametrize("change", [_twice, _no_link_end, _address, _flag, _control])
def test_metadata_that_was_tampered_with(setup: Setup, change: Callable[[Metadata], None]) -> None:
    assert "is not the metadata of a stack" in refusal(rewrite(setup, change))


def test_metadata_that_is_not_there(setup: Setup) -> None:
    setup.metadata.unlink()
    assert "could not read" in refusal(setup)
    assert "holds no `stack-metadata.json`" in refusal(replace(setup, metadata=setup.secrets))


def parts(setup: Setup, count: int = 3) -> list[Path]:
    """Split the metadata, as it is when it is too large for one ConfigMap."""
    content = setup.metadata.read_bytes()
    length = len(content) // count + 1
    found: list[Path] = []
    for number in range(count):
        # The first part keeps the name of the whole.
        part = setup.metadata.with_name("stack-metadata.json" + (f".{number:03}" if number else ""))
        part.write_bytes(content[number * length : (number + 1) * length])
        found.append(part)
    return found


def test_parts_are_read_in_order(setup: Setup) -> None:
    parts(setup, 11)
    with running_agent(replace(setup, metadata=setup.metadata.parent)) as agent:
        assert agent.ask("kafka")["results"][0]["name"] == "kafka"


@pytest.mark.parametrize(
    ("missing", "fact"),
    [(0, "stack-metadata.json` before it"), (1, ".002` is there"), (2, "is cut off")],
)
def test_a_part_that_is_missing(setup: Setup, missing: int, fact: str) -> None:
    parts(setup)[missing].unlink()
    assert fact in refusal(replace(setup, metadata=setup.metadata.parent))


@pytest.mark.parametrize(
    ("keys", "fact"),
    [
        ("", "no `AGENT_API_KEYS`, or an empty one"),
        ("\n", "no `AGENT_API_KEYS`, or an empty one"),
        (",", "names no key"),
        ("the-key-itself", "entry 1"),
        (f"{KEY_NAME}:{digest('x')},the-key-itself", "entry 2"),
        (f"{KEY_NAME}:{digest('x')[:-1]}", "entry 1"),
        (f"{KEY_NAME}:{digest('x')}0", "entry 1"),
        (f"{digest('x')}", "entry 1"),
        (f"Client:{digest('x')}", "entry 1"),
        (f":{digest('x')}", "entry 1"),
        (f"{KEY_NAME}:{digest('')}", "entry 1"),
        (f"{KEY_NAME}:{digest(' ')}", "entry 1"),
        (f"{KEY_NAME}:{digest('x').upper()}", "entry 1"),
        (f"{KEY_NAME}:{digest('x')},{KEY_NAME}:{digest('y')}", "entry 2"),
        (f"{KEY_NAME}:{digest('x')}\n{KEY_NAME}:{digest('y')}", "entry 1"),
    ],
)
def test_keys_that_are_malformed(setup: Setup, keys: str, fact: str) -> None:
    (setup.secrets / "AGENT_API_KEYS").write_text(keys, encoding="utf-8")
    assert fact in refusal(setup)


@pytest.mark.parametrize("value", ["Zq7", "true", "1234", "aaaaaaaaaaaa", "postgresql", "P@ssw0rd"])
def test_a_secret_that_cannot_be_hidden(setup: Setup, value: str) -> None:
    name = "cnpg.app_db.password"
    (setup.secrets / name).write_text(value + "\n", encoding="utf-8")
    told = refusal(setup)
    assert f"the value of `{name}` " in told
    assert value not in told


def test_keys_that_are_not_there(setup: Setup, tmp_path: Path) -> None:
    (setup.secrets / "AGENT_API_KEYS").unlink()
    assert "no `AGENT_API_KEYS`" in refusal(setup)
    assert "AGENT_API_KEYS" in refusal(replace(setup, secrets=tmp_path / "nowhere"))
    (setup.secrets / "AGENT_API_KEYS").write_bytes(b"\xff\xfe")
    assert "cannot be read" in refusal(setup)


def test_a_port_that_is_taken(setup: Setup) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        assert f"could not listen on {address}" in refusal(setup, address)
