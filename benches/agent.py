#!/usr/bin/env python3
"""Measure the Stack Agent under load: queries a second on one core, latency at half of it, memory.

In: the release binary (first argument, default target/release/stacktic). Out: a Markdown table on
standard output. `wrk` is on PATH or comes from its Debian package. The agent gets one core and wrk
another; half load is made by a pause between the requests of each connection. Nothing here is a
test: no machine has to be fast.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DEBS = ROOT / "target" / "debs"
PACKAGES = ("wrk", "libluajit-5.1-2")
KEY = "key-of-the-benchmark"
CONNECTIONS = 32
EXAMPLE = 16  # components of generated-example
SECONDS = 5
# What an AI asks most: one component, its links, the databases of a type; and a page of everything.
BODIES = (
    {"source": "d1", "target": "component"},
    {"source": "d1", "target": "links_from"},
    {"source": "d1", "target": "sub_components", "select": ["name", "consumers"]},
    {"source": "type:cnpg", "target": "component", "limit": 5},
)
PAGE = ({"source": "all", "target": "component", "limit": 100},)


@dataclass(frozen=True)
class Load:
    """What wrk says of one run."""

    rate: float
    p99: float
    errors: int


def stack_of(size: int) -> str:
    """Return a stack of `size` components in short lines: a stack file has at most 1 MB."""
    components, links = [], []
    databases = "sub_components: {app: {type: database}}"
    for number in range(size // 3):
        components += [
            f"  f{number}: {{type: fastapi, attributes: {{image: 'r.example.com/a:1'}}}}",
            f"  d{number}: {{type: cnpg, namespace: d{number}, {databases}}}",
            f"  v{number}: {{type: valkey}}",
        ]
        links += [
            f"  - {{from: f{number}, to: d{number}/app}}",
            f"  - {{from: f{number}, to: v{number}, access: write}}",
        ]
    head = "apiVersion: stacktic.io/v1\nkind: Stack\nname: bench\ndomain: bench.example.com\n"
    lines = ["components:", *components, "links:", *links]
    return head + "\n".join(lines) + "\n"


def find_wrk() -> tuple[str, dict[str, str]]:
    """Return the program and the environment that it needs."""
    installed = shutil.which("wrk")
    if installed:
        return installed, dict(os.environ)
    folder = DEBS / "wrk"
    if not folder.exists():
        DEBS.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            ["apt-get", "download", *PACKAGES], cwd=DEBS, check=True, capture_output=True
        )
        for name in PACKAGES:
            package = next(DEBS.glob(f"{name}_*.deb"))
            subprocess.run(["dpkg", "-x", package.name, "wrk"], cwd=DEBS, check=True)
    library = next(folder.glob("usr/lib/*/libluajit-5.1.so.2")).parent
    return str(folder / "usr/bin/wrk"), {**os.environ, "LD_LIBRARY_PATH": str(library)}


def script(bodies: tuple[dict[str, object], ...], pause: int) -> str:
    """Return the Lua of a run: the bodies in turn, and a pause in milliseconds before each."""
    texts = ", ".join(f"[==[{json.dumps(body)}]==]" for body in bodies)
    delay = f"function delay() return {pause} end\n" if pause else ""
    # The pause is random around its mean: connections that wait alike would ask all at once.
    delay = delay.replace(f"return {pause}", f"return math.random(0, {2 * pause})")
    return (
        f'local bodies = {{{texts}}}\nlocal turn = 0\nwrk.method = "POST"\n'
        f'wrk.headers["Authorization"] = "Bearer {KEY}"\n'
        f"{delay}function request()\n  turn = turn % #bodies + 1\n"
        "  return wrk.format(nil, nil, nil, bodies[turn])\nend\n"
    )


@contextmanager
def agent(binary: str, folder: Path, size: int) -> Generator[tuple[str, int]]:
    """Serve a stack of `size` components on one core; yield the URL and the process."""
    stack = folder / "stack.yaml"
    if size == EXAMPLE:
        shutil.copy(ROOT / "generated-example" / "stack.yaml", stack)
    else:
        stack.write_text(stack_of(size), encoding="utf-8")
    subprocess.run([binary, "gen", str(stack)], check=True, capture_output=True)
    digest = hashlib.sha256(KEY.encode()).hexdigest()
    (folder / "secrets").mkdir()
    (folder / "secrets" / "AGENT_API_KEYS").write_text(f"bench:{digest}", encoding="utf-8")
    command = [binary, "agent", "serve", "--listen", "127.0.0.1:0"]
    command += ["--metadata", str(folder / "out" / "stack-metadata.json")]
    command += ["--secrets", str(folder / "secrets")]
    log = folder / "log"
    with log.open("wb") as errors:
        process = subprocess.Popen(["taskset", "-c", "0", *command], stderr=errors)
    try:
        while b"listening" not in log.read_bytes():
            process.poll()
            if process.returncode is not None:
                raise SystemExit(log.read_text(encoding="utf-8"))
        address = json.loads(log.read_text(encoding="utf-8").splitlines()[0])["address"]
        yield f"http://{address}/metadata/q", process.pid
    finally:
        process.terminate()
        process.wait(timeout=30)


def load(url: str, folder: Path, bodies: tuple[dict[str, object], ...], pause: int = 0) -> Load:
    """Run wrk once on the other core."""
    program, environment = find_wrk()
    (folder / "load.lua").write_text(script(bodies, pause), encoding="utf-8")
    command = ["taskset", "-c", "1", program, "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s"]
    command += ["--latency", "-s", str(folder / "load.lua"), url]
    text = subprocess.run(
        command, check=True, capture_output=True, text=True, env=environment
    ).stdout
    rate = re.search(r"Requests/sec:\s+([\d.]+)", text)
    p99 = re.search(r"99%\s+([\d.]+)(us|ms|s)", text)
    errors = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    if rate is None or p99 is None:
        raise SystemExit(text)
    scale = {"us": 1e-3, "ms": 1.0, "s": 1e3}[p99[2]]
    return Load(float(rate[1]), float(p99[1]) * scale, int(errors[1]) if errors else 0)


def memory(pid: int) -> float:
    """Return the peak resident memory of a process in MiB."""
    text = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    found = re.search(r"VmHWM:\s+(\d+) kB", text)
    return int(found[1]) / 1024 if found else 0.0


def row(binary: str, size: int) -> str:
    """Measure one size."""
    with tempfile.TemporaryDirectory() as name, agent(binary, Path(name), size) as (url, pid):
        bodies = (
            BODIES
            if size != EXAMPLE
            else tuple(json.loads(json.dumps(body).replace("d1", "cnpg")) for body in BODIES)
        )
        started = memory(pid)
        full = load(url, Path(name), bodies)
        # So many connections, each with this pause, ask half as often as the agent can answer.
        pause = max(1, round(CONNECTIONS / (full.rate / 2) * 1000))
        half = load(url, Path(name), bodies, pause)
        pages = load(url, Path(name), PAGE)
        wrong = full.errors + half.errors + pages.errors
        return (
            f"| {size} | {full.rate:,.0f} | {half.p99:.2f} ms at {half.rate:,.0f}/s |"
            f" {pages.rate:,.0f} | {started:.0f}, {memory(pid):.0f} MiB | {wrong} |"
        )


def main() -> None:
    """Print one row for each size."""
    binary = str(
        Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "target/release/stacktic").resolve()
    )
    print(
        "| components | queries/s, one core | p99 at half load | pages of 100/s"
        " | memory at start, at most | errors |"
    )
    print("|---|---|---|---|---|---|")
    for size in (EXAMPLE, 1000, 10_000):
        print(row(binary, size), flush=True)


if __name__ == "__main__":
    main()
