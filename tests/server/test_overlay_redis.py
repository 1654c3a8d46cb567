"""A type of one's own that provides `redis`: one file, and every consumer works with it.

In: `overlays/redis`, the consumers that `catalog links` tells of, a real server of the protocol.
Out: account, rules, secret, edge, settings, documents and lock of each link, compared with those
of a link to the core's own type; the rules hold at a real server; tools come with three lines.
Must not know: which consumers there are.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
import valkey
from valkey.exceptions import AuthenticationError, NoPermissionError

from generated import Generated, binary
from mcp_client import call
from overlay_redis import (
    COMPONENT,
    OVERLAY,
    client,
    consumers,
    generate_stack,
    named,
    rules_of,
    running_server,
    stack_of,
)
from pods import make_pod, running, secret_value

pytest_plugins = ["server_fixtures"]

TYPE = "redis_server"
SERVER = "fastmcp"
HOST = "cache.cache.svc.cluster.local"
PAIR = Path("link-types/pairs/fastmcp-redis_server/pair.yaml")
READING = ["+ping", "+@read", "+@connection", "+@transaction"]
LESS = ["-@dangerous", "+info"]
RULES = {
    "probe": ["+ping"],
    "read": [*READING, *LESS, "%R~app:*"],
    "write": [*READING, "+@write", *LESS, "~app:*"],
}
FORBIDDEN = [("GET", "other:key"), ("SET", "other:key", "x"), ("FLUSHALL",), ("CONFIG", "GET", "*")]


@pytest.fixture(scope="module")
def levels() -> dict[str, str]:
    """Return every consumer but MCP servers, at the highest level that it may have."""
    found = {name: link["levels"][-1] for name, link in consumers(TYPE).items() if name != SERVER}
    assert len(found) >= 7
    return found


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory, levels: dict[str, str]) -> Generated:
    """Generate the stack with the overlay's type."""
    return generate_stack(tmp_path_factory.mktemp("ours"), TYPE, levels)


@pytest.fixture(scope="module")
def cores(tmp_path_factory: pytest.TempPathFactory, levels: dict[str, str]) -> Generated:
    """Generate the same stack with the core's type."""
    return generate_stack(tmp_path_factory.mktemp("cores"), "valkey", levels)


def account(consumer: str) -> str:
    return f"app_{consumer}_cache"


def assignments(generated: Generated, path: str) -> dict[str, str]:
    """Return the keys of a file of settings, none where there is no such file."""
    file = generated.root / "k8s" / "deploy" / "base" / path
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def secret_files(generated: Generated, consumer: str) -> dict[str, str]:
    """Return the files of a consumer's credentials and the keys behind them."""
    volumes = generated.deployment(named(consumer))["spec"]["template"]["spec"]["volumes"]
    found = [one["secret"] for one in volumes if one["name"] == "credentials"]
    return {item["path"]: item["key"] for secret in found for item in secret["items"]}


def test_the_type_is_one_file() -> None:
    assert [path.name for path in (OVERLAY / "catalog" / TYPE).iterdir()] == ["component.yaml"]
    assert len((OVERLAY / PAIR).read_text(encoding="utf-8").splitlines()) == 3


def test_it_has_the_consumers_of_the_core() -> None:
    told = {name: (link["levels"], link["default"]) for name, link in consumers(TYPE).items()}
    assert told == {
        name: (link["levels"], link["default"]) for name, link in consumers("valkey").items()
    }


def test_each_has_an_account_with_the_rules_of_its_level(
    ours: Generated, levels: dict[str, str]
) -> None:
    assert rules_of(ours) == {
        account(name): ["resetkeys", "resetchannels", "-@all", *RULES[level]]
        for name, level in levels.items()
    }


@pytest.mark.parametrize("level", ["read", "write"])
def test_a_level_is_the_one_that_the_link_has(
    tmp_path: Path, levels: dict[str, str], level: str
) -> None:
    wanted = {name: level for name in levels if level in consumers(TYPE)[name]["levels"]}
    assert wanted
    found = rules_of(generate_stack(tmp_path, TYPE, wanted))
    assert {name: rules[3:] for name, rules in found.items()} == {
        account(name): RULES[level] for name in wanted
    }


def test_each_password_stands_at_the_server_and_at_the_consumer(
    ours: Generated, cores: Generated, levels: dict[str, str]
) -> None:
    at_the_server = assignments(ours, f"{COMPONENT}/secret/users.env")
    assert at_the_server == dict.fromkeys(map(account, levels), "")
    for name in levels:
        text = (ours.base(named(name)) / "secret" / "cloud.env").read_text(encoding="utf-8")
        assert f"the same as key {account(name)} of Secret {COMPONENT}-users" in text, name
        mounted = {file.replace("VALKEY", "REDIS") for file in secret_files(cores, name)}
        assert set(secret_files(ours, name)) == mounted, name
        assert not any(assignments(ours, f"{named(name)}/secret/cloud.env").values()), name


def test_each_link_is_an_edge_on_both_sides(ours: Generated, levels: dict[str, str]) -> None:
    for name in levels:
        assert peers(ours, COMPONENT, "ingress", "from").count(named(name)) == 1, name
        assert peers(ours, named(name), "egress", "to").count(COMPONENT) == 1, name


def peers(generated: Generated, component: str, direction: str, side: str) -> list[str]:
    """Return the instances that a policy opens the server's port to."""
    (policy,) = generated.objects(component, "networkpolicy.yaml")
    return [
        end["podSelector"]["matchLabels"]["app.kubernetes.io/instance"]
        for rule in policy["spec"][direction]
        if [port["port"] for port in rule.get("ports", [])] == [6379]
        for end in rule[side]
    ]


