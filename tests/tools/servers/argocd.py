"""A stub of Argo CD that keeps Applications and operations and refuses as Argo CD does.

Checked against argoproj/argo-cd at 37ee0097: assets/swagger.json for paths, parameters and
forms; server/application/application.go for the order of checks (`getAppEnforceRBAC`, `Sync`);
util/argo/argo.go and server/server.go for the texts and codes of errors.

In: requests of the tools.
Out: answers in the forms of that document, and the operations that were started.
Must not know: the tools' own fences.
"""

from __future__ import annotations

import json
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from servers.stub import Reply, Request, Stub, serving

GETTER = "token-that-gets"
SYNCER = "token-that-syncs"
ACTIONS = {GETTER: {"get"}, SYNCER: {"get", "sync"}}
PROJECT = "stack-3.dev"
HIDDEN = "hidden-value"
SYNC_FIELDS = {
    "appNamespace",
    "dryRun",
    "infos",
    "manifests",
    "name",
    "project",
    "prune",
    "resources",
    "retryStrategy",
    "revision",
    "revisions",
    "sourcePositions",
    "strategy",
    "syncOptions",
}


def _resource(kind: str, name: str, status: str, **more: Any) -> dict[str, Any]:
    return {"group": "", "kind": kind, "namespace": "kafka", "name": name, "status": status, **more}


def application(name: str, project: str = PROJECT, sync: str = "Synced") -> dict[str, Any]:
    """Return an Application with one resource of each sort."""
    return {
        "metadata": {"name": name, "namespace": "argocd"},
        "spec": {
            "project": project,
            "destination": {"server": "https://kubernetes.default.svc", "namespace": "kafka"},
            "sources": [
                {
                    "repoURL": f"https://git:{HIDDEN}@git.example.com/stack.git",
                    "path": "out/kafka",
                    "targetRevision": "main",
                    "ref": "values",
                },
                {
                    "repoURL": "https://charts.example.com",
                    "chart": "kafka",
                    "targetRevision": "1.2.3",
                    "helm": {
                        "releaseName": "kafka",
                        "valueFiles": ["$values/out/values.yaml"],
                        "parameters": [{"name": "auth.password", "value": HIDDEN}],
                        "values": f'replicas: 3\n"auth":\n  password: {HIDDEN}\n# note: x\n',
                        "valuesObject": {"token": HIDDEN},
                    },
                },
            ],
            "syncPolicy": {"syncOptions": ["ServerSideApply=true"]},
        },
        "status": {
            "sync": {"status": sync, "revisions": ["abc", "1.2.3"]},
            "health": {"status": "Degraded" if sync == "OutOfSync" else "Healthy"},
            "operationState": {"phase": "Succeeded", "message": "done", "startedAt": "t0"},
            "reconciledAt": "2026-01-31T12:00:00Z",
            "summary": {"images": ["kafka:4.0.0"]},
            "conditions": [{"type": "ComparisonError", "message": f"https://u:{HIDDEN}@h/ failed"}],
            "history": [
                {"id": number, "deployedAt": f"t{number}", "revision": "abc"}
                for number in range(12)
            ],
            "resources": [
                _resource("Service", "kafka", "Synced", health={"status": "Healthy"}),
                _resource("StatefulSet", "kafka", sync),
                _resource("ConfigMap", "old", sync, requiresPruning=True),
                _resource("Secret", "kafka-users", sync),
                _resource("SealedSecret", "kafka-users", sync),
            ],
        },
    }


TREE = {
    "nodes": [
        {
            "kind": "StatefulSet",
            "namespace": "kafka",
            "name": "kafka",
            "health": {"status": "Progressing", "message": "1 of 3"},
            "images": ["kafka:4.0.0"],
        },
        {"kind": "Pod", "namespace": "kafka", "name": "kafka-0", "health": {"status": "Healthy"}},
        {"kind": "Secret", "namespace": "kafka", "name": "generated"},
    ]
}
EVENTS = {
    "items": [
        {
            "type": "Normal",
            "reason": "OperationStarted",
            "message": "old",
            "lastTimestamp": "2026-01-30T00:00:00Z",
        },
        {
            "type": "Normal",
            "reason": "OperationCompleted",
            "message": "new",
            "lastTimestamp": "2026-01-31T00:00:00Z",
            "count": 2,
        },
    ]
}


