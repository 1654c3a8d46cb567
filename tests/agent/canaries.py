"""Values that occur nowhere else, and the search for them in every form.

In: names of secrets; texts, replies, the processes of this machine.
Out: values, and where one was found, in which form.
Must not know: the agent.
"""

from __future__ import annotations

import base64
import json
import secrets
import threading
import urllib.parse
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

SAMPLE_SECONDS = 0.01
SHORTEST_PREFIX = 6
# A plain value, one in which each encoding differs, and a short one.
SHAPES = ("{0}{1}", '{0}"\\/ &<+%é~{1}', "{2}")


def canaries(names: Iterable[str]) -> dict[str, str]:
    """Return a value for each name, in turn of different shapes."""
    found: dict[str, str] = {}
    for number, name in enumerate(sorted(names)):
        words = (secrets.token_hex(8), secrets.token_hex(8), secrets.token_hex(4))
        found[name] = SHAPES[number % len(SHAPES)].format(*words)
    return found


@cache
def forms(value: str) -> dict[str, str]:
    """Return the forms of a value, of base64 the characters that are its own."""
    raw = value.encode()
    found = {
        "plain": value,
        "reversed": value[::-1],
        "hex": raw.hex(),
        "upper hex": raw.hex().upper(),
        "url": urllib.parse.quote(value, safe=""),
        "lower url": _lower_escapes(urllib.parse.quote(value, safe="")),
        "form": urllib.parse.quote_plus(value),
        "json": json.dumps(value)[1:-1],
        "wide json": json.dumps(value, ensure_ascii=False)[1:-1],
        "slashed json": json.dumps(value)[1:-1].replace("/", "\\/"),
    }
    for before in range(3):
        text = base64.b64encode(b"\0" * before + raw).decode().rstrip("=")
        first = -(-before * 8 // 6)
        last = (before + len(raw)) * 8 // 6
        found[f"base64 at {before}"] = text[first:last]
        found[f"base64url at {before}"] = text[first:last].translate({43: 45, 47: 95})
    return found


def _lower_escapes(text: str) -> str:
    parts = text.split("%")
    return "%".join([parts[0], *(part[:2].lower() + part[2:] for part in parts[1:])])


def leaks(text: str, values: Iterable[str]) -> list[str]:
    """Return the names of the forms of any value that stand in a text."""
    found = {name: form for value in values for name, form in forms(value).items() if form in text}
    return sorted(found)


def begun(text: str, values: Iterable[str]) -> list[str]:
    """Return the beginnings of forms that a cut text ends with."""
    all_forms = [form for value in values for form in forms(value).values()]
    ends = (form[:length] for form in all_forms for length in range(SHORTEST_PREFIX, len(form)))
    return [end for end in ends if text.endswith(end)]


def strings(document: Any) -> Iterator[str]:
    """Return every text of a JSON document, keys too."""
    if isinstance(document, str):
        yield document
    elif isinstance(document, dict):
        for key, value in document.items():  # pyright: ignore[reportUnknownVariableType]
            yield from strings(key)
            yield from strings(value)
    elif isinstance(document, list):
        for item in document:  # pyright: ignore[reportUnknownVariableType]
            yield from strings(item)


@dataclass
class Sampler:
    """What the argument vectors of all processes were seen to hold."""

    samples: int = 0
    seen: set[bytes] = field(default_factory=set[bytes], repr=False)
    found: list[str] = field(default_factory=list[str])


def _vectors() -> set[bytes]:
    found: set[bytes] = set()
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            found.add(path.read_bytes())
    return found


@contextmanager
def sampling(values: Iterable[str]) -> Generator[Sampler]:
    """Look at the argument vectors of all processes until the block ends."""
    sampler = Sampler()
    wanted = tuple(values)
    done = threading.Event()

    def sample() -> None:
        while not done.wait(SAMPLE_SECONDS):
            for raw in _vectors() - sampler.seen:
                sampler.seen.add(raw)
                sampler.found += leaks(raw.decode("utf-8", "replace"), wanted)
            sampler.samples += 1

    thread = threading.Thread(target=sample)
    thread.start()
    try:
        yield sampler
    finally:
        done.set()
        thread.join()
