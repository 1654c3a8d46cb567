"""The Python environment of `stacktic dev`: made once, and never taken for whole before it is.

In: the built program, a stand-in for Python whose `pip` does what a test wants.
Out: what is said, and what lies in the cache.
Must not know: any package; the stand-in runs the server with the packages of this very test.
"""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from dev_process import children, command, is_running, refused, running, wait_until

STACK = """\
apiVersion: stacktic.io/v1
kind: Stack
name: shop
domain: shop.example.com
components:
  fastmcp: {type: fastmcp}
  stack-agent: {type: stack_agent}
links:
  - {from: fastmcp, to: stack-agent}
"""
MADE = "making the Python environment"
STAND_IN = """\
#!/bin/sh
case "$1 $2 $3" in
  "-I -c "*ensurepip*) echo "$0"; exit 0 ;;
  "-I -c "*find_spec*) test -e "$0.packages"; exit ;;
  "-m venv "*) mkdir -p "$3/bin" && cp "$0" "$3/bin/python"; exit ;;
  "-m pip install") . "{pip}" ;;
esac
exec "{python}" "$@"
"""
FAILS = 'echo "no such package" >&2; exit 1\n'
HANGS = 'touch "$0.packages"; exec sleep 600\n'
WORKS = 'touch "$0.packages"; exit 0\n'


@pytest.fixture
def stack(tmp_path: Path) -> Path:
    """Return a stack file with a server and its agent."""
    path = tmp_path / "stack.yaml"
    path.write_text(STACK, encoding="utf-8")
    return path


def stand_in(folder: Path, pip: str) -> str:
    """Write the stand-in with this `pip`, and return its path."""
    (folder / "pip").write_text(pip, encoding="utf-8")
    path = folder / "python"
    if not path.exists():
        text = STAND_IN.format(pip=folder / "pip", python=sys.executable)
        path.write_text(text, encoding="utf-8")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def whole(folder: Path) -> list[Path]:
    """Return the environments that a later run would take."""
    return list((folder / "cache" / "python").glob("[0-9a-f]*[0-9a-f]/bin/python"))


def test_a_failed_install_is_told_and_tried_again(tmp_path: Path, stack: Path) -> None:
    python = stand_in(tmp_path, FAILS)
    run = refused(tmp_path, stack, "--python", python, environment=None)
    assert (run.returncode, run.stdout) == (1, "")
    assert "error: the locked packages could not be installed\n  no such package\n" in run.stderr
    assert whole(tmp_path) == []
    stand_in(tmp_path, WORKS)
    more = ("--python", python, "-o", "json")
    with running(tmp_path, stack, *more, environment=None) as first:
        assert [line for line in first.log() if line.startswith(MADE)]
        assert len(whole(tmp_path)) == 1
    stand_in(tmp_path, FAILS)
    with running(tmp_path, stack, *more, environment=None) as second:
        assert not [line for line in second.log() if line.startswith(MADE)]


def test_an_interrupted_install_ends_with_its_run_and_is_not_taken(
    tmp_path: Path, stack: Path
) -> None:
    python = stand_in(tmp_path, HANGS)
    words = [*command(tmp_path, stack, None), "--port", "0", "--python", python]
    environ = {"PATH": os.environ["PATH"]}
    process = subprocess.Popen(words, stderr=subprocess.DEVNULL, env=environ)
    try:
        assert wait_until(lambda: any("sleep" in what for what in children(process.pid).values()))
        started = children(process.pid)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert wait_until(lambda: not any(map(is_running, started)))
    assert whole(tmp_path) == []
    stand_in(tmp_path, WORKS)
    with running(tmp_path, stack, "--python", python, "-o", "json", environment=None) as run:
        assert [line for line in run.log() if line.startswith(MADE)]
