"""The facts are small, attributed, reduced by licence, and still what the script derives.

In: tests/facts, and scripts/derive_facts.py with a source folder made here.
Must not know where the real source folder is.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from output_checker.places import FACTS, ROOT

SCRIPT = ROOT / "scripts" / "derive_facts.py"
FREE = {"Apache-2.0", "MIT", "BSD-3-Clause"}
LIMITS = {"enum", "pattern", "default", "minimum", "maximum", "required", "const",
          "x-kubernetes-validations"}  # fmt: skip
PROSE = {"description", "title", "examples", "example", "$comment"}
FILES = sorted(path.relative_to(FACTS).as_posix() for path in FACTS.rglob("*.json"))


def schema_words(schema: Any) -> Iterator[str]:
    """Every keyword of a schema; names of properties are not keywords."""
    if isinstance(schema, list):
        for part in schema:
            yield from schema_words(part)
    elif isinstance(schema, dict):
        for word, value in schema.items():
            yield word
            if word == "default":
                continue  # a value, whatever its keys are called
            named = word in ("properties", "definitions", "$defs", "patternProperties")
            yield from schema_words(list(value.values()) if named else value)


def load(path: str) -> dict[str, Any]:
    return json.loads((FACTS / path).read_text(encoding="utf-8"))


def test_they_are_at_most_5_mb() -> None:
    assert sum((FACTS / path).stat().st_size for path in FILES) <= 5_000_000


@pytest.mark.parametrize("path", [path for path in FILES if path != "index.json"])
def test_each_has_a_source_and_no_prose(path: str) -> None:
    content = load(path)
    entries = [content] if path.startswith("charts/") else list(content["kinds"].values())
    assert entries
    assert all("licence" in entry and entry["source"]["commit"] for entry in entries)
    schemas = [content.get("schema"), *content.get("schemas", {}).values()]
    assert not PROSE & set(schema_words([*schemas, *content.get("definitions", {}).values()]))


@pytest.mark.parametrize("path", [path for path in FILES if path != "index.json"])
def test_of_other_licences_only_names_and_types_are_kept(path: str) -> None:
    content = load(path)
    if path.startswith("charts/"):
        assert content["licence"] in FREE or "defaults" not in content
        bare = [content.get("schema")] if content["licence"] not in FREE else []
    else:
        restricted = [k for k, entry in content["kinds"].items() if entry["licence"] not in FREE]
        bare = [content["schemas"][key] for key in restricted]
        bare += content["definitions"].values() if restricted else []
    assert not LIMITS & set(schema_words(bare))


def small_source(folder: Path) -> Path:
    """A source folder with one chart and one CRD."""
    source = {"repo": "example.com/demo", "path": "demo", "ref": "v1", "commit": "c" * 40}
    chart = {"chart": "demo", "dir": "demo/demo", "repository": "https://example.com",
             "version": "1.0.0", "app_version": "1", "licence": "MIT",
             "source": source}  # fmt: skip
    entry = {"install": "chart", "charts": [chart], "services": None, "main_images": None,
             "licence": "MIT", "source": source}  # fmt: skip
    crd = {"group": "example.com", "kind": "Demo", "version": "v1", "plural": "demos",
           "scope": "Namespaced", "licence": "MIT", "source": "x", "commit": "c" * 40}  # fmt: skip
    schema = {"type": "object", "description": "prose", "required": ["size"],
              "properties": {"size": {"type": "integer", "default": 1}},
              "x-kubernetes-validations": [{"rule": "self.size > 0", "message": "prose"}],
              }  # fmt: skip
    texts = {
        "charts/INDEX.yaml": json.dumps({"types": {"demo": entry}}),
        "charts/demo/demo/Chart.yaml": "dependencies: [{name: far, alias: near}]",
        "charts/demo/demo/values.yaml": "port: 80\nday: 2026-01-01\nlabels: {}\n",
        "crds/INDEX.yaml": json.dumps({"files": {"demo.json": crd}}),
        "crds/demo.json": json.dumps(schema),
    }
    for path, text in texts.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    return folder


def run(repository: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, repository / "scripts" / SCRIPT.name, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository that holds the script alone, so that nothing real is written."""
    for name in (SCRIPT.name, "schema_reduction.py"):
        (tmp_path / "repo" / "scripts").mkdir(parents=True, exist_ok=True)
        shutil.copy(SCRIPT.with_name(name), tmp_path / "repo" / "scripts" / name)
    return tmp_path / "repo"


def test_the_script_derives_and_compares(repository: Path, tmp_path: Path) -> None:
    source = str(small_source(tmp_path / "source"))
    derived = repository / "tests" / "facts"
    assert run(repository, "--source", source).returncode == 0
    chart = json.loads((derived / "charts" / "demo.json").read_text(encoding="utf-8"))
    assert chart["values"] == {"day": "string", "labels": "map", "port": "integer"}
    assert chart["sub_charts"] == {"near": "far"}
    group = json.loads((derived / "crds" / "example.com.json").read_text(encoding="utf-8"))
    assert group["schemas"]["Demo/v1"] == {
        "properties": {"size": {"type": "integer", "default": 1}},
        "type": "object",
        "x-kubernetes-validations": [{"rule": "self.size > 0"}],
    }
    assert run(repository, "--source", source, "--check").returncode == 0


@pytest.mark.parametrize(
    ("path", "text", "line"),
    [
        ("charts/demo.json", "{}", "differs: charts/demo.json"),
        ("charts/old.json", "{}", "not derived: charts/old.json"),
        ("charts/demo.json", None, "missing: charts/demo.json"),
    ],
)
def test_check_names_each_difference(
    repository: Path, tmp_path: Path, path: str, text: str | None, line: str
) -> None:
    source = str(small_source(tmp_path / "source"))
    run(repository, "--source", source)
    changed = repository / "tests" / "facts" / path
    changed.unlink() if text is None else changed.write_text(text, encoding="utf-8")
    done = run(repository, "--source", source, "--check")
    assert (done.returncode, done.stderr.strip()) == (2, line)


def test_an_absent_source_is_said_plainly(repository: Path, tmp_path: Path) -> None:
    absent = str(tmp_path / "nowhere")
    done = run(repository, "--source", absent, "--check")
    assert done.returncode == 0
    assert "is absent: nothing was derived" in done.stderr
    assert run(repository, "--source", absent).returncode == 1


def test_the_committed_facts_are_what_the_script_derives() -> None:
    done = run(ROOT, "--check")
    assert done.returncode == 0, done.stderr
    assert "up to date" in done.stderr or "is absent" in done.stderr
