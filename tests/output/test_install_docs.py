"""docs/install.md says what a person does: every command names what is there, in a good order.

In: the page of the example, and of stacks that differ in what it tells. Out: nothing is left out,
nothing comes before what it needs, and it says what the Applications of Argo CD say.
"""

import json
import re
import shlex
import subprocess
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import yaml

from output_checker import argo_rules, build
from output_checker.finding import Object

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "generated-example" / "out"
ENVIRONMENTS = ("dev", "prod")
HELM_OF_CERT_MANAGER = ["helm", "upgrade", "--install", "cert-manager"]
SMALL = {
    "apiVersion": "stacktic.io/v1",
    "kind": "Stack",
    "name": "small",
    "domain": "small.example.com",
    "components": {
        "cnpg": {
            "type": "cnpg",
            "attributes": {"storage_class": "fast"},
            "sub_components": {"app_db": {"type": "database"}},
        },
        "api": {"type": "fastapi", "attributes": {"image": "registry.example.com/api:1.0.0"}},
        "elsewhere": {"type": "valkey", "external": {"stack": "platform", "host": "kv.example"}},
    },
    "links": [{"from": "api", "to": "cnpg/app_db"}, {"from": "api", "to": "elsewhere"}],
}


def commands(text: str) -> list[list[str]]:
    """The words of every command, in their order."""
    lines = [line[4:] for line in text.splitlines() if line.startswith("    ")]
    return [shlex.split(line) for line in lines]


def section(text: str, title: str) -> str:
    """What stands below a heading, up to the next one of its kind."""
    return text.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def page() -> str:
    return (EXAMPLE / "docs" / "install.md").read_text(encoding="utf-8")


def by_hand(environment: str) -> str:
    return section(page(), f"The environment `{environment}`, by hand")


def after(words: list[str], flag: str) -> list[str]:
    """The values of a flag."""
    return [words[at + 1] for at, word in enumerate(words) if word == flag]


def generated(stack: dict[str, Any], folder: Path, binary: Path) -> str:
    folder.mkdir(exist_ok=True)
    file = folder / "stack.yaml"
    file.write_text(yaml.safe_dump(stack), encoding="utf-8")
    command = [str(binary), "gen", str(file), "--out", str(folder / "out")]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return (folder / "out/docs/install.md").read_text(encoding="utf-8")


def applied(environment: str) -> list[str]:
    """The folders that are applied, in their order."""
    found = commands(by_hand(environment))
    own = [words for words in found if words[0] == "kubectl" and not is_operator(words)]
    return [folder for words in own for folder in after(words, "-k")]


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_component_is_applied_once_after_what_it_uses(environment: str) -> None:
    whole = f"k8s/deploy/overlays/{environment}"
    first, *rest, last = applied(environment)
    assert (first, last) == ("k8s/deploy/base/_namespaces", whole)
    names = [Path(folder).name for folder in rest]
    nearest = [build.nearest(EXAMPLE, environment, name) for name in names]
    assert [EXAMPLE / folder for folder in rest] == nearest
    metadata = json.loads((EXAMPLE / "stack-metadata.json").read_text(encoding="utf-8"))
    assert sorted(names) == sorted(one["name"] for one in metadata["components"])
    applications = EXAMPLE / "argocd" / environment / "applications"
    waves = {name: wave(applications / f"{name}.yaml") for name in names}
    assert [waves[name] for name in names] == sorted(waves.values())


def wave(application: Path) -> int:
    found = yaml.safe_load(application.read_text(encoding="utf-8"))
    return int(found["metadata"]["annotations"]["argocd.argoproj.io/sync-wave"])


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_what_is_applied_builds(environment: str) -> None:
    for folder in applied(environment):
        # That of a component without objects of its own is empty.
        assert build.build(EXAMPLE / folder) is not None


def releases(environment: str) -> Iterator[tuple[Object, dict[str, Any]]]:
    """Each Application with a chart, and its source."""
    for file in sorted((EXAMPLE / "argocd" / environment / "applications").glob("*.yaml")):
        application = yaml.safe_load(file.read_text(encoding="utf-8"))
        for source in argo_rules.sources(application):
            if "chart" in source:
                yield application, source


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_releases_are_those_of_argo_cd(environment: str) -> None:
    all_commands = commands(by_hand(environment))
    own = [words for words in all_commands if words[0] == "helm" and not is_operator(words)]
    found = {words[3]: words for words in own}
    expected = list(releases(environment))
    assert len(found) == len(expected)
    for application, source in expected:
        words = found[source["helm"]["releaseName"]]
        chart = words[4].removeprefix("oci://").rsplit("/", 1)[-1]
        assert (chart, after(words, "--version")) == (source["chart"], [source["targetRevision"]])
        assert after(words, "-n") == [application["spec"]["destination"]["namespace"]]
        # Argo CD leaves out files that do not exist; a person would see an error.
        values = [file.split("/out/", 1)[1] for file in source["helm"]["valueFiles"]]
        assert after(words, "-f") == [file for file in values if (EXAMPLE / file).is_file()]


def steps(environment: str) -> list[str]:
    """What stands below each step, in their order."""
    return re.split(r"^### Step \d+$", by_hand(environment), flags=re.MULTILINE)[1:]


