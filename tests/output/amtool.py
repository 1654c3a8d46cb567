"""What `amtool` says of a configuration of Alertmanager: whether it is one, and who is told.

In: the configuration. Out: its complaints, empty where there are none; names of receivers.
Must not know Kubernetes.
"""

import json
import subprocess
from pathlib import Path
from typing import Any

from servers.debian import find_program

SECONDS = 600


def complaints(folder: Path, config: dict[str, Any]) -> str:
    """What is wrong with a configuration."""
    done = _run("check-config", _written(folder, config).name, folder=folder)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def told(folder: Path, config: dict[str, Any], **labels: str) -> set[str]:
    """The receivers that an alert with these labels reaches."""
    path = _written(folder, config)
    words = [f"{name}={value}" for name, value in labels.items()]
    done = _run("config", "routes", "test", f"--config.file={path.name}", *words, folder=folder)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.strip().split(","))


def _written(folder: Path, config: dict[str, Any]) -> Path:
    """As Debian's amtool reads it: that of bookworm, 0.25, has no `url_file` of webhooks yet."""
    text = json.dumps(config).replace('"url_file": "', '"url": "http://localhost')
    path = folder / "alertmanager.json"
    path.write_text(text, encoding="utf-8")
    return path


def _run(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [find_program("amtool", "prometheus-alertmanager"), *words]
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, timeout=SECONDS
    )
