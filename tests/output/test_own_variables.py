"""What a stack file gives an application itself reaches its pods, and nobody else.

In: the binary (STACKTIC_BIN), a stack with each type that takes variables, values that are drawn.
Out: what the pods of each environment would read, as kustomize builds it.
Must not know a type: which ones take variables stands in the catalog.
"""

import json
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from output_checker import presets
from output_checker.build import build, nearest
from output_checker.finding import Object
from output_checker.places import ROOT

ENTRIES = [presets.read_entry(path) for path in sorted((ROOT / "catalog").glob("*/component.yaml"))]
OWN = {"env", "secret_env"}
TYPES = [entry["type"] for entry in ENTRIES if entry.get("attributes", {}).keys() >= OWN]
# Whatever a line of an env file can hold.
SIGNS = "abcXYZ019 .,:;=#'\"$(){}[]&|<>%@!?*\\/-_äß€"
FIRST, LATER = "dev", "prod"

Variables = dict[str, str]


def drawn(chance: random.Random) -> str:
    """Draw a value that stands nowhere by chance, and is no secret by its look."""
    return f"value-{chance.random()}" + "".join(chance.choices(SIGNS, k=chance.randint(0, 40)))


def stack_of(settings: dict[str, tuple[Variables, Variables]], **more: Any) -> dict[str, Any]:
    """One component a type, with settings of all environments and of the later one."""
    components: dict[str, Any] = {}
    overrides: dict[str, Any] = {}
    for name, (common, later) in settings.items():
        entry = next(entry for entry in ENTRIES if entry["type"] == name)
        given = presets.required(entry)
        own = {"env": common, "secret_env": [f"{name.upper()}_TOKEN", "STRIPE_API_KEY"]}
        components[name.replace("_", "-")] = {"type": name, "attributes": given | own}
        overrides[name.replace("_", "-")] = {"attributes": {"env": later}}
    return {
        "apiVersion": "stacktic.io/v1",
        "kind": "Stack",
        "name": "shop",
        "domain": "shop.example.com",
        **more,
        "environments": {FIRST: {}, LATER: {"cluster": {"name": LATER}, "components": overrides}},
        "components": components,
    }


