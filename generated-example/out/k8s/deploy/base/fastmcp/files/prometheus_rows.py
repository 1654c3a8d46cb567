"""What the Prometheus tools answer with: the fields of each answer and their types.

In: nothing.
Out: typed dictionaries that the return annotations of the tools name.
Must not know: how an answer is made.
"""

from typing import NotRequired, TypedDict

Labels = dict[str, str]
# What JSON has no number for, such as NaN, is a word.
Value = float | str | None


class Histogram(TypedDict):
    """A native histogram, its buckets only counted."""

    count: Value
    sum: Value
    buckets: int


class Moment(Histogram):
    """A native histogram at a time."""

    time: Value


class Summary(TypedDict):
    """A series over time; of its points an even choice."""

    labels: Labels
    min: float | None
    max: float | None
    avg: float | None
    last: Value
    points_found: int
    points: list[list[Value]]
    histograms: NotRequired[list[Moment]]


class Sample(TypedDict):
    """A series at one moment."""

    labels: Labels
    value: Value


class LabelledHistogram(Histogram):
    """A native histogram of a series."""

    labels: Labels


class Instant(TypedDict):
    """The result of a query at one moment."""

    result_type: str
    time: float
    series: list[Sample | LabelledHistogram | Summary]
    warnings: NotRequired[list[str]]


class OverTime(TypedDict):
    """The result of a query over time."""

    step_s: float
    series: list[Summary]
    warnings: NotRequired[list[str]]


class Alert(TypedDict):
    """An alert that is pending or firing."""

    name: str
    state: str
    since: str
    value: str
    labels: Labels
    annotations: Labels


class Target(TypedDict):
    """A target; its component where it belongs to a linked one."""

    component: str | None
    health: str
    address: str
    labels: Labels
    pool: str
    last_scrape: str
    last_error: str


class Expected(TypedDict):
    """What Prometheus sees of a linked component."""

    component: str
    targets: int
    up: int
    state: str


class Targets(TypedDict):
    """Targets, and what was expected of them."""

    targets: list[Target]
    expected_by_link: list[Expected]


class Rule(TypedDict):
    """A rule; the last three fields are those of an alerting one."""

    group: str
    name: str
    type: str
    query: str
    health: str
    labels: Labels
    last_error: NotRequired[str]
    state: NotRequired[str | None]
    for_s: NotRequired[float | None]
    active: NotRequired[int | None]


class Metric(TypedDict):
    """What a metric is."""

    name: str
    type: str
    unit: str
    help: str


class Share(TypedDict):
    """How much one name holds."""

    name: str
    value: int | None


class Cardinality(TypedDict):
    """Where the series are."""

    series: int | None
    by_metric: list[Share]
    by_label: list[Share]
