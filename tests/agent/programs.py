"""A folder of client programs for an agent: actors, and real ones that find their servers.

In: the port of a recorder; where a real program lies and how it reaches 127.0.0.1.
Out: a folder for PATH.
Must not know: any assertion.

Metadata has names of hosts and no addresses, and no name of a cluster resolves here. A forwarder is
the name service of these tests: it becomes the real program with the arguments that it was given,
and says where the host is. psql takes that from PGHOSTADDR; valkey-cli has no such setting, so
the host's name is replaced.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ACTED = ("psql", "kubectl", "valkey-cli", "nc", "curl", "pg_isready")


def make_folder(folder: Path, recorder_port: int) -> Path:
    """Make a folder for PATH with nothing but the recorder's port in it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "recorder").write_text(str(recorder_port), encoding="utf-8")
    return folder


def add_actors(folder: Path, *names: str) -> Path:
    """Put actors in the place of programs."""
    for name in names or ACTED:
        _install(HERE / "actor.py", folder / name)
    return folder


def add_forwarder(folder: Path, program: Path, **environ: str) -> Path:
    """Put a forwarder to a real program in its place."""
    place = folder / program.name
    _install(HERE / "forwarder.py", place)
    facts = {"program": str(program), "environ": environ}
    place.with_suffix(".json").write_text(json.dumps(facts), encoding="utf-8")
    return folder


def add_real(folder: Path, program: Path) -> Path:
    """Put a real program in its place, as it is."""
    shutil.copy2(program, folder / program.name)
    return folder


def _install(script: Path, place: Path) -> None:
    """Copy a script and make it a program: isolated, without site packages, writing no bytecode."""
    text = script.read_text(encoding="utf-8")
    place.write_text(f"#!{sys.executable} -ISB\n{text}", encoding="utf-8")
    place.chmod(0o755)
