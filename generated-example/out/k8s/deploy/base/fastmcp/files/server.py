"""The MCP server of one stack: from settings and files to a listening socket.

In: the environment, the secret and configuration directories, the tool files of this package.
Out: `POST /mcp`, `GET /mcp` and `GET /health`, or one sentence on stderr and exit code 1.
Must not know: any single tool file.
"""

from __future__ import annotations

import contextlib
import importlib
import logging
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

import uvicorn
from fastmcp import FastMCP

from stacktic_mcp.core import search
from stacktic_mcp.core.audit import AuditLog, open_audit
from stacktic_mcp.core.callers import Callers
from stacktic_mcp.core.card import load_card
from stacktic_mcp.core.completions import offer_completions
from stacktic_mcp.core.connections import (
    BACKLOG,
    BOTH_FAMILIES,
    HEAD_SECONDS,
    GuardedProtocol,
    open_socket,
)
from stacktic_mcp.core.cursors import CursorSigner
from stacktic_mcp.core.draining import DRAIN_SETTING, DrainingServer
from stacktic_mcp.core.freshness import let_lists_be_kept
from stacktic_mcp.core.gate import Gate
from stacktic_mcp.core.governed import Runtime
from stacktic_mcp.core.identity import ICONS, VERSION, introduce
from stacktic_mcp.core.limits import Limits
from stacktic_mcp.core.lock import (
    LockedTool,
    differences,
    list_ttl_ms,
    load_lock,
    schema_sha256,
)
from stacktic_mcp.core.metrics import Metrics
from stacktic_mcp.core.metrics_port import open_port, tell_state
from stacktic_mcp.core.progress import Watched, WholeUnlessWatched
from stacktic_mcp.core.recorder import CallRecorder
from stacktic_mcp.core.registry import register_modules
from stacktic_mcp.core.settings import Settings, SettingsError
from stacktic_mcp.core.shared_limits import shared_limits
from stacktic_mcp.core.topology import Topology, load_topology
from stacktic_mcp.core.traces_export import export_traces
from stacktic_mcp.core.watch import Watch
from stacktic_mcp.lib.instructions import instructions
from stacktic_mcp.lib.refusal import Refusal

if TYPE_CHECKING:
    import socket
    from collections.abc import Sequence

    from mcp_types import Tool as ListedTool

    from stacktic_mcp.core.toolkit import Toolset

DEFAULT_PORT = 8000
# A tool has 30 s, and its answer some more.
GRACE_SECONDS = 35
SESSION_IDLE_SECONDS = 300.0
LATE_IMPORTS = ("key_value.aio.adapters.pydantic", "key_value.aio.stores.memory")

logger = logging.getLogger("stacktic.server")


@dataclass(frozen=True, eq=False)
class Server:
    """A server that passed every check of its start."""

    mcp: FastMCP
    app: Gate
    audit: AuditLog


class RedactingFormatter(logging.Formatter):
    """Formats log records without the secrets."""

    def __init__(self, settings: Settings) -> None:
        """Take the settings that know the secrets."""
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")
        self._settings = settings

    def format(self, record: logging.LogRecord) -> str:
        """Redact the whole line, a traceback included."""
        return self._settings.redact(super().format(record))


def build_server(settings: Settings, package: Path) -> Server:
    """Check everything, then build; any doubt is a `SettingsError`."""
    settings.check_flags()
    settings.check_secrets()
    topology = load_topology(settings)
    callers = Callers.of(settings, topology)
    audit = open_audit(settings)
    signer = CursorSigner(callers.signing_key)
    watch = Watch(settings, audit)
    admit = watch.widths.ensure
    runtime = Runtime(settings, topology, signer, audit.is_kept, audit.intend, admit)
    toolsets = register_modules(package, runtime)
    locked = load_lock(settings)
    audit.lock = schema_sha256(settings.config("tools.lock.json"))
    closed = {tool.name: tool.gates for tool in locked if not tool.is_open(settings)}
    recorder = CallRecorder(audit, closed, watch.freeze)
    mcp = _build_mcp(topology, toolsets, recorder, watch)
    recorder.tools = {tool.name: tool for toolset in toolsets for tool in toolset.tools}
    if search.is_wanted(locked):
        recorder.searches = True
        mcp.add_transform(search.search_transform())
    _ensure_locked(locked, search.live_tools(mcp, recorder.tools.values()), settings)
    watch.widths.watch(toolsets)
    offer_completions(mcp, toolsets)
    let_lists_be_kept(mcp, list_ttl_ms(settings))
    if not callers.ring().keys and callers.sign_in is None:
        logger.warning("no API key is known: fill MCP_API_KEYS; until then every call is refused")
    app = mcp.http_app(
        path="/mcp",
        json_response=cast("bool", WholeUnlessWatched()),
        session_idle_timeout=SESSION_IDLE_SECONDS,
        host_origin_protection=True,
        allowed_hosts=allowed_hosts(settings, topology),
        allowed_origins=_list(settings, "STACKTIC_ALLOWED_ORIGINS") or None,
    )
    place = f"{topology.stack}.{topology.server}"
    limits = Limits(
        shares=max(1, settings.number("STACKTIC_SHARES", 1)), shared=shared_limits(settings, place)
    )
    metrics = Metrics()
    audit.counted = metrics.count
    beside = (open_port(settings, metrics), export_traces(settings))
    card = load_card(settings)
    gate = Gate(Watched(app), callers, limits, audit, beside, watch.health, card)
    tell_state(metrics, settings, gate.sessions, gate.health)
    return Server(mcp, gate, audit)


