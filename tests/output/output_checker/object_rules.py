"""Rules for every built object, whatever its kind.

In: the objects of one build. Out: findings on identity, names, sizes and images.
Must not know schemas, nor what a workload needs.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from output_checker.facts import crd_group
from output_checker.finding import Finding, Object, group_and_version, name_of

LONGEST_NAME = 63
# A controller adds a hash of up to eleven characters to these names and uses the result
# as a label value.
# Names of admission policies are no labels of anything.
LONGEST_BY_KIND = {
    "CronJob": 52,
    "StatefulSet": 52,
    "ValidatingAdmissionPolicy": 253,
    "ValidatingAdmissionPolicyBinding": 253,
}
MOST_DATA_BYTES = 1024 * 1024
MOST_APPLIED_BYTES = 256 * 1024
NAME = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")
RBAC_GROUP = "rbac.authorization.k8s.io"


def check_objects(items: list[Object]) -> list[Finding]:
    """All rules over all objects of one build."""
    findings = check_identities(items)
    for item in items:
        findings += check_name(item) + check_size(item) + check_images(item)
        findings += check_empty_lists(item)
    return findings


def check_identities(items: list[Object]) -> list[Finding]:
    """One object a group, kind, namespace and name, whatever the version says."""
    counts = Counter((group_and_version(item)[0], name_of(item)) for item in items)
    return [
        Finding(name, "duplicate", f"is built {count} times")
        for (_, name), count in sorted(counts.items())
        if count > 1
    ]


def check_name(item: Object) -> list[Finding]:
    """Names and labels that the API server, or a controller later, would refuse."""
    metadata = item.get("metadata") or {}
    name = str(metadata.get("name") or "")
    longest = LONGEST_BY_KIND.get(str(item.get("kind")), LONGEST_NAME)
    facts = (
        [f"the name has {len(name)} characters, {longest} allowed"] if len(name) > longest else []
    )
    if not NAME.fullmatch(name) and group_and_version(item)[0] != RBAC_GROUP:
        facts.append("the name is not a DNS name")
    labels = (metadata.get("labels") or {}).items()
    facts += [f"label {key} has {len(str(v))} characters" for key, v in labels if len(str(v)) > 63]
    return [Finding(name_of(item), "name", fact) for fact in facts]


def check_size(item: Object) -> list[Finding]:
    """The limits of etcd and of the annotation that `kubectl apply` writes."""
    applied = len(json.dumps(item, separators=(",", ":"), ensure_ascii=False).encode())
    facts = []
    if item.get("kind") in ("ConfigMap", "Secret") and applied > MOST_DATA_BYTES:
        facts.append(f"{applied} bytes, {MOST_DATA_BYTES} fit into a {item['kind']}: split it")
    if applied > MOST_APPLIED_BYTES and not _applied_by_server(item):
        facts.append(
            f"{applied} bytes, {MOST_APPLIED_BYTES} fit into the last-applied annotation: "
            "split it, or annotate it with argocd.argoproj.io/sync-options: ServerSideApply=true"
        )
    return [Finding(name_of(item), "size", fact) for fact in facts]


def check_empty_lists(item: Object) -> list[Finding]:
    """Kinds of Kubernetes do not keep an empty list, so every apply would change the object."""
    if crd_group(group_and_version(item)[0]):
        return []
    return [
        Finding(name_of(item), "empty-list", f"{path} is empty: leave it out")
        for path in _empty_lists(item)
    ]


def _empty_lists(value: Any, path: str = "") -> Iterator[str]:
    if value == []:
        yield path
    elif isinstance(value, list):
        for part in value:
            yield from _empty_lists(part, path)
    elif isinstance(value, dict):
        for key, part in value.items():
            yield from _empty_lists(part, f"{path}.{key}" if path else str(key))


def _applied_by_server(item: Object) -> bool:
    annotations = (item.get("metadata") or {}).get("annotations") or {}
    return "ServerSideApply=true" in annotations.get("argocd.argoproj.io/sync-options", "")


def check_images(item: Object) -> list[Finding]:
    """Every image of a built object has an exact tag or a digest."""
    return [
        Finding(name_of(item), "image", fact)
        for image in images_of(item)
        if (fact := image_fault(image))
    ]


def images_of(value: Any) -> Iterator[str]:
    """Every string under a key `image` or `imageName`, in workloads and custom resources."""
    if isinstance(value, list):
        for part in value:
            yield from images_of(part)
    elif isinstance(value, dict):
        for key, part in value.items():
            if key in ("image", "imageName") and isinstance(part, str):
                yield part
            elif key != "data":
                yield from images_of(part)


def image_fault(image: str) -> str | None:
    """What is wrong with an image reference."""
    if "@sha256:" in image:
        return None
    tag = image.rpartition("/")[2].partition(":")[2]
    if not tag:
        return f"image {image} has no tag"
    return f"image {image} has a moving tag" if is_moving_tag(tag) else None


def is_moving_tag(tag: str) -> bool:
    """Tags that name another image tomorrow."""
    return tag == "latest" or tag.startswith("latest-") or tag.endswith("-latest")


def check_value_images(where: str, values: Any) -> list[Finding]:
    """Values may leave the tag to the chart, so only a moving tag is wrong."""
    return [
        Finding(where, "image", f"moving tag {tag!r}")
        for tag in _tags_of(values)
        if is_moving_tag(tag)
    ]


def _tags_of(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for part in value:
            yield from _tags_of(part)
    elif isinstance(value, dict):
        for key, part in value.items():
            if isinstance(part, str) and key.lower().endswith("tag"):
                yield part
            elif isinstance(part, str) and key.lower().endswith("image"):
                yield part.rpartition("/")[2].partition(":")[2]
            else:
                yield from _tags_of(part)
