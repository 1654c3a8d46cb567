//! What holds for every entry of the catalog, so that a newcomer's entry is checked without Rust.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops at the first thing that is not as it should be"
)]

use stacktic::catalog::{AttributeKind, Catalog, ComponentType, Install, PortSpec, load};

fn catalog() -> Catalog {
    load(&[]).unwrap()
}

fn types(catalog: &Catalog) -> Vec<ComponentType> {
    catalog
        .type_names()
        .iter()
        .map(|name| catalog.component_type(name).unwrap().unwrap().definition.clone())
        .collect()
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
    ] {
        assert!(catalog.component_type(name).unwrap().is_some(), "{name}");
    }
}

#[test]
fn folders_and_names_agree() {
    let catalog = catalog();
    for name in catalog.type_names() {
        assert_eq!(catalog.component_type(name).unwrap().unwrap().definition.name, name);
    }
    for name in catalog.interface_names() {
        assert_eq!(catalog.interface(name).unwrap().unwrap().definition.interface, name);
    }
    for name in catalog.convention_names() {
        assert_eq!(catalog.convention(name).unwrap().unwrap().definition.convention, name);
    }
    for name in catalog.pair_names() {
        let pair = catalog.pair(name).unwrap().unwrap();
        let (from, to) = (&pair.definition.from, &pair.definition.to);
        assert!(
            name == format!("{from}-{to}") || name.starts_with(&format!("{from}-{to}_")),
            "{name}"
        );
    }
    for name in catalog.hook_names() {
        assert_eq!(catalog.hook(name).unwrap().unwrap().definition.name, name);
    }
}

#[test]
fn types_install_in_one_way() {
    for kind in types(&catalog()) {
        let Install {
            chart,
            operator,
            manifests,
            workload,
            ..
        } = &kind.install;
        let ways = [chart.is_some(), operator.is_some(), *manifests, workload.is_some()];
        let ways = ways.iter().filter(|way| **way).count();
        assert_eq!(ways, 1, "{}: one of chart, operator, manifests and workload", kind.name);
        assert!(
            !kind.pods.is_empty(),
            "{}: nothing selects its pods, so no network policy can hold them",
            kind.name
        );
        assert!(!kind.health.is_empty(), "{}: no health check", kind.name);
    }
}

#[test]
fn versions_and_images_are_exact() {
    for kind in types(&catalog()) {
        let charts = kind
            .install
            .chart
            .iter()
            .chain(kind.install.operators().filter_map(|operator| operator.chart.as_ref()));
        for chart in charts {
            assert!(
                chart.version.starts_with(|first: char| first.is_ascii_digit()),
                "{}: {}",
                kind.name,
                chart.version
            );
        }
        for (name, image) in &kind.images {
            let tag = image.rsplit('/').next().unwrap().split_once(':').map(|(_, tag)| tag);
            assert!(
                image.starts_with('{') || tag.is_some_and(|tag| tag != "latest"),
                "{}: image {name} {image}",
                kind.name
            );
        }
    }
}

/// Text that a user writes reaches templates, so each attribute says what it may hold.
#[test]
fn text_attributes_have_a_grammar() {
    for kind in types(&catalog()) {
        let sub_attributes = kind.sub_components.values().flat_map(|sub| &sub.attributes);
        for (name, attribute) in kind.attributes.iter().chain(sub_attributes) {
            let is_text = attribute.kind == AttributeKind::String && !attribute.secret;
            let has_grammar = attribute.pattern.is_some() || attribute.choices.is_some();
            assert!(
                !is_text || has_grammar,
                "{}: `{name}` takes any text; give it a pattern or an enum",
                kind.name
            );
        }
    }
}

#[test]
fn the_primary_endpoint_is_named_where_there_is_a_choice() {
    for kind in types(&catalog()) {
        match &kind.primary_endpoint {
            Some(name) => assert!(kind.endpoints.contains_key(name), "{}", kind.name),
            None => {
                let first = kind.endpoints.keys().next();
                assert!(
                    kind.endpoints.len() < 2 || first.is_some_and(|first| first == "http" || first == "postgres"),
                    "{}: name it",
                    kind.name
                );
            }
        }
    }
}

/// The network lets the agent through to what these checks connect to, so the two have to agree.
#[test]
fn health_checks_connect_to_health_endpoints() {
    for kind in types(&catalog()) {
        let first = kind.endpoints.keys().next();
        let primary = kind.primary_endpoint.as_ref().or(first);
        let named: Vec<&String> = if kind.health_endpoints.is_empty() {
            primary.into_iter().collect()
        } else {
            kind.health_endpoints.iter().collect()
        };
        for check in kind.health.iter().filter(|check| !check.contains("kubectl")) {
            let connects = |name: &&&String| match &kind.endpoints[**name].port {
                _ if Some(**name) == primary && check.contains("{port}") => true,
                PortSpec::Number(port) => check.contains(&format!(":{port}/")),
                PortSpec::Pattern(_) => false,
            };
            assert_eq!(
                named.iter().filter(connects).count(),
                1,
                "{}: `{check}` connects to none of {named:?}",
                kind.name
            );
        }
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
