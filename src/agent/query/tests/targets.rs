//! Every source and every target: which records, in which order, with which fields.

use serde_json::json;

use super::support::{ask, index, names, page_stack, rows};
use crate::agent::query::{Query, answer};

#[test]
fn sources() {
    let index = index(&page_stack());
    for (source, expected) in [
        (
            "all",
            "apisix cnpg fastapi grafana kafka keycloak langflow prometheus warehouse",
        ),
        ("type:kafka", "kafka"),
        ("namespace:monitoring", "grafana prometheus"),
        ("group:databases", "cnpg warehouse"),
        ("fastapi", "fastapi"),
    ] {
        assert_eq!(names(&index, json!({"source": source})), expected, "{source}");
    }
}

#[test]
fn targets_of_one_component() {
    let index = index(&page_stack());
    for (source, target, expected) in [
        (
            "kafka",
            "sub_components",
            json!([{"name": "orders", "type": "topic", "component": "kafka", "consumers": [],
            "topic": "orders", "partitions": 6, "attribute_type": "compact"}]),
        ),
        (
            "fastapi",
            "links_to",
            json!([{"link": "fastapi-cnpg_database", "component": "cnpg", "sub_component": "app_db"}]),
        ),
        (
            "fastapi",
            "links_from",
            json!([{"link": "apisix-fastapi", "component": "apisix"}]),
        ),
        (
            "kafka",
            "attributes",
            json!([{"name": "kafka", "host": "kafka.kafka.svc.cluster.local", "port": 9092,
            "replicas": 3, "memory": "2Gi"}]),
        ),
        (
            "warehouse",
            "attributes",
            json!([{"name": "warehouse", "host": "clickhouse.data.example.com", "port": 8123,
            "external_stack": "data-platform", "token": "[secret]"}]),
        ),
        (
            "warehouse",
            "component",
            json!([{"name": "warehouse", "type": "clickhouse", "namespace": "data",
            "group": "databases", "external_stack": "data-platform"}]),
        ),
        (
            "kafka",
            "blast_radius",
            json!([
                {"component": "prometheus", "depth": 1, "link": "prometheus-kafka", "from": "prometheus", "to": "kafka"},
                {"component": "grafana", "depth": 2, "link": "grafana-prometheus", "from": "grafana", "to": "prometheus"},
                {"component": "apisix", "depth": 3, "link": "apisix-grafana", "from": "apisix", "to": "grafana"},
            ]),
        ),
    ] {
        assert_eq!(
            rows(&index, &json!({"source": source, "target": target})),
            expected,
            "{source} {target}"
        );
    }
}

#[test]
fn links_of_many_components_name_both_ends() {
    let index = index(&page_stack());
    let body = json!({"source": "namespace:monitoring", "target": "links_to"});
    assert_eq!(
        rows(&index, &body),
        json!([
            {"link": "grafana-prometheus", "component": "prometheus", "from": "grafana", "to": "prometheus"},
            {"link": "grafana-clickhouse", "component": "warehouse", "from": "grafana", "to": "warehouse"},
            {"link": "prometheus-kafka", "component": "kafka", "from": "prometheus", "to": "kafka"},
        ])
    );
}

#[test]
fn paths() {
    let index = index(&page_stack());
    for (source, to, expected) in [
        ("apisix", "kafka", "grafana prometheus kafka"),
        ("apisix", "cnpg", "fastapi cnpg"),
        ("group:observability", "kafka", "kafka"),
        ("kafka", "apisix", ""),
        ("kafka", "kafka", ""),
    ] {
        let body = json!({"source": source, "target": "path", "where": {"to": to}});
        assert_eq!(names(&index, body), expected, "{source} to {to}");
    }
}

#[test]
fn a_radius_stops_where_it_is_told_and_leaves_out_its_sources() {
    let index = index(&page_stack());
    let near = json!({"source": "kafka", "target": "blast_radius", "where": {"depth__lte": 2}});
    assert_eq!(names(&index, near), "prometheus grafana");
    let group = json!({"source": "group:observability", "target": "blast_radius"});
    assert_eq!(names(&index, group), "apisix");
}

#[test]
fn selected_fields_come_in_their_order_once_and_null_where_there_is_none() {
    let index = index(&page_stack());
    let body = json!({"source": "namespace:monitoring", "select": ["subdomain", "name", "name", "links_to", "endpoint_http_port", "password"]});
    let query = Query::parse(body.to_string().as_bytes()).unwrap();
    assert_eq!(
        serde_json::to_string(&answer(&index, &query).unwrap()).unwrap(),
        concat!(
            r#"{"results":[{"subdomain":"grafana","name":"grafana","links_to":["prometheus","warehouse"],"endpoint_http_port":80,"password":null},"#,
            r#"{"subdomain":null,"name":"prometheus","links_to":["kafka"],"endpoint_http_port":80,"password":null}],"next_cursor":null}"#
        )
    );
}

