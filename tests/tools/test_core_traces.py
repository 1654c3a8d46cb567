"""Spans: what a collector is told of a call, in whose trace, and what it is never told."""

from __future__ import annotations

import json
import threading
from collections.abc import Generator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, cast

import pytest
from opentelemetry import trace
from opentelemetry.trace import SpanKind, StatusCode

from core_client import Session
from core_server import make_pod, running
from stacktic_mcp.core.settings import Settings, SettingsError
from stacktic_mcp.core.traces import ATTRIBUTES, MAX_CHARACTERS, OwnProvider
from stacktic_mcp.core.traces_export import MAX_OF_ONE_REQUEST, MAX_WAITING, Exporter, export_traces

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = "b7ad6b7169203331"


class Collector(HTTPServer):
    """A collector that keeps what it is sent."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.bodies: list[dict[str, Any]] = []
        self.raw = b""
        self.status = 200

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def spans(self) -> list[dict[str, Any]]:
        scopes = [scope for body in self.bodies for scope in body["resourceSpans"][0]["scopeSpans"]]
        return [span for scope in scopes for span in scope["spans"]]


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        collector = cast("Collector", self.server)
        raw = self.rfile.read(int(self.headers["content-length"]))
        assert self.path == "/v1/traces"
        if collector.status == 200:
            collector.raw += raw
            collector.bodies.append(json.loads(raw))
        self.send_response(collector.status)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- its name
        """Say nothing."""


@pytest.fixture
def collector() -> Generator[Collector]:
    server = Collector()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def facts_of(span: dict[str, Any]) -> dict[str, str]:
    return {fact["key"]: fact["value"]["stringValue"] for fact in span["attributes"]}


def call(tool: str, arguments: dict[str, Any], **meta: str) -> dict[str, Any]:
    return {"name": tool, "arguments": arguments, "_meta": meta}


def test_a_call_is_a_span_in_the_trace_of_its_caller(tmp_path: Path, collector: Collector) -> None:
    pod = make_pod(tmp_path)
    pod.environ["MCP_OTEL_ENDPOINT"] = collector.address
    pod.environ["MCP_OTEL_SERVICE_NAME"] = "fastmcp"
    pod.environ["MCP_OTEL_RESOURCE_ATTRIBUTES"] = "service.namespace=stack-3"
    with running(pod) as server:
        tool = pod.read("tools.lock.json")["tools"][0]["name"]
        secret = "argument-that-no-span-has"
        parent = f"00-{TRACE}-{PARENT}-01"
        session = Session.opened(server)
        session.send("tools/call", call(tool, {"unknown": secret}, traceparent=parent))
        session.send("tools/call", call("no_such_tool", {"x": secret}, traceparent="hostile"))
        session.send("tools/call", call(tool, {}, traceparent=f"00-{TRACE}-{PARENT}-00"))
        audit = [line for line in server.audit() if line["method"] == "tools/call"]
    spans = [span for span in collector.spans() if "tools/call" in span["name"]]
    assert len(spans) == 2, "one that its caller does not sample is not sampled"
    first, second = spans
    assert (first["traceId"], first["parentSpanId"]) == (TRACE, PARENT)
    assert first["name"] == f"tools/call {tool}"
    assert first["kind"] == 2
    assert int(first["endTimeUnixNano"]) >= int(first["startTimeUnixNano"])
    facts = facts_of(first)
    assert facts["stacktic.decision"] == audit[0]["decision"] == "denied"
    assert facts["stacktic.code"] == audit[0]["code"] == "E_ARG"
    assert facts["stacktic.key"] == "first"
    assert facts.get("stacktic.link", "") == audit[0]["link"]
    assert second["traceId"] != TRACE
    assert "parentSpanId" not in second
    assert facts_of(second)["stacktic.code"] == "E_SCOPE"
    assert second["status"] == {"code": 2}
    resource = facts_of(collector.bodies[0]["resourceSpans"][0]["resource"])
    assert resource == {"service.name": "fastmcp", "service.namespace": "stack-3"}
    assert secret.encode() not in collector.raw


def test_a_span_keeps_a_closed_list_and_no_text_of_errors() -> None:
    told: list[dict[str, Any]] = []
    tracer = OwnProvider(told.append).get_tracer("x")
    with pytest.raises(ValueError, match="quoted"), tracer.start_as_current_span("a") as span:
        span.set_attribute("tool.arguments", "quoted")
        span.set_attribute("gen_ai.tool.name", "x" * 1000)
        span.add_event("quoted", {"exception.message": "quoted"})
        span.record_exception(ValueError("quoted"))
        span.set_status(StatusCode.ERROR, "quoted")
        inner = tracer.start_span("b", kind=SpanKind.CLIENT)
        inner.end()
        inner.end()
        message = "quoted"
        raise ValueError(message)
    assert not span.is_recording()
    assert [one["name"] for one in told] == ["b", "a"]
    assert told[0]["parentSpanId"] == told[1]["spanId"]
    assert told[0]["kind"] == 3
    assert "quoted" not in json.dumps(told)
    facts = facts_of(told[1])
    assert facts == {"gen_ai.tool.name": "x" * MAX_CHARACTERS}
    assert set(facts) <= ATTRIBUTES
    assert trace.get_current_span().get_span_context().is_valid is False


def test_a_collector_that_is_away_costs_its_spans_and_nothing_else(collector: Collector) -> None:
    exporter = Exporter(f"{collector.address}/v1/traces", {})
    for number in range(MAX_WAITING + 100):
        exporter.take({"name": str(number)})
    collector.status = 503
    exporter.send()
    collector.status = 200
    exporter.send()
    kept = collector.spans()
    assert len(kept) == MAX_WAITING - MAX_OF_ONE_REQUEST
    assert kept[0]["name"] == str(100 + MAX_OF_ONE_REQUEST)
    lost = Exporter("http://127.0.0.1:9/v1/traces", {})
    lost.take({"name": "x"})
    lost.send()


def test_without_a_link_nothing_is_told() -> None:
    assert export_traces(Settings({})) is None
    with pytest.raises(SettingsError, match="is no address"):
        export_traces(Settings({"MCP_OTEL_ENDPOINT": "file:///etc"}))
