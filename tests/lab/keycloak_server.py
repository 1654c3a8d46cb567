"""A real Keycloak on loopback, with the realm of a generated import.

In: the realm as the operator would import it, the values of its placeholders, a folder for logs.
Out: the address while it runs. Must not know what a client is for.
"""

import json
import os
import subprocess
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import lab_programs
import maven

# A busy machine takes ten times as long as an idle one.
READY_WITHIN_S = 600
BUILT = "built"
# What is fixed when the distribution is put together, once for all runs.
BUILD = ("--db=dev-mem", "--health-enabled=true")


def home() -> Path:
    """Return the folder of the distribution, which is unpacked and built once."""
    folder = maven.libraries("keycloak")
    [archive] = folder.glob("*.zip")
    unpacked = folder / archive.stem.replace("-quarkus-dist", "")
    if not (unpacked / BUILT).exists():
        with zipfile.ZipFile(archive) as files:
            files.extractall(folder)
        for program in (unpacked / "bin").glob("*.sh"):
            program.chmod(0o755)
        build = [unpacked / "bin" / "kc.sh", "build", *BUILD]
        subprocess.run(build, check=True, capture_output=True, timeout=600)
        (unpacked / BUILT).touch()
    return unpacked


@contextmanager
def running(realm: Mapping[str, Any], values: Mapping[str, str], logs: Path) -> Generator[str]:
    """Run a server that has this realm when it is new, and forgets all with its end."""
    place = home()
    imported = place / "data" / "import"
    imported.mkdir(parents=True, exist_ok=True)
    (imported / "realm.json").write_text(json.dumps(realm), encoding="utf-8")
    port, management = lab_programs.free_port(), lab_programs.free_port()
    command = [
        place / "bin" / "kc.sh",
        "start",
        "--optimized",
        "--import-realm",
        "--cache=local",
        "--http-enabled=true",
        "--http-host=127.0.0.1",
        f"--http-port={port}",
        f"--http-management-port={management}",
        "--http-management-scheme=http",
        f"--hostname=http://127.0.0.1:{port}",
    ]
    quick = "-XX:TieredStopAtLevel=1"
    more = {"JAVA_OPTS_KC_HEAP": "-Xms64m -Xmx512m", "JAVA_OPTS_APPEND": quick, **values}
    with lab_programs.running(command, logs / "keycloak.log", more) as server:
        await_ready(f"http://127.0.0.1:{management}/health/ready", server)
        yield f"http://127.0.0.1:{port}"


def await_ready(address: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline:
        assert server.poll() is None, "Keycloak ended before it was ready"
        try:
            with urllib.request.urlopen(address, timeout=2):
                return
        except (urllib.error.URLError, TimeoutError):
            time.sleep(0.5)
    raise TimeoutError(f"Keycloak was not ready within {READY_WITHIN_S} seconds")


def tools(folder: Path, address: str) -> dict[str, str]:
    """Return the variables by which its command line finds the server and a place for itself."""
    folder.mkdir(parents=True, exist_ok=True)
    names = {"KEYCLOAK_HOME": str(home()), "SERVER": address, "TMPDIR": str(folder)}
    return {**os.environ, **names}
