"""What is split can be applied by a client, which keeps a copy of it; the rest is refused.

In: the binary (STACKTIC_BIN), stacks in which one component has hundreds of links or parts.
Out: the objects that kubectl builds, by their bytes. Must not know how stacktic counts or splits.
"""

import json
import subprocess
from pathlib import Path

from output_checker.build import build, nearest
from output_checker.finding import Object

HEAD = "apiVersion: stacktic.io/v1\nkind: Stack\nname: shop\ndomain: shop.example.com\n"
# All annotations of an object together.
ANNOTATIONS = 262_144
KEPT = "kubectl.kubernetes.io/last-applied-configuration"
CERTIFICATES = "  certificates: {type: cert_manager, external: {}}\n"
TYPES = ["cnpg", "valkey", "kafka", "loki", "grafana", "rabbitmq", "clickhouse", "seaweedfs"]


def linked(count: int) -> str:
    """An MCP server that is linked to components of every kind."""
    names = [(f"part-{number:04}", TYPES[number % len(TYPES)]) for number in range(count)]
    components = "".join(f"  {name}: {{type: {kind}, namespace: {name}}}\n" for name, kind in names)
    links = "".join(
        f"  - {{from: hub, to: {name}, env: {name.replace('-', '_').upper()}}}\n"
        for name, _ in names
    )
    return f"{HEAD}components:\n  hub: {{type: fastmcp}}\n{CERTIFICATES}{components}links:\n{links}"


def scraped(count: int) -> str:
    """One database that is scraped by many."""
    names = [f"watcher-{number:04}" for number in range(count)]
    components = "".join(f"  {name}: {{type: prometheus, namespace: {name}}}\n" for name in names)
    links = "".join(f"  - {{from: {name}, to: hub}}\n" for name in names)
    return f"{HEAD}components:\n  hub: {{type: valkey}}\n{components}links:\n{links}"


def databases(count: int) -> str:
    """One PostgreSQL with many databases and a reader of all."""
    subs = "".join(f"      database_{number:05}: {{type: database}}\n" for number in range(count))
    hub = f"  hub:\n    type: cnpg\n    sub_components:\n{subs}"
    links = "links:\n  - {from: reader, to: hub}\n"
    return f"{HEAD}components:\n  reader: {{type: fastmcp}}\n{hub}{links}"


def generate(binary: Path, folder: Path, stack: str) -> subprocess.CompletedProcess[str]:
    (folder / "stack.yaml").write_text(stack, encoding="utf-8")
    command = [binary, "gen", "stack.yaml"]
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, timeout=120
    )


def annotations(item: Object) -> int:
    """Bytes of an object's annotations once kubectl has applied it, as Go writes JSON."""
    own: dict[str, str] = item["metadata"].setdefault("annotations", {})
    text = json.dumps(item, separators=(",", ":"), ensure_ascii=False) + "\n"
    escapes = 5 * sum(text.count(sign) for sign in "<>&")
    return len(text.encode()) + escapes + len(KEPT) + sum(len(key) + len(own[key]) for key in own)


def test_what_is_written_can_be_applied(binary: Path, tmp_path: Path) -> None:
    done = generate(binary, tmp_path, linked(860))
    assert done.returncode == 0, done.stderr
    objects = build(nearest(tmp_path / "out", "dev", "hub"))
    sizes = {f"{one['kind']} {one['metadata']['name']}": annotations(one) for one in objects}
    assert max(sizes.values()) > ANNOTATIONS // 2, sizes
    assert max(sizes.values()) <= ANNOTATIONS, sizes


def test_what_cannot_be_split_is_refused_with_the_remedy(binary: Path, tmp_path: Path) -> None:
    done = generate(binary, tmp_path, databases(14_000))
    assert done.returncode == 1
    assert "E_OUTPUT_SIZE: the Cluster `cluster-db`" in done.stderr
    assert "to a second component of its type" in done.stderr
    assert not (tmp_path / "out").exists()


def test_many_rules_become_further_policies_of_the_same_pods(binary: Path, tmp_path: Path) -> None:
    done = generate(binary, tmp_path, scraped(1_500))
    assert done.returncode == 0, done.stderr
    objects = build(nearest(tmp_path / "out", "dev", "hub"))
    policies = [one for one in objects if one["kind"] == "NetworkPolicy"]
    assert sorted(one["metadata"]["name"] for one in policies) == ["hub", "hub.001"]
    assert max(annotations(one) for one in policies) <= ANNOTATIONS
    assert len({json.dumps(one["spec"]["podSelector"]) for one in policies}) == 1
    peers = [
        peer["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"]
        for one in policies
        for rule in one["spec"].get("ingress") or []
        for peer in rule["from"]
        if "namespaceSelector" in peer
    ]
    assert sorted(peers) == sorted(f"watcher-{number:04}" for number in range(1_500))
