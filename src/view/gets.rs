//! What a consumer gets by its links, as its templates see it: a list for each slot.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use super::object;
use crate::name::env_form;
use crate::stack::{Component, Delivered, Fact, Link, Stack};

/// The slots of `component` with their links; one that is free is an empty list.
pub(super) fn of(stack: &Stack, component: &Component) -> Json {
    let own = component.entry.definition.consumes.iter();
    let mut slots: Map<String, Json> = own.map(|slot| (slot.name.clone(), json!([]))).collect();
    for link in stack.links_from(&component.name) {
        let slot = slots.entry(link.kind.slot_name.clone()).or_insert_with(|| json!([]));
        if let Some(items) = slot.as_array_mut() {
            items.push(item(stack, link));
        }
    }
    Json::Object(slots)
}

fn item(stack: &Stack, link: &Link) -> Json {
    let to = stack.component(&link.to);
    let sub = link.sub.as_ref().and_then(|name| to.sub_components.get(name));
    let target = super::target(link, sub);
    object! {
        "type": link.type_name(),
        "object": &link.object,
        "id": link.object.replace('-', "_"),
        "target_env": env_form(&target),
        "target": target,
        "to": &link.to,
        "to_object": &to.object,
        "to_namespace": &to.namespace,
        "to_selector": selector(&to.pods),
        "interface": link.kind.interface_name(),
        "level": link.level,
        "write": link.writes(),
        "principal": link.principal.as_ref(),
        "principal_env": link.principal.as_deref().map(env_form),
        "env": &link.env_prefix,
        "facts": plain(link),
        "secret": secret(link),
        "with": super::attributes(&link.with),
    }
}

/// Labels of pods as the Kubernetes API takes them in a question: `app=kafka,part=broker`.
fn selector(pods: &BTreeMap<String, String>) -> String {
    let labels = pods.iter().map(|(name, value)| format!("{name}={value}"));
    labels.collect::<Vec<_>>().join(",")
}

/// The facts that are no secret.
pub(super) fn plain(link: &Link) -> Map<String, Json> {
    let facts = link.facts.iter().filter_map(|(name, fact)| match fact {
        Fact::Plain(text) => Some((name.clone(), Json::from(text.as_str()))),
        Fact::Secret(_) => None,
    });
    facts.collect()
}

/// The Secret that the facts are delivered in, with the key of each.
pub(super) fn secret(link: &Link) -> Json {
    link.delivered.as_ref().map_or(Json::Null, delivered)
}

/// A Secret that facts are delivered in.
pub(super) fn delivered(delivered: &Delivered) -> Json {
    object! { "name": &delivered.name, "keys": &delivered.key_of }
}
