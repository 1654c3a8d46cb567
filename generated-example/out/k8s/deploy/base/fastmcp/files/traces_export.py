"""The way of spans to a collector: collected for a moment, then sent in one request.

In: spans that are over, from the loop that serves.
Out: `POST /v1/traces` by a thread of its own. A collector that is away or slow costs its spans and
nothing else: the oldest that wait give way to new ones.
Must not know: what a span is about.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import threading
from collections import deque
from typing import TYPE_CHECKING, Any

import httpx
from opentelemetry import trace

from stacktic_mcp.core.settings import SettingsError
from stacktic_mcp.core.traces import OwnProvider, attributes_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from stacktic_mcp.core.settings import Settings

ENDPOINT = "MCP_OTEL_ENDPOINT"
SERVICE = "MCP_OTEL_SERVICE_NAME"
RESOURCE = "MCP_OTEL_RESOURCE_ATTRIBUTES"
MAX_WAITING = 2048
MAX_OF_ONE_REQUEST = 512
SECONDS = 5.0
# A pod has a minute to end; a busy machine needs seconds for its first request.
LAST_SECONDS = 10.0
SCOPE = {"name": "fastmcp"}

logger = logging.getLogger("stacktic.traces")


class Exporter:
    """Spans that wait for their way."""

    def __init__(self, address: str, resource: dict[str, str]) -> None:
        """Send to an address, in the name of a resource."""
        self._address = address
        self._resource = {"attributes": attributes_of(resource)}
        self._waiting: deque[dict[str, Any]] = deque(maxlen=MAX_WAITING)
        self._over = threading.Event()
        self._told = False
        # Nothing of the environment, and no other place than this one.
        self._client = httpx.Client(trust_env=False, follow_redirects=False, timeout=SECONDS)
        self._thread = threading.Thread(target=self._run, name="traces", daemon=True)

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncGenerator[None]:
        """Send every few seconds until the end of the block, and once more then."""
        self._thread.start()
        try:
            yield
        finally:
            self._over.set()
            await asyncio.to_thread(self._thread.join, LAST_SECONDS)

    def take(self, span: dict[str, Any]) -> None:
        """Let a span wait."""
        self._waiting.append(span)

    def _run(self) -> None:
        while not self._over.wait(SECONDS):
            self.send()
        self.send()

    def send(self) -> None:
        """Send what waits now."""
        while self._waiting:
            count = min(len(self._waiting), MAX_OF_ONE_REQUEST)
            spans = [self._waiting.popleft() for _ in range(count)]
            if not self._sent(spans):
                return

    def _sent(self, spans: list[dict[str, Any]]) -> bool:
        scope = {"scope": SCOPE, "spans": spans}
        body = {"resourceSpans": [{"resource": self._resource, "scopeSpans": [scope]}]}
        headers = {"content-type": "application/json"}
        try:
            answer = self._client.post(
                self._address, content=json.dumps(body).encode("ascii"), headers=headers
            )
            problem = "" if answer.is_success else f"it answers {answer.status_code}"
        except httpx.HTTPError as error:
            problem = type(error).__name__
        if bool(problem) != self._told:
            self._told = bool(problem)
            if problem:
                logger.warning("the collector takes no spans, which are lost: %s", problem)
            else:
                logger.warning("the collector takes spans again")
        return not problem


def export_traces(settings: Settings) -> Exporter | None:
    """Tell spans to the collector that is linked; to nobody where none is."""
    endpoint = settings.value(ENDPOINT, "").rstrip("/")
    if not endpoint:
        return None
    if not endpoint.startswith(("http://", "https://")):
        message = f"`{ENDPOINT}` is no address"
        raise SettingsError(message)
    pairs = (pair.split("=", 1) for pair in settings.value(RESOURCE, "").split(",") if "=" in pair)
    resource = {name.strip(): value.strip() for name, value in pairs}
    resource["service.name"] = settings.value(SERVICE, "mcp")
    exporter = Exporter(f"{endpoint}/v1/traces", resource)
    trace.set_tracer_provider(OwnProvider(exporter.take))
    return exporter
