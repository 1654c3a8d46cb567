"""CEL rules of CRDs are read, and each broken object is refused as the API server refuses it.

In: the rules in tests/facts, small schemas and custom resources. Out: one assertion a case.
Must not know a generated tree.
"""

from typing import Any

import pytest

from output_checker import cel_rules, facts
from output_checker.finding import Object
from output_checker.tree_rules import check_items

GROUPS = sorted(cel_rules.groups_with_rules())
Json = dict[str, Any]


@pytest.mark.parametrize("group", GROUPS)
def test_every_rule_can_be_read(group: str) -> None:
    unread = {rule: why for rule in cel_rules.rules()[group] if (why := cel_rules.unreadable(rule))}
    assert unread == {}


def test_the_rules_of_the_operators_are_there() -> None:
    assert len(GROUPS) >= 15
    assert sum(len(rules) for rules in cel_rules.rules().values()) >= 190


@pytest.mark.parametrize(
    ("rule", "why"),
    [("self.spec.fits(1)", "no function fits"), ("quantity(self) > 1", "no function quantity"),
     ("self.a &&", "parse"), ("has(self.a) && self.all(x, x.size() > 0)", None)],
)  # fmt: skip
def test_a_rule_that_cannot_be_read_is_named_with_its_reason(rule: str, why: str | None) -> None:
    said = cel_rules.unreadable(rule)
    assert said is None if why is None else said is not None and why in said


def made(api_version: str, kind: str, spec: Json, name: str = "x") -> Object:
    metadata = {"name": name, "namespace": "shop"}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": spec}


def database(**spec: Any) -> Object:
    base: Json = {"cluster": {"name": "db"}, "name": "app", "owner": "app"}
    return made("postgresql.cnpg.io/v1", "Database", base | spec)


def kafka_user(renewal: int | None, validity: int | None) -> Object:
    fields = {"type": "tls", "renewalDays": renewal, "validityDays": validity}
    authentication = {name: value for name, value in fields.items() if value is not None}
    spec = {"authentication": authentication}
    return made("kafka.strimzi.io/v1", "KafkaUser", spec)


def cluster(**spec: Any) -> Object:
    return made("postgresql.cnpg.io/v1", "Cluster", {"instances": 1} | spec)


def gateway(*listeners: Json) -> Object:
    spec = {"gatewayClassName": "x", "listeners": list(listeners)}
    return made("gateway.networking.k8s.io/v1", "Gateway", spec)


HTTP: Json = {"name": "http", "port": 80, "protocol": "HTTP"}
TLS: Json = {"name": "tls", "port": 443, "protocol": "HTTPS", "tls": {"certificateRefs": []}}
IMAGES: Json = {"imageName": "postgres:18.1"}
CATALOG: Json = {
    "imageCatalogRef": {
        "apiGroup": "postgresql.cnpg.io",
        "kind": "ImageCatalog",
        "name": "x",
        "major": 18,
    }
}


