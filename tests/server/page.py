"""A page for people that a program can follow: its files, and its commands with their output.

In: Markdown. A fenced block behind a line that is nothing but a path is that file; of a block
`sh`, the lines that begin with `$` are commands, and those below each are what it prints.
Out: the steps in their order, and what a command printed otherwise than the page shows.
Must not know: what any page is about.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

LEFT_OUT = "…"
COMMAND_SECONDS = 120

_BLOCK = re.compile(
    r"(?:^`(?P<path>[^`\n]+)`\n)?^```(?P<language>\w*)\n(?P<body>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class File:
    """A file that the reader writes."""

    path: str
    text: str


@dataclass(frozen=True)
class Command:
    """What the reader types, and what the page shows of its output."""

    line: str
    shown: str


def steps(page: str) -> list[File | Command]:
    """Return what a reader does, in order; a block is a file or has commands."""
    found: list[File | Command] = []
    for block in _BLOCK.finditer(page):
        if block["path"]:
            found.append(File(block["path"], block["body"]))
        else:
            assert block["language"] == "sh", (
                f"a block without the path of its file: {block[0][:60]}"
            )
            found.extend(_commands(block["body"]))
    return found


def _commands(body: str) -> Iterator[Command]:
    first, *parts = re.split(r"^\$ ", body, flags=re.MULTILINE)
    assert not first, f"output without a command: {first}"
    for part in parts:
        line, _, shown = part.partition("\n")
        yield Command(line, shown.strip("\n"))


def write(folder: Path, file: File) -> None:
    """Write a file below a folder."""
    path = folder / file.path
    assert path.resolve().is_relative_to(folder.resolve()), file.path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(file.text, encoding="utf-8")


def run(folder: Path, command: Command, environ: Mapping[str, str]) -> str:
    """Run a command as the reader does and return all that it prints; it has to succeed."""
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command.line],
        cwd=folder,
        env=dict(environ),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=COMMAND_SECONDS,
        check=False,
    )
    assert done.returncode == 0, f"{command.line}\n{done.stdout}"
    return done.stdout.strip("\n")


def is_shown(shown: str, printed: str) -> bool:
    """Tell whether the page shows what was printed; `…` alone on a line stands for any lines."""
    parts = [_pattern(line) for line in shown.split("\n")]
    return re.fullmatch("".join(parts), printed + "\n" if printed or shown else "\n") is not None


def _pattern(line: str) -> str:
    if line == LEFT_OUT:
        return r"(?:.*\n)*"
    return r"[^\n]*".join(map(re.escape, line.split(LEFT_OUT))) + r"\n"
