"""Prometheus tools: queries, alerts, targets, rules and labels.

In: a link to a Prometheus server and arguments that the toolkit has checked.
Out: answers of the forms in `prometheus_rows`.
Must not know: HTTP, or any path of Prometheus; there is no tool that writes.
"""

from __future__ import annotations

from stacktic_mcp.core.toolkit import Answer, Link, Toolset
from stacktic_mcp.tools.prometheus.prometheus_arguments import (
    About,
    AlertState,
    At,
    Health,
    LabelName,
    Limit,
    Matches,
    MaxSeries,
    Moment,
    Part,
    Points,
    Query,
    RuleType,
    Since,
    Step,
    Top,
    Within,
)
from stacktic_mcp.tools.prometheus.prometheus_reading import (
    read_alerts,
    read_cardinality,
    read_label_values,
    read_metrics,
    read_query,
    read_range,
    read_rules,
    read_series,
    read_targets,
    window_of,
)
from stacktic_mcp.tools.prometheus.prometheus_rows import (
    Alert,
    Cardinality,
    Instant,
    Labels,
    Metric,
    OverTime,
    Rule,
    Targets,
)


def register(tools: Toolset) -> None:
    """Offer the tools of a Prometheus link."""
    tools.introduce("Prometheus", prefix="prom", first="prom_alerts")
    _register_queries(tools)
    _register_state(tools)
    _register_names(tools)


def _register_queries(tools: Toolset) -> None:
    @tools.read(title="query metrics now")
    async def prom_query(
        link: Link, query: Query, time: At = None, limit: Limit = 50
    ) -> Answer[Instant]:
        """Show the current value of Prometheus metrics: run a PromQL query at one moment.

        For CPU, memory or disk usage, requests per second, error rate, latency right now, such as
        sum by (pod) (rate(container_cpu_usage_seconds_total[5m])). Returns one value a series, 50
        unless told.
        """
        return await read_query(link, query, time or "now", limit)

    @tools.read(title="query metrics over time")
    async def prom_query_range(
        link: Link,
        query: Query,
        start: Moment,
        end: Moment = "now",
        step: Step = "auto",
        max_points: Points = 60,
        max_series: MaxSeries = 20,
    ) -> Answer[OverTime]:
        """Show Prometheus metrics over time: plot, graph, trend, history or peak of a PromQL query.

        For how CPU, memory, traffic, request rate or error rate changed since this morning, the
        past day or last week, up to 30 days. Returns min, max, avg, last and points of a series.
        """
        window = window_of(start, end, step, max_points)
        return await read_range(link, query, window, (max_points, max_series))


def _register_state(tools: Toolset) -> None:
    @tools.read
    async def prom_alerts(
        link: Link,
        state: AlertState = "all",
        component: About = None,
    ) -> Answer[list[Alert]]:
        """Active alerts of Prometheus: which alert is firing or pending, since when.

        For anything alerting at the moment. Returns name, state, value, labels such as severity,
        summary.
        """
        return await read_alerts(link, state, component)

    @tools.read
    async def prom_targets(
        link: Link,
        state: Health = "all",
        component: About = None,
    ) -> Answer[Targets]:
        """Scrape targets of Prometheus: which are up or down, with the last scrape error.

        For whether Prometheus is scraping (monitoring) something, are exporters scraped. Returns
        targets and, as expected_by_link, the state of each linked component.
        """
        return await read_targets(link, state, component)

    @tools.read
    async def prom_rules(
        link: Link,
        type: RuleType = "all",  # noqa: A002 -- the API's own word
        name_like: Part = None,
        limit: Limit = 100,
    ) -> Answer[list[Rule]]:
        """Alerting and recording rules of Prometheus: expression, state, health, last error.

        For which alert rules exist and what an alert rule looks like, its threshold. Returns 100
        unless told.
        """
        return await read_rules(link, type, name_like, limit)

    @tools.read
    async def prom_cardinality(link: Link, limit: Top = 10) -> Answer[Cardinality]:
        """Cardinality of Prometheus: metrics and labels that make up most time series.

        For why Prometheus itself takes much memory or disk.
        """
        return await read_cardinality(link, limit)


def _register_names(tools: Toolset) -> None:
    @tools.read
    async def prom_label_values(
        link: Link,
        label: LabelName,
        match: Within = None,
        limit: Limit = 100,
    ) -> Answer[list[str]]:
        """Values of a label in Prometheus: which jobs, pods, namespaces or instances it knows.

        Of the last 24 hours, 100 unless told; to fill in a PromQL selector.
        """
        return await read_label_values(link, label, match, limit)

    @tools.read
    async def prom_series(
        link: Link,
        match: Matches,
        since: Since = "1h",
        limit: Limit = 100,
    ) -> Answer[list[Labels]]:
        """Time series in Prometheus that match a selector: which labels a metric has.

        Returns 100 label sets unless told, no values.
        """
        return await read_series(link, match, since, limit)

    @tools.read
    async def prom_metrics(
        link: Link, name_like: Part = None, limit: Limit = 100
    ) -> Answer[list[Metric]]:
        """Metric names that Prometheus collects, with type, unit and help text.

        For which metric counts or measures something: name_like http finds http_requests_total. 100
        unless told.
        """
        return await read_metrics(link, name_like, limit)
