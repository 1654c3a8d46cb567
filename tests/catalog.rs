//! What holds for every entry of the catalog, so that a newcomer's entry is checked without Rust.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops at the first thing that is not as it should be"
)]

use std::collections::BTreeSet;

use stacktic::catalog::{Access, AttributeKind, Catalog, ComponentType, Install, LinkType, PortSpec, Target, load};

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

fn links(catalog: &Catalog) -> Vec<(String, LinkType)> {
    let names = catalog.link_folders();
    names
        .iter()
        .map(|name| {
            (
                (*name).to_owned(),
                catalog.link_type(name).unwrap().unwrap().definition.clone(),
            )
        })
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
    for (folder, link) in links(&catalog) {
        let expected = match &link.to {
            Target::Type(_) => link.name.clone(),
            Target::Family { family } => format!("{}-{}", link.from, format!("{family:?}").to_lowercase()),
        };
        assert_eq!(folder, expected);
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
            ..
        } = &kind.install;
        let ways = usize::from(chart.is_some()) + usize::from(operator.is_some()) + usize::from(*manifests);
        assert_eq!(ways, 1, "{}: one of chart, operator and manifests", kind.name);
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

#[test]
fn link_types_end_at_what_is_there() {
    let catalog = catalog();
    let types = types(&catalog);
    for (_, link) in links(&catalog) {
        assert!(
            types.iter().any(|kind| kind.name == link.from),
            "{}: no type `{}`",
            link.name,
            link.from
        );
        let targets: Vec<&ComponentType> = types.iter().filter(|kind| link.reaches(kind)).collect();
        assert!(!targets.is_empty(), "{}: no type at its end", link.name);
        if let (Target::Type(_), Some(sub)) = (&link.to, &link.sub_component) {
            assert!(
                targets.iter().all(|kind| kind.sub_components.contains_key(sub)),
                "{}: no sub-component type `{sub}`",
                link.name
            );
        }
        let listeners: Vec<&ComponentType> = if link.reverse {
            types.iter().filter(|kind| kind.name == link.from).collect()
        } else {
            targets
        };
        let words = ["metrics", "health"];
        for endpoint in link.endpoints.iter().filter(|name| !words.contains(&name.as_str())) {
            assert!(
                listeners.iter().all(|kind| kind.endpoints.contains_key(endpoint)),
                "{}: no endpoint `{endpoint}`",
                link.name
            );
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

/// The agent looks a secret up by component, sub-component and attribute.
#[test]
fn secrets_of_the_agent_are_files_named_after_attributes() {
    let catalog = catalog();
    let mut count = 0;
    for (folder, link) in links(&catalog) {
        for key in &link.env {
            assert!(
                key.secret || key.file.is_none(),
                "{folder}: a file for a key that is no secret"
            );
        }
        let Target::Type(to) = &link.to else { continue };
        for key in link.env.iter().filter(|_| link.from == "stack_agent") {
            let to = &catalog.component_type(to).unwrap().unwrap().definition;
            let (prefix, attributes) = match &link.sub_component {
                Some(sub) => ("{to.name}.{sub.name}.", &to.sub_components[sub].attributes),
                None => ("{to.name}.", &to.attributes),
            };
            let attribute = key.file.as_ref().unwrap().strip_prefix(prefix).unwrap();
            assert!(attributes[attribute].secret, "{folder}: `{attribute}` is no secret");
            count += 1;
        }
    }
    assert!(count >= 2, "{count} secrets of the agent");
}

/// What a check needs of a component is an edge; watching is never taken for using.
#[test]
fn links_of_the_agent_use_nothing() {
    for (folder, link) in links(&catalog()) {
        if link.from == "stack_agent" {
            assert!(!link.uses && link.modules.is_empty() && !link.write_access, "{folder}");
        }
    }
}

/// A link type that generates nothing is a mistake: drawing it would change nothing.
#[test]
fn link_types_generate_something() {
    let catalog = catalog();
    let mut read_by_hooks = BTreeSet::new();
    for name in catalog.hook_names() {
        read_by_hooks.extend(catalog.hook(name).unwrap().unwrap().definition.reads.clone());
    }
    for (_, link) in links(&catalog) {
        let by_hook = read_by_hooks.contains(&format!("link {}", link.name));
        let itself =
            !link.modules.is_empty() || !link.files.is_empty() || !link.env.is_empty() || !link.secrets.is_empty();
        assert!(
            by_hook || itself || !link.endpoints.is_empty(),
            "{} generates nothing",
            link.name
        );
    }
}

/// Tools come with their locked definitions, and writes only where a link may carry them.
#[test]
fn tool_definitions_fit_their_links() {
    let catalog = catalog();
    for (folder, link) in links(&catalog).iter().filter(|(_, link)| !link.modules.is_empty()) {
        let entry = catalog.link_type(folder).unwrap().unwrap();
        let definitions: serde_json::Value = serde_json::from_slice(&entry.file("tools.json").unwrap()).unwrap();
        let tools = definitions["tools"].as_array().unwrap();
        assert!(!tools.is_empty(), "{folder}: no tools");
        let writes = tools.iter().any(|tool| tool["class"] != "read");
        assert!(
            !writes || link.write_access,
            "{folder}: has write tools but no link may carry them"
        );
        for module in &link.modules {
            assert!(entry.file(module).is_ok(), "{folder}: no file {module}");
        }
    }
}

/// The tool names of the product page, which clients and documents rely on.
const PROMISED_TOOLS: [(&str, &str); 11] = [
    (
        "stack_agent",
        "query_topology run_test list_components get_stack_structure get_available_fields get_component_links",
    ),
    (
        "cnpg",
        "cnpg_list_databases cnpg_query cnpg_table_stats cnpg_describe_table cnpg_list_tables",
    ),
    (
        "prometheus",
        "prom_query prom_query_range prom_alerts prom_targets prom_rules prom_label_values prom_series",
    ),
    (
        "grafana",
        "grafana_list_dashboards grafana_get_dashboard grafana_list_datasources grafana_get_alerts \
         grafana_list_folders grafana_create_annotation",
    ),
    (
        "loki",
        "loki_query loki_query_range loki_labels loki_label_values loki_series",
    ),
    (
        "clickhouse",
        "ch_list_databases ch_list_tables ch_describe_table ch_query ch_table_stats",
    ),
    (
        "valkey",
        "valkey_info valkey_dbsize valkey_scan_keys valkey_get valkey_type_and_ttl valkey_hgetall valkey_set valkey_delete",
    ),
    (
        "argo_cd",
        "argocd_list_applications argocd_get_application argocd_get_app_resources argocd_list_projects \
         argocd_get_app_events argocd_sync_application",
    ),
    (
        "seaweedfs",
        "s3_list_buckets s3_list_objects s3_get_object s3_read_text s3_bucket_stats",
    ),
    (
        "rabbitmq",
        "rabbitmq_overview rabbitmq_list_queues rabbitmq_get_queue rabbitmq_publish rabbitmq_peek rabbitmq_purge",
    ),
    (
        "fastapi",
        "api_list_operations api_describe_operation api_health api_call",
    ),
];

#[test]
fn promised_tools_are_there() {
    let catalog = catalog();
    for (to, names) in PROMISED_TOOLS {
        let entry = catalog.link_type(&format!("fastmcp-{to}")).unwrap().unwrap();
        let definitions: serde_json::Value = serde_json::from_slice(&entry.file("tools.json").unwrap()).unwrap();
        let tools: Vec<&str> = definitions["tools"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|tool| tool["name"].as_str())
            .collect();
        for name in names.split_whitespace() {
            assert!(tools.contains(&name), "fastmcp-{to} lacks `{name}`");
        }
    }
}

/// A list of links or sub-components of a type that nobody has is empty without a word.
#[test]
fn templates_name_types_that_are_there() {
    let catalog = catalog();
    let mut known: BTreeSet<String> = BTreeSet::new();
    for kind in types(&catalog) {
        known.extend(kind.sub_components.keys().cloned());
        let reaching = links(&catalog).into_iter().filter(|(_, link)| link.reaches(&kind));
        known.extend(reaching.map(|(_, link)| link.name_to(&kind.name)));
    }
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut asked = 0;
    for folder in ["catalog", "link-types", "hooks"] {
        for file in walkdir::WalkDir::new(root.join(folder)).into_iter().map(Result::unwrap) {
            if file.path().extension().is_none_or(|extension| extension != "j2") {
                continue;
            }
            let text = std::fs::read_to_string(file.path()).unwrap();
            for argument in text.split("by_type(").skip(1) {
                let name = argument.split(['"', '\'']).nth(1).unwrap();
                assert!(known.contains(name), "{}: `{name}`", file.path().display());
                asked += 1;
            }
        }
    }
    assert!(asked > 20, "{asked}");
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
    for name in catalog.link_folders() {
        places.push(catalog.link_type(name).unwrap().unwrap().place("link.yaml"));
    }
    for name in catalog.hook_names() {
        places.push(catalog.hook(name).unwrap().unwrap().place("hook.yaml"));
    }
    for place in places {
        assert!(root.join(&place).is_file(), "{place}");
    }
}

/// The word for what a link's account may do says no less than its grants, whichever page prints it.
#[test]
fn the_word_for_access_is_that_of_the_account() {
    let mut seen = BTreeSet::new();
    for (folder, link) in links(&catalog()) {
        let always = link.grants.read.join("; ");
        assert!(
            !always.is_empty(),
            "{folder}: what a link of this type may do is not said"
        );
        // An account that is the owner's owns, whatever the link is for.
        let owns = link.principal.as_deref() == Some("{sub.username}");
        assert_eq!(owns, link.access == Access::Own, "{folder}");
        assert_eq!(owns, always.contains("owner of the linked"), "{folder}: {always}");
        // The word with write access is one for all: `read and write`.
        assert!(!link.write_access || link.access == Access::Read, "{folder}");
        assert!(
            link.write_access || link.grants.write.is_empty(),
            "{folder}: these grants are never given"
        );
        let expected = match folder.as_str() {
            "apisix-http" | "fastmcp-apisix" => Access::Publish,
            "argo_cd-deployed" => Access::Deploy,
            "stack_agent-apisix" | "stack_agent-checked" | "stack_agent-valkey" => Access::Probe,
            _ if owns => Access::Own,
            _ => Access::Read,
        };
        assert_eq!(link.access, expected, "{folder}");
        seen.insert(link.access.word());
    }
    assert_eq!(seen.len(), 5, "{seen:?}");
}
