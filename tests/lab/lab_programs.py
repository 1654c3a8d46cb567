"""A program on trial: started with its log in a file, and ended whatever happens.

In: a command, the log. Out: the process while it runs, a port that nobody has. Must not know what
it serves.
"""

import os
import socket
import subprocess
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

END_WITHIN_S = 20


@contextmanager
def running(
    command: Sequence[str | Path], log: Path, more: Mapping[str, str] | None = None
) -> Generator[subprocess.Popen[bytes]]:
    """Run a program with more variables; it is asked to end, and made to where it does not."""
    environment = {**os.environ, **(more or {})}
    with log.open("wb") as file:
        process = subprocess.Popen(command, stdout=file, stderr=file, env=environment)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(END_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def free_port() -> int:
    """Return a port of loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
