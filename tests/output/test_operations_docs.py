"""docs/operations.md answers ten questions of the stack: what it names is there, and follows links.

Must not know a sentence of the page beyond what tells two answers apart.
"""

import random
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest

from levels import kinds, runs
from levels.stacks import Maker
from output_checker import yaml_reading
from output_checker.places import EXAMPLE

OUT = EXAMPLE / "out"
STACKS = 24
QUESTIONS = 10
NAMED = re.compile(r"`((?:argocd|docs|k8s)/[^`\s]+|[a-z]+\.lock\.json|helmfile\.yaml)`")
ROTATE = "stacktic secrets rotate "
PROD: dict[str, Any] = {
    "profile": "ha",
    "cluster": {"name": "prod"},
    "domain": "prod.example.com",
}
Page = dict[str, str]


def page(out: Path) -> Page:
    """The answers by their questions."""
    parts = (out / "docs" / "operations.md").read_text("utf-8").split("\n## ")[1:]
    return dict(part.split("\n", 1) for part in parts)


def commands(text: str) -> list[list[str]]:
    """The words of every command: what is indented more than any item of a list."""
    lines = [line for line in text.splitlines() if re.match(r" {4,}[a-z]", line)]
    return [shlex.split(line) for line in lines if not line.lstrip().startswith("- ")]


def files(out: Path) -> set[str]:
    return {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}


def lines_of(out: Path, component: str, question: str) -> str:
    """What an answer says of one component."""
    items = re.split(r"^(?=- )", page(out)[question], flags=re.MULTILINE)
    return "".join(item for item in items if item.startswith(f"- `{component}`"))


def check_page(binary: Path, out: Path) -> None:
    answers = page(out)
    assert len(answers) == QUESTIONS
    assert all(text.strip() for text in answers.values())
    whole = "\n".join(answers.values())
    assert set(NAMED.findall(whole)) - files(out) == set()
    for words in commands(whole):
        check_command(binary, out, words)


def check_command(binary: Path, out: Path, words: list[str]) -> None:
    match words:
        case ["stacktic", *rest]:
            known = [word for word in rest if word in ("gen", "secrets", "fill", "rotate")]
            asked = subprocess.run([binary, *known, "--help"], capture_output=True, check=False)
            assert known
            assert asked.returncode == 0
        case ["kubectl", "apply", "--server-side", "-k", folder]:
            assert (out / folder / "kustomization.yaml").is_file()
        case ["kubectl", ("get" | "scale"), *_]:
            assert "-n" in words or "-A" in words
        case ["helm", "rollback", release, "-n", namespace]:
            install = (out / "docs" / "install.md").read_text("utf-8")
            assert re.search(rf"helm upgrade --install {release} .*-n {namespace}\b", install)
        case _:
            # What others issue is made by a command of the provider's own.
            tokens = " ".join(words)
            assert any(tokens == " ".join(known) for known in issuing(binary, out)), words