def _build_mcp(
    topology: Topology, toolsets: Sequence[Toolset], recorder: CallRecorder, watch: Watch
) -> FastMCP:
    mcp: FastMCP = FastMCP(
        name=topology.stack,
        instructions=instructions(topology.stack, [tools.service() for tools in toolsets]),
        version=VERSION,
        website_url=topology.website,
        icons=ICONS,
        middleware=[recorder, watch.withdrawal],
        lifespan=watch.lifespan,
        mask_error_details=True,
        # Schemas come dereferenced already, and are hashed as they are.
        dereference_schemas=False,
        on_duplicate="error",
    )
    introduce(mcp, topology)
    for toolset in toolsets:
        for tool in toolset.tools:
            mcp.add_tool(tool)
        for prompt in toolset.prompts:
            mcp.add_prompt(prompt)
        for resource in toolset.resources:
            mcp.add_resource(resource)
    return mcp


def _ensure_locked(
    locked: Sequence[LockedTool], live: Sequence[ListedTool], settings: Settings
) -> None:
    texts = differences(locked, live, settings)
    if texts:
        message = "the tools are not those of `tools.lock.json`:\n  " + "\n  ".join(texts)
        raise SettingsError(message)


def allowed_hosts(settings: Settings, topology: Topology) -> list[str]:
    """Return the names this server answers to: its Service, the stack's domain, more by setting."""
    hosts = [f"*.{topology.domain}"] if topology.domain else []
    own = topology.component(topology.server)
    if own is not None:
        base = f"{own.name}.{own.namespace}"
        hosts += [own.name, base, f"{base}.svc", f"{base}.svc.cluster.local"]
    return hosts + _list(settings, "STACKTIC_ALLOWED_HOSTS")


def _list(settings: Settings, name: str) -> list[str]:
    return [item.strip() for item in settings.value(name, "").split(",") if item.strip()]


def _set_up_logging(settings: Settings) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(RedactingFormatter(settings))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("stacktic").setLevel(logging.INFO)
    # FastMCP brings handlers of its own, which know nothing of our secrets.
    library = logging.getLogger("fastmcp")
    library.handlers.clear()
    library.propagate = True
    library.setLevel(logging.WARNING)
    # A stranger's broken requests are no lines of our log.
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)


def _warm_up() -> None:
    """Import what FastMCP loads at the first call, before a caller has to wait for it."""
    for name in LATE_IMPORTS:
        importlib.import_module(name)


def _listener(settings: Settings) -> socket.socket:
    port = settings.number("STACKTIC_PORT", DEFAULT_PORT)
    try:
        return open_socket(settings.value("STACKTIC_HOST", BOTH_FAMILIES), port)
    except (OSError, OverflowError) as error:
        message = f"could not listen on `STACKTIC_HOST` and `STACKTIC_PORT`: {error}"
        raise SettingsError(message) from error


def main() -> int:
    """Run the server until it is told to stop."""
    settings = Settings.from_process()
    _set_up_logging(settings)
    try:
        server = build_server(settings, Path(__file__).parents[1])
        listener = _listener(settings)
    except (SettingsError, Refusal) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    threading.Thread(target=_warm_up, daemon=True).start()
    _serve(server.app, listener, settings.number(DRAIN_SETTING, 0))
    return 0


def _serve(app: Gate, listener: socket.socket, drain_seconds: int) -> None:
    """Answer on a socket until a signal comes."""
    config = uvicorn.Config(
        app,
        http=GuardedProtocol,
        log_config=None,
        access_log=False,
        server_header=False,
        # Callers are known by their keys: what a proxy says of addresses is not looked at.
        proxy_headers=False,
        ws="none",
        lifespan="on",
        backlog=BACKLOG,
        timeout_keep_alive=HEAD_SECONDS,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    # Ctrl-C has ended the server by then.
    with contextlib.suppress(KeyboardInterrupt):
        DrainingServer(config, app, drain_seconds).run(sockets=[listener])


if __name__ == "__main__":
    sys.exit(main())
