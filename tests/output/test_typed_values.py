"""Laws over random stacks: no edit renames a key of another link, and none loses a typed value.

In: the binary (STACKTIC_BIN), random stacks, random edits of them and of their secrets.
Out: keys by link, and where each typed value is afterwards.
Must not know how keys are named, or how files are written.
"""

import json
import random
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

APPLICATION = {"type": "fastapi", "attributes": {"image": "registry.example.com/app:1.0.0"}}
DATABASES = {"orders": {"type": "database"}, "users": {"type": "database"}}
TOPICS = {"events": {"type": "topic"}}
COMPONENTS: dict[str, dict[str, Any]] = {
    "api": {**APPLICATION, "namespace": "api"},
    "web": {**APPLICATION, "namespace": "web"},
    "ai": {"type": "fastmcp", "namespace": "ai"},
    "cache": {"type": "valkey", "namespace": "cache"},
    "sessions": {"type": "valkey", "namespace": "sessions"},
    "main": {"type": "cnpg", "namespace": "main", "sub_components": DATABASES},
    "other": {"type": "cnpg", "namespace": "other", "sub_components": DATABASES},
    "log": {"type": "kafka", "namespace": "log", "sub_components": TOPICS},
}
ENDS = {
    "api": ("cache", "sessions", "main/orders", "main/users", "other/orders", "log/events"),
    "web": ("cache", "sessions", "main/orders", "other/orders"),
    "ai": ("cache", "sessions", "main", "other", "log"),
}
LINKS = [(start, end) for start, ends in ENDS.items() for end in ends]
HINT = re.compile(r"such as `env: (\w+)` on `(\S+) → (\S+)`")

Stack = dict[str, Any]
Link = tuple[str, str]


def random_stack(chance: random.Random) -> Stack:
    """Return a stack with some of the links, and prefixes where the findings ask for them."""
    links = chance.sample(LINKS, chance.randint(2, 7))
    return stack_of(dict.fromkeys(links))


def stack_of(links: dict[Link, str | None], **more: Any) -> Stack:
    used = {name.split("/")[0] for link in links for name in link}
    return {
        "apiVersion": "stacktic.io/v1",
        "kind": "Stack",
        "name": "shop",
        "domain": "shop.example.com",
        **more,
        "components": {name: COMPONENTS[name] for name in sorted(used)},
        "links": [
            {"from": start, "to": end, **({"env": env} if env else {})}
            for (start, end), env in links.items()
        ],
    }


def links_of(stack: Stack) -> dict[Link, str | None]:
    return {(link["from"], link["to"]): link.get("env") for link in stack["links"]}


