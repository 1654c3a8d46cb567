//! A password leaks: what it opens, where it stands, and what makes a new one.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::Site;
use crate::catalog::Rollout;
use crate::plan::rollouts;
use crate::plan::secrets::{self, PlannedSecret};
use crate::stack::{Component, Link, Maker, SecretsBackend, Stack};
use crate::tree::Holds;
use crate::view::object;

/// One item for each link that brings secrets.
pub(super) fn of_links(site: &Site<'_>) -> Vec<Json> {
    let places = places(site.stack);
    let links = site.stack.links.iter();
    links.filter_map(|link| item(site.stack, link, &places)).collect()
}

fn item(stack: &Stack, link: &Link, places: &Places) -> Option<Json> {
    let values: Vec<_> = link.secrets().collect();
    let files: BTreeSet<&String> = values
        .iter()
        .filter_map(|value| places.get(&value.id))
        .flatten()
        .collect();
    if files.is_empty() {
        return None;
    }
    let issued = values.iter().find_map(|value| match &value.maker {
        Maker::Others { command } => Some(command.clone().unwrap_or_default()),
        Maker::Us { .. } | Maker::Known => None,
    });
    let command = issued.iter().filter(|command| !command.is_empty());
    let lines = command.map(|command| command.lines().map(str::to_owned).collect::<Vec<_>>());
    Some(object! {
        "link": stack.spelled(link),
        "to": link.end(),
        "level": link.level.word(),
        "principal": link.principal.clone().unwrap_or_default(),
        "is_issued": issued.is_some(),
        "commands": lines.collect::<Vec<_>>(),
        "files": files.into_iter().collect::<Vec<_>>(),
    })
}

/// Who reads Secrets, and how each learns of a new value. Pods of ours begin anew by themselves, since their Secrets have another
/// name then; a store makes Secrets under names that stay.
pub(super) fn readers(site: &Site<'_>) -> Json {
    let is_renamed = site.stack.secrets != SecretsBackend::ExternalSecrets;
    let (mut anew, mut later) = (Vec::new(), Vec::new());
    let (mut words, mut follows, mut commands) = (Vec::new(), Vec::new(), Vec::new());
    for component in site.components() {
        if secrets::secrets(site.stack, component).unwrap_or_default().is_empty() {
            continue;
        }
        let name = &component.name;
        match &component.entry.definition.rollout {
            Some(Rollout::Values(_) | Rollout::Objects(_)) => {
                words.extend(rollouts::paths(site.stack, component));
            }
            Some(Rollout::Follows(who)) => follows.push(object! { "component": name, "who": who }),
            Some(Rollout::Command(_)) => {
                let command = rollouts::command(component).unwrap_or_default();
                commands.push(object! { "component": name, "command": command });
            }
            None if is_renamed && component.entry.definition.install.is_ours() => anew.push(name.to_string()),
            None => later.push(name.to_string()),
        }
    }
    object! { "anew": anew, "later": later, "words": words, "follows": follows, "commands": commands }
}

/// Keys that no link brings, by file: what a type needs for itself.
pub(super) fn of_no_link(site: &Site<'_>) -> Vec<Json> {
    let stack = site.stack;
    let linked: BTreeSet<&str> = stack
        .links
        .iter()
        .flat_map(Link::secrets)
        .map(|value| value.id.as_str())
        .collect();
    let mut found = Vec::new();
    for (folder, secret) in all(stack) {
        let is_own = |holds: &Holds| match holds {
            Holds::Secret(text) => !text.values().any(|value| linked.contains(value.id.as_str())),
            Holds::Prefilled | Holds::Digests(_) => false,
        };
        let keys: Vec<&String> = secret
            .keys
            .iter()
            .filter(|key| is_own(&key.holds))
            .map(|key| &key.key)
            .collect();
        if !keys.is_empty() {
            found.push(object! { "file": file(stack, &folder, &secret), "keys": keys });
        }
    }
    found
}

/// The file with the keys of a component's links.
pub(super) fn file_of_links(site: &Site<'_>, component: &Component) -> String {
    let secrets = secrets::secrets(site.stack, component).unwrap_or_default();
    let joined = secrets.iter().find(|secret| secret.file == secrets::CLOUD_ENV);
    joined
        .map(|secret| file(site.stack, component.name.as_str(), secret))
        .unwrap_or_default()
}

/// How values are kept, as the stack file says it.
pub(super) fn backend(site: &Site<'_>) -> &'static str {
    match site.stack.secrets {
        SecretsBackend::Plain => "plain",
        SecretsBackend::Sops => "sops",
        SecretsBackend::ExternalSecrets => "external_secrets",
    }
}

/// Files by the identity of the values that stand in them.
type Places = BTreeMap<String, BTreeSet<String>>;

fn places(stack: &Stack) -> Places {
    let mut found = Places::new();
    for (folder, secret) in all(stack) {
        let file = file(stack, &folder, &secret);
        for key in &secret.keys {
            let values: Vec<&str> = match &key.holds {
                Holds::Prefilled => Vec::new(),
                Holds::Secret(text) => text.values().map(|value| value.id.as_str()).collect(),
                Holds::Digests(of) => of.iter().map(|(_, value)| value.id.as_str()).collect(),
            };
            for id in values {
                found.entry(id.to_owned()).or_default().insert(file.clone());
            }
        }
    }
    found
}

/// Every Secret with the folder of the base that has it. What has no plan has been told as a mistake of the catalog before.
fn all(stack: &Stack) -> Vec<(String, PlannedSecret)> {
    let of_component = |component: &Component| {
        let secrets = secrets::secrets(stack, component).unwrap_or_default();
        let name = component.name.to_string();
        secrets
            .into_iter()
            .map(move |secret| (name.clone(), secret))
            .collect::<Vec<_>>()
    };
    let shared = secrets::shared(stack).unwrap_or_default().into_iter();
    let shared = shared.map(|secret| (crate::layout::NAMESPACES.to_owned(), secret));
    stack.deployed().flat_map(of_component).chain(shared).collect()
}

fn file(stack: &Stack, folder: &str, secret: &PlannedSecret) -> String {
    match stack.secrets {
        SecretsBackend::ExternalSecrets => format!("k8s/deploy/base/{folder}/externalsecret-{}.yaml", secret.name),
        SecretsBackend::Plain | SecretsBackend::Sops => format!("k8s/deploy/base/{folder}/secret/{}", secret.file),
    }
}
