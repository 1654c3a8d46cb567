"""Which tool reads which document of a backend.

In: the documents beside this file.
Out: `CASES`: a tool, its arguments, the document that a path answers with, and its frame: the
parts without which there is no answer at all.
Must not know: what a tool makes of a document.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from samples.documents import (
    ALERT,
    BINDING,
    CONNECTION,
    ELEMENTS,
    EVENT,
    HYDRATOR,
    JAEGER_TRACES,
    LABELS,
    LISTED,
    LOKI_BESIDE,
    MANAGED,
    MATRIX,
    NEW_EVENT,
    NODE,
    OLD_ROWS,
    OVERVIEW,
    QUEUE,
    RATE,
    RESOURCE,
    RULE,
    SELECTOR,
    SOURCE,
    STATS,
    STREAM,
    TARGET,
    TEMPO_FOUND,
    TEMPO_TRACE,
    VECTOR,
    Facts,
    application,
    ok,
)

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Case:
    """One tool and the document that it reads; other paths answer as `beside` says."""

    kind: str
    tool: str
    document: Any
    arguments: Facts = field(default_factory=dict[str, Any])
    frame: tuple[Path, ...] = ((),)
    path: str = ""
    beside: Facts = field(default_factory=dict[str, Any])

    def __str__(self) -> str:
        return f"{self.tool}-{'-'.join(map(str, self.arguments.values()))}"


OWN = ((), ("spec",), ("spec", "project"), ("metadata",), ("metadata", "name"))
OWN_ITEMS = ((), ("items",))


def _page(*rows: Any) -> Facts:
    return {"items": list(rows), "page": 1, "page_count": 1}


ITEMS = ((), ("items",), ("page_count",))
DATA = ((), ("status",), ("data",))
RESULT = (*DATA, ("data", "result"), ("data", "resultType"))
ENVELOPE = ((), ("data",))
TAGS = ((), ("tagValues",))
TEMPO_SPANS = ((), ("trace", "resourceSpans"))
TRACE_NAMES: dict[str, Facts] = {"trace_services": {}, "trace_operations": {"service": "kafka"}}

CASES = [
    Case("prometheus", "prom_query", VECTOR, {"query": "up"}, RESULT),
    Case("prometheus", "prom_query_range", MATRIX, {"query": "up", "start": "now-1h"}, RESULT),
    Case("prometheus", "prom_alerts", ok({"alerts": [ALERT]}), {}, (*DATA, ("data", "alerts"))),
    Case(
        "prometheus",
        "prom_targets",
        ok({"activeTargets": [TARGET]}),
        {},
        (*DATA, ("data", "activeTargets")),
    ),
    Case(
        "prometheus",
        "prom_rules",
        ok({"groups": [{"name": "g", "rules": [RULE]}]}),
        {},
        (*DATA, ("data", "groups")),
    ),
    Case(
        "prometheus",
        "prom_cardinality",
        ok(
            {
                "headStats": {"numSeries": 5},
                "seriesCountByMetricName": [{"name": "a", "value": 1}],
                "labelValueCountByLabelName": [],
            }
        ),
        {},
        DATA,
    ),
    Case("prometheus", "prom_label_values", ok(["a", "http://u:p@h"]), {"label": "job"}, DATA),
    Case("prometheus", "prom_series", ok([LABELS]), {"match": ["up"]}, DATA),
    Case(
        "prometheus",
        "prom_metrics",
        ok({"up": [{"type": "gauge", "help": "h", "unit": ""}], "x": []}),
        {},
        DATA,
    ),
    Case(
        "loki",
        "loki_query",
        VECTOR,
        {"logql": f"count_over_time({SELECTOR}[5m])"},
        RESULT,
        "query",
        LOKI_BESIDE,
    ),
    Case(
        "loki",
        "loki_query_range",
        ok({"resultType": "streams", "result": [STREAM]}, warnings=["w"]),
        {"logql": SELECTOR},
        RESULT,
        "query_range",
        LOKI_BESIDE,
    ),
    Case(
        "loki",
        "loki_query_range",
        MATRIX,
        {"logql": f"rate({SELECTOR}[5m])"},
        RESULT,
        "query_range",
        LOKI_BESIDE,
    ),
    Case(
        "loki",
        "loki_errors",
        ok({"resultType": "streams", "result": [STREAM]}),
        {"component": "kafka"},
        RESULT,
        "query_range",
        LOKI_BESIDE,
    ),
    Case("loki", "loki_labels", ok(["a"]), {}, DATA),
    Case("loki", "loki_label_values", ok(["a"]), {"label": "app"}, DATA),
    Case("loki", "loki_series", ok([{"app": "a"}]), {"match": SELECTOR}, DATA),
    Case("loki", "loki_stats", STATS, {"match": SELECTOR}, ((), ("bytes",))),
    *(
        Case("tempo", tool, {"tagValues": [{"type": "string", "value": "a"}]}, arguments, TAGS)
        for tool, arguments in TRACE_NAMES.items()
    ),
    Case("tempo", "trace_search", TEMPO_FOUND, {"service": "kafka"}, ((), ("traces",))),
    Case("tempo", "trace_errors", TEMPO_FOUND, {"component": "kafka"}, ((), ("traces",))),
    Case("tempo", "trace_get", TEMPO_TRACE, {"trace_id": "a1"}, TEMPO_SPANS),
    Case("jaeger", "trace_services", {"data": ["a"]}, {}, ENVELOPE),
    Case("jaeger", "trace_operations", {"data": [{"name": "a"}]}, {"service": "a"}, ENVELOPE),
    Case("jaeger", "trace_search", JAEGER_TRACES, {"service": "kafka"}, ENVELOPE),
    Case("jaeger", "trace_errors", JAEGER_TRACES, {"component": "kafka"}, ENVELOPE),
    Case("jaeger", "trace_get", JAEGER_TRACES, {"trace_id": "a1"}, ENVELOPE),
    *(
        Case(
            "grafana",
            "grafana_get_dashboard",
            document,
            {"uid": uid, "view": view},
            ((), ("dashboard",)),
        )
        for uid, document in (("old", OLD_ROWS), ("listed", LISTED), ("v2", ELEMENTS))
        for view in ("summary", "panels", "variables", "json")
    ),
    *(
        Case(
            "grafana",
            "grafana_get_panel_queries",
            document,
            {"uid": uid, "panel_id": 1},
            ((), ("dashboard",)),
        )
        for uid, document in (("old", OLD_ROWS), ("listed", LISTED), ("v2", ELEMENTS))
    ),
    Case("grafana", "grafana_link", LISTED, {"uid": "u"}, ((), ("dashboard",))),
    Case(
        "grafana",
        "grafana_list_dashboards",
        [{"uid": "u", "title": "t", "type": "dash-db", "tags": ["a"]}],
        {},
    ),
    Case(
        "grafana", "grafana_list_folders", [{"uid": "u", "title": "t", "type": "dash-folder"}], {}
    ),
    Case(
        "grafana",
        "grafana_list_datasources",
        [{"uid": "u", "name": "n", "type": "t", "isDefault": True}],
        {},
    ),
    Case(
        "grafana",
        "grafana_get_alerts",
        {"data": {"alerts": [{**ALERT, "state": "Alerting (NoData)"}]}},
        {},
        ((), ("data",), ("data", "alerts")),
    ),
    Case(
        "argo_cd",
        "argocd_list_applications",
        {"items": [application(source=SOURCE)]},
        {},
        OWN_ITEMS,
    ),
    Case("argo_cd", "argocd_list_projects", {"items": [application(source=SOURCE)]}, {}, OWN_ITEMS),
    *(
        Case(
            "argo_cd",
            "argocd_get_application",
            application(**spec),
            {"app": "kafka", "view": view},
            OWN,
        )
        for spec in (
            {"source": SOURCE},
            {"sources": [SOURCE, {"repoURL": "r"}]},
            {"sourceHydrator": HYDRATOR},
            {},
        )
        for view in ("summary", "sources", "history")
    ),
    Case(
        "argo_cd",
        "argocd_get_app_resources",
        {"nodes": [RESOURCE, {"kind": "Secret"}]},
        {"app": "kafka"},
        ((),),
        "resource-tree",
        {"api/v1/applications/stack-3.dev.kafka": application(source=SOURCE)},
    ),
    Case(
        "argo_cd",
        "argocd_get_app_events",
        {"items": [EVENT, NEW_EVENT]},
        {"app": "kafka"},
        OWN_ITEMS,
    ),
    Case(
        "argo_cd",
        "argocd_get_app_diff",
        {"items": [MANAGED, {**MANAGED, "kind": "Service"}]},
        {"app": "kafka"},
        OWN_ITEMS,
    ),
    Case("rabbitmq", "rabbitmq_overview", OVERVIEW, {}),
    Case("rabbitmq", "rabbitmq_health", [NODE], {}),
    Case("rabbitmq", "rabbitmq_list_queues", _page(QUEUE, {"name": "other"}), {}, ITEMS),
    Case(
        "rabbitmq",
        "rabbitmq_list_queues",
        _page(QUEUE, {"name": "other"}),
        {"min_depth": 1, "sort": "publish_rate"},
        ITEMS,
    ),
    Case("rabbitmq", "rabbitmq_get_queue", QUEUE, {"queue": "orders"}),
    Case(
        "rabbitmq",
        "rabbitmq_trace_dead_letters",
        QUEUE,
        {"queue": "orders"},
        ((),),
        "queues/app/orders",
        {
            "api/exchanges/app/dlx": {"type": "direct"},
            "api/exchanges/app/dlx/bindings/source": [BINDING],
        },
    ),
    Case(
        "rabbitmq",
        "rabbitmq_list_exchanges",
        _page({"name": "events", "type": "topic", "message_stats": {"publish_in_details": RATE}}),
        {},
        ITEMS,
    ),
    Case("rabbitmq", "rabbitmq_list_bindings", [BINDING], {}),
    Case(
        "rabbitmq", "rabbitmq_list_bindings", [BINDING], {"queue": "orders", "exchange": "events"}
    ),
    Case("rabbitmq", "rabbitmq_list_connections", [CONNECTION], {}),
    Case(
        "fastapi",
        "api_call",
        {"id": 5, "name": "x", "rows": [{"a": [1, {"b": None}]}]},
        {"operation_id": "read"},
    ),
    Case("fastapi", "api_call", [{"a": 1}, {"a": "x"}], {"operation_id": "read"}),
    Case(
        "stack_agent",
        "list_components",
        {"results": [{"component": "a", "type": "t"}], "next_cursor": None},
        {},
        ((), ("results",)),
    ),
    Case(
        "stack_agent",
        "get_stack_structure",
        {
            "components": [{"name": "a", "links_to": [{"to": "b", "type": "t"}]}],
            "links": [{"from": "a", "to": "b", "type": "t"}],
        },
        {},
    ),
    Case(
        "stack_agent",
        "blast_radius",
        {
            "components": [{"name": "a", "links_to": [{"to": "b", "type": "t"}]}],
            "links": [{"from": "a", "to": "b", "type": "t"}],
        },
        {"component": "kafka"},
    ),
    Case(
        "stack_agent",
        "get_available_fields",
        {"fields": [{"name": "host", "value": "h"}]},
        {"component": "kafka"},
    ),
]
