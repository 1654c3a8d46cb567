"""The operations a link allows, and the pinned OpenAPI document that says what they take.

In: a link (closed lists, hash of the document) and the document in the configuration folder.
Out: operations, their parameters and body schemas; every doubt is a refusal.
Must not know: MCP, or how a request is sent.

Which operations exist, with method and path, comes from the topology alone. The document adds the
schemas: an operation that it has and the topology has not stays out of reach.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from stacktic_mcp.core.toolkit import Link, Refusal
from stacktic_mcp.lib.documents import objects, text

MAX_DOCUMENT_BYTES = 1024 * 1024
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
READ_METHODS = ("GET", "HEAD")
SUPPORTED = "3.1"

Facts = dict[str, Any]

# The last document of each link, by its hash: decoding one takes longer than hashing it.
_decoded: dict[str, tuple[str, Facts]] = {}


@dataclass(frozen=True)
class Operation:
    """One operation of the topology."""

    name: str
    method: str
    path: str
    safe: bool

    @property
    def reads_only(self) -> bool:
        """Tell whether it is declared safe and its method is one that reads."""
        return self.safe and self.method in READ_METHODS


@dataclass(frozen=True)
class Contract:
    """What an operation takes, as the document says."""

    facts: Facts
    parameters: list[Facts]
    body: Facts | None
    body_required: bool
    components: Facts = field(repr=False)

    def located(self, place: str) -> dict[str, Facts]:
        """Return the parameters of one place, by name."""
        found = [item for item in self.parameters if item.get("in") == place]
        return {str(item.get("name")): item for item in found}


def operations_of(link: Link) -> list[Operation]:
    """Return the operations of the topology, in the order of their names."""
    return [operation_of(link, name) for name in link.enums["operations"]]


def operation_of(link: Link, name: str) -> Operation:
    """Return one operation; its facts are pairs `<fact>.<name>` in lists of their own."""
    method = _fact(link, "methods", name, "|".join(METHODS))
    path = _fact(link, "paths", name, r"/[A-Za-z0-9._~{}/-]*")
    safe = _fact(link, "safety", name, "true|false")
    return Operation(name, method, path, safe == "true")


def _fact(link: Link, enum: str, name: str, form: str) -> str:
    ending = f".{name}"
    told = [pair.removesuffix(ending) for pair in link.enums[enum] if pair.endswith(ending)]
    fitting = [fact for fact in told if re.fullmatch(form, fact)]
    if len(fitting) != 1:
        hint = f"the topology does not tell one of the {enum} of this operation"
        raise Refusal("E_UNAVAILABLE", hint)
    return fitting[0]


def document_of(link: Link) -> Facts:
    """Return the pinned document, refused when it is not the one its hash names."""
    name = f"openapi-{link.component}.json"
    try:
        raw = link.config_bytes(name)
    except OSError as error:
        raise Refusal("E_UNAVAILABLE", f"there is no {name} beside the topology") from error
    digest = hashlib.sha256(raw).hexdigest()
    if digest != link.value("OPENAPI_SHA256"):
        hint = f"{name} is not the document pinned by {link.env}_OPENAPI_SHA256"
        raise Refusal("E_UNAVAILABLE", hint)
    known = _decoded.get(name)
    if known is None or known[0] != digest:
        known = _decoded[name] = (digest, _decode(name, raw))
    return known[1]


def _decode(name: str, raw: bytes) -> Facts:
    if len(raw) > MAX_DOCUMENT_BYTES:
        raise Refusal("E_UNAVAILABLE", f"{name} is larger than {MAX_DOCUMENT_BYTES} bytes")
    try:
        document: object = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise Refusal("E_UNAVAILABLE", f"{name} is not JSON") from error
    if not isinstance(document, dict):
        raise Refusal("E_UNAVAILABLE", f"{name} is not a JSON object")
    facts = cast("Facts", document)
    version = text(facts.get("openapi") or facts.get("swagger"))
    if "openapi" not in facts or not version.startswith(f"{SUPPORTED}."):
        told = f"not one of version {version[:10] or 'unknown'}"
        raise Refusal("E_UNAVAILABLE", f"{name} has to be an OpenAPI {SUPPORTED} document, {told}")
    return facts


def found_in(document: Facts, operation: Operation) -> Facts | None:
    """Return what the document says of an operation, or nothing when it has none."""
    item = _mapping(_mapping(document.get("paths")).get(operation.path))
    facts = item.get(operation.method.lower())
    return cast("Facts", facts) if isinstance(facts, dict) else None


def contract_of(link: Link, operation: Operation) -> Contract:
    """Return what an operation takes, refused when the pinned document does not have it."""
    document = document_of(link)
    facts = found_in(document, operation)
    if facts is None:
        place = f"{operation.method} {operation.path}"
        hint = f"the pinned OpenAPI document of {link.component} has no {place}"
        raise Refusal("E_UNAVAILABLE", hint)
    shared = _mapping(_mapping(document["paths"]).get(operation.path)).get("parameters")
    merged: dict[tuple[str, str], Facts] = {}
    for item in [*objects(shared), *objects(facts.get("parameters"))]:
        parameter = resolved(document, item)
        merged[str(parameter.get("in")), str(parameter.get("name"))] = parameter
    body = resolved(document, facts.get("requestBody") or {})
    content = _mapping(_mapping(body.get("content")).get("application/json"))
    if body.get("required") and "schema" not in content:
        raise Refusal("E_UNAVAILABLE", "this operation takes another body than JSON")
    return Contract(
        facts=facts,
        parameters=list(merged.values()),
        body=content.get("schema"),
        body_required=bool(body.get("required")),
        components=dict(_mapping(document.get("components"))),
    )


def resolved(document: Facts, node: Any) -> Facts:
    """Follow references within the document; one that leads elsewhere is refused."""
    for _ in range(8):
        facts = _mapping(node)
        reference = facts.get("$ref")
        if reference is None:
            return dict(facts)
        node = _pointed(document, str(reference))
    raise Refusal("E_UNAVAILABLE", "the OpenAPI document refers to itself in a circle")


def _pointed(document: Facts, reference: str) -> Any:
    start, _, pointer = reference.partition("#/")
    node: Any = document
    for step in pointer.split("/"):
        node = _mapping(node).get(step.replace("~1", "/").replace("~0", "~"))
    if start or node is None:
        raise Refusal("E_UNAVAILABLE", "the OpenAPI document refers to what it does not hold")
    return node


def inlined(document: Facts, node: Any, depth: int) -> Any:
    """Return a schema with its references replaced, down to a depth; then by name alone."""
    if isinstance(node, list):
        return [inlined(document, item, depth) for item in cast("list[Any]", node)]
    if not isinstance(node, dict):
        return node
    facts = cast("Facts", node)
    if "$ref" not in facts:
        return {key: inlined(document, value, depth) for key, value in facts.items()}
    if depth == 0:
        return {"see": str(facts["$ref"]).rpartition("/")[2]}
    return inlined(document, resolved(document, facts), depth - 1)


def _mapping(value: Any) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", value) if isinstance(value, dict) else {}
