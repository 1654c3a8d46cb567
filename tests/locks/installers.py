"""The three ways in which a lock is installed: the tests' script, the image, `stacktic dev`.

In: a virtual environment, an index. Out: the commands, as each of them runs them.
Must not know: what is in a lock.
"""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

from dev_process import SMALLEST
from generated import binary

REPOSITORY = Path(__file__).resolve().parents[2]
DOCKERFILE = REPOSITORY / "catalog" / "fastmcp" / "build" / "Dockerfile"
# Stands in for Python: it writes the words of each `pip` down, one JSON list a line.
RECORDING = """\
#!/bin/sh
case "$1 $2 $3" in
  "-I -c "*ensurepip*) echo "$0"; exit 0 ;;
  "-I -c "*find_spec*) exit 1 ;;
  "-m venv "*) mkdir -p "$3/bin" && cp "$0" "$3/bin/python"; exit ;;
  "-m pip "*) exec {python} {writer} "$@" >> {record} ;;
esac
exit 1
"""
WRITER = "import json, sys; print(json.dumps(sys.argv[1:]))"
Command = list[str]


def script(environment: Path, lock: Path) -> list[Command]:
    """Return what the tests' own set-up runs."""
    return [[str(REPOSITORY / "scripts" / "install_locked.sh"), str(environment), str(lock)]]


def image(environment: Path, lock: Path) -> list[Command]:
    """Return the commands of the Dockerfile that put packages in, with its two paths ours."""
    lines = re.findall(r"^RUN (\[.*\])$", DOCKERFILE.read_text(encoding="utf-8"), re.MULTILINE)
    commands: list[Command] = [json.loads(line) for line in lines]
    ours = {
        "/opt/stacktic/bin/pip": str(environment / "bin" / "pip"),
        "/tmp/requirements.txt": str(lock),
    }
    wanted = [words for words in commands if words[0] in ours and words[1] in {"install", "check"}]
    assert [words[1] for words in wanted] == ["install", "check"]
    return [[ours.get(word, word) for word in words] for words in wanted]


def dev(environment: Path, lock: Path, folder: Path) -> list[Command]:
    """Return the commands that `stacktic dev` gave to a stand-in for Python, with its lock ours."""
    stack, record, python = folder / "stack.yaml", folder / "record", folder / "python"
    stack.write_text(SMALLEST, encoding="utf-8")
    record.touch()
    writer = f"-c {shlex.quote(WRITER)}"
    text = RECORDING.format(python=shlex.quote(sys.executable), writer=writer, record=record)
    python.write_text(text, encoding="utf-8")
    python.chmod(0o755)
    words = [
        str(binary()),
        "dev",
        str(stack),
        "--cache",
        str(folder / "cache"),
        "--python",
        str(python),
    ]
    subprocess.run(words, capture_output=True, timeout=120, check=False)
    commands: list[Command] = [
        json.loads(line) for line in record.read_text(encoding="utf-8").splitlines()
    ]
    assert [words[2] for words in commands] == ["install", "check"]
    return [[str(environment / "bin" / "python"), *_with_lock(words, lock)] for words in commands]


def _with_lock(words: Command, lock: Path) -> Command:
    return [str(lock) if word.endswith("requirements.txt") else word for word in words]
