//! The smallest stacks of a type: one component alone, and one with a sub-component of each kind.
//!
//! A type goes in, the text of a stack file comes out, so that what follows is what a person's stack goes through.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use super::example::matching;
use crate::catalog::{AttributeKind, AttributeType, ComponentType};
use crate::topology::Source;

/// The one component of the stack.
pub(super) const NAME: &str = "trial";

/// The stacks to try a type with, the smaller first.
pub(super) fn stacks(kind: &ComponentType) -> Vec<Source> {
    let mut stacks = vec![stack(kind, &Map::new())];
    if !kind.sub_components.is_empty() {
        let subs = kind.sub_components.iter().map(|(name, sub)| {
            let attributes = attributes(&sub.attributes, kind);
            (
                name.replace('_', "-"),
                json!({ "type": name, "attributes": attributes }),
            )
        });
        stacks.push(stack(kind, &subs.collect()));
    }
    stacks
}

fn stack(kind: &ComponentType, subs: &Map<String, Json>) -> Source {
    let component = json!({
        "type": kind.name,
        "attributes": attributes(&kind.attributes, kind),
        "sub_components": subs,
    });
    let stack = json!({
        "apiVersion": "stacktic.io/v1",
        "kind": "Stack",
        "name": "trial",
        "domain": "trial.example.com",
        "components": { NAME: component },
    });
    Source {
        name: format!("the smallest stack of `{}`", kind.name),
        text: format!("{stack:#}\n"),
    }
}

/// Values of what must be given, and of what others repeat.
fn attributes(types: &BTreeMap<String, AttributeType>, kind: &ComponentType) -> Map<String, Json> {
    let wanted = types
        .iter()
        .filter(|(name, one)| !one.secret && (one.required || is_repeated(name, kind)));
    wanted
        .map(|(name, one)| (name.clone(), value(name, one, kind)))
        .collect()
}

/// Whether an attribute repeats the values of others of this name, or is repeated by them.
fn is_repeated(name: &str, kind: &ComponentType) -> bool {
    kind.sub_components
        .values()
        .any(|sub| sub.attributes.get(name).is_some_and(|one| one.declared.is_some()))
}

fn value(name: &str, one: &AttributeType, kind: &ComponentType) -> Json {
    // A value that is repeated is that of the first, whatever the second would let in.
    let first = one
        .declared
        .as_ref()
        .and_then(|sub| kind.sub_components.get(sub)?.attributes.get(name));
    let one = first.unwrap_or(one);
    match one.kind {
        AttributeKind::Integer => match one.choices.iter().flatten().next() {
            Some(first) => json!(first),
            None => json!(one.range.map_or(1, |(least, _)| least)),
        },
        AttributeKind::Boolean => json!(true),
        _ => json!(text(one)),
    }
}

fn text(one: &AttributeType) -> String {
    let listed = one.choices.iter().flatten().next().map(ToString::to_string);
    let made = one.pattern.as_ref().map(|pattern| matching(pattern));
    let usual = match one.kind {
        AttributeKind::Quantity => "1Gi",
        AttributeKind::Duration => "30s",
        AttributeKind::Hostname => "host.example.com",
        AttributeKind::Image => "registry.example.com/trial:1.0.0",
        _ => "trial",
    };
    let candidates = listed.into_iter().chain([usual.to_owned()]).chain(made.clone());
    let fitting = candidates.into_iter().find(|text| one.mismatch(&json!(text)).is_none());
    fitting.or(made).unwrap_or_else(|| usual.to_owned())
}
