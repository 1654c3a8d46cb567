"""Grafana tools: dashboards, folders, names of data sources, alerts; one annotation at a time.

In: a link to Grafana, its tokens by name, arguments that the toolkit has checked.
Out: what dashboards say, without addresses and without settings of data sources.
Must not know: how to query a data source. A Viewer may query every data source of the
organisation, so no path below /api/ds or /api/datasources/proxy stands in this file.
"""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from stacktic_mcp.core.toolkit import Answer, DryRunOnRequest, Link, Refusal, Toolset
from stacktic_mcp.lib.documents import Facts, at, count, ensure_list, ensure_object, objects, text
from stacktic_mcp.lib.http_client import Http
from stacktic_mcp.tools.grafana.grafana_arguments import (
    Alerts,
    End,
    Limit,
    Note,
    OneTag,
    OptionalPanelId,
    OptionalUid,
    PanelId,
    Part,
    Span,
    Start,
    State,
    Tags,
    Uid,
    View,
)
from stacktic_mcp.tools.grafana.grafana_models import panels_of
from stacktic_mcp.tools.grafana.grafana_rows import (
    Alert,
    Created,
    Dashboard,
    Folder,
    Panel,
    Place,
    Query,
    Source,
    Summary,
    Variable,
)
from stacktic_mcp.tools.grafana.grafana_shapes import (
    alert_view,
    datasource_view,
    hit_view,
    panel_view,
    plain,
    query_views,
    summary_view,
    variable_views,
)

MAX_DASHBOARD_BYTES = 96 * 1024
SOURCE_TAG = "mcp"
# Changes that no Viewer makes, and those that no Editor makes either, by Grafana's own names.
CHANGES = (":write", ":create", ":delete", ":add", ":remove")
EDITED = ("dashboards:", "folders:", "alert.rules:", "alert.notifications:", "alert.provisioning:")
RULED = ("users:", "org.users:", "teams:", "serviceaccounts:", "datasources:", "orgs:", "settings:")


def register(tools: Toolset) -> None:
    """Offer the tools of a Grafana link."""
    tools.introduce("Grafana", prefix="grafana", first="grafana_list_dashboards")
    tools.rights(_wider)
    _register_dashboards(tools)
    _register_lists(tools)
    if tools.write_access:
        _register_writes(tools)


def _register_dashboards(tools: Toolset) -> None:
    @tools.read
    async def grafana_list_dashboards(
        link: Link, title_like: Part = None, tag: OneTag = None, limit: Limit = 100
    ) -> Answer[list[Dashboard]]:
        """List dashboards in Grafana: all dashboards, or find a dashboard by title, tag.

        Dashboard of a service: uid, title, folder, tags; 100 by default.
        """
        return await _search(link, "dash-db", limit, query=title_like, tag=tag)

    @tools.read(budget_bytes=MAX_DASHBOARD_BYTES)
    async def grafana_get_dashboard(
        link: Link, uid: Uid, view: View = "summary"
    ) -> Answer[Summary | list[Panel] | list[Variable] | dict[str, Any]]:
        """Get one Grafana dashboard by uid: its panels (charts, graphs), variables, JSON."""
        return await _get_dashboard(link, uid, view)

    @tools.read
    async def grafana_get_panel_queries(
        link: Link, uid: Uid, panel_id: PanelId
    ) -> Answer[list[Query]]:
        """Query behind a panel (chart, graph) in Grafana: PromQL, LogQL, SQL it uses.

        Data source, expression.
        """
        found = await _dashboard(link, uid)
        return Answer(query_views(_panel(_model(found), panel_id)))

    @tools.read(title="link to a dashboard")
    async def grafana_link(
        link: Link,
        uid: Uid,
        panel_id: OptionalPanelId = None,
        start: Span = "now-6h",
        end: Span = "now",
    ) -> Answer[Place]:
        """Link (URL) to open, send or share a Grafana dashboard or panel.

        Time range selected, last hours; title and path.
        """
        return await _link_to(link, uid, panel_id, (start, end))


