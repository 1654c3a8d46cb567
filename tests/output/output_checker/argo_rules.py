"""Argo CD objects: what they point at exists, and their project allows it.

In: the objects of argocd/ and the generated tree they belong to. Out: findings, and for
each chart source the values files it is rendered with (`releases`).
Must not know schemas; crd_schemas checks the objects themselves.
"""

import fnmatch
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from output_checker import facts
from output_checker.finding import Finding, Object, name_of

# Where a path of the user's repository enters the generated tree, whatever stands before.
BEGINNINGS = ("k8s/deploy/", "argocd/")
EXACT_VERSION = re.compile(r"v?\d+\.\d+\.\d+([-+][0-9A-Za-z.+-]+)?")


@dataclass(frozen=True)
class Release:
    """A chart as an Application installs it."""

    application: str
    name: str
    namespace: str
    chart: str
    values_files: tuple[Path, ...]
    inline_values: dict[str, Any]


def sources(application: Object) -> list[dict[str, Any]]:
    """The one source, or the several."""
    spec = application.get("spec") or {}
    return spec.get("sources") or ([spec["source"]] if spec.get("source") else [])


def check_applications(items: list[Object], out: Path) -> list[Finding]:
    """All rules over argocd/."""
    projects = {
        item["metadata"]["name"]: item["spec"] for item in items if item["kind"] == "AppProject"
    }
    findings = []
    for item in items:
        if item["kind"] != "Application":
            continue
        facts_found = [*_check_project(item, projects), *_check_sources(item, out)]
        findings += [Finding(name_of(item), "application", fact) for fact in facts_found]
    return findings


def _check_project(application: Object, projects: dict[str, Any]) -> Iterator[str]:
    spec = application["spec"]
    project = projects.get(spec["project"])
    if project is None:
        yield f"project {spec['project']} is not in argocd/"
        return
    for source in sources(application):
        if not _allowed(source["repoURL"], project.get("sourceRepos") or []):
            yield f"project {spec['project']} does not allow {source['repoURL']}"
    destination = spec["destination"]
    wanted = destination.get("namespace") or ""
    allowed = [entry.get("namespace") or "" for entry in project.get("destinations") or []]
    if not _allowed(wanted, allowed):
        yield f"project {spec['project']} does not allow namespace {wanted}"


def _allowed(value: str, patterns: list[str]) -> bool:
    return any(fnmatch.fnmatchcase(value, pattern) for pattern in patterns)


def _check_sources(application: Object, out: Path) -> Iterator[str]:
    for source in sources(application):
        if source.get("chart"):
            yield from _check_chart(source)
            yield from _check_values_files(source, out)
        folder = local(source.get("path") or "", out)
        if folder and not (folder / "kustomization.yaml").is_file():
            yield f"path {source['path']} holds no kustomization.yaml"


def _check_chart(source: dict[str, Any]) -> Iterator[str]:
    name, version = source["chart"], str(source.get("targetRevision") or "")
    if not EXACT_VERSION.fullmatch(version):
        yield f"chart {name} has no exact version: {version!r}"
    known = facts.chart(name)
    if known is None:
        yield f"chart {name} is not in tests/facts"
        return
    if known["version"] and known["version"] != version:
        yield f"chart {name} {version} is not the version in tests/facts: {known['version']}"
    wanted = argo_repository(known["repository"], name)
    if known["repository"] and source["repoURL"].rstrip("/") != wanted:
        yield f"chart {name} comes from {wanted}, not from {source['repoURL']}"


def argo_repository(repository: str | None, chart: str) -> str:
    """Argo CD writes an OCI repository without its scheme and without the chart's name."""
    text = (repository or "").rstrip("/")
    if not text.startswith("oci://"):
        return text
    return text.removeprefix("oci://").removesuffix(f"/{chart}")


def _check_values_files(source: dict[str, Any], out: Path) -> Iterator[str]:
    helm = source.get("helm") or {}
    for name in helm.get("valueFiles") or []:
        path = local(name, out)
        if not (path and path.is_file()) and not helm.get("ignoreMissingValueFiles"):
            yield f"values file {name} is missing"


def local(path: str, out: Path) -> Path | None:
    """A path of the user's repository in the tree that is checked; None for another repository."""
    for beginning in BEGINNINGS:
        found = re.search(rf"(?:^|/){beginning}", f"{path}/")
        if found:
            return out / path[found.end() - len(beginning) :]
    return None


def releases(items: list[Object], out: Path) -> list[Release]:
    """Every chart that an Application installs."""
    return [
        _release(item, source, out)
        for item in items
        if item["kind"] == "Application"
        for source in sources(item)
        if source.get("chart")
    ]


def _release(application: Object, source: dict[str, Any], out: Path) -> Release:
    helm = source.get("helm") or {}
    files = [local(name, out) for name in helm.get("valueFiles") or []]
    return Release(
        application=name_of(application),
        name=helm.get("releaseName") or application["metadata"]["name"],
        namespace=application["spec"]["destination"].get("namespace") or "",
        chart=source["chart"],
        values_files=tuple(path for path in files if path and path.is_file()),
        inline_values=helm.get("valuesObject") or {},
    )


def values_files(items: list[Object], out: Path) -> set[Path]:
    """Every values file that an Application reads."""
    return {path for release in releases(items, out) for path in release.values_files}


def paths(items: list[Object], out: Path) -> set[Path]:
    """Every folder of the tree that an Application builds or takes values from."""
    applications = [item for item in items if item.get("kind") == "Application"]
    wanted = [source.get("path") for item in applications for source in sources(item)]
    found = {local(path, out) for path in wanted if path}
    folders = {path.parent for path in values_files(applications, out)}
    return {path for path in found if path} | folders
