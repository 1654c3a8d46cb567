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
        """Query Prometheus metrics (PromQL),: current value.

        Memory use, CPU, disk usage, nodes, pods, requests per second, request rate, error rate,
        latency, load: sum by (pod) (rate(container_cpu_usage_seconds_total[5m])). 50 series by
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
        """Query Prometheus metrics (PromQL) over time: since yesterday, last hours, graph.

        Trend. CPU, memory usage, request rate, load changed; per five minutes; up to 30 days: min,
        max, average, points.
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
        """Alerts in Prometheus: firing or pending, active alarms.

        Name, severity, state, value, summary.
        """
        return await read_alerts(link, state, component)

    @tools.read
    async def prom_targets(
        link: Link,
        state: Health = "all",
        component: About = None,
    ) -> Answer[Targets]:
        """Scrape targets of Prometheus: up or down, scraping, monitored services.

        Last scrape error; expected_by_link: each linked component, scraped or missing.
        """
        return await read_targets(link, state, component)

    @tools.read
    async def prom_rules(
        link: Link,
        type: RuleType = "all",  # noqa: A002 -- the API's own word
        name_like: Part = None,
        limit: Limit = 100,
    ) -> Answer[list[Rule]]:
        """Rules of Prometheus: configured alert rules, threshold, recording rules, expression.

        Duration, severity, health; 100 by default.
        """
        return await read_rules(link, type, name_like, limit)

    @tools.read
    async def prom_cardinality(link: Link, limit: Top = 10) -> Answer[Cardinality]:
        """Cardinality of Prometheus: metrics and labels with most time series, too many.

        Memory use, head statistics.
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
        """Time series in Prometheus by selector: labels of a metric, label sets, no values.

        100 by default.
        """
        return await read_series(link, match, since, limit)

    @tools.read
    async def prom_metrics(
        link: Link, name_like: Part = None, limit: Limit = 100
    ) -> Answer[list[Metric]]:
        """List metrics in Prometheus, or find a metric by name: type, unit.

        Measure disk space, http, kafka, redis: name_like http. 100 by default.
        """
        return await read_metrics(link, name_like, limit)
