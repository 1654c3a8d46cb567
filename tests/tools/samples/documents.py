"""Answers of HTTP backends, in old and new forms.

In: nothing.
Out: documents as each product writes them, by name.
Must not know: which tool reads them.
"""

from __future__ import annotations

from typing import Any

Facts = dict[str, Any]


def ok(data: Any, **more: Any) -> Facts:
    """Return an answer as Prometheus and Loki wrap it."""
    return {"status": "success", "data": data, **more}


LABELS = {"job": "kafka", "instance": "http://u:p@h:1/", "component": "kafka"}
HISTOGRAM = {"count": "3", "sum": "4.5", "buckets": [[0, "1", "2", "3"]]}
VECTOR = ok(
    {
        "resultType": "vector",
        "result": [
            {"metric": LABELS, "value": [1.5, "1.7e308"]},
            {"metric": {}, "histogram": [1.5, HISTOGRAM]},
        ],
    },
    warnings=["partial"],
    infos=["info"],
)
MATRIX = ok(
    {
        "resultType": "matrix",
        "result": [
            {"metric": LABELS, "values": [[1, "1.7e308"], [2, "1.7e308"], [3, "NaN"]]},
            {"metric": {}, "histograms": [[1, HISTOGRAM], [2, HISTOGRAM]]},
        ],
    }
)
ALERT = {
    "labels": LABELS,
    "annotations": {"a": "b"},
    "state": "firing",
    "activeAt": "t",
    "value": "1",
}
RULE = {
    "name": "Down",
    "type": "alerting",
    "query": "up == 0",
    "health": "ok",
    "state": "firing",
    "duration": 60,
    "labels": {"s": "c"},
    "alerts": [ALERT],
    "lastError": "x",
}
TARGET = {
    "labels": LABELS,
    "discoveredLabels": {"a": "b"},
    "health": "up",
    "lastError": "e",
    "scrapeUrl": "http://u:p@h:1/m?t=1",
    "scrapePool": "kafka",
    "lastScrape": "t",
}
STREAM = {
    "stream": {"app": "kafka"},
    "values": [["1700000000000000001", "line"], ["2", "b", {"structuredMetadata": {"trace": "1"}}]],
}
STATS = {"streams": 1, "chunks": 1, "entries": 2, "bytes": 100}
LOKI_BESIDE = {"loki/api/v1/index/stats": STATS}
SELECTOR = '{namespace="kafka"}'

TEMPO_FOUND: Facts = {
    "traces": [
        {
            "traceID": "a1",
            "rootServiceName": "kafka",
            "rootTraceName": "GET /",
            "startTimeUnixNano": "1700000000123456789",
            "durationMs": 5,
            "serviceStats": {"kafka": {"spanCount": 2, "errorCount": 1}},
        }
    ],
    "metrics": {},
}
TEMPO_SPAN = {
    "traceId": "AAAAAAAAAAAAAAAAAAAAoQ==",
    "spanId": "AAAAAAAAAKE=",
    "parentSpanId": "AAAAAAAAAKI=",
    "name": "GET /",
    "kind": "SPAN_KIND_SERVER",
    "startTimeUnixNano": "1700000000123456789",
    "endTimeUnixNano": "1700000000223456789",
    "attributes": [{"key": "http.route", "value": {"stringValue": "/"}}],
    "status": {"code": "STATUS_CODE_ERROR"},
}
TEMPO_SERVICE = [{"key": "service.name", "value": {"stringValue": "kafka"}}]
TEMPO_TRACE: Facts = {
    "trace": {
        "resourceSpans": [
            {
                "resource": {"attributes": TEMPO_SERVICE},
                "scopeSpans": [{"scope": {}, "spans": [TEMPO_SPAN]}],
            }
        ]
    }
}
JAEGER_SPAN = {
    "traceID": "a1",
    "spanID": "b1",
    "operationName": "GET /",
    "references": [{"refType": "CHILD_OF", "traceID": "a1", "spanID": "b2"}],
    "startTime": 1700000000123456,
    "duration": 1000,
    "tags": [{"key": "error", "type": "bool", "value": True}],
    "processID": "p1",
}
JAEGER_TRACES: Facts = {
    "data": [
        {"traceID": "a1", "spans": [JAEGER_SPAN], "processes": {"p1": {"serviceName": "kafka"}}}
    ],
    "errors": None,
}

