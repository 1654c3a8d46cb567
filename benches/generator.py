#!/usr/bin/env python3
"""Measure the generator against copying its own output, as ratios within one run.

In: the release binary (first argument, default target/release/stacktic). Out: a Markdown table on
standard output. Each figure is the median of runs that alternate between the two things compared,
so that a noisy machine disturbs both alike. Nothing here is a test: a machine has no duty to be fast.
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
RUNS = 15
# One round of components that use each other; a stack is as many rounds as it takes.
ROUND = (
    ("api", "fastapi", "attributes: {image: 'registry.example.com/api:1.0.0'}"),
    ("db", "cnpg", "sub_components: {app: {type: database}}"),
    ("cache", "valkey", ""),
)


def stack_of(size: int) -> str:
    """Return a stack file with `size` components, each linked to its neighbours."""
    # No agent: its metadata of 6000 components does not fit into one ConfigMap.
    components = ["  prometheus: {type: prometheus}", "  fastmcp: {type: fastmcp}"]
    links = ["  - {from: fastmcp, to: prometheus}"]
    for number in range((size - len(components)) // len(ROUND)):
        for name, kind, rest in ROUND:
            extra = f", {rest}" if rest else ""
            components.append(f"  {name}-{number}: {{type: {kind}, namespace: {name}-{number}{extra}}}")
        links.append(f"  - {{from: api-{number}, to: db-{number}/app}}")
        links.append(f"  - {{from: api-{number}, to: cache-{number}, write_access: true}}")
        links.append(f"  - {{from: prometheus, to: db-{number}}}")
    head = "apiVersion: stacktic.io/v1\nkind: Stack\nname: bench\ndomain: bench.example.com\n"
    return head + "components:\n" + "\n".join(components) + "\nlinks:\n" + "\n".join(links) + "\n"


def timed(command: list[str]) -> float:
    """Run a command that must succeed and return its wall time in seconds."""
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - start


def medians(first: Callable[[], float], second: Callable[[], float], runs: int) -> tuple[float, float]:
    """Alternate two measurements and return the median of each."""
    pairs = [(first(), second()) for _ in range(runs)]
    return statistics.median(pair[0] for pair in pairs), statistics.median(pair[1] for pair in pairs)


def peak_memory(command: list[str]) -> int:
    """Return the peak resident memory of a command in bytes."""
    pid = os.posix_spawn(
        command[0],
        command,
        os.environ,
        file_actions=[(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_WRONLY, 0) for number in (1, 2)],
    )
    _, _, usage = os.wait4(pid, 0)
    assert isinstance(usage, resource.struct_rusage)
    return usage.ru_maxrss * 1024


class Bench:
    """One stack size in a scratch folder."""

    def __init__(self, binary: str, folder: Path, size: int) -> None:
        self.folder = folder
        self.out = folder / f"out-{size}"
        stack = folder / f"stack-{size}.yaml"
        stack.write_text(stack_of(size), encoding="utf-8")
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


def main() -> None:
    binary = str(Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "target/release/stacktic").resolve())
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        print("| measurement | figure | goal |\n|---|---|---|")
        start, nothing = medians(lambda: timed([binary, "--version"]), lambda: timed(["true"]), RUNS)
        print(f"| start-up (`--version`) | {start * 1000:.1f} ms (`true`: {nothing * 1000:.1f} ms) | ≤ 5 ms |")
        small = Bench(binary, folder, 60)
        count, size = small.files()
        fresh, copy = medians(small.fresh, small.copied, RUNS)
        print(f"| 60 components, {count} files: fresh | {fresh / copy:.2f} × `cp -r` ({fresh * 1000:.1f} ms) | ≤ 1.5 × |")
        unchanged, copy = medians(small.unchanged, small.copied, RUNS)
        print(f"| the same, unchanged | {unchanged / copy:.2f} × `cp -r` ({unchanged * 1000:.1f} ms) | ≤ 1.0 × |")
        print(f"| the same, peak memory | {peak_memory(small.command) / size:.0f} bytes a byte of output | ≤ 200 |")
        growth(binary, folder, fresh)
        kustomize(small)


def growth(binary: str, folder: Path, before: float) -> None:
    """Tell how the time grows when the stack grows by ten."""
    for size, runs in ((600, 5), (6000, 3)):
        bench = Bench(binary, folder, size)
        fresh = statistics.median(bench.fresh() for _ in range(runs))
        print(f"| {size} components, {bench.files()[0]} files: fresh | {fresh / before:.1f} × that of a tenth ({fresh * 1000:.0f} ms) | ≤ 11 × |")
        before = fresh
        shutil.rmtree(bench.out)


def kustomize(bench: Bench) -> None:
    """Compare with building the same output, where kubectl is on PATH."""
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        print("| `kubectl kustomize` of the same | no kubectl on PATH | ≥ 20 × |")
        return
    build = [kubectl, "kustomize", str(bench.out / "k8s/deploy/overlays/dev")]
    slow, fast = medians(lambda: timed(build), bench.unchanged, 3)
    print(f"| `kubectl kustomize` of the same | {slow / fast:.0f} × slower than an unchanged run ({slow * 1000:.0f} ms) | ≥ 20 × |")


if __name__ == "__main__":
    main()
