"""What is told of a server to those who look for it, and to those who ask what it is made of.

In: generated stacks, the running example, the schemas in `schemas/`.
Out: documents that are valid, true to the running server, and silent about what is linked.
Must not know: how they are made.
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema.validators import validator_for

from generated import REPOSITORY, Generated, binary, example, generate, without_link
from mcp_client import JSON, bearer, message, request
from pods import Running
from test_server_protocol import REVISION, modern

pytest_plugins = ["server_fixtures"]

SCHEMAS = Path(__file__).with_name("schemas")
CARD_PATH = "/mcp/server-card"
DOCUMENTS = {
    "server.json": "server.schema.json",
    "server-card.json": "server-card.schema.json",
    "bom.cdx.json": "bom-1.7.schema.json",
}
SIGN_IN = REPOSITORY / "tests" / "golden" / "callers_sign_in_by_a_realm" / "stack.yaml"
PIN = re.compile(
    r"^(?P<name>[a-z0-9-]+)==(?P<version>\S+)(?P<hashes>(?: \\\n    --hash=\S+)+)", re.MULTILINE
)
# What becomes of a server that is in nobody's way.
ALONE = """
apiVersion: stacktic.io/v1
kind: Stack
name: alone
domain: alone.example.com
components:
  fastmcp: {type: fastmcp, attributes: {website: "https://www.example.com/stacks/alone"}}
