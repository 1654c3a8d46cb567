"""A real Trino on loopback, set up by the generated values: accounts, rules, groups and limits.

In: the values and the ConfigMap of a generated component, passwords of accounts, a certificate.
Out: the port of HTTPS while it runs. Each catalog is one in memory, so that tables can be made in
it; one more user, whom no values know, makes them. Must not know who asks.

Maven Central has the server whole up to 476; the chart runs 480. It needs Java 24 or newer.
"""

import base64
import json
import re
import ssl
import subprocess
import tarfile
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lab_programs
import maven
from output_checker import yaml_reading

READY_WITHIN_S = 600
NEWEST_JAVA = Path("/usr/lib/jvm")
LEAST_JAVA = 24
FILLER = "filler"
WORD = "12e5-Letters-of-the-lab"
Json = dict[str, Any]
# What the chart writes beside the values: its jvm.config.
FLAGS = (
    "-Xmx1500m",
    "-XX:+UseG1GC",
    "-XX:TieredStopAtLevel=1",
    "-XX:+EnableDynamicAgentLoading",
    "--sun-misc-unsafe-memory-access=allow",
    "--add-modules=jdk.incubator.vector",
)


def java() -> Path | None:
    """Return a Java that is new enough, if this machine has one."""
    for program in sorted(NEWEST_JAVA.glob("*/bin/java"), reverse=True):
        done = subprocess.run([program, "-version"], capture_output=True, text=True, check=False)
        found = re.search(r'version "(\d+)', done.stderr)
        if found and int(found.group(1)) >= LEAST_JAVA:
            return program
    return None


def home() -> Path:
    """Return the folder of the server, which is unpacked once, with the connector for memory."""
    folder = maven.libraries("trino")
    unpacked = folder / "server"
    if not unpacked.exists():
        fresh = folder / "server.new"
        with tarfile.open(next(folder.glob("*.tar.gz"))) as files:
            files.extractall(fresh, filter="data")
        [server] = fresh.iterdir()
        with zipfile.ZipFile(next(folder.glob("*.zip"))) as files:
            files.extractall(server / "plugin")
        server.rename(unpacked)
        fresh.rmdir()
    return unpacked


@dataclass(frozen=True)
class Server:
    """A server that runs, and what its clients trust."""

    port: int
    ca_file: Path

    def ask(
        self, sql: str, user: str = FILLER, word: str = WORD, headers: Mapping[str, str] = {}
    ) -> Json:
        """Run a statement to its end; return its rows, and the name of its error."""
        found: Json = {"rows": [], "error": None}
        page = self.request("POST", "/v1/statement", user, word, headers, sql)
        while True:
            found["rows"] += page.get("data", [])
            found["id"] = page.get("id")
            if "error" in page:
                found["error"] = page["error"]["errorName"]
                return found
            if "nextUri" not in page:
                return found
            where = "/v1/" + page["nextUri"].split("/v1/", 1)[1]
            page = self.request("GET", where, user, word)

    def request(
        self,
        method: str,
        path: str,
        user: str = FILLER,
        word: str = WORD,
        headers: Mapping[str, str] = {},
        body: str | None = None,
    ) -> Any:
        """Send one request by a client that knows none of our fences."""
        request = urllib.request.Request(f"https://localhost:{self.port}{path}", method=method)
        request.data = body.encode() if body is not None else None
        pair = base64.b64encode(f"{user}:{word}".encode()).decode()
        request.add_header("Authorization", f"Basic {pair}")
        request.add_header("X-Trino-User", user)
        for name, value in headers.items():
            request.add_header(name, value)
        context = ssl.create_default_context(cafile=str(self.ca_file))
        try:
            with urllib.request.urlopen(request, timeout=60, context=context) as reply:
                return json.loads(reply.read() or b"null")
        except urllib.error.HTTPError as error:
            return {"error": {"errorName": f"HTTP {error.code}"}}


@contextmanager
def running(
    folder: Path, base: Path, passwords: Mapping[str, str], certificate: Path
) -> Generator[Server]:
    """Run a server as the values in `base` say; the certificate is one for localhost."""
    folder.mkdir(exist_ok=True)
    program = java()
    assert program is not None
    values = yaml_reading.read_file(base / "values.yaml")
    _files(folder, base, program, {**passwords, FILLER: WORD}, certificate)
    plain, secure = lab_programs.free_port(), lab_programs.free_port()
    _settings(folder, values, plain, secure)
    place = home()
    # Files of groups and limits are looked for in the folder that it runs in.
    command = ["env", "-C", folder, program, *FLAGS, f"-Dconfig={folder}/etc/config.properties"]
    command += ["-Dnode.environment=lab", "-Dnode.id=lab", f"-Dnode.data-dir={folder}/data"]
    command += ["-cp", f"{place}/lib/*", "io.trino.server.TrinoServer"]
    server = Server(secure, certificate / "ca.crt")
    # Without variables that could name other files or a proxy.
    more = {"SHARED_KEY": "a-key-of-the-lab", "JAVA_TOOL_OPTIONS": ""}
    log = folder / "trino.log"
    with lab_programs.running(command, log, more) as process:
        _await(server, process, log)
        yield server


