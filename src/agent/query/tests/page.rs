//! The examples of the product page, as they are printed there.

use serde_json::{Value as Json, json};

use super::support::{ask, index, page_stack, rows};
use crate::agent::query::{Query, Record, SecretName, Variable, answer, fields, structure};

#[test]
fn list_components() {
    let index = index(&page_stack());
    let rows = rows(&index, &json!({"source": "all", "target": "component"}));
    let rows = rows.as_array().unwrap();
    for printed in [
        json!({"name": "kafka", "type": "kafka", "namespace": "kafka", "group": "messaging"}),
        json!({"name": "cnpg", "type": "cnpg", "namespace": "db", "group": "databases"}),
        json!({"name": "fastapi", "type": "fastapi", "namespace": "app", "group": "backend"}),
        json!({"name": "apisix", "type": "apisix", "namespace": "ingress", "group": "gateway"}),
    ] {
        assert!(rows.contains(&printed), "{printed}");
    }
    assert_eq!(rows.len(), 9);
}

#[test]
fn databases_with_consumers() {
    let index = index(&page_stack());
    let body =
        json!({"source": "type:cnpg", "target": "sub_components", "select": ["database", "username", "consumers"]});
    assert_eq!(
        rows(&index, &body),
        json!([
            {"database": "app_db", "username": "app_user", "consumers": ["fastapi"]},
            {"database": "keycloak_db", "username": "keycloak", "consumers": ["keycloak"]},
        ])
    );
}

#[test]
fn diagnosis_of_kafka() {
    let index = index(&page_stack());
    for (target, printed) in [
        (
            "component",
            json!([{"name": "kafka", "type": "kafka", "namespace": "kafka", "group": "messaging"}]),
        ),
        ("links_to", json!([])),
        (
            "links_from",
            json!([{"link": "prometheus-kafka", "component": "prometheus"}]),
        ),
    ] {
        assert_eq!(rows(&index, &json!({"source": "kafka", "target": target})), printed);
    }
}

fn text(record: &Record<'_>, name: &str) -> String {
    match record.variable(name) {
        Variable::Text(text) => text.into_owned(),
        other => panic!("{name}: {other:?}"),
    }
}

/// The URL that a check on each record fills in.
fn urls(body: &Json) -> Vec<(String, String)> {
    let index = index(&page_stack());
    let query = Query::parse(body.to_string().as_bytes()).unwrap();
    let answer = answer(&index, &query).unwrap();
    let url = |record: &Record<'_>| {
        let parts = [text(record, "subdomain"), text(record, "domain")];
        (record.name().to_owned(), format!("https://{}", parts.join(".")))
    };
    answer.records.iter().map(url).collect()
}

#[test]
fn what_the_gateway_publishes() {
    let body = json!({"source": "apisix", "target": "links_to", "command": "curl -sk https://{subdomain}.{domain}", "dry_run": true});
    let printed = [
        ("fastapi", "https://api.stack-3.source-lab.io"),
        ("grafana", "https://grafana.stack-3.source-lab.io"),
        ("langflow", "https://langflow.stack-3.source-lab.io"),
    ];
    assert_eq!(
        urls(&body),
        printed.map(|(name, url)| (name.to_owned(), url.to_owned()))
    );
}

#[test]
fn variables_of_a_database() {
    let index = index(&page_stack());
    let answer = answer(&index, &Query::new("type:cnpg", "sub_components")).unwrap();
    let record = answer.records[0];
    for (name, value) in [
        ("name", "app_db"),
        ("host", "cluster-db-rw.db.svc.cluster.local"),
        ("port", "5432"),
        ("namespace", "db"),
        ("username", "app_user"),
        ("database", "app_db"),
        ("domain", "stack-3.source-lab.io"),
        ("storage", "10Gi"),
        ("is_external", "false"),
    ] {
        assert_eq!(record.variable(name), Variable::Text(value.into()), "{name}");
    }
    let password = SecretName {
        component: "cnpg",
        sub_component: Some("app_db"),
        attribute: "password",
    };
    assert_eq!(record.variable("password"), Variable::Secret(password));
    assert_eq!(record.variable("consumers"), Variable::NoText);
    assert_eq!(record.variable("subdomain"), Variable::Unset);
    assert_eq!(record.variable("linked_name"), Variable::Unknown);
}

