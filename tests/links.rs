//! What holds for every legal link of the catalog.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops at the first thing that is not as it should be"
)]

use std::collections::BTreeSet;
use std::rc::Rc;

use stacktic::catalog::{Catalog, ComponentType, Entry, KeyValue, Level, LinkKind, Role, derived, load};

fn catalog() -> Catalog {
    load(&[]).unwrap()
}

fn types(catalog: &Catalog) -> Vec<Rc<Entry<ComponentType>>> {
    let names = catalog.type_names();
    names
        .iter()
        .map(|name| catalog.component_type(name).unwrap().unwrap())
        .collect()
}

type Type = Rc<Entry<ComponentType>>;

/// Every link type with the types of its ends.
fn kinds(catalog: &Catalog) -> Vec<(Type, Type, Rc<LinkKind>)> {
    let types = types(catalog);
    let mut found = Vec::new();
    for from in &types {
        for to in &types {
            let kinds = catalog.link_kinds(&from.definition, &to.definition).unwrap();
            found.extend(
                kinds
                    .iter()
                    .map(|kind| (Rc::clone(from), Rc::clone(to), Rc::clone(kind))),
            );
        }
    }
    found
}

#[test]
fn names_tell_links_apart() {
    let catalog = catalog();
    let mut seen = BTreeSet::new();
    for (.., kind) in kinds(&catalog) {
        assert!(
            seen.insert((kind.name.clone(), kind.sub_component.clone())),
            "{}",
            kind.name
        );
        assert!(!kind.levels.is_empty(), "{}", kind.name);
    }
    assert!(seen.len() > 80, "{}", seen.len());
}

/// A link type that generates nothing is a mistake: drawing it would change nothing.
#[test]
fn link_types_generate_something() {
    let catalog = catalog();
    let hooks = catalog
        .hook_names()
        .into_iter()
        .map(|name| catalog.hook(name).unwrap().unwrap());
    let hooks: Vec<_> = hooks.collect();
    let read: BTreeSet<String> = hooks.iter().flat_map(|hook| hook.definition.reads.clone()).collect();
    let outputs = hooks.iter().flat_map(|hook| &hook.definition.outputs);
    let selected: BTreeSet<&String> = outputs.flat_map(|output| output.each.names().0).collect();
    for (from, _, kind) in kinds(&catalog) {
        let by_hook = read.contains(&format!("interface {}", kind.interface_name()))
            || selected.iter().any(|name| *name == kind.interface_name());
        let opens = !kind.provision.endpoints.is_empty();
        assert!(
            by_hook || opens || !kind.modules().is_empty() || from.prints(&kind.slot_name),
            "{} generates nothing",
            kind.name
        );
    }
}

/// What is opened, given and counted exists at the end that has it.
#[test]
fn provisions_name_what_is_there() {
    let catalog = catalog();
    for (_, to, kind) in kinds(&catalog) {
        let known = |name: &String| {
            to.definition.endpoints.contains_key(name) || [derived::METRICS, derived::HEALTH].contains(&name.as_str())
        };
        assert!(kind.provision.endpoints.iter().all(known), "{}", kind.name);
        assert!(
            kind.provision
                .at
                .iter()
                .all(|sub| to.definition.sub_components.contains_key(sub)),
            "{}",
            kind.name
        );
        let facts = &kind.interface.definition.facts;
        for fact in kind.provision.facts.keys() {
            assert!(facts.contains_key(fact), "{}: fact `{fact}`", kind.name);
        }
        for level in kind.provision.levels.keys() {
            assert!(
                kind.interface.definition.levels.contains_key(level),
                "{}: level {level}",
                kind.name
            );
        }
    }
}

/// An account at each level or at none: a level without one would be a link that is let in without being told apart.
#[test]
fn accounts_hold_for_every_level() {
    let catalog = catalog();
    for (.., kind) in kinds(&catalog) {
        let with = kind
            .levels
            .iter()
            .filter(|level| kind.account(**level).is_some())
            .count();
        assert!(with == 0 || with == kind.levels.len(), "{}", kind.name);
    }
}

