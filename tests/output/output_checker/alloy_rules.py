"""Checks the pipelines that Grafana Alloy is given in the values of its chart.

In: the values of one release. Out: findings.
Must not know which component of a stack is meant.

Alloy refuses to start with a reference that leads nowhere, and says nothing of a component that
nobody sends to: its lines would be lost in silence.
"""

from typing import Any

from output_checker import alloy_syntax
from output_checker.alloy_syntax import Block
from output_checker.finding import Finding

# By component, the field that others refer to ("Exported fields" of each page below
# https://grafana.com/docs/alloy/latest/reference/components/); a source has none.
EXPORTS = {
    "discovery.kubernetes": "targets",
    "discovery.relabel": "output",
    "loki.process": "receiver",
    "loki.source.kubernetes": None,
    "loki.write": "receiver",
    "otelcol.exporter.otlphttp": "input",
    "otelcol.processor.batch": "input",
    "otelcol.processor.memory_limiter": "input",
    "otelcol.processor.transform": "input",
    "otelcol.receiver.otlp": None,
}
# Blocks of the whole program, without a label.
SETTINGS = frozenset(("logging",))


def check_pipelines(where: str, values: Any) -> list[Finding]:
    """What is wrong with the configuration in these values; nothing where there is none."""
    alloy = values.get("alloy") if isinstance(values, dict) else None
    content = ((alloy or {}).get("configMap") or {}).get("content") if alloy else None
    if not content:
        return []
    try:
        body = alloy_syntax.parse(str(content))
    except ValueError as error:
        return [Finding(where, "alloy-syntax", str(error))]
    return [Finding(where, "alloy-pipeline", fact) for fact in _facts(body)]


def _facts(body: Block) -> list[str]:
    facts: list[str] = []
    exports: set[str] = set()
    for block in body.blocks:
        if block.name in SETTINGS:
            continue
        if block.name not in EXPORTS:
            facts.append(f"there is no component `{block.name}`")
        elif EXPORTS[block.name]:
            path = f"{block.name}.{block.label}.{EXPORTS[block.name]}"
            facts += [f"`{block.name}` has two of the label `{block.label}`"] * (path in exports)
            exports.add(path)
    named = set(alloy_syntax.references(body))
    facts += [f"`{path}` is of no component" for path in sorted(named - exports)]
    return facts + [f"nothing leads to `{path}`" for path in sorted(exports - named)]
