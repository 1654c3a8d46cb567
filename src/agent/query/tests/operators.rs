//! Every operator, on texts, numbers, booleans, lists and secrets.

use serde_json::{Value as Json, json};

use super::support::{ask, component, index, names, page_stack, stack};
use crate::agent::query::Code;

#[test]
fn operators() {
    let index = index(&page_stack());
    for (condition, expected) in [
        (json!({"namespace": "monitoring"}), "grafana prometheus"),
        (json!({"replicas": 3}), "kafka"),
        (json!({"replicas": 3.0}), "kafka"),
        (json!({"replicas": "3"}), ""),
        (json!({"public": true}), "fastapi grafana keycloak langflow"),
        (json!({"is_external": true}), "warehouse"),
        (json!({"name__contains": "fl"}), "langflow"),
        (json!({"links_to__contains": "cnpg"}), "fastapi keycloak"),
        (json!({"sub_components__contains": "orders"}), "kafka"),
        (json!({"links_to": ["kafka"]}), "prometheus"),
        (json!({"sub_components__exists": true, "type": "kafka"}), "kafka"),
        (json!({"subdomain__exists": true}), "fastapi grafana keycloak langflow"),
        (
            json!({"subdomain__exists": false}),
            "apisix cnpg kafka prometheus warehouse",
        ),
        (json!({"external_stack__exists": true}), "warehouse"),
        (json!({"token__exists": true}), "warehouse"),
        (json!({"type__in": ["kafka", "cnpg", "none"]}), "cnpg kafka"),
        (
            json!({"replicas__in": [2, true, "x"]}),
            "fastapi grafana keycloak langflow",
        ),
        (json!({"replicas__in": []}), ""),
        (json!({"replicas__gt": 2}), "kafka"),
        (json!({"replicas__gte": 3}), "kafka"),
        (json!({"replicas__gte": 2.5}), "kafka"),
        (
            json!({"port__lt": 9090}),
            "apisix cnpg fastapi grafana keycloak langflow warehouse",
        ),
        (json!({"port__lte": 9090, "port__gt": 80}), "cnpg prometheus warehouse"),
        (json!({"memory__gt": 0}), ""),
        (json!({"replicas__not": 2}), "apisix cnpg kafka prometheus warehouse"),
        (
            json!({"group__not": "databases", "subdomain__not": "api", "port": 80}),
            "apisix grafana keycloak langflow",
        ),
        (json!({"name__startswith": "k"}), "kafka keycloak"),
        (json!({"name__regex": "^(kafka|c.*g)$"}), "cnpg kafka"),
        (json!({"host__regex": "\\.(db|data)\\."}), "cnpg warehouse"),
        (json!({"port__regex": "80"}), ""),
        (json!({"endpoint_http_port": 80, "name__startswith": "c"}), "cnpg"),
        (json!({"attribute_replicas__lt": 3, "name__lt": 1}), ""),
    ] {
        let body = json!({"source": "all", "where": condition});
        assert_eq!(names(&index, body), expected, "{condition}");
    }
}

#[test]
fn fields_of_sub_components() {
    let index = index(&page_stack());
    for (condition, expected) in [
        (json!({"type": "database"}), "app_db keycloak_db"),
        (json!({"consumers__contains": "keycloak"}), "keycloak_db"),
        (json!({"consumers": ["fastapi"]}), "app_db"),
        (json!({"password__exists": true}), "app_db keycloak_db"),
        (json!({"password__exists": false}), "orders"),
        (json!({"partitions__gt": 5}), "orders"),
        (json!({"attribute_type": "compact"}), "orders"),
        (json!({"instances": 3, "username": "keycloak"}), "keycloak_db"),
        (json!({"component_type": "kafka"}), "orders"),
    ] {
        let body = json!({"source": "all", "target": "sub_components", "where": condition});
        assert_eq!(names(&index, body), expected, "{condition}");
    }
}

/// `null` is no value: the field is not there.
#[test]
fn a_null_is_absent() {
    let with = |name: &str, value: Json| component(name, "web", "app", "apps", json!({"attributes": {"x": value}}));
    let index = index(&stack(&[with("a", json!(null)), with("b", json!([1, "two"]))], &[]));
    for (condition, expected) in [
        (json!({"x__exists": false}), "a"),
        (json!({"x__not": 1}), "a b"),
        (json!({"x__contains": "two"}), "b"),
        (json!({"x__contains": 1}), "b"),
        (json!({"x": [1, "two"]}), "b"),
        (json!({"x__in": [[1, "two"]]}), "b"),
    ] {
        assert_eq!(
            names(&index, json!({"source": "all", "where": condition})),
            expected,
            "{condition}"
        );
    }
}

/// The largest expression that is accepted, on long texts: matching takes time in proportion to both, not more.
#[test]
fn a_hostile_expression_ends() {
    let long = format!("a{}", "aaaaaaaaa.".repeat(20));
    let components: Vec<_> = (0..50)
        .map(|number| {
            let attributes = json!({"attributes": {"text": long}});
            component(&format!("c{number}"), "web", "app", "apps", attributes)
        })
        .collect();
    let index = index(&stack(&components, &[]));
    for pattern in ["(a*)*(a*)*b$", "(a|aa)+$", "(a?){40}a{40}$", "(.*)(.*)(.*)(.*)x"] {
        assert_eq!(
            names(&index, json!({"source": "all", "where": {"text__regex": pattern}})),
            "",
            "{pattern}"
        );
    }
}

/// Matching is paid for by text: a query that would read too much is refused, and a narrower one is answered.
#[test]
fn matching_has_a_budget() {
    let components: Vec<_> = (0..60)
        .map(|number| {
            let attributes = json!({"attributes": {"a_text": "a".repeat(10_000)}});
            component(&format!("c{number}"), "web", "app", "apps", attributes)
        })
        .collect();
    let index = index(&stack(&components, &[]));
    let wide = json!({"source": "all", "where": {"a_text__regex": "b"}});
    assert_eq!(ask(&index, &wide).unwrap_err().code, Code::E_LIMIT);
    let narrow = json!({"source": "all", "where": {"a_text__regex": "a$", "name__in": ["c1", "c2"]}});
    assert_eq!(names(&index, narrow), "c1 c2");
    let short = json!({"source": "all", "where": {"name__regex": "^[a-z0-9-]{1,40}9$", "name__startswith": "c5"}});
    assert_eq!(names(&index, short), "c59");
}