def _files(
    folder: Path, base: Path, program: Path, users: Mapping[str, str], certificate: Path
) -> None:
    """Have the generated program make the file of passwords and that of the certificate."""
    for name, word in users.items():
        place = folder / "users" / name
        place.parent.mkdir(exist_ok=True)
        place.write_text(word, encoding="utf-8")
    text = yaml_reading.read_file(base / "programs.yaml")["data"]["Program.java"]
    (folder / "made").mkdir()
    for inside, here in (("users", folder / "users"), ("certificate", certificate)):
        text = text.replace(f"/run/{inside}", str(here))
    source = folder / "Program.java"
    source.write_text(text.replace("/run/made", str(folder / "made")), encoding="utf-8")
    with lab_programs.running([program, source], folder / "files.log") as process:
        deadline = time.monotonic() + READY_WITHIN_S
        while not (folder / "made" / "password.db").exists():
            assert process.poll() is None, (folder / "files.log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.2)


def _settings(folder: Path, values: Json, plain: int, secure: int) -> None:
    """Write the files that the chart makes of the values, with places of this machine."""
    etc = folder / "etc"
    (etc / "catalog").mkdir(parents=True)
    server, coordinator = values["server"], values["coordinator"]
    config = [
        "coordinator=true",
        "node-scheduler.include-coordinator=true",
        f"http-server.http.port={plain}",
        f"discovery.uri=http://localhost:{plain}",
        f"query.max-memory={server['config']['query']['maxMemory']}",
        "query.max-memory-per-node=512MB",
        f"http-server.authentication.type={server['config']['authenticationType']}",
        "http-server.https.enabled=true",
        f"http-server.https.port={secure}",
        f"http-server.https.keystore.path={folder}/made/server.pem",
        f"catalog.config-dir={etc}/catalog",
        f"plugin.dir={home()}/plugin",
        f"password-authenticator.config-files={etc}/password-authenticator.properties",
        f"access-control.config-files={etc}/access-control.properties",
        *server["coordinatorExtraConfig"].splitlines(),
        *values["additionalConfigProperties"],
    ]
    (etc / "config.properties").write_text("\n".join(config) + "\n")
    password = coordinator["additionalConfigFiles"]["password-authenticator.properties"]
    password = password.replace("/run/made", f"{folder}/made")
    (etc / "password-authenticator.properties").write_text(password)
    (etc / "rules.json").write_text(json.dumps(_rules(values)))
    (etc / "access-control.properties").write_text(
        f"access-control.name=file\nsecurity.config-file={etc}/rules.json\n"
    )
    for name in [name for name, text in values["catalogs"].items() if text]:
        (etc / "catalog" / f"{name}.properties").write_text("connector.name=memory\n")
    # Where the chart lays these two; their places are fixed by the folder that Trino runs in.
    for manager, key, written in (
        ("resource-groups", "resourceGroups", "resourceGroupsConfig"),
        ("session-property-config", "sessionProperties", "sessionPropertiesConfig"),
    ):
        if manager_values := values.get(key):
            (etc / f"{manager}.json").write_text(manager_values[written])
            prefix = "session-property-manager" if "session" in manager else "resource-groups"
            (etc / f"{manager}.properties").write_text(
                f"{manager}.configuration-manager=file\n{prefix}.config-file={etc}/{manager}.json\n"
            )


def _rules(values: Json) -> Json:
    """Return the rules of the values, with a user before all others who may do all."""
    rules: Json = json.loads(values["accessControl"]["rules"]["rules.json"])
    more: Json = {
        "catalogs": {"allow": "all"},
        "schemas": {"owner": True},
        "tables": {"privileges": ["SELECT", "INSERT", "DELETE", "UPDATE", "OWNERSHIP"]},
        "queries": {"allow": ["execute", "view", "kill"]},
        "functions": {"privileges": ["EXECUTE", "OWNERSHIP"]},
    }
    for part, rule in more.items():
        rules[part] = [{"user": FILLER, **rule}, *rules[part]]
    return rules


def _await(server: Server, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    while True:
        assert process.poll() is None, log.read_text(errors="replace")[-8000:]
        assert time.monotonic() < deadline, log.read_text(errors="replace")[-8000:]
        try:
            if server.ask("SELECT 1")["rows"] == [[1]]:
                return
        except OSError:
            pass
        time.sleep(0.5)
