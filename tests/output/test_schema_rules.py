"""The schemas and chart facts are read as Kubernetes and Helm read them.

In: tests/facts and small documents. Out: one assertion a rule.
Must not know a generated tree.
"""

from typing import Any

import pytest

from output_checker import built_in_schemas, crd_schemas, facts, helm_values, yaml_reading
from output_checker.places import FACTS

CHARTS = sorted(path.stem for path in (FACTS / "charts").glob("*.json"))
GROUPS = sorted(path.stem for path in (FACTS / "crds").glob("*.json"))


def refused(schema: dict[str, Any], value: Any) -> bool:
    closed = crd_schemas.close_schema({"type": "object", "properties": {"x": schema}})
    return not crd_schemas.ClosedValidator(closed).is_valid({"x": value})


@pytest.mark.parametrize(
    ("schema", "value", "is_refused"),
    [
        ({"type": "object", "properties": {"a": {}}}, {"b": 1}, True),
        ({"type": "object"}, {"b": 1}, True),
        ({"type": "object", "x-kubernetes-preserve-unknown-fields": True}, {"b": 1}, False),
        ({"type": "object", "additionalProperties": {"type": "string"}}, {"b": "c"}, False),
        ({"type": "object", "additionalProperties": {"type": "string"}}, {"b": 1}, True),
        (
            {"type": "object", "properties": {"a": {}}, "anyOf": [{"required": ["a"]}]},
            {"a": 1},
            False,
        ),
        ({"type": "array", "items": {"type": "object", "properties": {}}}, [{"b": 1}], True),
        ({"x-kubernetes-int-or-string": True}, "80", False),
        ({"x-kubernetes-int-or-string": True}, 80, False),
        ({"x-kubernetes-int-or-string": True}, True, True),
        ({"type": "string"}, None, True),
        ({"type": "string", "nullable": True}, None, False),
        ({"type": "string", "nullable": True, "enum": ["a"]}, None, False),
        ({"type": "string", "nullable": True, "enum": ["a"]}, "b", True),
        ({"type": "string", "pattern": "^(?i)(abort)?$"}, "ABORT", False),
        ({"type": "string", "pattern": "^(?i)(abort)?$"}, "abortion", True),
        ({"type": "array", "x-kubernetes-list-map-keys": ["n"]}, [{"n": 1}, {"n": 2}], False),
        ({"type": "array", "x-kubernetes-list-map-keys": ["n"]}, [{"n": 1}, {"n": 1}], True),
        ({"type": "object", "x-kubernetes-embedded-resource": True}, {"kind": "Pod"}, False),
        ({"type": "object", "x-kubernetes-embedded-resource": True}, {"kin": "Pod"}, True),
    ],
)
def test_open_api_words_are_read_as_the_api_server_does(
    schema: dict[str, Any], value: Any, is_refused: bool
) -> None:
    assert refused(schema, value) is is_refused


@pytest.mark.parametrize("group", GROUPS)
def test_every_crd_refuses_an_unknown_field(group: str) -> None:
    known = facts.crd_group(group)
    assert known is not None
    for key, entry in known["kinds"].items():
        kind, version = key.split("/")
        scope = {"namespace": "x"} if entry["scope"] == "Namespaced" else {}
        item = {
            "apiVersion": f"{group}/{version}",
            "kind": kind,
            "metadata": {"name": "x", **scope},
        }
        is_open = known["schemas"][key].get("x-kubernetes-preserve-unknown-fields", False)
        findings = crd_schemas.check_custom_resource(item | {"nmae": 1})
        assert any("nmae" in one.fact for one in findings) is not is_open
        assert not any("metadata" in one.fact or "apiVersion" in one.fact for one in findings)


def test_metadata_of_a_custom_resource_is_closed() -> None:
    topic = {
        "apiVersion": "kafka.strimzi.io/v1",
        "kind": "KafkaTopic",
        "metadata": {"name": "x", "namespace": "y", "lables": {}},
        "spec": {},
    }
    assert any("lables" in one.fact for one in crd_schemas.check_custom_resource(topic))


@pytest.mark.parametrize(
    ("api_version", "kind"),
    [("example.com/v1", "Deployment"), ("v1", "PodSpec"), ("apps/v2", "Deployment"), ("v1", "")],
)
def test_an_unknown_kind_is_an_error(api_version: str, kind: str) -> None:
    item = {"apiVersion": api_version, "kind": kind, "metadata": {"name": "x"}}
    assert not built_in_schemas.is_known(item)
    assert [one.rule for one in built_in_schemas.check_built_in(item)] == ["unknown-kind"]


