//! A topology as it is compared: names, types, values and links, with what a person wrote apart from what follows.
//!
//! In: the document and the stack that was made of it. Out: plain values. Secrets have none, so none is compared.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};

use super::{End, Fields, LinkKey};
use crate::level::Level;
use crate::name::ComponentName;
use crate::stack::{AttributeValue, Attributes, Component, Link, Stack};
use crate::topology::{
    ComponentDocument, EnvironmentDocument, ExternalDocument, GitopsDocument, Resolver, StackDocument,
    SubComponentDocument,
};

/// All of a topology that a difference can be about.
#[derive(Debug, Default)]
pub struct Snapshot {
    pub(super) fields: Fields,
    pub(super) environments: BTreeMap<String, Overlay>,
    pub(super) components: BTreeMap<String, Part>,
    pub(super) links: BTreeMap<LinkKey, Line>,
}

/// An environment.
#[derive(Debug, Default)]
pub(super) struct Overlay {
    pub(super) fields: Fields,
    /// Attributes that it overrides, by component.
    pub(super) given: BTreeMap<String, BTreeSet<String>>,
    /// Values as it has them, where they are not those of the stack.
    pub(super) values: Option<BTreeMap<String, Fields>>,
}

/// A component or a sub-component.
#[derive(Debug, Default)]
pub(super) struct Part {
    pub(super) kind: String,
    /// Where it is and whose: namespace, group, external.
    pub(super) fields: Fields,
    pub(super) attributes: Fields,
    /// Attributes that the file has; the values of others follow.
    pub(super) given: BTreeSet<String>,
    pub(super) subs: BTreeMap<String, Self>,
}

/// A link.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) level: Level,
    /// Its settings and the prefix of its keys.
    pub(super) fields: Fields,
    pub(super) given: BTreeSet<String>,
    pub(super) by_all: bool,
    pub(super) uses: bool,
    pub(super) along: Vec<String>,
}

impl Snapshot {
    /// Of a stack as it was written, checked, and as environments with values of their own see it.
    #[must_use]
    pub fn of(document: &StackDocument, stack: &Stack, environments: &[(ComponentName, Stack)]) -> Self {
        let components = stack.components.values().filter_map(|component| {
            let written = document.components.get(component.name.as_str())?;
            Some((component.name.to_string(), part(component, written)))
        });
        let overlays = document.environments.iter().map(|(name, written)| {
            let own = environments.iter().find(|(known, _)| known.as_str() == name);
            (name.clone(), overlay(written, own.map(|(_, stack)| stack)))
        });
        Self {
            fields: of_stack(document),
            environments: overlays.collect(),
            components: components.collect(),
            links: stack.links.iter().map(|link| line(link, document)).collect(),
        }
    }
}

/// What the stack says of itself.
fn of_stack(document: &StackDocument) -> Fields {
    let secrets = format!("{:?}", document.secrets);
    let mut fields = Fields::from([
        ("name".to_owned(), json!(document.name)),
        ("domain".to_owned(), json!(document.domain)),
        ("secrets".to_owned(), json!(snake(&secrets))),
    ]);
    if let Some(gitops) = &document.gitops {
        fields.extend(of_gitops(gitops));
    }
    let operators = document.operators.iter();
    fields.extend(operators.map(|(name, owner)| (format!("operators.{name}"), json!(snake(&format!("{owner:?}"))))));
    fields
}

fn of_gitops(gitops: &GitopsDocument) -> impl Iterator<Item = (String, Json)> {
    let given = [
        ("repository", Some(&gitops.repository)),
        ("revision", gitops.revision.as_ref()),
        ("path", gitops.path.as_ref()),
        ("namespace", gitops.namespace.as_ref()),
    ];
    let given = given.map(|(name, value)| Some((format!("gitops.{name}"), json!(value?))));
    given.into_iter().flatten()
}

/// A word as the file spells it: `external_secrets`.
fn snake(word: &str) -> String {
    let mut text = String::new();
    for next in word.chars() {
        if next.is_ascii_uppercase() && !text.is_empty() {
            text.push('_');
        }
        text.push(next.to_ascii_lowercase());
    }
    text
}

fn overlay(written: &EnvironmentDocument, own: Option<&Stack>) -> Overlay {
    let profile = snake(&format!("{:?}", written.profile));
    let mut fields = Fields::from([("profile".to_owned(), json!(profile))]);
    fields.extend(written.domain.iter().map(|domain| ("domain".to_owned(), json!(domain))));
    if let Some(cluster) = &written.cluster {
        fields.insert("cluster.name".to_owned(), json!(cluster.name));
        if cluster.dns != Resolver::default() {
            fields.insert("cluster.dns".to_owned(), json!(snake(&format!("{:?}", cluster.dns))));
        }
        if !cluster.dns_cache.is_empty() {
            fields.insert("cluster.dns_cache".to_owned(), json!(cluster.dns_cache));
        }
    }
    let given = written.components.iter();
    let values = own.map(|stack| {
        let components = stack.components.values();
        components
            .map(|component| (component.name.to_string(), flat(&component.attributes)))
            .collect()
    });
    Overlay {
        fields,
        given: given
            .map(|(name, component)| (name.clone(), component.attributes.keys().cloned().collect()))
            .collect(),
        values,
    }
}

