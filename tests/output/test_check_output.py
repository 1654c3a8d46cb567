"""The checker accepts the sample tree and refuses each way of breaking it.

In: copies of tests/output/samples/good. Out: one assertion a rule.
Must not know the real example; test_generated_example.py checks that.
"""

import subprocess
import sys
from pathlib import Path

import pytest

from output_checker import yaml_reading
from output_checker.places import OUTPUT_TESTS, SAMPLE
from output_checker.tree_rules import check_tree

BASE = "k8s/deploy/base"
DEV = "k8s/deploy/overlays/dev"

FOLDERS = {"base/": f"{BASE}/", "dev/": f"{DEV}/"}
BROKEN: dict[str, dict[str, str]] = yaml_reading.read_file(SAMPLE.parent / "broken.yaml")


def test_the_sample_is_accepted(tree: Path) -> None:
    assert check_tree(tree) == []


def file_of(tree: Path, short: str) -> Path:
    """The file that a case names."""
    for word, folder in FOLDERS.items():
        if short.startswith(word):
            return tree / short.replace(word, folder, 1)
    return tree / short


@pytest.mark.parametrize("case", BROKEN.values(), ids=BROKEN)
def test_a_broken_tree_is_refused(tree: Path, case: dict[str, str]) -> None:
    file = file_of(tree, case["file"])
    text = file.read_text(encoding="utf-8")
    assert case["old"] in text
    file.write_text(text.replace(case["old"], case["new"]), encoding="utf-8")
    findings = check_tree(tree)
    found = [one for one in findings if one.rule == case["rule"] and case["fact"] in one.fact]
    assert found, findings


def test_a_large_config_map_is_refused(tree: Path) -> None:
    server = tree / BASE / "fastmcp" / "files" / "server.py"
    server.write_text("#" * (1024 * 1024 + 1), encoding="utf-8")
    facts = [one.fact for one in check_tree(tree) if one.rule == "size"]
    assert any("fit into a ConfigMap" in fact for fact in facts)
    assert any("last-applied" in fact for fact in facts)


def test_a_tree_without_overlays_is_refused(tree: Path) -> None:
    (tree / DEV / "kustomization.yaml").unlink()
    assert any("no overlay" in one.fact for one in check_tree(tree))


def test_a_named_overlay_must_exist(tree: Path) -> None:
    assert any(one.where == "overlay prod" for one in check_tree(tree, ["prod"]))


def test_an_unquoted_n_is_a_boolean_as_for_kubectl(tree: Path) -> None:
    values = tree / BASE / "grafana" / "values.yaml"
    values.write_text("serviceMonitor: {enabled: n}\nreplicas: 1\n", encoding="utf-8")
    assert check_tree(tree) == []


def test_the_command_prints_findings_and_exits_1(tree: Path) -> None:
    command = [sys.executable, OUTPUT_TESTS / "check_output.py"]
    good = subprocess.run([*command, SAMPLE], capture_output=True, text=True, check=False)
    assert (good.returncode, good.stdout) == (0, "")
    (tree / "argocd" / "kafka.yaml").unlink()
    bad = subprocess.run([*command, tree], capture_output=True, text=True, check=False)
    assert bad.returncode == 1
    assert "k8s/deploy/base/kafka: no Application deploys it [application]" in bad.stdout
