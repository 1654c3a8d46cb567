//! What the program's own catalog promises beyond the laws that every entry keeps (`tests/catalog_check.rs`).
#![expect(
    clippy::unwrap_used,
    reason = "a test stops at the first thing that is not as it should be"
)]

use stacktic::catalog::{Catalog, load};

fn catalog() -> Catalog {
    load(&[]).unwrap()
}

/// The types that the first release promises.
#[test]
fn promised_types_are_there() {
    let catalog = catalog();
    for name in [
        "fastmcp",
        "stack_agent",
        "apisix",
        "cnpg",
        "kafka",
        "prometheus",
        "grafana",
        "loki",
        "clickhouse",
        "rabbitmq",
        "valkey",
        "argo_cd",
        "seaweedfs",
        "fastapi",
        "keycloak",
        "langflow",
        "django",
        "celery",
        "nodejs",
        "nextjs",
        "spring_boot",
        "alloy",
        "otel",
        "traefik",
        "istio",
    ] {
        assert!(catalog.component_type(name).unwrap().is_some(), "{name}");
    }
}

/// Messages name a template by its place in the repository.
#[test]
fn places_of_files_are_true() {
    let catalog = catalog();
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut places = Vec::new();
    for name in catalog.type_names() {
        places.push(catalog.component_type(name).unwrap().unwrap().place("component.yaml"));
    }
    for name in catalog.pair_names() {
        places.push(catalog.pair(name).unwrap().unwrap().place("pair.yaml"));
    }
    for name in catalog.hook_names() {
        places.push(catalog.hook(name).unwrap().unwrap().place("hook.yaml"));
    }
    for place in places {
        assert!(root.join(&place).is_file(), "{place}");
    }
}
