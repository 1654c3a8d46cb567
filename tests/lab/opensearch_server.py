"""A real OpenSearch on loopback with its security plugin, set up by a generated installation.

In: the generated folder of a component, the password of admin, a folder for data and logs.
Out: the port while it runs. Must not know what a user may do.

Maven Central has the plugin for few versions, so the server is older than the image of the
catalog. It runs as any user: without the library for native calls it cannot tell who it is.
"""

import base64
import json
import os
import re
import shutil
import subprocess
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
OLDEST_JAVA = 21
IMAGE_HOME = "/usr/share/opensearch"
PLUGIN = "opensearch-security"
# The rest of what it extends is for workloads, which nothing here has.
EXTENDS = re.compile(r"(?m)^extended\.plugins=.*$")


@dataclass(frozen=True)
class Server:
    """A running server, asked as one of its users."""

    port: int

    def ask(
        self, user: str, word: str, method: str, path: str, body: Any = None
    ) -> tuple[int, Any]:
        """Send one request, and return status and decoded answer."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/{path}", method=method)
        told = base64.b64encode(f"{user}:{word}".encode()).decode()
        request.add_header("Authorization", f"Basic {told}")
        if body is not None:
            request.add_header("Content-Type", "application/json")
            request.data = (body if isinstance(body, str) else json.dumps(body)).encode()
        try:
            with urllib.request.urlopen(request, timeout=30) as reply:
                return reply.status, _decoded(reply.read())
        except urllib.error.HTTPError as error:
            return error.code, _decoded(error.read())


def _decoded(content: bytes) -> Any:
    try:
        return json.loads(content or b"null")
    except ValueError:
        return content.decode("utf-8", "replace")


def java() -> Path | None:
    """Return the home of a Java that is new enough, if the machine has one."""
    found = [Path(os.environ["JAVA_HOME"])] if "JAVA_HOME" in os.environ else []
    if on_path := shutil.which("java"):
        found.append(Path(on_path).resolve().parents[1])
    found += sorted(Path("/usr/lib/jvm").glob("*"))
    return next((home for home in found if _version(home) >= OLDEST_JAVA), None)


def _version(home: Path) -> int:
    release = home / "release"
    text = release.read_text("utf-8") if release.is_file() else ""
    told = re.search(r'JAVA_VERSION="(\d+)', text)
    return int(told[1]) if told else 0


def home() -> Path:
    """Return the folder of the server with its plugin, which is unpacked once."""
    folder = maven.libraries("opensearch")
    place = folder / "home"
    if not place.exists():
        fresh = folder / "home.new"
        plugin = fresh / "plugins" / PLUGIN
        [archive] = folder.glob("*.zip")
        with zipfile.ZipFile(archive) as files:
            files.extractall(plugin)
        (fresh / "modules").mkdir()
        (fresh / "lib").mkdir()
        for jar in folder.glob("*.jar"):
            (fresh / "lib" / jar.name).hardlink_to(jar)
        about = plugin / "plugin-descriptor.properties"
        about.write_text(EXTENDS.sub("extended.plugins=", about.read_text("utf-8")), "utf-8")
        fresh.rename(place)
    return place


@contextmanager
def running(base: Path, folder: Path, admin: str) -> Generator[Server]:
    """Run one node as the generated values and scripts set it up."""
    runtime = java()
    assert runtime is not None
    port = _configure(base, folder, admin, runtime)
    command = [
        runtime / "bin" / "java",
        *("-Xms512m", "-Xmx512m", "-XX:TieredStopAtLevel=1"),
        *("-Djna.nosys=true", "-Djna.noclasspath=true"),
        "-Dlog4j2.disable.jmx=true",
        f"-Djava.io.tmpdir={folder}",
        f"-Dopensearch.path.home={home()}",
        f"-Dopensearch.path.conf={folder / 'config'}",
        "-Dopensearch.distribution.type=tar",
        *("-cp", f"{home() / 'lib'}/*", "org.opensearch.bootstrap.OpenSearch"),
    ]
    with lab_programs.running(command, folder / "opensearch.log") as process:
        server = Server(port)
        _await(server, admin, process)
        yield server


def _configure(base: Path, folder: Path, admin: str, runtime: Path) -> int:
    values = yaml_reading.read_file(base / "values.yaml")
    config = folder / "config"
    nodes = config / "stacktic-nodes"
    nodes.mkdir(parents=True)
    _certify(nodes, values["fullnameOverride"])
    _prepare(base, folder, admin, runtime)
    port = lab_programs.free_port()
    own = {
        "cluster.name": values["clusterName"],
        "discovery.type": "single-node",
        "network.host": "127.0.0.1",
        "http.port": port,
        # A machine of tests may have a full disk, at which a node lets nobody write.
        "cluster.routing.allocation.disk.threshold_enabled": False,
        "transport.port": lab_programs.free_port(),
        "path.data": str(folder / "data"),
        "path.logs": str(folder / "logs"),
    }
    lines = [f"{name}: {json.dumps(value)}" for name, value in own.items()]
    (config / "opensearch.yml").write_text(
        "\n".join([values["config"]["opensearch.yml"].rstrip(), *lines, ""]), "utf-8"
    )
    (config / "log4j2.properties").write_text("rootLogger.level = error\n", "utf-8")
    return port


def _certify(folder: Path, name: str) -> None:
    """Make the certificate of a node, which its own authority has signed."""
    certificate, key = folder / "tls.crt", folder / "tls.key"
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    made += ["-subj", f"/CN={name}", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(made, check=True, capture_output=True, timeout=60)
    shutil.copy(certificate, folder / "ca.crt")


def _prepare(base: Path, folder: Path, admin: str, runtime: Path) -> None:
    """Run the script that a pod runs before its node, and lay its result where the node reads."""
    plugin = home() / "plugins" / PLUGIN
    shutil.copytree(plugin / "config", home() / "config" / PLUGIN, dirs_exist_ok=True)
    script = yaml_reading.read_file(base / "prepare.yaml")["data"]["security.sh"]
    laid = folder / "config" / PLUGIN
    script = script.replace(IMAGE_HOME, str(home())).replace("/security/security", str(laid))
    run(script, folder, {"ADMIN_PASSWORD": admin, "OPENSEARCH_JAVA_HOME": str(runtime)})


def run(script: str, folder: Path, variables: Mapping[str, str]) -> str:
    """Run a generated script as its container does, and return what it says."""
    done = subprocess.run(
        ["bash", "-euc", script] if "\n" in script else ["bash", "-eu", script],
        env={**os.environ, "HOME": str(folder), "TMPDIR": str(folder), **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _await(server: Server, admin: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline:
        assert process.poll() is None, "OpenSearch ended before it was ready"
        try:
            if server.ask("admin", admin, "GET", "_plugins/_security/authinfo")[0] == 200:
                return
        except OSError:
            pass
        time.sleep(0.5)
    raise TimeoutError(f"OpenSearch was not ready within {READY_WITHIN_S} seconds")