PANEL = {
    "id": 1,
    "title": "Lag",
    "type": "graph",
    "datasource": "Prometheus",
    "targets": [{"refId": "A", "expr": "up", "datasource": {"type": "p", "uid": "u"}}],
}
VARIABLE = {
    "name": "ns",
    "type": "query",
    "label": "NS",
    "query": {"q": 1},
    "current": {"value": ["a"]},
    "options": [{"value": "a"}],
}
OLD_ROWS: Facts = {
    "dashboard": {
        "title": "old",
        "rows": [{"title": "r", "panels": [PANEL, {"id": 2, "title": "b"}]}],
    },
    "meta": {"folderTitle": "f"},
}
LISTED: Facts = {
    "dashboard": {
        "uid": "u",
        "title": "t",
        "description": "d",
        "tags": ["a"],
        "version": 3,
        "time": {"from": "now-1h"},
        "refresh": "5s",
        "panels": [
            {"type": "row", "panels": [PANEL, {"type": "row", "panels": [{**PANEL, "id": 2}]}]},
            {"id": 3, "libraryPanel": {"uid": "l", "name": "Library"}},
        ],
        "templating": {"list": [VARIABLE]},
    },
    "meta": {"folderTitle": "f", "updated": "t"},
}
ELEMENT = {
    "kind": "Panel",
    "spec": {
        "id": 1,
        "title": "New",
        "vizConfig": {"kind": "timeseries"},
        "data": {
            "kind": "QueryGroup",
            "spec": {
                "queries": [
                    {
                        "kind": "PanelQuery",
                        "spec": {
                            "refId": "A",
                            "hidden": False,
                            "query": {
                                "kind": "prometheus",
                                "datasource": {"name": "ds"},
                                "spec": {"expr": "up"},
                            },
                        },
                    }
                ]
            },
        },
    },
}
ELEMENTS: Facts = {
    "dashboard": {
        "title": "v2",
        "elements": {"panel-1": ELEMENT},
        "variables": [{"kind": "QueryVariable", "spec": {"name": "ns", "current": {"value": "a"}}}],
    },
    "meta": {},
}

SOURCE: Facts = {
    "repoURL": "https://u:p@git/r",
    "path": "p",
    "targetRevision": "HEAD",
    "chart": "c",
    "ref": "r",
    "helm": {
        "releaseName": "r",
        "valueFiles": ["v.yaml"],
        "parameters": [{"name": "a", "value": "s"}],
        "values": "a: 1\n",
        "valuesObject": {"b": 2},
    },
    "kustomize": {"images": ["i"]},
    "plugin": {"name": "n"},
}
RESOURCE = {
    "group": "apps",
    "kind": "Deployment",
    "namespace": "kafka",
    "name": "kafka",
    "status": "OutOfSync",
    "health": {"status": "Healthy", "message": "m"},
}


def application(**spec: Any) -> Facts:
    """Return an Application of the stack's project with a source as given."""
    return {
        "metadata": {"name": "stack-3.dev.kafka"},
        "spec": {
            "project": "stack-3.dev",
            "destination": {"namespace": "kafka"},
            "syncPolicy": {"automated": {"enabled": False}, "syncOptions": ["a=b"]},
            **spec,
        },
        "status": {
            "sync": {"status": "Synced", "revisions": ["a", "b"]},
            "health": {"status": "Healthy", "message": "m"},
            "operationState": {"phase": "Succeeded", "message": "m", "startedAt": "t"},
            "history": [{"id": 1, "deployedAt": "t", "revision": "a"}],
            "resources": [RESOURCE],
            "summary": {"images": ["i"]},
            "reconciledAt": "t",
            "conditions": [{"type": "t", "message": "m"}],
        },
    }


HYDRATOR = {
    "drySource": {"repoURL": "https://git/r", "path": "p", "targetRevision": "HEAD"},
    "syncSource": {"targetBranch": "env/prod", "path": "p"},
}
EVENT = {"lastTimestamp": "t", "type": "Normal", "reason": "r", "message": "m", "count": 2}
NEW_EVENT = {"eventTime": "t", "note": "n", "series": {"count": 3, "lastObservedTime": "u"}}
MANAGED = {
    "kind": "Deployment",
    "namespace": "kafka",
    "name": "kafka",
    "normalizedLiveState": '{"spec":{"replicas":1}}',
    "predictedLiveState": '{"spec":{"replicas":2}}',
}

RATE = {"rate": 1.5}
QUEUE: Facts = {
    "name": "orders",
    "type": "quorum",
    "state": "running",
    "messages": 2,
    "messages_ready": 2,
    "messages_unacknowledged": 0,
    "consumers": 1,
    "memory": 10,
    "policy": "p",
    "durable": True,
    "arguments": {"x-queue-type": "quorum", "x-dead-letter-exchange": "dlx"},
    "effective_policy_definition": [],
    "message_stats": {"publish_details": RATE, "deliver_get_details": RATE},
    "consumer_details": [{"consumer_tag": "t", "channel_details": {"user": "u"}}],
    "members": ["a"],
    "online": ["a"],
    "node": "a",
}
BINDING: Facts = {
    "source": "events",
    "destination": "orders",
    "destination_type": "queue",
    "routing_key": "k",
    "arguments": {},
}
NODE: Facts = {
    "name": "rabbit@a",
    "running": True,
    "mem_alarm": False,
    "disk_free_alarm": False,
    "partitions": [],
    "mem_used": 1,
    "uptime": 1,
}
CONNECTION = {
    "name": "c",
    "user": "u",
    "state": "running",
    "client_properties": {"connection_name": "n"},
    "recv_oct_details": RATE,
    "send_oct_details": RATE,
    "channels": 1,
}
OVERVIEW: Facts = {
    "rabbitmq_version": "4.2.6",
    "erlang_version": "27",
    "cluster_name": "c",
    "object_totals": {"queues": 1},
    "queue_totals": {"messages": 1},
    "message_stats": {"publish_details": RATE},
}
