"""How answers of Prometheus are shown: small, plain and without addresses that hold secrets.

In: parts of the JSON that Prometheus answers with, names of components.
Out: dictionaries of a tool's answer.
Must not know: HTTP, MCP, or which tool shows what.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

MAX_INSTANT_POINTS = 60
# What may stand before the `@` of an address, with or without a scheme. A password may itself
# hold an `@`, and an address that is a parameter of another one has its `@` encoded.
_USERINFO = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*://)[^/?#\s\"'<>]*(?:@|%40)"
    r"|(?<![\w.%:/-])[^\s/?#\"'<>:@]+:[^\s/?#\"'<>]*(?:@|%40)(?=[\w\[])"
)

Labels = Mapping[str, str]


def without_userinfo(text: str) -> str:
    """Return a text in which no address names a user or a password."""
    return _USERINFO.sub(lambda match: match["scheme"] or "", text)


def plain_labels(labels: Labels) -> dict[str, str]:
    """Return labels whose values hold no userinfo: targets may be named by their address."""
    return {name: without_userinfo(value) for name, value in labels.items()}


def number(text: str) -> float | str:
    """Return a sample; what JSON has no number for stays a word (`NaN`, `+Inf`, `-Inf`)."""
    value = float(text)
    return value if math.isfinite(value) else text


def series_of(data: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the result of an instant query, one item a series."""
    kind, result = data["resultType"], data["result"]
    if kind in {"scalar", "string"}:
        return [{"labels": {}, "value": number(result[1]) if kind == "scalar" else result[1]}]
    if kind == "matrix":
        return [summarised(item, MAX_INSTANT_POINTS) for item in result]
    return [{"labels": plain_labels(item["metric"]), **_sample(item)} for item in result]


def _sample(item: Mapping[str, Any]) -> dict[str, Any]:
    if "value" in item:
        return {"value": number(item["value"][1])}
    histogram = item["histogram"][1]
    return {"count": number(histogram["count"]), "sum": number(histogram["sum"])}


def summarised(item: Mapping[str, Any], max_points: int) -> dict[str, Any]:
    """Return min, max, avg and last of all points, and an even choice of the points."""
    points = [(moment, number(value)) for moment, value in item.get("values", ())]
    finite = [value for _, value in points if isinstance(value, float)]
    return {
        "labels": plain_labels(item["metric"]),
        "min": min(finite, default=None),
        "max": max(finite, default=None),
        "avg": math.fsum(finite) / len(finite) if finite else None,
        "last": points[-1][1] if points else None,
        "points_found": len(points) + len(item.get("histograms", ())),
        "points": thinned(points, max_points),
    }


def thinned(points: Sequence[Any], most: int) -> list[Any]:
    """Return at most that many points, evenly chosen, the first and the last among them."""
    if len(points) <= most:
        return list(points)
    stride = (len(points) - 1) / (most - 1)
    return [points[round(place * stride)] for place in range(most)]


def belongs_to(labels: Labels, component: str) -> bool:
    """Tell whether an alert or a target speaks of a component of the stack."""
    if "component" in labels:
        return labels["component"] == component
    names = {labels.get("job", ""), labels.get("service", ""), labels.get("job", "").split("/")[-1]}
    return component in names


def alert_view(alert: Mapping[str, Any]) -> dict[str, Any]:
    """Return an alert without its source address."""
    return {
        "name": alert["labels"].get("alertname", ""),
        "state": alert["state"],
        "since": alert.get("activeAt", ""),
        "value": alert.get("value", ""),
        "labels": plain_labels(alert["labels"]),
        "annotations": plain_labels(alert.get("annotations", {})),
    }


def rule_view(group: Mapping[str, Any], rule: Mapping[str, Any]) -> dict[str, Any]:
    """Return a rule with the state of its evaluation; its alerts are counted only."""
    view = {
        "group": group["name"],
        "name": rule["name"],
        "type": rule["type"],
        "query": rule["query"],
        "health": rule["health"],
        "labels": plain_labels(rule.get("labels", {})),
    }
    if rule.get("lastError"):
        view["last_error"] = without_userinfo(rule["lastError"])
    if rule["type"] == "alerting":
        view |= {
            "state": rule["state"],
            "for_s": rule.get("duration", 0),
            "active": len(rule.get("alerts", ())),
        }
    return view


def target_view(target: Mapping[str, Any], components: Sequence[str]) -> dict[str, Any]:
    """Return a target with the component it belongs to, if it is one of the linked ones."""
    labels = target["labels"]
    owner = next((name for name in components if belongs_to(labels, name)), None)
    return {
        "component": owner,
        "health": target["health"],
        "address": _address(target["scrapeUrl"]),
        "labels": plain_labels(labels),
        "pool": without_userinfo(target.get("scrapePool", "")),
        "last_scrape": target.get("lastScrape", ""),
        "last_error": _plain_error(target),
    }


def _address(url: str) -> str:
    """Return scheme, host, port and path: parameters of a scrape may hold a token."""
    parts = urlsplit(without_userinfo(url))
    return f"{parts.scheme}://{parts.netloc}{parts.path}"


def _plain_error(target: Mapping[str, Any]) -> str:
    """Return the error without userinfo and parameters, also where Go has garbled the address."""
    text: str = target.get("lastError", "")
    for match in _USERINFO.finditer(target["scrapeUrl"]):
        userinfo = match[0].removeprefix(match["scheme"] or "")
        text = text.replace(re.sub("(?:@|%40)$", "", userinfo), "[userinfo]")
    return re.sub(r"(://[^\s\"'?]*)\?[^\s\"']*", r"\1", without_userinfo(text))


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
