"""What the generated settings of Alloy make of pods: the streams that reach Loki.

In: generated settings, pods as the Kubernetes API tells them.
Out: for each container that is read, where its lines go, with tenant and labels.
Must not know: the stack, nor what asks Loki.

Alloy is not at hand for tests. What its settings use is read as its documentation says:
https://grafana.com/docs/alloy/latest/reference/components/ discovery.kubernetes, discovery.relabel,
loki.source.kubernetes, loki.process and loki.write; anything else is an error here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from output_checker.alloy_syntax import Block, Call, Reference

Labels = dict[str, str]
META = "__meta_kubernetes_"


@dataclass(frozen=True)
class Pod:
    """A pod of the cluster."""

    namespace: str
    name: str
    labels: Labels
    containers: tuple[str, ...]


@dataclass(frozen=True)
class Stream:
    """Where the lines of a container go."""

    url: str
    tenant: str
    labels: Labels


def streams(settings: Block, pods: list[Pod]) -> Iterator[Stream]:
    """Yield the streams of every container that is read."""
    for source in settings.named("loki.source.kubernetes"):
        for target in _targets(settings, source.attributes["targets"], pods):
            yield from _forwarded(settings, source, _public(source, target))


def _component(settings: Block, reference: Reference) -> Block:
    name, label, _ = reference.path.rsplit(".", 2)
    (found,) = [block for block in settings.named(name) if block.label == label]
    return found


def _targets(settings: Block, value: Any, pods: list[Pod]) -> list[Labels]:
    """Return what a list of targets stands for."""
    if isinstance(value, Call):
        assert value.name == "array.concat"
        return [one for part in value.arguments for one in _targets(settings, part, pods)]
    block = _component(settings, value)
    if block.name == "discovery.kubernetes":
        return [target for pod in pods if _is_selected(block, pod) for target in _of(pod)]
    assert block.name == "discovery.relabel"
    targets = _targets(settings, block.attributes["targets"], pods)
    return [_relabelled(block, target) for target in targets]


def _is_selected(block: Block, pod: Pod) -> bool:
    assert block.attributes == {"role": "pod"}
    (namespaces,), (selector,) = block.named("namespaces"), block.named("selectors")
    assert selector.attributes["role"] == "pod"
    wanted = dict(part.split("=") for part in selector.attributes["label"].split(","))
    return pod.namespace in namespaces.attributes["names"] and wanted.items() <= pod.labels.items()


def _of(pod: Pod) -> Iterator[Labels]:
    own = {
        f"{META}pod_label_{re.sub('[^A-Za-z0-9_]', '_', name)}": value
        for name, value in pod.labels.items()
    }
    for container in pod.containers:
        yield own | {
            f"{META}namespace": pod.namespace,
            f"{META}pod_name": pod.name,
            f"{META}pod_container_name": container,
            f"{META}pod_uid": f"uid-of-{pod.name}",
        }


def _relabelled(block: Block, target: Labels) -> Labels:
    """Apply rules of the action `replace` with the default pattern, which takes the whole value."""
    for rule in block.named("rule"):
        told = rule.attributes
        assert told.keys() <= {"source_labels", "target_label", "replacement"}
        source = ";".join(target.get(name, "") for name in told.get("source_labels", []))
        target = target | {told["target_label"]: told.get("replacement", source)}
    return target


def _public(source: Block, target: Labels) -> Labels:
    """Return the labels of a stream: those without underscores, and two that the source adds."""
    place = f"{target[f'{META}namespace']}/{target[f'{META}pod_name']}"
    added = {
        "instance": f"{place}:{target[f'{META}pod_container_name']}",
        "job": f"{source.name}.{source.label}",
    }
    return added | {name: value for name, value in target.items() if not name.startswith("__")}


def _forwarded(settings: Block, sender: Block, labels: Labels) -> Iterator[Stream]:
    for receiver in sender.attributes["forward_to"]:
        block = _component(settings, receiver)
        if block.name == "loki.write":
            for endpoint in block.named("endpoint"):
                to = endpoint.attributes
                yield Stream(to["url"], to["tenant_id"], labels)
        else:
            yield from _forwarded(settings, block, _processed(block, labels))


def _processed(block: Block, labels: Labels) -> Labels:
    assert block.name == "loki.process"
    for stage in block.blocks:
        assert stage.name == "stage.label_drop"
        labels = {
            name: value for name, value in labels.items() if name not in stage.attributes["values"]
        }
    return labels
