"""As much of a Kubernetes API server as `kubectl get pods` asks for, over TLS on loopback.

In: pods by namespace, the one bearer token, the namespaces that it may list.
Out: discovery, pods as a Table or a list, and a Status with the code Kubernetes uses for all else.
Must not know: the agent. Checked against kubectl 1.37 and the API reference of Kubernetes
(`/api/v1/namespaces/{namespace}/pods`, meta.k8s.io/v1 Table and Status).
"""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from certificate import write_certificate

TOKEN = "token-of-the-pod-of-the-agent"
REASONS = {401: "Unauthorized", 403: "Forbidden", 404: "NotFound", 405: "MethodNotAllowed"}
COLUMNS = ("Name", "Ready", "Status", "Restarts", "Age")
WIDE = ("IP", "Node")


@dataclass(frozen=True)
class Pod:
    """A pod, as far as it is shown."""

    name: str
    phase: str = "Running"
    labels: Mapping[str, str] = field(default_factory=dict[str, str])

    def cells(self) -> list[Any]:
        """Return what a Table shows of it."""
        ready = "1/1" if self.phase == "Running" else "0/1"
        return [self.name, ready, self.phase, "0", "1d", "10.0.0.1", "node-1"]

    def object(self, namespace: str) -> dict[str, Any]:
        """Return it as an object of a list."""
        metadata = {"name": self.name, "namespace": namespace, "labels": dict(self.labels)}
        return {"kind": "Pod", "apiVersion": "v1", "metadata": metadata}

    def is_selected(self, selector: str) -> bool:
        """Tell whether `key` or `key=value` terms select it."""
        terms = [term.partition("=") for term in selector.split(",") if term]
        return all(
            key in self.labels and (not equals or self.labels[key] == value)
            for key, equals, value in terms
        )


@dataclass
class Cluster:
    """A running stub."""

    pods: dict[str, list[Pod]]
    allowed: set[str]
    folder: Path
    port: int = 0
    requests: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])

    def kubeconfig(self, token: str = TOKEN) -> Path:
        """Write the file that tells kubectl where this is and who asks."""
        server = f"https://127.0.0.1:{self.port}"
        cluster = {"server": server, "certificate-authority": str(self.folder / "tls.crt")}
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "stub", "cluster": cluster}],
            "users": [{"name": "agent", "user": {"token": token}}],
            "contexts": [{"name": "stub", "context": {"cluster": "stub", "user": "agent"}}],
            "current-context": "stub",
        }
        path = self.folder / f"kubeconfig-{len(token)}"
        path.write_text(json.dumps(config), encoding="utf-8")
        return path

    def answer(self, method: str, target: str, headers: Mapping[str, str]) -> tuple[int, Any]:
        """Answer one request as an API server does."""
        parts = urlsplit(target)
        self.requests.append((method, target))
        if headers.get("authorization") != f"Bearer {TOKEN}":
            return _status(401, "Unauthorized")
        if method != "GET":
            return _status(405, "the server does not allow this method on the requested resource")
        if parts.path in DISCOVERY:
            return 200, DISCOVERY[parts.path]
        match parts.path.split("/"):
            case ["", "api", "v1", "namespaces", namespace, "pods"]:
                selector = parse_qs(parts.query).get("labelSelector", [""])[0]
                return self._pods(namespace, selector, headers.get("accept", ""))
            case _:
                return _status(404, "the server could not find the requested resource")

    def _pods(self, namespace: str, selector: str, accept: str) -> tuple[int, Any]:
        if namespace not in self.allowed:
            who = "system:serviceaccount:governance:stack-agent"
            what = f'resource "pods" in API group "" in the namespace "{namespace}"'
            return _status(403, f'pods is forbidden: User "{who}" cannot list {what}')
        found = [pod for pod in self.pods.get(namespace, []) if pod.is_selected(selector)]
        if "as=Table" in accept:
            return 200, _table(namespace, found)
        items = [pod.object(namespace) for pod in found]
        return 200, {"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": items}


DISCOVERY: dict[str, Any] = {
    "/api": {"kind": "APIVersions", "versions": ["v1"]},
    "/apis": {"kind": "APIGroupList", "apiVersion": "v1", "groups": []},
    "/api/v1": {
        "kind": "APIResourceList",
        "groupVersion": "v1",
        "resources": [
            {
                "name": "pods",
                "singularName": "pod",
                "namespaced": True,
                "kind": "Pod",
                "verbs": ["get", "list"],
                "shortNames": ["po"],
            }
        ],
    },
}


def _table(namespace: str, pods: list[Pod]) -> dict[str, Any]:
    columns = [_column(name, 0) for name in COLUMNS] + [_column(name, 1) for name in WIDE]
    rows = [
        {
            "cells": pod.cells(),
            "object": {
                "kind": "PartialObjectMetadata",
                "apiVersion": "meta.k8s.io/v1",
                "metadata": pod.object(namespace)["metadata"],
            },
        }
        for pod in pods
    ]
    kind: dict[str, Any] = {"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": {}}
    return {**kind, "columnDefinitions": columns, "rows": rows}


def _column(name: str, priority: int) -> dict[str, Any]:
    form = "name" if name == "Name" else ""
    described = {"name": name, "type": "string", "format": form, "description": name}
    return {**described, "priority": priority}


def _status(code: int, message: str) -> tuple[int, Any]:
    kind: dict[str, Any] = {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
    }
    return code, {**kind, "message": message, "reason": REASONS[code], "code": code}


@contextmanager
def running_cluster(folder: Path, pods: dict[str, list[Pod]], *allowed: str) -> Generator[Cluster]:
    """Serve on a free port of 127.0.0.1 until the block ends."""
    folder.mkdir(parents=True, exist_ok=True)
    cluster = Cluster(pods, set(allowed), folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*write_certificate(folder))
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(cluster))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    cluster.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield cluster
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _handler(cluster: Cluster) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            """Answer whatever the method is."""
            self.rfile.read(int(self.headers.get("content-length", "0")))
            names = {name.lower(): value for name, value in self.headers.items()}
            status, document = cluster.answer(self.command, self.path, names)
            content = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any  # noqa: N815 -- the base's names

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- the base's name
            """Tests read `requests`, not stderr."""

    return Handler
