"""The image of the Stack Agent: programs with their libraries, and nothing to start another with.

In: catalog/stack_agent/build, programs of this machine. Out: the folder that collect.sh makes.
Must not know Debian: which packages bring the programs stands in the Dockerfile.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from output_checker.places import ROOT

BUILD = ROOT / "catalog" / "stack_agent" / "build"
SCRIPT = BUILD / "collect.sh"
DOCKERFILE = (BUILD / "Dockerfile").read_text(encoding="utf-8")
PROGRAMS = ROOT / "src" / "agent" / "check" / "programs.rs"
SHELLS = frozenset(("ash", "bash", "busybox", "dash", "ksh", "perl", "python3", "sh", "zsh"))


def run(*command: object) -> subprocess.CompletedProcess[str]:
    words = [str(word) for word in command]
    return subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)


def collect(root: Path, *programs: Path | str) -> subprocess.CompletedProcess[str]:
    return run("sh", SCRIPT, root, *programs)


def program(name: str) -> Path:
    """A program of any machine, by the path that links lead to."""
    found = shutil.which(name)
    assert found, f"{name} is absent"
    return Path(found)


def files(root: Path) -> set[str]:
    return {f"/{path.relative_to(root)}" for path in root.rglob("*") if path.is_file()}


def loaded(path: Path) -> set[str]:
    """Absolute paths of the libraries of a program, the loader's own among them."""
    words = run("ldd", path).stdout.split()
    return {word for word in words if word.startswith("/")}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """What is collected of three programs that load different libraries."""
    root = tmp_path / "root"
    done = collect(root, program("env"), program("ls"), Path(sys.executable).resolve())
    assert (done.returncode, done.stderr) == (0, "")
    return root


def test_programs_and_their_libraries_are_there_and_nothing_else(root: Path) -> None:
    programs = [program("env"), program("ls"), Path(sys.executable).resolve()]
    libraries = {library for one in programs for library in loaded(one)}
    assert len(libraries) > 3
    assert files(root) == libraries | {f"/usr/local/bin/{one.name}" for one in programs}
    assert not [path for path in root.rglob("*") if path.is_symlink()]


def test_there_is_no_shell(root: Path) -> None:
    names = {path.rpartition("/")[2] for path in files(root)}
    assert not names & (SHELLS - {Path(sys.executable).resolve().name})


def test_a_collected_program_finds_its_libraries_inside(root: Path) -> None:
    loader = next(path for path in files(root) if re.search(r"/ld-[^/]*\.so", path))
    folders = sorted({f"{root}{Path(one).parent}" for one in loaded(program("ls"))})
    path = ":".join(folders)
    collected = root / "usr/local/bin/ls"
    done = run(f"{root}{loader}", "--inhibit-cache", "--library-path", path, "--list", collected)
    assert done.returncode == 0, done.stderr
    found = [word for word in done.stdout.split() if word.startswith("/") and word != loader]
    assert found
    assert all(word.startswith(f"{root}/") for word in found), found


def test_a_collected_program_starts_where_nothing_else_is(root: Path) -> None:
    """As root by chroot; for everyone else in a user namespace of their own, or by the loader."""
    inside = ["/usr/local/bin/env", "-i", "ALONE=1", "/usr/local/bin/env"]
    jail = ["chroot", root] if os.geteuid() == 0 else ["unshare", "-r", "chroot", root]
    if os.geteuid() != 0 and run("unshare", "-r", "true").returncode != 0:
        loader = next(path for path in files(root) if re.search(r"/ld-[^/]*\.so", path))
        jail, inside = [f"{root}{loader}"], [f"{root}{inside[0]}", "-i", "ALONE=1", *inside[3:]]
        inside[-1] = f"{root}{inside[-1]}"
    done = run(*jail, *inside)
    assert (done.returncode, done.stdout) == (0, "ALONE=1\n"), done.stderr


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "is no program"), ("#!/bin/sh\nexit 0\n", "is a script")],
    ids=["absent", "script"],
)
def test_what_is_no_program_is_refused(tmp_path: Path, content: str | None, said: str) -> None:
    path = tmp_path / "psql"
    if content:
        path.write_text(content, encoding="utf-8")
        path.chmod(0o755)
    done = collect(tmp_path / "root", path)
    assert done.returncode != 0
    assert said in done.stderr


def test_a_missing_library_is_refused(tmp_path: Path) -> None:
    """A copy of a program that asks for a library of a name that no machine has."""
    path = tmp_path / "ls"
    content = program("ls").read_bytes()
    assert content.count(b"\0libc.so.6\0") == 1
    path.write_bytes(content.replace(b"\0libc.so.6\0", b"\0libq.so.6\0"))
    path.chmod(0o755)
    done = collect(tmp_path / "root", path)
    assert done.returncode != 0
    assert "lacks a library" in done.stderr
    assert not (tmp_path / "root").exists()


def collected() -> list[str]:
    """Names of the programs that the Dockerfile collects."""
    line = next(
        line for line in DOCKERFILE.replace("\\\n", "").splitlines() if 'collect.sh", "/' in line
    )
    return [word.rpartition("/")[2] for word in re.findall(r'"(/[^"]+)"', line)[2:]]


def test_the_image_holds_every_client_of_the_check_language() -> None:
    table = PROGRAMS.read_text(encoding="utf-8")
    known = set(re.findall(r'^ {8}program: "([a-z_-]+)"', table, flags=re.MULTILINE))
    assert {"psql", "kubectl", "valkey-cli", "grep"} <= known
    # grep is built in, and the one client of Valkey speaks to Redis as well.
    assert set(collected()) == known - {"grep", "redis-cli"} | {"stacktic"}


def test_the_last_stage_is_empty_but_for_what_was_collected() -> None:
    last = DOCKERFILE.rpartition("\nFROM ")[2].splitlines()
    assert last[0] == "scratch"
    assert [line for line in last if line.startswith(("COPY", "ADD", "RUN"))] == [
        "COPY --from=root /root-of-image /"
    ]
    assert "USER 10001:10001" in last


def test_base_images_have_exact_tags() -> None:
    bases = [
        base for base in re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE) if base != "scratch"
    ]
    assert len(bases) == 1
    assert all(re.fullmatch(r"[a-z]+:\S*\d\S*", base) for base in bases), bases
