//! The committed example answers as the product page prints it.

use serde_json::json;

use super::support::rows;
use crate::agent::query::{Index, load_path};

fn example() -> Index {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/generated-example/out/stack-metadata.json");
    load_path(path.as_ref()).unwrap()
}

#[test]
fn databases_of_the_example() {
    let body =
        json!({"source": "type:cnpg", "target": "sub_components", "select": ["database", "username", "consumers"]});
    assert_eq!(
        rows(&example(), &body),
        json!([
            {"database": "app_db", "username": "app_user", "consumers": ["fastapi"]},
            {"database": "keycloak_db", "username": "keycloak", "consumers": ["keycloak"]},
        ])
    );
}

#[test]
fn gateway_of_the_example() {
    let body = json!({"source": "apisix", "target": "links_to", "select": ["name", "subdomain", "domain"]});
    let published =
        |name: &str, subdomain: &str| json!({"name": name, "subdomain": subdomain, "domain": "stack-3.source-lab.io"});
    assert_eq!(
        rows(&example(), &body),
        json!([
            published("fastapi", "api"),
            published("fastmcp", "fastmcp"),
            published("grafana", "grafana"),
            published("langflow", "langflow")
        ])
    );
}

#[test]
fn links_of_the_example() {
    let found = rows(&example(), &json!({"source": "kafka", "target": "links_from"}));
    assert!(
        found
            .as_array()
            .unwrap()
            .contains(&json!({"link": "prometheus-kafka", "component": "prometheus"}))
    );
    assert_eq!(
        rows(&example(), &json!({"source": "kafka", "target": "links_to"})),
        json!([])
    );
    let components = rows(&example(), &json!({"source": "all"}));
    let kafka = json!({"name": "kafka", "type": "kafka", "namespace": "kafka", "group": "messaging"});
    assert!(components.as_array().unwrap().contains(&kafka));
}