def test_each_framework_gets_its_own_words(
    ours: Generated, cores: Generated, levels: dict[str, str]
) -> None:
    words: set[str] = set()
    for name in levels:
        found = assignments(ours, f"{named(name)}/config/cloud.env")
        expected = assignments(cores, f"{named(name)}/config/cloud.env")
        assert found == {
            key.replace("VALKEY", "REDIS"): value for key, value in expected.items()
        }, name
        words |= found.keys() | secret_files(ours, name).keys()
    assert words >= {"REDIS_URL", "SPRING_DATA_REDIS_HOST", "REDIS_HOST", "REDIS_USERNAME"}
    assert words >= {"CELERY_RESULT_BACKEND", "spring.data.redis.password", "REDIS_PASSWORD"}


def test_documents_and_metadata_tell_of_each_link(ours: Generated, levels: dict[str, str]) -> None:
    page = (ours.root / "docs" / "topology.md").read_text(encoding="utf-8")
    links = {link["from"]: link for link in ours.metadata()["links"]}
    for name, level in levels.items():
        row = f"| {named(name)} | `{COMPONENT}` | `{name}-{TYPE}` | {level} | `{account(name)}` |"
        assert row in page, name
        told = links[named(name)]
        assert (told["access"], told["interface"]) == (level, "redis"), name
        assert told["principal"] == account(name), name


def test_the_lock_holds_each_credential(ours: Generated, levels: dict[str, str]) -> None:
    lock = json.loads((ours.root / ".stacktic" / "lock.json").read_text(encoding="utf-8"))
    assert f"k8s/deploy/base/{COMPONENT}/config/rules.yaml" in lock["files"]
    for name in levels:
        folder = f"k8s/deploy/base/{named(name)}/secret/"
        assert any(path.startswith(folder) for path in lock["files"]), name


def test_a_removed_link_takes_its_account_along(tmp_path: Path, levels: dict[str, str]) -> None:
    first, *rest = levels
    generate_stack(tmp_path, TYPE, levels)
    after = generate_stack(tmp_path, TYPE, {name: levels[name] for name in rest})
    assert rules_of(after).keys() == set(map(account, rest))
    assert account(first) not in assignments(after, f"{COMPONENT}/secret/users.env")
    assert named(first) not in peers(after, COMPONENT, "ingress", "from")


def test_a_server_holds_the_accounts_to_their_rules(
    tmp_path: Path, ours: Generated, levels: dict[str, str]
) -> None:
    with running_server(tmp_path / "server", ours) as port:
        for name, level in levels.items():
            redis = client(port, account(name))
            assert redis.ping(), name
            if level == "write":
                assert redis.set("app:key", name), name
                assert redis.get("app:key") == name.encode(), name
            for command in FORBIDDEN:
                with pytest.raises(NoPermissionError):
                    redis.execute_command(*command)


def test_nobody_gets_in_without_a_password(tmp_path: Path, ours: Generated) -> None:
    with running_server(tmp_path / "server", ours) as port:
        anonymous = valkey.Valkey(host="127.0.0.1", port=port)
        with pytest.raises(AuthenticationError):
            anonymous.get("app:key")


def test_a_pair_of_three_lines_brings_the_tools(tmp_path: Path, key: int) -> None:
    generated = generate_stack(tmp_path / "stack", TYPE, {SERVER: "read", "django": "write"})
    (link,) = generated.reviewed()["servers"][SERVER]["links"]
    assert (link["link"], link["principal"]) == (f"{SERVER}-{TYPE}", "mcp_fastmcp_cache")
    assert link["scope"] == {"prefixes": ["app:"]}
    page = (generated.root / "docs" / "tools.md").read_text(encoding="utf-8")
    assert "`valkey_get`" in page
    assert "valkey_set" not in generated.tools()
    with running_server(tmp_path / "server", generated) as port:
        client(port, account("django")).set("app:greeting", "hello")
        address = {"MCP_REDIS_HOST": "127.0.0.1", "MCP_REDIS_PORT": str(port)}
        pod = make_pod(tmp_path / "pod", generated, **address)
        pod.fill({"MCP_REDIS_PASSWORD": secret_value("mcp_fastmcp_cache")})
        with running(pod) as server:
            told = call(server, key, "valkey_get", key="app:greeting")
    assert told["data"]["value"] == "hello"


def test_without_the_pair_the_finding_names_its_three_lines(tmp_path: Path) -> None:
    shutil.copytree(OVERLAY / "catalog", tmp_path / "overlay" / "catalog")
    stack = tmp_path / "stack.yaml"
    stack.write_text(stack_of(TYPE, {SERVER: "read"}), encoding="utf-8")
    command = [binary(), "--catalog", tmp_path / "overlay", "check", stack]
    refused = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert refused.returncode == 1
    assert "no link type joins `fastmcp` to `cache`" in refused.stderr
    lines = (OVERLAY / PAIR).read_text(encoding="utf-8").splitlines()
    assert all(f"`{line}`" in refused.stderr for line in lines), refused.stderr
    assert f"`{PAIR}`" in refused.stderr
    pair = tmp_path / "overlay" / PAIR
    pair.parent.mkdir(parents=True)
    pair.write_text("\n".join(lines), encoding="utf-8")
    assert subprocess.run(command, timeout=60, check=False).returncode == 0