links: []
"""


@pytest.fixture(scope="module")
def stacks(
    tmp_path_factory: pytest.TempPathFactory, example_output: Generated
) -> dict[str, Generated]:
    """Stacks whose servers differ in what is linked to them."""
    few = example()
    for target in ("rabbitmq", "valkey", "cnpg", "kafka"):
        few = without_link(few, target)
    texts = {"few": few, "alone": ALONE, "sign_in": SIGN_IN.read_text("utf-8")}
    made = {name: generate(tmp_path_factory.mktemp(name), text) for name, text in texts.items()}
    return {"example": example_output, **made}


def document(stack: Generated, name: str) -> dict[str, Any]:
    text = (stack.root / "docs" / "mcp" / "fastmcp" / name).read_text("utf-8")
    return json.loads(text)


def faults(schema: str, value: Any) -> list[str]:
    """What a schema has against a document, addresses and times included."""
    known = json.loads((SCHEMAS / schema).read_text("utf-8"))
    # That of cards is a set of parts, of which this is the whole.
    if "ServerCard" in known.get("$defs", {}):
        known["$ref"] = "#/$defs/ServerCard"
    kind = validator_for(known)
    kind.check_schema(known)
    checker = kind(known, format_checker=kind.FORMAT_CHECKER)
    return [error.message for error in checker.iter_errors(value)]


@pytest.mark.parametrize("name", DOCUMENTS)
@pytest.mark.parametrize("stack", ["alone", "sign_in"])
def test_each_document_is_of_its_form(stacks: dict[str, Generated], stack: str, name: str) -> None:
    written = document(stacks[stack], name)
    assert faults(DOCUMENTS[name], written) == []
    known = json.loads((SCHEMAS / DOCUMENTS[name]).read_text("utf-8"))
    assert written["$schema"] == known.get("$id", written["$schema"])


@pytest.mark.parametrize(
    ("name", "place", "value"),
    [
        ("server.json", ("name",), "fastmcp"),
        ("server.json", ("description",), "d" * 101),
        ("server.json", ("remotes", 0, "url"), "fastmcp"),
        ("server-card.json", ("$schema",), "https://example.com/card.json"),
        ("server-card.json", ("remotes", 0, "type"), "http"),
        ("bom.cdx.json", ("specVersion",), 1.7),
        ("bom.cdx.json", ("components", 5, "hashes", 0, "content"), "0" * 63),
        ("bom.cdx.json", ("components", 0, "type"), "image"),
    ],
)
def test_the_forms_refuse_what_is_broken(
    stacks: dict[str, Generated], name: str, place: tuple[str | int, ...], value: object
) -> None:
    broken: Any = document(stacks["example"], name)
    if "components" in broken:
        broken["components"] = broken["components"][:6]
    assert faults(DOCUMENTS[name], broken) == []
    inner = broken
    for step in place[:-1]:
        inner = inner[step]
    assert inner[place[-1]] != value
    inner[place[-1]] = value
    assert faults(DOCUMENTS[name], broken) != []


@pytest.mark.parametrize("name", ["server.json", "server-card.json"])
def test_a_published_server_tells_its_address_and_asks_for_a_secret_key(
    stacks: dict[str, Generated], name: str
) -> None:
    told = document(stacks["example"], name)
    assert told["name"] == "io.source-lab.stack-3/fastmcp"
    (remote,) = told["remotes"]
    assert (remote["type"], remote["url"]) == (
        "streamable-http", "https://fastmcp.stack-3.source-lab.io/mcp",
    )  # fmt: skip
    (header,) = remote["headers"]
    assert (header["name"], header["value"]) == ("Authorization", "Bearer {key}")
    assert header["isSecret"] is header["isRequired"] is True
    assert header["variables"]["key"]["isSecret"] is True
    # The registry takes icons by https alone, and the image starts with the files of its stack.
    assert ("icons" in told) is (name == "server-card.json")
    assert "packages" not in told


@pytest.mark.parametrize("name", ["server.json", "server-card.json"])
def test_strangers_learn_nothing_of_what_is_linked(stacks: dict[str, Generated], name: str) -> None:
    assert document(stacks["few"], name) == document(stacks["example"], name)


def test_who_may_sign_in_needs_no_key(stacks: dict[str, Generated]) -> None:
    (remote,) = document(stacks["sign_in"], "server.json")["remotes"]
    (header,) = remote["headers"]
    assert header["isRequired"] is header["variables"]["key"]["isRequired"] is False
    assert header["isSecret"] is True


def test_what_nobody_publishes_has_no_address_and_serves_no_card(
    stacks: dict[str, Generated],
) -> None:
    alone = stacks["alone"]
    for name in ("server.json", "server-card.json"):
        told = document(alone, name)
        assert "remotes" not in told
        assert told["websiteUrl"] == "https://www.example.com/stacks/alone"
    assert not (alone.config / "server-card.json").exists()
    assert alone.topology()["website"] == "https://www.example.com/stacks/alone"


def test_a_stack_without_a_server_has_none_of_it(tmp_path: Path) -> None:
    text = re.sub(r"components:\n.*", "components: {loki: {type: loki}}\n", ALONE, flags=re.DOTALL)
    assert not (generate(tmp_path, text).root / "docs" / "mcp").exists()


def test_names_that_are_too_long_are_made_to_fit(tmp_path: Path) -> None:
    label = "a" * 60
    domain = ".".join([*(f"{letter}{label}" for letter in "bcd"), "com"])
    server, stack = "m" + "c" * 39, "s" * 40
    text = ALONE.replace("alone.example.com", domain).replace("name: alone", f"name: {stack}")
    made = generate(tmp_path, text.replace("fastmcp: {", f"{server}: {{"))
    for name in ("server.json", "server-card.json"):
        told = json.loads((made.root / "docs" / "mcp" / server / name).read_text("utf-8"))
        assert faults(DOCUMENTS[name], told) == []
        # The domain above it is of the same owner.
        assert told["name"] == f"com.d{label}.c{label}/{server}"
        assert told["title"] == f"{stack} {server}"


def test_the_served_card_is_the_committed_one(
    example_server: Running, example_output: Generated
) -> None:
    reply = request(example_server, "GET", CARD_PATH)
    assert (reply.status, reply.headers["content-type"]) == (
        200, "application/mcp-server-card+json",
    )  # fmt: skip
    assert json.loads(reply.text) == document(example_output, "server-card.json")
    assert reply.headers["access-control-allow-origin"] == "*"
    assert "etag" in reply.headers["access-control-expose-headers"].lower()
    known = {"if-none-match": f'"other", W/{reply.headers["etag"]}'}
    again = request(example_server, "GET", CARD_PATH, headers=known)
    assert (again.status, again.text) == (304, "")
    assert request(example_server, "HEAD", CARD_PATH).status == 200
    asked = request(example_server, "OPTIONS", CARD_PATH)
    assert (asked.status, asked.headers["access-control-allow-methods"]) == (204, "GET")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", CARD_PATH),
        ("PUT", CARD_PATH),
        ("DELETE", CARD_PATH),
        ("GET", f"{CARD_PATH}/"),
        ("GET", f"{CARD_PATH}/tools"),
        ("GET", "/server-card"),
        ("GET", "/.well-known/mcp/server-card.json"),
        ("GET", "/.well-known/ai-catalog.json"),
    ],
)
def test_nothing_beside_the_card_is_open(example_server: Running, method: str, path: str) -> None:
    assert request(example_server, method, path).status == 401


def test_the_server_is_what_its_card_says(
    example_server: Running, example_output: Generated, key: int
) -> None:
    card = document(example_output, "server-card.json")
    (remote,) = card["remotes"]
    *older, newest = remote["supportedProtocolVersions"]
    discovered = json.loads(modern(example_server, key, "server/discover").text)["result"]
    assert discovered["supportedVersions"] == [newest] == [REVISION]
    seen = [discovered["_meta"]["io.modelcontextprotocol/serverInfo"]]
    for revision in older:
        client = {"name": "test", "version": "1"}
        body = message("initialize", protocolVersion=revision, capabilities={}, clientInfo=client)
        reply = request(example_server, "POST", body=body, headers={**JSON, **bearer(key)})
        result = json.loads(reply.text)["result"]
        assert result["protocolVersion"] == revision
        seen.append(result["serverInfo"])
    # Older revisions have fewer words for it.
    for info in seen:
        told = {name: info[name] for name in info if name != "name"}
        assert told == {name: card[name] for name in told}
    assert {"title", "version", "description", "icons"} <= seen[0].keys()


def test_icons_are_images_within_the_document(example_output: Generated) -> None:
    (icon,) = document(example_output, "server-card.json")["icons"]
    assert icon["mimeType"] == "image/png"
    assert re.fullmatch(r"data:image/png;base64,iVBORw0KGgo[A-Za-z0-9+/]+=*", icon["src"])


def test_the_bill_names_every_file_of_the_pod_as_it_is(example_output: Generated) -> None:
    mounted = example_output.mounted("fastmcp", "package")
    parts = parts_of(document(example_output, "bom.cdx.json"), "file")
    told = {part["name"]: part["hashes"] for part in parts}
    assert told == {
        path: [{"alg": "SHA-256", "content": hashlib.sha256(file.read_bytes()).hexdigest()}]
        for path, file in mounted.items()
    }


def test_the_bill_names_every_package_as_the_lock_pins_it(example_output: Generated) -> None:
    lock = (example_output.root / "k8s/build/base/fastmcp/requirements.txt").read_text("utf-8")
    pinned = {
        (match["name"], match["version"]): sorted(re.findall(r"sha256:(\w+)", match["hashes"]))
        for match in PIN.finditer(lock)
    }
    assert sum(len(hashes) for hashes in pinned.values()) == lock.count("--hash=") > 500
    parts = parts_of(document(example_output, "bom.cdx.json"), "library")
    told = {
        (part["name"], part["version"]): sorted(one["content"] for one in part["hashes"])
        for part in parts
    }
    assert told == pinned
    assert {one["alg"] for part in parts for one in part["hashes"]} == {"SHA-256"}
    assert [part["purl"] for part in parts] == [
        f"pkg:pypi/{part['name']}@{part['version'].replace('+', '%2B')}" for part in parts
    ]


def test_the_bill_names_the_image_and_what_it_is_built_on(example_output: Generated) -> None:
    built = (example_output.root / "k8s/build/base/fastmcp/Dockerfile").read_text("utf-8")
    base = re.findall(r"^FROM (\S+):(\S+)", built, re.MULTILINE)[-1]
    containers = parts_of(document(example_output, "bom.cdx.json"), "container")
    image, below = containers
    spec = example_output.deployment("fastmcp")["spec"]["template"]["spec"]
    assert f"{image['name']}:{image['version']}" == spec["containers"][0]["image"]
    assert (below["name"], below["version"]) == base
    assert below["purl"] == (
        f"pkg:oci/python?repository_url=docker.io%2Flibrary%2Fpython&tag={base[1]}"
    )


def test_the_bill_hangs_together_and_has_nothing_of_the_moment(
    example_output: Generated,
) -> None:
    bill = document(example_output, "bom.cdx.json")
    references = [part["bom-ref"] for part in [bill["metadata"]["component"], *bill["components"]]]
    assert len(set(references)) == len(references)
    graph = {one["ref"]: one["dependsOn"] for one in bill["dependencies"]}
    reached = {below for parts in graph.values() for below in parts} | {"server"}
    assert reached == set(references)
    assert graph.keys() <= set(references)
    assert not {"serialNumber", "timestamp"} & {*bill, *bill["metadata"]}


def test_files_of_a_link_are_in_the_bill_with_the_link_alone(
    stacks: dict[str, Generated],
) -> None:
    names = {
        stack: {part["name"] for part in parts_of(document(made, "bom.cdx.json"), "file")}
        for stack, made in stacks.items()
        if stack != "sign_in"
    }
    gone = names["example"] - names["few"]
    assert {name.split("/")[2] for name in gone} == {"rabbitmq", "valkey", "cnpg", "kafka"}
    assert not [name for name in names["alone"] if name.startswith("stacktic_mcp/tools/")]
    assert names["alone"] < names["few"] < names["example"]


def test_a_second_run_changes_nothing(stacks: dict[str, Generated]) -> None:
    root = stacks["few"].root
    command = [binary(), "gen", root.parent / "stack.yaml", "--out", root, "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def test_an_image_by_digest_is_known_by_it(tmp_path: Path) -> None:
    digest = "0123456789abcdef" * 4
    stack = yaml.safe_load(ALONE)
    image = f"registry.example.com:5000/mcp@sha256:{digest}"
    stack["components"]["fastmcp"]["attributes"] = {"image": image}
    bill = document(generate(tmp_path, yaml.safe_dump(stack)), "bom.cdx.json")
    image, _ = parts_of(bill, "container")
    assert image["hashes"] == [{"alg": "SHA-256", "content": digest}]
    assert image["purl"] == (
        f"pkg:oci/mcp@sha256:{digest}?repository_url=registry.example.com:5000%2Fmcp"
    )
    assert faults(DOCUMENTS["bom.cdx.json"], bill) == []


def parts_of(bill: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [part for part in bill["components"] if part["type"] == kind]
