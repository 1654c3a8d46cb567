"""A program in the place of a real one: it tells the recorder its arguments and becomes that one.

In: an argument vector; beside it `NAME.json` with the real program and where hosts are.
Out: what the real program does.
Must not know: the agent. It is copied under the name of a program, and imports no other file.
"""

from __future__ import annotations

import json
import os
import socket
import sys
from pathlib import Path


def main() -> None:
    """Tell, and become the real program."""
    place = Path(__file__)
    facts = json.loads(place.with_suffix(".json").read_text(encoding="utf-8"))
    port = int((place.parent / "recorder").read_text(encoding="utf-8"))
    arguments = sys.argv[1:]
    with socket.create_connection(("127.0.0.1", port)) as connection:
        told = {"pid": os.getpid(), "argv": arguments, "names": sorted(os.environ)}
        connection.sendall(json.dumps(told).encode() + b"\n")
    if not facts["environ"]:
        host = arguments.index("-h") + 1
        arguments = [*arguments[:host], "127.0.0.1", *arguments[host + 1 :]]
    environ = {**os.environ, **facts["environ"]}
    os.execve(facts["program"], [facts["program"], *arguments], environ)


main()
