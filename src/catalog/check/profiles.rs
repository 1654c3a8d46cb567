//! Rule: what a profile changes are attributes of the type, to values that a stack file could give; and a type says either
//! what survives the loss of a node, or why nothing of it does.

use super::Held;
use super::attributes::is_broken;
use crate::catalog::{ComponentType, ProfileSpec};
use crate::fault::Code::E_CATALOG_ATTRIBUTE;

const HA: [&str; 2] = ["profiles", "ha"];

pub(super) fn check(held: &mut Held<'_, ComponentType>) {
    let definition = held.definition();
    let Some(spec) = &definition.profiles.ha else { return };
    let known: Vec<&str> = definition.attributes.keys().map(String::as_str).collect();
    for (name, value) in &spec.attributes {
        let path = [HA[0], HA[1], "attributes", name];
        let Some(kind) = definition.attributes.get(name) else {
            held.known_key(E_CATALOG_ATTRIBUTE, &path, name, &known, "attribute");
            continue;
        };
        if kind.secret {
            let fact = format!("`{name}` is a secret, and has a value for everybody to read");
            held.blame(E_CATALOG_ATTRIBUTE, &path, fact, "remove it");
        } else if let Some(fact) = kind.mismatch(value).filter(|_| !is_broken(kind)) {
            let fact = format!("`{name}` {fact}");
            held.blame(
                E_CATALOG_ATTRIBUTE,
                &path,
                fact,
                "give a value that a stack file could give",
            );
        }
    }
}

/// Nobody should take for highly available what nobody has looked at.
pub(super) fn manners(held: &mut Held<'_, ComponentType>) {
    let says = |spec: &ProfileSpec| {
        let stays = spec.stays.as_ref().is_some_and(|reason| !reason.trim().is_empty());
        stays || !spec.attributes.is_empty()
    };
    if !held.definition().profiles.ha.as_ref().is_some_and(says) {
        let hint = "add `profiles: {ha: {attributes: {replicas: 3}}}`, or `profiles: {ha: {stays: <why>}}`";
        held.blame_key(
            E_CATALOG_ATTRIBUTE,
            &["profiles"],
            "nobody is told what survives the loss of a node",
            hint,
        );
    }
}
