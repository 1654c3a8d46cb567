//! A small stack, and one call that asks it.

use serde_json::{Value as Json, json};

use crate::agent::query::{Index, Query, QueryError, answer};

/// A component as it stands in the metadata; `more` replaces keys.
pub(super) fn component(name: &str, kind: &str, namespace: &str, group: &str, more: Json) -> Json {
    let mut component = json!({
        "name": name, "type": kind, "title": kind, "namespace": namespace, "group": group, "object": name,
        "host": format!("{name}.{namespace}.svc.cluster.local"), "port": 80,
        "is_external": false, "external_stack": null,
        "endpoints": {"http": {"host": format!("{name}.{namespace}.svc.cluster.local"), "port": 80, "protocol": "http"}},
        "attributes": {}, "sub_components": [], "health": ["nc -z {host} {port}"], "docs": "https://example.com/"
    });
    for (key, value) in more.as_object().unwrap() {
        component[key] = value.clone();
    }
    component
}

pub(super) fn sub(name: &str, kind: &str, consumers: &[&str], attributes: Json) -> Json {
    json!({"name": name, "type": kind, "attributes": attributes, "consumers": consumers})
}

pub(super) fn link(from: &str, to: &str, kind: &str, sub: Option<&str>) -> Json {
    let principal = sub.map(|sub| format!("{from}-{sub}"));
    json!({"from": from, "to": to, "type": kind, "sub_component": sub, "write_access": sub.is_some(), "principal": principal})
}

pub(super) fn stack(components: &[Json], links: &[Json]) -> Json {
    json!({
        "version": 1, "stack": "stack-3", "domain": "stack-3.source-lab.io", "environments": ["dev", "prod"],
        "components": components, "links": links
    })
}

/// The stack of the product page, with one component that lives elsewhere.
pub(super) fn page_stack() -> Json {
    let secret = json!({"secret": true});
    let databases = json!([
        sub(
            "app_db",
            "database",
            &["fastapi"],
            json!({"database": "app_db", "username": "app_user", "password": secret})
        ),
        sub(
            "keycloak_db",
            "database",
            &["keycloak"],
            json!({"database": "keycloak_db", "username": "keycloak", "password": secret})
        ),
    ]);
    let cnpg = json!({"host": "cluster-db-rw.db.svc.cluster.local", "port": 5432, "object": "cluster-db",
        "attributes": {"instances": 3, "storage": "10Gi"}, "sub_components": databases});
    let kafka = json!({"port": 9092, "attributes": {"replicas": 3, "memory": "2Gi"},
        "sub_components": [sub("orders", "topic", &[], json!({"topic": "orders", "partitions": 6, "type": "compact"}))]});
    let web = |subdomain: &str| json!({"attributes": {"subdomain": subdomain, "replicas": 2, "public": true}});
    let warehouse = json!({"host": "clickhouse.data.example.com", "port": 8123, "is_external": true,
        "external_stack": "data-platform", "attributes": {"token": secret}});
    stack(
        &[
            component("kafka", "kafka", "kafka", "messaging", kafka),
            component("cnpg", "cnpg", "db", "databases", cnpg),
            component("fastapi", "fastapi", "app", "backend", web("api")),
            component("apisix", "apisix", "ingress", "gateway", json!({})),
            component("grafana", "grafana", "monitoring", "observability", web("grafana")),
            component("langflow", "langflow", "ai", "ai", web("langflow")),
            component("keycloak", "keycloak", "keycloak", "security", web("keycloak")),
            component(
                "prometheus",
                "prometheus",
                "monitoring",
                "observability",
                json!({"port": 9090}),
            ),
            component("warehouse", "clickhouse", "data", "databases", warehouse),
        ],
        &[
            link("prometheus", "kafka", "prometheus-kafka", None),
            link("apisix", "langflow", "apisix-langflow", None),
            link("apisix", "fastapi", "apisix-fastapi", None),
            link("apisix", "grafana", "apisix-grafana", None),
            link("fastapi", "cnpg", "fastapi-cnpg_database", Some("app_db")),
            link("keycloak", "cnpg", "keycloak-cnpg_database", Some("keycloak_db")),
            link("grafana", "prometheus", "grafana-prometheus", None),
            link("grafana", "warehouse", "grafana-clickhouse", None),
        ],
    )
}

pub(super) fn index(metadata: &Json) -> Index {
    Index::load(metadata.to_string().as_bytes()).unwrap()
}

/// Parse and answer a body.
pub(super) fn ask(index: &Index, body: &Json) -> Result<Json, QueryError> {
    let query = Query::parse(body.to_string().as_bytes())?;
    answer(index, &query).map(|answer| serde_json::to_value(&answer).unwrap())
}

/// The rows of an answer.
pub(super) fn rows(index: &Index, body: &Json) -> Json {
    let mut reply = ask(index, body).unwrap_or_else(|error| panic!("{body}: {error}"));
    reply["results"].take()
}

/// The names of the rows, as one text.
pub(super) fn names(index: &Index, mut body: Json) -> String {
    body["select"] = json!(["name"]);
    let rows = rows(index, &body);
    let names = rows.as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap());
    names.collect::<Vec<_>>().join(" ")
}