def _register_lists(tools: Toolset) -> None:
    @tools.read
    async def grafana_list_datasources(link: Link) -> Answer[list[Source]]:
        """List data sources in Grafana, or a datasource: sources of its data.

        Name, type, uid, default; no address.
        """
        sources = objects(ensure_list(await _http(link).get_json(("datasources",))))
        return Answer([datasource_view(source) for source in sources])

    @tools.read
    async def grafana_list_folders(link: Link, limit: Limit = 100) -> Answer[list[Folder]]:
        """List folders in Grafana: each folder, nested, organised.

        uid, title, parent; 100 by default.
        """
        return await _search(link, "dash-folder", limit)

    @tools.read
    async def grafana_get_alerts(
        link: Link, state: State = "active", limit: Alerts = 50
    ) -> Answer[list[Alert]]:
        """Alerts in Grafana (alerting): firing alert rules, pending, state.

        Since, labels, summary; 50 by default.
        """
        return await _alerts(link, state, limit)


def _register_writes(tools: Toolset) -> None:
    @tools.write(destructive=False, idempotent=False)
    async def grafana_create_annotation(
        link: Link,
        text: Note,
        tags: Tags = [],  # noqa: B006 -- read, never changed
        dashboard_uid: OptionalUid = None,
        panel_id: OptionalPanelId = None,
        time: Start = None,
        time_end: End = None,
        dry_run: DryRunOnRequest = False,
    ) -> Answer[Created]:
        """Add an annotation in Grafana: note, mark or marker on graphs.

        Deployment, release, maintenance, incident started; on a dashboard, panel or everywhere.
        Returns its id.
        """
        body = _annotation(text, tags, (dashboard_uid, panel_id), (time, time_end))
        return await _create_annotation(link, body, dry_run=dry_run)


def _http(link: Link, token: str = "TOKEN") -> Http:  # noqa: S107 -- the name of a key
    return Http(
        link,
        base_path="/api",
        headers=lambda: {"authorization": f"Bearer {link.secret(token)}"},
        credential=token,
    )


async def _wider(link: Link) -> list[str]:
    """Return what the tokens may do beyond their roles, as Grafana tells each of them."""
    found = await _changes(link, "TOKEN", EDITED + RULED)
    if link.write_access:
        found |= await _changes(link, "WRITE_TOKEN", RULED)
    return [f"it may change {name}" for name in sorted(found)]


async def _changes(link: Link, token: str, kinds: tuple[str, ...]) -> set[str]:
    path = ("access-control", "user", "permissions")
    actions = ensure_object(await _http(link, token).get_json(path))
    return {
        action.rpartition(":")[0]
        for action in actions
        if action.startswith(kinds) and action.endswith(CHANGES)
    }


async def _search(
    link: Link, kind: str, limit: int, *, query: str | None = None, tag: str | None = None
) -> Answer:
    params = {"type": kind, "query": query, "tag": tag, "limit": limit + 1}
    hits = objects(ensure_list(await _http(link).get_json(("search",), params)))
    return Answer.first([hit_view(hit, kind) for hit in hits], limit)


async def _dashboard(link: Link, uid: str) -> Facts:
    found = await _http(link).get_json(
        ("dashboards", "uid", uid),
        error_hint=lambda status, _: (
            f"no dashboard {uid} is visible" if status == HTTPStatus.NOT_FOUND else None
        ),
    )
    return ensure_object(found)


def _model(found: Facts) -> Facts:
    """Return the dashboard itself; the newer API keeps it as the `spec` of an object."""
    model = ensure_object(found.get("dashboard"))
    return model["spec"] if isinstance(model.get("spec"), dict) else model


def _panel(dashboard: Facts, panel_id: int) -> Facts:
    for panel in panels_of(dashboard):
        if panel.get("id") == panel_id:
            return panel
    known = [str(panel.get("id")) for panel in panels_of(dashboard)]
    raise Refusal("E_NOT_FOUND", f"the dashboard has no panel {panel_id}", known)


