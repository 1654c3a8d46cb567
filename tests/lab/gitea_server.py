"""A real Gitea on loopback, set up by generated values as the chart sets it up.

In: the values of a release, a folder. Out: the address while it runs, its
command line, and its API as the administrator asks it. Must not know what an account is for.

The chart, which no registry has, writes each section of `gitea.config` into app.ini, and makes the
first administrator by the command line (templates/_helpers.tpl, templates/gitea/init.yaml). What
the program needs besides its web pages lies in the folder of its module.
"""

import base64
import getpass
import json
import os
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import go_tools
import lab_programs
import postgres_lab

READY_WITHIN_S = 300
PROGRAM = "gitea"
MODULE = "code.gitea.io/gitea"
DATABASE = "gitea"
DATABASE_PASSWORD = "password-of-the-database"

Json = dict[str, Any]


@dataclass(frozen=True)
class Server:
    """A running Gitea."""

    port: int
    config: Path
    admin: str
    password: str

    @property
    def address(self) -> str:
        """Where the API is."""
        return f"http://127.0.0.1:{self.port}"

    def command(self, *words: str) -> str:
        """Run the program beside the server, as `kubectl exec` does; root is warned before."""
        return _run(self.config, words).rpartition("\n")[2]

    def ask(
        self, method: str, path: str, body: Any = None, token: str | None = None
    ) -> tuple[int, Any]:
        """Return status and answer, as the administrator or with a token."""
        pair = base64.b64encode(f"{self.admin}:{self.password}".encode()).decode()
        allowed = f"token {token}" if token else f"Basic {pair}"
        request = urllib.request.Request(
            f"{self.address}/api/v1{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": allowed, "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as reply:
                return reply.status, _decoded(reply.read())
        except urllib.error.HTTPError as error:
            return error.code, _decoded(error.read())

    def must(self, method: str, path: str, body: Any = None) -> Any:
        """Return the answer to the administrator, which has to be a success."""
        status, answer = self.ask(method, path, body)
        assert status < 300, (method, path, status, answer)
        return answer

    def settle(self) -> None:
        """Wait for what the server does behind an answer: sizes, whether a pull request merges."""
        self.command("manager", "flush-queues", "--timeout", "60s")


@contextmanager
def running(folder: Path, values: Json, password: str) -> Generator[Server]:
    """Start a server with a database of its own, and make its first administrator."""
    admin = "gitea_admin"
    with postgres_lab.running(DATABASE, DATABASE_PASSWORD) as database_port:
        port = lab_programs.free_port()
        config = folder / "app.ini"
        config.write_text(configuration(folder, values, port, database_port), "utf-8")
        command = [go_tools.program(PROGRAM), "web", "--config", config]
        with lab_programs.running(command, folder / "gitea.log", _environment(folder)) as process:
            server = Server(port, config, admin, password)
            _await(server, process, folder / "gitea.log")
            names = ["--username", admin, "--email", "admin@stacktic.invalid"]
            made = ["admin", "user", "create", "--admin", "--must-change-password=false"]
            server.command(*made, *names, "--password", password)
            yield server


def configuration(folder: Path, values: Json, port: int, database_port: int) -> str:
    """Return app.ini: the sections of the values, with the places that are here."""
    sections: dict[str, dict[str, Any]] = {}
    top: dict[str, Any] = {}
    config: Json = values["gitea"]["config"]
    for name, value in config.items():
        if isinstance(value, dict):
            sections[name] = cast("Json", value)
        else:
            top[name] = value
    top |= {"RUN_USER": getpass.getuser(), "WORK_PATH": folder, "RUN_MODE": "prod"}
    if os.geteuid() == 0:
        top["I_AM_BEING_UNSAFE_RUNNING_AS_ROOT"] = True
    here: dict[str, dict[str, Any]] = {
        "server": {
            "HTTP_ADDR": "127.0.0.1",
            "HTTP_PORT": port,
            # As soon as it is asked to end.
            "GRACEFUL_HAMMER_TIME": "1s",
            "STATIC_ROOT_PATH": module_folder(),
            "APP_DATA_PATH": folder / "data",
        },
        "database": {
            "HOST": f"127.0.0.1:{database_port}",
            "NAME": DATABASE,
            "USER": DATABASE,
            "PASSWD": DATABASE_PASSWORD,
            "SSL_MODE": "disable",
        },
        "repository": {"ROOT": folder / "repositories"},
        "security": {"SECRET_KEY": "key-of-the-lab", "PASSWORD_HASH_ALGO": "pbkdf2$1000$50"},
        "log": {"ROOT_PATH": folder / "log"},
    }
    for name, section in here.items():
        sections[name] = sections.get(name, {}) | section
    lines = [f"{key} = {_word(value)}" for key, value in top.items()]
    for name, section in sections.items():
        lines += [f"[{name}]", *(f"{key} = {_word(value)}" for key, value in section.items())]
    return "\n".join([*lines, ""])


def module_folder() -> Path:
    """Return where the templates and texts of the program lie."""
    version = go_tools.program(PROGRAM).parent.name.removeprefix(f"{PROGRAM}-")
    command = [str(go_tools.go()), "mod", "download", "-json", f"{MODULE}@{version}"]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=300)
    return Path(json.loads(done.stdout)["Dir"])


def _word(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _environment(folder: Path) -> Mapping[str, str]:
    return {"HOME": str(folder), "GITEA_WORK_DIR": str(folder)}


def _run(config: Path, words: Sequence[str]) -> str:
    done = subprocess.run(
        [str(go_tools.program(PROGRAM)), "--config", str(config), *words],
        env={**os.environ, **_environment(config.parent)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


def _decoded(raw: bytes) -> Any:
    try:
        return json.loads(raw) if raw else None
    except ValueError:
        return raw.decode("utf-8", "replace")


def _await(server: Server, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    while True:
        try:
            with urllib.request.urlopen(f"{server.address}/api/healthz", timeout=2):
                return
        except OSError:
            assert process.poll() is None, log.read_text()[-3000:]
            assert time.monotonic() < deadline, log.read_text()[-3000:]
            time.sleep(0.2)