def generated(binary: Path, folder: Path, stack: dict[str, Any]) -> Path:
    (folder / "stack.yaml").write_text(json.dumps(stack), encoding="utf-8")
    done = subprocess.run(
        [binary, "gen", "stack.yaml"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return folder / "out"


def objects(out: Path, environment: str, component: str) -> list[Object]:
    return build(nearest(out, environment, component))


def of_kind(made: list[Object], kind: str) -> Iterator[Object]:
    return (one for one in made if one["kind"] == kind)


def plain(made: list[Object]) -> Variables:
    """Read what the container has in its environment from ConfigMaps."""
    maps = {one["metadata"]["name"]: one["data"] for one in of_kind(made, "ConfigMap")}
    (deployment,) = of_kind(made, "Deployment")
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    sources = [source["configMapRef"]["name"] for source in container.get("envFrom", [])]
    return {key: value for name in sources for key, value in maps[name].items()}


def mounted(made: list[Object]) -> dict[str, str]:
    """Return the files of secrets that the container finds, with the Secret of each."""
    (deployment,) = of_kind(made, "Deployment")
    volumes = deployment["spec"]["template"]["spec"]["volumes"]
    secrets = [volume["secret"] for volume in volumes if volume["name"] == "credentials"]
    return {
        item["path"]: secret["secretName"]
        for secret in secrets
        for item in secret["items"]
        if item["key"] == item["path"]
    }


@pytest.fixture(scope="module")
def settings() -> dict[str, tuple[Variables, Variables]]:
    chance = random.Random(11)
    names = ["LOG_LEVEL", "Feature__Flags", "_GREETING", "A1"]
    return {
        name: (
            {one: drawn(chance) for one in names[:3]},
            {one: drawn(chance) for one in names[2:]},
        )
        for name in TYPES
    }


def test_every_application_type_takes_variables() -> None:
    applications = {one["type"] for one in ENTRIES if one.get("roles") == ["application"]}
    assert set(TYPES) == applications
    assert len(TYPES) > 5


@pytest.mark.parametrize("backend", ["plain", "sops", "external_secrets"])
def test_pods_read_what_the_stack_file_says(
    binary: Path,
    tmp_path: Path,
    settings: dict[str, tuple[Variables, Variables]],
    backend: str,
) -> None:
    out = generated(binary, tmp_path, stack_of(settings, secrets=backend))
    for name, (common, later) in settings.items():
        component = name.replace("_", "-")
        first, second = (objects(out, one, component) for one in (FIRST, LATER))
        assert common.items() <= plain(first).items()
        assert not (later.keys() - common.keys()) & plain(first).keys()
        assert (common | later).items() <= plain(second).items()
        keys = {f"{name.upper()}_TOKEN", "STRIPE_API_KEY"}
        assert mounted(first).keys() == mounted(second).keys() == keys
        (secret,) = set(mounted(first).values())
        made = {
            "plain": {
                one["metadata"]["name"]: one.get("data", {}) for one in of_kind(first, "Secret")
            },
            # Whoever decrypts the file makes the Secret (tests/lab).
            "sops": {},
            "external_secrets": {
                one["spec"]["target"]["name"]: one["spec"]["target"]["template"]["data"]
                for one in of_kind(first, "ExternalSecret")
            },
        }[backend]
        assert backend == "sops" or made[secret].keys() == keys
        if backend != "external_secrets":
            file = out / "k8s" / "deploy" / "base" / component / "secret" / "cloud.env"
            lines = file.read_text(encoding="utf-8").splitlines()
            assert {f"{key}=" for key in keys} <= set(lines)


def test_values_stand_in_config_files_alone(
    binary: Path, tmp_path: Path, settings: dict[str, tuple[Variables, Variables]]
) -> None:
    """Documents, locks and what the agent is told have names."""
    out = generated(binary, tmp_path, stack_of(settings))
    values = {value for both in settings.values() for one in both for value in one.values()}
    telling = {
        path.relative_to(out).as_posix()
        for path in out.rglob("*")
        if path.is_file() and any(value in path.read_text(encoding="utf-8") for value in values)
    }
    assert telling
    assert all(path.endswith("/config/cloud.env") for path in telling), telling
    metadata = json.loads((out / "stack-metadata.json").read_text(encoding="utf-8"))
    for component in metadata["components"]:
        common, _ = settings[component["type"]]
        assert component["attributes"]["env"] == sorted(common)
        assert "STRIPE_API_KEY" in component["attributes"]["secret_env"]


def test_pods_roll_when_a_value_changes(binary: Path, tmp_path: Path) -> None:
    """The name of what they read has a hash of it."""

    def read_by(out: Path, environment: str) -> Object:
        (deployment,) = of_kind(objects(out, environment, TYPES[0]), "Deployment")
        return deployment["spec"]["template"]

    def given(common: str, later: str) -> dict[str, Any]:
        return stack_of({TYPES[0]: ({"LOG_LEVEL": common}, {"LEVEL": later})})

    out = generated(binary, tmp_path, given("info", "a"))
    before = {one: read_by(out, one) for one in (FIRST, LATER)}
    generated(binary, tmp_path, given("info", "b"))
    assert read_by(out, FIRST) == before[FIRST]
    assert read_by(out, LATER) != before[LATER]
    generated(binary, tmp_path, given("debug", "a"))
    assert read_by(out, FIRST) != before[FIRST]
    generated(binary, tmp_path, given("info", "a"))
    assert read_by(out, FIRST) == before[FIRST]
    secret = out / "k8s" / "deploy" / "base" / TYPES[0] / "secret" / "cloud.env"
    text = secret.read_text(encoding="utf-8")
    secret.write_text(text.replace("STRIPE_API_KEY=", "STRIPE_API_KEY=x"), encoding="utf-8")
    assert read_by(out, FIRST) != before[FIRST]