def test_a_cluster_wide_object_has_no_namespace() -> None:
    item = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "x", "namespace": "y"}}
    assert [one.rule for one in built_in_schemas.check_built_in(item)] == ["namespace"]


@pytest.mark.parametrize("name", CHARTS)
def test_a_chart_accepts_its_own_defaults(name: str) -> None:
    chart = facts.chart(name)
    assert chart is not None
    assert helm_values.check_values_schema(name, {}, chart) == []
    assert helm_values.check_keys(name, chart.get("defaults", {}), chart) == []


@pytest.mark.parametrize(
    "name", [name for name in CHARTS if (facts.chart(name) or {})["values"] != "map"]
)
def test_a_chart_refuses_an_unknown_top_level_key(name: str) -> None:
    chart = facts.chart(name)
    assert chart is not None
    findings = helm_values.check_keys(name, {"noSuchKeyAnywhere": {"x": 1}}, chart)
    assert [one.rule for one in findings] == ["values-key"]
    if chart["refuses_unknown_keys"] and "defaults" in chart:
        assert helm_values.check_values_schema(name, {"noSuchKeyAnywhere": 1}, chart)


CHART: dict[str, Any] = {
    "chart": "c",
    "version": "1.0.0",
    "values": {"a": {"b": "integer", "on": "boolean"}, "labels": "map", "sub": {"own": "string"}},
    "optional_keys": ["a.extra.deep", "rules"],
    "sub_charts": {"sub": "valkey", "far": "unheard-of"},
}


@pytest.mark.parametrize(
    ("values", "rules"),
    [
        ({"a": {"b": 1}}, []),
        ({"a": {"c": 1}}, ["values-key"]),
        ({"a": {"b": {"deeper": 1}}}, []),
        ({"a": {"on": {"deeper": 1}}}, ["values-key"]),
        ({"a": {"on": "yes"}}, ["values-type"]),
        ({"a": {"on": None}}, []),
        ({"a": "text"}, ["values-type"]),
        ({"a": None}, []),
        ({"labels": {"anything": {"at": "all"}}}, []),
        ({"a": {"extra": {"deep": {"x": 1}}}}, []),
        ({"a": {"extra": {"other": 1}}}, ["values-key"]),
        ({"rules": [{"x": 1}]}, []),
        ({"global": {"x": 1}}, []),
        ({"sub": {"own": "x", "fullnameOverride": "y"}}, []),
        ({"sub": {"replicasCount": 1}}, ["values-key"]),
        ({"far": {"x": 1}}, []),
        (["a"], ["values-key"]),
        (None, []),
    ],
)
def test_value_keys(values: Any, rules: list[str]) -> None:
    assert [one.rule for one in helm_values.check_keys("x", values, CHART)] == rules


def test_values_are_merged_as_helm_does() -> None:
    defaults = {"a": {"b": 1, "c": 2}, "list": [1, 2]}
    values = {"a": {"b": None, "d": 3}, "list": [3]}
    assert helm_values.merge(defaults, values) == {"a": {"c": 2, "d": 3}, "list": [3]}


def test_a_values_schema_refuses_a_wrong_value() -> None:
    chart = facts.chart("valkey")
    assert chart is not None
    findings = helm_values.check_values_schema("x", {"auth": {"enabled": "many"}}, chart)
    assert any("many" in one.fact for one in findings)


@pytest.mark.parametrize(
    ("text", "value"),
    [("n", False), ("Yes", True), ("on", True), ("0400", 256), ("2026-01-01", "2026-01-01"),
     ("12:30", "12:30"), ("1e3", 1000.0), ("1.5", 1.5), ("~", None), ("'n'", "n")],
)  # fmt: skip
def test_scalars_are_read_as_kubectl_does(text: str, value: Any) -> None:
    assert yaml_reading.read_all(f"x: {text}") == [{"x": value}]


def test_a_duplicate_key_is_an_error() -> None:
    with pytest.raises(Exception, match="duplicate key 'a'"):
        yaml_reading.read_all("a: 1\na: 2\n")


FREE_MAPS = [(chart, entry) for chart, maps in helm_values.free_maps().items() for entry in maps]


@pytest.mark.parametrize(("name", "entry"), FREE_MAPS)
def test_a_free_map_is_a_map_of_the_chart_and_has_a_reason(
    name: str, entry: dict[str, Any]
) -> None:
    chart = facts.chart(name)
    assert chart is not None
    default = helm_values.default_type(tuple(entry["path"]), chart)
    # Some are read by templates alone, and have no default at all.
    assert default is None if entry.get("unlisted") else isinstance(default, dict)
    assert "templates/" in entry["why"]