async def _get_dashboard(link: Link, uid: str, view: str) -> Answer:
    found = await _dashboard(link, uid)
    dashboard = _model(found)
    if view == "panels":
        return Answer([panel_view(panel) for panel in panels_of(dashboard)])
    if view == "variables":
        return Answer(variable_views(dashboard))
    return Answer(summary_view(found, dashboard) if view == "summary" else plain(dashboard))


async def _link_to(link: Link, uid: str, panel_id: int | None, span: tuple[str, str]) -> Answer:
    dashboard = _model(await _dashboard(link, uid))
    if panel_id is not None:
        _panel(dashboard, panel_id)
    query = {"from": span[0], "to": span[1], **({"viewPanel": panel_id} if panel_id else {})}
    path = f"/d/{uid}?{urlencode(query)}"
    return Answer({"title": text(dashboard.get("title")), "path": path})


async def _alerts(link: Link, state: str, limit: int) -> Answer:
    reply = await _http(link).get_json(("prometheus", "grafana", "api", "v1", "alerts"))
    alerts = objects(ensure_list(ensure_object(at(reply, "data")).get("alerts")))
    chosen = [alert for alert in alerts if _is_in(text(alert.get("state")), state)]
    views = [alert_view(alert) for alert in chosen[:limit]]
    return Answer(views, "rows" if len(chosen) > limit else None)


def _is_in(state: str, wanted: str) -> bool:
    """Grafana writes states as `Alerting`, or as `Alerting (NoData)` with what they came from.

    Rules of data sources say `firing` and `inactive`, as Prometheus does.
    """
    plain_state = state.lower()
    for theirs, ours in (("firing", "alerting"), ("inactive", "normal")):
        plain_state = plain_state.replace(theirs, ours)
    if wanted == "active":
        return not plain_state.startswith("normal")
    return wanted == "all" or wanted in plain_state


def _annotation(
    text: str,
    tags: list[str],
    place: tuple[str | None, int | None],
    times: tuple[str | None, str | None],
) -> dict[str, Any]:
    """Return the body of an annotation; it always carries the tag that tells where it is from."""
    start, end = (None if moment is None else _milliseconds(moment) for moment in times)
    if place[1] is not None and place[0] is None:
        raise Refusal("E_ARG", "`panel_id` needs `dashboard_uid`")
    if end is not None and (start is None or end < start):
        raise Refusal("E_ARG", "`time_end` needs `time` and lies after it")
    body = {
        "dashboardUID": place[0],
        "panelId": place[1],
        "time": start,
        "timeEnd": end,
        "tags": list(dict.fromkeys([*tags, SOURCE_TAG])),
        "text": text,
    }
    return {name: value for name, value in body.items() if value is not None}


def _milliseconds(moment: str) -> int:
    try:
        parsed = datetime.fromisoformat(moment)
    except ValueError as error:
        raise Refusal("E_ARG", "a time is RFC 3339, such as 2026-01-31T12:00:00Z") from error
    if parsed.tzinfo is None:
        raise Refusal("E_ARG", "a time needs a zone, such as Z or +02:00")
    return round(parsed.timestamp() * 1000)


async def _create_annotation(link: Link, body: dict[str, Any], *, dry_run: bool) -> Answer:
    """Look first, with the token that only reads: a wrong place is refused before the write."""
    if "dashboardUID" in body:
        dashboard = _model(await _dashboard(link, body["dashboardUID"]))
        if "panelId" in body:
            _panel(dashboard, body["panelId"])
    if dry_run:
        return Answer({"dry_run": True, "would_create": body})
    reply = await _http(link, "WRITE_TOKEN").send_json("POST", ("annotations",), body)
    return Answer({"dry_run": False, "id": count(at(reply, "id")), "created": body})
