"""Checks one generated tree: what it builds, its Helm values, its Argo CD objects.

In: the folder that stacktic wrote. Out: all findings, sorted.
Must not know the topology, nor how the tree was made.
"""

from pathlib import Path
from typing import Any

from output_checker import (
    alloy_rules,
    api_access_rules,
    argo_rules,
    availability_rules,
    built_in_schemas,
    cel_rules,
    crd_schemas,
    facts,
    helm_values,
    network_rules,
    object_rules,
    pods,
    workload_rules,
    yaml_reading,
)
from output_checker.build import BuildError, build
from output_checker.finding import Finding, Object

KUSTOMIZATION = "kustomization.yaml"


def check_tree(out: Path, overlays: list[str] | None = None) -> list[Finding]:
    """Every finding of a tree; `overlays` are all there are unless named."""
    deploy = out / "k8s" / "deploy"
    found = sorted(path.parent.name for path in deploy.glob(f"overlays/*/{KUSTOMIZATION}"))
    findings = [] if found else [Finding("k8s/deploy/overlays", "build", "there is no overlay")]
    for overlay in found if overlays is None else overlays:
        findings += check_overlay(deploy / "overlays" / overlay)
    for kustomization in sorted(deploy.rglob(KUSTOMIZATION)):
        findings += check_suffixes(kustomization, out)
    findings += check_components(deploy)
    return sorted(set(findings + check_argo(out)))


def check_overlay(folder: Path) -> list[Finding]:
    """What one environment applies to a cluster."""
    try:
        items = build(folder)
    except BuildError as error:
        return [Finding(f"overlay {folder.name}", "build", str(error))]
    if not items:
        return [Finding(f"overlay {folder.name}", "build", "builds nothing")]
    findings = check_items(items)
    if not findings:
        findings = availability_rules.check_availability(items, pods_of_charts(folder))
        findings += api_access_rules.check_api_access(items, releases_of(folder))
    return [Finding(f"overlay {folder.name}, {one.where}", one.rule, one.fact) for one in findings]


def pods_of_charts(overlay: Path) -> list[pods.Pods]:
    """What the charts of an environment make, by the Applications that install them."""
    found = []
    for release in releases_of(overlay):
        # What an Application installs lies in the namespace that it names.
        place = {
            "kind": "Release",
            "metadata": {"name": release.name, "namespace": release.namespace},
        }
        found += pods.of_chart(release.chart, place, release.name, release.values)
    return found


def releases_of(overlay: Path) -> list[api_access_rules.Release]:
    """The charts of an environment, each with all its values."""
    out = overlay.parents[3]
    folder = out / "argocd" / overlay.name
    items = [item for path in sorted(folder.rglob("*.yaml"))
             for item in yaml_reading.read_all(path.read_text("utf-8"))]  # fmt: skip
    return [
        api_access_rules.Release(one.chart, one.name, one.namespace, merged_values(one))
        for one in argo_rules.releases(items, out)
    ]


def merged_values(release: argo_rules.Release) -> dict[str, Any]:
    """All values of a release, one layer over the other."""
    layers = [yaml_reading.read_file(path) or {} for path in release.values_files]
    merged: dict[str, Any] = {}
    for values in [*layers, release.inline_values]:
        merged = helm_values.merge(merged, values)
    return merged


def check_items(items: list[Object]) -> list[Finding]:
    """Schemas first; the other rules read only what has the right shape."""
    findings, sound = check_schemas(items)
    findings += object_rules.check_objects(sound)
    return findings + workload_rules.check_workloads(sound)


def check_schemas(items: list[Any]) -> tuple[list[Finding], list[Object]]:
    """Findings, and the objects without any."""
    findings, sound = [], []
    for item in items:
        new = _check_schema(item)
        findings += new
        if not any(one.rule in ("schema", "unknown-kind") for one in new):
            sound.append(item)
    return findings, sound


def _check_schema(item: Any) -> list[Finding]:
    if not isinstance(item, dict) or not item.get("kind") or not item.get("apiVersion"):
        return [Finding("object", "unknown-kind", "has no apiVersion or no kind")]
    if not (item.get("metadata") or {}).get("name"):
        return [Finding(str(item["kind"]), "schema", "has no metadata.name")]
    if crd_schemas.is_known(item):
        return crd_schemas.check_custom_resource(item) or cel_rules.check_rules(item)
    return built_in_schemas.check_built_in(item)