#[test]
fn an_empty_selection_is_none() {
    let index = index(&page_stack());
    let (none, empty) = (json!({"source": "all"}), json!({"source": "all", "select": []}));
    assert_eq!(rows(&index, &none), rows(&index, &empty));
}

#[test]
fn a_narrowing_condition_keeps_to_the_source() {
    let index = index(&page_stack());
    for (source, target, condition, expected) in [
        ("group:databases", "component", json!({"namespace": "db"}), "cnpg"),
        ("group:databases", "component", json!({"name": "kafka"}), ""),
        (
            "all",
            "component",
            json!({"type": "kafka", "group": "messaging"}),
            "kafka",
        ),
        ("all", "component", json!({"type": "nothing"}), ""),
        ("all", "links_to", json!({"to": "cnpg"}), "cnpg cnpg"),
        (
            "all",
            "links_to",
            json!({"component": "cnpg", "from": "fastapi"}),
            "cnpg",
        ),
        ("type:keycloak", "links_to", json!({"linked_name": "cnpg"}), "cnpg"),
        (
            "all",
            "links_from",
            json!({"linked_name": "grafana"}),
            "grafana grafana",
        ),
        ("all", "links_from", json!({"from": "grafana"}), "grafana grafana"),
        ("all", "links_from", json!({"to": "cnpg"}), "fastapi keycloak"),
        ("all", "links_from", json!({"source_name": "cnpg"}), "fastapi keycloak"),
        ("all", "links_from", json!({"source_type": "kafka"}), "prometheus"),
        ("all", "links_to", json!({"source_name": "fastapi"}), "cnpg"),
        ("all", "links_to", json!({"from": "fastapi"}), "cnpg"),
        ("all", "links_to", json!({"source_type": "prometheus"}), "kafka"),
        (
            "all",
            "links_to",
            json!({"source_namespace": "monitoring"}),
            "prometheus warehouse kafka",
        ),
        ("all", "links_to", json!({"namespace": "db"}), "cnpg cnpg"),
        ("kafka", "links_from", json!({"from": "grafana"}), ""),
        (
            "all",
            "sub_components",
            json!({"component": "cnpg", "name__not": "app_db"}),
            "keycloak_db",
        ),
    ] {
        let body = json!({"source": source, "target": target, "where": condition});
        assert_eq!(names(&index, body), expected, "{source} {target} {condition}");
    }
}

#[test]
fn pages_follow_each_other() {
    let index = index(&page_stack());
    for (source, target, limit, expected) in [
        ("all", "links_to", 3, vec![3, 3, 2]),
        ("all", "component", 3, vec![3, 3, 3]),
        ("kafka", "blast_radius", 2, vec![2, 1]),
    ] {
        let mut body = json!({"source": source, "target": target, "limit": limit});
        let mut sizes = Vec::new();
        let mut seen = Vec::new();
        for _ in 0..expected.len() {
            let reply = ask(&index, &body).unwrap();
            let page = reply["results"].as_array().unwrap();
            sizes.push(page.len());
            seen.extend(page.iter().map(ToString::to_string));
            body["cursor"] = reply["next_cursor"].clone();
        }
        assert_eq!((sizes, &body["cursor"]), (expected, &json!(null)), "{source} {target}");
        seen.sort();
        seen.dedup();
        assert_eq!(
            json!(seen.len()),
            json!(
                rows(&index, &json!({"source": source, "target": target}))
                    .as_array()
                    .unwrap()
                    .len()
            )
        );
    }
}

#[test]
fn a_hop_tells_where_it_came_from() {
    let index = index(&page_stack());
    for (body, expected) in [
        (
            json!({"source": "kafka", "target": "blast_radius"}),
            json!(["kafka", "prometheus", "grafana"]),
        ),
        (
            json!({"source": "apisix", "target": "path", "where": {"to": "cnpg"}}),
            json!(["apisix", "fastapi"]),
        ),
    ] {
        let mut body = body;
        body["select"] = json!(["source_name"]);
        let found: Vec<_> = rows(&index, &body)
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["source_name"].clone())
            .collect();
        assert_eq!(json!(found), expected);
    }
}

#[test]
fn a_page_of_checks_is_short() {
    let components: Vec<_> = (0..60)
        .map(|number| super::support::component(&format!("c{number}"), "web", "app", "apps", json!({})))
        .collect();
    let index = index(&super::support::stack(&components, &[]));
    for (body, length) in [
        (json!({"source": "all", "limit": 100}), 60),
        (
            json!({"source": "all", "limit": 100, "command": "nc -z {host} {port}"}),
            50,
        ),
        (
            json!({"source": "all", "limit": 10, "command": "nc -z {host} {port}"}),
            10,
        ),
    ] {
        let reply = ask(&index, &body).unwrap();
        assert_eq!(reply["results"].as_array().unwrap().len(), length);
        assert_eq!(reply["next_cursor"].is_null(), length == 60);
    }
}