fn part(component: &Component, written: &ComponentDocument) -> Part {
    let mut fields = Fields::from([
        ("namespace".to_owned(), json!(component.namespace.as_str())),
        ("group".to_owned(), json!(component.group)),
    ]);
    fields.extend(written.external.iter().flat_map(of_external));
    let subs = component.sub_components.values().map(|sub| {
        let written = written.sub_components.get(sub.name.as_str());
        let given = |written: &SubComponentDocument| written.attributes.keys().cloned().collect();
        let part = Part {
            kind: sub.sub_type.clone(),
            attributes: flat(&sub.attributes),
            given: written.map(given).unwrap_or_default(),
            ..Part::default()
        };
        (sub.name.to_string(), part)
    });
    Part {
        kind: component.type_name().to_owned(),
        fields,
        attributes: flat(&component.attributes),
        given: written.attributes.keys().cloned().collect(),
        subs: subs.collect(),
    }
}

fn of_external(external: &ExternalDocument) -> Vec<(String, Json)> {
    let texts = [
        ("stack", Some(&external.stack)),
        ("host", Some(&external.host)),
        ("metadata", external.metadata.as_ref()),
        ("component", external.component.as_ref()),
    ];
    let texts = texts
        .into_iter()
        .filter_map(|(name, value)| Some((name, value.filter(|text| !text.is_empty())?)));
    let mut fields: Vec<(String, Json)> = texts
        .map(|(name, text)| (format!("external.{name}"), json!(text)))
        .collect();
    fields.push(("external".to_owned(), json!(true)));
    fields
}

/// Values by name, those of settings by theirs; nothing of secrets.
pub(super) fn flat(attributes: &Attributes) -> Fields {
    let mut fields = Fields::new();
    for (name, value) in attributes {
        match value {
            AttributeValue::Secret => {}
            AttributeValue::Plain(value) => drop(fields.insert(name.clone(), value.clone())),
            AttributeValue::Settings(settings) => {
                let settings = settings.iter();
                fields.extend(settings.map(|(key, value)| (format!("{name}.{key}"), json!(value))));
            }
            AttributeValue::SecretNames(names) => drop(fields.insert(name.clone(), json!(names))),
        }
    }
    fields
}

/// Whether the file gives the value called `field`; a setting is given by the attribute that holds it.
pub(super) fn is_given(given: &BTreeSet<String>, field: &str) -> bool {
    let attribute = field.split_once('.').map_or(field, |(attribute, _)| attribute);
    given.contains(field) || given.contains(attribute)
}

pub(super) fn key(link: &Link) -> LinkKey {
    LinkKey {
        from: End::new(&link.from, link.from_sub.as_ref()),
        to: End::new(&link.to, link.sub.as_ref()),
        kind: link.type_name().to_owned(),
    }
}

fn line(link: &Link, document: &StackDocument) -> (LinkKey, Line) {
    let written = document.links.get(link.position);
    let mut fields = flat(&link.with);
    let mut given: BTreeSet<String> = written
        .map(|link| link.with.keys().cloned().collect())
        .unwrap_or_default();
    if let Some(env) = &link.given_env {
        fields.insert("env".to_owned(), json!(env.to_string()));
    }
    given.insert("env".to_owned());
    let line = Line {
        level: link.level,
        fields,
        given,
        by_all: written.is_some_and(|link| link.to.iter().any(|(_, target)| target == "*")),
        uses: link.kind.uses(),
        along: along(link),
    };
    (key(link), line)
}

/// What is there with a link and gone without it.
fn along(link: &Link) -> Vec<String> {
    let counted = |count: usize, noun: &str| match count {
        0 => None,
        1 => Some(format!("1 {noun}")),
        many => Some(format!("{many} {noun}s")),
    };
    let tools = match link.kind.modules().len() {
        1 => Some("tool file".to_owned()),
        many => counted(many, "tool file"),
    };
    let account = link.account.and(link.principal.as_ref());
    let parts = [
        tools,
        counted(link.env.len(), "key"),
        counted(link.endpoints.len(), "edge"),
        account.map(|name| format!("account {name}")),
    ];
    parts.into_iter().flatten().collect()
}
