"""What the Argo CD tools answer with: the fields of each answer and their types.

In: nothing.
Out: typed dictionaries that the return annotations of the tools name.
Must not know: how an answer is made.
"""

from typing import NotRequired, TypedDict


class State(TypedDict):
    """Where an Application is and how it is."""

    app: str
    application: str
    namespace: str
    sync: str
    health: str


class ApplicationRow(State):
    """One line about an Application."""

    operation: str


class Operation(TypedDict):
    """How the last sync went."""

    phase: str
    message: str
    started_at: str
    finished_at: str


class Condition(TypedDict):
    """What Argo CD complains of."""

    type: str
    message: str


class Application(State):
    """The state of an Application."""

    project: str
    revisions: list[str]
    health_message: str
    automated: bool
    sync_options: list[str]
    images: list[str]
    reconciled_at: str
    operation: Operation
    conditions: list[Condition]


class Keys(TypedDict):
    """Names of values and a hash of them all."""

    keys: list[str]
    sha256: str


class Helm(TypedDict):
    """What a chart is installed with, without its values."""

    release: str
    value_files: list[str]
    parameters: list[str]
    values: NotRequired[Keys]
    values_object: NotRequired[Keys]


class Source(TypedDict):
    """Where an Application comes from."""

    repository: NotRequired[str]
    chart: NotRequired[str]
    path: NotRequired[str]
    targetRevision: NotRequired[str]
    ref: NotRequired[str]
    helm: NotRequired[Helm]
    kustomize: NotRequired[dict[str, list[str]]]
    plugin: NotRequired[dict[str, str]]
    hydrated_to: NotRequired[dict[str, str]]


class Deployment(TypedDict):
    """A deployment of the past."""

    id: int | None
    deployed_at: str
    revisions: list[str]


class Project(TypedDict):
    """The project of the stack."""

    name: str
    applications: int
    out_of_sync: int
    not_healthy: int


class Resource(TypedDict):
    """A live resource."""

    kind: str
    group: str
    namespace: str
    name: str
    sync: str
    health: str
    message: NotRequired[str]
    images: NotRequired[list[str]]


class Resources(TypedDict):
    """Resources, and how many that hold secrets are left out."""

    resources: list[Resource]
    secrets_hidden: int


class Event(TypedDict):
    """An event of an Application."""

    time: str
    type: str
    reason: str
    message: str
    count: int | None


class Difference(TypedDict):
    """A place that differs, with both values where they cannot be secret."""

    path: str
    live: NotRequired[str | int | None]
    target: NotRequired[str | int | None]


class Diff(TypedDict):
    """A resource that differs."""

    kind: str
    namespace: str
    name: str
    change: str
    paths: list[Difference]


class Applied(TypedDict):
    """What a sync does to a resource."""

    kind: str
    namespace: str
    name: str
    effect: str


class Synced(TypedDict):
    """What a sync does, or would do."""

    app: str
    dry_run: bool
    resources: list[Applied]
    started: NotRequired[bool]
    last_operation: NotRequired[Operation]