def check_suffixes(kustomization: Path, out: Path) -> list[Finding]:
    """A ConfigMap without its hash suffix changes under a pod that keeps the old content."""
    where = kustomization.relative_to(out).as_posix()
    content = yaml_reading.read_file(kustomization) or {}
    generators = content.get("configMapGenerator") or []
    options = [content.get("generatorOptions")] if generators else []
    options += [generator.get("options") for generator in generators]
    if any(option and option.get("disableNameSuffixHash") for option in options):
        return [Finding(where, "name-suffix", "disableNameSuffixHash on a ConfigMap")]
    return []


def check_components(deploy: Path) -> list[Finding]:
    """Each deployed component denies by default; its base builds alone.

    One of kinds alone has nothing that runs: its folder holds the kustomization and no more.
    """
    findings = []
    for folder in sorted(path.parent for path in deploy.glob(f"base/*/{KUSTOMIZATION}")):
        try:
            objects = build(folder)
            if [path.name for path in folder.iterdir()] != [KUSTOMIZATION]:
                findings += network_rules.check_network(folder.name, objects)
        except BuildError as error:
            findings.append(Finding(f"base {folder.name}", "build", str(error)))
    return findings


def check_argo(out: Path) -> list[Finding]:
    """Each environment's Applications, and the values they install charts with."""
    folders = sorted(path.parent for path in (out / "argocd").rglob(KUSTOMIZATION))
    if not folders:
        return [Finding("argocd", "application", f"there is no {KUSTOMIZATION}")]
    findings, read = [], set()
    for folder in folders:
        items, new = check_environment(folder, out)
        findings += new + check_undeployed(items, out)
        read |= argo_rules.values_files(items, out)
    return findings + check_unread_values(out, read)


def check_environment(folder: Path, out: Path) -> tuple[list[Object], list[Finding]]:
    """The sound objects of one Argo CD folder, and what is wrong with it."""
    files = sorted(path for path in folder.rglob("*.yaml") if path.name != KUSTOMIZATION)
    documents = {path: yaml_reading.read_all(path.read_text("utf-8")) for path in files}
    findings, items = check_schemas([item for part in documents.values() for item in part])
    findings += object_rules.check_objects(items) + check_listed(documents, folder, out)
    findings += argo_rules.check_applications(items, out)
    for release in argo_rules.releases(items, out):
        findings += check_release(release, out)
    place = folder.relative_to(out).as_posix()
    return items, [Finding(f"{place}, {one.where}", one.rule, one.fact) for one in findings]


def check_listed(documents: dict[Path, list[Object]], folder: Path, out: Path) -> list[Finding]:
    """The kustomization lists every file but the one Application that deploys the folder itself."""
    listed = (yaml_reading.read_file(folder / KUSTOMIZATION) or {}).get("resources") or []
    names = {path: path.relative_to(folder).as_posix() for path in documents}
    return [
        Finding(name, "application", f"{KUSTOMIZATION} does not list it")
        for path, name in names.items()
        if name not in listed and folder not in argo_rules.paths(documents[path], out)
    ]


def check_release(release: argo_rules.Release, out: Path) -> list[Finding]:
    """The values files of one chart, each alone for its keys, together for the schema."""
    chart = facts.chart(release.chart)
    if chart is None:
        return []
    findings, merged = [], {}
    layers = [(path.relative_to(out).as_posix(), yaml_reading.read_file(path) or {})
              for path in release.values_files]  # fmt: skip
    for where, values in [*layers, (release.application, release.inline_values)]:
        findings += helm_values.check_keys(where, values, chart)
        findings += object_rules.check_value_images(where, values)
        merged = helm_values.merge(merged, values)
    findings += alloy_rules.check_pipelines(release.application, merged)
    findings += [
        Finding(release.application, "availability", f"nobody knows how {path} pods are kept up")
        for path in pods.unknown_numbers(release.chart, merged)
    ]
    return findings + helm_values.check_values_schema(release.application, merged, chart)


def check_unread_values(out: Path, read: set[Path]) -> list[Finding]:
    """A values file that no Application names does nothing."""
    return [
        Finding(
            path.relative_to(out).as_posix(), "application", "no Application reads these values"
        )
        for path in sorted((out / "k8s" / "deploy").rglob("*values*.yaml"))
        if path not in read
    ]


def check_undeployed(items: list[Object], out: Path) -> list[Finding]:
    """Every component folder is deployed by some Application; what operators take is in theirs."""
    named = {path.name for path in argo_rules.paths(items, out)}
    return [
        Finding(folder.relative_to(out).as_posix(), "application", "no Application deploys it")
        for folder in sorted((out / "k8s" / "deploy" / "base").glob("*/"))
        if folder.name not in named | {"_operators"}
    ]
