"""Who follows the hint of two links that would set the same keys has a good stack.

In: the binary (STACKTIC_BIN), types with a convention, what they may be linked to. Out: stacks in
which each is linked twice, to two servers and to two parts of one, and what is said of them.
Must not know a convention: which of them have keys of fixed names follows from what is said.
"""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from output_checker import presets
from output_checker.places import ROOT

ENTRIES = {
    entry["type"]: entry
    for path in sorted((ROOT / "catalog").glob("*/component.yaml"))
    if (entry := presets.read_entry(path))
}
CONSUMERS = sorted(name for name, entry in ENTRIES.items() if entry.get("convention"))
HINT = re.compile(r"such as `env: (\w+)` on `(\S+) → (\S+)`")
# Following one hint may show the next: a key that met two others.
MOST_ROUNDS = 3

# Both ends of such a link are published.
SIGNS_IN = {"oidc", "oauth"}

Stack = dict[str, Any]


def legal(binary: Path, consumer: str) -> list[dict[str, Any]]:
    """Return the links of a type whose keys could meet."""
    command = [str(binary), "catalog", "links", "-o", "json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    links: list[dict[str, Any]] = json.loads(done.stdout)["links"]
    alone = {
        name
        for slots in ENTRIES[consumer].get("consumes", [])
        for name, slot in slots.items()
        if (slot or {}).get("single")
    }
    return [
        one
        for one in links
        if one["from"] == consumer and "settings" in one["effects"] and one["slot"] not in alone
    ]


def component(kind: str, namespace: str) -> dict[str, Any]:
    needed = presets.required(ENTRIES[kind])
    if "subdomain" in ENTRIES[kind]["attributes"]:
        needed["subdomain"] = namespace
    # Its operator serves its own namespace alone.
    namespace = ENTRIES[kind]["namespace"] if kind == "keycloak" else namespace
    return {"type": kind, "namespace": namespace, "attributes": needed}


def parts(kind: str, of_type: str) -> dict[str, dict[str, Any]]:
    """Return two parts of one type, and what holds them where they name it."""
    part: dict[str, Any] = ENTRIES[kind]["sub_components"][of_type]
    attributes: dict[str, Any] = part.get("attributes", {})
    declared = {name: one["declared"] for name, one in attributes.items() if "declared" in one}
    own = {name: one for name, one in attributes.items() if name not in declared}
    found: dict[str, dict[str, Any]] = {
        name: {
            "type": of_type,
            "attributes": presets.required({"attributes": own}) | dict.fromkeys(declared, "whole"),
        }
        for name in ("left", "right")
    }
    for holder in declared.values():
        found["whole"] = {"type": holder}
    return found


def is_alone(kind: str) -> bool:
    """Whether a stack has one of them: that delivers it, or that brings kinds into the cluster."""
    entry = ENTRIES[kind]
    install = entry["install"]
    return "delivery" in entry.get("roles", ()) or "groups" in install.get("chart", {})


def twice(consumer: str, link: dict[str, Any]) -> Stack:
    """Return a stack with two servers, and two parts of each where links end at parts."""
    components: dict[str, dict[str, Any]] = {
        "certificates": {"type": "cert_manager", "external": {}},
        "app": component(consumer, "app"),
    }
    links: list[dict[str, str]] = []
    for name in ("one",) if is_alone(link["to"]) else ("one", "two"):
        components[name] = component(link["to"], name)
        ends = [name]
        if link["sub_component"]:
            components[name]["sub_components"] = parts(link["to"], link["sub_component"])
            ends = [f"{name}/left", f"{name}/right"]
        links += [{"from": "app", "to": end, "type": link["slot"]} for end in ends]
    if link["interface"] in SIGNS_IN:
        published = [name for name in components if name != "certificates"]
        components["front"] = {"type": "apisix"}
        links += [{"from": "front", "to": name, "type": "http"} for name in published]
    return {
        "apiVersion": "stacktic.io/v1",
        "kind": "Stack",
        "name": "shop",
        "domain": "shop.example.com",
        "components": components,
        "links": links,
    }


def check(binary: Path, folder: Path, stack: Stack) -> str:
    """Return what is said of a stack that is no good; nothing of a good one."""
    (folder / "stack.yaml").write_text(json.dumps(stack))
    command = [str(binary), "check"]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode in (0, 1), done.stderr
    return done.stderr if done.returncode else ""


@pytest.mark.parametrize("consumer", CONSUMERS)
def test_hints_are_good_advice(binary: Path, tmp_path: Path, consumer: str) -> None:
    met = 0
    for link in legal(binary, consumer):
        stack = twice(consumer, link)
        for _ in range(MOST_ROUNDS):
            said = check(binary, tmp_path, stack)
            if not said:
                break
            met += 1
            hints = HINT.findall(said)
            assert len(hints) == said.count("error["), said
            advice = {(source, end): name for name, source, end in hints}
            assert len(advice) == len(set(hints)), said
            for one in stack["links"]:
                ends = (one["from"], one["to"])
                one |= {"env": advice[ends]} if ends in advice else {}
        assert not check(binary, tmp_path, stack), (link["type"], stack["links"])
    assert met