def _managed(kind: str, live: Any, target: Any) -> dict[str, Any]:
    texts = {"normalizedLiveState": json.dumps(live), "predictedLiveState": json.dumps(target)}
    return {"kind": kind, "namespace": "kafka", "name": "kafka", **texts}


def _workload(image: str, password: str) -> dict[str, Any]:
    container = {"image": image, "env": [{"name": "PASSWORD", "value": password}]}
    return {"spec": {"replicas": 3, "template": {"spec": {"containers": [container]}}}}


MANAGED = {
    "items": [
        _managed(
            "StatefulSet", _workload("kafka:3", f"{HIDDEN}-1"), _workload("kafka:4", f"{HIDDEN}-2")
        ),
        _managed("Secret", {"data": {"a": HIDDEN}}, {"data": {"a": "x"}}),
        _managed("ConfigMap", None, {"data": {"a": HIDDEN}}),
        _managed("Service", {"spec": 1}, {"spec": 1}),
    ]
}


class State:
    """What Argo CD remembers."""

    def __init__(self) -> None:
        apps = [
            application("stack-3.dev.kafka", sync="OutOfSync"),
            application("stack-3.dev.valkey"),
            application("stack-3.dev.unlinked"),
            application("stack-3.dev.foreign", project="other"),
            application("other-app", project="other"),
        ]
        self.apps = {app["metadata"]["name"]: app for app in apps}
        self.operations: list[tuple[str, dict[str, Any]]] = []
        self.window_open = True


class DeniedError(Exception):
    """A gRPC status with the HTTP status the gateway makes of it."""

    def __init__(self, status: int, code: int, text: str) -> None:
        super().__init__(text)
        self.reply = Reply(status, {"error": text, "code": code, "message": text})


@contextmanager
def running(state: State) -> Generator[Stub]:
    """Serve the Applications of a state."""

    def answer(request: Request) -> Reply:
        try:
            return _answer(state, request)
        except DeniedError as denied:
            return denied.reply

    with serving(answer) as stub:
        yield stub


def _answer(state: State, request: Request) -> Reply:
    token = request.headers.get("authorization", "").removeprefix("Bearer ")
    if not token:
        raise DeniedError(401, 16, "no session information")
    if token not in ACTIONS:
        raise DeniedError(401, 16, "invalid session: token is malformed")
    if request.path[:3] != ("api", "v1", "applications"):
        raise DeniedError(403, 7, "permission denied")
    match (request.method, request.path[3:]):
        case ("GET", ()):
            return _list(state, request)
        case ("GET", (name,)):
            return Reply(200, _get(state, request.first("project"), name))
        case ("GET", (name, "resource-tree" | "events" | "managed-resources" as part)):
            _get(state, request.first("project"), name)
            return Reply(
                200, {"resource-tree": TREE, "events": EVENTS, "managed-resources": MANAGED}[part]
            )
        case ("POST", (name, "sync")):
            return _sync(state, request, name, ACTIONS[token])
        case _:
            raise DeniedError(404, 5, "Not Found")


def _list(state: State, request: Request) -> Reply:
    """Applications of other projects are left out, since the role has no grant for them."""
    wanted = request.every("projects")
    items = [
        app
        for app in state.apps.values()
        if app["spec"]["project"] == PROJECT and (not wanted or PROJECT in wanted)
    ]
    return Reply(200, {"metadata": {}, "items": items or None})


def _get(state: State, project: str, name: str) -> dict[str, Any]:
    if project not in {"", PROJECT}:
        raise DeniedError(403, 7, "permission denied")
    app = state.apps.get(name)
    if app is None or app["spec"]["project"] != PROJECT:
        text = f'applications.argoproj.io "{name}" not found'
        raise DeniedError(404, 5, text) if project else DeniedError(403, 7, "permission denied")
    return app


def _sync(state: State, request: Request, name: str, actions: set[str]) -> Reply:
    unknown = set(request.body) - SYNC_FIELDS
    if unknown:
        raise DeniedError(400, 3, f"unknown field {unknown.pop()}")
    app = _get(state, request.body.get("project", ""), name)
    if not state.window_open:
        raise DeniedError(403, 7, "cannot sync: blocked by sync window")
    if "sync" not in actions:
        raise DeniedError(403, 7, "permission denied: applications, sync")
    if app.get("operation"):
        raise DeniedError(400, 9, "another operation is already in progress")
    state.operations.append((name, request.body))
    sync = {"prune": request.body.get("prune", False), "dryRun": request.body.get("dryRun", False)}
    app["operation"] = {"sync": sync}
    return Reply(200, app)
