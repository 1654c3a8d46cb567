"""A stack with one component of each type that has metrics, and what is told of their metrics.

In: the catalog, the binary, tests/facts/metrics. Out: the generated tree, its alert rules, the
metrics that an expression asks for, the facts by metric.
Must not know a type.
"""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

from output_checker import presets, yaml_reading
from output_checker.places import FACTS, ROOT

# Labels that Prometheus sets on whatever it scrapes, by the scrape objects of a stack.
OF_TARGETS = {"component", "container", "endpoint", "instance", "job", "namespace", "pod"}
# Metrics that Prometheus makes itself of each target.
OF_PROMETHEUS = {"up"}
METRIC = re.compile(r"([A-Za-z_:][A-Za-z0-9_:]*)\{")
LABEL = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)\s*(?:=~|!~|!=|=)\s*\"")

Json = dict[str, Any]


def entries() -> dict[str, Json]:
    """Every type with metrics, whole, by its name."""
    found = [presets.read_entry(path) for path in (ROOT / "catalog").glob("*/component.yaml")]
    return {entry["type"]: entry for entry in found if "metrics" in entry}


WATCHED = dict(sorted(entries().items()))


def name_of(kind: str) -> str:
    """The component of a type; it is called otherwise than the type, to tell the two apart."""
    return f"my-{kind.replace('_', '-')}"


def stack() -> Json:
    """All of them under one Prometheus, which Grafana shows, with the links that alerts are for.

    What they need in their cluster is there.
    """
    components: Json = {"prometheus": {"type": "prometheus"}}
    needed = {str(kind) for entry in WATCHED.values() for kind in entry.get("needs", [])}
    for kind in sorted(needed - set(WATCHED)):
        components[name_of(kind)] = {"type": kind, "external": {}}
    for kind, entry in WATCHED.items():
        components[name_of(kind)] = {"type": kind, "attributes": presets.required(entry)}
    links = [watched_link(components, kind, slot) for kind, slot in watched_slots()]
    return {
        "apiVersion": "stacktic.io/v1",
        "kind": "Stack",
        "name": "shop",
        "domain": "shop.example.com",
        "components": components,
        "links": [
            *({"from": "prometheus", "to": name_of(kind)} for kind in WATCHED),
            {"from": name_of("grafana"), "to": "prometheus"},
            *links,
        ],
    }


def watched_slots() -> list[tuple[str, str]]:
    """Types with the slots that alerts of theirs are for."""
    found = {
        (kind, alert["slot"])
        for kind, entry in WATCHED.items()
        for alert in entry["metrics"]["alerts"].values()
        if "slot" in alert
    }
    return sorted(found)


def watched_link(components: Json, kind: str, slot: str) -> Json:
    """A link by a slot, to a component that provides its interface."""
    (body,) = (one[slot] for one in WATCHED[kind]["consumes"] if slot in one)
    interface = body.get("interface", slot)
    to = next(other for other in WATCHED if interface in (WATCHED[other].get("provides") or {}))
    at = WATCHED[to]["provides"][interface]["at"]
    subs = components[name_of(to)].setdefault("sub_components", {})
    subs[f"{slot}s"] = {"type": at}
    end = f"{name_of(to)}/{slot}s"
    return {"from": name_of(kind), "to": end, "access": body["levels"][0], "type": slot}


def generate(binary: Path, folder: Path, document: Json) -> Path:
    """Write the stack and return its tree."""
    path = folder / "stack.yaml"
    path.write_text(json.dumps(document), encoding="utf-8")
    done = subprocess.run([binary, "gen", path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder / "out"


def rules_of(tree: Path, kind: str) -> Json:
    """The PrometheusRule of the component of a type."""
    path = tree / "k8s/deploy/base/prometheus" / f"rules-{name_of(kind)}.yaml"
    (rule,) = yaml_reading.read_all(path.read_text(encoding="utf-8"))
    return rule


def alerts_in(rule: Json) -> list[Json]:
    """The alerts of a PrometheusRule."""
    return [alert for group in rule["spec"]["groups"] for alert in group["rules"]]


def metrics_in(expression: str) -> set[str]:
    """Metrics that an expression asks for: a law of the catalog puts labels behind each."""
    return set(METRIC.findall(expression)) - OF_PROMETHEUS


def labels_in(selector: str) -> set[str]:
    """Labels that a selector names."""
    return set(LABEL.findall(selector))


def labels_of(fact: Json) -> set[str]:
    """Labels of a metric's series in Prometheus, whose own labels of a target push others aside."""
    told: set[str] = set(fact["labels"])
    return OF_TARGETS | {f"exported_{label}" if label in OF_TARGETS else label for label in told}


def facts_of(kind: str) -> dict[str, Json]:
    """What the sources of a type say of each of its metrics."""
    sources: list[Json] = yaml_reading.read_file(FACTS / "metrics" / f"{kind}.yaml")
    return {metric: fact for source in sources for metric, fact in source["metrics"].items()}
