"""A stub of Grafana that keeps annotations, knows two roles and refuses as Grafana does.

Checked against grafana/grafana: docs/sources/developers/http_api/annotations.md (at 00f489db),
folder_dashboard_search.md (at 03a3fbd1), excerpts of data_source.md of the same folder,
pkg/services/ngalert/api/tooling/definitions/prom.go (at 05318dcc), and
pkg/api/accesscontrol.go (at 008ba602) for what Viewer and Editor may do. Not checked against a
document: the form of a dashboard, and the bodies of 401, 403 and 404.

In: requests of the tools.
Out: answers in the forms of those documents, and the annotations that were made.
Must not know: the tools' own fences.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from servers.stub import Reply, Request, Stub, serving

VIEWER = "glsa_viewer_token"
EDITOR = "glsa_editor_token"
ROLES = {VIEWER: "Viewer", EDITOR: "Editor"}
HIDDEN = "hidden-setting"
NO_PERMISSION = (
    "You'll need additional permissions to perform this action. "
    "Permissions needed: annotations:create"
)

DASHBOARD: dict[str, Any] = {
    "uid": "kafka-overview",
    "title": "Kafka overview",
    "description": f"See https://wiki.example.com/{HIDDEN}",
    "tags": ["kafka"],
    "version": 3,
    "refresh": "30s",
    "time": {"from": "now-6h", "to": "now"},
    "links": [{"title": "out", "url": f"https://example.com/{HIDDEN}"}],
    "templating": {
        "list": [
            {
                "name": "topic",
                "type": "query",
                "query": "label_values(topic)",
                "current": {"value": "orders"},
                "options": [{"value": str(number)} for number in range(30)],
            }
        ]
    },
    "panels": [
        {
            "id": 1,
            "title": "Lag",
            "type": "timeseries",
            "datasource": {"type": "prometheus", "uid": "prom"},
            "targets": [{"refId": "A", "expr": "sum(kafka_lag)", "legendFormat": "{{topic}}"}],
            "options": {"url": f"https://example.com/{HIDDEN}"},
        },
        {
            "id": 2,
            "type": "row",
            "title": "Logs",
            "panels": [
                {
                    "id": 3,
                    "title": "Errors",
                    "type": "logs",
                    "datasource": "Loki",
                    "targets": [{"refId": "A", "query": '{app="kafka"}', "hide": True}],
                }
            ],
        },
    ],
}
FOLDERS: list[dict[str, Any]] = [
    {
        "id": 1,
        "uid": "infra",
        "title": "Infra",
        "url": "/dashboards/f/infra",
        "type": "dash-folder",
    },
    {
        "id": 2,
        "uid": "broker",
        "title": "Broker",
        "url": "/dashboards/f/broker",
        "type": "dash-folder",
        "folderUid": "infra",
        "folderTitle": "Infra",
    },
]
DASHBOARDS: list[dict[str, Any]] = [
    {
        "id": 3,
        "uid": "kafka-overview",
        "title": "Kafka overview",
        "uri": "db/kafka-overview",
        "url": "/d/kafka-overview/kafka-overview",
        "type": "dash-db",
        "tags": ["kafka"],
        "folderUid": "broker",
        "folderTitle": "Broker",
        "folderUrl": "/dashboards/f/broker",
    },
    {"id": 4, "uid": "home", "title": "Home", "url": "/d/home/home", "type": "dash-db", "tags": []},
]
DATASOURCES: list[dict[str, Any]] = [
    {
        "id": 1,
        "uid": "prom",
        "orgId": 1,
        "name": "Prometheus",
        "type": "prometheus",
        "access": "proxy",
        "url": f"http://user:{HIDDEN}@prometheus:9090",
        "user": HIDDEN,
        "database": "",
        "basicAuth": True,
        "isDefault": True,
        "jsonData": {"httpHeaderName1": HIDDEN},
        "readOnly": True,
    },
]


def _alert(state: str, name: str) -> dict[str, Any]:
    annotations = {"summary": f"{name} is off", "runbook_url": f"https://example.com/{HIDDEN}"}
    labels = {"alertname": name, "severity": "warning"}
    active = None if state == "Normal" else "2026-01-31T12:00:00Z"
    return {
        "labels": labels,
        "annotations": annotations,
        "state": state,
        "activeAt": active,
        "value": "1",
    }


ALERTS = [_alert("Alerting", "Lag"), _alert("Pending", "Disk"), _alert("Normal", "Heap")]


class State:
    """What Grafana remembers."""

    def __init__(self) -> None:
        self.annotations: list[dict[str, Any]] = []


@contextmanager
def running(state: State) -> Generator[Stub]:
    """Serve one dashboard, its neighbours and the annotations of a state."""
    with serving(lambda request: _answer(state, request)) as stub:
        yield stub


def _answer(state: State, request: Request) -> Reply:
    role = ROLES.get(request.headers.get("authorization", "").removeprefix("Bearer "))
    if role is None:
        return Reply(
            401, {"message": "Invalid API key", "messageId": "api-key.invalid", "statusCode": 401}
        )
    match (request.method, request.path):
        case ("GET", ("api", "search")):
            return _search(request)
        case ("GET", ("api", "dashboards", "uid", uid)):
            known = uid == DASHBOARD["uid"]
            found = {"dashboard": DASHBOARD, "meta": {"folderTitle": "Broker", "url": "/d/x"}}
            return Reply(200, found) if known else Reply(404, {"message": "Dashboard not found"})
        case ("GET", ("api", "datasources")):
            return Reply(200, DATASOURCES)
        case ("GET", ("api", "prometheus", "grafana", "api", "v1", "alerts")):
            return Reply(200, {"status": "success", "data": {"alerts": ALERTS}})
        case ("POST", ("api", "annotations")):
            return _annotate(state, request, role)
        case _:
            return Reply(404, {"message": "Not found"})


def _search(request: Request) -> Reply:
    hits = FOLDERS if request.first("type") == "dash-folder" else DASHBOARDS
    query, tags = request.first("query").lower(), request.every("tag")
    chosen = [
        hit
        for hit in hits
        if query in hit["title"].lower() and all(tag in hit.get("tags", []) for tag in tags)
    ]
    return Reply(200, chosen[: int(request.first("limit", "1000"))])


def _annotate(state: State, request: Request, role: str) -> Reply:
    if role == "Viewer":
        return Reply(403, {"message": NO_PERMISSION, "title": "Access denied"})
    if not request.body.get("text"):
        return Reply(400, {"message": "Failed to save annotation"})
    state.annotations.append(request.body)
    return Reply(200, {"message": "Annotation added", "id": len(state.annotations)})