def issuing(binary: Path, out: Path) -> list[list[str]]:
    """Commands that `secrets fill` names for what others issue."""
    command = [binary, "secrets", "status", "--out", out, "-o", "json", out.parent / "stack.yaml"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    told = [key.get("command") or "" for key in runs.json.loads(done.stdout)["keys"]]
    return [shlex.split(line) for text in told for line in text.splitlines()]


def test_what_the_page_of_the_example_names_is_there(binary: Path) -> None:
    check_page(binary, OUT)


@pytest.mark.parametrize("backend", ["sops", "external_secrets"])
def test_what_the_page_names_is_there_however_values_are_kept(
    binary: Path, tmp_path: Path, backend: str
) -> None:
    document = yaml_reading.read_file(EXAMPLE / "stack.yaml") | {"secrets": backend}
    assert runs.gen(binary, tmp_path, document).returncode == 0
    answers = page(tmp_path / "out")
    text = "\n".join(answers.values())
    assert set(NAMED.findall(text)) - files(tmp_path / "out") == set()
    assert (ROTATE in text) is (backend == "sops")
    renamed = re.search(r"begin anew by themselves", answers["A password leaks"])
    assert (renamed is not None) is (backend == "sops")


@pytest.mark.parametrize("part", range(4))
def test_what_the_pages_of_random_stacks_name_is_there(
    binary: Path, tmp_path: Path, part: int
) -> None:
    legal = kinds.legal(binary)
    maker = Maker(legal, kinds.forms(binary, legal), random.Random(part))
    made = 0
    while made < STACKS // 4:
        folder = tmp_path / str(made)
        try:
            draft, _ = runs.settle(binary, folder, maker.stack())
        except runs.RefusedError:
            continue
        document = draft.document() | {"environments": {"dev": {}, "prod": PROD}}
        if runs.gen(binary, folder, document).returncode == 1:
            document["environments"]["prod"] = {"cluster": {"name": "prod"}}
            assert runs.gen(binary, folder, document).returncode == 0
        check_page(binary, folder / "out")
        made += 1


def test_each_password_is_rotated_by_its_command(binary: Path, tmp_path: Path) -> None:
    stack = tmp_path / "stack.yaml"
    stack.write_text((EXAMPLE / "stack.yaml").read_text("utf-8"))
    for words in (["gen"], ["secrets", "init"], ["secrets", "fill"]):
        subprocess.run([binary, *words], cwd=tmp_path, capture_output=True, check=True)
    text = page(tmp_path / "out")["A password leaks"]
    links = [words[-1] for words in commands(text) if " ".join(words).startswith(ROTATE)]
    assert len(links) > 10
    for link in links:
        done = subprocess.run(
            [binary, "secrets", "rotate", link],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert "filled in" in done.stderr, link


def test_sizes_stand_in_the_files_that_are_named() -> None:
    text = page(OUT)["A disk fills"]
    told = re.findall(r"in .*?: (`[^(]+`) \(`([^`]+)`\)", text)
    assert len(told) > 8
    for sizes, path in told:
        content = (OUT / path).read_text("utf-8")
        assert any(size in content for size in re.findall(r": (\w+)`", sizes)), path


COMPONENTS: dict[str, Any] = {
    "db": {"type": "cnpg", "sub_components": {"app": {"type": "database"}}},
    "store": {"type": "seaweedfs", "sub_components": {"kept": {"type": "bucket"}}},
    "certs": {
        "type": "cert_manager",
        "sub_components": {"internal": {"type": "issuer", "attributes": {"kind": "ca"}}},
    },
    "mcp": {"type": "fastmcp"},
    "alloy": {"type": "alloy"},
    "loki": {"type": "loki"},
    "prometheus": {"type": "prometheus"},
}
LINKS: list[dict[str, Any]] = [{"from": "mcp", "to": "db"}, {"from": "alloy", "to": "loki"}]


@pytest.fixture
def answer(binary: Path, tmp_path: Path) -> Any:
    """What a small stack answers, by a question and a component."""

    def answer(
        question: str,
        component: str,
        links: tuple[dict[str, Any], ...] = (),
        dev: dict[str, Any] | None = None,
    ) -> str:
        document = {
            "apiVersion": "stacktic.io/v1",
            "kind": "Stack",
            "name": "shop",
            "domain": "shop.example.com",
            "environments": {"dev": dev or {}},
            "components": COMPONENTS,
            "links": [*LINKS, *links],
        }
        done = runs.gen(binary, tmp_path, document)
        assert done.returncode == 0, done.stdout
        return lines_of(tmp_path / "out", component, question)

    return answer


BACKUP = {"from": "db", "to": "store/kept"}
SCRAPE = {"from": "prometheus", "to": "db"}
COLLECT = {"from": "alloy", "to": "mcp"}


@pytest.mark.parametrize(
    ("question", "component", "link", "without", "with_it"),
    [
        ("The cluster is restored", "db", BACKUP, "no backup is drawn", "`docs/restore/db.md`"),
        ("A bucket is gone", "store/kept", BACKUP, "", "has no backup until"),
        (
            "A disk fills",
            "db",
            SCRAPE,
            "nobody watches it",
            "`k8s/deploy/base/prometheus/rules-db.yaml`",
        ),
        (
            "The MCP server is abused, or a key of a client leaks",
            "mcp",
            COLLECT,
            "nobody collects it",
            "`alloy` collects it",
        ),
    ],
)
def test_an_answer_follows_its_link(
    answer: Any, question: str, component: str, link: dict[str, Any], without: str, with_it: str
) -> None:
    before, after = answer(question, component), answer(question, component, (link,))
    assert without in before
    assert with_it not in before
    assert with_it in after
    assert not without or without not in after


def test_a_certificate_follows_its_issuer(answer: Any) -> None:
    question = "A certificate ends, or its issuer is away"
    assert "no issuer is linked" in answer(question, "db")
    signed = answer(question, "db", ({"from": "db", "to": "certs/internal"},))
    assert "`certs` renews it" in signed
    assert "no issuer is linked" not in signed


def test_a_dead_node_is_answered_by_profile(answer: Any) -> None:
    question = "A node dies"
    small = answer(question, "db")
    assert "is away" in small
    assert "`instances: 1`" in small
    one_loki = {"loki": {"attributes": {"replicas": 1}}}
    large = answer(question, "db", dev={"profile": "ha", "components": one_loki})
    assert "goes on" in large
    assert "`instances: 3`" in large
    assert "is away" not in large


def test_what_stays_one_pod_is_told_with_the_reason_of_its_type(answer: Any) -> None:
    one_loki = {"loki": {"attributes": {"replicas": 1}}}
    told = answer("A node dies", "db", dev={"profile": "ha", "components": one_loki})
    assert "one pod of the backup plugin" in told
