"""Encrypted secret files from end to end: init, fill, build, links come and go, sync, build.

In: the example with `secrets: sops`, the real sops, age, kustomize and KSOPS. Out: what is built.
Must not know how stacktic works out a value.
"""

from __future__ import annotations

import base64
import os
import re
import stat
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

sys.path.insert(0, str(Path(__file__).resolve().parent))

import sops_tools

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "generated-example" / "stack.yaml"
BINARY = Path(os.environ.get("STACKTIC_BIN", ROOT / "target" / "release" / "stacktic"))
CIPHERTEXT = "ENC[AES256_GCM,"
LONGER_THAN_NAMES = 40
# As skeletons say where the other end of a value is.
SAME = re.compile(r"^#\. .*, the same as key (\S+) of Secret (\S+) of (\S+)$")
LEFT = {"MCP_ARGOCD_TOKEN", "MCP_FASTAPI_TOKEN", "MCP_GRAFANA_TOKEN"}

Object = dict[str, Any]


@dataclass(frozen=True)
class Stack:
    """A folder with a stack and its output."""

    folder: Path

    @property
    def out(self) -> Path:
        """The output."""
        return self.folder / "out"

    @property
    def environment(self) -> dict[str, str]:
        """Programs, and the age key of this folder."""
        return {
            "PATH": sops_tools.path(),
            "HOME": str(self.folder),
            "SOPS_AGE_KEY_FILE": str(self.folder / "age" / "keys.txt"),
        }

    def run(self, *words: str | Path, code: int = 0) -> str:
        """Run a program, and return all it said."""
        done = subprocess.run(
            words,
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, (words, done.returncode, done.stderr[-3000:])
        return done.stdout + done.stderr

    def stacktic(self, *words: str, code: int = 0) -> str:
        """Run the program under test."""
        return self.run(BINARY, *words, code=code)

    def secret_files(self) -> list[Path]:
        """All files of values."""
        return sorted(self.out.glob("k8s/deploy/base/*/secret/*.env"))

    def plain(self) -> dict[Path, str]:
        """All files of values, in plain."""
        return {file: self.run("sops", "decrypt", file) for file in self.secret_files()}

    def build(self, environment: str) -> list[Object]:
        """Build every folder of an environment as Argo CD's plugin does."""
        built: list[Object] = []
        for folder in sorted((self.out / "k8s/deploy/sops" / environment).iterdir()):
            if folder.is_dir():
                text = self.run(
                    "kustomize", "build", "--enable-alpha-plugins", "--enable-exec", folder
                )
                built += [one for one in yaml.safe_load_all(text) if one]
        return built


@dataclass(frozen=True)
class End:
    """A value, and where the other end of its link has it."""

    at: str
    value: str
    secret: str
    key: str


def _values(text: str) -> dict[str, str]:
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


def _ends(file: Path, text: str) -> list[End]:
    """Those that the comments of a file tell of."""
    found: list[End] = []
    same = None
    for line in text.splitlines():
        if line.startswith("#"):
            same = SAME.match(line) or same
        elif same and "=" in line:
            key, value = line.split("=", 1)
            found.append(End(f"{file}: {key}", value, secret=same[2], key=same[1]))
            same = None
    return found


def _secrets(built: list[Object]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for one in built:
        if one["kind"] == "Secret":
            data = {
                key: base64.b64decode(value).decode() for key, value in one.get("data", {}).items()
            }
            found[one["metadata"]["name"]] = data | one.get("stringData", {})
    return found


def _named(secrets: dict[str, dict[str, str]], name: str) -> dict[str, str]:
    """The Secret by its own name, or by that with a hash."""
    hashed = re.compile(re.escape(name) + r"(-[a-z0-9]{10})?")
    (match,) = [values for found, values in secrets.items() if hashed.fullmatch(found)]
    return match


def _ensure_sound(stack: Stack) -> dict[str, dict[str, str]]:
    """Hold what is built to the laws; the Secrets of the first environment."""
    plain = stack.plain()
    all_values: set[str] = set()
    for file, text in plain.items():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
        assert "sops_mac=" in file.read_text(), file
        values = _values(text).values()
        all_values |= {value for value in values if len(value) >= LONGER_THAN_NAMES}
    assert all_values
    ends = [end for file, text in plain.items() for end in _ends(file, text)]
    assert ends
    # No plaintext anywhere: not in the output, and not in what else the commands left.
    for file in stack.folder.rglob("*"):
        if file.is_file():
            text = file.read_bytes()
            assert not [value for value in all_values if value.encode() in text], file
    first: dict[str, dict[str, str]] = {}
    for environment in ("dev", "prod"):
        built = stack.build(environment)
        assert CIPHERTEXT not in yaml.safe_dump_all(built)
        secrets = _secrets(built)
        for end in ends:
            assert end.value, end.at
            assert _named(secrets, end.secret)[end.key] == end.value, end.at
        _ensure_mounts(built, secrets)
        first = first or secrets
        # An overlay builds with kubectl alone, and no Secret is in it.
        folder = stack.out / "k8s/deploy/overlays" / environment
        overlay = yaml.safe_load_all(stack.run("kubectl", "kustomize", folder))
        assert not [one for one in overlay if one["kind"] == "Secret"]
    return first


def _ensure_mounts(built: list[Object], secrets: dict[str, dict[str, str]]) -> None:
    """What a Deployment of ours mounts is there, under the name with the hash of its values."""
    mounted = 0
    for one in built:
        if one["kind"] != "Deployment":
            continue
        for volume in one["spec"]["template"]["spec"].get("volumes", []):
            secret = volume.get("secret")
            if secret:
                keys = {item["key"] for item in secret["items"]}
                assert keys <= secrets[secret["secretName"]].keys(), secret["secretName"]
                mounted += 1
    assert mounted


@pytest.fixture(scope="module")
def programs() -> None:
    """Skip, with the reason, where a program is not to be had."""
    try:
        for program in ("sops", "age-keygen", "kustomize", "ksops"):
            sops_tools.ensure(program)
    except sops_tools.AbsentError as absent:
        pytest.skip(str(absent))


@pytest.fixture
def stack(tmp_path: Path, programs: None) -> Stack:
    """The example, with encrypted files."""
    text = EXAMPLE.read_text().replace("environments:\n", "secrets: sops\nenvironments:\n", 1)
    (tmp_path / "stack.yaml").write_text(text)
    return Stack(tmp_path)


def test_from_init_to_sync(stack: Stack) -> None:
    """Every Secret's value equals its other end's, before and after links come and go."""
    stack.stacktic("gen")
    stack.stacktic("secrets", "init")
    told = stack.stacktic("secrets", "fill")
    assert set(re.findall(r"^left: `(\w+)`", told, re.MULTILINE)) == LEFT
    before = _ensure_sound(stack)
    untouched = {file: file.read_bytes() for file in stack.secret_files()}
    stack.stacktic("secrets", "fill")
    assert untouched == {file: file.read_bytes() for file in stack.secret_files()}
    stack.stacktic("gen", "--check")

    file = stack.folder / "stack.yaml"
    text = file.read_text()
    gone = "  - {from: fastapi, to: valkey, access: write}\n"
    assert gone in text
    file.write_text(text.replace(gone, "  - {from: fastapi, to: clickhouse/analytics}\n"))
    told = stack.stacktic("gen", code=3)
    assert "sops set" in told
    assert "sops unset" in told
    stack.stacktic("secrets", "sync")
    stack.stacktic("gen", "--check", code=2)
    stack.stacktic("gen")
    stack.stacktic("gen", "--check")
    after = _ensure_sound(stack)
    assert "app_fastapi_valkey" in before["valkey-users"]
    assert "app_fastapi_valkey" not in after["valkey-users"]
    assert after["valkey-users"]["admin"] == before["valkey-users"]["admin"]

    # A value that is changed rolls the pods that read it: the name of their Secret is another.
    stack.stacktic("secrets", "rotate", "fastapi:cnpg/app_db")
    rotated = _ensure_sound(stack)
    names = {
        name: {one for one in secrets if one.startswith(f"{name}-credentials-")}
        for secrets in (after, rotated)
        for name in ("fastapi", "fastmcp")
    }
    assert not names["fastapi"] & after.keys()
    assert names["fastmcp"] <= after.keys()


def test_a_build_without_the_key_makes_nothing(stack: Stack) -> None:
    """Who lacks the age key gets no Secret at all, and never ciphertext."""
    stack.stacktic("gen")
    stack.stacktic("secrets", "init")
    stack.stacktic("secrets", "fill")
    (stack.folder / "age" / "keys.txt").unlink()
    folder = stack.out / "k8s/deploy/sops/dev/fastapi"
    said = stack.run(
        "kustomize", "build", "--enable-alpha-plugins", "--enable-exec", folder, code=1
    )
    assert "kind: Secret" not in said
    assert CIPHERTEXT not in said
    said = stack.run("kubectl", "kustomize", folder, code=1)
    assert "kind:" not in said
