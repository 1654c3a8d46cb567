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
        """Query Prometheus metrics (PromQL): current value, now.

        CPU, memory usage, free disk space, requests per second, request rate, error rate, latency
        (p99), load: sum by (pod) (rate(container_cpu_usage_seconds_total[5m])). 50 series by
        default.
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
        """Query Prometheus metrics (PromQL) over time: graph, plot, draw, trend, peak, history.

        Usage of CPU or memory, request rate, traffic, error rate, load changed since yesterday,
        morning, Monday, past day, last hours; up to 30 days: min, max, average, points.
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
        """Alerts in Prometheus: active alerts (alarms), each alert firing or pending, alerting.

        Wrong, alarm: name, severity, state, since, value, summary.
        """
        return await read_alerts(link, state, component)

    @tools.read
    async def prom_targets(
        link: Link,
        state: Health = "all",
        component: About = None,
    ) -> Answer[Targets]:
        """Scrape targets of Prometheus: up or down, scraping or failing, scraped exporters, jobs.

        Services to monitor, monitored; last scrape error; expected_by_link: each linked component,
        scraped or missing.
        """
        return await read_targets(link, state, component)

    @tools.read
    async def prom_rules(
        link: Link,
        type: RuleType = "all",  # noqa: A002 -- the API's own word
        name_like: Part = None,
        limit: Limit = 100,
    ) -> Answer[list[Rule]]:
        """Rules of Prometheus: alert rules and recording rules, thresholds, expression.

        Configured threshold for an alert to trigger, duration, severity, health; 100 by default.
        """
        return await read_rules(link, type, name_like, limit)

    @tools.read
    async def prom_cardinality(link: Link, limit: Top = 10) -> Answer[Cardinality]:
        """Cardinality of Prometheus: metrics and labels with most time series, too many.

        Memory usage, head statistics.
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
        """Values of a label in Prometheus: jobs, pods, namespaces, instances it knows.

        Last 24 hours; 100 by default.
        """
        return await read_label_values(link, label, match, limit)

    @tools.read
    async def prom_series(
        link: Link,
        match: Matches,
        since: Since = "1h",
        limit: Limit = 100,
    ) -> Answer[list[Labels]]:
        """Time series in Prometheus by selector: labels of a metric, its label sets, no values.

        Labels attached to http_requests_total. 100 by default.
        """
        return await read_series(link, match, since, limit)

    @tools.read
    async def prom_metrics(
        link: Link, name_like: Part = None, limit: Limit = 100
    ) -> Answer[list[Metric]]:
        """List metric names in Prometheus, or find a metric by part of its name: type, unit, help.

        Metric for requests, length, disk space: name_like http. 100 by default.
        """
        return await read_metrics(link, name_like, limit)
