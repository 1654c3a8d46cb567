"""Argo CD tools: the state of this stack's Applications, and a sync of one of them.

In: a link to Argo CD, the token of a role of the stack's project, components as names.
Out: states, names, paths; no chart value and no kind of secret.
Must not know: another project, a revision, prune or force: a sync applies what Git declares,
and a request carries nothing but the Application's name and project.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any, Literal

from pydantic import Field

from stacktic_mcp.core.toolkit import Answer, Choice, DryRun, Link, Refusal, Toolset
from stacktic_mcp.lib.documents import Facts, at, ensure_list, ensure_object, objects, text
from stacktic_mcp.lib.http_client import Http
from stacktic_mcp.tools.argocd.argocd_rows import (
    Application,
    ApplicationRow,
    Deployment,
    Diff,
    Event,
    Project,
    Resources,
    Source,
    Synced,
)
from stacktic_mcp.tools.argocd.argocd_shapes import (
    diff_views,
    event_view,
    history_view,
    name_of,
    operation_view,
    out_of_sync,
    resource_views,
    row_view,
    source_views,
    summary_view,
)

LIST_FIELDS = (
    "items.metadata.name,items.spec.project,items.spec.destination.namespace,"
    "items.status.sync.status,items.status.health.status,items.status.operationState.phase"
)
# What no role of a link has; a role that may do all answers yes to the first.
FORBIDDEN = ("delete", "update", "override")
BUSY = "an operation on this Application is under way; wait for its end"

_App = Annotated[str, Choice("apps")]
App = Annotated[_App, Field(description="component it deploys")]
Component = Annotated[_App | None, Field(description="one component")]
Sync = Annotated[
    Literal["Synced", "OutOfSync", "Unknown"] | None, Field(description="one sync state")
]
Health = Annotated[
    Literal["Healthy", "Progressing", "Degraded", "Suspended", "Missing", "Unknown"] | None,
    Field(description="one health"),
]
_Kind = Annotated[str, Field(pattern="^[A-Za-z][A-Za-z0-9]{0,62}$")]
Kind = Annotated[_Kind | None, Field(description="one kind, such as Deployment")]
View = Annotated[Literal["summary", "sources", "history"], Field(description="part to return")]
Limit = Annotated[int, Field(ge=1, le=500, description="rows at most")]
Events = Annotated[int, Field(ge=1, le=200, description="rows at most")]


def register(tools: Toolset) -> None:
    """Offer the tools of an Argo CD link."""
    tools.introduce("Argo CD", prefix="argocd", first="argocd_list_applications")
    tools.rights(_wider)
    _register_applications(tools)
    _register_details(tools)
    if tools.write_access:
        _register_writes(tools)


def _register_applications(tools: Toolset) -> None:
    @tools.read
    async def argocd_list_applications(
        link: Link,
        sync: Sync = None,
        health: Health = None,
        component: Component = None,
    ) -> Answer[list[ApplicationRow]]:
        """List applications (apps) in Argo CD: in sync, out of sync, healthy, degraded.

        All deployed, deployments, GitOps state of this stack.
        """
        wanted = {"sync": sync, "health": health, "app": component}
        rows = [
            row
            for row in await _rows(link)
            if all(value in {None, row[name]} for name, value in wanted.items())
        ]
        return Answer(rows)

    @tools.read
    async def argocd_list_projects(link: Link) -> Answer[list[Project]]:
        """List projects in Argo CD: this stack's project.

        Totals: how many applications, out of sync, unhealthy.
        """
        rows = await _rows(link)
        project = {
            "name": _project(link),
            "applications": len(rows),
            "out_of_sync": sum(row["sync"] != "Synced" for row in rows),
            "not_healthy": sum(row["health"] != "Healthy" for row in rows),
        }
        return Answer([project])

    @tools.read
    async def argocd_get_application(
        link: Link, app: App, view: View = "summary"
    ) -> Answer[Application | list[Source] | list[Deployment]]:
        """Get one Argo CD application (app): deployed revision, running image, version, history.

        Last deployment, status, sync, health, sources, chart, Helm value names.
        """
        facts = await _application(link, app)
        if view == "sources":
            return Answer(source_views(facts))
        return Answer(history_view(facts) if view == "history" else summary_view(app, facts))


def _register_details(tools: Toolset) -> None:
    @tools.read
    async def argocd_get_app_resources(
        link: Link, app: App, kind: Kind = None, limit: Limit = 100
    ) -> Answer[Resources]:
        """List Kubernetes resources of an Argo CD app: pods, deployments, services, pods.

        Kind, sync, health (unhealthy, degraded), message, images; 100 by default.
        """
        return await _resources(link, app, kind, limit)

    @tools.read
    async def argocd_get_app_events(
        link: Link, app: App, limit: Events = 50
    ) -> Answer[list[Event]]:
        """List events of an Argo CD app: deployment failed, fail, errors, newest first.

        Pod crashes, restarts, image pulls: time, reason, message; 50 by default.
        """
        events = await _items_of_app(link, app, "events")
        rows = sorted(map(event_view, events), key=lambda row: row["time"])
        newest = rows[::-1]
        return Answer.first(newest, limit)

    @tools.read
    async def argocd_get_app_diff(link: Link, app: App, limit: Limit = 100) -> Answer[list[Diff]]:
        """Diff of an Argo CD app: out of sync, differs between Git and cluster.

        Drift, different, manual changes by hand, compare, changes a sync applies: paths of each
        resource; 100 by default.
        """
        views = diff_views(await _items_of_app(link, app, "managed-resources"))
        return Answer.first(views, limit)


def _register_writes(tools: Toolset) -> None:
    @tools.write(destructive=True, idempotent=True)
    async def argocd_sync_application(
        link: Link, app: App, dry_run: DryRun = True
    ) -> Answer[Synced]:
        """Sync (deploy, roll out) an Argo CD app: bring newest commit of Git to cluster.

        No prune.
        """
        return await _sync(link, app, dry_run=dry_run)


def _http(link: Link) -> Http:
    return Http(
        link,
        base_path="/api/v1",
        headers=lambda: {"authorization": f"Bearer {link.secret('TOKEN')}"},
        credential="TOKEN",
    )


async def _wider(link: Link) -> list[str]:
    """Return what the token may do beyond its role, as Argo CD answers itself."""
    own = f"{_project(link)}/*"
    asked = [(action, own) for action in FORBIDDEN] + [("get", "*/*")]
    asked += [] if link.writable else [("sync", own)]
    http = _http(link)
    answers = [
        at(
            await http.get_json(("account", "can-i", "applications", action, *where.split("/"))),
            "value",
        )
        for action, where in asked
    ]
    return [
        f"it may {action} Applications{' of every project' if where != own else ''}"
        for (action, where), answer in zip(asked, answers, strict=True)
        if answer == "yes"
    ]


def _project(link: Link) -> str:
    """Return the project of the environment that the server runs in."""
    return link.value("PROJECT")


def _name(link: Link, app: str) -> str:
    """Return the name of a component's Application."""
    return f"{_project(link)}.{app}"