def is_operator(words: list[str]) -> bool:
    sources = (
        argo_rules.sources(yaml.safe_load(file.read_text(encoding="utf-8")))[-1]
        for file in (EXAMPLE / "argocd/dev/operators").glob("*.yaml")
    )
    releases = {source["helm"]["releaseName"] for source in sources if "chart" in source}
    return any("/_operators/" in word for word in words) or (
        words[0] == "helm" and words[3] in releases
    )


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_operators_come_first_and_their_files_are_there(environment: str) -> None:
    first, *others = [commands(step) for step in steps(environment)]
    assert len(first) >= 6
    assert all(map(is_operator, first))
    # Those that need another component come after it.
    late = [words for words in chain.from_iterable(others) if is_operator(words)]
    assert {folder.rsplit("/", 1)[-1] for words in late for folder in after(words, "-k")} == {
        "rabbitmq",
        "rabbitmq-messaging-topology-operator",
    }
    page_order = [words for step in steps(environment) for words in commands(step)]
    release = next(words for words in page_order if words[:4] == HELM_OF_CERT_MANAGER)
    assert all(page_order.index(release) < page_order.index(words) for words in late)
    operators = [*first, *late]
    told = {word for words in operators for word in words}
    for words in operators:
        assert all((EXAMPLE / file).is_file() for file in after(words, "-f"))
    for file in (EXAMPLE / "argocd" / environment / "operators").glob("*.yaml"):
        source = argo_rules.sources(yaml.safe_load(file.read_text(encoding="utf-8")))[-1]
        folder = f"k8s/deploy/base/_operators/{file.stem}"
        if "chart" in source:
            assert {source["targetRevision"], source["helm"]["releaseName"]} <= told, file.name
        else:
            assert folder in told
            assert_same_manifests(EXAMPLE / folder / "kustomization.yaml", source)


def assert_same_manifests(kustomization: Path, source: dict[str, Any]) -> None:
    """A person gets the commit, folder and images that Argo CD gets."""
    made = yaml.safe_load(kustomization.read_text(encoding="utf-8"))
    repository, path, revision = source["repoURL"], source["path"], source["targetRevision"]
    raw = repository.replace("https://github.com/", "https://raw.githubusercontent.com/")
    # The whole folder, or its files one by one where it has no kustomization.
    folder = f"{repository}//{path}?ref={revision}"
    assert made["resources"] == [folder] or all(
        one.startswith(f"{raw}/{revision}/{path}/") for one in made["resources"]
    )
    images = [f"{one['name']}={one['newName']}:{one['newTag']}" for one in made.get("images", [])]
    assert images == source.get("kustomize", {}).get("images", [])


def test_every_key_that_somebody_gives_is_named() -> None:
    told = dict(re.findall(r"^\| `(\S+\.env)` \| (.+) \|$", page(), re.MULTILINE))
    for file in sorted((EXAMPLE / "k8s/deploy/base").glob("*/secret/*.env")):
        lines = file.read_text(encoding="utf-8").splitlines()
        empty = [line.removesuffix("=") for line in lines if re.fullmatch(r"[\w.-]+=", line)]
        path = str(file.relative_to(EXAMPLE))
        assert re.findall(r"`([^`]+)`", told.pop(path, "")) == empty, path
    assert told == {}


def test_images_are_built_where_their_files_are() -> None:
    rows = re.findall(r"^\| `\S+` \| `(k8s/build/\S+)` \|$", page(), re.MULTILINE)
    assert rows
    assert all((EXAMPLE / folder / "Dockerfile").is_file() for folder in rows)


def test_a_stack_without_argo_cd_says_what_it_needs(tmp_path: Path, binary: Path) -> None:
    text = generated(SMALL, tmp_path, binary)
    assert "With Argo CD" not in text
    needs = section(text, "What must be there")
    for fact in (
        "- The StorageClass `fast`, for cnpg.",
        "- `elsewhere`, which the stack `platform` runs, at `kv.example`.",
        "NetworkPolicy",
    ):
        assert fact in needs
    folders = [folder for words in commands(text) for folder in after(words, "-k")]
    assert [folder.rsplit("/", 1)[-1] for folder in folders][1:3] == ["cnpg", "api"]
    assert "elsewhere" not in " ".join(folders)


def test_who_counts_the_load_is_needed_where_it_decides(tmp_path: Path, binary: Path) -> None:
    calm = generated(SMALL, tmp_path / "calm", binary)
    assert "metrics.k8s.io" not in calm
    environments = {"dev": {}, "prod": {"profile": "ha", "cluster": {"name": "prod"}}}
    busy = generated({**SMALL, "environments": environments}, tmp_path / "busy", binary)
    (line,) = [line for line in busy.splitlines() if "metrics.k8s.io" in line]
    assert line.startswith("- The metrics server")
    assert " are of api," in line


def test_a_store_needs_no_files(tmp_path: Path, binary: Path) -> None:
    text = generated({**SMALL, "secrets": "external_secrets"}, tmp_path, binary)
    assert "External Secrets" in section(text, "What must be there")
    assert ".env`" not in text
