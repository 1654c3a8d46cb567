//! What there is: the stack, its components, their parts and their settings.

use std::collections::{BTreeMap, BTreeSet};

use super::document::{Form, Section};
use super::words::{NONE, cell, counted, line, list, value};
use crate::profile::Profile;
use crate::stack::{Attributes, Component, External, SecretsBackend, Stack, SubComponent};

pub(super) fn sections(stack: &Stack) -> Vec<Section> {
    vec![self::stack(stack), components(stack), parts(stack), settings(stack)]
}

fn stack(stack: &Stack) -> Section {
    let secrets = match stack.secrets {
        SecretsBackend::Plain => "plain files that kustomize reads",
        SecretsBackend::Sops => "files encrypted by SOPS",
        SecretsBackend::ExternalSecrets => "External Secrets",
    };
    let namespaces: BTreeSet<&str> = stack.components.values().map(|one| one.namespace.as_str()).collect();
    let facts = |namespaces: String, environments: String| {
        vec![
            format!("name: {}; domain: {}", stack.name, cell(&stack.domain)),
            format!("environments: {environments}"),
            format!("namespaces: {namespaces}"),
            format!("secrets: {secrets}"),
        ]
    };
    let environments: Vec<String> = stack.environments.iter().map(|name| environment(stack, name)).collect();
    let counts = facts(namespaces.len().to_string(), stack.environments.len().to_string());
    Section {
        title: "Stack",
        starts: [0, 0, 0],
        forms: vec![
            Form {
                lines: facts(list(namespaces), list(environments)),
                ..Form::default()
            },
            Form {
                lines: counts,
                without: "names of environments and namespaces",
                ..Form::default()
            },
        ],
    }
}

/// `prod (ha, cluster prod-eu)`.
fn environment(stack: &Stack, name: &crate::name::ComponentName) -> String {
    let profile = match stack.highly_available.contains(name) {
        true => Profile::Ha,
        false => Profile::Dev,
    };
    let cluster = stack.clusters.get(name).map(|cluster| format!(", cluster {cluster}"));
    format!("{name} (profile {}{})", profile.word(), cluster.unwrap_or_default())
}

fn components(stack: &Stack) -> Section {
    let all = || stack.components.values();
    let full = |one: &Component| line(&[&columns(one), &cell(&ha(one))]);
    let places: Vec<String> =
        grouped(all().map(|one| (one.namespace.as_str(), format!("{} ({})", one.name, one.type_name()))));
    let types = counts(all().map(Component::type_name));
    Section {
        title: "Components",
        starts: [2, 1, 0],
        forms: vec![
            Form {
                columns: "name | type | namespace | group | what it is | comes from | address | with the profile ha",
                lines: all().map(full).collect(),
                without: "",
            },
            Form {
                columns: "name | type | namespace | group | what it is | comes from | address",
                lines: all().map(columns).collect(),
                without: "the profile ha",
            },
            Form {
                columns: "namespace | name (type)",
                lines: places,
                without: "group, what it is, where it comes from, address",
            },
            Form {
                columns: "how many of each type",
                lines: types,
                without: "names",
            },
            Form {
                columns: "",
                lines: vec![counted(stack.components.len(), "component")],
                without: "types",
            },
        ],
    }
}

fn columns(one: &Component) -> String {
    let kind = &one.entry.definition;
    let address = one.primary_endpoint();
    let address = address.map_or_else(|| NONE.to_owned(), |at| format!("{}:{}", at.host, at.port));
    line(&[
        one.name.as_str(),
        one.type_name(),
        one.namespace.as_str(),
        &one.group,
        &cell(&kind.title),
        &comes_from(one),
        &address,
    ])
}

fn comes_from(one: &Component) -> String {
    match &one.external {
        Some(External::Cluster) => "external: the cluster".to_owned(),
        Some(external) => format!("external: stack {}", external.stack().unwrap_or(NONE)),
        None => cell(&one.entry.definition.install.to_string()),
    }
}

/// What the profile changes, or why it changes nothing.
fn ha(one: &Component) -> String {
    let Some(spec) = one.entry.definition.profiles.of(Profile::Ha) else {
        return String::new();
    };
    let changes = spec
        .attributes
        .iter()
        .map(|(name, given)| format!("{name}={}", value(given)));
    let stays = spec.stays.as_ref().map(|stays| format!("stays: {stays}"));
    changes.chain(stays).collect::<Vec<_>>().join(", ")
}

/// A line for each key, in order: `key | item, item`.
pub(super) fn grouped<'a>(items: impl Iterator<Item = (&'a str, String)>) -> Vec<String> {
    let mut groups: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (key, item) in items {
        groups.entry(key).or_default().push(item);
    }
    groups.iter().map(|(key, items)| line(&[key, &list(items)])).collect()
}

/// One line: `kafka 2, loki 1`.
pub(super) fn counts<'a>(words: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for word in words {
        *counts.entry(word).or_default() += 1;
    }
    if counts.is_empty() {
        return Vec::new();
    }
    vec![list(counts.iter().map(|(word, count)| format!("{word} {count}")))]
}

fn parts(stack: &Stack) -> Section {
    let all = || {
        let owners = stack.components.values();
        owners.flat_map(|one| one.sub_components.values().map(move |sub| (one, sub)))
    };
    let part = |(one, sub): (&Component, &SubComponent)| {
        let users: BTreeSet<&str> = stack
            .uses_of(&one.name, &sub.name)
            .map(|link| link.from.as_str())
            .collect();
        line(&[&format!("{}/{}", one.name, sub.name), &sub.sub_type, &list(users)])
    };
    let whole = |(one, sub): (&Component, &SubComponent)| line(&[&part((one, sub)), &attributes(&sub.attributes)]);
    let names = all().map(|(one, sub)| (one.name.as_str(), format!("{} ({})", sub.name, sub.sub_type)));
    let kinds = counts(all().map(|(_, sub)| sub.sub_type.as_str()));
    Section {
        title: "Parts",
        starts: [2, 1, 0],
        forms: vec![
            Form {
                columns: "component/part | kind | used by | settings",
                lines: all().map(whole).collect(),
                without: "",
            },
            Form {
                columns: "component/part | kind | used by",
                lines: all().map(part).collect(),
                without: "settings",
            },
            Form {
                columns: "component | part (kind)",
                lines: grouped(names),
                without: "users",
            },
            Form {
                columns: "how many of each kind",
                lines: kinds,
                without: "names",
            },
        ],
    }
}

fn settings(stack: &Stack) -> Section {
    let all = stack.components.values();
    let lines = all.map(|one| (one.name.as_str(), attributes(&one.attributes)));
    let lines = lines.filter(|(_, told)| told != NONE);
    let lines: Vec<String> = lines.map(|(name, told)| line(&[name, &told])).collect();
    Section {
        title: "Settings",
        starts: [1, 1, 0],
        forms: vec![
            Form {
                columns: "component | its values; of a secret the name alone",
                lines,
                without: "",
            },
            Form {
                columns: "",
                lines: Vec::new(),
                without: "all",
            },
        ],
    }
}

/// `storage=10Gi, password (secret)`; what has no value is left out.
fn attributes(attributes: &Attributes) -> String {
    let told = attributes.iter().filter_map(|(name, given)| match given.shown() {
        None => Some(format!("{name} (secret)")),
        Some(serde_json::Value::Null) => None,
        Some(given) => Some(format!("{name}={}", value(&given))),
    });
    list(told)
}
