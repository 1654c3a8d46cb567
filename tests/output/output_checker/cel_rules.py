"""Evaluates the CEL rules of CRD schemas, as the API server does when an object is made.

In: one custom resource. Out: a finding for each rule that does not hold, and how many were asked.
Must not know the rest of the schema: crd_schemas.py has looked at it before.

The API server fills defaults first, names properties that CEL has a word for in another way, and
takes a rule that ends in an error for one that does not hold.
"""

import functools
import ipaddress
import re
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import cel
from cel.stdlib import add_stdlib_to_context

from output_checker import facts
from output_checker.finding import Finding, Object, group_and_version, name_of

Schema = dict[str, Any]

# What a rule may call beside operators, and strings' and lists' functions of `cel.stdlib`.
STANDARD = frozenset(
    ["contains", "double", "duration", "dyn", "endsWith", "int", "matches", "size", "startsWith",
     "string", "timestamp", "type", "uint"]
)  # fmt: skip
# Names of properties that are words of CEL: https://kubernetes.io/docs/tasks/extend-kubernetes/
# custom-resources/custom-resource-definitions/#validation-rules
WORDS = frozenset(
    ["true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function",
     "if", "import", "let", "loop", "package", "namespace", "return", "var", "void", "while"]
)  # fmt: skip
SIGNS = {"__": "__underscores__", ".": "__dot__", "-": "__dash__", "/": "__slash__"}
OLD = "oldSelf"


@dataclass
class Asked:
    """What came of the rules of one object, or of many."""

    findings: list[Finding] = field(default_factory=list[Finding])
    rules: int = 0
    """Evaluated, each as often as its place in the object has a value."""
    transitions: int = 0
    """Not evaluated: they compare an object with what it was, and a new one was nothing."""

    def add(self, other: "Asked") -> None:
        """Count another object in."""
        self.findings += other.findings
        self.rules += other.rules
        self.transitions += other.transitions


def check_rules(item: Object) -> list[Finding]:
    """All rules of the CRD that the object breaks."""
    return ask(item).findings


def ask(item: Object) -> Asked:
    """Evaluate each rule at each place of the object that it speaks of."""
    asked = Asked()
    group, version = group_and_version(item)
    known = facts.crd_group(group) or {"schemas": {}, "definitions": {}}
    schema = known["schemas"].get(f"{item.get('kind')}/{version}")
    if schema is not None and group in groups_with_rules():
        parts = known["definitions"]
        for path, rule, value in _places("", schema, defaulted(schema, item, parts), parts):
            if OLD in rule:
                asked.transitions += 1
                continue
            asked.rules += 1
            if fact := _broken(rule, value):
                asked.findings.append(Finding(name_of(item), "cel", f"{path or '.'}: {fact}"))
    return asked


@functools.cache
def rules() -> dict[str, list[str]]:
    """Every rule of tests/facts, by API group."""
    return {group: sorted(set(found)) for group in facts.crd_groups()
            if (found := list(_rules_in(facts.crd_group(group))))}  # fmt: skip


@functools.cache
def groups_with_rules() -> frozenset[str]:
    """API groups of which a kind has a rule."""
    return frozenset(rules())


def unreadable(rule: str) -> str | None:
    """Why the rule cannot be evaluated here; None for one that can."""
    try:
        program = _compiled(rule)
    except ValueError as error:
        return str(error)
    named = {name for name in program.functions() if name.isidentifier() and name[0] != "_"}
    unknown = sorted(named - STANDARD - set(_context(None).functions) - {"has"})
    return f"no function {', '.join(unknown)}" if unknown else None


def _rules_in(part: Any) -> Iterator[str]:
    if isinstance(part, list):
        for one in part:
            yield from _rules_in(one)
    elif isinstance(part, dict):
        for word, value in part.items():
            if word == "x-kubernetes-validations" and isinstance(value, list):
                yield from (one["rule"] for one in value)
            else:
                yield from _rules_in(value)


def _resolved(schema: Any, parts: dict[str, Schema]) -> Schema:
    if isinstance(schema, dict) and "$ref" in schema:
        return parts[schema["$ref"].rpartition("/")[2]]
    return schema if isinstance(schema, dict) else {}


def defaulted(schema: Any, value: Any, parts: dict[str, Schema]) -> Any:
    """Fill in what the API server does, at every depth."""
    schema = _resolved(schema, parts)
    if isinstance(value, list):
        return [defaulted(schema.get("items"), one, parts) for one in value]
    if not isinstance(value, dict):
        return value
    properties = {name: _resolved(one, parts) for name, one in schema.get("properties", {}).items()}
    filled = {name: one["default"] for name, one in properties.items()
              if "default" in one} | value  # fmt: skip
    others = schema.get("additionalProperties")
    return {name: defaulted(properties.get(name, others), one, parts)
            for name, one in filled.items()}  # fmt: skip


def _places(
    path: str, schema: Any, value: Any, parts: dict[str, Schema]
) -> Iterator[tuple[str, str, Any]]:
    """Each rule with the value that it calls `self`."""
    schema = _resolved(schema, parts)
    if value is None:
        return
    for one in schema.get("x-kubernetes-validations") or []:
        yield path, one["rule"], _escaped(schema, value, parts)
    if isinstance(value, list):
        for position, part in enumerate(value):
            yield from _places(f"{path}[{position}]", schema.get("items"), part, parts)
    elif isinstance(value, dict):
        properties = schema.get("properties", {})
        for name, part in value.items():
            inner = properties.get(name, schema.get("additionalProperties"))
            yield from _places(f"{path}.{name}", inner, part, parts)


def _escaped(schema: Any, value: Any, parts: dict[str, Schema]) -> Any:
    """Name properties as rules do; keys of maps stay, and what has no schema has no name."""
    schema = _resolved(schema, parts)
    if isinstance(value, list):
        return [_escaped(schema.get("items"), one, parts) for one in value]
    if not isinstance(value, dict):
        return value
    if "properties" not in schema:
        others = schema.get("additionalProperties")
        return {name: _escaped(others, one, parts) for name, one in value.items()}
    properties = schema["properties"]
    return {escaped_name(name): _escaped(properties.get(name), one, parts)
            for name, one in value.items()}  # fmt: skip


def escaped_name(name: str) -> str:
    """The name by which a rule reaches a property."""
    if name in WORDS:
        return f"__{name}__"
    return re.sub(r"__|[.\-/]", lambda found: SIGNS[found[0]], name)


def _broken(rule: str, value: Any) -> str | None:
    try:
        held = _compiled(rule).execute(_context(value))
    except Exception as error:  # each kind that the engine knows counts as a refusal
        return f"{rule} ends in an error: {error}"
    return None if held is True else f"{rule} does not hold"


@functools.cache
def _compiled(rule: str) -> cel.Program:
    return cel.compile(rule)


def _context(value: Any) -> cel.Context:
    context = cel.Context()
    add_stdlib_to_context(context)
    for name, function in KUBERNETES.items():
        context.add_function(name, function)
    context.add_variable("self", value)
    return context


def _is_url(text: str) -> bool:
    return bool(urllib.parse.urlsplit(text).scheme) or text.startswith("/")


def _is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


# Functions of Kubernetes that rules in tests/facts call:
# https://kubernetes.io/docs/reference/using-api/cel/#kubernetes-cel-libraries
KUBERNETES = {
    "isURL": _is_url,
    "url": lambda text: text,
    "getScheme": lambda text: urllib.parse.urlsplit(text).scheme,
    "isIP": _is_ip,
}
