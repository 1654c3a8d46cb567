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

from dev_process import SMALLEST, children, command, is_running, refused, running, wait_until

MADE = "making the Python environment"
STAND_IN = """\
#!/bin/sh
case "$1 $2 $3" in
  "-I -c "*ensurepip*) echo "$0"; exit 0 ;;
  "-I -c "*find_spec*) test -e "$0.packages"; exit ;;
  "-m venv "*) mkdir -p "$3/bin" && cp "$0" "$3/bin/python"; exit ;;
  "-m pip install") . "{pip}" ;;
  "-m pip check") cat "{folder}/broken" 2>/dev/null && exit 1; exit 0 ;;
esac
exec "{python}" "$@"
"""
FAILS = 'echo "no such package" >&2; exit 1\n'
HANGS = 'touch "$0.packages"; exec sleep 600\n'
SAYS = """\
while [ "$1" != --log ]; do shift; done
cp "{log}" "$2"; cat "{errors}" >&2; exit 1
"""
PIP = Path(__file__).parent / "pip"
WORKS = 'touch "$0.packages"; exit 0\n'


@pytest.fixture
def stack(tmp_path: Path) -> Path:
    """Return a stack file with a server and its agent."""
    path = tmp_path / "stack.yaml"
    path.write_text(SMALLEST, encoding="utf-8")
    return path


def stand_in(folder: Path, pip: str) -> str:
    """Write the stand-in with this `pip`, and return its path."""
    (folder / "pip").write_text(pip, encoding="utf-8")
    path = folder / "python"
    if not path.exists():
        text = STAND_IN.format(pip=folder / "pip", folder=folder, python=sys.executable)
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


def test_packages_that_do_not_fit_together_are_not_taken(tmp_path: Path, stack: Path) -> None:
    """pip installs the lock without a resolver; what it asks afterwards is the only check."""
    python = stand_in(tmp_path, WORKS)
    (tmp_path / "broken").write_text("alpha 1.0 requires beta, which is not installed.\n")
    run = refused(tmp_path, stack, "--python", python, environment=None)
    assert (run.returncode, run.stdout) == (1, "")
    fact = "error: the locked packages do not fit together\n  alpha 1.0 requires beta, which"
    assert fact in run.stderr
    assert whole(tmp_path) == []
    (tmp_path / "broken").unlink()
    more = ("--python", python, "-o", "json")
    with running(tmp_path, stack, *more, environment=None):
        assert len(whole(tmp_path)) == 1


def said_by_pip(version: str, name: str) -> tuple[str, str]:
    """Return standard error and the log of pip, as they were when it failed for a reason."""
    text = (PIP / f"{version}.txt").read_text(encoding="utf-8")
    section = text.partition(f"### {name} ends with 1\n")[2].partition("### ")[0]
    errors, _, log = section.partition("2026-01-01T")
    return errors, log and f"2026-01-01T{log}"


@pytest.mark.parametrize("version", ["23.2.1", "26.3"])
@pytest.mark.parametrize(
    ("name", "cause", "hint"),
    [
        ("hash_mismatch", "a file is not the one that was locked", "do not use that file"),
        ("no_wheel_for_platform", "a package has no wheel for this platform", "--python"),
        ("no_dns", "the name of the package index is not known", "network of this machine"),
        ("forbidden", "the package index refuses access", "user and password"),
        ("disk_full", "the disk is full", "make room"),
        ("permission", "a file may not be written", "--cache"),
    ],
)
def test_the_cause_of_a_failed_install_is_told(
    tmp_path: Path, stack: Path, version: str, name: str, cause: str, hint: str
) -> None:
    errors, log = said_by_pip(version, name)
    (tmp_path / "errors").write_text(errors, encoding="utf-8")
    (tmp_path / "log").write_text(log, encoding="utf-8")
    pip = SAYS.format(errors=tmp_path / "errors", log=tmp_path / "log")
    run = refused(tmp_path, stack, "--python", stand_in(tmp_path, pip), environment=None)
    first, *_, last = run.stderr[run.stderr.index("error: ") :].splitlines()
    assert first.startswith(f"error: the locked packages could not be installed: {cause}")
    assert last.startswith("hint: ")
    assert hint in last
    assert whole(tmp_path) == []
    assert not list((tmp_path / "cache").rglob("pip.log"))


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
