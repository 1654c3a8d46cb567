"""Asks Checkov about what is applied to each cluster; runs in Checkov's own environment.

In: a folder with one YAML file a cluster. Out: on stdout, by file, the checks that failed, were
skipped and passed, as [id, resource] or their number.
Must not know which failures are taken: test_checkov.py judges.
"""

import json
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from checkov.kubernetes.runner import Runner
from checkov.runner_filter import RunnerFilter


def ask(path: str) -> dict[str, Any]:
    """What Checkov says of one file."""
    only = RunnerFilter(framework=["kubernetes"])
    report = Runner().run(root_folder=None, files=[path], runner_filter=only)
    return {
        "unread": report.parsing_errors,
        "failed": sorted([one.check_id, one.resource] for one in report.failed_checks),
        "skipped": sorted([one.check_id, one.resource] for one in report.skipped_checks),
        "passed": len(report.passed_checks),
    }


def main() -> None:
    """Ask about every file of the folder."""
    files = sorted(str(path) for path in Path(sys.argv[1]).glob("*.yaml"))
    with ProcessPoolExecutor() as pool:
        said = dict(zip(files, pool.map(ask, files), strict=True))
    json.dump({Path(path).stem: one for path, one in said.items()}, sys.stdout)


if __name__ == "__main__":
    main()
