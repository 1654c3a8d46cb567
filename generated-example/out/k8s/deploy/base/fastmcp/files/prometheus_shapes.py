"""How answers of Prometheus are shown: small, plain and without addresses that hold secrets.

In: parts of the JSON that Prometheus 2 or 3 answers with, names of components.
Out: dictionaries of a tool's answer.
Must not know: HTTP, MCP, or which tool shows what.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from stacktic_mcp.lib.documents import (
    Facts,
    at,
    count,
    facts_of,
    items,
    mean,
    number,
    objects,
    pairs,
    sample,
    second,
    text,
    word,
)
from stacktic_mcp.tools.prometheus.prometheus_addresses import userinfo_of, without_userinfo

MAX_INSTANT_POINTS = 60
# More than is shown of any text, and little enough to look through more than once.
MAX_ERROR_CHARACTERS = 4096

_PARAMETERS = re.compile(r"(://[^\s\"'?]*)\?[^\s\"']*")

Labels = Mapping[str, Any]


def plain_labels(labels: Any) -> dict[str, str]:
    """Return labels whose values hold no userinfo: targets may be named by their address."""
    return {name: without_userinfo(text(value)) for name, value in facts_of(labels).items()}


def series_of(data: Facts) -> list[dict[str, Any]]:
    """Return the result of an instant query, one item a series."""
    kind, result = text(data.get("resultType")), data.get("result")
    if kind in {"scalar", "string"}:
        told = second(result)
        return [{"labels": {}, "value": sample(told) if kind == "scalar" else word(told)}]
    if kind == "matrix":
        return [summarised(item, MAX_INSTANT_POINTS) for item in objects(result)]
    return [
        {"labels": plain_labels(item.get("metric")), **_sample(item)} for item in objects(result)
    ]


def _sample(item: Facts) -> dict[str, Any]:
    if "histogram" not in item:
        return {"value": sample(second(item.get("value")))}
    return _histogram(second(item["histogram"]))


def _histogram(histogram: Any) -> dict[str, Any]:
    """Return a native histogram by its count and sum; its buckets are only counted."""
    return {
        "count": sample(at(histogram, "count")),
        "sum": sample(at(histogram, "sum")),
        "buckets": len(items(at(histogram, "buckets"))),
    }


def summarised(item: Facts, max_points: int) -> dict[str, Any]:
    """Return min, max, avg and last of all points, and an even choice of the points."""
    points = [[sample(pair[0]), sample(pair[1])] for pair in pairs(item.get("values"))]
    finite = [value for _, value in points if isinstance(value, (int, float))]
    histograms = pairs(item.get("histograms"))
    summary: dict[str, Any] = {
        "labels": plain_labels(item.get("metric")),
        "min": min(finite, default=None),
        "max": max(finite, default=None),
        "avg": mean(finite),
        "last": points[-1][1] if points else None,
        "points_found": len(points) + len(histograms),
        "points": thinned(points, max_points),
    }
    if histograms:
        shown = thinned(histograms, max_points)
        summary["histograms"] = [{"time": sample(pair[0]), **_histogram(pair[1])} for pair in shown]
    return summary


def thinned(points: Sequence[Any], most: int) -> list[Any]:
    """Return at most that many points, evenly chosen, the first and the last among them."""
    if len(points) <= most:
        return list(points)
    stride = (len(points) - 1) / (most - 1)
    return [points[round(place * stride)] for place in range(most)]


def belongs_to(labels: Any, component: str) -> bool:
    """Tell whether an alert or a target speaks of a component of the stack."""
    told = plain_labels(labels)
    if "component" in told:
        return told["component"] == component
    job = told.get("job", "")
    return component in {job, told.get("service", ""), job.split("/")[-1]}


def alert_view(alert: Facts) -> dict[str, Any]:
    """Return an alert without its source address."""
    return {
        "name": text(at(alert, "labels", "alertname")),
        "state": text(alert.get("state")),
        "since": text(alert.get("activeAt")),
        "value": text(alert.get("value")),
        "labels": plain_labels(alert.get("labels")),
        "annotations": plain_labels(alert.get("annotations")),
    }


def rule_view(group: Facts, rule: Facts) -> dict[str, Any]:
    """Return a rule with the state of its evaluation; its alerts are counted only."""
    view = {
        "group": text(group.get("name")),
        **{name: text(rule.get(name)) for name in ("name", "type", "query", "health")},
        "labels": plain_labels(rule.get("labels")),
    }
    if rule.get("lastError"):
        view["last_error"] = without_userinfo(text(rule["lastError"]))
    if view["type"] == "alerting":
        alerts = rule.get("alerts")
        view |= {
            "state": word(rule.get("state")),
            "for_s": number(rule.get("duration")),
            "active": len(objects(alerts)) if isinstance(alerts, list) else None,
        }
    return view


def metric_view(name: str, told: Any) -> dict[str, Any]:
    """Return type, unit and help of a metric; targets may tell different ones, one is shown."""
    first = facts_of(next(iter(items(told)), None))
    return {"name": name, **{key: text(first.get(key)) for key in ("type", "unit", "help")}}


def cardinality_view(status: Facts, limit: int) -> dict[str, Any]:
    """Return how many series there are, and which metrics and labels hold most."""
    return {
        "series": count(at(status, "headStats", "numSeries")),
        "by_metric": _shares(status.get("seriesCountByMetricName"))[:limit],
        "by_label": _shares(status.get("labelValueCountByLabelName"))[:limit],
    }


def _shares(value: Any) -> list[dict[str, Any]]:
    return [
        {"name": text(one.get("name")), "value": count(one.get("value"))} for one in objects(value)
    ]


def target_view(target: Facts, components: Sequence[str]) -> dict[str, Any]:
    """Return a target with the component it belongs to, if it is one of the linked ones."""
    labels = target.get("labels")
    owner = next((name for name in components if belongs_to(labels, name)), None)
    return {
        "component": owner,
        "health": text(target.get("health")) or "unknown",
        "address": _address(text(target.get("scrapeUrl"))),
        "labels": plain_labels(labels),
        "pool": without_userinfo(text(target.get("scrapePool"))),
        "last_scrape": text(target.get("lastScrape")),
        "last_error": _plain_error(target),
    }


def _address(url: str) -> str:
    """Return scheme, host, port and path: parameters of a scrape may hold a token."""
    try:
        parts = urlsplit(without_userinfo(url))
    except ValueError:
        return "[address]"
    return f"{parts.scheme}://{parts.netloc}{parts.path}"


def _plain_error(target: Facts) -> str:
    """Return the error without userinfo and parameters, also where Go has garbled the address."""
    error = text(target.get("lastError"))[:MAX_ERROR_CHARACTERS]
    for userinfo in filter(None, userinfo_of(text(target.get("scrapeUrl")))):
        error = error.replace(userinfo, "[userinfo]")
    return _PARAMETERS.sub(r"\1", without_userinfo(error))


def expected_by_link(
    views: Sequence[Mapping[str, Any]], components: Sequence[str]
) -> list[dict[str, Any]]:
    """Return for each component that Prometheus is linked to what it sees of it."""
    rows: list[dict[str, Any]] = []
    for component in components:
        own = [view["health"] for view in views if view["component"] == component]
        up = own.count("up")
        state = (
            "missing" if not own else "up" if up == len(own) else "down" if not up else "partly up"
        )
        rows.append({"component": component, "targets": len(own), "up": up, "state": state})
    return rows
