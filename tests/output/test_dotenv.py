"""Secret files are read as the real kustomize reads them, over what a person may type.

In: the binary (STACKTIC_BIN), kubectl, texts in place of `secret/cloud.env`.
Out: what both make of them.
Must not know how either reads.
"""

import base64
import itertools
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

HEAD = (
    "apiVersion: stacktic.io/v1\nkind: Stack\nname: shop\ndomain: shop.example.com\ncomponents:\n"
)
API = "{type: fastapi, namespace: %s, attributes: {image: 'registry.example.com/app:1.0.0'}}"
KEY = re.compile(r"[-._a-zA-Z0-9]{1,253}")
LONGEST = 64 * 1024 - 1

LINES = [
    b"A=1",
    b"A=2",
    b"B=",
    b'A="q"',
    b"A='q'",
    b"A=q # c",
    b"A=#x",
    b"#A=1",
    b"  # A=1",
    b"A=x=y==",
    b"=1",
    b"A",
    b" A=1 ",
    b"A = 1",
    b"A= 1",
    b"export A=1",
    b"A=1\r",
    b"A=1\r\r",
    b"\r",
    b"",
    b"\xef\xbb\xbfA=1",
    b"\xc2\xa0A=1",
    b"A=\xff",
    b"A=\xc3\xbc",
    b"a.b-c_1=1",
    b"1A=1",
    b"a/b=1",
    b".a=1",
    b"..=1",
    b'A="1',
    b'2"',
    b"VALKEY_PASSWORD=x",
    b"VALKEY_PASSWORD=y",
    b"<<<<<<< HEAD",
    b"=======",
    b"A=\x00",
    b"\x0bA=1",
    b"\x1cA=1",
    b"L=" + b"x" * (LONGEST - 2),
    b"L=" + b"x" * (LONGEST - 1),
]
# Lines that say something only beside another one.
PAIRED = [LINES[index] for index in (0, 1, 2, 7, 11, 16, 20, 29, 30, 31, 32, 38, 39)]


def corpus() -> list[bytes]:
    """Return every line alone, with and without an end, and pairs of some."""
    alone = [line + end for line in LINES for end in (b"", b"\n")]
    pairs = [b"%s\n%s\n" % pair for pair in itertools.product(PAIRED, repeat=2)]
    return [b"", *alone, *pairs]


def kustomize(folder: Path, text: bytes) -> dict[str, bytes] | None:
    """Return the Secret that kustomize makes, or nothing where it refuses the file."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "s.env").write_bytes(text)
    generator = {"name": "s", "envs": ["s.env"]}
    (folder / "kustomization.yaml").write_text(yaml.safe_dump({"secretGenerator": [generator]}))
    # A key without a value must not come from somewhere else.
    command = ["kubectl", "kustomize", str(folder)]
    run = subprocess.run(command, capture_output=True, check=False)
    if run.returncode != 0:
        return None
    data: dict[str, str] = yaml.safe_load(run.stdout).get("data") or {}
    return {key: base64.b64decode(value) for key, value in data.items()}


def is_meant(text: bytes, data: dict[str, bytes] | None) -> bool:
    """Whether each line that is no comment became a key that Kubernetes takes, with a value."""
    if data is None or not all(KEY.fullmatch(key) and key != "." for key in data):
        return False
    if any(key.startswith("..") for key in data):
        return False
    lines = [line.strip() for line in text.decode().lstrip("\ufeff").split("\n")]
    entries = [line for line in lines if line and not line.startswith("#")]
    is_mark = any(re.match(r"<{7} |={7}|>{7} |\|{7} ", line) for line in entries)
    return len(entries) == len(data) and all("=" in line for line in entries) and not is_mark


def stack_of(count: int) -> str:
    """Return a stack of as many applications as there are texts, each with one secret key."""
    components = [f"  a{number}: {API % f'n{number}'}\n" for number in range(count)]
    links = [f"  - {{from: a{number}, to: valkey}}\n" for number in range(count)]
    return HEAD + "  valkey: {type: valkey}\n" + "".join(components) + "links:\n" + "".join(links)


def generate(binary: Path, folder: Path, *options: str) -> dict[str, Any]:
    """Return the report by path."""
    command = [str(binary), "gen", "-o", "json", *options]
    run = subprocess.run(command, cwd=folder, capture_output=True, check=False)
    assert run.returncode in (0, 2, 3), run.stderr.decode()
    return {item["path"]: item for item in json.loads(run.stdout)["files"]}


def place(number: int) -> str:
    return f"k8s/deploy/base/a{number}/secret/cloud.env"


@pytest.fixture(scope="session")
def reports(
    binary: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, dict[str, Any], dict[str, Any]]:
    """Put the corpus in place of secrets; check first, then generate."""
    folder = tmp_path_factory.mktemp("dotenv")
    texts = corpus()
    (folder / "stack.yaml").write_text(stack_of(len(texts)))
    generate(binary, folder)
    for number, text in enumerate(texts):
        (folder / "out" / place(number)).write_bytes(text)
    checked = generate(binary, folder, "--check")
    return folder, checked, generate(binary, folder)


def test_what_kustomize_refuses_or_misreads_is_named_and_left(
    reports: tuple[Path, dict[str, Any], dict[str, Any]], tmp_path: Path
) -> None:
    folder, checked, generated = reports
    for number, text in enumerate(corpus()):
        path = place(number)
        is_left = not is_meant_by(text, tmp_path / str(number))
        for report in (checked, generated):
            assert (report[path]["action"] == "secret-unreadable") == is_left, (text, report[path])
        if is_left:
            assert re.match(rf"out/{path}:\d+: .+", checked[path]["note"]), (text, checked[path])
            assert (folder / "out" / path).read_bytes() == text


def is_meant_by(text: bytes, folder: Path) -> bool:
    """Whether kustomize reads the text, and as it is meant."""
    try:
        text.decode()
    except UnicodeDecodeError:
        assert kustomize(folder, text) is None
        return False
    return is_meant(text, kustomize(folder, text))


def test_what_is_read_keeps_its_values(
    reports: tuple[Path, dict[str, Any], dict[str, Any]], tmp_path: Path
) -> None:
    """kustomize reads what it read before, and the key that was missing."""
    folder, _, generated = reports
    for number, text in enumerate(corpus()):
        path = place(number)
        if generated[path]["action"] == "secret-unreadable":
            continue
        before = kustomize(tmp_path / "before", text)
        after = kustomize(tmp_path / "after", (folder / "out" / path).read_bytes())
        assert before is not None
        assert after == {"VALKEY_PASSWORD": b""} | before, text


def test_doubtful_values_are_named_with_their_line(binary: Path, tmp_path: Path) -> None:
    (tmp_path / "stack.yaml").write_text(stack_of(1))
    generate(binary, tmp_path)
    secret = tmp_path / "out" / place(0)
    pristine = secret.read_text()
    line = 1 + pristine.splitlines().index("VALKEY_PASSWORD=")
    for value in ('"x"', "'x'", "x ", " x", "x # y"):
        secret.write_text(pristine.replace("VALKEY_PASSWORD=", f"VALKEY_PASSWORD={value}"))
        note = generate(binary, tmp_path, "--check")[place(0)]["note"]
        assert note.startswith(f"out/{place(0)}:{line}: "), value
        assert value not in note