/// What a check needs of a component is an edge; watching is never taken for using.
#[test]
fn links_of_the_agent_use_nothing() {
    let catalog = catalog();
    let mut secrets = 0;
    for (from, to, kind) in kinds(&catalog) {
        if !from.definition.roles.contains(&Role::Agent) {
            continue;
        }
        assert!(
            !kind.uses() && kind.modules().is_empty() && !kind.levels.contains(&Level::Write),
            "{}",
            kind.name
        );
        // The agent looks a secret up by component, sub-component and attribute.
        let Some(file) = &kind.slot.file else { continue };
        let (prefix, attributes) = match &kind.sub_component {
            Some(sub) => ("{to.name}.{sub.name}.", &to.definition.sub_components[sub].attributes),
            None => ("{to.name}.", &to.definition.attributes),
        };
        let attribute = file.strip_prefix(prefix).unwrap();
        assert!(
            attributes[attribute].secret,
            "{}: `{attribute}` is no secret",
            kind.name
        );
        secrets += 1;
    }
    assert!(secrets >= 2, "{secrets} secrets of the agent");
}

/// Keys of a slot name facts that the interface has.
#[test]
fn keys_name_facts() {
    let catalog = catalog();
    for (.., kind) in kinds(&catalog) {
        for (key, value) in kind.slot.keys.iter().flatten() {
            let KeyValue::Text(text) = value else { continue };
            let known = text.contains('{') || kind.interface.definition.facts.contains_key(text);
            assert!(known, "{}: key {key} names `{text}`", kind.name);
        }
    }
}

/// Tools come with their locked definitions, and writes only where a link may carry them.
#[test]
fn tool_definitions_fit_their_links() {
    let catalog = catalog();
    for (.., kind) in kinds(&catalog) {
        let Some(pair) = &kind.tools else { continue };
        let definitions: serde_json::Value = serde_json::from_slice(&pair.file("tools.json").unwrap()).unwrap();
        let tools = definitions["tools"].as_array().unwrap();
        assert!(!tools.is_empty(), "{}: no tools", kind.name);
        let writes = tools.iter().any(|tool| tool["class"] != "read");
        assert_eq!(writes, kind.levels.contains(&Level::Write), "{}", kind.name);
        let server = catalog.component_type(&kind.from).unwrap().unwrap();
        for file in pair.definition.tool_files().unwrap() {
            assert!(
                pair.tool_file(&server, file).is_ok(),
                "{}: no file {}",
                kind.name,
                file.name
            );
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
        let entry = catalog.pair(&format!("fastmcp-{to}")).unwrap().unwrap();
        let definitions: serde_json::Value = serde_json::from_slice(&entry.file("tools.json").unwrap()).unwrap();
        let tools = definitions["tools"].as_array().unwrap();
        let tools: Vec<&str> = tools.iter().filter_map(|tool| tool["name"].as_str()).collect();
        for name in names.split_whitespace() {
            assert!(tools.contains(&name), "fastmcp-{to} lacks `{name}`");
        }
    }
}

/// A list of items of a type or interface that nobody has is empty without a word.
#[test]
fn templates_name_what_is_there() {
    let catalog = catalog();
    let mut known: BTreeSet<String> = BTreeSet::new();
    for kind in types(&catalog) {
        known.extend(kind.definition.sub_components.keys().cloned());
        known.extend(kind.definition.provides.keys().cloned());
    }
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut asked = 0;
    for folder in ["catalog", "link-types", "hooks"] {
        for file in walkdir::WalkDir::new(root.join(folder)).into_iter().map(Result::unwrap) {
            if file.path().extension().is_none_or(|extension| extension != "j2") {
                continue;
            }
            let text = std::fs::read_to_string(file.path()).unwrap();
            for argument in text.split("by_type(").skip(1).chain(text.split("| of(").skip(1)) {
                let name = argument.split(['"', '\'']).nth(1).unwrap();
                assert!(known.contains(name), "{}: `{name}`", file.path().display());
                asked += 1;
            }
        }
    }
    assert!(asked > 12, "{asked}");
}
