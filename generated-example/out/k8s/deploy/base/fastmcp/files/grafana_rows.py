"""What the Grafana tools answer with: the fields of each answer and their types.

In: nothing.
Out: typed dictionaries that the return annotations of the tools name.
Must not know: how an answer is made.
"""

from typing import Any, NotRequired, TypedDict


class Dashboard(TypedDict):
    """A dashboard of a search."""

    uid: str
    title: str
    folder: str
    tags: list[str]


class Folder(TypedDict):
    """A folder of a search."""

    uid: str
    title: str
    folder: str
    parent_uid: str


class Source(TypedDict):
    """A data source by name."""

    name: str
    type: str
    uid: str
    default: bool


class Alert(TypedDict):
    """An alert instance."""

    name: str
    state: str
    since: str | None
    labels: dict[str, str]
    annotations: dict[str, str]


class Reference(TypedDict):
    """Which data source is asked."""

    type: str
    uid: str


class PanelName(TypedDict):
    """A panel by name."""

    id: int | None
    title: str


class Panel(PanelName):
    """What a panel shows."""

    type: str
    datasource: Reference
    queries: int
    library_panel: NotRequired[str]


class Variable(TypedDict):
    """A variable; plugins keep its query and values in forms of their own."""

    name: str
    type: str
    label: str
    query: Any
    current: Any
    options: list[Any]


class Summary(TypedDict):
    """What a dashboard is about."""

    uid: str
    title: str
    description: str
    folder: str
    tags: list[str]
    version: int | None
    updated: str
    time: dict[str, str]
    refresh: str
    variables: list[str]
    panels: list[PanelName]


class Query(TypedDict):
    """A query of a panel."""

    ref: str
    datasource: Reference
    hidden: bool
    legend: str
    query: str


class Place(TypedDict):
    """Where a dashboard is opened."""

    title: str
    path: str


class Annotation(TypedDict):
    """An annotation as it is sent."""

    dashboardUID: NotRequired[str]
    panelId: NotRequired[int]
    time: NotRequired[int]
    timeEnd: NotRequired[int]
    tags: list[str]
    text: str


class Created(TypedDict):
    """What was created, or would be."""

    dry_run: bool
    would_create: NotRequired[Annotation]
    created: NotRequired[Annotation]
    id: NotRequired[int | None]