def run(binary: Path, folder: Path, stack: Stack) -> subprocess.CompletedProcess[str]:
    (folder / "stack.yaml").write_text(json.dumps(stack))
    command = [str(binary), "gen", "--max-deletes", "9999"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def generate(binary: Path, folder: Path, stack: Stack) -> tuple[Stack, str]:
    """Generate, following the hints where prefixes meet: each of them must be good advice."""
    said = run(binary, folder, stack)
    if said.returncode == 1:
        links = links_of(stack)
        advice = HINT.findall(said.stderr)
        assert advice, said.stderr
        links |= {(start, end): env for env, start, end in advice}
        more = {key: stack[key] for key in ("secrets", "environments") if key in stack}
        stack = stack_of(links, **more)
        said = run(binary, folder, stack)
    assert said.returncode in (0, 3), said.stderr
    return stack, said.stdout + said.stderr


def secrets(folder: Path) -> list[Path]:
    return sorted(folder.glob("out/k8s/deploy/base/*/secret/*.env"))


def fill(folder: Path, typed: set[str]) -> None:
    """Type a value of its own into every key that has none."""
    for path in secrets(folder):
        lines: list[str] = []
        for line in path.read_text().splitlines():
            if not line.startswith("#") and line.endswith("="):
                value = f"typed-{len(typed)}-by-hand"
                typed.add(value)
                line += value
            lines.append(line)
        path.write_text("\n".join(lines) + "\n")


def keys(folder: Path) -> set[tuple[str, str]]:
    """Return the plain keys of each component with their values, and its secret ones."""
    found: set[tuple[str, str]] = set()
    for path in folder.glob("out/k8s/deploy/base/*/*/cloud.env"):
        for line in path.read_text().splitlines():
            if line and not line.startswith("#"):
                found.add((path.parts[-3], line))
    return found


def add_link(stack: Stack, chance: random.Random) -> Stack:
    free = [link for link in LINKS if link not in links_of(stack)]
    return stack_of(links_of(stack) | {chance.choice(free): None})


def remove_link(stack: Stack, chance: random.Random) -> Stack:
    links = links_of(stack)
    del links[chance.choice(list(links))]
    return stack_of(links)


def remove_component(stack: Stack, chance: random.Random) -> Stack:
    name = chance.choice(list(stack["components"]))
    kept = {
        link: env
        for link, env in links_of(stack).items()
        if name not in (link[0], link[1].split("/")[0])
    }
    return stack_of(kept)


def rename_keys(stack: Stack, chance: random.Random) -> Stack:
    links = links_of(stack)
    for link in chance.sample(list(links), chance.randint(1, len(links))):
        links[link] = chance.choice(["ONE", "TWO", "VALKEY", "CNPG_ORDERS", None])
    return stack_of(links)


def change_component(stack: Stack, chance: random.Random) -> Stack:
    """Point links of one component at its twin, as a renamed component would."""
    twins = {"cache": "sessions", "sessions": "cache", "main": "other", "other": "main"}
    links: dict[Link, str | None] = {}
    for (start, end), env in links_of(stack).items():
        name, slash, sub = end.partition("/")
        moved = (start, twins.get(name, name) + slash + sub)
        links[moved if moved in LINKS else (start, end)] = env
    return stack_of(links)


def external_secrets(stack: Stack, _: random.Random) -> Stack:
    return stack | {"secrets": "external_secrets"}


def other_environments(stack: Stack, _: random.Random) -> Stack:
    return stack | {"environments": {"test": {}}}


Edit = Callable[[Stack, random.Random], Stack]
EDITS: list[Edit] = [
    add_link,
    remove_link,
    remove_component,
    rename_keys,
    change_component,
    external_secrets,
    other_environments,
]


def disturb(folder: Path, chance: random.Random, typed: set[str]) -> None:
    """Do to a secret what people do: keys behind marks, notes, keys of their own, a key twice."""
    for path in secrets(folder):
        value = f"typed-{len(typed)}-by-hand"
        line = chance.choice(["", "#.KEY=%s", "#. KEY=%s", "# %s", "OWN=%s", "OWN=1\nOWN=%s"])
        if line:
            typed.add(value)
            text = path.read_text()
            at = chance.choice([0, len(text)])
            path.write_text(text[:at] + (line % value if "%s" in line else line) + "\n" + text[at:])


@pytest.mark.parametrize("seed", range(12))
def test_no_typed_value_is_lost(binary: Path, tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    typed: set[str] = set()
    stack, _ = generate(binary, tmp_path, random_stack(chance))
    for _ in range(4):
        fill(tmp_path, typed)
        disturb(tmp_path, chance, typed)
        edit = chance.choice(EDITS)
        edited = edit(stack, chance)
        if not edited["links"]:
            continue
        said = run(binary, tmp_path, edited)
        if said.returncode == 1:
            edited, text = generate(binary, tmp_path, edited)
        else:
            assert said.returncode in (0, 3), said.stderr
            text = said.stdout + said.stderr
        stack = edited
        there = "".join(
            path.read_text() for path in (tmp_path / "out").rglob("*") if path.is_file()
        )
        assert {value for value in typed if value not in there} == set(), edit.__name__
        assert "by-hand" not in text, edit.__name__
        for path in (tmp_path / "out" / ".stacktic" / "orphans").rglob("*.env*"):
            assert path.stat().st_mode & 0o077 == 0, path


@pytest.mark.parametrize("seed", range(12))
def test_no_edit_renames_a_key_of_another_link(binary: Path, tmp_path: Path, seed: int) -> None:
    chance = random.Random(1000 + seed)
    stack, _ = generate(binary, tmp_path, random_stack(chance))
    few = keys(tmp_path)
    stack, _ = generate(binary, tmp_path, add_link(stack, chance))
    more = keys(tmp_path)
    assert few < more, few - more
    for edit in (remove_link, remove_component):
        stack = edit(stack, chance)
        if stack["links"]:
            generate(binary, tmp_path, stack)
            assert keys(tmp_path) <= more, edit.__name__
            more = keys(tmp_path)
