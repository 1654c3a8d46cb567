#!/usr/bin/env python3
"""Measure the generator against copying its own output, as ratios within one run.

In: the release binary (first argument, default target/release/stacktic). Out: a Markdown table on
standard output. Each figure is the median of runs that alternate between the two things compared,
so that a noisy machine disturbs both alike. Nothing here is a test: no machine has to be fast.
"""

import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# Stacks of all types are drawn as tests draw them.
sys.path.insert(0, str(ROOT / "tests" / "output"))

from levels import everything, kinds  # noqa: E402
from levels.runs import settle  # noqa: E402

EXAMPLE = ROOT / "generated-example/stack.yaml"
# In memory where there is such a place, so that no disk is measured.
MEMORY = Path("/dev/shm")
RUNS = 15
HEAD = "apiVersion: stacktic.io/v1\nkind: Stack\nname: bench\ndomain: bench.example.com\n"
# One round of components that use each other; a stack is as many rounds as it takes.
ROUND = (
    ("api", "fastapi", "attributes: {image: 'registry.example.com/api:1.0.0'}"),
    ("db", "cnpg", "sub_components: {app: {type: database}}"),
    ("cache", "valkey", ""),
)


def stack_of(size: int) -> str:
    """Return a stack file with `size` components, each linked to its neighbours."""
    components = ["  prometheus: {type: prometheus}", "  fastmcp: {type: fastmcp}"]
    links = ["  - {from: fastmcp, to: prometheus}"]
    for number in range((size - len(components)) // len(ROUND)):
        for name, kind, rest in ROUND:
            extra = f", {rest}" if rest else ""
            components.append(
                f"  {name}-{number}: {{type: {kind}, namespace: {name}-{number}{extra}}}"
            )
        links.append(f"  - {{from: api-{number}, to: db-{number}/app}}")
        links.append(f"  - {{from: api-{number}, to: cache-{number}, access: write}}")
        links.append(f"  - {{from: prometheus, to: db-{number}}}")
    return HEAD + "components:\n" + "\n".join(components) + "\nlinks:\n" + "\n".join(links) + "\n"


def scraped(size: int) -> str:
    """Return a stack in which one Prometheus scrapes `size` services."""
    names = [f"cache-{number:05}" for number in range(size)]
    services = "".join(f"  {name}: {{type: valkey}}\n" for name in names)
    links = "".join(f"  - {{from: prometheus, to: {name}}}\n" for name in names)
    return f"{HEAD}components:\n  prometheus: {{type: prometheus}}\n{services}links:\n{links}"


def parts_of(kind: str, part: str) -> Callable[[int], str]:
    """Return stacks in which one application uses `size` parts of one component."""

    def stack(size: int) -> str:
        names = [f"part_{number:05}" for number in range(size)]
        parts = "".join(f"      {name}: {{type: {part}}}\n" for name in names)
        links = "".join(f"  - {{from: app, to: shared/{name}}}\n" for name in names)
        app = f"  app: {{type: fastapi, {ROUND[0][2]}}}\n"
        shared = f"  shared:\n    type: {kind}\n    sub_components:\n{parts}"
        return f"{HEAD}components:\n{app}{shared}links:\n{links}"

    return stack


# Stacks in which many links share a component.
SHARED: tuple[tuple[str, Callable[[int], str]], ...] = (
    ("scraped services", scraped),
    ("topics of one application", parts_of("kafka", "topic")),
    ("databases of one application", parts_of("cnpg", "database")),
)


def timed(command: list[str]) -> float:
    """Run a command that must succeed and return its wall time in seconds."""
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - start


def medians(
    first: Callable[[], float], second: Callable[[], float], runs: int
) -> tuple[float, float]:
    """Alternate two measurements and return the median of each."""
    pairs = [(first(), second()) for _ in range(runs)]
    return statistics.median(pair[0] for pair in pairs), statistics.median(
        pair[1] for pair in pairs
    )


def peak_memory(command: list[str]) -> int:
    """Return the peak resident memory of a command in bytes."""
    pid = os.posix_spawn(
        command[0],
        command,
        os.environ,
        file_actions=[
            (os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_WRONLY, 0) for number in (1, 2)
        ],
    )
    _, _, usage = os.wait4(pid, 0)
    assert isinstance(usage, resource.struct_rusage)
    return usage.ru_maxrss * 1024


class Bench:
    """One stack in a scratch folder."""

    def __init__(self, binary: str, folder: Path, text: str) -> None:
        self.folder = folder
        self.out = folder / "out"
        shutil.rmtree(self.out, ignore_errors=True)
        stack = folder / "stack.yaml"
        stack.write_text(text, encoding="utf-8")
        self.command = [binary, "gen", str(stack), "--out", str(self.out), "--max-deletes", "0"]
        timed(self.command)

    def files(self) -> tuple[int, int]:
        """Return how many files the output has, and how many bytes."""
        found = [path for path in self.out.rglob("*") if path.is_file()]
        return len(found), sum(path.stat().st_size for path in found)

    def fresh(self) -> float:
        shutil.rmtree(self.out)
        return timed(self.command)

    def unchanged(self) -> float:
        return timed(self.command)

    def copied(self) -> float:
        target = self.folder / "copy"
        shutil.rmtree(target, ignore_errors=True)
        return timed(["cp", "-r", str(self.out), str(target)])


def of_all_types(binary: str, folder: Path) -> str:
    """Return a stack with a component of each type and a link of each kind, in one environment."""
    legal = kinds.legal(Path(binary))
    draft = everything.everything(legal, kinds.forms(Path(binary), legal))
    drawn = folder / "drawn"
    settle(Path(binary), drawn, draft)
    text = (drawn / "stack.yaml").read_text(encoding="utf-8")
    shutil.rmtree(drawn)
    return text


def row(measurement: str, figure: str, goal: str) -> None:
    """Print one line of the table."""
    print(f"| {measurement} | {figure} | {goal} |", flush=True)


def milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms"


def main() -> None:
    given = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "target/release/stacktic"
    binary = str(given.resolve())
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as scratch:
        folder = Path(scratch)
        row("measurement", "figure", "goal")
        row("---", "---", "---")
        start, nothing = medians(
            lambda: timed([binary, "--version"]), lambda: timed(["true"]), RUNS
        )
        figure = f"{milliseconds(start)} (`true`: {milliseconds(nothing)})"
        row("start-up (`--version`)", figure, "≤ 5 ms")
        row("the program", f"{given.stat().st_size / 1e6:.1f} MB", "—")
        against_copy("the example", Bench(binary, folder, EXAMPLE.read_text(encoding="utf-8")))
        bench = Bench(binary, folder, stack_of(60))
        fresh = against_copy("60 components", bench)
        kustomize(bench)
        against_copy("all types", Bench(binary, folder, of_all_types(binary, folder)))
        growth(binary, folder, fresh)
        shared(binary, folder)


def against_copy(name: str, bench: Bench) -> float:
    """Compare with copying the same files; return the time of a fresh run."""
    count, size = bench.files()
    fresh, copy = medians(bench.fresh, bench.copied, RUNS)
    figure = f"{fresh / copy:.2f} × `cp -r` ({milliseconds(fresh)})"
    row(f"{name}, {count} files: fresh", figure, "≤ 2 ×")
    unchanged, copy = medians(bench.unchanged, bench.copied, RUNS)
    figure = f"{unchanged / copy:.2f} × `cp -r` ({milliseconds(unchanged)})"
    row("the same, unchanged", figure, "≤ 2 ×")
    bytes_each = peak_memory(bench.command) / size
    row("the same, peak memory", f"{bytes_each:.0f} bytes a byte of output", "≤ 200")
    return fresh


def growth(binary: str, folder: Path, before: float) -> None:
    """Tell how the time grows when the stack grows by ten."""
    for size, runs in ((600, 5), (6000, 3)):
        bench = Bench(binary, folder, stack_of(size))
        fresh = statistics.median(bench.fresh() for _ in range(runs))
        name = f"{size} components, {bench.files()[0]} files: fresh"
        row(name, f"{fresh / before:.1f} × that of a tenth ({milliseconds(fresh)})", "≤ 11 ×")
        before = fresh
        shutil.rmtree(bench.out)


def shared(binary: str, folder: Path) -> None:
    """Tell how the processor time grows where ten times as many links share a component."""
    for name, shape in SHARED:
        times: list[float] = []
        for size in (200, 2_000):
            bench = Bench(binary, folder, shape(size))
            times.append(statistics.median(processor_time(bench.command) for _ in range(5)))
            shutil.rmtree(bench.out)
        figure = f"{times[1] / times[0]:.1f} × that of a tenth ({milliseconds(times[1])})"
        row(f"2000 {name}, processor time unchanged", figure, "≤ 11 ×")


def processor_time(command: list[str]) -> float:
    """Return the time that a command which must succeed keeps a processor busy."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    timed(command)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime


def kustomize(bench: Bench) -> None:
    """Compare with building the same output, where kubectl is on PATH."""
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        row("`kubectl kustomize` of the same", "no kubectl on PATH", "≥ 20 ×")
        return
    build = [kubectl, "kustomize", str(bench.out / "k8s/deploy/overlays/dev")]
    slow, fast = medians(lambda: timed(build), bench.unchanged, 3)
    figure = f"{slow / fast:.0f} × slower than an unchanged run ({milliseconds(slow)})"
    row("`kubectl kustomize` of the same", figure, "≥ 20 ×")


if __name__ == "__main__":
    main()