@pytest.mark.parametrize(
    ("item", "part"),
    [
        (database(), None),
        (database(name="postgres"), "self != 'postgres'"),
        (database(name="template0"), "self != 'template0'"),
        (database(builtinLocale="C"), "self.localeProvider == 'builtin'"),
        (database(builtinLocale="C", localeProvider="builtin"), None),
        (cluster(**IMAGES), None),
        (cluster(**CATALOG), None),
        (cluster(**IMAGES, **CATALOG), "has(self.imageCatalogRef) && has(self.imageName)"),
        (kafka_user(30, 365), None),
        (kafka_user(365, 30), "self.renewalDays < self.validityDays"),
        (kafka_user(30, None), "has(self.renewalDays) == has(self.validityDays)"),
        (gateway(HTTP), None),
        (gateway(HTTP, HTTP | {"name": "again"}), "l1.port == l2.port"),
        (gateway(HTTP | {"tls": {}}), "!has(l.tls)"),
        # The mode is filled in before the rule reads it.
        (gateway(TLS | {"tls": {"options": {"a": "b"}}}), None),
        (gateway(TLS), "size(self.certificateRefs) > 0"),
    ],
)
def test_an_object_keeps_the_rules_or_is_refused(item: Object, part: str | None) -> None:
    said = [one.fact for one in check_items([item]) if one.rule == "cel"]
    assert (said == []) if part is None else any(part in fact for fact in said)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A function that asks one small schema about a value of its `spec`."""

    def ask(schema: Json, value: Any, definitions: Json | None = None) -> cel_rules.Asked:
        root = {"type": "object", "properties": {"spec": schema}}
        known = {"schemas": {"Small/v1": root}, "definitions": definitions or {}}
        monkeypatch.setattr(facts, "crd_group", lambda _group: known)
        monkeypatch.setattr(cel_rules, "groups_with_rules", lambda: {"small.example.com"})
        return cel_rules.ask(made("small.example.com/v1", "Small", value))

    return ask


def schema(rule: str, **properties: Json) -> Json:
    rules = [{"rule": rule}]
    return {"type": "object", "properties": properties, "x-kubernetes-validations": rules}


NAMESPACED = schema(
    "self.__namespace__ == 'a' && self.max__dash__age > 1", namespace={}, **{"max-age": {}}
)
MAP: Json = {
    "type": "object",
    "additionalProperties": {},
    "x-kubernetes-validations": [{"rule": "self.all(key, key != 'max-age')"}],
}
DEFAULTED = schema("self.mode == 'a'", mode={"default": "a"})
NESTED = {"type": "array", "items": {"$ref": "#/definitions/one"}}


@pytest.mark.parametrize(
    ("rules", "value", "broken", "evaluated", "transitions"),
    [
        (NAMESPACED, {"namespace": "a", "max-age": 2}, 0, 1, 0),
        (NAMESPACED, {"namespace": "b", "max-age": 2}, 1, 1, 0),
        (MAP, {"max-age": 1}, 1, 1, 0),
        (MAP, {"max__dash__age": 1}, 0, 1, 0),
        (DEFAULTED, {}, 0, 1, 0),
        (DEFAULTED, {"mode": "b"}, 1, 1, 0),
        (NESTED, [{"mode": "a"}, {"mode": "b"}, {}], 1, 3, 0),
        (schema("self.a > 1", a={}), {}, 1, 1, 0),
        (schema("self.a", a={}), {"a": 1}, 1, 1, 0),
        (schema("self == oldSelf", a={}), {"a": 1}, 0, 0, 1),
        (schema("self.a == 1", a={}), None, 0, 0, 0),
    ],
)
def test_a_rule_is_read_as_the_api_server_does(
    small: Any, rules: Json, value: Any, broken: int, evaluated: int, transitions: int
) -> None:
    asked = small(rules, value, {"one": DEFAULTED})
    assert (len(asked.findings), asked.rules, asked.transitions) == (
        broken,
        evaluated,
        transitions,
    )


@pytest.mark.parametrize(
    ("rule", "value", "holds"),
    [
        ("isURL(self)", "https://a.example.com", True),
        ("isURL(self)", "a.example.com", False),
        ("isIP(self)", "10.0.0.1", True),
        ("isIP(self)", "::1", True),
        ("isIP(self)", "a.example.com", False),
        ("url(self).getScheme() in ['http', 'https']", "ftp://a", False),
        ("url(self).getScheme() in ['http', 'https']", "http://a", True),
        ("self.substring(2).matches('^b$')", "*.b", True),
        ("self.split('/')[0].size() < 3", "abc/d", False),
        ("duration(self) >= duration('1ms')", "1h", True),
    ],
)
def test_functions_of_kubernetes(small: Any, rule: str, value: str, holds: bool) -> None:
    asked = small({"type": "string", "x-kubernetes-validations": [{"rule": rule}]}, value)
    assert (asked.findings == []) is holds
