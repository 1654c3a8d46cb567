"""What `promtool` says of alert rules: whether they are any, and when they fire.

In: groups of rules, cases of their alerts. Out: its complaints, empty where there are none.
Must not know Kubernetes.
"""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from servers.debian import find_program

SECONDS = 600
ASKED_AT = "60m"


@dataclass(frozen=True)
class Case:
    """An alert, the series that are there, and whether it fires with them."""

    alert: str
    series: dict[str, str]
    fires: bool
    at: str = ASKED_AT


def complaints_of_rules(folder: Path, groups: list[dict[str, Any]]) -> str:
    """What is wrong with rules, their expressions and their templates."""
    return _complaints("check", _written(folder, groups))


def complaints_of_cases(folder: Path, groups: list[dict[str, Any]], cases: list[Case]) -> str:
    """Which cases do not end as they should.

    Each alert by itself: a case of two days evaluates every rule that it is given each minute.
    """
    found: list[str] = []
    for alert in sorted({case.alert for case in cases}):
        document = {
            "rule_files": [_written(folder, [_only(group, alert) for group in groups]).name],
            "evaluation_interval": "1m",
            "tests": [_test(case) for case in cases if case.alert == alert],
        }
        path = folder / "cases.json"
        path.write_text(json.dumps(document), encoding="utf-8")
        found.append(_complaints("test", path))
    return "".join(found)


def _only(group: dict[str, Any], alert: str) -> dict[str, Any]:
    """The group with one of its alerts, and what is recorded for it."""
    return group | {"rules": [one for one in group["rules"] if one.get("alert", alert) == alert]}


def _test(case: Case) -> dict[str, Any]:
    firing = f'max(ALERTS{{alertname="{case.alert}", alertstate="firing"}})'
    samples = [{"labels": "{}", "value": 1}] if case.fires else []
    return {
        "name": f"{case.alert} {'fires' if case.fires else 'is silent'}",
        "interval": "1m",
        "input_series": [
            {"series": series, "values": values} for series, values in case.series.items()
        ],
        "promql_expr_test": [{"expr": firing, "eval_time": case.at, "exp_samples": samples}],
    }


def _written(folder: Path, groups: list[dict[str, Any]]) -> Path:
    path = folder / "rules.json"
    path.write_text(json.dumps({"groups": groups}), encoding="utf-8")
    return path


def _complaints(what: str, path: Path) -> str:
    command = [find_program("promtool", "prometheus"), what, "rules", path.name]
    done = subprocess.run(
        command, cwd=path.parent, capture_output=True, text=True, check=False, timeout=SECONDS
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr
