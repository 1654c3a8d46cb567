"""Reads the output as Argo CD does, and puts it into a cluster in that order.

In: the folder of the output, an environment. Out: the folders that its Applications build, in the
order of their waves, and the objects in them. Must not know the name of anything in the output.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import crds
from cluster import Cluster
from output_checker import argo_rules, build, yaml_reading
from output_checker.finding import Object, group_and_version

WAVE = "argocd.argoproj.io/sync-wave"
NAMESPACE = {"apiVersion": "v1", "kind": "Namespace"}
OPTIONS = "argocd.argoproj.io/sync-options"
APPLY = ("apply", "--server-side")
# Kind, namespace and name with the group: what tells an object from all others.
Key = tuple[str, str, str, str]


@dataclass(frozen=True)
class Delivery:
    """One environment of an output."""

    out: Path
    environment: str

    @property
    def begin(self) -> list[Path]:
        """What a person applies by hand."""
        folder = self.out / "argocd" / self.environment
        return [folder / "project.yaml", folder / "root.yaml"]

    @property
    def applications(self) -> list[Object]:
        """The Applications in the order in which Argo CD creates and awaits them."""
        folder = self.out / "argocd" / self.environment
        found = [item for item in build.build(folder) if item["kind"] == "Application"]
        return sorted(found, key=_wave)

    @property
    def folders(self) -> list[Path]:
        """What is built, in its order: the Applications themselves, then what each points at."""
        sources = [one for each in self.applications for one in argo_rules.sources(each)]
        found = [argo_rules.local(one.get("path") or "", self.out) for one in sources]
        applications = self.out / "argocd" / self.environment
        return [applications, *(folder for folder in found if folder)]

    def objects(self) -> dict[Key, Object]:
        """Everything that is put into the cluster."""
        by_hand = [yaml_reading.read_file(path) for path in self.begin]
        built = [item for folder in self.folders for item in build.build(folder)]
        return {key(item): item for item in [*by_hand, *built]}

    def apply(self, cluster: Cluster) -> None:
        """Put it into the cluster."""
        cluster.kubectl(*APPLY, *(word for path in self.begin for word in ("-f", str(path))))
        for folder in self.folders:
            if build.build(folder):
                cluster.kubectl(*APPLY, "-k", str(folder))


def _wave(item: Object) -> int:
    return int((item["metadata"].get("annotations") or {}).get(WAVE, 0))


def is_kept(item: Object) -> bool:
    """Whether Argo CD leaves an object that is not in the output any more."""
    options = (item["metadata"].get("annotations") or {}).get(OPTIONS, "")
    return "Prune=false" in options.split(",")


def key(item: Object) -> Key:
    """What tells an object from all others."""
    metadata = item["metadata"]
    group, _ = group_and_version(item)
    return group, item["kind"], metadata.get("namespace") or "", metadata["name"]


def prepare(cluster: Cluster, objects: dict[Key, Object]) -> None:
    """What others bring: the kinds of operators and charts, and Argo CD's own namespace."""
    kinds = {(group, kind) for group, kind, _, _ in objects}
    known = crds.definitions({group for group, _ in kinds})
    cluster.apply(one for one in known if crds.defined(one) in kinds)
    cluster.kubectl("wait", "crd", "--all", "--for=condition=Established", "--timeout=60s")
    homes = {place for _, kind, place, _ in objects if kind == "AppProject"}
    cluster.apply({**NAMESPACE, "metadata": {"name": home}} for home in homes)


def versions(cluster: Cluster, items: Iterable[Object]) -> dict[Key, str]:
    """Which state of each object the server holds; all of them must be there."""
    listed = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(items)})
    found = json.loads(cluster.kubectl("get", "-f", "-", "-o", "json", text=listed))
    return {key(item): item["metadata"]["resourceVersion"] for item in found["items"]}
