"""A stack that brings the store of its Secrets gets its values from there, in an order that works.

In: the golden stack with OpenBao and External Secrets, and changes of it. Out: the store that each
ExternalSecret names, whom it lets in, what its role may read, and the waves.
Must not know how a policy is made.
"""

import copy
import subprocess
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
import yaml

from levels.secrets import ENTRIES, SELF, policy
from output_checker import yaml_reading
from output_checker.build import build
from output_checker.places import ROOT

GOLDEN = ROOT / "tests/golden/secrets_come_from_a_store_of_the_stack/stack.yaml"
WAVE = "argocd.argoproj.io/sync-wave"
MAKERS = ("external-secrets", "openbao")

Json = dict[str, Any]


@pytest.fixture(scope="module")
def document() -> Json:
    """With an operator that has a Secret of a whole namespace."""
    found: Json = yaml.safe_load(GOLDEN.read_text(encoding="utf-8"))
    events = {"type": "clickhouse", "sub_components": {"clicks": {"type": "database"}}}
    found["components"] |= {"events": events, "argo-cd": {"type": "argo_cd"}}
    return found


@pytest.fixture(scope="module")
def out(binary: Path, document: Json, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return generated(binary, document, tmp_path_factory.mktemp("stores"))


def generated(binary: Path, document: Json, folder: Path) -> Path:
    (folder / "stack.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
    command = [binary, "gen", folder / "stack.yaml"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder / "out"


def of_kind(out: Path, kind: str) -> list[Json]:
    objects = build(out / "k8s/deploy/overlays/dev")
    return [one for one in objects if one["kind"] == kind]


def waves(out: Path) -> dict[str, int]:
    files = (out / "argocd/dev/applications").glob("*.yaml")
    found = {path.stem: yaml_reading.read_file(path) for path in files}
    return {name: int(one["metadata"]["annotations"][WAVE]) for name, one in found.items()}


def test_each_secret_names_the_store_that_is_there(out: Path) -> None:
    secrets = of_kind(out, "ExternalSecret")
    stores = {(one["kind"], one["metadata"]["name"]) for one in of_kind(out, "ClusterSecretStore")}
    named = {tuple(one["spec"]["secretStoreRef"].values()) for one in secrets}
    assert len(secrets) > 3
    assert named == stores == {("ClusterSecretStore", "shop")}


def test_the_store_lets_the_namespaces_of_the_stack_in(out: Path) -> None:
    (store,) = of_kind(out, "ClusterSecretStore")
    (condition,) = store["spec"]["conditions"]
    labels = condition["namespaceSelector"]["matchLabels"].items()
    namespaces = of_kind(out, "Namespace")
    let_in = {
        one["metadata"]["name"] for one in namespaces if labels <= one["metadata"]["labels"].items()
    }
    assert {one["metadata"]["namespace"] for one in of_kind(out, "ExternalSecret")} <= let_in


def test_its_role_reads_every_value_and_its_own_path_alone(out: Path) -> None:
    (store,) = of_kind(out, "ClusterSecretStore")
    vault = store["spec"]["provider"]["vault"]
    login = vault["auth"]["kubernetes"]
    (setup,) = [
        one for one in of_kind(out, "ConfigMap") if one["metadata"]["name"] == "openbao.setup"
    ]
    rights = policy(setup["data"][f"{login['role']}.hcl"]).keys() - SELF.keys()
    places = [ENTRIES.match(path) for path in rights]
    assert [place and place[1] for place in places] == [vault["path"]]
    for secret in of_kind(out, "ExternalSecret"):
        for one in secret["spec"].get("data", []):
            path = f"{vault['path']}/data/{one['remoteRef']['key']}"
            assert any(fnmatchcase(path, right) for right in rights)
    account = login["serviceAccountRef"]
    role = yaml.safe_load(setup["data"][f"{login['role']}.json"])
    assert role["bound_service_account_names"] == [account["name"]]
    assert role["bound_service_account_namespaces"] == [account["namespace"]]
    assert [role["audience"]] == account["audiences"]


def test_whoever_makes_secrets_comes_first(out: Path) -> None:
    found = waves(out)
    operator, store = (found[name] for name in MAKERS)
    others = found.keys() - {*MAKERS, "cert-manager"}
    assert found["cert-manager"] < operator < store
    assert all(found[name] > store for name in others), found


def test_secrets_of_no_component_come_with_the_store(out: Path) -> None:
    """The namespaces come before anybody can make one."""
    base = out / "k8s/deploy/base"
    assert list((base / "_namespaces").glob("externalsecret-*")) == []
    spread = [
        one["metadata"]["namespace"]
        for path in (base / "openbao").glob("externalsecret-*.yaml")
        for one in yaml_reading.read_all(path.read_text(encoding="utf-8"))
    ]
    assert sorted(set(spread)) == ["clickhouse", "openbao"]


def test_links_narrow_the_namespaces(binary: Path, document: Json, tmp_path: Path) -> None:
    changed = copy.deepcopy(document)
    changed["links"].append({"from": "external-secrets", "to": ["api", "site", "cnpg"]})
    (store,) = of_kind(generated(binary, changed, tmp_path), "ClusterSecretStore")
    (condition,) = store["spec"]["conditions"]
    assert set(condition["namespaces"]) == {"app", "db"}


def test_a_store_of_others_is_still_possible(binary: Path, document: Json, tmp_path: Path) -> None:
    changed = copy.deepcopy(document)
    changed["links"] = [one for one in changed["links"] if one["from"] != "external-secrets"]
    del changed["components"]["external-secrets"]
    out = generated(binary, changed, tmp_path)
    assert of_kind(out, "ClusterSecretStore") == []
    assert {one["spec"]["secretStoreRef"]["name"] for one in of_kind(out, "ExternalSecret")} == {
        "shop"
    }
    assert "External Secrets with the store" in (out / "docs/install.md").read_text(
        encoding="utf-8"
    )