#[test]
fn variables_of_a_link_are_those_of_its_other_end() {
    let index = index(&page_stack());
    for (source, target, expected) in [
        (
            "fastapi",
            "links_to",
            [
                ("link_name", "fastapi-cnpg_database"),
                ("linked_namespace", "db"),
                ("username", "app_user"),
            ],
        ),
        (
            "grafana",
            "links_to",
            [
                ("link_name", "grafana-prometheus"),
                ("linked_is_external", "false"),
                ("port", "9090"),
            ],
        ),
        (
            "warehouse",
            "links_from",
            [
                ("linked_name", "grafana"),
                ("subdomain", "grafana"),
                ("source_name", "warehouse"),
            ],
        ),
    ] {
        let answer = answer(&index, &Query::new(source, target)).unwrap();
        for (name, value) in expected {
            assert_eq!(
                answer.records[0].variable(name),
                Variable::Text(value.into()),
                "{source} {name}"
            );
        }
    }
}

#[test]
fn a_consumer_never_gets_the_secret_of_what_it_uses() {
    let index = index(&page_stack());
    let answer = answer(&index, &Query::new("cnpg", "links_from")).unwrap();
    assert_eq!(answer.records[0].name(), "fastapi");
    assert_eq!(answer.records[0].variable("password"), Variable::Unset);
}

#[test]
fn structure_has_components_and_links() {
    let tree = serde_json::to_value(structure(&index(&page_stack()))).unwrap();
    assert_eq!(
        tree["components"][2],
        json!({"name": "fastapi", "type": "fastapi", "namespace": "app", "group": "backend", "sub_components": 0})
    );
    assert_eq!(tree["components"][8]["external_stack"], "data-platform");
    assert_eq!(
        tree["links"][0],
        json!({"from": "apisix", "to": "fastapi", "type": "apisix-fastapi"})
    );
    assert_eq!(tree["links"].as_array().unwrap().len(), 8);
}

#[test]
fn available_fields() {
    let index = index(&page_stack());
    let found = serde_json::to_value(fields(&index, "cnpg").unwrap()).unwrap();
    assert_eq!(found["variables"]["port"], "5432");
    assert_eq!(found["variables"]["endpoint_http_port"], "80");
    assert_eq!(found["sub_components"]["database"]["count"], 2);
    assert_eq!(found["sub_components"]["database"]["variables"]["password"], "[secret]");
    assert_eq!(found["sub_components"]["database"]["variables"].get("port"), None);
    assert_eq!(
        found["not_in_checks"],
        json!(["endpoints", "health", "sub_components", "links_to", "links_from"])
    );
    let error = fields(&index, "cnpq").map(|_| ()).unwrap_err();
    assert_eq!(error.nearest.as_deref(), Some("cnpg"));
    assert!(ask(&index, &json!({"source": "cnpg"})).is_ok());
}

/// Each name that `fields` lists is a variable of that record with that text.
#[test]
fn listed_variables_resolve() {
    let index = index(&page_stack());
    for (target, listed) in [("component", "/variables"), ("links_to", "/links_to")] {
        for component in &index.metadata().components {
            let found = serde_json::to_value(fields(&index, &component.name).unwrap()).unwrap();
            let answer = answer(&index, &Query::new(&component.name, target)).unwrap();
            let Some(record) = answer.records.first() else {
                assert_eq!(found.pointer(listed), None);
                continue;
            };
            for (name, value) in found.pointer(listed).unwrap().as_object().unwrap() {
                match record.variable(name) {
                    Variable::Secret(_) => assert_eq!(value, "[secret]"),
                    found => assert_eq!(found, Variable::Text(value.as_str().unwrap().into()), "{target} {name}"),
                }
            }
        }
    }
}