async def _rows(link: Link) -> list[dict[str, Any]]:
    """Return the Applications that are both in the project and of a component of this stack."""
    params = {"projects": _project(link), "fields": LIST_FIELDS}
    reply = ensure_object(await _http(link).get_json(("applications",), params))
    apps = {_name(link, app): app for app in link.enums.get("apps", ())}
    return [
        row_view(apps[name_of(facts)], facts)
        for facts in objects(ensure_list(reply.get("items")))
        if _is_own(link, facts) and name_of(facts) in apps
    ]


def _is_own(link: Link, facts: Facts) -> bool:
    return at(facts, "spec", "project") == _project(link)


async def _application(link: Link, app: str) -> Facts:
    """Return an Application of the stack's project; another one of that name is not found."""
    facts = await _of_app(link, app)
    if not _is_own(link, facts):
        raise Refusal("E_NOT_FOUND", f"the project has no Application of {app}")
    return facts


async def _items_of_app(link: Link, app: str, part: str) -> list[Facts]:
    return objects(ensure_list((await _of_app(link, app, part)).get("items")))


async def _of_app(link: Link, app: str, *part: str) -> Facts:
    """Read below one Application; with the project named, Argo CD tells absent from forbidden."""
    found = await _http(link).get_json(
        ("applications", _name(link, app), *part),
        {"project": _project(link)},
        error_hint=lambda status, _: (
            f"the project has no Application of {app}" if status == HTTPStatus.NOT_FOUND else None
        ),
    )
    return ensure_object(found)


async def _resources(link: Link, app: str, kind: str | None, limit: int) -> Answer:
    facts = await _application(link, app)
    rows, hidden = resource_views(await _of_app(link, app, "resource-tree"), facts)
    chosen = [row for row in rows if kind is None or row["kind"].lower() == kind.lower()]
    answer = {"resources": chosen[:limit], "secrets_hidden": hidden}
    more = len(chosen) > limit
    return Answer(answer, "rows" if more else None, returned=min(len(chosen), limit))


async def _sync(link: Link, app: str, *, dry_run: bool) -> Answer:
    facts = await _application(link, app)
    _ensure_free(app, facts)
    answer = {"app": app, "dry_run": dry_run, "resources": out_of_sync(facts)}
    if dry_run:
        return Answer(answer, returned=1)
    name = _name(link, app)
    body = {"name": name, "project": _project(link), "prune": False, "dryRun": False}
    reply = await _post_sync(link, name, body)
    # It is sent by now: an answer of another form does not make that undone.
    started = at(reply, "operation") is not None
    state = operation_view(at(reply, "status", "operationState"))
    return Answer({**answer, "started": started, "last_operation": state}, returned=1)


async def _post_sync(link: Link, name: str, body: dict[str, Any]) -> Any:
    path = ("applications", name, "sync")
    try:
        return await _http(link).send_json("POST", path, body, error_hint=_sync_hint)
    except Refusal as refusal:
        # Argo CD answers 400 when somebody else was faster than this call.
        raise (Refusal("E_CONFLICT", BUSY) if refusal.hint == BUSY else refusal) from None


def _ensure_free(app: str, facts: Facts) -> None:
    """Refuse before the request what Argo CD would refuse, in words that say what to wait for."""
    phase = text(at(facts, "status", "operationState", "phase"))
    if facts.get("operation") is not None or phase in {"Running", "Terminating"}:
        raise Refusal("E_CONFLICT", BUSY)
    if at(facts, "metadata", "deletionTimestamp"):
        raise Refusal("E_CONFLICT", f"the Application of {app} is being deleted")


def _sync_hint(status: int, body: bytes) -> str | None:
    """Tell apart the refusals of a sync that share a status with others."""
    if b"blocked by sync window" in body:
        return "a sync window of the project forbids it now"
    if b"already in progress" in body:
        return BUSY
    return "the role of the token may not sync" if status == HTTPStatus.FORBIDDEN else None
