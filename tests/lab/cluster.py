"""A Kubernetes API server on loopback, with its store and a kubectl that speaks to it alone.

In: an empty folder. Out: a `Cluster`. Must not know what is put into it. No kubelet and no
controllers run: objects are judged and kept, and nothing follows from them.
"""

import contextlib
import json
import random
import subprocess
import sysconfig
import time
from collections.abc import Generator, Iterable
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

import go_tools
import lab_programs
from output_checker.finding import Object

PORTS = range(21000, 29000)
READY_WITHIN_S = 90
COMMAND_WITHIN_S = 120
# A CRD that is refused is refused field by field.
SHOWN = 2000
ACCEPTED = (
    # Argo CD looks for its finalizer by this very name, which has no path.
    '"resources-finalizer.argocd.argoproj.io"',
    # Names that are put together have a dot, so that no two are one (catalog/README.md).
    "a DNS label is recommended: [must not contain dots]",
)
TOKEN = "admin-of-the-lab"


class CommandError(Exception):
    """What a command said when it ended with an error, or that it warned of."""

    def __init__(self, words: tuple[str, ...], said: str) -> None:
        super().__init__(f"{' '.join(words)}\n{said[:SHOWN]}")
        self.said = said


@dataclass(frozen=True)
class Cluster:
    """The way to one API server."""

    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        """What a client needs to know, and no other cluster."""
        scripts = sysconfig.get_path("scripts")
        return {
            "PATH": f"{scripts}:/usr/bin:/bin",
            "HOME": str(self.folder),
            "KUBECONFIG": str(self.folder / "kubeconfig.json"),
        }

    def run(self, *words: str, text: str = "", cwd: Path | None = None) -> str:
        """The output of a command that speaks to the cluster; a warning is an error.

        Warnings are of what a cluster will refuse: old versions, pods that are not restricted.
        """
        done = subprocess.run(
            words,
            input=text,
            cwd=cwd,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=COMMAND_WITHIN_S,
            check=False,
        )
        if done.returncode != 0 or any(map(is_unexpected, done.stderr.splitlines())):
            raise CommandError(words, done.stderr.strip())
        return done.stdout

    def kubectl(self, *words: str, text: str = "", cwd: Path | None = None) -> str:
        """The output of a kubectl command."""
        return self.run("kubectl", *words, text=text, cwd=cwd)

    def apply(self, items: Iterable[Object], *flags: str) -> None:
        """Put these objects into it."""
        listed = {"apiVersion": "v1", "kind": "List", "items": list(items)}
        self.kubectl("apply", "--server-side", "-f", "-", *flags, text=json.dumps(listed))


def is_unexpected(line: str) -> bool:
    """Whether a line warns of what is not known."""
    return line.startswith("Warning:") and not any(text in line for text in ACCEPTED)


@contextmanager
def running(folder: Path) -> Generator[Cluster]:
    """Start a store and an API server, and end both."""
    store, peers, server = random.sample(PORTS, 3)
    with _process(folder, "etcd", _etcd(folder, store, peers)):
        _prepare(folder, server)
        with _process(folder, "kube-apiserver", _api_server(folder, store, server)) as process:
            cluster = Cluster(folder)
            _wait(cluster, process)
            yield cluster


def _etcd(folder: Path, store: int, peers: int) -> list[str]:
    client, peer = f"http://127.0.0.1:{store}", f"http://127.0.0.1:{peers}"
    return [
        f"--data-dir={folder / 'etcd'}",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=default={peer}",
        # Its data end with it.
        "--unsafe-no-fsync",
    ]


def _api_server(folder: Path, store: int, port: int) -> list[str]:
    return [
        f"--etcd-servers=http://127.0.0.1:{store}",
        "--bind-address=127.0.0.1",
        f"--secure-port={port}",
        f"--cert-dir={folder}",
        # A loopback address may not be an endpoint of the Service `kubernetes`.
        "--endpoint-reconciler-type=none",
        f"--token-auth-file={folder / 'tokens.csv'}",
        "--authorization-mode=RBAC",
        "--service-cluster-ip-range=10.96.0.0/16",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={folder / 'accounts.pem'}",
        f"--service-account-signing-key-file={folder / 'accounts.pem'}",
    ]


def _prepare(folder: Path, port: int) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    (folder / "accounts.pem").write_bytes(pem)
    (folder / "tokens.csv").write_text(f"{TOKEN},admin,admin,system:masters\n")
    (folder / "kubeconfig.json").write_text(json.dumps(_kubeconfig(folder, port)))


def _kubeconfig(folder: Path, port: int) -> dict[str, Any]:
    server = {
        "server": f"https://127.0.0.1:{port}",
        # The server writes its own certificate there before it listens.
        "certificate-authority": str(folder / "apiserver.crt"),
    }
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "lab", "cluster": server}],
        "users": [{"name": "admin", "user": {"token": TOKEN}}],
        "contexts": [{"name": "lab", "context": {"cluster": "lab", "user": "admin"}}],
        "current-context": "lab",
    }


def _process(
    folder: Path, name: str, flags: list[str]
) -> AbstractContextManager[subprocess.Popen[bytes]]:
    return lab_programs.running([go_tools.program(name), *flags], folder / f"{name}.log")


def _wait(cluster: Cluster, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(CommandError):
            cluster.kubectl("get", "--raw", "/readyz")
            return
        time.sleep(0.3)
    log = (cluster.folder / "kube-apiserver.log").read_text(encoding="utf-8")
    raise RuntimeError(f"the API server did not become ready:\n{log[-3000:]}")
